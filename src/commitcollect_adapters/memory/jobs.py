"""A queue, and the requests and events that are dealt with, in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from secrets import token_hex
from threading import Lock

from commitcollect_adapters import conflicts
from commitcollect_adapters.texts import check_keepable
from commitcollect_adapters.turns import DueJob, Turns
from commitcollect_core.errors import StorageError
from commitcollect_core.jobs.idempotency import IdempotencyRecord, IdempotencyStatus
from commitcollect_core.jobs.jobs import (
    ComingJob,
    Job,
    LeasedJob,
    ParkedJob,
    QueueCounts,
    QueuedJob,
    QueueEntry,
)
from commitcollect_core.policy import DEFAULT_POLICY, Policy


class MemoryQueue:
    """Jobs that wait as long as the process lasts. Implements `EventQueue`."""

    def __init__(self, policy: Policy = DEFAULT_POLICY) -> None:
        self._policy = policy
        self._entries: dict[str, QueueEntry] = {}
        self._groups: defaultdict[str, set[str]] = defaultdict(set)
        self._parked: dict[str, ParkedJob] = {}
        self._turns = Turns()
        self._lock = Lock()

    def put(self, job: Job, *, visible_at: datetime, otherwise: Job | None = None) -> None:
        check_keepable(job)
        with self._lock:
            is_new = job.key not in self._entries
            if otherwise is not None and is_new and self._is_full(job.group):
                job = otherwise
            entry = self._entries.get(job.key)
            if entry is None:
                self._entries[job.key] = QueueEntry(job=job, due_at=visible_at)
                self._groups[job.group].add(job.key)
            else:
                self._entries[job.key] = entry.put(job, visible_at=visible_at, policy=self._policy)

    def put_all(self, jobs: Sequence[ComingJob]) -> Sequence[StorageError | None]:
        for each in jobs:
            self.put(each.job, visible_at=each.visible_at, otherwise=each.otherwise)
        return [None] * len(jobs)

    def _is_full(self, group: str) -> bool:
        return len(self._groups.get(group, ())) >= self._policy.jobs.group_jobs_max

    def _remove(self, job: Job) -> None:
        del self._entries[job.key]
        self._groups[job.group].discard(job.key)
        if not self._groups[job.group]:
            del self._groups[job.group]

    def lease(
        self, *, now: datetime, seconds: int, limit: int, held: Mapping[str, datetime] | None = None
    ) -> Sequence[LeasedJob]:
        until = now + timedelta(seconds=seconds)
        with self._lock:
            due = sorted(
                _due(each)
                for each in self._entries.values()
                if each.job.kind not in (held or {}) and each.is_due(now=now, policy=self._policy)
            )
            compared = due[: self._policy.jobs.due_jobs_compared_max]
            chosen = self._turns.choose(compared, limit=limit, now_second=int(now.timestamp()))
            taken = [
                self._entries[each.key].taken(token_hex(16), until=until, policy=self._policy)
                for each in chosen
            ]
            self._entries.update({each.job.key: each for each in taken})
        return [each.leased() for each in taken]

    def complete(self, leased: LeasedJob) -> bool:
        return self._change(leased, QueueEntry.after_end)

    def give_back(
        self, leased: LeasedJob, *, visible_at: datetime, is_attempt: bool, reason: str = ""
    ) -> bool:
        return self._change(
            leased,
            lambda entry: entry.given_back(
                visible_at=visible_at, is_attempt=is_attempt, reason=reason, policy=self._policy
            ),
        )

    def park(self, leased: LeasedJob, *, reason: str, now: datetime) -> bool:
        parked = ParkedJob(job=leased.job, attempts=leased.attempts + 1, reason=reason, parked_at=now)

        def set_aside(entry: QueueEntry) -> QueueEntry | None:
            self._parked[parked.job.key] = parked
            return entry.after_end()

        return self._change(leased, set_aside)

    def _change(self, leased: LeasedJob, change: Callable[[QueueEntry], QueueEntry | None]) -> bool:
        """Change a job that is still held under its lease; returns whether it is."""
        key = leased.job.key
        with self._lock:
            entry = self._entries.get(key)
            # Another token: the lease ran out and another worker took the job, which is that worker's now.
            if entry is None or entry.token != leased.token:
                return False
            after = change(entry)
            if after is None:
                self._remove(entry.job)
            else:
                self._entries[key] = after
        return True

    def waiting(self, group: str | None, *, limit: int) -> Sequence[QueuedJob]:
        with self._lock:
            keys = self._entries if group is None else self._groups.get(group, ())
            entries = [self._entries[key] for key in keys]
        entries.sort(key=lambda each: (each.due_at, each.job.key))
        return [each.listed() for each in entries[:limit]]

    def drop_waiting(self, group: str) -> int:
        with self._lock:
            entries = [self._entries[key] for key in self._groups.get(group, ())]
            waiting = [each for each in entries if not each.token]
            for each in waiting:
                self._remove(each.job)
        return len(waiting)

    def parked(self, *, limit: int, group: str | None = None) -> Sequence[ParkedJob]:
        with self._lock:
            found = [each for each in self._parked.values() if group in {None, each.job.group}]
        found.sort(key=lambda each: (each.parked_at, each.job.key))
        return found[:limit]

    def unpark(self, key: str, *, now: datetime) -> bool:
        with self._lock:
            parked = self._parked.pop(key, None)
        if parked is None:
            return False
        self.put(parked.job, visible_at=now)
        return True

    def drop(self, key: str) -> bool:
        with self._lock:
            return self._parked.pop(key, None) is not None

    def drop_parked(self, group: str) -> int:
        with self._lock:
            keys = [key for key, parked in self._parked.items() if parked.job.group == group]
            for key in keys:
                del self._parked[key]
        return len(keys)

    def counts(self, *, now: datetime) -> QueueCounts:
        with self._lock:
            leased = sum(each.is_leased(now=now, policy=self._policy) for each in self._entries.values())
            return QueueCounts(waiting=len(self._entries) - leased, leased=leased, parked=len(self._parked))


def _due(entry: QueueEntry) -> DueJob:
    job = entry.job
    return DueJob(int(entry.due_at.timestamp()), job.is_one_of_many, job.key, job.group)


class MemoryIdempotencyStore:
    """Implements `IdempotencyStore`."""

    def __init__(self) -> None:
        self._records: dict[str, IdempotencyRecord] = {}
        self._lock = Lock()

    def read(self, request_id: str) -> IdempotencyRecord | None:
        return self._records.get(request_id)

    def begin(self, record: IdempotencyRecord, *, replaces: IdempotencyRecord | None) -> None:
        check_keepable(record)
        with self._lock:
            # Owner and status rather than a version: a claim is taken over once its lease has run out.
            if _claim(self._records.get(record.request_id)) != _claim(replaces):
                raise conflicts.stale()
            self._records[record.request_id] = record

    def complete(self, record: IdempotencyRecord) -> None:
        check_keepable(record)
        with self._lock:
            if not self._is_held(record.request_id, record.owner_token):
                raise conflicts.stale()
            self._records[record.request_id] = record

    def release(self, request_id: str, owner_token: str) -> None:
        with self._lock:
            if self._is_held(request_id, owner_token):
                del self._records[request_id]

    def mark(self, record: IdempotencyRecord) -> None:
        check_keepable(record)
        with self._lock:
            self._records[record.request_id] = record

    def _is_held(self, request_id: str, owner_token: str) -> bool:
        stored = self._records.get(request_id)
        return _claim(stored) == (owner_token, IdempotencyStatus.IN_PROGRESS)


def _claim(record: IdempotencyRecord | None) -> tuple[str, IdempotencyStatus] | None:
    return None if record is None else (record.owner_token, record.status)
