"""Jobs as records."""

from __future__ import annotations

from commitcollect_adapters.records.encoding import (
    Record,
    epoch,
    joined,
    moment,
    optional_moment,
    reader,
    words,
)
from commitcollect_core.jobs.jobs import Job, JobKind, ParkedJob, QueueEntry
from commitcollect_core.values import ActivityId, AthleteId

JOB_COLUMNS = ("jobKey", "kind", "athleteId", "activityId", "requestIds", "enqueuedAtUtc")
ENTRY_COLUMNS = (
    *JOB_COLUMNS, "dueAtUtc", "attempts", "renewedRequestIds", "renewedEnqueuedAtUtc", "renewedDueAtUtc",
    "leaseToken",
)  # fmt: skip
PARKED_COLUMNS = (*JOB_COLUMNS, "attempts", "reason", "parkedAtUtc")
_JOB_END = len(JOB_COLUMNS)


def job_record(job: Job) -> Record:
    """Columns as in `JOB_COLUMNS`."""
    return (
        job.key,
        job.kind.value,
        job.athlete_id,
        job.activity_id,
        joined(job.request_ids),
        epoch(job.enqueued_at),
    )


@reader
def job(record: Record) -> Job:
    """Columns as in `JOB_COLUMNS`."""
    key, kind, athlete_id, activity_id, request_ids, enqueued_at = record
    return Job(
        key=key,
        kind=JobKind(kind),
        athlete_id=AthleteId(athlete_id),
        activity_id=None if activity_id is None else ActivityId(activity_id),
        request_ids=words(request_ids),
        enqueued_at=moment(enqueued_at),
    )


def entry_record(entry: QueueEntry) -> Record:
    """Columns as in `ENTRY_COLUMNS`."""
    renewed = entry.renewed
    return (
        *job_record(entry.job),
        epoch(entry.due_at),
        entry.attempts,
        None if renewed is None else joined(renewed.request_ids),
        None if renewed is None else epoch(renewed.enqueued_at),
        epoch(entry.renewed_due_at),
        entry.token,
    )


@reader
def entry(record: Record) -> QueueEntry:
    """Columns as in `ENTRY_COLUMNS`."""
    held = job(record[:_JOB_END])
    due_at, attempts, renewed_ids, renewed_enqueued_at, renewed_due_at, token = record[_JOB_END:]
    renewed_columns = (*record[: _JOB_END - 2], renewed_ids, renewed_enqueued_at)
    return QueueEntry(
        job=held,
        due_at=moment(due_at),
        attempts=attempts,
        token=token,
        renewed=None if renewed_ids is None else job(renewed_columns),
        renewed_due_at=optional_moment(renewed_due_at),
    )


def parked_record(parked: ParkedJob) -> Record:
    """Columns as in `PARKED_COLUMNS`."""
    return (*job_record(parked.job), parked.attempts, parked.reason, epoch(parked.parked_at))


@reader
def parked(record: Record) -> ParkedJob:
    """Columns as in `PARKED_COLUMNS`."""
    attempts, reason, parked_at = record[_JOB_END:]
    return ParkedJob(
        job=job(record[:_JOB_END]), attempts=attempts, reason=reason, parked_at=moment(parked_at)
    )
