"""Wiring: one function per store makes the application on it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from commitcollect_adapters.memory import MemoryLedger
from commitcollect_adapters.statues import shipped_catalog
from commitcollect_adapters.system import JitteredBackoff, NoBackoff, SystemClock, SystemIds
from commitcollect_core.errors import InvalidInput, NotFound, StorageError
from commitcollect_core.policy import DEFAULT_POLICY, Policy
from commitcollect_core.ports import Backoff, Ledger, Ports

if TYPE_CHECKING:
    from commitcollect_adapters.dynamodb.client import Client

MEMORY = "memory:"
"""The address of a store that lasts as long as the process."""

RACE_WAIT_SECONDS = 0.05
RACE_WAIT_SECONDS_MAX = 2.0
"""How long a writer to DynamoDB who lost a race waits at most, the first time and ever."""

_SQLITE_MEMORY = ":memory:"
DYNAMODB = "dynamodb://"
"""What the address of a DynamoDB store begins with."""


def is_sqlite(address: str) -> bool:
    """Whether an address is the path of a SQLite file."""
    return address != MEMORY and not address.startswith(DYNAMODB)


def _ports(ledger: Ledger, backoff: Backoff) -> Ports:
    """Ports on a ledger, with the machine's clock, random ids and the shipped statues."""
    return Ports(
        clock=SystemClock(), ids=SystemIds(), backoff=backoff, ledger=ledger, catalog=shipped_catalog()
    )


def memory_ports() -> Ports:
    """Ports on a ledger that lasts as long as the process, with the machine's clock and random ids."""
    return _ports(MemoryLedger(), NoBackoff())


@contextmanager
def open_ports(address: str, *, must_exist: bool = False) -> Iterator[Ports]:
    """Ports on the store at `address`: a file's path for SQLite, ``memory:``, or ``dynamodb://…``.

    Args:
        address: where the store is.
        must_exist: do not make a file that is not there, as befits those who only read.

    Raises:
        InvalidInput: an address of DynamoDB has another form.
        NotFound: there is no such file.
        StorageError: the store cannot be opened.
    """
    if address == MEMORY:
        yield memory_ports()
    elif address.startswith(DYNAMODB):
        yield dynamodb_ports(address)
    else:
        if must_exist:
            _check_is_there(Path(address))
        if address == _SQLITE_MEMORY:
            raise InvalidInput(
                f"for a store that lasts as long as the process, write {MEMORY}", field="store"
            )
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
        yield _ports(SqliteLedger(database), NoBackoff())
    finally:
        database.close()


def dynamodb_client(address: str, policy: Policy = DEFAULT_POLICY) -> Client:
    """A client for the DynamoDB tables at `address`; nothing is sent yet.

    Raises:
        InvalidInput: the address has another form, or the extra that brings boto3 is not installed.
    """
    try:
        from commitcollect_adapters.dynamodb.client import Address, Client  # noqa: PLC0415 - boto3 takes half a second
    except ModuleNotFoundError as missing:
        raise InvalidInput(
            f"a DynamoDB store needs {missing.name}; install it with: pip install 'commitcollect[aws]'",
            field="store",
        ) from missing
    return Client(Address.parse(address), deadline_seconds=policy.store_deadline_seconds)


def dynamodb_ports(address: str) -> Ports:
    """Ports on DynamoDB tables; errors as in `dynamodb_client`."""
    client = dynamodb_client(address)
    from commitcollect_adapters.dynamodb.ledger import DynamoLedger  # noqa: PLC0415 - boto3 takes half a second

    backoff = JitteredBackoff(first_seconds=RACE_WAIT_SECONDS, longest_seconds=RACE_WAIT_SECONDS_MAX)
    return _ports(DynamoLedger(client), backoff)
