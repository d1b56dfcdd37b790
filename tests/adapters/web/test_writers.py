"""Events that come at once are written together, and no later one waits for a write that hangs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from threading import Event, Thread

import pytest

from commitcollect_adapters.memory.jobs import MemoryQueue
from commitcollect_adapters.testing.contracts.queues import new_job
from commitcollect_adapters.testing.samples import NOW
from commitcollect_adapters.web import writers
from commitcollect_adapters.web.writers import BATCH_MAX, Writers
from commitcollect_core.errors import StorageError, StorageUnavailable
from commitcollect_core.jobs.jobs import ComingJob, Job

PATIENCE_SECONDS = 60


class Gated(MemoryQueue):
    """Waits before it writes certain jobs, refuses others, and remembers what came together."""

    def __init__(self, *, slow: Sequence[Job] = (), refused: Sequence[Job] = ()) -> None:
        super().__init__()
        self.batches: list[int] = []
        self.is_open = Event()
        self.is_begun = Event()
        self._slow = {each.key for each in slow}
        self._refused = {each.key for each in refused}

    def put_all(self, jobs: Sequence[ComingJob]) -> Sequence[StorageError | None]:
        """As told."""
        self.batches.append(len(jobs))
        if any(each.job.key in self._slow for each in jobs):
            self.is_begun.set()
            assert self.is_open.wait(PATIENCE_SECONDS)
        failures = [
            StorageUnavailable(each.job.key) if each.job.key in self._refused else None for each in jobs
        ]
        kept = [each for each, failure in zip(jobs, failures, strict=True) if failure is None]
        assert not any(super().put_all(kept))
        return failures


def coming(job: Job) -> ComingJob:
    """A job on its way."""
    return ComingJob(job=job, visible_at=NOW)


async def begun(queue: Gated) -> None:
    """Wait until the queue writes a slow job."""
    assert await asyncio.to_thread(queue.is_begun.wait, PATIENCE_SECONDS)


def keys(queue: MemoryQueue) -> set[str]:
    """What is in a queue."""
    return {each.job.key for each in queue.waiting(None, limit=1_000)}


def test_jobs_that_come_while_a_thread_writes_are_written_together() -> None:
    """One thread is enough for a crowd, a batch at a time; all are kept."""
    first, crowd = new_job(), [new_job() for _ in range(2 * BATCH_MAX + 1)]
    queue = Gated(slow=[first])

    async def run() -> None:
        writers = Writers(queue, threads_max=1)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(writers.keep(coming(first)))
            await begun(queue)
            for each in crowd:
                tasks.create_task(writers.keep(coming(each)))
            await asyncio.sleep(0)
            queue.is_open.set()

    asyncio.run(run())
    assert queue.batches == [1, BATCH_MAX, BATCH_MAX, 1]
    assert keys(queue) == {each.key for each in (first, *crowd)}


def test_a_crowd_waits_for_the_thread_that_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many come, no other thread begins before a write may be taken to hang."""
    monkeypatch.setattr(writers, "JOIN_SECONDS", PATIENCE_SECONDS)
    first, crowd = new_job(), [new_job() for _ in range(3 * BATCH_MAX)]
    queue = Gated(slow=[first])

    async def run() -> None:
        used = Writers(queue, threads_max=2)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(used.keep(coming(first)))
            await begun(queue)
            for each in crowd:
                tasks.create_task(used.keep(coming(each)))
            await asyncio.sleep(0)
            assert not used.are_busy
            queue.is_open.set()

    asyncio.run(run())
    assert queue.batches == [1, *[BATCH_MAX] * 3]


def test_a_crowd_that_comes_at_once_takes_few_threads() -> None:
    """Nothing is written yet: callers of one round of the loop go along from the start."""
    queue = Gated()

    async def run() -> None:
        writers = Writers(queue)
        async with asyncio.TaskGroup() as tasks:
            for _ in range(4 * BATCH_MAX):
                tasks.create_task(writers.keep(coming(new_job())))

    asyncio.run(run())
    assert queue.batches == [BATCH_MAX] * 4


def test_a_write_that_hangs_keeps_no_later_job_waiting() -> None:
    """Another thread takes it."""
    slow, other = new_job(), new_job()
    queue = Gated(slow=[slow])

    async def run() -> None:
        writers = Writers(queue)
        hanging = asyncio.create_task(writers.keep(coming(slow)))
        await begun(queue)
        await writers.keep(coming(other))
        assert keys(queue) == {other.key}
        assert not hanging.done()
        queue.is_open.set()
        await hanging

    asyncio.run(run())
    assert keys(queue) == {slow.key, other.key}


