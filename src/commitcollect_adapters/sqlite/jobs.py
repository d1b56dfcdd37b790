"""The queue, and the requests and events that are dealt with, in their tables.

The queue survives a restart and serves several workers, in several processes.
"""

from __future__ import annotations

import json
import logging
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import islice
from secrets import token_hex
from sqlite3 import Connection
from threading import Lock

from attrs import define

from commitcollect_adapters import conflicts
from commitcollect_adapters.records.columns import Record, epoch
from commitcollect_adapters.records.jobs import ENTRY, IDEMPOTENCY, PARKED
from commitcollect_adapters.sqlite import unreadable
from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.statements import delete, find, replace, select, update
from commitcollect_adapters.turns import DueJob, Turns
from commitcollect_core.clocks import latest_end
from commitcollect_core.errors import CorruptItem, StorageError, StorageUnavailable
from commitcollect_core.jobs.idempotency import IdempotencyRecord, IdempotencyStatus
from commitcollect_core.jobs.jobs import (
    ComingJob,
    Job,
    LeasedJob,
    ParkedJob,
    QueueCounts,
    QueuedJob,
    QueueEntry,
    group_in,
    names_one_of_many,
)
from commitcollect_core.policy import DEFAULT_POLICY, Policy

_log = logging.getLogger(__name__)

_READ = select("job", ENTRY.columns, "jobKey = ?")
_DUE = ("jobKey", "dueAtUtc", "jobGroup", "kind")
_NOT_HELD = "kind NOT IN (SELECT value FROM json_each(?)) ORDER BY dueAtUtc, jobKey LIMIT ?"
_READ_DUE = select("job", _DUE, f"dueAtUtc <= ? AND {_NOT_HELD}")
_READ_LEASED_TOO_LONG = select(
    "job INDEXED BY jobByLeaseEnd", _DUE, f"leaseToken != '' AND dueAtUtc > ? AND {_NOT_HELD}"
)
_READ_DUE_TOO_LATE = select("job", _DUE, f"dueAtUtc > ? AND leaseToken = '' AND {_NOT_HELD}")
_WRITE = replace("job", ENTRY.columns)
_REMOVE = delete("job", "jobKey = ?")
_READ_ALL = select("job", ENTRY.columns, "jobKey IN (SELECT value FROM json_each(?))")
_GROUP_SIZE = select("job", ("1",), "jobGroup = value LIMIT ?")
_GROUP_SIZES = f"SELECT value, (SELECT count(*) FROM ({_GROUP_SIZE})) FROM json_each(?)"  # noqa: S608 - own names only
_LIST_GROUP = select("job", ENTRY.columns, "jobGroup = ? ORDER BY dueAtUtc, jobKey LIMIT ?")
_LIST = select("job", ENTRY.columns, "TRUE ORDER BY dueAtUtc, jobKey LIMIT ?")
_REMOVE_WAITING = delete("job", "jobGroup = ? AND leaseToken = ''")
_PUT_OFF = update("job", ("dueAtUtc", "leaseToken"), "jobKey = ?")
_UNREADABLE_WAIT = timedelta(days=1)
_COUNT = select(
    "job", ("count(*)", "coalesce(sum(leaseToken != '' AND dueAtUtc > ? AND dueAtUtc <= ?), 0)"), "TRUE"
)
_READ_PARKED = select("parkedJob", PARKED.columns, "jobKey = ?")
_LIST_PARKED = select("parkedJob", PARKED.columns, "TRUE ORDER BY parkedAtUtc, jobKey LIMIT ?")
_ALL = -1
"""As a limit: none."""

_LIST_PARKED_KEYS = select("parkedJob", ("jobKey",), "TRUE")
_WRITE_PARKED = replace("parkedJob", PARKED.columns)
_REMOVE_PARKED = delete("parkedJob", "jobKey = ?")
_COUNT_PARKED = select("parkedJob", ("count(*)",), "TRUE")

_HELD = f"requestId = ? AND ownerToken = ? AND status = '{IdempotencyStatus.IN_PROGRESS}'"
_READ_REQUEST = select("idempotency", IDEMPOTENCY.columns, "requestId = ?")
_READ_CLAIM = select("idempotency", ("ownerToken", "status"), "requestId = ?")
_WRITE_REQUEST = replace("idempotency", IDEMPOTENCY.columns)
_COMPLETE_REQUEST = update("idempotency", IDEMPOTENCY.columns, _HELD)
_RELEASE_REQUEST = delete("idempotency", _HELD)


@define(eq=False)
class _Coming:
    """A job on its way into the table, and what became of it."""

    what: ComingJob
    is_kept: bool = False
    failure: StorageError | None = None


