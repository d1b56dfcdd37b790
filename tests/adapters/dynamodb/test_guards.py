"""What is never sent to DynamoDB."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.dynamodb.engine import TRANSACT
from commitcollect_adapters.aws.calls import Address
from commitcollect_adapters.dynamodb import guards
from commitcollect_adapters.dynamodb.client import Client
from commitcollect_adapters.dynamodb.items.definitions import table_definitions
from commitcollect_adapters.records.ledger import WORKOUT
from commitcollect_core.errors import StorageError

PREFIX = "Guarded"
WORKOUTS = {"TableName": PREFIX, "IndexName": "LSI1"}
SESSIONS = {"TableName": f"{PREFIX}Sessions", "IndexName": "GSI1"}


@pytest.mark.parametrize(
    ("operation", "request_", "says"),
    [
        ("scan", {"TableName": PREFIX}, "scan is not sent"),
        ("scan", WORKOUTS, "scan is not sent"),
        ("execute_statement", {"Statement": "SELECT * FROM t"}, "execute_statement is not sent"),
        ("query", {**SESSIONS, "ConsistentRead": True}, "cannot be read consistently"),
        ("query", {**WORKOUTS, "ProjectionExpression": "PK, expiresAtUtc"}, "does not hold expiresAtUtc"),
        (
            "query",
            {
                **WORKOUTS,
                "ProjectionExpression": "#name, version",
                "ExpressionAttributeNames": {"#name": "isDeleted"},
            },
            "does not hold isDeleted",
        ),
        (
            "query",
            {**WORKOUTS, "FilterExpression": "attribute_exists(isDeleted) AND distanceMeters > :low"},
            "does not hold isDeleted",
        ),
        ("query", {**WORKOUTS, "Select": "ALL_ATTRIBUTES"}, "does not hold everything"),
        ("query", {"TableName": PREFIX, "IndexName": "GSI9"}, "knows no index GSI9 of Guarded"),
        ("query", {"TableName": f"{PREFIX}Audit", "IndexName": "LSI1"}, "knows no index LSI1"),
    ],
)
def test_what_dynamodb_refuses_or_charges_for_is_not_sent(
    operation: str, request_: dict[str, Any], says: str
) -> None:
    """No scan, no consistent read of a global index, nothing that an index does not hold; nothing is sent."""
    client = Client(Address(endpoint="http://127.0.0.1:9", name=PREFIX), deadline_seconds=0)
    with pytest.raises(StorageError, match=says):
        client.call(operation, **request_)


@pytest.mark.parametrize(
    "request_",
    [
        {"TableName": PREFIX, "ConsistentRead": True, "ProjectionExpression": "anything"},
        {**WORKOUTS, "ConsistentRead": True},
        {
            **WORKOUTS,
            "ProjectionExpression": "PK, SK, startDateUtc, #0",
            "ExpressionAttributeNames": {"#0": "version"},
            "FilterExpression": "#0 BETWEEN :low AND :high OR begins_with(sportType, :Ride)",
        },
        {**SESSIONS, "ConsistentRead": False, "ProjectionExpression": "anything"},
        SESSIONS,
    ],
)
def test_everything_else_is(request_: dict[str, Any]) -> None:
    """Tables and the local index may be read consistently, and indexes for all they hold."""
    guards.check("query", request_, PREFIX)
    guards.check(TRANSACT, request_, PREFIX)


def test_indexes_hold_what_is_read_from_them() -> None:
    """Every column of a kind that is read from an index is in that index: an engine would not tell."""
    by_start = {"PK", "SK", "startDateUtc"}
    for definition in table_definitions(PREFIX):
        for index in definition.get("GlobalSecondaryIndexes", ()):
            # What is read of connected athletes and of deletions is their keys.
            is_keys_only = definition["TableName"] in {PREFIX, f"{PREFIX}Deletions"}
            assert index["Projection"] == {"ProjectionType": "KEYS_ONLY" if is_keys_only else "ALL"}
        for index in definition.get("LocalSecondaryIndexes", ()):
            held = by_start | set(index["Projection"]["NonKeyAttributes"])
            assert set(WORKOUT.columns) <= held