def test_each_caller_is_told_of_its_own_job() -> None:
    """One that cannot be kept fails alone; an error of the whole write is told to all."""
    jobs = [new_job() for _ in range(5)]
    queue = Gated(refused=jobs[:1])

    async def kept(writers: Writers) -> Sequence[BaseException | None]:
        return await asyncio.gather(*(writers.keep(coming(each)) for each in jobs), return_exceptions=True)

    async def run() -> None:
        first, *others = await kept(Writers(queue))
        assert isinstance(first, StorageUnavailable)
        assert others == [None] * 4
        failed = await kept(Writers(Broken()))
        assert [type(each) for each in failed] == [StorageError] * 5

    asyncio.run(run())
    assert queue.batches == [5]


def test_a_loop_that_ends_under_a_write_leaves_its_thread_to_others() -> None:
    """As when a request is cut off where each has a loop of its own; the next job does not wait for it."""
    slow = new_job()
    queue = Gated(slow=[slow])
    writers = Writers(queue, threads_max=1)

    async def leave() -> None:
        leaving = asyncio.create_task(writers.keep(coming(slow)))
        await begun(queue)
        leaving.cancel()

    asyncio.run(leave())
    was_busy = writers.are_busy
    queue.is_open.set()
    writers._threads.shutdown()  # noqa: SLF001 - so its write has ended
    assert (was_busy, writers.are_busy) == (True, False)
    assert keys(queue) == {slow.key}


class Broken(MemoryQueue):
    """A queue whose store is damaged."""

    def put_all(self, jobs: Sequence[ComingJob]) -> Sequence[StorageError | None]:
        """Refuse."""
        raise StorageError(f"{len(jobs)} jobs cannot be written")


@pytest.mark.parametrize("is_kept", [True, False])
def test_a_caller_that_has_gone_is_no_trouble(*, is_kept: bool) -> None:
    """Its job is written all the same, and what became of it is told to none."""
    job, other = new_job(), new_job()
    queue = Gated(slow=[job], refused=[] if is_kept else [job])

    async def run() -> None:
        writers = Writers(queue, threads_max=1)
        leaving = asyncio.create_task(writers.keep(coming(job)))
        await begun(queue)
        leaving.cancel()
        queue.is_open.set()
        await writers.keep(coming(other))

    asyncio.run(run())
    assert keys(queue) == ({job.key, other.key} if is_kept else {other.key})


def test_a_system_that_starts_no_thread_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The job is refused at once, and the next one is kept as soon as there is a thread again."""
    queue = MemoryQueue()
    used = Writers(queue, threads_max=1)

    def exhausted(_thread: Thread) -> None:
        raise RuntimeError("can't start new thread")

    async def run() -> None:
        with monkeypatch.context() as patched:
            patched.setattr(Thread, "start", exhausted)
            with pytest.raises(StorageUnavailable, match="no thread can be started"):
                await used.keep(coming(refused))
        await used.keep(coming(later))

    refused, later = new_job(), new_job()
    asyncio.run(asyncio.wait_for(run(), PATIENCE_SECONDS))
    assert keys(queue) == {later.key}
    assert not used.are_busy


def test_a_loop_that_ended_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host may run one loop after another: what one was to do is done by the next."""
    slow = new_job()
    queue = Gated(slow=[slow])
    used = Writers(queue, threads_max=1)

    async def begin() -> None:
        # It ends in the round of the loop in which the job began to wait.
        task = asyncio.create_task(used.keep(coming(new_job())))
        await asyncio.sleep(0)
        task.cancel()
        asyncio.get_running_loop().stop()

    async def keep(job: Job) -> None:
        await used.keep(coming(job))

    async def refused() -> None:
        hanging = asyncio.create_task(keep(slow))
        await begun(queue)
        with pytest.raises(StorageUnavailable, match="every writer waits"):
            await keep(new_job())
        queue.is_open.set()
        await hanging

    loop = asyncio.new_event_loop()
    ended = loop.create_task(begin())
    loop.run_forever()
    assert ended.done()
    loop.close()
    later = new_job()
    monkeypatch.setattr(writers, "JOIN_SECONDS", 10 * PATIENCE_SECONDS)
    asyncio.run(asyncio.wait_for(keep(later), PATIENCE_SECONDS))
    assert later.key in keys(queue)
    monkeypatch.setattr(writers, "JOIN_SECONDS", 0.01)
    monkeypatch.setattr(writers, "WAIT_SECONDS_MAX", 0.05)
    asyncio.run(asyncio.wait_for(refused(), PATIENCE_SECONDS))
