"""How the contract suites open and break the shipped ledgers; importable by other processes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from copy import copy
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from botocore.exceptions import EndpointConnectionError

from commitcollect_adapters.aws.calls import Address, Patience
from commitcollect_adapters.dynamodb.client import Client
from commitcollect_adapters.dynamodb.ledger import DynamoLedger
from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.ledger import SqliteLedger
from commitcollect_adapters.testing.breaking import BrokenDriver, broken_sqlite
from commitcollect_core.training.ports import Ledger

DEADLINE_SECONDS = 20


@contextmanager
def open_sqlite_ledger(path: Path) -> Iterator[Ledger]:
    """The ledger in a file."""
    with closing(Database(path)) as database:
        yield SqliteLedger(database)


@contextmanager
def broken_database(path: Path, *, at: int) -> Iterator[Database]:
    """A file whose statements fail from moment `at` on."""
    with closing(_BreakingDatabase(path)) as database:
        # The connection it was opened with is kept out of the way: those it opens from now on are broken.
        database.take()
        database.factory = broken_sqlite(at=at)
        yield database


class _BreakingDatabase(Database):
    factory: type[sqlite3.Connection] = sqlite3.Connection

    def _opened(self, timeout_seconds: float) -> sqlite3.Connection:
        with pytest.MonkeyPatch.context() as patch:
            connect = partial(sqlite3.connect, factory=self.factory)
            patch.setattr("commitcollect_adapters.sqlite.database.sqlite3.connect", connect)
            return super()._opened(timeout_seconds)


def open_dynamo_ledger(address: Address) -> AbstractContextManager[Ledger]:
    """The ledger in the tables of an engine, over a client of its own."""
    return nullcontext(DynamoLedger(Client(address, deadline_seconds=DEADLINE_SECONDS)))


@frozen
class _BrokenBoto:
    """A client of boto3 whose calls fail."""

    boto: Any
    driver: BrokenDriver

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        call = getattr(self.boto, operation)
        return lambda **request: self.driver.around(partial(call, **request))


def broken_client(client: Client, *, at: int) -> Client:
    """A client that loses its connection at moment `at` for good, and does not try for long."""
    lost = EndpointConnectionError(endpoint_url=client.address.endpoint)
    broken = copy(client)
    broken.boto = _BrokenBoto(client.boto, BrokenDriver(at=at, error=lambda: lost))
    broken.patience = lambda: Patience(0, pause=_no_pause)  # type: ignore[method-assign]  # of this copy
    return broken


def _no_pause(_seconds: float) -> None:
    pass
