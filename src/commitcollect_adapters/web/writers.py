"""Threads that put the jobs of events into the queue, several in one write."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

from attrs import define

from commitcollect_core.errors import StorageError, StorageUnavailable
from commitcollect_core.jobs.jobs import ComingJob
from commitcollect_core.jobs.ports import EventQueue

WRITERS_MAX = 32
"""Threads that wait for the store at once; each may hold a connection to it."""

BATCH_MAX = 64
"""Jobs that a thread takes along. With more threads than are needed, all compete for the interpreter."""

JOIN_SECONDS = 0.05
"""How long a job waits for others while a thread writes already, which may take long; or twice as long."""

WAIT_SECONDS_MAX = 1.0
"""How long a job waits for a thread. Strava waits two seconds for an answer."""


@define(eq=False)
class _Waiting:
    """A job that waits for a thread since a moment of the loop, and what tells that it is kept or refused."""

    coming: ComingJob
    kept: asyncio.Future[None]
    since: float


class Writers:
    """Puts jobs into a queue for callers that must not block."""

    def __init__(self, queue: EventQueue, threads_max: int = WRITERS_MAX) -> None:
        """Put jobs into `queue`, with so many writes at once."""
        self._queue = queue
        self._threads_max = threads_max
        self._waiting: deque[_Waiting] = deque()
        self._writing = 0
        self._counting = Lock()
        # The loops that will write first, and look after those that wait: a host may run one after another.
        self._writing_soon: asyncio.AbstractEventLoop | None = None
        self._watching: asyncio.AbstractEventLoop | None = None
        # Threads of their own: calls of pages may hold every thread that they share for as long as they like.
        self._threads = ThreadPoolExecutor(threads_max, thread_name_prefix="webhook")

    @property
    def are_busy(self) -> bool:
        """Whether every thread writes."""
        return self._writing == self._threads_max

    async def keep(self, coming: ComingJob) -> None:
        """Put a job into the queue.

        Raises:
            StorageError: it is not kept; as when every thread was busy for a second.
        """
        loop = asyncio.get_running_loop()
        ours = _Waiting(coming, loop.create_future(), loop.time())
        self._waiting.append(ours)
        if not self._writing and self._writing_soon is not loop:
            # Not yet: those go along whose requests have come by now. What a loop finds to read in the next
            # round it answers in the one after.
            self._writing_soon = loop
            loop.call_soon(loop.call_soon, loop.call_soon, self._write_first)
        # One timer for all that wait: one for each would cost an event as much as reading it.
        if self._watching is not loop:
            self._watching = loop
            loop.call_later(JOIN_SECONDS, self._watch)
        await ours.kept

    def _write_first(self) -> None:
        self._writing_soon = None
        if not self._writing:
            self._write()

    def _watch(self) -> None:
        """Have more threads write what waits for long, and give up what has waited too long."""
        loop = asyncio.get_running_loop()
        while self._has_waited(WAIT_SECONDS_MAX, loop.time()):
            late = StorageUnavailable("every writer waits for the store; try again later")
            _settle(self._waiting.popleft(), late)
        while self._has_waited(JOIN_SECONDS, loop.time()) and not self.are_busy:
            self._write()
        self._watching = loop if self._waiting else None
        if self._waiting:
            loop.call_later(JOIN_SECONDS, self._watch)

    def _has_waited(self, seconds: float, now: float) -> bool:
        return bool(self._waiting) and now - self._waiting[0].since >= seconds

    def _write(self) -> None:
        """Have a thread write the jobs that wait longest, if there is a free one."""
        if self.are_busy or not self._waiting:
            return
        batch = [self._waiting.popleft() for _ in range(min(BATCH_MAX, len(self._waiting)))]
        jobs = [each.coming for each in batch]
        self._count(1)
        try:
            written = asyncio.get_running_loop().run_in_executor(self._threads, self._put, jobs)
        except RuntimeError:
            # The system starts no more threads. A later one would find this write on its list, and nothing
            # to write.
            jobs.clear()
            self._count(-1)
            for each in batch:
                _settle(each, StorageUnavailable("no thread can be started to write; try again later"))
        else:
            written.add_done_callback(lambda done: self._end(batch, done))

    def _count(self, more: int) -> None:
        with self._counting:
            self._writing += more

    def _put(self, jobs: Sequence[ComingJob]) -> Sequence[StorageError | None]:
        if not jobs:
            return ()
        try:
            return self._queue.put_all(jobs)
        finally:
            # Here and not in `_end`, which never comes where the loop ends before the write.
            self._count(-1)

    def _end(self, batch: Sequence[_Waiting], done: asyncio.Future[Sequence[StorageError | None]]) -> None:
        if done.cancelled():
            return  # the loop ends, and with it all that waits
        self._write()
        error = done.exception()
        failures = done.result() if error is None else [error] * len(batch)
        for each, failure in zip(batch, failures, strict=True):
            _settle(each, failure)


def _settle(waiting: _Waiting, failure: BaseException | None) -> None:
    if waiting.kept.done():
        return  # its caller does not wait any more
    if failure is None:
        waiting.kept.set_result(None)
    else:
        waiting.kept.set_exception(failure)
