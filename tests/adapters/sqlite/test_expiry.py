"""Forgetting what has expired."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from attrs import evolve

from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.expiry import forget_expired
from commitcollect_adapters.sqlite.stores import sqlite_stores
from commitcollect_adapters.testing import service_samples as service
from commitcollect_adapters.testing.service_strategies import LATER
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.stores import Stores
from commitcollect_core.values import UserId

ME = UserId("me")
SECOND = timedelta(seconds=1)
KINDS = 4


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty store."""
    with closing(Database(tmp_path / "store.db")) as opened:
        yield opened


def forget(database: Database, *, rows_max: int = 100) -> int:
    """Forget what has expired at `LATER`."""
    return forget_expired(database, now=LATER, policy=DEFAULT_POLICY, rows_max=rows_max)


def fill(stores: Stores, name: str, ends_after: timedelta) -> None:
    """One thing of each kind that expires so long after `LATER`."""
    end = LATER + ends_after
    kept = timedelta(seconds=DEFAULT_POLICY.accounts.audit_kept_seconds)
    stores.sessions.write(evolve(service.session(ME), session_id=name, expires_at=end))
    stores.handshakes.begin(evolve(service.handshake(), state=name, expires_at=end))
    stores.idempotency.mark(evolve(service.marker(name), expires_at=end))
    service.write_audit(stores.audit, service.audit_event(ME, name, occurred_at=end - kept))


def test_what_has_expired_goes_and_the_rest_stays(database: Database) -> None:
    """The last second counts as over, as everywhere; a second more is still kept."""
    stores = sqlite_stores(database)
    fill(stores, "over", timedelta())
    fill(stores, "not yet", SECOND)
    assert forget(database) == KINDS
    assert forget(database) == 0
    assert stores.sessions.read("over") is None
    assert stores.handshakes.take("over") is None
    assert stores.idempotency.read("over") is None
    assert stores.sessions.read("not yet") is not None
    assert stores.handshakes.take("not yet") is not None
    assert stores.idempotency.read("not yet") is not None
    (left,) = stores.audit.of_user(ME, after=None, limit=9).events
    assert left.request_id == "not yet"


def test_forgetting_goes_on_in_small_steps(database: Database) -> None:
    """Writers need not wait for all of it."""
    stores = sqlite_stores(database)
    for number in range(5):
        fill(stores, f"over-{number}", -number * SECOND)
    steps = [forget(database, rows_max=2) for _ in range(4)]
    assert steps == [2 * KINDS, 2 * KINDS, KINDS, 0]
