"""Records of jobs, and of the requests and events that are dealt with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import evolve

from commitcollect_adapters.records.columns import (
    FLAG,
    MOMENT,
    OPTIONAL_MOMENT,
    Codec,
    Column,
    epoch,
    json_text,
    mapping,
    member_of,
    moment,
    record_kind,
    under,
)
from commitcollect_core.jobs.idempotency import IdempotencyRecord, IdempotencyStatus
from commitcollect_core.jobs.jobs import Job, JobEvent, ParkedJob, QueueEntry


def _subject_text(subject: Mapping[str, str]) -> str:
    """A subject as JSON. Its names are not sorted, as their order is that of the key."""
    return _IN_ORDER.encode(dict(subject))


_IN_ORDER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


def _events_text(events: Sequence[JobEvent]) -> str:
    return json_text(
        [(each.key, epoch(each.occurred_at), *([True] if each.is_deletion else [])) for each in events]
    )


def _events(text: str) -> tuple[JobEvent, ...]:
    return tuple(map(_event, json.loads(text)))


def _event(stored: Sequence[Any]) -> JobEvent:
    # The third is left out where it is false, as it always was before there was one.
    key, occurred_at, *is_deletion = stored
    return JobEvent(_text(key), moment(occurred_at), is_deletion=is_deletion == [True])


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a text")  # noqa: TRY004 - a stored value is wrong, not a caller
    return value


def _job(*, key: str, **attributes: Any) -> Job:
    """A job, whose key follows from the rest; it is stored all the same, for stores to find it by."""
    job = Job(**attributes)
    if job.key != key:
        raise ValueError(f"the key of such a job is {job.key!r}")
    return job


def _grouped_job(*, group: str, **attributes: Any) -> Job:
    """A job in a queue, stored with its group for stores to find it by."""
    job = _job(**attributes)
    if job.group != group:
        raise ValueError(f"the group of such a job is {job.group!r}")
    return job


_EVENTS = Codec(_events_text, _events)
_JOB = (
    Column("jobKey", "key"),
    Column("kind", "kind"),
    Column("subject", "subject", Codec(_subject_text, mapping)),
    Column("events", "events", _EVENTS),
    Column("enqueuedAtUtc", "enqueued_at", MOMENT),
    Column("correlationId", "correlation_id"),
)
JOB = record_kind("job", _job, *_JOB)


def _entry(*, job: Job, renewed: Mapping[str, Any] | None, **own: Any) -> QueueEntry:
    """An entry; a job that was put again meanwhile is stored as its difference from the first."""
    return QueueEntry(job=job, renewed=None if renewed is None else evolve(job, **renewed), **own)


ENTRY = record_kind(
    "job",
    _entry,
    *under("job", _JOB),
    Column("jobGroup", "job.group"),
    Column("dueAtUtc", "due_at", MOMENT),
    Column("attempts", "attempts"),
    Column("renewedEvents", "renewed.events", _EVENTS),
    Column("renewedEnqueuedAtUtc", "renewed.enqueued_at", MOMENT),
    Column("renewedCorrelationId", "renewed.correlation_id"),
    Column("renewedDueAtUtc", "renewed_due_at", OPTIONAL_MOMENT),
    Column("isPutOff", "is_put_off", FLAG),
    Column("lastError", "last_error"),
    Column("leaseToken", "token"),
    parts={"job": _grouped_job, "renewed": dict},
)
PARKED = record_kind(
    "parked job",
    ParkedJob,
    *under("job", _JOB),
    Column("attempts", "attempts"),
    Column("reason", "reason"),
    Column("parkedAtUtc", "parked_at", MOMENT),
    parts={"job": _job},
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
