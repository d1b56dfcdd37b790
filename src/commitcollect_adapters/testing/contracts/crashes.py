"""What a crash leaves behind in the stores of a service: each write is whole, or not there."""
# ruff: noqa: S101 - a suite asserts, though it does not live under tests/

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import pytest
from attrs import evolve, frozen

from commitcollect_adapters.testing import samples
from commitcollect_adapters.testing import service_samples as service
from commitcollect_adapters.testing.contracts.checks import MOMENTS_MAX, is_done, undefined
from commitcollect_adapters.testing.contracts.stores import StoresContract
from commitcollect_core.stores import Stores
from commitcollect_core.strava.backfills import BackfillCommit
from commitcollect_core.strava.connections import StravaConnection
from commitcollect_core.values import ModelId, UserId


@frozen
class _Write:
    """A write of several items, about a subject that is new each time.

    Attributes:
        prepare: stores what it stands on.
        write: the write itself.
        read: what is there of it, whatever the subject is called.
    """

    prepare: Callable[[Stores], Any]
    write: Callable[[Stores, Any], object]
    read: Callable[[Stores, Any], object]


def _backfill_begun(stores: Stores) -> UserId:
    user_id = samples.new_athlete()
    stores.backfills.commit(BackfillCommit(backfill=service.backfill(user_id), page=service.staged_page(1)))
    return user_id


def _go_on(stores: Stores, user_id: UserId) -> None:
    stores.backfills.commit(
        BackfillCommit(backfill=service.backfill(user_id, 2), page=service.staged_page(2), done_page=1)
    )


def _backfill(stores: Stores, user_id: UserId) -> object:
    stored = stores.backfills.read(user_id)
    pages = [stores.backfills.read_page(user_id, number) for number in (1, 2)]
    return stored and stored.version, pages


def _not_connected(_stores: Stores) -> StravaConnection:
    return service.connection(samples.new_athlete(), service.new_strava_athlete(), 1, "first")


def _connected(stores: Stores) -> StravaConnection:
    connection = _not_connected(stores)
    stores.connections.commit(service.connecting(connection))
    return connection


def _connection(stores: Stores, connection: StravaConnection) -> object:
    stored, owner = (
        stores.connections.read(connection.user_id),
        stores.connections.owner(connection.athlete_id),
    )
    head = stores.ledger.read_head(connection.user_id)
    return stored == connection, owner and owner.user_id == connection.user_id, head


def _log(stores: Stores, user_id: UserId) -> object:
    entries = stores.audit.of_user(user_id, after=None, limit=9).entries
    return stores.audit.read_head(user_id).sequence, [each.sequence for each in entries]


def _model(stores: Stores, model_id: ModelId) -> object:
    model = stores.catalog.model(model_id)
    return model and model.parts


_WRITES: dict[str, _Write] = {
    "a page of a backfill": _Write(_backfill_begun, _go_on, _backfill),
    "a connection": _Write(
        _not_connected,
        lambda stores, subject: stores.connections.commit(service.connecting(subject)),
        _connection,
    ),
    "the end of a connection": _Write(
        _connected,
        lambda stores, subject: stores.connections.commit(service.disconnecting(subject)),
        _connection,
    ),
    "an entry of the audit log": _Write(
        lambda _stores: samples.new_athlete(),
        lambda stores, subject: service.write_audit(stores.audit, service.audit_event(subject, "1")),
        _log,
    ),
    "a statue": _Write(
        lambda _stores: ModelId(service.new_name("MODEL")),
        lambda stores, subject: stores.catalog.save(
            service.published(evolve(samples.HERON, model_id=subject))
        ),
        _model,
    ),
}


class CrashContract(StoresContract):
    """Every write of several items is whole or not there, wherever its driver stops."""

    def open_broken_stores(self, *, at: int) -> AbstractContextManager[Stores]:  # noqa: ARG002 - for those who override it
        """The stores of `open_stores`, whose driver fails at moment `at` and ever after; see `BrokenDriver`.

        Count the driver's calls from when the stores are open.
        """
        undefined("open_broken_stores")

    @pytest.mark.parametrize("what", _WRITES)
    def test_a_write_that_breaks_off_is_whole_or_not_there(self, what: str) -> None:
        """An error of the store, and all of it is there or nothing; what is not there can be written next."""
        act = _WRITES[what]
        with self.open_stores() as stores:
            subject = act.prepare(stores)
            before = act.read(stores, subject)
            act.write(stores, subject)
            after = act.read(stores, subject)
            assert after != before
            for at in range(1, MOMENTS_MAX + 1):
                subject = act.prepare(stores)
                with self.open_broken_stores(at=at) as broken:
                    was_done = is_done(partial(act.write, broken, subject))
                if act.read(stores, subject) == before:
                    assert not was_done, "the write returned, and nothing is there"
                    act.write(stores, subject)
                assert act.read(stores, subject) == after
                if was_done:
                    assert at > 1, "the driver failed, and the write returned all the same"
                    return
        pytest.fail(f"the store still fails after {MOMENTS_MAX} moments")
