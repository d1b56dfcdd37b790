"""Items that are replaced by their next version."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from commitcollect_adapters.dynamodb.items.encoding import ItemKind, Key, follows
from commitcollect_adapters.dynamodb.requests import Member, update
from commitcollect_adapters.dynamodb.table import Table, in_doubt
from commitcollect_adapters.versioned import Versioned

Value = TypeVar("Value", bound=Versioned)


class DynamoVersions(Generic[Value]):
    """Implements `Versions` and `RateBudgetStore`."""

    def __init__(
        self,
        table: Table,
        kind: ItemKind[Value],
        key_of: Callable[[str], Key],
        *,
        fence_of: Callable[[str, Value], Sequence[Member]] | None = None,
        is_settled_by_reading: bool = True,
    ) -> None:
        """Read and write items of one kind.

        Args:
            table: where they are.
            kind: what they are.
            key_of: makes an item's key.
            fence_of: what must hold beside the version, such as that the ledger of the user, who is the key,
                is not fenced.
            is_settled_by_reading: a stored value equal to one in doubt was written by this writer. Otherwise
                a write in doubt counts as refused.
        """
        self._table = table
        self._kind = kind
        self._key_of = key_of
        self._fence_of = fence_of
        self._is_settled_by_reading = is_settled_by_reading

    def read(self, key: str) -> Value | None:
        return self._table.find(self._kind, self._key_of(key))

    def write(self, key: str, value: Value) -> None:
        member = update(self._key_of(key), self._kind.attributes(value), follows(value.version))
        has_landed = (lambda: self.read(key) == value) if self._is_settled_by_reading else in_doubt
        if self._fence_of is not None:
            # The fence first: the first condition that failed is the one that is reported.
            fence, *others = self._fence_of(key, value)
            self._table.transact([fence, member, *others], has_landed=has_landed)
        else:
            self._table.write(member, has_landed=has_landed)
