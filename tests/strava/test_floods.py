"""Floods of forged events about one athlete delay no other's, and the athlete's own arrive all the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from adapters.dynamodb.engine import connect
from commitcollect_adapters.dynamodb.stores import dynamo_stores
from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.jobs import SqliteQueue
from commitcollect_adapters.sqlite.stores import sqlite_stores
from commitcollect_core.policy import DEFAULT_POLICY
from engines import running
from strava.flood import OTHERS, Flood
from strava.world import World

WINDOW = 900
PER_MINUTE = 10_000
FEW_PER_MINUTE = 60
"""Enough to fill every limit; more are refused alike."""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty store in a file."""
    with closing(Database(tmp_path / "store.db")) as opened:
        yield opened


def check(world: World, forged_per_minute: int) -> None:
    """The limits, whatever the stores."""
    figures = Flood(world, forged_per_minute=forged_per_minute).run()
    assert len(figures.others_late) == 180
    assert max(figures.others_late) <= 5
    assert len(figures.ours_late) == 18
    assert max(figures.ours_late) <= WINDOW + 5
    assert max(figures.calls.values()) <= DEFAULT_POLICY.strava.athlete_calls_per_window
    assert figures.jobs_max <= DEFAULT_POLICY.jobs.group_jobs_max + 1 + len(OTHERS)
    world.work()
    world.check_converged()


def test_in_memory_a_flood_delays_no_other() -> None:
    """Others' events are done within 5 s of their due time, ours within a window."""
    check(World(), FEW_PER_MINUTE)


@pytest.mark.deep
def test_in_memory_a_whole_flood_delays_no_other() -> None:
    """The same with 10,000 forged events a minute."""
    check(World(), PER_MINUTE)


@pytest.mark.slow
def test_in_a_file_a_flood_delays_no_other(database: Database) -> None:
    """The same on SQLite."""
    check(World(stores=sqlite_stores(database), queue=SqliteQueue(database)), FEW_PER_MINUTE)


@pytest.mark.deep
def test_in_a_file_a_whole_flood_delays_no_other(database: Database) -> None:
    """The same on SQLite with 10,000 forged events a minute."""
    check(World(stores=sqlite_stores(database), queue=SqliteQueue(database)), PER_MINUTE)


@pytest.mark.slow
def test_on_dynamodb_a_flood_delays_no_other() -> None:
    """The same with budgets, connections and ledgers on DynamoDB."""
    with running.dynoxide() as endpoint:
        check(World(stores=dynamo_stores(connect(endpoint, prefix="flood"))), FEW_PER_MINUTE)
