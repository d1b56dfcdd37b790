"""Records of ledgers: heads, workouts, milestones and awards."""

from __future__ import annotations

from functools import lru_cache

from commitcollect_adapters.records.encoding import (
    Record,
    epoch,
    joined,
    moment,
    optional_moment,
    reader,
    words,
)
from commitcollect_core.training.awards import Award, Crossing
from commitcollect_core.training.goals import Goal
from commitcollect_core.training.ledger import LedgerHead, LedgerState
from commitcollect_core.training.milestones import Milestone, Progress
from commitcollect_core.training.sports import SportSelection
from commitcollect_core.training.workouts import ActivitySnapshot, Workout
from commitcollect_core.values import ActivityId, MilestoneId, ModelId, Source, TargetType, WorkoutKey

HEAD_COLUMNS = ("version", "state", "activeMilestoneIds", "workoutCount", "fencedAtUtc")
SNAPSHOT_COLUMNS = (
    "source", "activityId", "sportType", "startDateUtc", "distanceMeters", "total_elevation_gain",
    "movingTimeSeconds", "elapsedTimeSeconds", "activityName", "utcOffsetSeconds", "isFlagged",
)  # fmt: skip
WORKOUT_COLUMNS = ("version", *SNAPSHOT_COLUMNS, "fetchedAtUtc", "deletedAtUtc")
GOAL_COLUMNS = (
    "modelId", "sport", "targetType", "totalTarget", "partsTotal", "periodStartAtUtc", "periodEndAtUtc",
)  # fmt: skip
PROGRESS_COLUMNS = (
    "currentValue", "progressValue", "partsAwardedCount", "owedSource", "owedActivityId", "owedEarnedAtUtc",
    "owedProgressValue", "updatedAtUtc", "progressUpdatedAtUtc", "lastAwardedAtUtc", "completedAtUtc",
)  # fmt: skip
MILESTONE_COLUMNS = ("version", "milestoneId", *GOAL_COLUMNS, "createdAtUtc", *PROGRESS_COLUMNS)
AWARD_COLUMNS = (
    "milestoneId", "modelId", "partIndex", "partName", "meshFile", "attachPoint", "progressValueAtAward",
    "awardedAtUtc", "earnedAtUtc", "source", "activityId",
)  # fmt: skip

_SOURCES = {source.value: source for source in Source}
_LEDGER_STATES = {state.value: state for state in LedgerState}
"""Plain mappings: calling the enum costs four times as much, and every event and every row read does so."""


def head_record(head: LedgerHead) -> Record:
    """Columns as in `HEAD_COLUMNS`."""
    return (
        head.version,
        head.state.value,
        joined(head.tracked_milestone_ids),
        head.workout_count,
        epoch(head.fenced_at),
    )


@reader
def head(record: Record) -> LedgerHead:
    """Columns as in `HEAD_COLUMNS`."""
    version, state, milestone_ids, workout_count, fenced_at = record
    return LedgerHead(
        version=version,
        state=_LEDGER_STATES[state],
        tracked_milestone_ids=tuple(map(MilestoneId, words(milestone_ids))),
        workout_count=workout_count,
        fenced_at=optional_moment(fenced_at),
    )


def snapshot_record(snapshot: ActivitySnapshot) -> Record:
    """Columns as in `SNAPSHOT_COLUMNS`."""
    return (
        snapshot.source.value,
        snapshot.activity_id,
        snapshot.sport_type,
        int(snapshot.started_at.timestamp()),
        snapshot.distance_meters,
        snapshot.elevation_meters,
        snapshot.moving_seconds,
        snapshot.elapsed_seconds,
        snapshot.name,
        snapshot.utc_offset_seconds,
        snapshot.is_flagged,
    )


@reader
def snapshot(record: Record) -> ActivitySnapshot:
    """Columns as in `SNAPSHOT_COLUMNS`."""
    (
        source, activity_id, sport_type, started_at, distance_meters, elevation_meters, moving_seconds,
        elapsed_seconds, name, utc_offset_seconds, is_flagged,
    ) = record  # fmt: skip
    return ActivitySnapshot(
        source=_SOURCES[source],
        activity_id=ActivityId(activity_id),
        sport_type=sport_type,
        started_at=moment(started_at),
        distance_meters=distance_meters,
        elevation_meters=elevation_meters,
        moving_seconds=moving_seconds,
        elapsed_seconds=elapsed_seconds,
        name=name,
        utc_offset_seconds=utc_offset_seconds,
        is_flagged=bool(is_flagged),
    )


