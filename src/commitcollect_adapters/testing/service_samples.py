"""Sample values for the suites of a service's stores.

Names are unique, so that suites can share a store.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from random import SystemRandom
from uuid import uuid4

from commitcollect_adapters.testing.samples import NOW, at, context
from commitcollect_adapters.testing.service_strategies import LATER
from commitcollect_core.accounts.audit import AuditEvent, AuditResult, AuditType
from commitcollect_core.accounts.auditing import Auditing
from commitcollect_core.accounts.chain import AuditEntry, AuditKeys
from commitcollect_core.accounts.deletion import DeletionRequest
from commitcollect_core.accounts.ports import AuditLog
from commitcollect_core.accounts.profiles import UserProfile
from commitcollect_core.accounts.sessions import Session
from commitcollect_core.handshakes import Handshake, HandshakePurpose
from commitcollect_core.jobs.idempotency import IdempotencyRecord, IdempotencyStatus
from commitcollect_core.stores import Stores
from commitcollect_core.strava.backfills import Backfill, StagedPage
from commitcollect_core.strava.connections import ConnectionCommit, StravaConnection
from commitcollect_core.strava.rates import RateBudget
from commitcollect_core.training.awards import StatueModel
from commitcollect_core.training.publications import Publication, Stage
from commitcollect_core.training.workouts import ActivitySnapshot
from commitcollect_core.values import ActivityId, AthleteId, Source, UserId

_MONTHS_PER_YEAR = 12
_FIRST_YEAR, _YEARS = 2040, 200
AUDIT_KEYS = AuditKeys((b"audit key of samples" * 2,))
_run = SystemRandom()
_athletes = count(_run.randrange(10**9, 10**10))
_months = count(_run.randrange(_YEARS * _MONTHS_PER_YEAR))


def new_name(kind: str) -> str:
    """A unique name of this kind."""
    return f"{kind}-{uuid4().hex[:12]}"


def published(model: StatueModel, version: int = 1) -> Publication:
    """A model on offer, or one that is no longer."""
    stage = Stage.PUBLISHED if model.is_active else Stage.RETIRED
    return Publication(model=model, stage=stage, version=version)


def new_strava_athlete() -> AthleteId:
    """A new Strava athlete without a connection."""
    return AthleteId(str(next(_athletes)))


def new_month() -> datetime:
    """The first day of an unused month.

    It is far ahead, so that nothing expires.
    """
    years, months = divmod(next(_months) % (_YEARS * _MONTHS_PER_YEAR), _MONTHS_PER_YEAR)
    return LATER.replace(year=_FIRST_YEAR + years, month=1 + months)


def fence(stores: Stores, user_id: UserId) -> None:
    """Begin to delete a user's account."""
    stores.ledger.fence(user_id, now=NOW)


def tombstone(stores: Stores, user_id: UserId) -> None:
    """Remember a user's account as deleted."""
    stores.deletions.write(deletion(stores.deletions.id_of(user_id)))


def profile(user_id: UserId, version: int = 1) -> UserProfile:
    """A profile whose plan tells its version."""
    return UserProfile(
        user_id=user_id, email="me@example.org", created_at=NOW, plan=f"plan {version}", version=version
    )


def connection(
    user_id: UserId, athlete_id: AthleteId, version: int = 1, generation: str = ""
) -> StravaConnection:
    """A connection whose tokens tell its version."""
    return StravaConnection(
        user_id=user_id,
        athlete_id=athlete_id,
        access_token=f"sealed access {version}",
        refresh_token=f"sealed refresh {version}",
        expires_at=at(version),
        scope=("activity:read", "read"),
        updated_at=NOW,
        version=version,
        generation=generation,
    )


def connecting(after: StravaConnection, before: StravaConnection | None = None) -> ConnectionCommit:
    """The commit that adds or replaces a connection."""
    return ConnectionCommit(user_id=after.user_id, before=before, after=after)


