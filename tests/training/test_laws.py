"""The laws of the product, on the pure decisions."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

import oracle
from athletes import SMALL_COMMITS, Athlete, changes_of
from commitcollect_adapters.testing.strategies import SEASON_START_AT, changing_histories, goals, histories
from commitcollect_core.policy import DEFAULT_POLICY, Policy
from commitcollect_core.training.awards import Award
from commitcollect_core.training.digest import state_digest
from commitcollect_core.training.goals import Goal
from commitcollect_core.training.milestones import Milestone, MilestoneStatus, Progress
from commitcollect_core.training.sports import SportSelection
from commitcollect_core.training.workouts import ActivityGone, ActivitySnapshot, Found
from commitcollect_core.values import ActivityId, MilestoneId, ModelId, Source, TargetType
from laws import aim_of, check_state, check_step, effort_of, report_of

some_goals = st.lists(goals(), min_size=1, max_size=3)
policies = st.sampled_from([SMALL_COMMITS, DEFAULT_POLICY])


def a_goal(*, total_target: int = 120_000, sport: str = "RIDE") -> Goal:
    """A distance over the season."""
    return Goal(
        model_id=ModelId("HERON"),
        parts_total=12,
        target_type=TargetType.DISTANCE_METERS,
        total_target=total_target,
        sports=SportSelection.parse([sport]),
        period_start_at=SEASON_START_AT,
    )


def a_ride(activity_id: str, distance_meters: int) -> ActivitySnapshot:
    """A ride in the season."""
    return ActivitySnapshot(
        source=Source.STRAVA,
        activity_id=ActivityId(activity_id),
        sport_type="Ride",
        started_at=SEASON_START_AT + timedelta(days=1),
        distance_meters=distance_meters,
    )


# 1 Progress never falls


@given(goals=some_goals, found=changing_histories())
def test_progress_never_falls_and_is_the_highest_live_sum(goals: list[Goal], found: list[Found]) -> None:
    """Law 1: progress is the highest the live sum ever was; the live sum itself follows edits and deletes."""
    athlete = Athlete(*goals)
    athlete.take_in_singly(found)
    reports = [report_of(each) for each in found]
    for before, after in pairwise(athlete.steps):
        check_step(before, after)
    for milestone_id, goal in zip(athlete.ids, goals, strict=True):
        sums = oracle.totals(aim_of(goal), reports)
        assert athlete.sums(milestone_id) == (sums[-1], max(sums))


@given(start=st.integers(0, 10**6), differences=st.lists(st.integers(-(10**6), 10**6)))
def test_a_move_of_progress_only_ever_raises_the_mark(start: int, differences: list[int]) -> None:
    """Law 1: whatever the differences, the mark is the maximum of the sums so far."""
    progress, sums = Progress(start, start), [start]
    for difference in differences:
        progress = progress.moved(difference)
        sums.append(sums[-1] + difference)
        assert progress == Progress(sums[-1], max(sums))


@given(goals=some_goals, stored=histories(min_size=2, max_size=8), policy=policies, data=st.data())
def test_progress_never_passes_a_sum_that_never_existed(
    goals: list[Goal], stored: list[ActivitySnapshot], policy: Policy, data: st.DataObject
) -> None:
    """Law 1: what is found at one moment is one change; the mark sees the sum before and the sum after."""
    athlete = Athlete(*goals, policy=policy)
    athlete.take_in(*stored)
    before = [athlete.milestone(each).progress for each in athlete.ids]
    first_step = len(athlete.steps)
    athlete.take_in(*data.draw(st.permutations(changes_of(stored, data))))
    for milestone_id, earlier in zip(athlete.ids, before, strict=True):
        progress = athlete.milestone(milestone_id).progress
        assert progress.progress_value == max(earlier.progress_value, progress.current_value)
    for dump in athlete.steps[first_step:]:
        check_state(dump)


def test_a_ride_that_comes_back_under_another_id_counts_once() -> None:
    """Law 1: 60 km, deleted and uploaded again in one pass, are 60 km, in whatever order they are found."""
    goal = a_goal(total_target=120_000)
    old, new = a_ride("old", 60_000), a_ride("new", 60_000)
    orders: list[list[Found]] = [[new, ActivityGone(key=old.key)], [ActivityGone(key=old.key), new]]
    for found in orders:
        athlete = Athlete(goal)
        athlete.take_in(old)
        athlete.take_in(*found)
        (milestone_id,) = athlete.ids
        assert athlete.milestone(milestone_id).progress == Progress(60_000, 60_000)
        assert len(athlete.awards(milestone_id)) == 6


def test_workouts_that_trade_places_between_goals_raise_neither() -> None:
    """Law 1: a ride becomes a run and a run a ride in one pass: neither goal ever held both."""
    rides, runs = a_goal(sport="RIDE"), a_goal(sport="RUN")
    athlete = Athlete(rides, runs)
    athlete.take_in(a_ride("1", 60_000), evolve(a_ride("2", 50_000), sport_type="Run"))
    athlete.take_in(evolve(a_ride("1", 60_000), sport_type="Run"), a_ride("2", 50_000))
    progress = [athlete.milestone(each).progress for each in athlete.ids]
    assert progress == [Progress(50_000, 60_000), Progress(60_000, 60_000)]


# 2 Parts are exact


@given(goal=goals(), progress=st.integers(0, 10**13))
def test_parts_are_exact(goal: Goal, progress: int) -> None:
    """Law 2: part i is earned exactly when progress x parts reaches i x target, compared as integers."""
    reached = [
        i for i in range(1, goal.parts_total + 1) if progress * goal.parts_total >= i * goal.total_target
    ]
    assert goal.parts_earned(progress) == len(reached)


@given(goal=goals(), data=st.data())
def test_a_threshold_is_the_least_progress_that_earns_its_part(goal: Goal, data: st.DataObject) -> None:
    """Law 2: one unit less than the threshold does not earn the part; the last one is the target itself."""
    index = data.draw(st.integers(1, goal.parts_total))
    threshold = goal.threshold(index)
    assert goal.parts_earned(threshold) >= index > goal.parts_earned(threshold - 1)
    assert goal.threshold(goal.parts_total) == goal.total_target
    assert 0 <= goal.part_target * goal.parts_total - goal.total_target < goal.parts_total


@given(goal=goals(), data=st.data())
def test_what_remains_is_exactly_what_the_next_part_needs(goal: Goal, data: st.DataObject) -> None:
    """Law 2: gaining what remains earns one part more, one unit less does not; 100 percent means whole."""
    reached = data.draw(st.integers(0, goal.total_target + 1))
    milestone = Milestone(
        milestone_id=MilestoneId("ms-1"),
        goal=goal,
        progress=Progress(reached, reached),
        created_at=goal.period_start_at,
        updated_at=goal.period_start_at,
    )
    remaining = milestone.remaining_to_next_part
    if reached >= goal.total_target:
        assert remaining is None
        assert milestone.percent_complete == 100
    else:
        assert remaining is not None
        assert goal.parts_earned(reached + remaining) > goal.parts_earned(reached + remaining - 1)
        assert goal.parts_earned(reached + remaining - 1) == milestone.parts_earned
        assert milestone.percent_complete == reached * 100 // goal.total_target < 100


# 3 Complete means whole


@given(goals=some_goals, found=changing_histories(), policy=policies)
def test_complete_means_whole_and_stays_so(goals: list[Goal], found: list[Found], policy: Policy) -> None:
    """Law 3: after every commit a milestone is COMPLETED if and only if all parts are awarded, for good."""
    athlete = Athlete(*goals, policy=policy)
    athlete.take_in(*found)
    completed: set[MilestoneId] = set()
    for dump in athlete.steps:
        milestones = dump.milestones.items()
        whole = {key for key, each in milestones if len(dump.awards[key]) == each.goal.parts_total}
        shown = {key for key, each in milestones if each.status is MilestoneStatus.COMPLETED}
        assert completed <= shown == whole
        completed = shown


# 4 Awards are exactly parts 1..n


@given(goals=some_goals, history=histories(), policy=policies)
def test_awards_of_a_history_are_those_of_the_oracle(
    goals: list[Goal], history: list[ActivitySnapshot], policy: Policy
) -> None:
    """Law 4: without edits the awards are exactly parts 1 to n, n from the sum alone."""
    athlete = Athlete(*goals, policy=policy)
    athlete.take_in(*history)
    efforts = list(map(effort_of, history))
    for milestone_id, goal in zip(athlete.ids, goals, strict=True):
        awarded = [award.part_index for award in athlete.awards(milestone_id)]
        assert awarded == oracle.awards(aim_of(goal), efforts)


@given(goals=some_goals, found=changing_histories(), policy=policies)
def test_awards_of_a_changing_history_are_within_bounds(
    goals: list[Goal], found: list[Found], policy: Policy
) -> None:
    """Laws 4 and 5: never fewer parts than the final sum is worth, never more than the highest sum was."""
    athlete = Athlete(*goals, policy=policy)
    athlete.take_in(*found)
    reports = list(map(report_of, found))
    for milestone_id, goal in zip(athlete.ids, goals, strict=True):
        fewest, most = oracle.award_bounds(aim_of(goal), reports)
        assert fewest <= athlete.milestone(milestone_id).parts_awarded <= most


@given(goals=some_goals, found=changing_histories(), policy=policies)
def test_every_commit_leaves_a_legal_ledger_and_takes_nothing_back(
    goals: list[Goal], found: list[Found], policy: Policy
) -> None:
    """Laws 1 to 4 and 6 hold after each commit: awards grow only at their end and are never rewritten."""
    athlete = Athlete(*goals, policy=policy)
    athlete.take_in(*found)
    for before, after in pairwise(athlete.steps):
        check_state(after)
        check_step(before, after)


@given(goals=some_goals, history=histories(min_size=1))
def test_an_award_copies_its_part_and_names_the_workout_that_crossed(
    goals: list[Goal], history: list[ActivitySnapshot]
) -> None:
    """Law 4: an award holds the part's own words, and the workout that took the sum to its threshold."""
    athlete = Athlete(*goals)
    athlete.take_in(*history)
    for milestone_id, goal in zip(athlete.ids, goals, strict=True):
        sums = oracle.totals(aim_of(goal), list(map(report_of, history)))
        parts = athlete.models[goal.model_id].parts
        for part, award in zip(parts, athlete.awards(milestone_id), strict=False):
            crossing = next(n for n, reached in enumerate(sums) if reached >= goal.threshold(part.part_index))
            workout = history[crossing - 1]
            copied = (
                award.part_index,
                award.part_name,
                award.mesh_file,
                award.attach_point,
                award.mesh_sha256,
            )
            assert copied == (
                part.part_index, part.part_name, part.mesh_file, part.attach_point, part.mesh_sha256
            )  # fmt: skip
            assert (award.milestone_id, award.model_id) == (milestone_id, goal.model_id)
            assert award.workout == workout.key
            assert award.earned_at == workout.ended_at
            assert award.progress_value_at_award == sums[crossing]


