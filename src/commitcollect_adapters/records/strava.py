"""Records of the connection to Strava: connections, athletes' owners, backfills and rate budgets."""

from __future__ import annotations

import json
from collections.abc import Sequence

from commitcollect_adapters.records.columns import (
    GENERATION,
    MOMENT,
    OPTIONAL_MOMENT,
    WORDS,
    Codec,
    Column,
    json_text,
    member_of,
    record_kind,
)
from commitcollect_adapters.records.ledger import SNAPSHOT
from commitcollect_core.strava.backfills import Backfill, BackfillPhase, StagedPage
from commitcollect_core.strava.connections import AthleteOwner, ConnectionStatus, Lease, StravaConnection
from commitcollect_core.strava.rates import RateBudget
from commitcollect_core.training.workouts import ActivitySnapshot
from commitcollect_core.values import Source


def _snapshots_text(snapshots: Sequence[ActivitySnapshot]) -> str:
    # Without the source, which all share: a page of the longest names has to fit one item of any store.
    return json_text([SNAPSHOT.encode(each)[1:] for each in snapshots])


def _snapshots(text: str) -> tuple[ActivitySnapshot, ...]:
    return tuple(SNAPSHOT.decode((Source.STRAVA.value, *each)) for each in json.loads(text))


CONNECTION = record_kind(
    "connection",
    StravaConnection,
    Column("version", "version"),
    Column("userId", "user_id"),
    Column("athleteId", "athlete_id"),
    Column("accessToken", "access_token"),
    Column("refreshToken", "refresh_token"),
    Column("expiresAtUtc", "expires_at", MOMENT),
    Column("scope", "scope", WORDS),
    Column("status", "status", member_of(ConnectionStatus)),
    Column("refreshLeaseToken", "lease.token"),
    Column("refreshLeaseUntilUtc", "lease.until", MOMENT),
    Column("generation", "generation", GENERATION),
    Column("consentVersion", "consent_version"),
    Column("updatedAtUtc", "updated_at", MOMENT),
    parts={"lease": Lease},
)
OWNER = record_kind(
    "athlete's owner",
    AthleteOwner,
    Column("athleteId", "athlete_id"),
    Column("userId", "user_id"),
    Column("generation", "generation", GENERATION),
    Column("updatedAtUtc", "updated_at", OPTIONAL_MOMENT),
)


def _texts(text: str) -> tuple[str, ...]:
    return tuple(map(str, json.loads(text)))


BACKFILL = record_kind(
    "backfill",
    Backfill,
    Column("version", "version"),
    Column("userId", "user_id"),
    Column("generation", "generation", GENERATION),
    Column("athleteId", "athlete_id"),
    Column("connectionGeneration", "connection_generation", GENERATION),
    Column("phase", "phase", member_of(BackfillPhase)),
    Column("afterUtc", "after", OPTIONAL_MOMENT),
    Column("beforeUtc", "before", OPTIONAL_MOMENT),
    Column("pagesStaged", "pages_staged"),
    Column("pagesListed", "pages_listed"),
    Column("activitiesListed", "activities_listed"),
    Column("activitiesRejected", "activities_rejected"),
    Column("activitiesHidden", "activities_hidden"),
    Column("rejections", "rejections", Codec(lambda texts: json_text(list(texts)), _texts)),
    Column("workoutsChanged", "workouts_changed"),
    Column("startedAtUtc", "started_at", MOMENT),
    Column("updatedAtUtc", "updated_at", MOMENT),
)
STAGED_PAGE = record_kind(
    "staged page",
    StagedPage,
    Column("number", "number"),
    Column("listedAtUtc", "listed_at", MOMENT),
    Column("athleteId", "athlete_id"),
    Column("generation", "generation", GENERATION),
    Column("activities", "snapshots", Codec(_snapshots_text, _snapshots)),
)
RATE_BUDGET = record_kind(
    "rate budget",
    RateBudget,
    Column("version", "version"),
    Column("windowLimit", "window_limit"),
    Column("dayLimit", "day_limit"),
    Column("windowAtUtc", "window_at", OPTIONAL_MOMENT),
    Column("windowUsed", "window_used"),
    Column("dayAtUtc", "day_at", OPTIONAL_MOMENT),
    Column("dayUsed", "day_used"),
    Column("pausedUntilUtc", "paused_until", OPTIONAL_MOMENT),
    Column("pauseReason", "pause_reason"),
)
