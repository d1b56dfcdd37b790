"""Records of jobs, and of the requests and events that are dealt with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import evolve

from commitcollect_adapters.records.columns import (
    MOMENT,
    OPTIONAL_MOMENT,
    WORDS,
    Column,
    member_of,
    record_kind,
    under,
)
from commitcollect_core.jobs.idempotency import IdempotencyRecord, IdempotencyStatus
from commitcollect_core.jobs.jobs import Job, JobKind, ParkedJob, QueueEntry

_JOB = (
    Column("jobKey", "key"),
    Column("kind", "kind", member_of(JobKind)),
    Column("athleteId", "athlete_id"),
    Column("activityId", "activity_id"),
    Column("requestIds", "request_ids", WORDS),
    Column("enqueuedAtUtc", "enqueued_at", MOMENT),
)
JOB = record_kind("job", Job, *_JOB)


def _entry(*, job: Job, renewed: Mapping[str, Any] | None, **own: Any) -> QueueEntry:
    """An entry; a job that was put again meanwhile is stored as its difference from the first."""
    return QueueEntry(job=job, renewed=None if renewed is None else evolve(job, **renewed), **own)


ENTRY = record_kind(
    "job",
    _entry,
    *under("job", _JOB),
    Column("dueAtUtc", "due_at", MOMENT),
    Column("attempts", "attempts"),
    Column("renewedRequestIds", "renewed.request_ids", WORDS),
    Column("renewedEnqueuedAtUtc", "renewed.enqueued_at", MOMENT),
    Column("renewedDueAtUtc", "renewed_due_at", OPTIONAL_MOMENT),
    Column("leaseToken", "token"),
    parts={"job": Job, "renewed": dict},
)
PARKED = record_kind(
    "parked job",
    ParkedJob,
    *under("job", _JOB),
    Column("attempts", "attempts"),
    Column("reason", "reason"),
    Column("parkedAtUtc", "parked_at", MOMENT),
    parts={"job": Job},
)
IDEMPOTENCY = record_kind(
    "idempotency record",
    IdempotencyRecord,
    Column("requestId", "request_id"),
    Column("status", "status", member_of(IdempotencyStatus)),
    Column("expiresAtUtc", "expires_at", MOMENT),
    Column("ownerToken", "owner_token"),
    Column("bodyDigest", "body_digest"),
    Column("leaseUntilUtc", "lease_until", OPTIONAL_MOMENT),
    Column("answer", "answer"),
)
