"""A hash of the state that no delivery order changes (law 5)."""

from __future__ import annotations

from collections.abc import Iterable

from commitcollect_core.training.folds import Counter
from commitcollect_core.training.milestones import Milestone
from commitcollect_core.training.workouts import Workout


def state_digest(workouts: Iterable[Workout], milestones: Iterable[Milestone]) -> str:
    """Hash an athlete's workouts, in order of start, and the milestones' progress.

    Left out is what tells when and in which steps the ledger was written: versions, times of writing, ids
    of milestones, and which workout an award names.

    Returns:
        64 hexadecimal digits.
    """
    from hashlib import sha256  # noqa: PLC0415 - loads OpenSSL, which nothing else in the core needs

    hashed = sha256()
    for workout in workouts:
        hashed.update(repr(_workout_facts(workout)).encode())
    for facts in sorted(_milestone_facts(each) for each in milestones):
        hashed.update(repr(facts).encode())
    return hashed.hexdigest()


def _workout_facts(workout: Workout) -> tuple[object, ...]:
    snapshot = workout.snapshot
    return (
        snapshot.source.value,
        snapshot.activity_id,
        snapshot.sport_type,
        snapshot.started_at.timestamp(),
        snapshot.distance_meters,
        snapshot.elevation_meters,
        snapshot.moving_seconds,
        snapshot.elapsed_seconds,
        snapshot.utc_offset_seconds,
        snapshot.name,
        snapshot.is_flagged,
        workout.is_deleted,
    )


def _milestone_facts(milestone: Milestone) -> tuple[str, ...]:
    goal, progress = milestone.goal, milestone.progress
    return (
        goal.model_id,
        str(goal.sports),
        goal.target_type.value,
        str(goal.total_target),
        str(goal.period_start_at),
        str(goal.period_end_at),
        str(progress.current_value),
        str(progress.progress_value),
        str(milestone.parts_awarded),
        *(() if goal.is_plain else (repr(goal.fold), repr(goal.all_of), *map(_sums, progress.counters))),
    )


def _sums(counter: Counter) -> str:
    return repr(sorted(counter.sums.items()))
