"""A queue in a file: what a process that dies leaves, many processes, and how SQLite goes about it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from attrs import evolve

from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.jobs import SqliteQueue
from commitcollect_adapters.sqlite.schema import APPLICATION_ID, LAYOUTS
from commitcollect_adapters.testing.contracts.queues import new_job, take, take_one
from commitcollect_adapters.testing.samples import NOW
from commitcollect_core.jobs.jobs import JobEvent, LeasedJob, ParkedJob, QueueCounts
from commitcollect_core.strava.jobs import activity_job
from commitcollect_core.values import ActivityId, AthleteId

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


LAYOUT_3_JOBS = Path(__file__).with_name("layout_3_jobs.sql")
"""Rows as the program of that layout wrote them: waiting, taken with events put meanwhile, and set aside."""


def _mark(activity: str, second: int) -> str:
    return f"9-42-activity-{activity}-update-{second}-7972b0d0b398438d"


def _old_event(activity: str, second: int) -> JobEvent:
    return JobEvent(_mark(activity, second), datetime.fromtimestamp(second, UTC))


def test_jobs_of_an_older_layout_are_kept(path: Path) -> None:
    """Each with its subject, events, tries, lease and times; those of Strava are of Strava's kinds now."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("".join(LAYOUTS[:3]))
        connection.executescript(LAYOUT_3_JOBS.read_text(encoding="utf-8"))
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 3")
    began = datetime.fromtimestamp(1_782_907_200, UTC)
    with closing(Database(path)) as database:
        queue = SqliteQueue(database)
        assert queue.counts(now=began) == QueueCounts(waiting=3, leased=1, parked=1)
        [parked] = queue.parked(limit=9)
        assert parked == ParkedJob(
            job=evolve(
                activity_job(AthleteId("42"), ActivityId("1002"), now=began + timedelta(seconds=1)),
                events=(_old_event("1002", 1_782_907_201),),
            ),
            attempts=1,
            reason="invalid_input: distance -5 is negative",
            parked_at=began + timedelta(hours=7),
        )
        ride = activity_job(AthleteId("42"), ActivityId("1001"), now=began)
        held = LeasedJob(job=ride, token="token", until=began + timedelta(seconds=150))  # noqa: S106 - a lease's
        assert queue.complete(held)
        assert not queue.waiting("strava/4", limit=9)
        assert {each.job.key for each in queue.waiting("strava/43", limit=9)} == {"strava/backfill/43"}
        waiting = queue.lease(now=began + timedelta(hours=1), seconds=60, limit=9)
    assert [(each.job.key, each.attempts) for each in waiting] == [
        ("strava/backfill/43", 1),
        ("strava/activity/42/1001", 0),
        ("strava/authorization/42", 0),
        ("strava/activity/42/1003", 0),
    ]
    put_meanwhile, unasked = waiting[1].job, waiting[3].job
    assert put_meanwhile.events == (_old_event("1001", 1_782_907_220),)
    assert put_meanwhile.subject == {"athleteId": "42", "activityId": "1001"}
    assert unasked == activity_job(AthleteId("42"), ActivityId("1003"), now=began)


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
    """Looking for work keeps no other process from writing."""
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
            assert [each.split()[0] for each in told] == ["BEGIN", "PRAGMA", "SELECT", "INSERT", "COMMIT"]


def test_nothing_is_looked_for_by_reading_all_jobs(database: Database) -> None:
    """Every statement but the counting finds its rows by the key or in an index's order."""
    queue, job = SqliteQueue(database), new_job("event")
    with traced(database) as told:
        queue.put(job, visible_at=NOW, otherwise=job)
        assert queue.waiting(job.group, limit=1)
        assert not queue.drop_waiting("strava")
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
        "SEARCH job USING COVERING INDEX jobByDueTime (dueAtUtc<?)",
        "LIST SUBQUERY 1",  # the kinds that are held, and the keys of jobs put together
        "CORRELATED SCALAR SUBQUERY 2",  # the size of a group, counted up to its limit
        "CO-ROUTINE (subquery-1)",
        "SCAN (subquery-1)",
        "SCAN json_each VIRTUAL TABLE INDEX 1:",
        "SEARCH job USING COVERING INDEX jobByGroup (jobGroup=?)",
        "SEARCH job USING INDEX jobByGroup (jobGroup=?)",
        "SEARCH job USING INDEX jobByDueTime (dueAtUtc>?)",
        "SEARCH job USING INDEX jobByLeaseEnd (dueAtUtc>?)",
        "SEARCH job USING PRIMARY KEY (jobKey=?)",
        "SEARCH parkedJob USING PRIMARY KEY (jobKey=?)",
        "SCAN parkedJob USING INDEX parkedJobByTime",
    }


@pytest.mark.parametrize(
    ("change", "has_group"),
    [
        ("events = 'newer'", True),
        ("kind = 'newer/kind'", True),
        ("subject = '[]'", True),
        ("parkedAtUtc = 'soon'", True),
        ("parkedAtUtc = 1 << 60", True),
        ("jobKey = 'no key'", False),
        ("jobKey = x'00ff'", False),
        ("jobKey = ''", False),
    ],
)
def test_what_cannot_be_read_is_found_by_its_key(database: Database, change: str, *, has_group: bool) -> None:
    """Whatever column holds what this program does not know; the group is known from the key."""
    queue, job, whole = SqliteQueue(database), new_job(), new_job()
    for each in (job, whole):
        queue.put(each, visible_at=NOW)
        queue.park(take_one(queue), reason="bad luck", now=NOW)
    with database.transaction() as connection:
        connection.execute(f"UPDATE parkedJob SET {change} WHERE jobKey = ?", (job.key,))  # noqa: S608 - the test's own text
    (stand_in,) = (each for each in queue.parked(limit=9) if each.job != whole)
    assert (stand_in.job.group == job.group, stand_in.job.key == job.key) == (has_group, has_group)
    assert "this version cannot read it" in stand_in.reason
    assert not queue.drop("sqlite/unreadable/0")
    assert queue.drop(stand_in.job.key)
    assert [each.job for each in queue.parked(limit=9)] == [whole]


def test_a_waiting_job_that_cannot_be_read_is_listed_and_dropped_with_its_group(database: Database) -> None:
    """Even one whose worker is gone: its lease is taken off once it has run out."""
    queue, job = SqliteQueue(database), new_job()
    queue.put(job, visible_at=NOW)
    take_one(queue, seconds=0)
    with database.transaction() as connection:
        connection.execute("UPDATE job SET events = 'newer'")
    assert not take(queue)
    (listed,) = queue.waiting(job.group, limit=9)
    assert (listed.job.key, listed.job.group) == (job.key, job.group)
    assert "this version cannot read it" in listed.last_error
    assert queue.drop_waiting(job.group) == 1
