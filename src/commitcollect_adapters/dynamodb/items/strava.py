"""Items of the connection to Strava: connections, athletes' owners, backfills and rate budgets."""

from __future__ import annotations

from typing import Any

from commitcollect_adapters.dynamodb.items.encoding import (
    Condition,
    ItemKind,
    Key,
    athlete_key,
    holding,
    key_of,
    partition,
    prefix_query,
)
from commitcollect_adapters.records import strava as records
from commitcollect_core.values import AthleteId, UserId

_BACKFILL = "STRAVA#BACKFILL"

CONNECTION = ItemKind(records.CONNECTION)
OWNER = ItemKind(records.OWNER)
BACKFILL = ItemKind(records.BACKFILL)
STAGED_PAGE = ItemKind(records.STAGED_PAGE)
RATE_BUDGET = ItemKind(records.RATE_BUDGET)


def connection_key(user_id: UserId) -> Key:
    """The key of a user's connection to Strava."""
    return athlete_key(user_id, "STRAVA#CONNECTION")


def owner_key(athlete_id: AthleteId) -> Key:
    """The key of a Strava athlete's owner."""
    return key_of(f"STRAVA#ATHLETE#{athlete_id}", "OWNER")


def owned_by(user_id: UserId) -> Condition:
    """The athlete belongs to this user."""
    return holding(userId=user_id)


def backfill_key(user_id: UserId) -> Key:
    """The key of a user's backfill."""
    return athlete_key(user_id, _BACKFILL)


def staged_page_key(user_id: UserId, number: int) -> Key:
    """The key of a staged page."""
    return athlete_key(user_id, f"{_BACKFILL}#PAGE#{number:04}")


def backfill_keys_of(user_id: UserId) -> dict[str, Any]:
    """The query of the keys of a user's backfill and all its pages."""
    return {**prefix_query(partition(user_id), _BACKFILL), "ProjectionExpression": "PK, SK"}


def rates_key(scope: str) -> Key:
    """The key of the rate budget of a scope."""
    return key_of(f"STRAVA#RATES#{scope}", "META")
