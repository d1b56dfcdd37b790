"""The ledger contract on every adapter that keeps a ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from itertools import count
from pathlib import Path

import pytest

from commitcollect_adapters.dynamodb.client import Client
from commitcollect_adapters.dynamodb.ledger import DynamoLedger
from commitcollect_adapters.memory import MemoryLedger
from commitcollect_adapters.sqlite import Database, SqliteLedger
from commitcollect_adapters.testing.contracts import LedgerContract
from commitcollect_core.training.ports import Ledger
from thoroughness import LEVEL


class TestMemoryLedger(LedgerContract):
    def open_ledger(self) -> AbstractContextManager[Ledger]:
        """A ledger in memory."""
        return nullcontext(MemoryLedger())


class TestSqliteLedger(LedgerContract):
    @pytest.fixture(autouse=True)
    def _files(self, tmp_path: Path) -> None:
        self._paths = (tmp_path / f"{number}.sqlite" for number in count(1))

    @contextmanager
    def open_ledger(self) -> Iterator[Ledger]:
        """A ledger in a file of its own."""
        with closing(Database(next(self._paths))) as database:
            yield SqliteLedger(database)


class TestDynamoLedgerOnDynoxide(LedgerContract):
    @pytest.fixture(autouse=True)
    def _engine(self, dynoxide_client: Client, few_examples: Callable[[int], None]) -> None:
        few_examples(LEVEL.examples_on_dynoxide)
        self._client = dynoxide_client

    def open_ledger(self) -> AbstractContextManager[Ledger]:
        """The tables of the whole session; every test has athletes of its own."""
        return nullcontext(DynamoLedger(self._client))


class TestDynamoLedgerOnMinistack(LedgerContract):
    examples_factor = 1  # the same store as on dynoxide, which is quicker

    @pytest.fixture(autouse=True)
    def _engine(self, ministack_client: Client, few_examples: Callable[[int], None]) -> None:
        few_examples(LEVEL.examples_on_ministack)
        self._client = ministack_client

    def open_ledger(self) -> AbstractContextManager[Ledger]:
        """As on dynoxide."""
        return nullcontext(DynamoLedger(self._client))
