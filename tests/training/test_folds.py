"""Folds: what days, weeks, runs and best efforts make of workouts, against an oracle written apart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

import fold_oracle
import oracle
from athletes import Athlete
from commitcollect_adapters.memory.ledger import MemoryLedger
from commitcollect_adapters.readers.demo import demo_history
from commitcollect_adapters.testing.strategies import (
    MEASURED,
    SEASON_END_AT,
    SEASON_START_AT,
    STATUES,
    fold_wishes,
    folds,
    local_times,
)
from commitcollect_adapters.time_zones import local_time
from commitcollect_core.errors import InvalidInput
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.training.awards import StatueModel
from commitcollect_core.training.folds import (
    EMPTY,
    NO_SHARE,
    SUM,
    BestWindow,
    BestWorkout,
    Counter,
    Fold,
    LongestRun,
    ReachedBuckets,
    Share,
)
from commitcollect_core.training.goals import Aim, Exclusion, Goal, day_of, latest_end
from commitcollect_core.training.local_time import Bucket, LocalTime
from commitcollect_core.training.sports import SPORT_TYPES, SportSelection
from commitcollect_core.training.tallies import explain, tally
from commitcollect_core.training.tracking import COMBINATION_SHARES, NewMilestone
from commitcollect_core.training.workouts import ActivityGone, ActivitySnapshot, Answer, Workout
from commitcollect_core.values import ActivityId, ModelId, TargetType
from laws import aim_of, check_state, effort_of
from rivals import ATHLETE, app_on, ride

CET = LocalTime("Europe/Berlin", ((0, 3_600), (1_774_746_000, 7_200), (1_792_890_000, 3_600)))
"""Clocks go forward on 29 March 2026 and back on 25 October."""


def on_day(
    identity: str, day: int, *, hour: int = 12, distance: int = 5_000, **facts: Any
) -> ActivitySnapshot:
    """A ride some days into 2026, in UTC."""
    start = SEASON_START_AT + timedelta(days=day, hours=hour)
    return evolve(ride(identity, distance), started_at=start, **facts)


def goal_by(fold: Fold, total: int = 3, **facts: Any) -> Goal:
    """A goal of 2026 that counts activities."""
    known: dict[str, Any] = {
        "target_type": TargetType.ACTIVITY_COUNT,
        "period_start_at": SEASON_START_AT,
        "period_end_at": SEASON_END_AT,
        **facts,
    }
    wish = NewMilestone(model_id=ModelId("HERON"), total_target=total, fold=fold, **known)
    return wish.goal(STATUES[1], DEFAULT_POLICY)


def value_of(goal: Goal, *snapshots: ActivitySnapshot) -> int:
    """What snapshots make of a goal."""
    stored = [Workout(snapshot=each, version=1, fetched_at=SEASON_END_AT) for each in snapshots]
    return tally(goal, sorted(stored, key=lambda each: each.snapshot.started_at)).current_value


@st.composite
def crowded(draw: st.DrawFn) -> list[ActivitySnapshot]:
    """Workouts of a few weeks, so that days, runs and windows meet."""
    first = draw(st.sampled_from((0, 80, 290, 350)))
    days = draw(st.lists(st.integers(0, 14), min_size=1, max_size=14))
    offsets = st.none() | st.sampled_from((-28_800, 0, 3_600, 46_800))
    return [
        on_day(
            str(number),
            first + day,
            hour=draw(st.integers(0, 23)),
            distance=draw(st.sampled_from((1, 9_999, 10_000, 30_000))),
            moving_seconds=draw(st.sampled_from((0, 1, 3_600))),
            utc_offset_seconds=draw(offsets),
        )
        for number, day in enumerate(days)
    ]


@pytest.mark.parametrize(
    "fold",
    [
        SUM,
        BestWorkout(),
        BestWindow(bucket=Bucket.DAY),
        ReachedBuckets(bucket=Bucket.DAY),
        LongestRun(bucket=Bucket.DAY),
    ],
)
def test_nothing_comes_to_nothing(fold: Fold) -> None:
    """Before the first workout every fold is 0, and so is its standing."""
    assert fold.value({}) == 0
    assert fold.standing({}, 7) == 0
    assert EMPTY.moved(fold, NO_SHARE, Share(1, 7 if fold.bucket else 0)).sums == {7 if fold.bucket else 0: 1}


def test_a_standing_knows_nothing_of_later_buckets() -> None:
    """What stands at a bucket is what was there up to it, whatever came after."""
    sums = {5: 1, 6: 2, 7: 4}
    assert BestWindow(bucket=Bucket.DAY, length=2).standing(sums, 6) == 3
    assert ReachedBuckets(bucket=Bucket.DAY).standing(sums, 6) == 2
    assert LongestRun(bucket=Bucket.DAY).standing(sums, 6) == 2


def test_a_best_window_is_one_bucket_unless_said_otherwise() -> None:
    """The best single day."""
    assert BestWindow(bucket=Bucket.DAY).value({1: 3, 2: 4}) == 4


@given(wish=fold_wishes(), found=crowded())
def test_the_oracle_agrees(wish: NewMilestone, found: list[ActivitySnapshot]) -> None:
    """Whatever the fold, the place and the days: the engine's number is the oracle's."""
    goal = wish.goal(STATUES[1], DEFAULT_POLICY)
    assert value_of(goal, *found) == oracle.total(aim_of(goal), map(effort_of, found))


@given(wish=fold_wishes(), found=crowded(), data=st.data())
def test_a_ledger_follows_edits_and_deletions(
    wish: NewMilestone, found: list[ActivitySnapshot], data: st.DataObject
) -> None:
    """After each change the live value is the oracle's, and the awards stay within its bounds."""
    goal = wish.goal(STATUES[1], DEFAULT_POLICY)
    athlete = Athlete(goal)
    reports: list[oracle.Report] = []
    for each in [*found, *data.draw(st.lists(st.sampled_from(found), max_size=6))]:
        is_gone = data.draw(st.booleans())
        moved = evolve(each, started_at=each.started_at + timedelta(hours=data.draw(st.integers(-30, 30))))
        moved = evolve(moved, distance_meters=data.draw(st.sampled_from((0, 9_999, 30_000))))
        change = ActivityGone(key=each.key) if is_gone else moved
        athlete.take_in(change)
        reports.append((each.key, None if is_gone else effort_of(moved)))
        check_state(athlete.dump)
    fewest, most = oracle.award_bounds(aim_of(goal), reports)
    assert fewest <= len(athlete.awards(athlete.ids[0])) <= most


