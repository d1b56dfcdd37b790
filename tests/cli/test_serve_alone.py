"""``commitcollect serve`` with local sign-in: its worker does all that ``commitcollect worker`` does."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from socket import socket
from typing import Any

import pytest
from starlette.types import ASGIApp

from cli.console import PATIENCE_SECONDS
from cli.stravas import Person
from commitcollect_adapters.sqlite.jobs import SqliteQueue
from commitcollect_adapters.strava.fake import CallKind, Fault
from commitcollect_adapters.web import serving
from commitcollect_core.errors import CorruptItem
from commitcollect_core.jobs.jobs import LeasedJob

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
def served(person: Person) -> Callable[[Callable[[], None]], str]:
    """Runs ``commitcollect serve`` in this process for as long as a function takes; what it said."""

    def serve_until(meanwhile: Callable[[], None]) -> str:
        def run(_application: ASGIApp, listener: socket, _ready: Callable[[str], None]) -> None:
            listener.close()
            meanwhile()

        person.monkeypatch.setattr(serving, "run", run)
        outcome = person.console("serve", "--port", "0")
        assert outcome.code == 0, outcome
        return outcome.err

    return serve_until


def test_deletions_are_swept(person: Person, served: Callable[[Callable[[], None]], str]) -> None:
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


@pytest.mark.parametrize("error", [CorruptItem("an item cannot be read"), RuntimeError("a mistake of ours")])
def test_the_worker_goes_on_after_an_error(
    person: Person, served: Callable[[Callable[[], None]], str], error: Exception
) -> None:
    """The queue fails once, in a way that ends ``commitcollect worker``: it is logged, and jobs are done."""
    person.monkeypatch.setattr("commitcollect_cli.serve.PAUSE_SECONDS", 0.0)
    person.connect()
    lease, errors = SqliteQueue.lease, [error]

    def failing(self: SqliteQueue, **asked: Any) -> Sequence[LeasedJob]:
        if errors:
            raise errors.pop()
        return lease(self, **asked)

    person.monkeypatch.setattr(SqliteQueue, "lease", failing)
    said = served(lambda: wait_for(lambda: not rows(STORE, "SELECT 1 FROM job")))
    assert f"the worker failed and goes on in a moment: {error}" in said
    assert person.console.json("strava", "status")["workoutCount"] == 3
