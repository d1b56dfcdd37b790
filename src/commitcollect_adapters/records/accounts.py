"""Records of accounts: profiles, sessions, handshakes, deletions and the audit log."""

from __future__ import annotations

import json

from commitcollect_adapters.records.columns import (
    MAPPING,
    MOMENT,
    OPTIONAL_MOMENT,
    Codec,
    Column,
    epoch,
    joined,
    json_text,
    mapping,
    member_of,
    moment,
    record_kind,
    under,
    words,
)
from commitcollect_core.accounts.audit import AuditEvent, AuditResult, AuditType
from commitcollect_core.accounts.chain import AuditEntry, ChainHead
from commitcollect_core.accounts.deletion import DeletionRequest, DeletionStep, VerificationResult
from commitcollect_core.accounts.profiles import UserProfile
from commitcollect_core.accounts.sessions import Session
from commitcollect_core.handshakes import Handshake, HandshakePurpose

_STEPS = Codec(joined, lambda text: tuple(map(DeletionStep, words(text))))
_WAITS = Codec(
    lambda waits: json_text({step.value: epoch(at) for step, at in waits.items()}),
    lambda text: {DeletionStep(step): moment(at) for step, at in mapping(text).items()},
)
_VERIFICATIONS = Codec(
    lambda results: json_text([(epoch(each.verified_at), each.found) for each in results]),
    lambda text: tuple(VerificationResult(moment(at), found) for at, found in json.loads(text)),
)
_TEXT_OR_NONE = Codec(lambda text: text, lambda stored: stored or "")
"""A text that older records lack."""

PROFILE = record_kind(
    "profile",
    UserProfile,
    Column("version", "version"),
    Column("userId", "user_id"),
    Column("createdAtUtc", "created_at", MOMENT),
    Column("email", "email"),
    Column("displayName", "display_name"),
    Column("plan", "plan"),
    Column("role", "role"),
    Column("timeZone", "time_zone"),
    Column("providerUsername", "provider_username"),
)
SESSION = record_kind(
    "session",
    Session,
    Column("userId", "user_id"),
    Column("createdAtUtc", "created_at", MOMENT),
    Column("lastSeenAtUtc", "last_seen_at", MOMENT),
    Column("expiresAtUtc", "expires_at", MOMENT),
    Column("userAgent", "user_agent", _TEXT_OR_NONE),
    Column("sessionId", "session_id"),
)
HANDSHAKE = record_kind(
    "handshake",
    Handshake,
    Column("purpose", "purpose", member_of(HandshakePurpose)),
    Column("userId", "user_id"),
    Column("createdAtUtc", "created_at", MOMENT),
    Column("expiresAtUtc", "expires_at", MOMENT),
    Column("state", "state"),
    Column("binding", "binding"),
    Column("details", "details", MAPPING),
)
DELETION = record_kind(
    "deletion",
    DeletionRequest,
    Column("version", "version"),
    Column("requestId", "request_id"),
    Column("requestedAtUtc", "requested_at", MOMENT),
    Column("completedAtUtc", "completed_at", OPTIONAL_MOMENT),
    Column("stepsDone", "steps_done", _STEPS),
    Column("stepsGivenUp", "steps_given_up", _STEPS),
    Column("waits", "waits", _WAITS),
    Column("failure", "failure"),
    Column("counts", "counts", MAPPING),
    Column("verifications", "verifications", _VERIFICATIONS),
    Column("ownerToken", "owner_token"),
    Column("receipt", "receipt"),
    Column("identifiers", "identifiers"),
)
_EVENT = (
    Column("userId", "user_id"),
    Column("occurredAtUtc", "occurred_at", MOMENT),
    Column("requestId", "request_id"),
    Column("eventType", "event_type", member_of(AuditType)),
    Column("eventVersion", "event_version"),
    Column("correlationId", "correlation_id"),
    Column("actor", "actor"),
    Column("result", "result", member_of(AuditResult)),
    Column("method", "method"),
    Column("path", "path"),
    Column("origin", "origin"),
    Column("ipHash", "ip_hash"),
    Column("userAgent", "user_agent"),
    Column("data", "data", MAPPING),
    Column("metrics", "metrics", MAPPING),
)
AUDIT = record_kind(
    "audit entry",
    AuditEntry,
    *under("event", _EVENT),
    Column("sequence", "sequence"),
    Column("latestBeforeUtc", "latest_before", OPTIONAL_MOMENT),
    Column("previousDigest", "previous"),
    Column("digest", "digest"),
    parts={"event": AuditEvent},
)
AUDIT_HEAD = record_kind(
    "head of an audit chain",
    ChainHead,
    Column("version", "version"),
    Column("userId", "user_id"),
    Column("sequence", "sequence"),
    Column("digest", "digest"),
    Column("latestAtUtc", "latest_at", OPTIONAL_MOMENT),
    Column("erasedSequence", "erased_sequence"),
    Column("erasedDigest", "erased_digest"),
    Column("brokenAt", "broken_at"),
    Column("seal", "seal"),
)