SHARES = st.builds(Share, st.integers(1, 40_000), st.integers(0, 12))


@given(fold=folds(), shares=st.lists(SHARES, max_size=20))
def test_a_fold_never_falls_when_a_workout_is_added(fold: Fold, shares: list[Share]) -> None:
    """The new law: whatever was there, more training never lowers the number."""
    counter, before = EMPTY, 0
    for each in shares:
        share = each if fold.bucket is not None else Share(each.amount)
        counter = counter.moved(fold, Share(), share)
        assert fold.value(counter.sums) >= before
        before = fold.value(counter.sums)


@given(place=local_times(), fold=folds(), found=crowded())
def test_no_order_of_arrival_matters(
    place: LocalTime | None, fold: Fold, found: list[ActivitySnapshot]
) -> None:
    """Law 5 for every fold: one by one, backwards and all at once give one state."""
    goal = goal_by(fold, target_type=TargetType.DISTANCE_METERS, local_time=place, total=13)
    digests = set()
    for arriving in (found, found[::-1], sorted(found, key=lambda each: each.distance_meters)):
        athlete = Athlete(goal)
        athlete.take_in_singly(arriving)
        digests.add(athlete.digest())
    at_once = Athlete(goal)
    at_once.take_in(*found)
    assert digests == {at_once.digest()}


