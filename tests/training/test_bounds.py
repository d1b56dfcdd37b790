"""Law 9 on the pure decisions: commits that do not fit are split, places run out, the fence refuses."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from itertools import pairwise

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from athletes import SMALL_COMMITS, Athlete
from commitcollect_adapters.testing.strategies import (
    SEASON_END_AT,
    SEASON_START_AT,
    changing_histories,
    goals,
    histories,
)
from commitcollect_core.errors import AccountDeleting, LimitExceeded, VersionConflict
from commitcollect_core.policy import DEFAULT_POLICY, Policy, TrainingPolicy
from commitcollect_core.training.awards import Award
from commitcollect_core.training.decisions import decide_removal
from commitcollect_core.training.goals import Goal
from commitcollect_core.training.ledger import LedgerCommit, LedgerHead, LedgerState
from commitcollect_core.training.workouts import ActivityGone, ActivitySnapshot, Found, Workout
from commitcollect_core.values import ActivityId, MilestoneId, ModelId, Source, TargetType, WorkoutKey
from laws import check_state, check_step

HERON, WHALE = (ModelId("HERON"), 12), (ModelId("WHALE"), 50)


def goal_of(statue: tuple[ModelId, int] = HERON, *, target: int = 1000, days: int | None = None) -> Goal:
    """So many metres in the season, or in its first days."""
    model_id, parts_total = statue
    return Goal(
        model_id=model_id,
        target_type=TargetType.DISTANCE_METERS,
        total_target=target,
        parts_total=parts_total,
        period_start_at=SEASON_START_AT,
        period_end_at=None if days is None else SEASON_START_AT + timedelta(days=days),
    )


def ride(activity_id: str, distance_meters: int = 1000, *, day: int = 0) -> ActivitySnapshot:
    """A ride on a day of the season."""
    return ActivitySnapshot(
        source=Source.FILE,
        activity_id=ActivityId(activity_id),
        sport_type="Ride",
        started_at=SEASON_START_AT + timedelta(days=day),
        distance_meters=distance_meters,
        elapsed_seconds=3600,
    )


def crowded() -> Athlete:
    """Twenty milestones of twelve parts; one ride of a kilometre earns all 240."""
    return Athlete(*[goal_of(target=1000 - n) for n in range(20)])


def test_the_first_commit_leaves_room_for_one_check() -> None:
    """A store checks beside it that no deleted account is brought back; the later ones are full."""
    athlete = Athlete()
    commits = athlete.take_in(*(ride(str(n)) for n in range(300)))
    assert [each.item_count for each in commits] == [99, 100, 100, 5]


def everything_awarded(athlete: Athlete) -> dict[MilestoneId, list[tuple[int, WorkoutKey, int]]]:
    """Per milestone each part with the workout that earned it and the progress then."""
    return {
        key: [(each.part_index, each.workout, each.progress_value_at_award) for each in awards]
        for key, awards in athlete.dump.awards.items()
    }


# Splitting


def test_one_workout_that_earns_more_than_a_commit_holds_is_split() -> None:
    """240 awards do not fit 100 items: the first commit has the workout and all it moves, the rest follow."""
    athlete = crowded()
    first, *rest = athlete.take_in(ride("1"))
    assert [each.key.activity_id for each in first.workouts] == ["1"]
    assert len(first.milestones) == 20
    assert len(rest) == 2
    assert not any(commit.workouts for commit in rest)
    assert all(commit.item_count <= 100 for commit in (first, *rest))
    assert all(len(awards) == 12 for awards in athlete.dump.awards.values())


@given(
    some_goals=st.lists(goals(), min_size=1, max_size=5),
    found=changing_histories(),
    items_max=st.integers(52, 60),
)
def test_no_commit_is_larger_than_the_policy_allows(
    some_goals: list[Goal], found: list[Found], items_max: int
) -> None:
    """Law 9: ingesting, opening and recounting all keep to `commit_items_max`."""
    athlete = Athlete(policy=Policy(training=TrainingPolicy(commit_items_max=items_max)))
    commits = list(athlete.take_in(*found))
    for goal in some_goals:
        athlete.open(goal)
    commits += athlete.take_in(*reversed(found))
    for milestone_id in athlete.dump.milestones:
        commits += athlete.recount(milestone_id)
    assert all(commit.item_count <= items_max for commit in commits)
    for before, after in pairwise(athlete.steps):
        written = len(after.milestones) - len(before.milestones)
        assert 1 + written + _awards_total(after.awards) - _awards_total(before.awards) <= items_max


def _awards_total(awards: dict[MilestoneId, tuple[Award, ...]]) -> int:
    return sum(map(len, awards.values()))


@pytest.mark.parametrize("written", [0, 1, 2, 3])
def test_every_prefix_of_a_split_is_a_legal_ledger(written: int) -> None:
    """Law 6: stop after any of the commits, and the ledger is one the laws allow."""
    athlete = crowded()
    commits = athlete.decide([ride("1")])
    athlete.write(commits[:written])
    for before, after in pairwise(athlete.steps):
        check_state(after)
        check_step(before, after)


@pytest.mark.parametrize("written", [1, 2])
@pytest.mark.parametrize(
    "next_found", [[], [ride("1")], [ride("2", 7)]], ids=["nothing", "the same", "another"]
)
def test_owed_parts_are_awarded_by_the_next_ingest(written: int, next_found: list[Found]) -> None:
    """What did not fit is written by the next ingest, and names the workout that crossed."""
    whole, stopped = crowded(), crowded()
    whole.take_in(ride("1"))
    stopped.write(stopped.decide([ride("1")])[:written])
    assert any(each.owed for each in stopped.dump.milestones.values())
    stopped.take_in(*next_found)
    assert not any(each.owed for each in stopped.dump.milestones.values())
    assert everything_awarded(stopped) == everything_awarded(whole)


def test_owed_parts_are_awarded_by_a_recount() -> None:
    """The repair writes what is owed in the name of the workout on record.

    Counted anew in order of start it would be another: the ride of day 5 comes after that of day 1.
    """
    whole, stopped = crowded(), crowded()
    later, earlier = ride("day-5", 500, day=5), ride("day-1", 500, day=1)
    whole.take_in_singly([later, earlier])
    stopped.take_in(later)
    stopped.write(stopped.decide([earlier])[:1])
    assert any(each.owed for each in stopped.dump.milestones.values())
    for milestone_id in stopped.ids:
        stopped.recount(milestone_id)
    assert not any(each.owed for each in stopped.dump.milestones.values())
    assert everything_awarded(stopped) == everything_awarded(whole)


def test_a_recount_builds_on_the_parts_it_awarded_first() -> None:
    """What is owed is awarded in a write of its own, and the sum is set right on the version behind it."""
    athlete = Athlete(goal_of(WHALE), goal_of(WHALE), policy=SMALL_COMMITS)
    athlete.write(athlete.decide([ride("1")])[:1])
    owing = next(each for each in athlete.ids if athlete.milestone(each).owed)
    head = athlete.dump.head
    uncounted = Workout(snapshot=ride("uncounted"), version=1, fetched_at=SEASON_END_AT)
    head = evolve(head, version=head.version + 1, workout_count=2)
    athlete.write([LedgerCommit(user_id=athlete.user_id, head=head, workouts=(uncounted,))])
    athlete.recount(owing)
    assert athlete.milestone(owing).progress.current_value == 2_000
    assert len(athlete.awards(owing)) == 50


def test_owed_parts_are_awarded_when_a_milestone_is_opened() -> None:
    """The next write of any process awards what is owed: opening a milestone is a write as well."""
    athlete = Athlete(goal_of(WHALE), goal_of(WHALE), policy=SMALL_COMMITS)
    athlete.write(athlete.decide([ride("1")])[:1])
    athlete.open(goal_of())
    assert not any(each.owed for each in athlete.dump.milestones.values())


@given(some_goals=st.lists(goals(), min_size=1, max_size=5), history=histories(min_size=1), data=st.data())
def test_crashes_between_commits_change_nothing_in_the_end(
    some_goals: list[Goal], history: list[ActivitySnapshot], data: st.DataObject
) -> None:
    """Laws 5 and 6: stopped anywhere, any number of times, and given the same again, it ends the same."""
    whole, crashing = Athlete(*some_goals, policy=SMALL_COMMITS), Athlete(*some_goals, policy=SMALL_COMMITS)
    whole.take_in(*history)
    while commits := crashing.decide(history):
        crashing.write(commits[: data.draw(st.integers(1, len(commits)))])
        check_state(crashing.dump)
    assert crashing.digest() == whole.digest()
    assert everything_awarded(crashing) == everything_awarded(whole)


@given(
    some_goals=st.lists(goals(), min_size=1, max_size=5),
    history=histories(min_size=1),
    later=changing_histories(),
    data=st.data(),
)
def test_owed_parts_survive_edits_of_what_earned_them(
    some_goals: list[Goal], history: list[ActivitySnapshot], later: list[Found], data: st.DataObject
) -> None:
    """A part once earned is awarded, though what earned it is deleted before the award is written."""
    athlete = Athlete(*some_goals, policy=SMALL_COMMITS)
    commits = athlete.decide(history)
    athlete.write(commits[: data.draw(st.integers(0, len(commits)))])
    earned = {key: each.parts_earned for key, each in athlete.dump.milestones.items()}
    athlete.take_in(*[ActivityGone(key=each.key) for each in history], *later)
    check_state(athlete.dump)
    assert all(each.owed is None for each in athlete.dump.milestones.values())
    assert all(len(athlete.awards(key)) >= parts for key, parts in earned.items())


def test_of_two_reports_of_one_activity_the_last_counts() -> None:
    """What is found at one moment is one change, so an activity is written once, as it was found last."""
    athlete = Athlete(goal_of())
    (commit,) = athlete.take_in(ride("1", 300), ride("2", 10), ride("1", 200))
    assert [each.key.activity_id for each in commit.workouts] == ["1", "2"]
    assert athlete.dump.by_key[ride("1").key].snapshot == ride("1", 200)


@pytest.mark.parametrize(("rides_total", "commits_total"), [(98, 1), (99, 2), (197, 2), (198, 3)])
def test_a_batch_fills_its_commits(rides_total: int, commits_total: int) -> None:
    """A head and 99 workouts make 100 items; the first commit leaves room for one more."""
    assert len(Athlete().take_in(*[ride(f"{n}") for n in range(rides_total)])) == commits_total


# Places among the tracked milestones

FEW_PLACES = Policy(training=TrainingPolicy(milestones_tracked_max=2, milestone_settle_seconds=0))


def test_a_milestone_more_than_the_policy_tracks_is_refused() -> None:
    """With every place taken by a milestone under way, opening another is refused and changes nothing."""
    athlete = Athlete(goal_of(), goal_of(), policy=FEW_PLACES)
    before = athlete.dump
    with pytest.raises(LimitExceeded, match="2 milestones under way; complete or delete one") as refused:
        athlete.open(goal_of())
    assert refused.value.code == "too_many_milestones"
    assert athlete.dump == before


def test_a_settled_milestone_keeps_its_place_until_it_is_needed() -> None:
    """A completed milestone stays tracked while there is room, then the oldest settled one makes way."""
    athlete = Athlete(goal_of(target=5000), goal_of(), policy=FEW_PLACES)
    athlete.take_in(ride("1"))
    under_way, whole = athlete.ids
    assert athlete.dump.head.tracked_milestone_ids == (under_way, whole)
    third = athlete.open(goal_of(target=9000))
    assert athlete.dump.head.tracked_milestone_ids == (under_way, third)
    athlete.take_in(ride("2"))
    assert athlete.milestone(whole).progress.current_value == 1000
    assert athlete.milestone(third).progress.current_value == 2000


def test_a_whole_milestone_gives_up_its_place_before_an_unfinished_one() -> None:
    """It costs nothing, also where no more unfinished ones of past periods may give up theirs."""
    training = evolve(FEW_PLACES.training, milestones_tracked_max=3, milestones_untracked_max=1)
    unfinished, whole = goal_of(target=5000, days=9), goal_of()
    athlete = Athlete(unfinished, unfinished, whole, policy=Policy(training=training))
    athlete.take_in(ride("1"))
    first, second, _ = athlete.ids
    third = athlete.open(unfinished)
    assert athlete.dump.head.tracked_milestone_ids == (first, second, third)
    fourth = athlete.open(whole)
    assert athlete.dump.head.tracked_milestone_ids == (second, third, fourth)
    assert [each.milestone_id for each in athlete.dump.head.untracked] == [first]
    fifth = athlete.open(unfinished)
    assert athlete.dump.head.tracked_milestone_ids == (second, third, fifth)
    with pytest.raises(LimitExceeded, match="1 unfinished milestones of past periods"):
        athlete.open(unfinished)


@pytest.mark.parametrize(("days_after_end", "is_settled"), [(30, False), (31, True)])
def test_a_milestone_settles_some_time_after_its_period(days_after_end: int, *, is_settled: bool) -> None:
    """Its place can be given up `milestone_settle_seconds` after its end and after it last moved."""
    athlete = Athlete(goal_of(days=1))
    last_moved_at = athlete.milestone(athlete.ids[0]).updated_at
    assert last_moved_at > SEASON_START_AT + timedelta(days=1)
    now = last_moved_at + timedelta(days=days_after_end)
    assert athlete.milestone(athlete.ids[0]).is_settled(DEFAULT_POLICY, now=now) is is_settled
    endless = athlete.open(goal_of())
    assert not athlete.milestone(endless).is_settled(DEFAULT_POLICY, now=now)


def test_a_milestone_that_is_owed_parts_keeps_its_place() -> None:
    """Law 4, no part is missing: what has not all its awards yet is never dropped from what is tracked."""
    policy = Policy(
        training=TrainingPolicy(commit_items_max=52, milestones_tracked_max=2, milestone_settle_seconds=0)
    )
    athlete = Athlete(goal_of(WHALE), goal_of(WHALE, days=9), policy=policy)
    athlete.write(athlete.decide([ride("1")])[:1])
    assert athlete.milestone(athlete.ids[1]).owed
    with suppress(LimitExceeded):
        athlete.open(goal_of())
    athlete.take_in(ride("2"))
    assert [len(athlete.awards(milestone_id)) for milestone_id in athlete.ids] == [50, 50]


def test_a_milestone_that_lost_its_place_can_still_be_recounted() -> None:
    """The repair works on milestones that new workouts do not move any more."""
    athlete = Athlete(goal_of(target=5000, days=9), goal_of(), policy=FEW_PLACES)
    settled = athlete.ids[0]
    athlete.open(goal_of())
    athlete.take_in(ride("late"))
    assert athlete.milestone(settled).progress.current_value == 0
    athlete.recount(settled)
    assert athlete.milestone(settled).progress.current_value == 1000
    assert len(athlete.awards(settled)) == 2


# The fence


def _fenced(athlete: Athlete) -> LedgerCommit:
    head = athlete.dump.head
    fence = LedgerHead(
        version=head.version + 1, state=LedgerState.DELETING, tracked_milestone_ids=head.tracked_milestone_ids
    )
    return LedgerCommit(user_id=athlete.user_id, head=fence)


def test_a_fenced_ledger_refuses_every_decision() -> None:
    """Law 7: nothing can be decided on a ledger whose deletion has begun, not even that nothing is new."""
    athlete = Athlete(goal_of())
    athlete.write([_fenced(athlete)])
    before = athlete.dump
    with pytest.raises(AccountDeleting, match="being deleted"):
        athlete.decide([])
    with pytest.raises(AccountDeleting):
        athlete.open(goal_of())
    with pytest.raises(AccountDeleting):
        athlete.recount(athlete.ids[0])
    with pytest.raises(AccountDeleting):
        decide_removal(athlete.ledger.read(athlete.user_id, ()), athlete.milestone(athlete.ids[0]))
    assert athlete.dump == before


def test_a_milestone_says_when_its_progress_moved_last() -> None:
    """Awarding what is owed, or counting again, writes a milestone and moves no progress."""
    athlete = Athlete(goal_of(WHALE), goal_of(WHALE), policy=SMALL_COMMITS)
    athlete.write(athlete.decide([ride("1", 60_000)])[:1])
    owing = [athlete.milestone(each) for each in athlete.ids if athlete.milestone(each).owed]
    assert owing
    athlete.take_in()
    for before in owing:
        after = athlete.milestone(before.milestone_id)
        assert after.version > before.version
        assert after.progress_updated_at == before.progress_updated_at == before.updated_at


def test_what_was_decided_before_the_fence_is_not_written_after_it() -> None:
    """Law 7: a commit in flight while the fence goes up is refused, since it is a version behind."""
    athlete = Athlete(goal_of())
    in_flight = athlete.decide([ride("1")])
    athlete.write([_fenced(athlete)])
    with pytest.raises(VersionConflict):
        athlete.write(in_flight)
    assert not athlete.dump.by_key
