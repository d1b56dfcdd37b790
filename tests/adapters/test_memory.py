"""The stores in memory under rivals that all look before any of them writes."""

from __future__ import annotations

import time
from collections.abc import Callable
from operator import attrgetter
from typing import Any

import pytest
from attrs import evolve

from commitcollect_adapters.memory.stores import memory_stores
from commitcollect_adapters.testing import samples
from commitcollect_adapters.testing import service_samples as service
from commitcollect_adapters.testing.contracts.checks import THREADS, race
from commitcollect_core.errors import Conflict
from commitcollect_core.stores import Stores
from commitcollect_core.strava.backfills import BackfillCommit
from commitcollect_core.values import AthleteId, UserId

ME = UserId("me")
CONNECTION = service.connection(ME, AthleteId("1"))
CLAIM = service.claim("r", "me")
YIELDS = 50


class Hesitant(dict[Any, Any]):
    """A dictionary in which all other threads have a turn between a look and what follows from it."""

    def get(self, key: Any, default: Any = None) -> Any:
        """As a dictionary does."""
        found = super().get(key, default)
        self._let_others_go()
        return found

    def __contains__(self, key: object) -> bool:
        found = super().__contains__(key)
        self._let_others_go()
        return found

    @staticmethod
    def _let_others_go() -> None:
        for _ in range(YIELDS):
            time.sleep(0)  # gives way without waiting


def _connect(stores: Stores) -> None:
    stores.connections.commit(service.connecting(CONNECTION))


def _disconnect(stores: Stores) -> None:
    stores.connections.commit(service.disconnecting(CONNECTION))


RACES: dict[str, tuple[str, str, Callable[[Stores], object]]] = {
    "connect": ("connections", "_connections", _connect),
    "profile": ("profiles._versions", "_values", lambda stores: stores.profiles.write(service.profile(ME))),
    "backfill": (
        "backfills",
        "_backfills",
        lambda stores: stores.backfills.commit(BackfillCommit(backfill=service.backfill(ME))),
    ),
    "budget": ("rates", "_values", lambda stores: stores.rates.write("app", service.rate_budget())),
    "deletion": (
        "deletions",
        "_requests",
        lambda stores: stores.deletions.write(service.deletion("d")),
    ),
    "claim": ("idempotency", "_records", lambda stores: stores.idempotency.begin(CLAIM, replaces=None)),
}
"""What exactly one of many may do: the store, where it keeps things, and the deed."""


@pytest.mark.parametrize("what", RACES)
def test_of_many_who_look_at_once_one_writes(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look and the write that follows from it cannot be parted."""
    store, attribute, act = RACES[what]
    stores = memory_stores()
    monkeypatch.setattr(attrgetter(store)(stores), attribute, Hesitant())
    results = race([lambda: act(stores)] * THREADS)
    assert sum(not isinstance(each, Conflict) for each in results) == 1


def test_of_many_who_disconnect_at_once_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """Removing a connection, which the fence does not guard, cannot be parted either."""
    stores = memory_stores()
    monkeypatch.setattr(stores.connections, "_connections", Hesitant())
    _connect(stores)
    results = race([lambda: _disconnect(stores)] * THREADS)
    assert sum(not isinstance(each, Conflict) for each in results) == 1


def test_a_statue_is_published_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of several models under one id all but one are refused."""
    stores = memory_stores()
    monkeypatch.setattr(stores.catalog, "_publications", Hesitant())
    rivals = [evolve(samples.HERON, parts=samples.HERON.parts[: n + 1]) for n in range(THREADS)]
    results = race([lambda each=each: stores.catalog.save(service.published(each)) for each in rivals])  # type: ignore[misc]  # mypy infers no type for a lambda with a default
    assert sum(not isinstance(each, Conflict) for each in results) == 1