@pytest.mark.parametrize(
    ("rest", "days", "longest"),
    [
        (0, (1, 2, 3), 3),
        (0, (1, 2, 4, 5, 6), 3),
        (1, (1, 3, 5), 3),
        (1, (1, 2, 5, 6), 2),
        (2, (1, 2, 5, 6), 4),
        (0, (), 0),
    ],
)
def test_a_run_goes_on_over_its_rest_days(rest: int, days: tuple[int, ...], longest: int) -> None:
    """Rest days are not counted, and one more than allowed ends the run."""
    goal = goal_by(LongestRun(bucket=Bucket.DAY, rest=rest))
    assert value_of(goal, *(on_day(f"{each}", each) for each in days)) == longest


def test_filling_a_gap_joins_two_runs() -> None:
    """One workout may earn several parts: it joins what lay on both sides of it."""
    goal = goal_by(LongestRun(bucket=Bucket.DAY), total=12)
    athlete = Athlete(goal)
    athlete.take_in(*(on_day(f"{each}", each) for each in (1, 2, 3, 5, 6)))
    assert athlete.sums(athlete.ids[0]) == (3, 3)
    athlete.take_in(on_day("4", 4))
    assert athlete.sums(athlete.ids[0]) == (6, 6)
    assert [each.workout.activity_id for each in athlete.awards(athlete.ids[0])] == [*"123", *"444"]


@pytest.mark.parametrize(("length", "best"), [(1, 2), (2, 3), (7, 4), (8, 5)])
def test_a_window_holds_no_more_days_than_its_length(length: int, best: int) -> None:
    """The eighth day is in a window of eight, and not in one of seven."""
    goal = goal_by(BestWindow(bucket=Bucket.DAY, length=length))
    found = [on_day("a", 1), on_day("b", 1, hour=13), on_day("c", 2), on_day("d", 7), on_day("e", 8)]
    assert value_of(goal, *found) == best


def test_a_minimum_is_reached_by_a_bucket_as_a_whole() -> None:
    """Two short runs make a day that counts, to the metre."""
    goal = goal_by(ReachedBuckets(bucket=Bucket.DAY, minimum=5_000), target_type=TargetType.DISTANCE_METERS)
    assert value_of(goal, on_day("a", 1, distance=4_999)) == 0
    assert value_of(goal, on_day("a", 1, distance=4_999), on_day("b", 1, distance=1)) == 1


@pytest.mark.parametrize(("start", "day"), [("22:59:59", 31), ("23:00:00", 1)])
def test_new_years_night_belongs_to_the_day_of_the_place(start: str, day: int) -> None:
    """In Berlin the year begins an hour earlier than in UTC."""
    started_at = datetime.fromisoformat(f"2025-12-31T{start}+00:00")
    assert datetime.fromordinal(CET.day(started_at)).day == day


@pytest.mark.parametrize(("date", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)])
def test_days_of_a_change_of_clocks_are_whole(date: str, hours: int) -> None:
    """They last 23 and 25 hours, begin at local midnight, and each of their seconds is theirs."""
    day = datetime.fromisoformat(date).toordinal()
    start, end = CET.start_of(day), CET.start_of(day + 1)
    assert end - start == timedelta(hours=hours)
    assert CET.day(start) == CET.day(end - timedelta(seconds=1)) == day
    assert CET.day(start - timedelta(seconds=1)) == day - 1


@pytest.mark.parametrize(
    "name",
    [
        "Europe/Berlin",
        "America/Sao_Paulo",
        "Pacific/Auckland",
        "Asia/Kathmandu",
        "Africa/Cairo",
        "Pacific/Apia",
    ],
)
def test_every_day_of_a_place_begins_once(name: str) -> None:
    """A place may skip midnight or a whole day; days still follow one another without gap or overlap."""
    first = datetime(2011, 6, 1, tzinfo=UTC)
    place = local_time(name, first, first + timedelta(days=400))
    day = place.day(first)
    skipped = 0
    for each in range(day, day + 400):
        start = place.start_of(each)
        skipped += place.day(start) - each
        assert place.day(start - timedelta(seconds=1)) < each
    assert skipped == (1 if name == "Pacific/Apia" else 0)


