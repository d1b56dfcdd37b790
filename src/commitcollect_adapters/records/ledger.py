"""Records of ledgers: heads, workouts, milestones and awards.

Every event encodes and decodes heads, workouts and milestones, so these are spelled out: a table of columns
takes twice as long to encode. An attribute stands in three places here: columns, encoder and decoder.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from commitcollect_adapters.records.columns import (
    MOMENT,
    Column,
    Record,
    RecordKind,
    epoch,
    joined,
    member_of,
    moment,
    optional_moment,
    record_kind,
    words,
)
from commitcollect_adapters.records.goals import (
    counters,
    counters_text,
    goal_form,
    goal_text,
    recurring_goals,
    recurring_text,
)
from commitcollect_core.training.awards import Award, Crossing
from commitcollect_core.training.goals import Goal
from commitcollect_core.training.ledger import LedgerHead, LedgerState, UntrackedMilestone
from commitcollect_core.training.milestones import Milestone, Progress
from commitcollect_core.training.sports import SportSelection
from commitcollect_core.training.workouts import ActivitySnapshot, Workout
from commitcollect_core.values import (
    ActivityId,
    AthleteId,
    MilestoneId,
    ModelId,
    Source,
    TargetType,
    WorkoutKey,
)

_SOURCES = {source.value: source for source in Source}
_LEDGER_STATES = {state.value: state for state in LedgerState}
"""Plain mappings: calling the enum costs four times as much, for every row that is read."""


def _head_record(head: LedgerHead) -> Record:
    return (
        head.version,
        head.state.value,
        joined(head.tracked_milestone_ids),
        head.workout_count,
        epoch(head.fenced_at),
        _untracked_text(head.untracked),
        head.connection_generation or None,
        recurring_text(head.recurring),
    )


def _untracked_text(untracked: Sequence[UntrackedMilestone]) -> str | None:
    """A milestone a word, ``id/start/end/stale``; None for none, which nearly every ledger has."""
    return (
        joined(
            f"{each.milestone_id}/{epoch(each.period_start_at)}/{epoch(each.period_end_at)}/{each.is_stale:d}"
            for each in untracked
        )
        or None
    )


def _untracked(word: str) -> UntrackedMilestone:
    milestone_id, start_at, end_at, is_stale = word.split("/")
    return UntrackedMilestone(
        milestone_id=MilestoneId(milestone_id),
        period_start_at=moment(int(start_at)),
        period_end_at=moment(int(end_at)),
        is_stale=is_stale == "1",
    )


def _head(record: Record) -> LedgerHead:
    version, state, milestone_ids, workout_count, fenced_at, untracked, generation, recurring = record
    return LedgerHead(
        version=version,
        state=_LEDGER_STATES[state],
        tracked_milestone_ids=tuple(map(MilestoneId, words(milestone_ids))),
        workout_count=workout_count,
        fenced_at=optional_moment(fenced_at),
        untracked=tuple(map(_untracked, words(untracked or ""))),
        connection_generation=generation or "",
        recurring=recurring_goals(recurring),
    )


HEAD = RecordKind(
    "head",
    (
        "version",
        "state",
        "activeMilestoneIds",
        "workoutCount",
        "fencedAtUtc",
        "untrackedMilestones",
        "connectionGeneration",
        "recurringGoals",
    ),
    _head_record,
    _head,
)


def _snapshot_record(snapshot: ActivitySnapshot) -> Record:
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


def _snapshot(record: Record) -> ActivitySnapshot:
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


SNAPSHOT = RecordKind(
    "snapshot",
    (
        "source", "activityId", "sportType", "startDateUtc", "distanceMeters", "total_elevation_gain",
        "movingTimeSeconds", "elapsedTimeSeconds", "activityName", "utcOffsetSeconds", "isFlagged",
    ),
    _snapshot_record,
    _snapshot,
)  # fmt: skip


def _workout_record(workout: Workout) -> Record:
    fetched_at = int(workout.fetched_at.timestamp())
    return (
        workout.version,
        *_snapshot_record(workout.snapshot),
        fetched_at,
        epoch(workout.deleted_at),
        workout.shown_to,
    )


def _workout(record: Record) -> Workout:
    *_, fetched_at, deleted_at, shown_to = record
    return Workout(
        snapshot=_snapshot(record[1:-3]),
        version=record[0],
        fetched_at=moment(fetched_at),
        deleted_at=optional_moment(deleted_at),
        shown_to=None if shown_to is None else AthleteId(shown_to),
    )


WORKOUT = RecordKind(
    "workout",
    ("version", *SNAPSHOT.columns, "fetchedAtUtc", "deletedAtUtc", "shownToAthleteId"),
    _workout_record,
    _workout,
)


def _milestone_record(milestone: Milestone) -> Record:
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
        goal_text(goal),
        counters_text(progress.counters),
        milestone.name or None,
        milestone.unit or None,
        epoch(milestone.archived_at),
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
    form: str | None,
) -> Goal:
    """A goal never changes, and every event of an athlete reads the same few."""
    more = goal_form(form)
    return Goal(
        model_id=ModelId(model_id),
        sports=SportSelection.parse(sport.split(",")),
        target_type=TargetType(target_type),
        total_target=total_target,
        parts_total=parts_total,
        period_start_at=moment(start_at),
        period_end_at=optional_moment(end_at),
        fold=more.fold,
        local_time=more.local_time,
        all_of=more.all_of,
    )


def _milestone(record: Record) -> Milestone:
    (
        version, milestone_id,
        model_id, sport, target_type, total_target, parts_total, start_at, end_at,
        created_at,
        current_value, progress_value, parts_awarded,
        source, activity_id, earned_at, owed_value,
        updated_at, progress_updated_at, last_awarded_at, completed_at,
        form, buckets, name, unit, archived_at,
    ) = record  # fmt: skip
    return Milestone(
        milestone_id=MilestoneId(milestone_id),
        goal=_goal(model_id, sport, target_type, total_target, parts_total, start_at, end_at, form),
        progress=Progress(current_value, progress_value, counters(buckets)),
        parts_awarded=parts_awarded,
        owed=None if source is None else _crossing(source, activity_id, earned_at, owed_value),
        version=version,
        created_at=moment(created_at),
        updated_at=moment(updated_at),
        progress_updated_at=optional_moment(progress_updated_at),
        last_awarded_at=optional_moment(last_awarded_at),
        completed_at=optional_moment(completed_at),
        name=name or "",
        unit=unit or "",
        archived_at=optional_moment(archived_at),
    )


MILESTONE = RecordKind(
    "milestone",
    (
        "version", "milestoneId",
        "modelId", "sport", "targetType", "totalTarget", "partsTotal", "periodStartAtUtc", "periodEndAtUtc",
        "createdAtUtc",
        "currentValue", "progressValue", "partsAwardedCount",
        "owedSource", "owedActivityId", "owedEarnedAtUtc", "owedProgressValue",
        "updatedAtUtc", "progressUpdatedAtUtc", "lastAwardedAtUtc", "completedAtUtc",
        "goal", "buckets", "milestoneName", "targetUnit", "archivedAtUtc",
    ),
    _milestone_record,
    _milestone,
)  # fmt: skip

AWARD = record_kind(
    "award",
    Award,
    Column("milestoneId", "milestone_id"),
    Column("modelId", "model_id"),
    Column("partIndex", "part_index"),
    Column("partName", "part_name"),
    Column("meshFile", "mesh_file"),
    Column("attachPoint", "attach_point"),
    Column("progressValueAtAward", "progress_value_at_award"),
    Column("awardedAtUtc", "awarded_at", MOMENT),
    Column("earnedAtUtc", "earned_at", MOMENT),
    Column("source", "workout.source", member_of(Source)),
    Column("activityId", "workout.activity_id"),
    Column("meshSha256", "mesh_sha256"),
    parts={"workout": WorkoutKey},
)
