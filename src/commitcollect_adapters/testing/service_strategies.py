"""Hypothesis strategies for what a service stores beside ledgers.

Each field takes any value, whether or not the values fit together.

What may expire does so late, so that no engine removes it while a test runs.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from string import ascii_letters, digits
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from commitcollect_adapters.testing.strategies import believable_moments, moments, snapshots, workout_keys
from commitcollect_core.accounts.audit import AuditEvent, AuditResult, AuditType
from commitcollect_core.accounts.chain import AuditEntry, ChainHead
from commitcollect_core.accounts.deletion import DeletionRequest, DeletionStep, VerificationResult
from commitcollect_core.accounts.profiles import UserProfile
from commitcollect_core.accounts.sessions import Session
from commitcollect_core.handshakes import Handshake, HandshakePurpose
from commitcollect_core.jobs.idempotency import IdempotencyRecord, IdempotencyStatus
from commitcollect_core.jobs.jobs import Job, JobEvent
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.strava.backfills import Backfill, BackfillPhase, StagedPage
from commitcollect_core.strava.connections import ConnectionStatus, Lease, StravaConnection
from commitcollect_core.strava.rates import RateBudget
from commitcollect_core.values import AthleteId, Source, UserId, WorkoutKey

LATER = datetime(2090, 1, 1, tzinfo=UTC)

_texts = st.text(max_size=20)
_optional_moments = st.none() | believable_moments()
_counts = st.integers(0, 10**9)
_words = st.lists(st.text(ascii_letters + digits + ":_", min_size=1, max_size=10), unique=True, max_size=4)
_plain_ids = st.text(ascii_letters + digits + "-", min_size=1, max_size=20)


def later_moments() -> SearchStrategy[datetime]:
    """Times of one year, far ahead."""
    return moments(LATER, LATER + timedelta(days=365))


def _mappings(values: SearchStrategy[object]) -> SearchStrategy[dict[str, object]]:
    """Mappings in order of name, as stores give them back."""
    return st.dictionaries(_texts, values, max_size=4).map(lambda each: dict(sorted(each.items())))


def profiles(*, user_id: UserId, version: int) -> SearchStrategy[UserProfile]:
    """Profiles a store must hold."""
    return st.builds(
        UserProfile,
        user_id=st.just(user_id),
        email=_texts,
        created_at=believable_moments(),
        display_name=_texts,
        plan=_texts,
        role=_texts,
        time_zone=_texts,
        provider_username=st.none() | _texts,
        version=st.just(version),
    )


def connections(
    *, user_id: UserId, athlete_id: AthleteId, version: int, generation: str
) -> SearchStrategy[StravaConnection]:
    """Connections a store must hold."""
    return st.builds(
        StravaConnection,
        user_id=st.just(user_id),
        athlete_id=st.just(athlete_id),
        access_token=_texts,
        refresh_token=_texts,
        expires_at=believable_moments(),
        scope=_words.map(sorted).map(tuple),
        status=st.sampled_from(ConnectionStatus),
        lease=st.none() | st.builds(Lease, _texts, believable_moments()),
        updated_at=believable_moments(),
        version=st.just(version),
        generation=st.just(generation),
        consent_version=st.none() | st.integers(1, 1_000),
    )


def backfills(*, user_id: UserId, version: int, generation: str) -> SearchStrategy[Backfill]:
    """Backfills a store must hold."""
    return st.builds(
        Backfill,
        user_id=st.just(user_id),
        athlete_id=st.none() | _plain_ids.map(AthleteId),
        generation=st.just(generation),
        phase=st.sampled_from(BackfillPhase),
        after=_optional_moments,
        before=_optional_moments,
        pages_staged=_counts,
        pages_listed=_counts,
        activities_listed=_counts,
        activities_rejected=_counts,
        activities_hidden=_counts,
        rejections=st.lists(st.text(max_size=20), max_size=3).map(tuple),
        workouts_changed=_counts,
        started_at=believable_moments(),
        updated_at=believable_moments(),
        version=st.just(version),
    )


def staged_pages(*, number: int) -> SearchStrategy[StagedPage]:
    """Pages a store must hold."""
    keys = workout_keys().map(lambda key: WorkoutKey(Source.STRAVA, key.activity_id))
    wide = snapshots(
        keys=keys,
        starts=believable_moments(),
        sport_types=st.text(min_size=1, max_size=DEFAULT_POLICY.training.sport_type_chars_max),
    )
    return st.builds(
        StagedPage,
        number=st.just(number),
        listed_at=believable_moments(),
        snapshots=st.lists(wide, max_size=3).map(tuple),
        athlete_id=st.none() | _plain_ids.map(AthleteId),
        generation=_texts,
    )


def sessions(*, session_id: str, user_id: UserId) -> SearchStrategy[Session]:
    """Sessions a store must hold."""
    return st.builds(
        Session,
        session_id=st.just(session_id),
        user_id=st.just(user_id),
        created_at=later_moments(),
        last_seen_at=later_moments(),
        expires_at=later_moments(),
        user_agent=_texts,
    )


def handshakes(*, state: str) -> SearchStrategy[Handshake]:
    """Handshakes a store must hold."""
    return st.builds(
        Handshake,
        state=st.just(state),
        purpose=st.sampled_from(HandshakePurpose),
        binding=_texts,
        user_id=st.none() | _plain_ids.map(UserId),
        details=_mappings(_texts),
        created_at=later_moments(),
        expires_at=later_moments(),
    )


def idempotency_records(*, request_id: str, status: IdempotencyStatus) -> SearchStrategy[IdempotencyRecord]:
    """Records of requests a store must hold."""
    return st.builds(
        IdempotencyRecord,
        request_id=st.just(request_id),
        status=st.just(status),
        owner_token=_texts,
        body_digest=_texts,
        lease_until=_optional_moments,
        answer=_texts,
        expires_at=later_moments(),
    )


def rate_budgets(*, version: int) -> SearchStrategy[RateBudget]:
    """Budgets a store must hold."""
    return st.builds(
        RateBudget,
        window_limit=_counts,
        day_limit=_counts,
        window_at=_optional_moments,
        window_used=_counts,
        day_at=_optional_moments,
        day_used=_counts,
        paused_until=_optional_moments,
        pause_reason=_texts,
        version=st.just(version),
    )


def jobs() -> SearchStrategy[Job]:
    """Jobs a queue must hold: of any kind, about anything."""
    kinds = st.from_regex(r"\A[a-z][a-z0-9-]{0,9}/[a-z][a-z0-9-]{0,9}\Z")
    ids = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._@-]{0,9}\Z")
    subjects = st.dictionaries(_texts, ids, max_size=3)
    events = st.builds(JobEvent, _texts, believable_moments(), st.booleans())
    return st.builds(
        Job,
        kind=kinds,
        subject=subjects,
        events=st.lists(events, max_size=3).map(tuple),
        enqueued_at=believable_moments(),
        correlation_id=_texts,
    )


def _in_order(mapping: dict[Any, Any]) -> dict[Any, Any]:
    """As a mapping is read back."""
    return dict(sorted(mapping.items()))


def deletions(*, request_id: str, version: int) -> SearchStrategy[DeletionRequest]:
    """Deletions a store must hold."""
    steps = st.lists(st.sampled_from(DeletionStep), unique=True, max_size=3).map(tuple)
    return st.builds(
        DeletionRequest,
        request_id=st.just(request_id),
        identifiers=_texts,
        steps_done=steps,
        steps_given_up=steps,
        waits=st.dictionaries(st.sampled_from(DeletionStep), believable_moments(), max_size=3).map(_in_order),
        failure=_texts,
        counts=st.dictionaries(_plain_ids, _counts, max_size=3).map(_in_order),
        verifications=st.lists(st.builds(VerificationResult, believable_moments(), _counts), max_size=2).map(
            tuple
        ),
        requested_at=believable_moments(),
        completed_at=_optional_moments,
        owner_token=_texts,
        receipt=_texts,
        version=st.just(version),
    )


def audit_events(*, user_id: UserId, correlation_id: str) -> SearchStrategy[AuditEvent]:
    """Entries a log must hold."""
    return st.builds(
        AuditEvent,
        user_id=st.just(user_id),
        event_type=st.sampled_from(AuditType),
        event_version=st.integers(1, 100),
        occurred_at=later_moments(),
        request_id=_plain_ids,
        correlation_id=st.just(correlation_id),
        actor=_texts,
        result=st.sampled_from(AuditResult),
        method=_texts,
        path=_texts,
        origin=_texts,
        ip_hash=_texts,
        user_agent=_texts,
        data=_mappings(_texts),
        metrics=_mappings(st.integers(-(10**9), 10**9)),
    )


def audit_entries(*, user_id: UserId) -> SearchStrategy[AuditEntry]:
    """Entries in a chain a log must hold."""
    return st.builds(
        AuditEntry,
        event=audit_events(user_id=user_id, correlation_id="flow"),
        sequence=_counts,
        latest_before=_optional_moments,
        previous=_texts,
        digest=_texts,
    )


def chain_heads(*, user_id: UserId, version: int) -> SearchStrategy[ChainHead]:
    """Heads a log must hold."""
    return st.builds(
        ChainHead,
        user_id=st.just(user_id),
        version=st.just(version),
        sequence=_counts,
        digest=_texts,
        latest_at=_optional_moments,
        erased_sequence=_counts,
        erased_digest=_texts,
        broken_at=_counts,
        seal=_texts,
    )