def test_a_journey_counts_by_the_day_on_the_spot() -> None:
    """Two workouts an hour apart, on both sides of the date line, are of two days."""
    auckland = evolve(on_day("a", 10, hour=20), utc_offset_seconds=13 * 3_600)
    honolulu = evolve(on_day("b", 10, hour=21), utc_offset_seconds=-10 * 3_600)
    fold = ReachedBuckets(bucket=Bucket.DAY)
    assert value_of(goal_by(fold, local_time=CET), auckland, honolulu) == 2
    assert value_of(goal_by(fold), auckland, honolulu) == 1


def test_a_workout_of_unknown_place_counts_by_the_goals_place() -> None:
    """Half past eleven at night in UTC is the next day in Berlin."""
    found = [on_day("a", 10, hour=12), on_day("b", 10, hour=23)]
    fold = ReachedBuckets(bucket=Bucket.DAY)
    assert value_of(goal_by(fold), *found) == 1
    assert value_of(goal_by(fold, local_time=CET), *found) == 2


def test_the_best_workout_is_found_again_when_it_shrinks() -> None:
    """The second best takes its place, whatever was deleted or edited before."""
    goal = goal_by(BestWorkout(), target_type=TargetType.DISTANCE_METERS, total=1_000)
    for order in permutations((30, 20, 10)):
        athlete = Athlete(goal)
        athlete.take_in_singly(on_day(f"{each}", 1, distance=each) for each in order)
        athlete.take_in(ActivityGone(key=ride("30").key))
        assert athlete.sums(athlete.ids[0]) == (20, 30)
        athlete.take_in(on_day("20", 1, distance=5))
        assert athlete.sums(athlete.ids[0]) == (10, 30)


def test_a_best_workout_that_shrank_says_so_until_it_is_recounted() -> None:
    """What is left is a lower bound: never more than there is."""
    counter = EMPTY.moved(BestWorkout(), Share(), Share(30))
    shrunk = counter.moved(BestWorkout(), Share(30), Share(7))
    assert shrunk == Counter({0: 7}, is_stale=True)
    assert shrunk.moved(BestWorkout(), Share(), Share(9)) == Counter({0: 9}, is_stale=True)
    assert shrunk.moved(BestWorkout(), Share(5), Share()) is shrunk
    assert counter.moved(BestWorkout(), Share(29), Share()) is counter
    assert counter.moved(BestWorkout(), Share(30), Share()) == Counter({}, is_stale=True)


@pytest.mark.parametrize("statue", STATUES, ids=lambda each: f"{each.parts_total} parts")
def test_a_combination_is_exact(statue: StatueModel) -> None:
    """Law 2 for shares: rounding them down never costs a part."""
    for target in range(1, 61):
        aims = [Aim(target_type=TargetType.ACTIVITY_COUNT, total_target=target)] * 2
        wish = NewMilestone.of(aims, model_id=statue.model_id, period_start_at=SEASON_START_AT)
        goal = wish.goal(statue, DEFAULT_POLICY)
        assert goal.total_target <= COMBINATION_SHARES
        for reached in range(target + 2):
            value = goal.value((Counter({0: reached}), Counter({0: reached})))
            assert goal.parts_earned(value) == min(reached, target) * goal.parts_total // target


def test_a_combination_is_as_far_as_its_least_part() -> None:
    """1,000 km of anything and 4 runs: half the runs are half the goal."""
    aims = [
        Aim(target_type=TargetType.DISTANCE_METERS, total_target=10_000),
        Aim(target_type=TargetType.ACTIVITY_COUNT, total_target=4),
    ]
    wish = NewMilestone.of(aims, model_id=ModelId("HERON"), period_start_at=SEASON_START_AT)
    goal = wish.goal(STATUES[1], DEFAULT_POLICY)
    assert (
        value_of(goal, on_day("a", 1, distance=9_000), on_day("b", 2, distance=9_000)) * 2
        == goal.total_target
    )
    assert goal.exclusion(Workout(snapshot=on_day("c", 400), version=1, fetched_at=SEASON_END_AT)) is None
    flagged = Workout(snapshot=on_day("d", 1, is_flagged=True), version=1, fetched_at=SEASON_END_AT)
    assert goal.exclusion(flagged) is Exclusion.FLAGGED


