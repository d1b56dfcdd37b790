"""The definitions of the tables, their indexes and their expiry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from commitcollect_adapters.dynamodb.items.ledger import WORKOUTS_BY_START
from commitcollect_adapters.records.ledger import WORKOUT

EXPIRES = "ExpiresAt"
"""The attribute by which the engine removes an item, perhaps days late.

The ledger's table has none. The catalogue's name there, `expiresAtUtc`, is also when a connection's access
token ends: the engine would remove every connection whose token ran out.
"""

GSI1, GSI2 = "GSI1", "GSI2"
GLOBAL_INDEXES = frozenset({GSI1, GSI2})
"""They lag behind, so no decision may rest on them."""

GSI1_PARTITION, GSI2_PARTITION = "GSI1PK", "GSI2PK"
GSI1_SORT = "GSI1SK"

_TEXT, _NUMBER = "S", "N"


def ledger_table(prefix: str) -> str:
    """The name of the table of ledgers and of all that has no table of its own."""
    return prefix


def sessions_table(prefix: str) -> str:
    """The name of the table of sessions and handshakes."""
    return f"{prefix}Sessions"


def audit_table(prefix: str) -> str:
    """The name of the table of the audit log."""
    return f"{prefix}Audit"


def idempotency_table(prefix: str) -> str:
    """The name of the table of requests and events that are dealt with."""
    return f"{prefix}Idempotency"


def deletions_table(prefix: str) -> str:
    """The name of the table of deletions of accounts, which a restore of the others leaves as it is."""
    return f"{prefix}Deletions"


def table_definitions(prefix: str) -> tuple[dict[str, Any], ...]:
    """The tables and their indexes, as CreateTable takes them."""
    start = "startDateUtc"
    measured = [each for each in WORKOUT.columns if each != start]
    by_start = _index(
        WORKOUTS_BY_START, "PK", start, {"ProjectionType": "INCLUDE", "NonKeyAttributes": measured}
    )
    by_user = _index(GSI1, GSI1_PARTITION, GSI1_SORT)
    keys_only = _index(GSI1, GSI1_PARTITION, GSI1_SORT, {"ProjectionType": "KEYS_ONLY"})
    by_flow, by_type = _index(GSI1, GSI1_PARTITION, "SK"), _index(GSI2, GSI2_PARTITION, "SK")
    return (
        _table(
            ledger_table(prefix),
            {start: _NUMBER, GSI1_PARTITION: _TEXT, GSI1_SORT: _TEXT},
            LocalSecondaryIndexes=[by_start],
            GlobalSecondaryIndexes=[keys_only],
        ),
        _table(
            sessions_table(prefix),
            {GSI1_PARTITION: _TEXT, GSI1_SORT: _TEXT},
            GlobalSecondaryIndexes=[by_user],
        ),
        _table(
            audit_table(prefix),
            {GSI1_PARTITION: _TEXT, GSI2_PARTITION: _TEXT},
            GlobalSecondaryIndexes=[by_flow, by_type],
        ),
        _table(idempotency_table(prefix), {}),
        _table(
            deletions_table(prefix),
            {GSI1_PARTITION: _TEXT, GSI1_SORT: _TEXT},
            GlobalSecondaryIndexes=[keys_only],
        ),
    )


def table_names(prefix: str) -> tuple[str, ...]:
    """The names of all tables."""
    return tuple(definition["TableName"] for definition in table_definitions(prefix))


def expiry_attribute(prefix: str, table: str) -> str | None:
    """The attribute by which a table's items expire; None where nothing does."""
    return None if table in {ledger_table(prefix), deletions_table(prefix)} else EXPIRES


def _table(name: str, index_keys: Mapping[str, str], **indexes: list[dict[str, Any]]) -> dict[str, Any]:
    keys = {"PK": _TEXT, "SK": _TEXT, **index_keys}
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": each, "AttributeType": kind} for each, kind in keys.items()
        ],
        "KeySchema": _key_schema("PK", "SK"),
        **indexes,
    }


def _index(
    name: str, partition_key: str, sort_key: str, projection: Mapping[str, object] | None = None
) -> dict[str, Any]:
    return {
        "IndexName": name,
        "KeySchema": _key_schema(partition_key, sort_key),
        "Projection": projection or {"ProjectionType": "ALL"},
    }


def _key_schema(partition_key: str, sort_key: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": partition_key, "KeyType": "HASH"},
        {"AttributeName": sort_key, "KeyType": "RANGE"},
    ]