class SqliteQueue:
    """Implements `EventQueue`. Every change is one durable transaction."""

    def __init__(self, database: Database, policy: Policy = DEFAULT_POLICY) -> None:
        self._database = database
        self._policy = policy
        self._coming: deque[_Coming] = deque()
        self._turn = Lock()
        self._turns = Turns()

    def put(self, job: Job, *, visible_at: datetime, otherwise: Job | None = None) -> None:
        (failure,) = self.put_all([ComingJob(job=job, visible_at=visible_at, otherwise=otherwise)])
        if failure is not None:
            raise failure

    def put_all(self, jobs: Sequence[ComingJob]) -> Sequence[StorageError | None]:
        # Group commit: the thread whose turn it is writes the jobs of all waiting threads in one transaction.
        # A burst of webhooks waits for one sync of the disk and not for one each.
        ours = [_Coming(each) for each in jobs]
        self._coming.extend(ours)
        with self._turn:
            # While this thread waited, another may have written its jobs, or failed with them: a store that
            # was busy for one is busy for all, and each would wait for the whole time-out in turn.
            left = [each for each in ours if not (each.is_kept or each.failure)]
            try:
                if left:
                    self._keep_with_others(left)
            finally:
                # The caller is told which failed, so no other thread may write them later. If no transaction
                # began, they are still on the list.
                for each in (each for each in left if not each.is_kept):
                    with suppress(ValueError):
                        self._coming.remove(each)
        return [each.failure for each in ours]

    def _keep_with_others(self, ours: Sequence[_Coming]) -> None:
        try:
            self._keep(lambda: self._all_coming(ours))
        except CorruptItem:
            # An unreadable row refuses only the jobs of its key. Those of other threads are still in the
            # transaction that was rolled back; each thread writes its own in turn.
            self._keep_one_by_one(ours)
        except StorageUnavailable as failed:
            # Those that came while this thread waited have waited for the same busy file. An error of its
            # own for each: threads raise them.
            for each in self._all_coming(ours):
                each.failure = StorageUnavailable(failed.message)
            # Raised in this thread it names its cause.
            ours[0].failure = failed
        except StorageError as failed:
            for each in ours:
                each.failure = failed

    def _keep_one_by_one(self, ours: Sequence[_Coming]) -> None:
        for place, one in enumerate(ours):
            try:
                self._keep_alone(one)
            except StorageUnavailable as failed:
                for each in ours[place:]:
                    each.failure = failed  # each would wait for the whole time-out
                return
            except StorageError as failed:
                one.failure = failed

    def _keep_alone(self, one: _Coming) -> None:
        self._keep(lambda: [one])

    def _all_coming(self, ours: Sequence[_Coming]) -> Sequence[_Coming]:
        """The jobs that wait, in order, with ours, which a failed group may have taken off the list."""
        waiting = [self._coming.popleft() for _ in range(len(self._coming))]
        known = set(map(id, waiting))
        return [*(each for each in ours if id(each) not in known), *waiting]

    def _keep(self, waiting: Callable[[], Sequence[_Coming]]) -> None:
        """Write the jobs that wait in one transaction."""
        with self._database.transaction() as connection:
            # Asked only now: jobs that came while this thread waited for the write lock go along.
            coming = waiting()
            self._put(connection, [each.what for each in coming])
        for each in coming:
            each.is_kept = True

    def _put(self, connection: Connection, coming: Sequence[ComingJob]) -> None:
        """Put jobs one after the other."""
        # Their rows are read together and written together: at each statement a thread lets the others run,
        # and in a crowd of events waits long for its next turn.
        stored = self._stored_for(connection, coming)
        sizes = self._group_sizes(connection, coming)
        changed: dict[str, QueueEntry] = {}
        for each in coming:
            job = each.job
            if each.otherwise is not None and not (job.key in stored or job.key in changed):
                is_full = sizes[job.group] >= self._policy.jobs.group_jobs_max
                job = each.otherwise if is_full else job
            key = job.key
            entry = changed.get(key)
            if entry is None and key in stored:
                # Read only now: one that cannot be read refuses the jobs of its key alone.
                entry = ENTRY.decode(stored[key])
            if entry is None:
                changed[key] = QueueEntry(job=job, due_at=each.visible_at)
                sizes[job.group] += 1
            else:
                changed[key] = entry.put(job, visible_at=each.visible_at, policy=self._policy)
        connection.executemany(_WRITE, map(ENTRY.encode, changed.values()))

    def _stored_for(self, connection: Connection, coming: Sequence[ComingJob]) -> dict[str, Record]:
        """The rows there are of the keys that jobs may be put under."""
        keys = {job.key for each in coming for job in (each.job, each.otherwise) if job is not None}
        rows = connection.execute(_READ_ALL, (json.dumps([*keys]),)).fetchall()
        return {row[0]: row for row in rows}

    def _group_sizes(self, connection: Connection, coming: Sequence[ComingJob]) -> Counter[str]:
        """How many jobs the groups have that must not grow without end, up to their limit."""
        groups = {each.job.group for each in coming if each.otherwise is not None}
        if not groups:
            return Counter()
        most = self._policy.jobs.group_jobs_max
        return Counter(dict(connection.execute(_GROUP_SIZES, (most, json.dumps([*groups]))).fetchall()))

    def lease(
        self, *, now: datetime, seconds: int, limit: int, held: Mapping[str, datetime] | None = None
    ) -> Sequence[LeasedJob]:
        kinds = json.dumps([*(held or {})])
        # First a read: an idle worker does not take the write lock from those who put jobs.
        with self._database.connection() as connection:
            if not self._due(connection, now, 1, kinds):
                return []
        until = now + timedelta(seconds=seconds)
        # Read again under the write lock: of two workers that saw the same job, one leases it.
        with self._database.transaction() as connection:
            due = self._due(connection, now, self._policy.jobs.due_jobs_compared_max, kinds)
            chosen = self._turns.choose(due, limit=limit, now_second=int(now.timestamp()))
            rows = [connection.execute(_READ, (each.key,)).fetchone() for each in chosen]
            due_entries = _readable(connection, rows, now)
            taken = [each.taken(token_hex(16), until=until, policy=self._policy) for each in due_entries]
            connection.executemany(_WRITE, map(ENTRY.encode, taken))
        return [each.leased() for each in taken]

    def _due(self, connection: Connection, now: datetime, limit: int, held: str) -> list[DueJob]:
        """Jobs that may be taken (`QueueEntry.is_due`): due longest, then with impossible ends."""
        rows: list[Record] = []
        longest_wait = latest_end(
            now, span_seconds=self._policy.jobs.job_wait_seconds_max, policy=self._policy
        )
        for statement, moment in (
            (_READ_DUE, now),
            (_READ_LEASED_TOO_LONG, self._longest_lease(now)),
            (_READ_DUE_TOO_LATE, longest_wait),
        ):
            parameters = (epoch(moment), held, limit - len(rows))
            rows += connection.execute(statement, parameters).fetchall()
        return [DueJob(second, names_one_of_many(key), key, group) for key, second, group, _ in rows]

    def _longest_lease(self, now: datetime) -> datetime:
        return latest_end(now, span_seconds=self._policy.jobs.job_lease_seconds, policy=self._policy)

    def complete(self, leased: LeasedJob) -> bool:
        return self._change(leased, lambda _connection, entry: entry.after_end())

    def give_back(
        self, leased: LeasedJob, *, visible_at: datetime, is_attempt: bool, reason: str = ""
    ) -> bool:
        return self._change(
            leased,
            lambda _connection, entry: entry.given_back(
                visible_at=visible_at, is_attempt=is_attempt, reason=reason, policy=self._policy
            ),
        )

    def park(self, leased: LeasedJob, *, reason: str, now: datetime) -> bool:
        parked = ParkedJob(job=leased.job, attempts=leased.attempts + 1, reason=reason, parked_at=now)

        # Set aside and taken off the queue in one transaction: a crash leaves the job in one of the two.
        def set_aside(connection: Connection, entry: QueueEntry) -> QueueEntry | None:
            connection.execute(_WRITE_PARKED, PARKED.encode(parked))
            return entry.after_end()

        return self._change(leased, set_aside)

    def _change(
        self, leased: LeasedJob, change: Callable[[Connection, QueueEntry], QueueEntry | None]
    ) -> bool:
        """Change a job that is still held under its lease; returns whether it is."""
        key = leased.job.key
        with self._database.transaction() as connection:
            entry = _entry(connection, key)
            # Another token: the lease ran out and another worker took the job, which is that worker's now.
            if entry is None or entry.token != leased.token:
                return False
            after = change(connection, entry)
            if after is None:
                connection.execute(_REMOVE, (key,))
            else:
                connection.execute(_WRITE, ENTRY.encode(after))
        return True

    def waiting(self, group: str | None, *, limit: int) -> Sequence[QueuedJob]:
        listed, asked = (_LIST, (limit,)) if group is None else (_LIST_GROUP, (group, limit))
        with self._database.connection() as connection:
            return [unreadable.waiting(row) for row in connection.execute(listed, asked)]

    def drop_waiting(self, group: str) -> int:
        with self._database.transaction() as connection:
            return connection.execute(_REMOVE_WAITING, (group,)).rowcount

    def parked(self, *, limit: int, group: str | None = None) -> Sequence[ParkedJob]:
        with self._database.connection() as connection:
            if group is None:
                rows = connection.execute(_LIST_PARKED, (limit,))
                return [unreadable.parked(row) for row in rows]
            # Their keys tell the group: few jobs are ever parked, and they have no index by it.
            rows = connection.execute(_LIST_PARKED, (_ALL,))
            of_group = (row for row in rows if group_in(str(row[0])) == group)
            return [unreadable.parked(row) for row in islice(of_group, limit)]

    def unpark(self, key: str, *, now: datetime) -> bool:
        with self._database.transaction() as connection:
            row = connection.execute(_READ_PARKED, (key,)).fetchone()
            if row is None:
                return False
            # Put like any job: one that came meanwhile under this key is merged and not overwritten.
            connection.execute(_REMOVE_PARKED, (key,))
            self._put(connection, [ComingJob(job=PARKED.decode(row).job, visible_at=now)])
        return True

    def drop(self, key: str) -> bool:
        with self._database.transaction() as connection:
            if connection.execute(_REMOVE_PARKED, (key,)).rowcount == 1:
                return True
            if not key.startswith(unreadable.UNREADABLE):
                return False
            return _remove_parked(connection, lambda stored: unreadable.key_of(stored) == key) > 0

    def drop_parked(self, group: str) -> int:
        with self._database.transaction() as connection:
            return _remove_parked(connection, lambda stored: group_in(str(stored)) == group)

    def counts(self, *, now: datetime) -> QueueCounts:
        with self._database.connection() as connection:
            parameters = (epoch(now), epoch(self._longest_lease(now)))
            total, leased = connection.execute(_COUNT, parameters).fetchone()
            (parked,) = connection.execute(_COUNT_PARKED).fetchone()
        return QueueCounts(waiting=total - leased, leased=leased, parked=parked)


