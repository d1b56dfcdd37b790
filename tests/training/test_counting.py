"""Counting a whole history: opening a milestone after the fact, recounting, explaining."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

import fold_oracle
import oracle
from athletes import SMALL_COMMITS, Athlete
from commitcollect_adapters.testing.strategies import (
    SEASON_END_AT,
    SEASON_START_AT,
    changing_histories,
    goals,
    histories,
)
from commitcollect_core.training.goals import Exclusion, Goal
from commitcollect_core.training.ledger import LedgerCommit
from commitcollect_core.training.milestones import Progress
from commitcollect_core.training.sports import SportSelection
from commitcollect_core.training.tallies import explain, tally
from commitcollect_core.training.workouts import ActivitySnapshot, Found, Workout
from commitcollect_core.values import ActivityId, ModelId, Source, TargetType
from laws import aim_of, check_state, effort_of, efforts_of

some_goals = st.lists(goals(), min_size=1, max_size=3)


@given(some_goals=some_goals, history=histories())
def test_a_milestone_opened_after_the_history_is_as_one_opened_before(
    some_goals: list[Goal], history: list[ActivitySnapshot]
) -> None:
    """History counts at once: progress and parts do not depend on when the milestone was opened."""
    early, late = Athlete(*some_goals), Athlete()
    early.take_in(*history)
    late.take_in(*history)
    for goal in some_goals:
        late.open(goal)
    check_state(late.dump)
    assert late.digest() == early.digest()


@given(goal=goals(), found=changing_histories())
def test_a_milestone_opened_late_counts_what_the_source_holds_now(goal: Goal, found: list[Found]) -> None:
    """Only what is there when the milestone is opened counts, not what was deleted before."""
    athlete = Athlete()
    athlete.take_in(*found)
    milestone_id = athlete.open(goal)
    total = oracle.total(aim_of(goal), efforts_of(athlete.dump))
    assert athlete.sums(milestone_id) == (total, total)
    assert athlete.milestone(milestone_id).parts_awarded == oracle.parts(aim_of(goal), total)


@given(goal=goals(), history=histories(min_size=1))
def test_awards_of_a_late_milestone_name_the_workouts_in_order_of_start(
    goal: Goal, history: list[ActivitySnapshot]
) -> None:
    """Opened late, a milestone awards as if its workouts had arrived in order of start."""
    in_order, late = Athlete(goal), Athlete()
    late.take_in(*history)
    milestone_id = late.open(goal)
    in_order.take_in(*[each.snapshot for each in late.dump.by_start])
    timeless = [
        [evolve(each, awarded_at=each.earned_at) for each in athlete.awards(milestone_id)]
        for athlete in (late, in_order)
    ]
    assert timeless[0] == timeless[1]


@given(some_goals=some_goals, found=changing_histories())
def test_a_recount_agrees_with_the_running_sum(some_goals: list[Goal], found: list[Found]) -> None:
    """Moving by difference comes to what adding everything up comes to: a recount finds nothing to write."""
    athlete = Athlete(*some_goals, policy=SMALL_COMMITS)
    athlete.take_in(*found)
    for milestone_id in athlete.ids:
        counted = athlete.tally(milestone_id).current_value
        assert counted == athlete.milestone(milestone_id).progress.current_value
        assert athlete.recount(milestone_id) == ()


@given(goal=goals(), found=changing_histories(min_size=1), percent=st.integers(0, 100))
def test_a_recount_repairs_a_wrong_sum_and_takes_nothing_back(
    goal: Goal, found: list[Found], percent: int
) -> None:
    """A live sum that came out wrong is set right; the high-water mark and the awards stay as they are."""
    athlete = Athlete(goal)
    (milestone_id,) = athlete.ids
    athlete.take_in(*found)
    right = athlete.milestone(milestone_id)
    progress = Progress(right.progress.progress_value * percent // 100, right.progress.progress_value)
    harm = evolve(right, version=right.version + 1, progress=progress)
    head = evolve(athlete.dump.head, version=athlete.dump.head.version + 1)
    athlete.write([LedgerCommit(user_id=athlete.user_id, head=head, milestones=(harm,))])
    athlete.recount(milestone_id)
    assert athlete.milestone(milestone_id).progress == right.progress
    assert athlete.milestone(milestone_id).parts_awarded == right.parts_awarded


@given(goal=goals(), history=histories(min_size=1))
def test_a_recount_mints_what_uncounted_workouts_have_earned(
    goal: Goal, history: list[ActivitySnapshot]
) -> None:
    """Workouts that got past a milestone get it their parts, in the name of those that crossed."""
    late, missed = Athlete(), Athlete(goal)
    late.take_in(*history)
    right = late.open(goal)
    missed.write([evolve(commit, milestones=(), awards=()) for commit in missed.decide(history)])
    (milestone_id,) = missed.ids
    missed.recount(milestone_id)
    assert missed.milestone(milestone_id).progress == late.milestone(right).progress
    found = [(each.part_index, each.workout) for each in missed.awards(milestone_id)]
    assert found == [(each.part_index, each.workout) for each in late.awards(right)]


@given(goal=goals(), history=histories())
def test_a_tally_counts_every_workout_once(goal: Goal, history: list[ActivitySnapshot]) -> None:
    """Counted and excluded workouts together are all of them; crossings are as many as parts earned."""
    athlete = Athlete()
    athlete.take_in(*history)
    result = tally(goal, athlete.dump.by_start)
    assert result.counted + sum(result.excluded.values()) == len(history)
    assert result.current_value == oracle.total(aim_of(goal), map(effort_of, history))
    assert len(result.crossings) == oracle.parts(aim_of(goal), result.current_value)


@given(goal=goals(), found=changing_histories())
def test_explanations_add_up_to_the_live_sum(goal: Goal, found: list[Found]) -> None:
    """Each workout is explained: an amount and no reason, or a reason and no amount; together the sum."""
    athlete = Athlete(goal)
    athlete.take_in(*found)
    explanations = list(explain(goal, athlete.dump.by_start))
    assert [each.workout for each in explanations] == list(athlete.dump.by_start)
    assert all((each.exclusion is None) == (each.amount > 0) for each in explanations)
    live = athlete.sums(athlete.ids[0])[0]
    if goal.is_plain:
        assert sum(each.amount for each in explanations) == live
        return
    reached = dict.fromkeys(goal.aims, 0)
    for each in explanations:
        before = dict(reached)  # the same aim may be asked for twice, and then moves twice at once
        for effect in each.effects:
            assert effect.value_before == before[effect.aim] <= effect.value_after
            reached[effect.aim] = effect.value_after
    shares = [(reached[aim], aim.total_target) for aim in goal.aims]
    assert live == (fold_oracle.combined(shares, goal.total_target) if goal.all_of else shares[0][0])


def _goal(target_type: TargetType = TargetType.DISTANCE_METERS, total_target: int = 1000) -> Goal:
    return Goal(
        model_id=ModelId("HERON"),
        sports=SportSelection.parse(["RIDE"]),
        target_type=target_type,
        total_target=total_target,
        parts_total=12,
        period_start_at=SEASON_START_AT,
        period_end_at=SEASON_END_AT,
    )


def _ride(activity_id: str = "1", distance_meters: int = 500, *, day: int = 0) -> ActivitySnapshot:
    return ActivitySnapshot(
        source=Source.STRAVA,
        activity_id=ActivityId(activity_id),
        sport_type="Ride",
        started_at=SEASON_START_AT + timedelta(days=day),
        distance_meters=distance_meters,
        elevation_meters=70,
        moving_seconds=900,
    )


def _stored(snapshot: ActivitySnapshot, *, is_deleted: bool = False) -> Workout:
    return Workout(
        snapshot=snapshot,
        version=1,
        fetched_at=SEASON_END_AT,
        deleted_at=SEASON_END_AT if is_deleted else None,
    )


SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("workout", "reason"),
    [
        (_stored(_ride()), None),
        (_stored(_ride(), is_deleted=True), Exclusion.DELETED),
        (_stored(evolve(_ride(), is_flagged=True)), Exclusion.FLAGGED),
        (_stored(evolve(_ride(), started_at=SEASON_START_AT - SECOND)), Exclusion.BEFORE_START),
        (_stored(evolve(_ride(), started_at=SEASON_END_AT - SECOND)), None),
        (_stored(evolve(_ride(), started_at=SEASON_END_AT)), Exclusion.AFTER_END),
        (_stored(evolve(_ride(), sport_type="Run")), Exclusion.OTHER_SPORT),
        (_stored(_ride(distance_meters=0)), Exclusion.NOTHING_TO_COUNT),
    ],
)
def test_each_exclusion_is_given_for_its_own_reason(workout: Workout, reason: Exclusion | None) -> None:
    """A period holds its start and not its end; every other reason is what its name says."""
    assert _goal().exclusion(workout) is reason
    assert _goal().contribution(workout) == (500 if reason is None else 0)


def test_the_first_reason_that_applies_is_given() -> None:
    """With everything wrong at once the reasons come in the order of the enumeration."""
    wrong = evolve(
        _ride(distance_meters=0), sport_type="Run", is_flagged=True, started_at=SEASON_START_AT - SECOND
    )
    assert _goal().exclusion(_stored(wrong, is_deleted=True)) is Exclusion.DELETED
    assert _goal().exclusion(_stored(wrong)) is Exclusion.FLAGGED
    assert _goal().exclusion(_stored(evolve(wrong, is_flagged=False))) is Exclusion.BEFORE_START


@pytest.mark.parametrize(
    ("target_type", "amount"),
    [
        (TargetType.DISTANCE_METERS, 500),
        (TargetType.ELEVATION_METERS, 70),
        (TargetType.MOVING_TIME_SECONDS, 900),
        (TargetType.ACTIVITY_COUNT, 1),
    ],
)
def test_each_target_type_adds_up_its_own_measure(target_type: TargetType, amount: int) -> None:
    """A ride adds its metres, its climb, its time, or one; what does not exist adds nothing."""
    goal = _goal(target_type)
    assert goal.contribution(_stored(_ride())) == amount
    assert goal.contribution(None) == 0
