"""How SQLite goes about the statements of the stores."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from attrs import evolve

from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.expiry import forget_expired
from commitcollect_adapters.sqlite.stores import sqlite_stores
from commitcollect_adapters.testing import samples
from commitcollect_adapters.testing import service_samples as service
from commitcollect_adapters.testing.service_strategies import LATER
from commitcollect_core.accounts.audit import AuditPosition, AuditType
from commitcollect_core.jobs.idempotency import completed
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.stores import Stores
from commitcollect_core.strava.backfills import BackfillCommit
from commitcollect_core.values import AthleteId, UserId

ME = UserId("me")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty store."""
    with closing(Database(tmp_path / "store.db")) as opened:
        yield opened


def use_everything(stores: Stores) -> None:
    """Read and write through every method of a service's stores."""
    first = service.connection(ME, AthleteId("1"))
    stores.connections.commit(service.connecting(first))
    stores.connections.commit(service.connecting(service.connection(ME, AthleteId("2"), 2), first))
    stores.connections.read(ME)
    stores.connections.owner(AthleteId("1"))
    for version in (1, 2):
        stores.profiles.write(service.profile(ME, version))
        stores.rates.write("app", service.rate_budget(version))
        stores.deletions.write(service.deletion("d", version))
        commit = BackfillCommit(
            backfill=service.backfill(ME, version), page=service.staged_page(version), done_page=version - 1
        )
        stores.backfills.commit(commit)
    stores.profiles.read(ME)
    stores.rates.read("app")
    stores.deletions.read("d")
    stores.backfills.read(ME)
    stores.backfills.read_page(ME, 1)
    stores.backfills.erase(ME)
    stores.connections.commit(service.disconnecting(service.connection(ME, AthleteId("2"), 2)))
    use_sessions_and_requests(stores)
    digest = stores.catalog.save_geometry(samples.HERON.model_id, b"geometry")
    stores.catalog.save(evolve(service.published(samples.HERON), geometry_sha256=digest))
    stores.catalog.geometry(samples.HERON.model_id)
    stores.catalog.model(samples.HERON.model_id)
    stores.catalog.models()


def use_sessions_and_requests(stores: Stores) -> None:
    """The same for sessions, handshakes, requests and the audit log."""
    session, handshake = service.session(ME), service.handshake()
    stores.sessions.write(session)
    stores.sessions.touch(session)
    stores.sessions.read(session.session_id)
    stores.sessions.of_user(ME, limit=1)
    stores.sessions.delete(session.session_id)
    stores.handshakes.begin(handshake)
    stores.handshakes.take(handshake.state)
    claim = service.claim("r", "me")
    stores.idempotency.begin(claim, replaces=None)
    stores.idempotency.complete(completed(claim, ""))
    stores.idempotency.release("r", "me")
    stores.idempotency.mark(claim)
    stores.idempotency.read("r")
    service.write_audit(stores.audit, service.audit_event(ME, "1"))
    for after in (None, AuditPosition(LATER, "1", ME)):
        stores.audit.of_user(ME, after=after, limit=1)
        stores.audit.of_flow("f", after=after, limit=1)
        stores.audit.of_type(AuditType.AUTH_LOGIN, month="209001", after=after, limit=1)


def test_nothing_is_looked_for_by_reading_all_of_a_table(database: Database) -> None:
    """Every statement finds its rows by a key or an index, and in the order it needs them (law 10)."""
    statements: list[str] = []
    with database.connection() as connection:
        connection.set_trace_callback(statements.append)
    use_everything(sqlite_stores(database))
    forget_expired(database, now=LATER, policy=DEFAULT_POLICY, rows_max=1)
    with database.connection() as connection:
        connection.set_trace_callback(None)
        plans = {each: list(_plan(connection, each)) for each in statements if each.startswith(_EXPLAINED)}
    assert len(plans) > len(_EXPLAINED)
    costly = {
        statement: plan
        for statement, plan in plans.items()
        if any(step.startswith(("SCAN", "USE TEMP")) for step in plan)
    }
    assert not costly


_EXPLAINED = ("SELECT", "UPDATE", "DELETE")


def _plan(connection: sqlite3.Connection, statement: str) -> Iterator[str]:
    for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {statement}"):
        yield step
