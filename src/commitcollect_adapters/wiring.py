"""Wiring: one function per store makes the application on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from commitcollect_adapters.memory import MemoryLedger
from commitcollect_adapters.statues import shipped_catalog
from commitcollect_adapters.system import SystemClock, SystemIds
from commitcollect_core.ports import Ports


def memory_ports() -> Ports:
    """Ports on a ledger that lasts as long as the process, with the machine's clock and random ids."""
    return Ports(clock=SystemClock(), ids=SystemIds(), ledger=MemoryLedger(), catalog=shipped_catalog())


@contextmanager
def sqlite_ports(path: Path) -> Iterator[Ports]:
    """Ports on one SQLite file, closed at the end.

    Raises:
        StorageError: the file cannot be opened, or is not a CommitCollect store.
    """
    from commitcollect_adapters.sqlite import Database, SqliteLedger  # noqa: PLC0415 - memory needs no SQLite

    database = Database(path)
    try:
        yield Ports(
            clock=SystemClock(), ids=SystemIds(), ledger=SqliteLedger(database), catalog=shipped_catalog()
        )
    finally:
        database.close()