# 5 Order does not matter


@given(goals=some_goals, history=histories(), policy=policies)
def test_a_batch_is_the_same_as_one_by_one(
    goals: list[Goal], history: list[ActivitySnapshot], policy: Policy
) -> None:
    """Law 5: how a history is cut into batches changes neither workouts nor progress nor awards."""
    at_once, singly = Athlete(*goals, policy=policy), Athlete(*goals, policy=policy)
    at_once.take_in(*history)
    singly.take_in_singly(history)
    assert at_once.digest() == singly.digest()
    assert at_once.dump.head.workout_count == singly.dump.head.workout_count
    for milestone_id in at_once.ids:
        assert _outcome(at_once.milestone(milestone_id)) == _outcome(singly.milestone(milestone_id))
        one, other = at_once.awards(milestone_id), singly.awards(milestone_id)
        assert list(map(_timeless, one)) == list(map(_timeless, other))


@given(goals=some_goals, stored=histories(), found=changing_histories(), policy=policies)
def test_a_batch_of_changes_leaves_the_workouts_of_one_by_one(
    goals: list[Goal], stored: list[ActivitySnapshot], found: list[Found], policy: Policy
) -> None:
    """Law 5: the workouts and live sums are the same; progress is no higher than one by one."""
    at_once, singly = Athlete(*goals, policy=policy), Athlete(*goals, policy=policy)
    for athlete in (at_once, singly):
        athlete.take_in(*stored)
    last_words = list({each.key: each for each in found}.values())
    at_once.take_in(*found)
    singly.take_in_singly(last_words)
    assert state_digest(at_once.dump.by_start, ()) == state_digest(singly.dump.by_start, ())
    for milestone_id in at_once.ids:
        one, other = at_once.milestone(milestone_id).progress, singly.milestone(milestone_id).progress
        assert one.current_value == other.current_value
        assert one.progress_value <= other.progress_value


