"""What a goal, a statue model and a policy must be like, and the fingerprint of a ledger."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given

from commitcollect_adapters.testing.strategies import (
    SEASON_END_AT,
    SEASON_START_AT,
    goals,
    statue_models,
    stored_milestones,
    stored_workouts,
)
from commitcollect_core.errors import InvalidInput
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.training.awards import ModelPart, StatueModel
from commitcollect_core.training.digest import state_digest
from commitcollect_core.training.goals import Goal
from commitcollect_core.training.milestones import Milestone, Progress
from commitcollect_core.training.sports import SportSelection
from commitcollect_core.training.workouts import Workout
from commitcollect_core.values import ActivityId, MilestoneId, ModelId, Source, TargetType, WorkoutKey
from rivals import ride

GOAL = Goal(
    model_id=ModelId("HERON"),
    target_type=TargetType.DISTANCE_METERS,
    total_target=1000,
    parts_total=12,
    period_start_at=SEASON_START_AT,
    period_end_at=SEASON_END_AT,
)


@given(goal=goals())
def test_what_the_strategies_make_can_be_kept(goal: Goal) -> None:
    """Every generated goal passes the check."""
    goal.check(DEFAULT_POLICY)


BAD_GOALS: list[tuple[str, Any, str, str]] = [
    ("total_target", 0, "totalTarget", "totalTarget 0 is outside 1 to 1,000,000,000,000"),
    ("total_target", 10**12 + 1, "totalTarget", "totalTarget 1000000000001 is outside"),
    ("parts_total", 51, "modelId", "has 51 parts; at most 50 are allowed here"),
    (
        "period_end_at",
        SEASON_START_AT,
        "periodEndAtUtc",
        "ends at 2026-01-01.*not after its start 2026-01-01",
    ),
    ("period_end_at", SEASON_START_AT - timedelta(days=1), "periodEndAtUtc", "ends at 2025-12-31"),
]


@pytest.mark.parametrize(("name", "bad", "field", "message"), BAD_GOALS)
def test_a_goal_that_cannot_be_kept_is_refused(name: str, bad: Any, field: str, message: str) -> None:
    """The message names the value and the limit, the field is the one clients sent."""
    with pytest.raises(InvalidInput, match=message) as refused:
        evolve(GOAL, **{name: bad}).check(DEFAULT_POLICY)
    assert refused.value.field == field


@pytest.mark.parametrize(
    "change",
    [
        {"total_target": 1},
        {"total_target": 10**12},
        {"period_end_at": None},
        {"period_end_at": SEASON_START_AT + timedelta(seconds=1)},
    ],
)
def test_a_goal_at_its_limits_is_kept(change: dict[str, Any]) -> None:
    """The limits themselves are allowed."""
    evolve(GOAL, **change).check(DEFAULT_POLICY)


# Statue models


@given(model=statue_models())
def test_a_model_numbers_its_parts_from_1(model: StatueModel) -> None:
    """Parts are found by their index, so they stand in order without gaps."""
    assert [part.part_index for part in model.parts] == list(range(1, model.parts_total + 1))


def _parts(*indexes: int) -> tuple[ModelPart, ...]:
    return tuple(ModelPart(part_index=n, part_name="p", mesh_file="p.stl", attach_point="a") for n in indexes)


@pytest.mark.parametrize(
    "parts", [(), _parts(2), _parts(1, 3), _parts(2, 1), _parts(1, 1), _parts(*range(1, 101))]
)
def test_a_model_with_other_parts_is_refused(parts: tuple[ModelPart, ...]) -> None:
    """None, a gap, another order, a repetition, more than 99: none of them can be awarded part by part."""
    with pytest.raises(InvalidInput, match="numbered 1 to n in order, with n at most 99") as refused:
        StatueModel(model_id=ModelId("M"), name="M", parts=parts)
    assert refused.value.field == "parts"


# The fingerprint

WORKOUT = stored_workouts(key=WorkoutKey(Source.FILE, ActivityId("1")), version=1)
MILESTONE = stored_milestones(milestone_id=MilestoneId("ms-1"), version=1)
LATER = SEASON_END_AT + timedelta(days=1)


@given(workout=WORKOUT, milestone=MILESTONE)
def test_the_digest_ignores_when_and_in_which_steps_the_ledger_was_written(
    workout: Workout, milestone: Milestone
) -> None:
    """Versions, times of writing, the milestone's id and what it is owed are left out."""
    other_workout = evolve(workout, version=7, fetched_at=LATER, deleted_at=workout.deleted_at and LATER)
    other_milestone = evolve(
        milestone,
        milestone_id=MilestoneId("ms-2"),
        version=7,
        owed=None,
        created_at=LATER,
        updated_at=LATER,
        progress_updated_at=LATER,
        last_awarded_at=LATER,
        completed_at=LATER,
    )
    digest = state_digest([workout], [milestone])
    assert digest == state_digest([other_workout], [other_milestone])
    assert len(digest) == 64


