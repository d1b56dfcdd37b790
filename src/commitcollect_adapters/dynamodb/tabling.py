"""Reading and writing one table: what every store here shares."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, assert_never
from uuid import uuid4

from attrs import frozen

from commitcollect_adapters import conflicts
from commitcollect_adapters.dynamodb import items
from commitcollect_adapters.dynamodb.client import Client, ConditionFailed, PerhapsWritten
from commitcollect_core.errors import Conflict
from commitcollect_core.values import UserId

_KEYS_READ_MAX = 100
"""Of BatchGetItem."""

_KEYS_DELETED_MAX = 25
"""Of BatchWriteItem."""

Attributes = Mapping[str, Mapping[str, Any] | None]
Refusal = Callable[[], Conflict]


@frozen(kw_only=True)
class Update:
    """Set what has a value and remove what has none; other attributes stay. Makes the item if need be.

    Attributes:
        refusal: what a condition that fails means; so in the other kinds of write.
    """

    key: items.Key
    attributes: Attributes
    condition: items.Condition | None = None
    refusal: Refusal = conflicts.stale


@frozen(kw_only=True)
class Put:
    """Write a whole item, over any that is there."""

    item: items.Item
    condition: items.Condition | None = None
    refusal: Refusal = conflicts.stale


@frozen(kw_only=True)
class Delete:
    """Remove an item; one that is not there is no error."""

    key: items.Key
    condition: items.Condition | None = None
    refusal: Refusal = conflicts.stale


@frozen(kw_only=True)
class Check:
    """Write nothing here, and nothing elsewhere in the transaction unless the condition holds."""

    key: items.Key
    condition: items.Condition
    refusal: Refusal = conflicts.stale


def unfenced(user_id: UserId) -> Check:
    """Keeps a transaction from writing behind a user's fence."""
    return Check(key=items.head_key(user_id), condition=items.UNFENCED, refusal=conflicts.fenced)


Write = Update | Put | Delete
Member = Write | Check


def _in_doubt() -> bool:
    """Stands for not looking: what may or may not have been written counts as refused."""
    return False


class Table:
    """One table. Every write that is refused has changed nothing.

    A repetition of a write whose answer was lost may fail on its own first success. `has_landed` then looks
    whether exactly that is stored; without it, the write counts as refused.
    """

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self._name = name

    def get(self, key: items.Key) -> items.Item | None:
        """One item, strongly consistently; None if it is not there."""
        answer = self._client.call("get_item", TableName=self._name, Key=key, ConsistentRead=True)
        found: items.Item | None = answer.get("Item")
        return found

    def get_all(self, keys: Sequence[items.Key]) -> list[items.Item]:
        """The items of `keys` that are stored, in no particular order, strongly consistently."""
        found: list[items.Item] = []
        for some in _batches(keys, _KEYS_READ_MAX):
            wanted = {self._name: {"Keys": some, "ConsistentRead": True}}
            for answer in self._client.batch("batch_get_item", wanted, left="UnprocessedKeys"):
                found += answer["Responses"].get(self._name, [])
        return found

    def query(self, query: Mapping[str, Any], *, page_items: int) -> Iterator[items.Item]:
        """Walk a query over all its pages, however short they come; read no page before it is needed.

        Strongly consistently, but over a global index.
        """
        is_consistent = query.get("IndexName") not in items.GLOBAL_INDEXES
        start: Mapping[str, Any] = {}
        while True:
            answer = self._client.call(
                "query",
                TableName=self._name,
                Limit=page_items,
                **{"ConsistentRead": is_consistent, **query, **start},
            )
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def write(self, write: Write, *, has_landed: Callable[[], bool] = _in_doubt) -> None:
        """Make one write.

        Raises:
            Conflict: its refusal.
        """
        operation, request = self._request(write)
        try:
            self._client.call(f"{operation.lower()}_item", **request)
        except ConditionFailed as failed:
            if not (isinstance(failed, PerhapsWritten) and has_landed()):
                raise write.refusal() from failed

    def transact(self, members: Sequence[Member], *, has_landed: Callable[[], bool] = _in_doubt) -> None:
        """Make several writes, or none of them.

        The request token makes a repetition of this call the same request, and writes of equal content by
        somebody else another one: only one of them may win. Where the store has forgotten the token, or never
        knew it, what is stored decides.

        Raises:
            Conflict: the refusal of the first member whose condition failed.
        """
        requests = [dict([self._request(each)]) for each in members]
        try:
            self._client.call("transact_write_items", TransactItems=requests, ClientRequestToken=str(uuid4()))
        except ConditionFailed as failed:
            if not (isinstance(failed, PerhapsWritten) and has_landed()):
                raise members[min(failed.places)].refusal() from failed

    def take(self, key: items.Key) -> items.Item | None:
        """Remove an item and give it back; of all who ask for it, one gets it.

        Where the answer of an attempt was lost, nobody can tell for whom it was removed: then nobody gets it.
        """
        _, request = self._request(Delete(key=key, condition=items.THERE))
        try:
            answer = self._client.call("delete_item", ReturnValues="ALL_OLD", **request)
        except ConditionFailed:
            return None
        taken: items.Item = answer["Attributes"]
        return taken

    def delete_all(self, keys: Sequence[items.Key]) -> None:
        """Remove items, one after the other for all that others see; may be repeated after a failure."""
        for some in _batches(keys, _KEYS_DELETED_MAX):
            wanted = {self._name: [{"DeleteRequest": {"Key": key}} for key in some]}
            for _ in self._client.batch("batch_write_item", wanted, left="UnprocessedItems"):
                pass

    def _request(self, member: Member) -> tuple[str, dict[str, Any]]:
        """What a member is called in a transaction, and its request."""
        match member:
            case Update():
                what = {"Key": member.key, **items.update_of(member.attributes)}
            case Put():
                what = {"Item": member.item}
            case Delete() | Check():
                what = {"Key": member.key}
            case _:
                assert_never(member)
        operation = "ConditionCheck" if isinstance(member, Check) else type(member).__name__
        return operation, {"TableName": self._name, **_with_condition(what, member.condition)}


def _with_condition(request: dict[str, Any], condition: items.Condition | None) -> dict[str, Any]:
    if condition is None:
        return request
    names = {**request.get("ExpressionAttributeNames", {}), **condition.names}
    values = {**request.get("ExpressionAttributeValues", {}), **condition.values}
    return {
        **request,
        "ConditionExpression": condition.expression,
        **({"ExpressionAttributeNames": names} if names else {}),  # DynamoDB refuses empty ones
        **({"ExpressionAttributeValues": values} if values else {}),
    }


def _batches(keys: Sequence[items.Key], size: int) -> Iterator[Sequence[items.Key]]:
    return (keys[start : start + size] for start in range(0, len(keys), size))
