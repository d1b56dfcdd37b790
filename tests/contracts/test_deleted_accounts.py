"""Deleted accounts on every store, looked for past everything that this project knows of keys."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from attrs import evolve

from accounts.leaving import EMAIL, furnish
from commitcollect_adapters.dynamodb.client import Client
from commitcollect_adapters.dynamodb.items.definitions import table_names
from commitcollect_adapters.dynamodb.stores import dynamo_stores
from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.jobs import SqliteQueue
from commitcollect_adapters.sqlite.stores import sqlite_stores
from commitcollect_adapters.testing import samples
from commitcollect_adapters.testing import service_samples as service
from commitcollect_core.stores import Stores
from commitcollect_core.training.workouts import Workout
from commitcollect_core.values import ActivityId, AthleteId, Source, UserId
from strava.world import World

WORKOUTS = 2_600
LEAVER = UserId("leaver-4711-unmistakable")

Look = Callable[[], str]


def many_workouts(stores: Stores, user_id: UserId) -> None:
    """Give a person a long history, past the use cases, which would count it."""
    head = stores.ledger.read_head(user_id)
    for start in range(0, WORKOUTS, 90):
        workouts: list[Workout] = []
        for number in range(start, start + 90):
            snapshot = samples.workout(f"w{number}", start=number * 4_000, source=Source.FILE).snapshot
            workouts.append(
                Workout(
                    snapshot=evolve(snapshot, activity_id=ActivityId(f"w{number}")),
                    version=1,
                    fetched_at=samples.NOW,
                )
            )
        head = evolve(head, version=head.version + 1, workout_count=head.workout_count + len(workouts))
        commit = samples.commit_of(user_id, head.version, workouts=workouts)
        stores.ledger.commit(evolve(commit, head=head))


@pytest.fixture(params=["sqlite", "dynoxide"])
def scanned(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[World, Look]]:
    """A service on a store, and a look at every byte or item of that."""
    if request.param == "dynoxide":
        client: Client = request.getfixturevalue("dynoxide_client")
        yield World(stores=dynamo_stores(client)), lambda: _scan(client)
        return
    path = tmp_path / "store.db"
    with closing(Database(path)) as database:
        world = World(stores=sqlite_stores(database), queue=SqliteQueue(database))
        yield (
            world,
            lambda: "".join(
                each.read_bytes().decode("latin-1") for each in sorted(tmp_path.glob("store.db*"))
            ),
        )


def _scan(client: Client) -> str:
    """Everything in every table; in a test only."""
    found = []
    for name in table_names(client.address.name):
        pages = client.boto.get_paginator("scan").paginate(TableName=name, ConsistentRead=True)
        found += [json.dumps(item, default=str) for page in pages for item in page["Items"]]
    return "\n".join(found)


def test_a_full_scan_finds_nothing_of_a_deleted_account(scanned: tuple[World, Look]) -> None:
    """No user id, athlete id, e-mail, session hash, token, name or activity: the tombstone alone is left.

    On SQLite every byte of the file, its log and the file beside it is looked at.
    """
    world, look = scanned
    athlete_id, other, others = (service.new_strava_athlete() for _ in range(3))
    stays = UserId(f"stays-{others}")
    furnish(world, stays, other, activities=3)
    furnish(world, LEAVER, athlete_id, activities=3)
    many_workouts(world.stores, LEAVER)
    connection = world.stores.connections.read(LEAVER)
    assert connection is not None
    sessions = world.stores.sessions.of_user(LEAVER, limit=9)
    assert len(sessions) == 5
    secrets = {
        LEAVER,
        athlete_id,
        f"name of {LEAVER}",
        connection.access_token,
        connection.refresh_token,
        *(each.session_id for each in sessions),
        *(str(payload_id) for payload_id in _activity_ids(athlete_id)),
    }
    before = look()
    missing = {each for each in secrets if each not in before}
    assert not missing
    request = world.service.accounts.deleting.delete(LEAVER)
    assert request.is_erased
    world.work()
    after = look()
    assert {each for each in secrets if each in after} == set()
    assert stays in after
    assert EMAIL in after  # the other person's, who has the same
    (done,) = [
        each for each in world.service.accounts.deleting.walk() if each.request_id == request.request_id
    ]
    assert done.counts["workout"] == WORKOUTS // 90 * 90 + (90 if WORKOUTS % 90 else 0) + 4
    assert done.receipt
    assert done.request_id in after


def _activity_ids(athlete_id: AthleteId) -> list[int]:
    return [int(athlete_id) * 100_000 + number for number in range(3)]


def test_twenty_people_who_were_deleted_since_a_backup_are_deleted_again(tmp_path: Path) -> None:
    """Yesterday's backup has them; the deletions beside the store are today's, and 5 others stay."""
    path, backup = tmp_path / "store.db", tmp_path / "backup.db"
    people = [UserId(f"person-{number}") for number in range(25)]
    with closing(Database(path)) as database:
        world = World(stores=sqlite_stores(database), queue=SqliteQueue(database))
        for person in people:
            world.stores.ledger.commit(samples.first_commit(person))
            world.stores.profiles.write(service.profile(person))
        with database.connection() as connection:
            connection.execute("VACUUM INTO ?", (str(backup),))
        for person in people[:20]:
            assert world.service.accounts.deleting.delete(person).receipt
    for each in tmp_path.glob("store.db*"):
        if each.suffix != ".deletions":
            each.unlink()
    backup.rename(path)
    with closing(Database(path)) as database:
        restored = World(stores=sqlite_stores(database), queue=SqliteQueue(database))
        deleting = restored.service.accounts.deleting
        assert all(deleting.preview(each).total for each in people)
        assert len(list(deleting.reapply())) == 20
        assert [bool(deleting.preview(each).total) for each in people] == [False] * 20 + [True] * 5
        assert not list(deleting.reapply())
