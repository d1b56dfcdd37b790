"""Items of the connection to Strava: connections, athletes' owners, backfills and rate budgets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from zlib import crc32

from commitcollect_adapters.dynamodb.items.definitions import GSI1, GSI1_PARTITION, GSI1_SORT
from commitcollect_adapters.dynamodb.items.encoding import (
    Condition,
    Item,
    ItemKind,
    Key,
    athlete_key,
    holding,
    key_of,
    partition,
    prefix_query,
    text,
)
from commitcollect_adapters.records import strava as records
from commitcollect_core.strava.connections import ConnectedAthlete, StravaConnection
from commitcollect_core.values import AthleteId, UserId

_BACKFILL = "STRAVA#BACKFILL"
STAGED_PAGE_PREFIX = f"{_BACKFILL}#PAGE#"

CONNECTED_SHARDS = 16
"""Partitions of the index of connected athletes: one alone would take 1,000 writes a second at most.

The number is fixed: an item stays in the partition it was written to.
"""


def _shard(athlete_id: AthleteId) -> int:
    return crc32(athlete_id.encode()) % CONNECTED_SHARDS


def _shard_partition(shard: int) -> str:
    return f"STRAVA#CONNECTED#{shard:02}"


def _connection_derived(connection: StravaConnection) -> dict[str, object]:
    # Only connections have these attributes, so the index is sparse. Both stay the same when tokens are
    # renewed, so that a renewal writes nothing to the index.
    return {
        GSI1_PARTITION: _shard_partition(_shard(connection.athlete_id)),
        GSI1_SORT: connection.athlete_id,
    }


CONNECTION = ItemKind(records.CONNECTION, _connection_derived)
OWNER = ItemKind(records.OWNER)
BACKFILL = ItemKind(records.BACKFILL)
STAGED_PAGE = ItemKind(records.STAGED_PAGE)
RATE_BUDGET = ItemKind(records.RATE_BUDGET)


def connection_key(user_id: UserId) -> Key:
    """The key of a user's connection to Strava."""
    return athlete_key(user_id, "STRAVA#CONNECTION")


def connected_queries(after: AthleteId | None) -> Iterator[dict[str, Any]]:
    """The queries of the connected athletes behind one, shard by shard, over an index that may lag behind."""
    first = 0 if after is None else _shard(after)
    for shard in range(first, CONNECTED_SHARDS):
        within = {":shard": text(_shard_partition(shard))}
        condition = f"{GSI1_PARTITION} = :shard"
        if after is not None and shard == first:
            within[":after"] = text(after)
            condition += f" AND {GSI1_SORT} > :after"
        yield {
            "IndexName": GSI1,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": within,
        }


def connected_of_item(item: Item) -> ConnectedAthlete:
    """The athlete of an entry of the index, which holds keys alone."""
    user_id = item["PK"]["S"].removeprefix(partition(UserId(""))["S"])
    return ConnectedAthlete(athlete_id=AthleteId(item[GSI1_SORT]["S"]), user_id=UserId(user_id))


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
    return athlete_key(user_id, f"{STAGED_PAGE_PREFIX}{number:04}")


def backfill_keys_of(user_id: UserId) -> dict[str, Any]:
    """The query of the keys of a user's backfill and all its pages."""
    return {**prefix_query(partition(user_id), _BACKFILL), "ProjectionExpression": "PK, SK"}


def rates_key(scope: str) -> Key:
    """The key of the rate budget of a scope."""
    return key_of(f"STRAVA#RATES#{scope}", "META")
