"""A queue in a file: what a process that dies leaves, many processes, and how SQLite goes about it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from commitcollect_adapters.sqlite import Database
from commitcollect_adapters.sqlite.jobs import SqliteQueue
from commitcollect_adapters.testing.contracts.queues import new_job, take, take_one
from commitcollect_adapters.testing.samples import NOW
from commitcollect_core.jobs.jobs import QueueCounts

PROCESS = Path(__file__).with_name("queue_process.py")
WORKERS = 3


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file is."""
    return tmp_path / "store.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    """An empty store."""
    with closing(Database(path)) as opened:
        yield opened


def start(path: Path, act: str) -> subprocess.Popen[str]:
    """A process that works on the queue."""
    return subprocess.Popen([sys.executable, str(PROCESS), str(path), act], stdout=subprocess.PIPE, text=True)


def test_everything_is_there_when_the_file_is_opened_again(path: Path) -> None:
    """What waits, what is under way with its lease, and what is parked."""
    waiting, held, parked = new_job("waiting"), new_job("held"), new_job("parked")
    with closing(Database(path)) as database:
        queue = SqliteQueue(database)
        queue.put(parked, visible_at=NOW)
        queue.park(take_one(queue), reason="bad luck", now=NOW)
        queue.put(held, visible_at=NOW)
        leased = take_one(queue)
        queue.put(waiting, visible_at=NOW)
    with closing(Database(path)) as database:
        queue = SqliteQueue(database)
        assert queue.counts(now=NOW) == QueueCounts(waiting=1, leased=1, parked=1)
        assert [each.job for each in queue.parked(limit=9)] == [parked]
        assert take_one(queue).job == waiting
        assert queue.complete(leased)


@pytest.mark.slow
def test_what_was_put_survives_a_kill(path: Path) -> None:
    """Every job whose `put` returned before SIGKILL waits in the file; at most one more does."""
    with start(path, "put") as process:
        assert process.stdout is not None
        told = [process.stdout.readline().strip() for _ in range(100)]
        process.kill()
        told += process.stdout.read().split()
    with closing(Database(path)) as database:
        queue = SqliteQueue(database)
        there = {each.job.key for each in take(queue, limit=100_000)}
    whole = {key for key in told if key}
    assert whole <= there
    assert len(there) <= len(whole) + 1


@pytest.mark.slow
def test_of_several_processes_each_job_is_done_by_one(path: Path, database: Database) -> None:
    """They share a file; all jobs are done, each once."""
    queue = SqliteQueue(database)
    put = [new_job() for _ in range(200)]
    for job in put:
        queue.put(job, visible_at=NOW)
    workers = [start(path, "work") for _ in range(WORKERS)]
    done = [key for worker in workers for key in worker.communicate()[0].split()]
    assert [worker.returncode for worker in workers] == [0] * WORKERS
    assert sorted(done) == sorted(each.key for each in put)


def test_an_idle_worker_writes_nothing(database: Database) -> None:
    """Looking for work keeps nobody else from writing."""
    queue = SqliteQueue(database)
    with database.transaction():
        assert not take(queue)


@contextmanager
def traced(database: Database) -> Iterator[list[str]]:
    """What SQLite is told inside, by readers and writers."""
    told: list[str] = []
    with database.connection() as reader, database.transaction() as writer:
        for connection in (reader, writer):
            connection.set_trace_callback(told.append)
    told.clear()
    yield told
    with database.connection() as reader, database.transaction() as writer:
        for connection in (reader, writer):
            connection.set_trace_callback(None)


def test_a_put_is_one_transaction(database: Database) -> None:
    """Webhooks are answered after it, so it reads by the key and writes once, new or not."""
    queue, job = SqliteQueue(database), new_job("event")
    for _ in range(2):
        with traced(database) as told:
            queue.put(job, visible_at=NOW)
            assert [each.split()[0] for each in told] == ["BEGIN", "SELECT", "INSERT", "COMMIT"]


def test_nothing_is_looked_for_by_reading_all_jobs(database: Database) -> None:
    """Every statement but the counting finds its rows by the key or in an index's order."""
    queue, job = SqliteQueue(database), new_job("event")
    with traced(database) as told:
        queue.put(job, visible_at=NOW)
        queue.give_back(take_one(queue), visible_at=NOW, is_attempt=True)
        queue.park(take_one(queue), reason="bad luck", now=NOW)
        assert queue.parked(limit=1)
        queue.unpark(job.key, now=NOW)
        queue.drop(job.key)
        queue.complete(take_one(queue))
        explained = {each for each in told if each.startswith(("SELECT", "DELETE"))}
    with database.connection() as connection:
        plans = [connection.execute(f"EXPLAIN QUERY PLAN {each}").fetchall() for each in explained]
    assert {step for plan in plans for *_, step in plan} == {
        "SEARCH job USING INDEX jobByDueTime (dueAtUtc<?)",
        "SEARCH job USING PRIMARY KEY (jobKey=?)",
        "SEARCH parkedJob USING PRIMARY KEY (jobKey=?)",
        "SCAN parkedJob USING INDEX parkedJobByTime",
    }