def disconnecting(before: StravaConnection) -> ConnectionCommit:
    """The commit that removes a connection."""
    return ConnectionCommit(user_id=before.user_id, before=before, after=None)


def backfill(
    user_id: UserId, version: int = 1, *, generation: str = "", connection_generation: str = ""
) -> Backfill:
    """A backfill whose count tells its version."""
    return Backfill(
        user_id=user_id,
        connection_generation=connection_generation,
        started_at=NOW,
        updated_at=NOW,
        activities_listed=version,
        version=version,
        generation=generation,
    )


def staged_page(number: int, *, activities: int = 1, name: str = "") -> StagedPage:
    """A page of so many activities, each with this name."""
    snapshots = tuple(
        ActivitySnapshot(
            source=Source.STRAVA,
            activity_id=ActivityId(f"{10**10 + number * 1_000 + place}"),
            sport_type="Ride",
            started_at=at(place),
            distance_meters=10_000,
            elevation_meters=1_000,
            moving_seconds=3_600,
            elapsed_seconds=3_600,
            name=name,
            utc_offset_seconds=-3_600,
        )
        for place in range(activities)
    )
    return StagedPage(number=number, listed_at=NOW, snapshots=snapshots, athlete_id=AthleteId("7"))


def session(user_id: UserId, *, created: int = 0, seen: int = 0) -> Session:
    """A session made and last seen so many seconds later."""
    return Session(
        session_id=new_name("session"),
        user_id=user_id,
        created_at=LATER + timedelta(seconds=created),
        last_seen_at=LATER + timedelta(seconds=seen),
        expires_at=LATER + timedelta(days=30),
    )


def handshake() -> Handshake:
    """A new handshake."""
    return Handshake(
        state=new_name("state"),
        purpose=HandshakePurpose.STRAVA,
        binding="browser",
        created_at=LATER,
        expires_at=LATER + timedelta(minutes=10),
    )


def claim(request_id: str, owner_token: str) -> IdempotencyRecord:
    """The first claim of a request."""
    return IdempotencyRecord(
        request_id=request_id,
        status=IdempotencyStatus.IN_PROGRESS,
        owner_token=owner_token,
        body_digest="digest",
        lease_until=LATER,
        expires_at=LATER + timedelta(days=1),
    )


def marker(request_id: str) -> IdempotencyRecord:
    """The mark of a processed event."""
    return IdempotencyRecord(
        request_id=request_id, status=IdempotencyStatus.COMPLETED, expires_at=LATER + timedelta(days=10)
    )


def rate_budget(version: int = 1) -> RateBudget:
    """A budget of which as much is used as its version says."""
    return RateBudget(window_limit=100, day_limit=1_000, window_used=version, version=version)


def deletion(request_id: str, version: int = 1) -> DeletionRequest:
    """A deletion whose identifiers tell its version."""
    return DeletionRequest(
        request_id=request_id,
        identifiers=f"sealed {version}",
        requested_at=NOW,
        version=version,
    )


def auditing(log: AuditLog) -> Auditing:
    """The use cases of a log, with a key of the samples."""
    return Auditing(log=log, keys=AUDIT_KEYS, context=context())


def write_audit(log: AuditLog, event: AuditEvent) -> AuditEntry:
    """Append an event to its user's chain."""
    return auditing(log).append(event)


def audit_event(
    user_id: UserId,
    request_id: str,
    *,
    occurred_at: datetime = LATER,
    correlation_id: str = "",
    event_type: AuditType = AuditType.AUTH_LOGIN,
) -> AuditEvent:
    """An entry; of a flow of its own unless told."""
    return AuditEvent(
        user_id=user_id,
        event_type=event_type,
        occurred_at=occurred_at,
        request_id=request_id,
        correlation_id=correlation_id or new_name("flow"),
        actor=user_id,
        result=AuditResult.SUCCESS,
    )
