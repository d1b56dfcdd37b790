"""A store of your own, proved by the shipped contract suite: ``pytest examples/property_suite.py``.

`CountingLedger` stands for your store. The suite asks for nothing but a way to open it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from commitcollect_adapters.memory import MemoryLedger
from commitcollect_adapters.testing.contracts import LedgerContract
from commitcollect_core import Ledger, LedgerCommit


class CountingLedger(MemoryLedger):
    """A ledger that counts its commits."""

    def __init__(self) -> None:
        super().__init__()
        self.commits = 0

    def commit(self, commit: LedgerCommit) -> None:
        """Write, then count."""
        super().commit(commit)
        self.commits += 1


@contextmanager
def _open() -> Iterator[Ledger]:
    yield CountingLedger()


class TestCountingLedger(LedgerContract):
    """The whole contract, on `CountingLedger`."""

    def open_ledger(self) -> AbstractContextManager[Ledger]:
        """A fresh store for each test."""
        return _open()
