"""The writes of one table, alone or as members of a transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from attrs import frozen

from commitcollect_adapters import conflicts
from commitcollect_adapters.dynamodb.items.encoding import Condition, Item, Key, update_of
from commitcollect_adapters.dynamodb.items.ledger import UNFENCED, admission, fencing, head_key
from commitcollect_core.errors import Conflict
from commitcollect_core.values import UserId

Refusal = Callable[[], Conflict]


@frozen(kw_only=True)
class Member:
    """One write, or one check that writes nothing.

    Attributes:
        operation: what a transaction calls it.
        request: without the table.
        refusal: what it means that the condition failed.
        table: where it is, if that is not the table that the others are in.
    """

    operation: str
    request: Mapping[str, Any]
    refusal: Refusal
    table: str | None = None


def update(
    key: Key,
    attributes: Mapping[str, Mapping[str, Any] | None],
    condition: Condition | None = None,
    refusal: Refusal = conflicts.stale,
) -> Member:
    """Set what has a value and remove what has none; other attributes stay. Creates a missing item."""
    return _member("Update", {"Key": key, **update_of(attributes)}, condition, refusal)


def put(item: Item, condition: Condition | None = None) -> Member:
    """Write a whole item, overwriting any other."""
    return _member("Put", {"Item": item}, condition, conflicts.stale)


def delete(key: Key, condition: Condition | None = None) -> Member:
    """Remove an item; a missing one is no error."""
    return _member("Delete", {"Key": key}, condition, conflicts.stale)


def check(key: Key, condition: Condition, refusal: Refusal = conflicts.stale) -> Member:
    """Write nothing, and keep the rest of the transaction from being written unless the condition holds."""
    return _member("ConditionCheck", {"Key": key}, condition, refusal)


def admit(user_id: UserId, generation: str, condition: Condition | None) -> Member:
    """Have a user's ledger take in what the connection of a generation brings."""
    request = {"Key": head_key(user_id), **admission(generation)}
    return _member("Update", request, condition, conflicts.fenced)


def unfenced(user_id: UserId) -> Member:
    """Keep a transaction from writing behind a user's fence."""
    return check(head_key(user_id), UNFENCED, conflicts.fenced)


def raise_fence(user_id: UserId, *, now: datetime) -> Member:
    """Fence a user's ledger; refused if that is done."""
    request = {"Key": head_key(user_id), **fencing(now)}
    return _member("Update", request, UNFENCED, conflicts.stale)


def _member(operation: str, request: dict[str, Any], condition: Condition | None, refusal: Refusal) -> Member:
    if condition is not None:
        names = {**request.get("ExpressionAttributeNames", {}), **condition.names}
        values = {**request.get("ExpressionAttributeValues", {}), **condition.values}
        request["ConditionExpression"] = condition.expression
        # DynamoDB refuses empty mappings.
        request |= {"ExpressionAttributeNames": names} if names else {}
        request |= {"ExpressionAttributeValues": values} if values else {}
    return Member(operation=operation, request=request, refusal=refusal)
