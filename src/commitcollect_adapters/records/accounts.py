"""Records of accounts: profiles, sessions, handshakes and deletions."""

from __future__ import annotations

from commitcollect_adapters.records.encoding import (
    Record,
    epoch,
    joined,
    json_text,
    mapping,
    moment,
    optional_moment,
    reader,
    words,
)
from commitcollect_core.accounts.deletion import DeletionRequest, DeletionStep
from commitcollect_core.accounts.profiles import UserProfile
from commitcollect_core.accounts.sessions import Session
from commitcollect_core.handshakes import Handshake, HandshakePurpose
from commitcollect_core.values import UserId

PROFILE_COLUMNS = ("version", "userId", "createdAtUtc", "email", "displayName", "plan", "role", "timeZone")
SESSION_COLUMNS = ("userId", "createdAtUtc", "lastSeenAtUtc", "expiresAtUtc", "sessionId")
HANDSHAKE_COLUMNS = ("purpose", "userId", "createdAtUtc", "expiresAtUtc", "state", "binding", "details")
DELETION_COLUMNS = (
    "version", "requestId", "userId", "stepsDone", "identifiers", "requestedAtUtc", "completedAtUtc",
    "receipt",
)  # fmt: skip


def profile_record(profile: UserProfile) -> Record:
    """Columns as in `PROFILE_COLUMNS`."""
    return (
        profile.version,
        profile.user_id,
        epoch(profile.created_at),
        profile.email,
        profile.display_name,
        profile.plan,
        profile.role,
        profile.time_zone,
    )


@reader
def profile(record: Record) -> UserProfile:
    """Columns as in `PROFILE_COLUMNS`."""
    version, user_id, created_at, email, display_name, plan, role, time_zone = record
    return UserProfile(
        user_id=UserId(user_id),
        email=email,
        created_at=moment(created_at),
        display_name=display_name,
        plan=plan,
        role=role,
        time_zone=time_zone,
        version=version,
    )


def session_record(session: Session) -> Record:
    """Columns as in `SESSION_COLUMNS`."""
    return (
        session.user_id,
        epoch(session.created_at),
        epoch(session.last_seen_at),
        epoch(session.expires_at),
        session.session_id,
    )


@reader
def session(record: Record) -> Session:
    """Columns as in `SESSION_COLUMNS`."""
    user_id, created_at, last_seen_at, expires_at, session_id = record
    return Session(
        session_id=session_id,
        user_id=UserId(user_id),
        created_at=moment(created_at),
        last_seen_at=moment(last_seen_at),
        expires_at=moment(expires_at),
    )


def handshake_record(handshake: Handshake) -> Record:
    """Columns as in `HANDSHAKE_COLUMNS`."""
    return (
        handshake.purpose.value,
        handshake.user_id,
        epoch(handshake.created_at),
        epoch(handshake.expires_at),
        handshake.state,
        handshake.binding,
        json_text(dict(handshake.details)),
    )


@reader
def handshake(record: Record) -> Handshake:
    """Columns as in `HANDSHAKE_COLUMNS`."""
    purpose, user_id, created_at, expires_at, state, binding, details = record
    return Handshake(
        state=state,
        purpose=HandshakePurpose(purpose),
        binding=binding,
        user_id=None if user_id is None else UserId(user_id),
        details=mapping(details),
        created_at=moment(created_at),
        expires_at=moment(expires_at),
    )


def deletion_record(request: DeletionRequest) -> Record:
    """Columns as in `DELETION_COLUMNS`."""
    return (
        request.version,
        request.request_id,
        request.user_id,
        joined(request.steps_done),
        request.identifiers,
        epoch(request.requested_at),
        epoch(request.completed_at),
        request.receipt,
    )


@reader
def deletion(record: Record) -> DeletionRequest:
    """Columns as in `DELETION_COLUMNS`."""
    version, request_id, user_id, steps_done, identifiers, requested_at, completed_at, receipt = record
    return DeletionRequest(
        request_id=request_id,
        user_id=UserId(user_id),
        identifiers=identifiers,
        steps_done=tuple(map(DeletionStep, words(steps_done))),
        requested_at=moment(requested_at),
        completed_at=optional_moment(completed_at),
        receipt=receipt,
        version=version,
    )