def workout_record(workout: Workout) -> Record:
    """Columns as in `WORKOUT_COLUMNS`."""
    fetched_at = int(workout.fetched_at.timestamp())
    return (workout.version, *snapshot_record(workout.snapshot), fetched_at, epoch(workout.deleted_at))


@reader
def workout(record: Record) -> Workout:
    """Columns as in `WORKOUT_COLUMNS`."""
    version, *snapshot_columns, fetched_at, deleted_at = record
    return Workout(
        snapshot=snapshot(tuple(snapshot_columns)),
        version=version,
        fetched_at=moment(fetched_at),
        deleted_at=optional_moment(deleted_at),
    )


def milestone_record(milestone: Milestone) -> Record:
    """Columns as in `MILESTONE_COLUMNS`."""
    goal, progress, owed = milestone.goal, milestone.progress, milestone.owed
    return (
        milestone.version,
        milestone.milestone_id,
        goal.model_id,
        str(goal.sports),
        goal.target_type.value,
        goal.total_target,
        goal.parts_total,
        epoch(goal.period_start_at),
        epoch(goal.period_end_at),
        epoch(milestone.created_at),
        progress.current_value,
        progress.progress_value,
        milestone.parts_awarded,
        *(_NOTHING_OWED if owed is None else _crossing_record(owed)),
        epoch(milestone.updated_at),
        epoch(milestone.progress_updated_at),
        epoch(milestone.last_awarded_at),
        epoch(milestone.completed_at),
    )


_NOTHING_OWED = (None, None, None, None)


def _crossing_record(crossing: Crossing) -> Record:
    source, activity_id = crossing.key
    return (source.value, activity_id, epoch(crossing.earned_at), crossing.progress_value)


def _crossing(source: str, activity_id: str, earned_at: int, progress_value: int) -> Crossing:
    return Crossing(
        key=WorkoutKey(_SOURCES[source], ActivityId(activity_id)),
        earned_at=moment(earned_at),
        progress_value=progress_value,
    )


@lru_cache(maxsize=1_024)
def _goal(
    model_id: str,
    sport: str,
    target_type: str,
    total_target: int,
    parts_total: int,
    start_at: int,
    end_at: int | None,
) -> Goal:
    """A goal never changes, and every event of an athlete reads the same few."""
    return Goal(
        model_id=ModelId(model_id),
        sports=SportSelection.parse(sport.split(",")),
        target_type=TargetType(target_type),
        total_target=total_target,
        parts_total=parts_total,
        period_start_at=moment(start_at),
        period_end_at=optional_moment(end_at),
    )


@reader
def milestone(record: Record) -> Milestone:
    """Columns as in `MILESTONE_COLUMNS`."""
    version, milestone_id = record[:2]
    goal, (created_at, *progress) = record[2:9], record[9:]
    current_value, progress_value, parts_awarded, *owed = progress[:7]
    updated_at, progress_updated_at, last_awarded_at, completed_at = progress[7:]
    return Milestone(
        milestone_id=MilestoneId(milestone_id),
        goal=_goal(*goal),
        progress=Progress(current_value, progress_value),
        parts_awarded=parts_awarded,
        owed=None if owed[0] is None else _crossing(*owed),
        version=version,
        created_at=moment(created_at),
        updated_at=moment(updated_at),
        progress_updated_at=optional_moment(progress_updated_at),
        last_awarded_at=optional_moment(last_awarded_at),
        completed_at=optional_moment(completed_at),
    )


def award_record(award: Award) -> Record:
    """Columns as in `AWARD_COLUMNS`."""
    return (
        award.milestone_id,
        award.model_id,
        award.part_index,
        award.part_name,
        award.mesh_file,
        award.attach_point,
        award.progress_value_at_award,
        epoch(award.awarded_at),
        epoch(award.earned_at),
        award.workout.source.value,
        award.workout.activity_id,
    )


@reader
def award(record: Record) -> Award:
    """Columns as in `AWARD_COLUMNS`."""
    (
        milestone_id, model_id, part_index, part_name, mesh_file, attach_point, progress_value, awarded_at,
        earned_at, source, activity_id,
    ) = record  # fmt: skip
    return Award(
        milestone_id=MilestoneId(milestone_id),
        model_id=ModelId(model_id),
        part_index=part_index,
        part_name=part_name,
        mesh_file=mesh_file,
        attach_point=attach_point,
        progress_value_at_award=progress_value,
        awarded_at=moment(awarded_at),
        earned_at=moment(earned_at),
        workout=WorkoutKey(_SOURCES[source], ActivityId(activity_id)),
    )
