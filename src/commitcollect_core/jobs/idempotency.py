"""Doing once what may be asked for several times.

Events need no claim: their effect is idempotent by construction, so a worker looks whether an event is
completed, does the work, and marks it completed afterwards (`completed_event`). A request that is not
idempotent by construction is begun, worked on and completed with its answer; repeated, it gets that answer.
Completing and giving up carry the token of the process that began: one whose lease ran out must not undo the
work of the one that took over.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from attrs import evolve, field, frozen

from commitcollect_core.clocks import is_ahead
from commitcollect_core.errors import InvalidInput
from commitcollect_core.policy import Policy
from commitcollect_core.values import optional_utc, utc


class IdempotencyStatus(StrEnum):
    """Whether a process is at work, or the answer is known."""

    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"


@frozen(kw_only=True)
class IdempotencyRecord:
    """What is known of a request or an event.

    Attributes:
        request_id: of the caller's making; part of a key.
        owner_token: of the process at work; empty for an event.
        body_digest: of what was asked for; empty for an event.
        lease_until: until when that process may work; None once it is completed.
        answer: what the first one was answered; empty until then.
        expires_at: when all this may be forgotten.
    """

    request_id: str
    status: IdempotencyStatus
    owner_token: str = ""
    body_digest: str = ""
    lease_until: datetime | None = field(default=None, converter=optional_utc)
    answer: str = ""
    expires_at: datetime = field(converter=utc)


@frozen
class Begin:
    """No process has done it or is doing it: store `record`, then do it."""

    record: IdempotencyRecord


@frozen
class AlreadyDone:
    """It was done, and this was the answer."""

    answer: str


@frozen
class HeldElsewhere:
    """Another process is doing it, until `until` at most."""

    until: datetime


def decide(
    stored: IdempotencyRecord | None,
    request_id: str,
    body_digest: str,
    *,
    owner_token: str,
    now: datetime,
    policy: Policy,
) -> Begin | AlreadyDone | HeldElsewhere:
    """What to do about a request.

    Raises:
        InvalidInput: the same id was used with another body.
    """
    lease_seconds = policy.jobs.idempotency_lease_seconds
    # Its expiry counts however far ahead it lies: an answer kept too long costs a row, and one forgotten
    # early does the work twice.
    if stored is not None and stored.expires_at > now:
        # Before anything else is told: an answer to another request would be wrong, and might be a secret.
        if stored.body_digest != body_digest:
            raise InvalidInput(
                f"the idempotency key {request_id!r} was used for another request; make a new one",
                code="idempotency_key_reused",
                field="Idempotency-Key",
            )
        if stored.status is IdempotencyStatus.COMPLETED:
            return AlreadyDone(stored.answer)
        until = stored.lease_until
        if until is not None and is_ahead(until, now=now, span_seconds=lease_seconds, policy=policy):
            return HeldElsewhere(until)
    # Also where a lease has run out: the process that held it died, or is so late that it may not complete.
    return Begin(
        IdempotencyRecord(
            request_id=request_id,
            status=IdempotencyStatus.IN_PROGRESS,
            owner_token=owner_token,
            body_digest=body_digest,
            lease_until=now + timedelta(seconds=lease_seconds),
            expires_at=now + timedelta(seconds=policy.jobs.idempotency_kept_seconds),
        )
    )


def completed(record: IdempotencyRecord, answer: str) -> IdempotencyRecord:
    """The record once the work is done."""
    return evolve(record, status=IdempotencyStatus.COMPLETED, answer=answer, lease_until=None)


def completed_event(request_id: str, *, now: datetime, policy: Policy) -> IdempotencyRecord:
    """The marker of an event whose effect is written."""
    return IdempotencyRecord(
        request_id=request_id,
        status=IdempotencyStatus.COMPLETED,
        expires_at=now + timedelta(seconds=policy.jobs.event_kept_seconds),
    )