def _remove_parked(connection: Connection, is_meant: Callable[[object], bool]) -> int:
    """Remove the parked jobs whose keys are meant; returns how many there were."""
    keys = [row for row in connection.execute(_LIST_PARKED_KEYS) if is_meant(row[0])]
    connection.executemany(_REMOVE_PARKED, keys)
    return len(keys)


def _readable(connection: Connection, rows: Sequence[Record], now: datetime) -> Iterator[QueueEntry]:
    """The entries of rows; one that cannot be read, as after a downgrade, is put off for a day."""
    for row in rows:
        try:
            yield ENTRY.decode(row)
        except CorruptItem as failed:
            _log.error("a job cannot be read and is put off for a day: %s", failed.message)
            # Without the lease that ran out: dropping the jobs that wait drops this one as well.
            connection.execute(_PUT_OFF, (epoch(now + _UNREADABLE_WAIT), "", row[0]))


def _entry(connection: Connection, key: str) -> QueueEntry | None:
    row = connection.execute(_READ, (key,)).fetchone()
    return None if row is None else ENTRY.decode(row)


class SqliteIdempotencyStore:
    """Implements `IdempotencyStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, request_id: str) -> IdempotencyRecord | None:
        return find(self._database, IDEMPOTENCY, _READ_REQUEST, request_id)

    def begin(self, record: IdempotencyRecord, *, replaces: IdempotencyRecord | None) -> None:
        seen = None if replaces is None else (replaces.owner_token, replaces.status.value)
        with self._database.transaction() as connection:
            # Owner and status rather than a version: a claim is taken over once its lease has run out.
            if connection.execute(_READ_CLAIM, (record.request_id,)).fetchone() != seen:
                raise conflicts.stale()
            connection.execute(_WRITE_REQUEST, IDEMPOTENCY.encode(record))

    def complete(self, record: IdempotencyRecord) -> None:
        parameters = (*IDEMPOTENCY.encode(record), record.request_id, record.owner_token)
        with self._database.transaction() as connection:
            if connection.execute(_COMPLETE_REQUEST, parameters).rowcount != 1:
                raise conflicts.stale()

    def release(self, request_id: str, owner_token: str) -> None:
        with self._database.transaction() as connection:
            connection.execute(_RELEASE_REQUEST, (request_id, owner_token))

    def mark(self, record: IdempotencyRecord) -> None:
        with self._database.transaction() as connection:
            connection.execute(_WRITE_REQUEST, IDEMPOTENCY.encode(record))
