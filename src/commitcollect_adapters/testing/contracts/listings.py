"""Queries for pages of workouts, and their expected answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import evolve
from hypothesis import strategies as st

from commitcollect_adapters.testing import samples
from commitcollect_core.training.ports import WorkoutPosition, WorkoutQuery
from commitcollect_core.training.workouts import Workout
from commitcollect_core.values import ActivityId, Source, WorkoutKey


def by_hand(workouts: Sequence[Workout], query: WorkoutQuery) -> list[Workout]:
    """Every workout of a query, in its order, whatever its limit."""

    def place(started_at: datetime, key: WorkoutKey) -> tuple[datetime, str, str]:
        return (started_at, key.source.value, key.activity_id)

    def is_wanted(workout: Workout) -> bool:
        started_at = workout.snapshot.started_at
        if query.start_at is not None and started_at < query.start_at:
            return False
        if query.end_at is not None and started_at >= query.end_at:
            return False
        if query.after is None:
            return True
        here = place(started_at, workout.key)
        beyond = place(query.after.started_at, query.after.key)
        return here < beyond if query.newest_first else here > beyond

    return sorted(
        filter(is_wanted, workouts),
        key=lambda each: place(each.snapshot.started_at, each.key),
        reverse=query.newest_first,
    )


_few_keys = st.builds(
    WorkoutKey, st.sampled_from(Source), st.sampled_from(["1", "10", "2", "B", "a"]).map(ActivityId)
)
_few_seconds = st.integers(0, 5)
_bounds = st.none() | st.integers(-1, 7).map(samples.at)


@st.composite
def _few_workouts(draw: st.DrawFn) -> list[Workout]:
    """Workouts, many of them in the same second, some deleted."""
    keys = draw(st.lists(_few_keys, unique=True, max_size=10))
    deletions = st.sampled_from((None, None, samples.NOW))
    return [
        evolve(
            samples.workout(key.activity_id, source=key.source, start=draw(_few_seconds)),
            deleted_at=draw(deletions),
        )
        for key in keys
    ]


@st.composite
def listings(draw: st.DrawFn) -> tuple[list[Workout], WorkoutQuery]:
    """Some workouts, and a query from any position.

    There may be no workout at the position.
    """
    workouts = draw(_few_workouts())
    places = [WorkoutPosition(each.snapshot.started_at, each.key) for each in workouts]
    elsewhere = st.builds(WorkoutPosition, _few_seconds.map(samples.at), _few_keys)
    query = WorkoutQuery(
        start_at=draw(_bounds),
        end_at=draw(_bounds),
        newest_first=draw(st.booleans()),
        after=draw(st.one_of(st.none(), elsewhere, st.sampled_from(places) if places else st.none())),
        limit=draw(st.integers(1, 12)),
    )
    return workouts, query
