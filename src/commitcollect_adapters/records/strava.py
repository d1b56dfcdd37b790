"""Records of the connection to Strava: connections, athletes' owners, backfills and the budget of calls."""

from __future__ import annotations

import json

from commitcollect_adapters.records.encoding import (
    Record,
    epoch,
    joined,
    json_text,
    moment,
    optional_moment,
    reader,
    words,
)
from commitcollect_adapters.records.ledger import snapshot, snapshot_record
from commitcollect_core.strava.backfills import Backfill, BackfillPhase, StagedPage
from commitcollect_core.strava.connections import AthleteOwner, ConnectionStatus, Lease, StravaConnection
from commitcollect_core.strava.rates import RateBudget
from commitcollect_core.values import AthleteId, Source, UserId

CONNECTION_COLUMNS = (
    "version", "userId", "athleteId", "accessToken", "refreshToken", "expiresAtUtc", "scope", "status",
    "refreshLeaseToken", "refreshLeaseUntilUtc", "updatedAtUtc",
)  # fmt: skip
OWNER_COLUMNS = ("athleteId", "userId", "updatedAtUtc")
BACKFILL_COLUMNS = (
    "version", "userId", "phase", "afterUtc", "beforeUtc", "pagesStaged", "pagesListed", "activitiesListed",
    "activitiesRejected", "workoutsChanged", "startedAtUtc", "updatedAtUtc",
)  # fmt: skip
STAGED_PAGE_COLUMNS = ("number", "listedAtUtc", "activities")
RATE_BUDGET_COLUMNS = (
    "version", "windowLimit", "dayLimit", "windowAtUtc", "windowUsed", "dayAtUtc", "dayUsed",
    "pausedUntilUtc", "pauseReason",
)  # fmt: skip


def connection_record(connection: StravaConnection) -> Record:
    """Columns as in `CONNECTION_COLUMNS`."""
    lease = connection.lease
    return (
        connection.version,
        connection.user_id,
        connection.athlete_id,
        connection.access_token,
        connection.refresh_token,
        epoch(connection.expires_at),
        joined(connection.scope),
        connection.status.value,
        None if lease is None else lease.token,
        None if lease is None else epoch(lease.until),
        epoch(connection.updated_at),
    )


@reader
def connection(record: Record) -> StravaConnection:
    """Columns as in `CONNECTION_COLUMNS`."""
    (
        version, user_id, athlete_id, access_token, refresh_token, expires_at, scope, status, lease_token,
        lease_until, updated_at,
    ) = record  # fmt: skip
    return StravaConnection(
        user_id=UserId(user_id),
        athlete_id=AthleteId(athlete_id),
        access_token=access_token,
        refresh_token=refresh_token,
        expires_at=moment(expires_at),
        scope=words(scope),
        status=ConnectionStatus(status),
        lease=None if lease_token is None else Lease(lease_token, moment(lease_until)),
        updated_at=moment(updated_at),
        version=version,
    )


def owner_record(owner: AthleteOwner) -> Record:
    """Columns as in `OWNER_COLUMNS`."""
    return (owner.athlete_id, owner.user_id, epoch(owner.updated_at))


@reader
def owner(record: Record) -> AthleteOwner:
    """Columns as in `OWNER_COLUMNS`."""
    athlete_id, user_id, updated_at = record
    return AthleteOwner(
        athlete_id=AthleteId(athlete_id), user_id=UserId(user_id), updated_at=optional_moment(updated_at)
    )


def backfill_record(backfill: Backfill) -> Record:
    """Columns as in `BACKFILL_COLUMNS`."""
    return (
        backfill.version,
        backfill.user_id,
        backfill.phase.value,
        epoch(backfill.after),
        epoch(backfill.before),
        backfill.pages_staged,
        backfill.pages_listed,
        backfill.activities_listed,
        backfill.activities_rejected,
        backfill.workouts_changed,
        epoch(backfill.started_at),
        epoch(backfill.updated_at),
    )


@reader
def backfill(record: Record) -> Backfill:
    """Columns as in `BACKFILL_COLUMNS`."""
    (
        version, user_id, phase, after, before, pages_staged, pages_listed, activities_listed,
        activities_rejected, workouts_changed, started_at, updated_at,
    ) = record  # fmt: skip
    return Backfill(
        user_id=UserId(user_id),
        phase=BackfillPhase(phase),
        after=optional_moment(after),
        before=optional_moment(before),
        pages_staged=pages_staged,
        pages_listed=pages_listed,
        activities_listed=activities_listed,
        activities_rejected=activities_rejected,
        workouts_changed=workouts_changed,
        started_at=moment(started_at),
        updated_at=moment(updated_at),
        version=version,
    )


def staged_page_record(page: StagedPage) -> Record:
    """Columns as in `STAGED_PAGE_COLUMNS`; the activities as one text, without the source they share."""
    activities = [snapshot_record(each)[1:] for each in page.snapshots]
    return (page.number, epoch(page.listed_at), json_text(activities))


@reader
def staged_page(record: Record) -> StagedPage:
    """Columns as in `STAGED_PAGE_COLUMNS`."""
    number, listed_at, activities = record
    return StagedPage(
        number=number,
        listed_at=moment(listed_at),
        snapshots=tuple(snapshot((Source.STRAVA.value, *each)) for each in json.loads(activities)),
    )


def rate_budget_record(budget: RateBudget) -> Record:
    """Columns as in `RATE_BUDGET_COLUMNS`."""
    return (
        budget.version,
        budget.window_limit,
        budget.day_limit,
        epoch(budget.window_at),
        budget.window_used,
        epoch(budget.day_at),
        budget.day_used,
        epoch(budget.paused_until),
        budget.pause_reason,
    )


@reader
def rate_budget(record: Record) -> RateBudget:
    """Columns as in `RATE_BUDGET_COLUMNS`."""
    (
        version, window_limit, day_limit, window_at, window_used, day_at, day_used, paused_until,
        pause_reason,
    ) = record  # fmt: skip
    return RateBudget(
        window_limit=window_limit,
        day_limit=day_limit,
        window_at=optional_moment(window_at),
        window_used=window_used,
        day_at=optional_moment(day_at),
        day_used=day_used,
        paused_until=optional_moment(paused_until),
        pause_reason=pause_reason,
        version=version,
    )
