"""A SQLite file as a backend: opened once, for its stores, its queue and what it needs now and then."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from commitcollect_adapters.backend import MEMORY, Backend
from commitcollect_adapters.sqlite.database import Database, damaged
from commitcollect_adapters.sqlite.statues import SqliteCatalog
from commitcollect_adapters.system import JitterOnly
from commitcollect_core.errors import InvalidInput, NotFound, StorageError
from commitcollect_core.policy import Policy

if TYPE_CHECKING:
    from commitcollect_adapters.sqlite.ledger import SqliteLedger
    from commitcollect_core.jobs.ports import EventQueue
    from commitcollect_core.stores import Stores
    from commitcollect_core.values import UserId

TIDIED_ROWS_MAX = 500
"""Rows of one table that one transaction removes, so that others can write in between."""

_SQLITE_MEMORY = ":memory:"


@contextmanager
def open_sqlite(
    address: str, policy: Policy, *, must_exist: bool, is_durable: bool = True
) -> Iterator[Backend]:
    """The backend in the file at `address`; see `open_backend`. A file that is not durable is faster."""
    if address == _SQLITE_MEMORY:
        raise InvalidInput(f"for a store that lasts as long as the process, write {MEMORY}", field="store")
    path = Path(address)
    if must_exist:
        _check_exists(path)
    seconds = policy.training.store_deadline_seconds
    with closing(Database(path, busy_timeout_seconds=seconds, is_durable=is_durable)) as database:
        yield Backend(
            ledger=partial(_ledger, database),
            catalog=SqliteCatalog(database),
            stores=partial(_stores, database),
            queue=partial(_queue, database, policy),
            # Writers queue up at the file itself.
            backoff=JitterOnly(),
            tidy=partial(_tidy, database, policy),
            backup=partial(_backup, database),
            users=partial(_users, database),
            key_file=Path(f"{address}.key"),
            holds_sealed=partial(_holds_sealed, database),
            checks={
                "writable": partial(_check_writable, database),
                "integrity": partial(_check_integrity, database),
            },
        )


def _check_exists(path: Path) -> None:
    try:
        path.stat()
    except FileNotFoundError as missing:
        option = f"--store {shlex.quote(str(path))}"
        raise NotFound(
            f"there is no store at {path}; make one with: commitcollect workout import FILE {option}, "
            f"with: commitcollect milestone create … {option}, "
            f"or with: commitcollect strava connect {option}",
            code="store_not_found",
        ) from missing
    except OSError as refused:
        raise StorageError(f"cannot open the store {path}: {refused.strerror}") from refused


def _ledger(database: Database) -> SqliteLedger:
    from commitcollect_adapters.sqlite.ledger import SqliteLedger  # noqa: PLC0415 - some programs need no ledger

    return SqliteLedger(database)


def _users(database: Database, after: str, limit: int) -> Sequence[UserId]:
    return _ledger(database).users(after, limit)


def _stores(database: Database) -> Stores:
    from commitcollect_adapters.sqlite.stores import sqlite_stores  # noqa: PLC0415 - few programs need all stores

    return sqlite_stores(database)


def _queue(database: Database, policy: Policy) -> EventQueue:
    from commitcollect_adapters.sqlite.jobs import SqliteQueue  # noqa: PLC0415 - few programs need a queue

    return SqliteQueue(database, policy)


def _holds_sealed(database: Database) -> bool:
    from commitcollect_adapters.sqlite.strava import has_connections  # noqa: PLC0415 - few programs seal anything

    return has_connections(database)


def _tidy(database: Database, policy: Policy, now: datetime) -> int:
    from commitcollect_adapters.sqlite.expiry import forget_expired  # noqa: PLC0415 - few programs tidy up

    removed = 0
    while some := forget_expired(database, now=now, policy=policy, rows_max=TIDIED_ROWS_MAX):
        removed += some
    return removed


def _backup(database: Database, path: Path, is_overwritten: bool) -> None:
    from commitcollect_adapters.sqlite.copying import backup  # noqa: PLC0415 - one command copies

    backup(database, path, is_overwritten=is_overwritten)


def _check_writable(database: Database) -> str:
    # SQLite lets even a write transaction begin on a read-only file, but refuses a write of no row there.
    with database.transaction() as connection:
        connection.execute("UPDATE ledgerHead SET version = version WHERE userId IS NULL")
    return "yes"


def _check_integrity(database: Database) -> str:
    with database.connection() as connection:
        (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if verdict != "ok":
        raise damaged(database.path, verdict)
    return "SQLite finds nothing wrong"
