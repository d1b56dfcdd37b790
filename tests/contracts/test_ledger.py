"""The ledger contract on every adapter that keeps a ledger."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from itertools import count
from pathlib import Path

import pytest

from commitcollect_adapters.memory import MemoryLedger
from commitcollect_adapters.sqlite import Database, SqliteLedger
from commitcollect_adapters.testing.contracts import LedgerContract
from commitcollect_core.ports import Ledger


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