def stored(snapshot: ActivitySnapshot) -> Workout:
    """A workout as the ledger has it."""
    return Workout(snapshot=snapshot, version=1, fetched_at=SEASON_END_AT)


def test_a_change_of_a_plain_sum_lowers_or_raises_or_neither() -> None:
    """By the difference of what counts before and after."""
    wish = NewMilestone(
        model_id=ModelId("HERON"),
        target_type=TargetType.DISTANCE_METERS,
        total_target=9_000,
        period_start_at=SEASON_START_AT,
        period_end_at=SEASON_START_AT + timedelta(days=30),
    )
    goal = wish.goal(STATUES[1], DEFAULT_POLICY)
    short, long = stored(on_day("a", 1, distance=2_000)), stored(on_day("a", 1, distance=3_000))
    assert goal.directions(short, long) == (False, True)
    assert goal.directions(long, short) == (True, False)
    assert goal.directions(long, long) == (False, False)
    last = SEASON_START_AT + timedelta(days=30)
    assert goal.exclusion(stored(evolve(ride("b"), started_at=last - timedelta(seconds=1)))) is None
    assert goal.exclusion(stored(evolve(ride("c"), started_at=last))) is Exclusion.AFTER_END


def test_a_day_of_utc_ends_with_its_last_second() -> None:
    """Without a local time, days are those of UTC."""
    last = evolve(ride("a"), started_at=SEASON_START_AT + timedelta(seconds=86_399))
    assert day_of(stored(last), None) == SEASON_START_AT.toordinal()


def test_a_combination_without_an_end_ends_with_its_shortest_period() -> None:
    """Days run out before weeks do."""
    days, weeks = (
        Aim(target_type=TargetType.ACTIVITY_COUNT, fold=ReachedBuckets(bucket=each), total_target=2)
        for each in (Bucket.DAY, Bucket.WEEK)
    )
    ends = [
        latest_end(aims, SEASON_START_AT, LocalTime("UTC", ((0, 0),)), DEFAULT_POLICY)
        for aims in ([days], [weeks], [weeks, days])
    ]
    assert ends[2] == ends[0] != ends[1]


def test_what_did_not_count_is_counted_by_reason() -> None:
    """Two flagged ones and one of another day are told apart."""
    goal = goal_by(LongestRun(bucket=Bucket.DAY))
    found = [
        on_day("a", 1),
        on_day("b", 2, is_flagged=True),
        on_day("c", 2, is_flagged=True),
        on_day("d", 500),
    ]
    stored = [Workout(snapshot=each, version=1, fetched_at=SEASON_END_AT) for each in found]
    summed = tally(goal, stored)
    assert (summed.counted, summed.excluded) == (1, {Exclusion.FLAGGED: 2, Exclusion.AFTER_END: 1})


@pytest.mark.parametrize("fold", [BestWorkout(), BestWindow(bucket=Bucket.DAY, length=3)])
def test_an_effect_names_the_bucket_only_where_there_are_several(fold: Fold) -> None:
    """A best workout is one of the whole period."""
    [explained] = explain(
        goal_by(fold), [Workout(snapshot=on_day("a", 1), version=1, fetched_at=SEASON_END_AT)]
    )
    day = (SEASON_START_AT + timedelta(days=1)).toordinal()
    assert [each.bucket for each in explained.effects] == [None if fold.bucket is None else day]


