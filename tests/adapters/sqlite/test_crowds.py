"""Many who write to one file at once: they take turns, and a crowd of events waits for the disk once."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.jobs import SqliteQueue
from commitcollect_adapters.testing.contracts.queues import crowd_of, new_job, take, whole_of
from commitcollect_adapters.testing.samples import NOW
from commitcollect_core.errors import CorruptItem, StorageError, StorageUnavailable
from commitcollect_core.jobs.jobs import ComingJob, Job

CROWD = 20
BUSY_SECONDS = 0.05
LOOKS_MAX = 60_000
_LOOK_SECONDS = 0.001


class _Held(Database):
    """A file whose next writer stands at the door until told to go on."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, busy_timeout_seconds=BUSY_SECONDS)
        self.begun = 0
        self.arrived, self.goes_on = Event(), Event()

    def begin(self) -> sqlite3.Connection:
        """See `Database`."""
        self.begun += 1
        self.arrived.set()
        self.goes_on.wait()
        return super().begin()


@pytest.fixture
def held(tmp_path: Path) -> Iterator[_Held]:
    """An empty store."""
    with closing(_Held(tmp_path / "store.db")) as database:
        yield database


@contextmanager
def crowding(held: _Held) -> Iterator[Callable[[Job], Future[None]]]:
    """Puts jobs from as many threads; the first stands at the door until all others have come."""
    queue, jobs = SqliteQueue(held), 0
    with ThreadPoolExecutor(CROWD + 1) as threads:

        def put(job: Job) -> Future[None]:
            nonlocal jobs
            putting = threads.submit(queue.put, job, visible_at=NOW)
            held.arrived.wait()
            jobs += 1
            return putting

        yield put
        for _ in range(LOOKS_MAX):
            if len(queue._coming) == jobs:  # noqa: SLF001 - nothing else tells that they wait
                break
            held.goes_on.wait(_LOOK_SECONDS)
        held.goes_on.set()


def test_writers_that_wait_together_are_written_together(held: _Held) -> None:
    """One transaction for the first and for every writer that came before it began."""
    jobs = [new_job() for _ in range(CROWD + 1)]
    with crowding(held) as put:
        putting = [put(each) for each in jobs]
    assert [each.result() for each in putting] == [None] * len(jobs)
    assert held.begun == 1
    kept = take(SqliteQueue(held), limit=2 * CROWD)
    assert {each.job.key for each in kept} == {each.key for each in jobs}


def test_a_row_that_cannot_be_read_keeps_no_other_out(held: _Held) -> None:
    """Who puts a job of its key is told; all others who waited with it are kept."""
    bad, others = new_job(), [new_job() for _ in range(5)]
    held.goes_on.set()
    SqliteQueue(held).put(bad, visible_at=NOW)
    with held.transaction() as connection:
        connection.execute("UPDATE job SET kind = 'NONE OF OURS'")
    held.goes_on.clear()
    with crowding(held) as put:
        putting = [put(each) for each in others]
        putting_bad = put(bad)
    assert [each.result() for each in putting] == [None] * len(others)
    with pytest.raises(CorruptItem):
        putting_bad.result()
    with held.transaction() as connection:
        connection.execute("DELETE FROM job WHERE kind = 'NONE OF OURS'")
    kept = take(SqliteQueue(held), limit=2 * CROWD)
    assert {each.job.key for each in kept} == {each.key for each in others}


def test_of_jobs_put_together_one_that_cannot_be_kept_keeps_no_other_out(held: _Held) -> None:
    """Its own error says why; where the file is busy, all have one."""
    held.goes_on.set()
    queue, bad, others = SqliteQueue(held), new_job(), [new_job() for _ in range(3)]
    queue.put(bad, visible_at=NOW)
    with held.transaction() as connection:
        connection.execute("UPDATE job SET kind = 'NONE OF OURS'")
    jobs = [ComingJob(job=each, visible_at=NOW) for each in (others[0], bad, *others[1:])]
    first, failed, *rest = queue.put_all(jobs)
    assert (first, type(failed), rest) == (None, CorruptItem, [None, None])
    assert {each.job.key for each in take(queue, limit=9)} == {each.key for each in others}
    with closing(sqlite3.connect(held.path, isolation_level=None)) as rival:
        rival.execute("BEGIN IMMEDIATE")
        assert [type(each) for each in queue.put_all(jobs)] == [StorageUnavailable] * len(jobs)
    assert queue.put_all([]) == []


