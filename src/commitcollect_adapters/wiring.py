"""Wiring: one function per store makes the application on it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from commitcollect_adapters.memory import MemoryLedger
from commitcollect_adapters.statues import shipped_catalog
from commitcollect_adapters.system import SystemClock, SystemIds
from commitcollect_core.errors import NotFound, StorageError
from commitcollect_core.ports import Ports

MEMORY = "memory:"
"""The address of a store that lasts as long as the process."""


def memory_ports() -> Ports:
    """Ports on a ledger that lasts as long as the process, with the machine's clock and random ids."""
    return Ports(clock=SystemClock(), ids=SystemIds(), ledger=MemoryLedger(), catalog=shipped_catalog())


@contextmanager
def open_ports(address: str, *, must_exist: bool = False) -> Iterator[Ports]:
    """Ports on the store at `address`: a file's path for SQLite, or ``memory:``.

    Args:
        address: where the store is.
        must_exist: do not make a file that is not there, as befits those who only read.

    Raises:
        NotFound: there is no such file.
        StorageError: the store cannot be opened.
    """
    if address == MEMORY:
        yield memory_ports()
    else:
        if must_exist:
            _check_is_there(Path(address))
        with sqlite_ports(Path(address)) as ports:
            yield ports


def _check_is_there(path: Path) -> None:
    try:
        path.stat()
    except FileNotFoundError as missing:
        option = f"--store {shlex.quote(str(path))}"
        raise NotFound(
            f"there is no store at {path}; make one with: commitcollect workout import FILE {option}, "
            f"or with: commitcollect milestone create … {option}",
            code="store_not_found",
        ) from missing
    except OSError as refused:
        raise StorageError(f"cannot open the store {path}: {refused.strerror}") from refused


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
