"""Deleting an account: nothing is left, nothing comes back, and it can be proved (law 7)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from accounts.leaving import OTHER, OTHER_ATHLETE, furnish
from commitcollect_adapters.ciphers import signing
from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.jobs import SqliteQueue
from commitcollect_adapters.sqlite.stores import sqlite_stores
from commitcollect_core.accounts import registry
from commitcollect_core.accounts.receipts import opened
from commitcollect_core.errors import NotFound
from commitcollect_core.values import UserId
from strava.world import ME, World


@pytest.fixture(params=["memory", "sqlite"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A service on a store of its own."""
    if request.param == "memory":
        yield World()
        return
    with closing(Database(tmp_path / "store.db")) as database:
        yield World(stores=sqlite_stores(database), queue=SqliteQueue(database))


def test_of_a_deleted_account_nothing_is_left_and_all_of_another(world: World) -> None:
    """Every type of item is erased, of this person alone; the receipt says so and is signed."""
    furnish(world, OTHER, OTHER_ATHLETE)
    furnish(world)
    deleting = world.service.accounts.deleting
    before, others = deleting.preview(ME), deleting.preview(OTHER)
    assert set(before.counts) == set(registry.PERSONAL)
    request = deleting.delete(ME)
    assert request.steps_left == ()
    assert not deleting.preview(ME).total
    assert deleting.preview(OTHER) == others
    receipt = json.loads(request.receipt)
    key = world.signer.public_key
    content = opened(receipt, lambda text, signature: signing.is_signed(key, text, signature))
    assert content["erased"] == {each.value: count for each, count in before.counts.items()}
    assert [each["found"] for each in content["verifications"]] == [0, 0]


def test_of_whom_nothing_is_stored_nothing_is_deleted(world: World) -> None:
    """A mistyped id is told, and makes no tombstone."""
    with pytest.raises(NotFound) as refused:
        world.service.accounts.deleting.delete(UserId("nobody"))
    assert refused.value.code == "account_not_found"
    assert not list(world.service.accounts.deleting.walk())