def test_an_explanation_says_what_each_workout_did() -> None:
    """Also where it did nothing, because its day had counted already."""
    goal = goal_by(LongestRun(bucket=Bucket.DAY, minimum=6_000), target_type=TargetType.DISTANCE_METERS)
    found = [on_day("a", 1), on_day("b", 1, hour=13), on_day("c", 1, hour=14), on_day("d", 2, distance=6_000)]
    stored = [Workout(snapshot=each, version=1, fetched_at=SEASON_END_AT) for each in found]
    effects = [each.effects[0] for each in explain(goal, stored)]
    assert [each.fills_bucket for each in effects] == [False, True, False, True]
    assert [each.standing for each in effects] == [0, 1, 1, 2]
    assert [(each.value_before, each.value_after) for each in effects] == [(0, 0), (0, 1), (1, 1), (1, 2)]
    assert [each.bucket_value for each in effects] == [5_000, 10_000, 15_000, 6_000]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"period_end_at": SEASON_START_AT + timedelta(days=401)}, "periodEndAtUtc"),
        ({"total": 366}, "totalTarget"),
        ({"target_type": TargetType.ALL_OF}, "targetType"),
    ],
)
def test_a_goal_that_cannot_be_kept_or_reached_is_refused(changes: dict[str, Any], field: str) -> None:
    """Too many days to keep, more days than there are, a measure that is none."""
    known = {"fold": ReachedBuckets(bucket=Bucket.DAY), **changes}
    with pytest.raises(InvalidInput) as refused:
        goal_by(**known).check(DEFAULT_POLICY)
    assert refused.value.field == field


def test_a_combination_has_two_to_four_targets_that_can_be_measured() -> None:
    """One is no combination, and a combination is not part of one."""
    one = Aim(target_type=TargetType.ACTIVITY_COUNT, total_target=1)
    for aims, field in (
        ((one,), "target"),
        ((one,) * 5, "target"),
        ((one, evolve(one, target_type=TargetType.ALL_OF)), "targetType"),
    ):
        goal = evolve(goal_by(SUM), target_type=TargetType.ALL_OF, all_of=aims)
        with pytest.raises(InvalidInput) as refused:
            goal.check(DEFAULT_POLICY)
        assert refused.value.field == field


@pytest.mark.parametrize("bucket", Bucket)
def test_a_goal_by_buckets_without_an_end_gets_the_longest_period(bucket: Bucket) -> None:
    """As many buckets as the policy keeps, and not one more; a plain sum goes on without an end."""
    goal = goal_by(ReachedBuckets(bucket=bucket), period_end_at=None, local_time=CET)
    assert goal.bucket_count(bucket) == DEFAULT_POLICY.training.milestone_buckets_max
    goal.check(DEFAULT_POLICY)
    assert goal_by(SUM, period_end_at=None).bucket_count(bucket) is None
    endless = evolve(goal, period_end_at=None)
    with pytest.raises(InvalidInput, match="has no end; give an end"):
        endless.check(DEFAULT_POLICY)


def test_a_year_of_training_by_days_is_what_the_oracle_says() -> None:
    """A long history, every kind of fold and measure."""
    history = list(demo_history(seed=3, activities=300, policy=DEFAULT_POLICY))
    start = history[0].started_at
    for bucket in Bucket:
        for fold in (
            ReachedBuckets(bucket=bucket, minimum=7_200),
            LongestRun(bucket=bucket, minimum=1_800, rest=1),
            BestWindow(bucket=bucket, length=3),
        ):
            for target_type in MEASURED:
                goal = goal_by(fold, 1, target_type=target_type, period_start_at=start, period_end_at=None)
                expected = oracle.total(aim_of(goal), map(effort_of, history))
                assert value_of(goal, *history) == expected


def test_the_oracle_walks_over_rest_days() -> None:
    """The oracle itself, by hand."""
    assert fold_oracle.longest_run([5, 0, 5, 0, 0, 5], minimum=5, rest=1) == 2
    assert fold_oracle.longest_run([5, 0, 5, 0, 0, 5], minimum=5, rest=2) == 3


def test_local_time_needs_offsets_in_order() -> None:
    """What is stored is checked where it is made."""
    far = 86_400
    LocalTime("Nowhere", ((1, far), (5, -far)))
    offsets: Any
    for offsets in (
        (),
        ((5, 0), (1, 0)),
        ((1, 0), (1, 3_600)),
        ((1, 0), (5,)),
        ((1, 0), (5, far + 1)),
        ((1, -far - 1),),
    ):
        with pytest.raises(InvalidInput):
            LocalTime("Nowhere", offsets)


@given(fold=folds(), share=SHARES, others=st.lists(SHARES, max_size=5))
def test_what_came_and_went_leaves_nothing(fold: Fold, share: Share, others: list[Share]) -> None:
    """A workout that is taken out again leaves the counter as it was."""
    if isinstance(fold, BestWorkout):
        return
    counter = EMPTY
    for each in others:
        counter = counter.moved(fold, Share(), each)
    assert counter.moved(fold, Share(), share).moved(fold, share, Share()) == counter


