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
from commitcollect_core.policy import JobsPolicy, Policy
from commitcollect_core.strava.jobs import group_of
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


@pytest.mark.parametrize("is_spoiled", [False, True], ids=["readable", "unreadable"])
def test_parked_jobs_are_erased_behind_any_number_of_others(tmp_path: Path, *, is_spoiled: bool) -> None:
    """A listing would show the older ones of others; an unreadable job is found by its key."""
    policy = Policy(jobs=JobsPolicy(jobs_parked_listed_max=2))
    with closing(Database(tmp_path / "store.db")) as database:
        queue = SqliteQueue(database, policy)
        world = World(stores=sqlite_stores(database), queue=queue, policy=policy)
        furnish(world, OTHER, OTHER_ATHLETE)
        furnish(world)
        if is_spoiled:
            with database.transaction() as connection:
                connection.execute("UPDATE parkedJob SET events = 'newer'")
        deleting = world.service.accounts.deleting
        assert deleting.preview(ME).counts[registry.ItemType.PARKED_JOB]
        assert deleting.delete(ME).steps_left == ()
        left = queue.parked(limit=9)
        assert {each.job.group for each in left} == {group_of(OTHER_ATHLETE)}
        assert queue.counts(now=world.clock.now()).parked == len(left)


def test_of_whom_nothing_is_stored_nothing_is_deleted(world: World) -> None:
    """A mistyped id is told, and makes no tombstone."""
    with pytest.raises(NotFound) as refused:
        world.service.accounts.deleting.delete(UserId("nobody"))
    assert refused.value.code == "account_not_found"
    assert not list(world.service.accounts.deleting.walk())
