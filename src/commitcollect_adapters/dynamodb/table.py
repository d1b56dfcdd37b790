"""Reading and writing one table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar
from uuid import uuid4

from commitcollect_adapters.dynamodb.client import Client, ConditionFailed, PerhapsWritten
from commitcollect_adapters.dynamodb.items.definitions import GLOBAL_INDEXES
from commitcollect_adapters.dynamodb.items.encoding import THERE, Item, ItemKind, Key
from commitcollect_adapters.dynamodb.requests import Member, delete

_KEYS_READ_MAX = 100
"""Of BatchGetItem."""

_KEYS_DELETED_MAX = 25
"""Of BatchWriteItem."""

Value = TypeVar("Value")


def in_doubt() -> bool:
    """Without a look: what may or may not be written counts as refused."""
    return False


class Table:
    """One table. Every write that is refused has changed nothing.

    A retry of a write whose answer was lost may fail on its own first success. `has_landed` then reads
    whether exactly that is stored. Without it, the write counts as refused.
    """

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self._name = name

    def get(self, key: Key) -> Item | None:
        """One item, strongly consistently; None if it does not exist."""
        answer = self._client.call("get_item", TableName=self._name, Key=key, ConsistentRead=True)
        found: Item | None = answer.get("Item")
        return found

    def find(self, kind: ItemKind[Value], key: Key) -> Value | None:
        """The value of one item, strongly consistently; None if it does not exist."""
        found = self.get(key)
        return None if found is None else kind.value(found)

    def get_all(self, keys: Sequence[Key]) -> list[Item]:
        """The existing items of `keys`, in any order; each strongly consistently, not all of one moment."""
        found: list[Item] = []
        for some in _batches(keys, _KEYS_READ_MAX):
            wanted = {self._name: {"Keys": some, "ConsistentRead": True}}
            for answer in self._client.batch("batch_get_item", wanted, left="UnprocessedKeys"):
                found += answer["Responses"].get(self._name, [])
        return found

    def query(self, query: Mapping[str, Any], *, page_items: int) -> Iterator[Item]:
        """Walk a query over all its pages, and read no page before it is needed.

        Strongly consistently, except over a global index.
        """
        is_consistent = query.get("IndexName") not in GLOBAL_INDEXES
        start: Mapping[str, Any] = {}
        while True:
            answer = self._client.call(
                "query",
                TableName=self._name,
                Limit=page_items,
                **{"ConsistentRead": is_consistent, **query, **start},
            )
            yield from answer["Items"]
            # A page may be short or empty and not be the last: only the missing key says so.
            if "LastEvaluatedKey" not in answer:
                return
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def write(self, member: Member, *, has_landed: Callable[[], bool] = in_doubt) -> None:
        """Make one write.

        Raises:
            Conflict: its refusal.
        """
        try:
            self._client.call(f"{member.operation.lower()}_item", TableName=self._name, **member.request)
        except ConditionFailed as failed:
            if not (isinstance(failed, PerhapsWritten) and has_landed()):
                raise member.refusal() from failed

    def transact(self, members: Sequence[Member], *, has_landed: Callable[[], bool] = in_doubt) -> None:
        """Make several writes, or none of them.

        Raises:
            Conflict: the refusal of the first member whose condition failed.
        """
        requests = [
            {each.operation: {"TableName": each.table or self._name, **each.request}} for each in members
        ]
        # The token makes a retry of this call the same request. It is random: an equal request of another
        # writer is another request, and only one of them may win. Where the engine has forgotten the token,
        # or never knew it, what is stored decides.
        token = str(uuid4())
        try:
            self._client.call("transact_write_items", TransactItems=requests, ClientRequestToken=token)
        except ConditionFailed as failed:
            if not (isinstance(failed, PerhapsWritten) and has_landed()):
                raise members[min(failed.places)].refusal() from failed

    def take(self, key: Key) -> Item | None:
        """Remove an item and return it; of several callers, one gets it."""
        request = delete(key, THERE).request
        try:
            answer = self._client.call("delete_item", TableName=self._name, ReturnValues="ALL_OLD", **request)
        except ConditionFailed:
            # Also after a lost answer, when nothing tells whose attempt removed it: then no caller gets it.
            return None
        taken: Item = answer["Attributes"]
        return taken

    def delete_all(self, keys: Sequence[Key]) -> None:
        """Remove items, one by one as others see it; may be called again after a failure."""
        for some in _batches(keys, _KEYS_DELETED_MAX):
            wanted = {self._name: [{"DeleteRequest": {"Key": key}} for key in some]}
            for _ in self._client.batch("batch_write_item", wanted, left="UnprocessedItems"):
                pass


def _batches(keys: Sequence[Key], size: int) -> Iterator[Sequence[Key]]:
    return (keys[start : start + size] for start in range(0, len(keys), size))