def _changes_of(workout: Workout) -> list[Workout]:
    snapshot = workout.snapshot
    facts: list[dict[str, Any]] = [
        {"source": Source.STRAVA},
        {"activity_id": "other"},
        {"sport_type": snapshot.sport_type + "x"},
        {"started_at": snapshot.started_at + timedelta(seconds=1)},
        {"distance_meters": snapshot.distance_meters + 1},
        {"elevation_meters": snapshot.elevation_meters + 1},
        {"moving_seconds": snapshot.moving_seconds + 1},
        {"elapsed_seconds": snapshot.elapsed_seconds + 1},
        {"utc_offset_seconds": (snapshot.utc_offset_seconds or 0) + 1},
        {"name": snapshot.name + "x"},
        {"is_flagged": not snapshot.is_flagged},
    ]
    changed = [evolve(workout, snapshot=evolve(snapshot, **each)) for each in facts]
    return [*changed, evolve(workout, deleted_at=None if workout.is_deleted else LATER)]


def _milestone_changes_of(milestone: Milestone) -> list[Milestone]:
    goal, progress = milestone.goal, milestone.progress
    end_at = LATER if goal.period_end_at is None else goal.period_end_at + timedelta(seconds=1)
    others: list[dict[str, Any]] = [
        {"model_id": "OTHER"},
        {"sports": SportSelection.parse(["Yoga", "Golf", "Sail", "Dance", "SKI"])},
        {"target_type": next(each for each in TargetType if each is not goal.target_type)},
        {"total_target": goal.total_target + 1},
        {"period_start_at": goal.period_start_at + timedelta(seconds=1)},
        {"period_end_at": end_at},
    ]
    current, high = progress.current_value, progress.progress_value
    changed = [evolve(milestone, goal=evolve(goal, **each)) for each in others]
    changed += [evolve(milestone, progress=Progress(current + 1, high))]
    changed += [evolve(milestone, progress=Progress(current, high + 1))]
    return [*changed, evolve(milestone, parts_awarded=milestone.parts_awarded + 1)]


@given(workout=WORKOUT, milestone=MILESTONE)
def test_the_digest_tells_every_other_difference(workout: Workout, milestone: Milestone) -> None:
    """A change of anything an athlete could see makes another fingerprint."""
    states = [([workout], [milestone]), ([], [milestone]), ([workout], [])]
    states += [([each], [milestone]) for each in _changes_of(workout)]
    states += [([workout], [each]) for each in _milestone_changes_of(milestone)]
    assert len({state_digest(*state) for state in states}) == len(states)


@given(one=MILESTONE, other=MILESTONE)
def test_the_digest_does_not_depend_on_the_order_of_milestones(one: Milestone, other: Milestone) -> None:
    """Ids of milestones are made up on the spot, so their order means nothing."""
    assert state_digest([], [one, other]) == state_digest([], [other, one])


def test_a_change_by_a_metre_lowers_or_raises_a_sum() -> None:
    """By however little a workout grows, shrinks, comes or goes; one that stays as it is does neither."""

    def of(meters: int) -> Workout:
        return Workout(snapshot=ride("1", meters), version=1, fetched_at=SEASON_START_AT)

    assert GOAL.directions(of(5), of(6)) == (False, True)
    assert GOAL.directions(of(6), of(5)) == (True, False)
    assert GOAL.directions(of(5), of(5)) == (False, False)
    assert GOAL.directions(None, of(1)) == (False, True)
    assert GOAL.directions(of(1), evolve(of(1), deleted_at=SEASON_END_AT)) == (True, False)
