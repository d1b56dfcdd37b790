"""A queue in the SQLite file: it survives a restart and serves several workers, in several processes."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from secrets import token_hex
from sqlite3 import Connection
from threading import Lock

from attrs import define

from commitcollect_adapters.records import jobs
from commitcollect_adapters.records.encoding import Record, epoch
from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.tables import delete, replace, select, update
from commitcollect_core.errors import CorruptItem, StorageUnavailable
from commitcollect_core.jobs.jobs import Job, LeasedJob, ParkedJob, QueueCounts, QueueEntry
from commitcollect_core.policy import DEFAULT_POLICY, Policy

_log = logging.getLogger(__name__)

_READ = select("job", jobs.ENTRY_COLUMNS, "jobKey = ?")
_READ_DUE = select("job", jobs.ENTRY_COLUMNS, "dueAtUtc <= ? ORDER BY dueAtUtc, jobKey LIMIT ?")
_WRITE = replace("job", jobs.ENTRY_COLUMNS)
_REMOVE = delete("job", "jobKey = ?")
_PUT_OFF = update("job", ("dueAtUtc",), "jobKey = ?")
_UNREADABLE_WAIT = timedelta(days=1)
_COUNT = select("job", ("count(*)", "coalesce(sum(leaseToken != '' AND dueAtUtc > ?), 0)"), "TRUE")
_READ_PARKED = select("parkedJob", jobs.PARKED_COLUMNS, "jobKey = ?")
_LIST_PARKED = select("parkedJob", jobs.PARKED_COLUMNS, "TRUE ORDER BY parkedAtUtc, jobKey LIMIT ?")
_WRITE_PARKED = replace("parkedJob", jobs.PARKED_COLUMNS)
_REMOVE_PARKED = delete("parkedJob", "jobKey = ?")
_COUNT_PARKED = select("parkedJob", ("count(*)",), "TRUE")


@define(eq=False)
class _Coming:
    """A job on its way in, and what became of it."""

    job: Job
    visible_at: datetime
    is_kept: bool = False
    failure: str = ""


class SqliteQueue:
    """Implements `EventQueue`. Every call that changes something is one durable transaction."""

    def __init__(self, database: Database, policy: Policy = DEFAULT_POLICY) -> None:
        self._database = database
        self._policy = policy
        self._coming: deque[_Coming] = deque()
        self._turn = Lock()

    def put(self, job: Job, *, visible_at: datetime) -> None:
        """See `EventQueue`. Whoever's turn it is writes for all who wait, so that a crowd waits for one disk.

        If the file is busy all the time they learn it together. A row that cannot be read keeps only those
        out who put a job of its key.
        """
        ours = _Coming(job, visible_at)
        self._coming.append(ours)
        with self._turn:
            if ours.failure:
                raise StorageUnavailable(ours.failure)
            if ours.is_kept:
                return
            try:
                self._keep(lambda: self._all_coming(ours))
            except CorruptItem:
                self._keep(lambda: [ours])
            except StorageUnavailable as failed:
                for each in self._all_coming(ours):
                    each.failure = failed.message
                raise

    def _all_coming(self, ours: _Coming) -> Sequence[_Coming]:
        """What waits, in the order it came, and ours, which may have been with others that failed."""
        waiting = [self._coming.popleft() for _ in range(len(self._coming))]
        return waiting if ours in waiting else [ours, *waiting]

    def _keep(self, waiting: Callable[[], Sequence[_Coming]]) -> None:
        """Write down what waits once this may be done."""
        with self._database.transaction() as connection:
            coming = waiting()
            for each in coming:
                self._put(connection, each.job, each.visible_at)
        for each in coming:
            each.is_kept = True

    def _put(self, connection: Connection, job: Job, visible_at: datetime) -> None:
        entry = _entry(connection, job.key)
        if entry is None:
            after = QueueEntry(job=job, due_at=visible_at)
        else:
            after = entry.put(job, visible_at=visible_at, policy=self._policy)
        connection.execute(_WRITE, jobs.entry_record(after))

    def lease(self, *, now: datetime, seconds: int, limit: int) -> Sequence[LeasedJob]:
        """See `EventQueue`."""
        parameters = (epoch(now), limit)
        # Looked at first without the right to write: an idle worker keeps nobody waiting.
        with self._database.connection() as connection:
            if connection.execute(_READ_DUE, parameters).fetchone() is None:
                return []
        until = now + timedelta(seconds=seconds)
        with self._database.transaction() as connection:
            due = list(_readable(connection, connection.execute(_READ_DUE, parameters).fetchall(), now))
            taken = [each.taken(token_hex(16), until=until, policy=self._policy) for each in due]
            connection.executemany(_WRITE, map(jobs.entry_record, taken))
        return [each.leased() for each in taken]

    def complete(self, leased: LeasedJob) -> bool:
        """See `EventQueue`."""
        return self._change(leased, lambda _connection, entry: entry.after_end())

    def give_back(self, leased: LeasedJob, *, visible_at: datetime, is_attempt: bool) -> bool:
        """See `EventQueue`."""
        return self._change(
            leased,
            lambda _connection, entry: entry.given_back(
                visible_at=visible_at, is_attempt=is_attempt, policy=self._policy
            ),
        )

    def park(self, leased: LeasedJob, *, reason: str, now: datetime) -> bool:
        """See `EventQueue`."""
        parked = ParkedJob(job=leased.job, attempts=leased.attempts + 1, reason=reason, parked_at=now)

        def set_aside(connection: Connection, entry: QueueEntry) -> QueueEntry | None:
            connection.execute(_WRITE_PARKED, jobs.parked_record(parked))
            return entry.after_end()

        return self._change(leased, set_aside)

    def _change(
        self, leased: LeasedJob, change: Callable[[Connection, QueueEntry], QueueEntry | None]
    ) -> bool:
        """Change a job that is still held under its lease; whether it is."""
        key = leased.job.key
        with self._database.transaction() as connection:
            entry = _entry(connection, key)
            if entry is None or entry.token != leased.token:
                return False
            after = change(connection, entry)
            if after is None:
                connection.execute(_REMOVE, (key,))
            else:
                connection.execute(_WRITE, jobs.entry_record(after))
        return True

    def parked(self, *, limit: int) -> Sequence[ParkedJob]:
        """See `EventQueue`."""
        with self._database.connection() as connection:
            return [jobs.parked(row) for row in connection.execute(_LIST_PARKED, (limit,))]

    def unpark(self, key: str, *, now: datetime) -> bool:
        """See `EventQueue`."""
        with self._database.transaction() as connection:
            row = connection.execute(_READ_PARKED, (key,)).fetchone()
            if row is None:
                return False
            connection.execute(_REMOVE_PARKED, (key,))
            self._put(connection, jobs.parked(row).job, now)
        return True

    def drop(self, key: str) -> bool:
        """See `EventQueue`."""
        with self._database.transaction() as connection:
            return connection.execute(_REMOVE_PARKED, (key,)).rowcount == 1

    def counts(self, *, now: datetime) -> QueueCounts:
        """See `EventQueue`."""
        with self._database.connection() as connection:
            total, leased = connection.execute(_COUNT, (epoch(now),)).fetchone()
            (parked,) = connection.execute(_COUNT_PARKED).fetchone()
        return QueueCounts(waiting=total - leased, leased=leased, parked=parked)


def _readable(connection: Connection, rows: Sequence[Record], now: datetime) -> Iterator[QueueEntry]:
    """The entries of rows; one that only a newer version can read is put off for a day."""
    for row in rows:
        try:
            yield jobs.entry(row)
        except CorruptItem as unreadable:
            _log.error("a job cannot be read and is put off for a day: %s", unreadable.message)
            connection.execute(_PUT_OFF, (epoch(now + _UNREADABLE_WAIT), row[0]))


def _entry(connection: Connection, key: str) -> QueueEntry | None:
    row = connection.execute(_READ, (key,)).fetchone()
    return None if row is None else jobs.entry(row)