def test_a_workout_that_moves_to_another_day_lowers_and_raises() -> None:
    """Law 1: what lowers one day comes before what raises another, of one goal as well."""
    goal = goal_by(ReachedBuckets(bucket=Bucket.DAY))
    before, after, same_day = (
        Workout(snapshot=on_day("a", day, hour=hour), version=1, fetched_at=SEASON_END_AT)
        for day, hour in ((1, 9), (2, 9), (1, 10))
    )
    assert goal.directions(before, after) == (True, True)
    assert goal.directions(before, same_day) == (False, False)
    assert goal.directions(None, after) == (False, True)
    gone = evolve(after, deleted_at=SEASON_END_AT)
    assert goal.directions(after, gone) == (True, False)


@pytest.mark.parametrize(("length", "sums"), [(1, [1, 1, 1]), (2, [1, 2, 1]), (3, [1, 2, 2])])
def test_an_explanation_tells_the_sum_of_its_window(length: int, sums: list[int]) -> None:
    """The window that ends with the workout's day, no day more and none less."""
    goal = goal_by(BestWindow(bucket=Bucket.DAY, length=length))
    found = [on_day("a", 1), on_day("b", 2), on_day("c", 4)]
    stored = [Workout(snapshot=each, version=1, fetched_at=SEASON_END_AT) for each in found]
    assert [each.effects[0].standing for each in explain(goal, stored)] == sums


def test_a_combination_ends_at_the_whole_and_takes_what_counts_for_one() -> None:
    """More than enough of everything is the whole; a ride counts though another target is for runs."""
    aims = [
        Aim(target_type=TargetType.DISTANCE_METERS, total_target=10_000),
        Aim(target_type=TargetType.ACTIVITY_COUNT, total_target=1, sports=SportSelection.parse(["RUN"])),
    ]
    wish = NewMilestone.of(aims, model_id=ModelId("HERON"), period_start_at=SEASON_START_AT)
    goal = wish.goal(STATUES[1], DEFAULT_POLICY)
    run = evolve(on_day("b", 2, distance=20_000), sport_type="Run")
    assert value_of(goal, run, evolve(run, activity_id=ActivityId("c"))) == goal.total_target
    ride_of_one = Workout(snapshot=on_day("a", 1), version=1, fetched_at=SEASON_END_AT)
    assert goal.exclusion(ride_of_one) is None
    nothing = evolve(ride_of_one, snapshot=on_day("a", 1, distance=0))
    assert goal.exclusion(nothing) is Exclusion.NOTHING_TO_COUNT


@pytest.mark.parametrize("fold", [ReachedBuckets(bucket=Bucket.DAY), BestWorkout()])
def test_what_does_not_count_writes_no_milestone(fold: Fold) -> None:
    """Law 5: an activity of another sport, or the same one again, costs its milestone nothing."""
    athlete = Athlete(goal_by(fold, sports=SportSelection.parse(["RUN"])))
    [commit] = athlete.take_in(on_day("a", 1))
    assert commit.milestones == ()
    athlete.take_in(run := evolve(on_day("b", 1), sport_type="Run"))
    [commit] = athlete.take_in(evolve(run, name="Another name"))
    assert commit.milestones == ()


