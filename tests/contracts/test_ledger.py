"""The ledger contract on every adapter that keeps a ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from commitcollect_adapters.dynamodb.client import Client
from commitcollect_adapters.dynamodb.ledger import DynamoLedger
from commitcollect_adapters.memory import MemoryLedger
from commitcollect_adapters.sqlite.ledger import SqliteLedger
from commitcollect_adapters.testing.contracts import LedgerContract
from commitcollect_core.training.ports import Ledger
from contracts.openings import broken_client, broken_database, open_dynamo_ledger, open_sqlite_ledger
from thoroughness import LEVEL

Opener = Callable[[], AbstractContextManager[Ledger]]


class TestMemoryLedger(LedgerContract):
    """Its suite skips what a driver's crash leaves behind, as it has none, and other processes."""

    examples_factor = 2  # what is refused is refused before the store, and in a file every example is tried

    @pytest.fixture(autouse=True)
    def _memory(self, few_examples: Callable[[int], None]) -> None:
        few_examples(LEVEL.examples_in_memory)
        self._ledger = MemoryLedger()

    def open_ledger(self) -> AbstractContextManager[Ledger]:
        """A ledger in memory."""
        return nullcontext(MemoryLedger())

    def opener(self, name: str) -> Opener:  # noqa: ARG002 - one of all names
        """The same ledger each time."""
        return lambda: nullcontext(self._ledger)


class TestSqliteLedger(LedgerContract):
    @pytest.fixture(autouse=True)
    def _files(self, tmp_path: Path) -> None:
        self._folder = tmp_path
        self._numbers = count(1)

    def open_ledger(self) -> AbstractContextManager[Ledger]:
        """A ledger in a file of its own."""
        return open_sqlite_ledger(self._folder / f"{next(self._numbers)}.sqlite")

    def opener(self, name: str) -> Opener:
        """The file of this name."""
        return partial(open_sqlite_ledger, self._folder / name)

    @contextmanager
    def open_broken_store(self, name: str, *, at: int) -> Iterator[Ledger]:
        """The file of this name, whose statements fail."""
        with broken_database(self._folder / name, at=at) as database:
            yield SqliteLedger(database)


class OnDynamo(LedgerContract):
    """The tables of the whole session; every test has athletes of its own."""

    _client: Client

    def open_ledger(self) -> AbstractContextManager[Ledger]:
        """A ledger over the client of the session."""
        return nullcontext(DynamoLedger(self._client))

    def opener(self, name: str) -> Opener:  # noqa: ARG002 - one of all names
        """The same tables over a client of its own."""
        return partial(open_dynamo_ledger, self._client.address)

    def open_broken_store(self, name: str, *, at: int) -> AbstractContextManager[Ledger]:  # noqa: ARG002 - the same
        """The same tables over a client that loses its connection."""
        return nullcontext(DynamoLedger(broken_client(self._client, at=at)))

    @pytest.mark.deep
    def test_processes_that_share_only_the_head_are_all_counted(self) -> None:
        """See `LedgerContract`; for the night, as every process loads boto3."""
        super().test_processes_that_share_only_the_head_are_all_counted()


class TestDynamoLedgerOnDynoxide(OnDynamo):
    examples_factor = 2  # as in memory

    @pytest.fixture(autouse=True)
    def _engine(self, dynoxide_client: Client, few_examples: Callable[[int], None]) -> None:
        few_examples(LEVEL.examples_on_dynoxide)
        self._client = dynoxide_client

    @pytest.mark.xfail(
        reason="dynoxide ignores case in begins_with; DynamoDB and ministack do not", strict=True
    )
    def test_ids_that_look_alike_are_apart_and_in_order(self) -> None:
        """See `LedgerContract`."""
        super().test_ids_that_look_alike_are_apart_and_in_order()


class TestDynamoLedgerOnMinistack(OnDynamo):
    examples_factor = 1  # the same store as on dynoxide, which is quicker

    @pytest.fixture(autouse=True)
    def _engine(self, ministack_client: Client, few_examples: Callable[[int], None]) -> None:
        few_examples(LEVEL.examples_on_ministack)
        self._client = ministack_client


@pytest.mark.parametrize("suite", [TestSqliteLedger, OnDynamo])
def test_shipped_ledgers_are_tried_with_crashes_and_other_handles(suite: type[LedgerContract]) -> None:
    """Without these hooks the suite leaves its hardest tests out; that is for others to choose."""
    assert {"opener", "open_broken_store"} <= vars(suite).keys()