def test_a_look_that_cannot_be_read_keeps_no_event_out(held: _Held) -> None:
    """Events have jobs of their own, as long as they need no other to stand for them."""
    held.goes_on.set()
    queue, job = SqliteQueue(held), new_job()
    whole = whole_of(job)
    queue.put(whole, visible_at=NOW)
    with held.transaction() as connection:
        connection.execute("UPDATE job SET events = 'not JSON'")
    coming = [ComingJob(job=each, visible_at=NOW, otherwise=whole) for each in crowd_of(job, 3)]
    assert queue.put_all(coming) == [None] * 3
    assert {each.job.key for each in take(queue, limit=9)} == {each.job.key for each in coming}


def test_jobs_put_together_wait_once_for_a_file_that_becomes_busy(
    held: _Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of them cannot be kept, and then no other can be written for now."""
    held.goes_on.set()
    queue, bad = SqliteQueue(held), new_job()
    queue.put(bad, visible_at=NOW)
    with held.transaction() as connection:
        connection.execute("UPDATE job SET kind = 'NONE OF OURS'")
    begin, tries = held.begin, 0

    def busy_later() -> sqlite3.Connection:
        nonlocal tries
        tries += 1
        if tries > 2:
            raise StorageUnavailable("the store is busy")
        return begin()

    monkeypatch.setattr(held, "begin", busy_later)
    jobs = [ComingJob(job=each, visible_at=NOW) for each in (new_job(), bad, *(new_job() for _ in range(5)))]
    failures = [type(each) for each in queue.put_all(jobs)]
    assert failures == [type(None), *[StorageUnavailable] * 6]
    assert tries == 3


def test_a_crowd_at_a_busy_file_waits_once(held: _Held) -> None:
    """All are told when the first has waited in vain, and later they can."""
    with closing(sqlite3.connect(held.path, isolation_level=None)) as rival:
        rival.execute("BEGIN IMMEDIATE")
        with crowding(held) as put:
            putting = [put(new_job()) for _ in range(CROWD + 1)]
        assert {type(each.exception()) for each in putting} == {StorageUnavailable}
    assert held.begun == 1
    queue = SqliteQueue(held)
    queue.put(new_job(), visible_at=NOW)
    assert len(take(queue, limit=2 * CROWD)) == 1


def test_a_writer_waits_for_another_thread_only_so_long(tmp_path: Path) -> None:
    """As for another process: then it is told to try later, and can."""
    with closing(Database(tmp_path / "store.db", busy_timeout_seconds=BUSY_SECONDS)) as database:
        queue = SqliteQueue(database)
        with database.transaction(), pytest.raises(StorageUnavailable):
            queue.put(new_job(), visible_at=NOW)
        queue.put(new_job(), visible_at=NOW)
        assert len(take(queue, limit=9)) == 1


@pytest.mark.parametrize(
    "failure", [StorageError("the file is damaged"), KeyboardInterrupt()], ids=["error", "end"]
)
def test_a_job_that_was_refused_is_not_written_by_the_next_writer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException
) -> None:
    """However the transaction failed to begin: its caller was told, and may have put another in its place."""
    with closing(Database(tmp_path / "store.db")) as database:
        queue, refused, kept = SqliteQueue(database), new_job(), new_job()

        def begin() -> sqlite3.Connection:
            raise failure

        with monkeypatch.context() as broken:
            broken.setattr(database, "begin", begin)
            with pytest.raises(type(failure)):
                queue.put(refused, visible_at=NOW)
        queue.put(kept, visible_at=NOW)
        assert [each.job for each in take(queue)] == [kept]


def test_a_row_that_cannot_be_read_blocks_no_worker(held: _Held) -> None:
    """A job of a kind that only a newer version knows is put off for a day; the others are taken."""
    held.goes_on.set()
    queue = SqliteQueue(held)
    bad, good = new_job(), new_job()
    queue.put(bad, visible_at=NOW)
    with held.transaction() as connection:
        connection.execute("UPDATE job SET kind = 'NONE OF OURS'")
    queue.put(good, visible_at=NOW)
    assert [each.job.key for each in take(queue, limit=10)] == [good.key]
    assert queue.counts(now=NOW).waiting == 1
    with held.transaction() as connection:
        connection.execute("UPDATE job SET kind = ? WHERE kind = 'NONE OF OURS'", (bad.kind,))
    (later,) = queue.lease(now=NOW + timedelta(days=1), seconds=60, limit=1)
    assert later.job.key in {bad.key, good.key}
