"""``commitcollect serve`` with local sign-in: its worker does all that ``commitcollect worker`` does."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from socket import socket

import pytest
from starlette.types import ASGIApp

from cli.console import PATIENCE_SECONDS
from cli.stravas import Person
from commitcollect_adapters.strava.fake import CallKind, Fault
from commitcollect_adapters.web import serving

STORE = Path("commitcollect.db")
DELETIONS = Path("commitcollect.db.deletions")
_POLL_SECONDS = 0.01


def rows(file: Path, statement: str) -> list[tuple[object, ...]]:
    """What a store holds."""
    with closing(sqlite3.connect(file)) as opened:
        return opened.execute(statement).fetchall()


def wait_for(is_met: Callable[[], bool]) -> None:
    """Return once it is so."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not is_met():
        assert time.monotonic() < until, "it does not come about"
        time.sleep(_POLL_SECONDS)


@pytest.fixture
def served(person: Person) -> Callable[[Callable[[], None]], None]:
    """Runs ``commitcollect serve`` in this process for as long as a function takes."""

    def serve(meanwhile: Callable[[], None]) -> None:
        def run(_application: ASGIApp, listener: socket, _ready: Callable[[str], None]) -> None:
            listener.close()
            meanwhile()

        person.monkeypatch.setattr(serving, "run", run)
        outcome = person.console("serve", "--port", "0")
        assert outcome.code == 0, outcome

    return serve


def test_deletions_are_swept(person: Person, served: Callable[[Callable[[], None]], None]) -> None:
    """The lost job of one is put again; the sealed id of another is forgotten when no backup is left."""
    person.console("milestone", "create", "--target", "distance=9km", "--from", "2026-01-01", "--user", "ann")
    person.console.json("account", "delete", "--yes", "--user", "ann")
    person.connect()
    person.fake.inject(Fault.SERVER_ERROR, CallKind.REVOKE, count=None)
    person.console("account", "delete", "--yes")
    with closing(sqlite3.connect(STORE)) as store, store:
        store.execute("DELETE FROM job")
    with closing(sqlite3.connect(DELETIONS)) as store, store:
        store.execute("UPDATE deletion SET completedAtUtc = completedAtUtc - 36 * 86400")
    held = "SELECT completedAtUtc IS NULL, identifiers <> '' FROM deletion ORDER BY 1"
    assert rows(DELETIONS, held) == [(0, 1), (1, 1)]
    served(
        lambda: wait_for(
            lambda: rows(DELETIONS, held) == [(0, 0), (1, 1)] and rows(STORE, "SELECT 1 FROM job") == [(1,)]
        )
    )
