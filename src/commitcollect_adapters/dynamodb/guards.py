"""Requests that are never sent: engines for tests accept them, DynamoDB refuses them or scans."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from commitcollect_adapters.dynamodb.items.definitions import table_definitions
from commitcollect_core.errors import StorageError

_SCANS = frozenset({"batch_execute_statement", "execute_statement", "execute_transaction", "scan"})
"""Operations that read whole tables, or may do so."""

_READING = ("FilterExpression", "ProjectionExpression")
_NAME = re.compile(r"(?<![\w.:#])#?[A-Za-z_]\w*")
_WORDS = frozenset(
    {"AND", "BETWEEN", "IN", "NOT", "OR", "attribute_exists", "attribute_not_exists", "attribute_type"}
    | {"begins_with", "contains", "size"}
)


def check(operation: str, request: Mapping[str, Any], prefix: str) -> None:
    """Refuse a request that scans, or asks of an index what it does not hold.

    Raises:
        StorageError: it does; the message says what is wrong.
    """
    if operation in _SCANS:
        raise StorageError(f"{operation} is not sent: every read is by key or by the beginning of a key")
    if "IndexName" not in request:
        return
    table, name = request["TableName"], request["IndexName"]
    definition, is_global = _index(prefix, table, name)
    if is_global and request.get("ConsistentRead"):
        raise StorageError(
            f"the index {name} of {table} cannot be read consistently; no decision may rest on it"
        )
    projection = definition["Projection"]
    if projection["ProjectionType"] == "ALL":
        return
    held = {*projection.get("NonKeyAttributes", ()), "PK", "SK"}
    held |= {each["AttributeName"] for each in definition["KeySchema"]}
    missing = sorted(set(_attributes(request)) - held)
    if missing or request.get("Select") == "ALL_ATTRIBUTES":
        raise StorageError(f"the index {name} of {table} does not hold {', '.join(missing) or 'everything'}")


def _index(prefix: str, table: str, name: str) -> tuple[Mapping[str, Any], bool]:
    for definition in table_definitions(prefix):
        for kind in ("LocalSecondaryIndexes", "GlobalSecondaryIndexes"):
            for index in definition.get(kind, ()):
                if (definition["TableName"], index["IndexName"]) == (table, name):
                    return index, kind.startswith("Global")
    raise StorageError(f"the item catalogue knows no index {name} of {table}")


def _attributes(request: Mapping[str, Any]) -> Iterator[str]:
    """The attributes whose values a request looks at, beside the keys it searches by."""
    names = request.get("ExpressionAttributeNames", {})
    for expression in _READING:
        for name in _NAME.findall(request.get(expression, "")):
            if name not in _WORDS:
                yield names.get(name, name)