@pytest.mark.parametrize("ways", ["one", "listed", "all", "erased"])
def test_every_way_of_taking_in_finds_the_best_workout_again(ways: str) -> None:
    """Whatever brings the news that the best has gone, the second best takes its place."""
    app = app_on(MemoryLedger())
    goal = goal_by(BestWorkout(), 1_000, target_type=TargetType.DISTANCE_METERS)
    wish = NewMilestone(
        model_id=goal.model_id,
        target_type=goal.target_type,
        total_target=goal.total_target,
        period_start_at=goal.period_start_at,
        fold=goal.fold,
    )
    app.ingestion.ingest(ATHLETE, [on_day("a", 1, distance=30), on_day("b", 1, distance=20)])
    milestone_id = app.tracking.create(ATHLETE, wish).milestone.milestone_id
    gone = ActivityGone(key=ride("a").key)
    if ways == "one":
        app.ingestion.refresh(ATHLETE, gone.key, lambda: gone)
    elif ways == "listed":
        later = SEASON_END_AT + timedelta(days=1)
        app.ingestion.ingest_listed(ATHLETE, [Answer(found=gone, asked_at=later)], ask=lambda _key: gone)
    elif ways == "all":
        list(app.ingestion.ingest_all(ATHLETE, [gone]))
    else:
        app.ingestion.erase(ATHLETE, [gone.key])
    progress = app.tracking.view(ATHLETE, milestone_id).milestone.progress
    assert (progress.current_value, progress.progress_value, progress.is_stale) == (20, 30, False)


def test_what_stands_where_in_a_best_workout_and_among_days() -> None:
    """The largest so far, and how many days up to this one count."""
    assert BestWorkout().standing({0: 7}, 0) == 7
    assert ReachedBuckets(bucket=Bucket.DAY, minimum=2).standing({1: 2, 2: 1, 3: 5, 4: 5}, 3) == 2


def test_too_many_sports_are_refused_in_a_combination_too() -> None:
    """Law 9: the policy's number, and the way out."""
    names = sorted(SPORT_TYPES)[: DEFAULT_POLICY.training.milestone_sports_max + 1]
    goal = evolve(goal_by(SUM), sports=SportSelection(tuple(names)))
    with pytest.raises(InvalidInput, match="use ANY for every sport"):
        goal.check(DEFAULT_POLICY)


def test_a_preview_is_what_opening_would_count() -> None:
    """It writes nothing, and tells the parts the history is worth."""
    app = app_on(MemoryLedger())
    app.ingestion.ingest(ATHLETE, [on_day("a", 1), on_day("b", 2)])
    wish = NewMilestone(
        model_id=ModelId("HERON"),
        target_type=TargetType.ACTIVITY_COUNT,
        total_target=4,
        period_start_at=SEASON_START_AT,
        fold=ReachedBuckets(bucket=Bucket.DAY),
    )
    preview = app.tracking.preview(ATHLETE, wish)
    assert (preview.tally.current_value, len(preview.tally.crossings)) == (2, 6)
    assert list(app.tracking.milestones(ATHLETE)) == []
    opened = app.tracking.create(ATHLETE, wish).milestone
    assert (opened.goal, opened.parts_awarded) == (preview.goal, 6)
    assert app.policy is DEFAULT_POLICY


def test_a_day_that_a_period_touches_for_a_second_is_one_of_its_days() -> None:
    """The end is the first moment that is out, so that a period up to midnight holds no day more."""
    for seconds, days in ((0, 1), (1, 2), (2, 2)):
        end = SEASON_START_AT + timedelta(days=1, seconds=seconds)
        assert goal_by(SUM, period_end_at=end).bucket_count(Bucket.DAY) == days


@pytest.mark.parametrize(
    ("target_type", "most", "way"),
    [
        (TargetType.DISTANCE_METERS, 10_000_000, "lower the target"),
        (TargetType.ELEVATION_METERS, 200_000, "lower the target"),
        (TargetType.MOVING_TIME_SECONDS, 60 * 86_400, "lower the target"),
        (TargetType.ACTIVITY_COUNT, 1, "such as best-count=2/7d"),
    ],
)
def test_what_no_workout_can_reach_is_no_best(target_type: TargetType, most: int, way: str) -> None:
    """One workout is asked for what one may claim; several in a row for more."""
    best = goal_by(BestWorkout(), most, target_type=target_type)
    best.check(DEFAULT_POLICY)
    window = BestWindow(bucket=Bucket.DAY, length=7)
    evolve(best, fold=window, total_target=most + 1).check(DEFAULT_POLICY)
    with pytest.raises(InvalidInput, match=way) as refused:
        evolve(best, total_target=most + 1).check(DEFAULT_POLICY)
    assert refused.value.field == "totalTarget"
