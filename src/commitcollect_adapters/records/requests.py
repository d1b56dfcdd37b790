"""Records of what was asked for: which requests were dealt with, and who did what."""

from __future__ import annotations

from commitcollect_adapters.records.encoding import (
    Record,
    epoch,
    json_text,
    mapping,
    moment,
    optional_moment,
    reader,
)
from commitcollect_core.accounts.audit import AuditEvent, AuditResult, AuditType
from commitcollect_core.jobs.idempotency import IdempotencyRecord, IdempotencyStatus
from commitcollect_core.values import UserId

IDEMPOTENCY_COLUMNS = (
    "requestId", "status", "expiresAtUtc", "ownerToken", "bodyDigest", "leaseUntilUtc", "answer",
)  # fmt: skip
AUDIT_COLUMNS = (
    "userId", "occurredAtUtc", "requestId", "eventType", "eventVersion", "correlationId", "actor", "result",
    "method", "path", "origin", "ipHash", "userAgent", "data", "metrics",
)  # fmt: skip


def idempotency_record(known: IdempotencyRecord) -> Record:
    """Columns as in `IDEMPOTENCY_COLUMNS`."""
    return (
        known.request_id,
        known.status.value,
        epoch(known.expires_at),
        known.owner_token,
        known.body_digest,
        epoch(known.lease_until),
        known.answer,
    )


@reader
def idempotency(record: Record) -> IdempotencyRecord:
    """Columns as in `IDEMPOTENCY_COLUMNS`."""
    request_id, status, expires_at, owner_token, body_digest, lease_until, answer = record
    return IdempotencyRecord(
        request_id=request_id,
        status=IdempotencyStatus(status),
        owner_token=owner_token,
        body_digest=body_digest,
        lease_until=optional_moment(lease_until),
        answer=answer,
        expires_at=moment(expires_at),
    )


def audit_record(event: AuditEvent) -> Record:
    """Columns as in `AUDIT_COLUMNS`."""
    return (
        event.user_id,
        epoch(event.occurred_at),
        event.request_id,
        event.event_type.value,
        event.event_version,
        event.correlation_id,
        event.actor,
        event.result.value,
        event.method,
        event.path,
        event.origin,
        event.ip_hash,
        event.user_agent,
        json_text(dict(event.data)),
        json_text(dict(event.metrics)),
    )


@reader
def audit(record: Record) -> AuditEvent:
    """Columns as in `AUDIT_COLUMNS`."""
    (
        user_id, occurred_at, request_id, event_type, event_version, correlation_id, actor, result, method,
        path, origin, ip_hash, user_agent, data, metrics,
    ) = record  # fmt: skip
    return AuditEvent(
        user_id=UserId(user_id),
        event_type=AuditType(event_type),
        event_version=event_version,
        occurred_at=moment(occurred_at),
        request_id=request_id,
        correlation_id=correlation_id,
        actor=actor,
        result=AuditResult(result),
        method=method,
        path=path,
        origin=origin,
        ip_hash=ip_hash,
        user_agent=user_agent,
        data=mapping(data),
        metrics=mapping(metrics),
    )