@given(goals=some_goals, history=histories(max_size=8), policy=policies, data=st.data())
def test_any_order_and_any_repetition_end_the_same(
    goals: list[Goal], history: list[ActivitySnapshot], policy: Policy, data: st.DataObject
) -> None:
    """Law 5: a history shuffled, repeated and cut into batches in any way comes to the same."""
    straight, shuffled = Athlete(*goals, policy=policy), Athlete(*goals, policy=policy)
    straight.take_in(*history)
    repeated = st.lists(st.sampled_from(history), max_size=6) if history else st.just([])
    deliveries = data.draw(repeated.flatmap(lambda more: st.permutations([*history, *more])))
    while deliveries:
        size = data.draw(st.integers(1, len(deliveries)))
        shuffled.take_in(*deliveries[:size])
        deliveries = deliveries[size:]
    assert shuffled.digest() == straight.digest()


@given(goals=some_goals, found=changing_histories(), policy=policies)
def test_stored_workouts_end_up_as_the_source_holds_them(
    goals: list[Goal], found: list[Found], policy: Policy
) -> None:
    """Law 5: after edits, deletions and restorations the ledger holds what the source holds, no more."""
    athlete = Athlete(*goals, policy=policy)
    athlete.take_in(*found)
    live = {each.key: each.snapshot for each in athlete.dump.by_start if not each.is_deleted}
    held: dict[object, Found] = {}
    for each in found:
        held[each.key] = each
    assert live == {key: each for key, each in held.items() if isinstance(each, ActivitySnapshot)}


@given(goals=some_goals, found=changing_histories(min_size=1))
def test_what_is_already_known_writes_nothing(goals: list[Goal], found: list[Found]) -> None:
    """Law 5: the latest word of a source, said again, makes no commit."""
    athlete = Athlete(*goals)
    athlete.take_in(*found)
    latest = {each.key: each for each in found}
    assert athlete.decide(list(latest.values())) == ()


def _outcome(milestone: Milestone) -> tuple[Progress, int, MilestoneStatus]:
    return milestone.progress, milestone.parts_awarded, milestone.status


def _timeless(award: Award) -> Award:
    """An award without the moment it was decided."""
    return evolve(award, awarded_at=award.earned_at)
