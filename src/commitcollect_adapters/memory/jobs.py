"""A queue, and the requests and events that are dealt with, in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from secrets import token_hex
from threading import Lock

from commitcollect_adapters import conflicts
from commitcollect_core.jobs.idempotency import IdempotencyRecord, IdempotencyStatus
from commitcollect_core.jobs.jobs import Job, LeasedJob, ParkedJob, QueueCounts, QueueEntry
from commitcollect_core.policy import DEFAULT_POLICY, Policy


class MemoryQueue:
    """Jobs that wait as long as the process lasts. Implements `EventQueue`."""

    def __init__(self, policy: Policy = DEFAULT_POLICY) -> None:
        self._policy = policy
        self._entries: dict[str, QueueEntry] = {}
        self._parked: dict[str, ParkedJob] = {}
        self._lock = Lock()

    def put(self, job: Job, *, visible_at: datetime) -> None:
        with self._lock:
            entry = self._entries.get(job.key)
            if entry is None:
                self._entries[job.key] = QueueEntry(job=job, due_at=visible_at)
            else:
                self._entries[job.key] = entry.put(job, visible_at=visible_at, policy=self._policy)

    def lease(self, *, now: datetime, seconds: int, limit: int) -> Sequence[LeasedJob]:
        until = now + timedelta(seconds=seconds)
        with self._lock:
            due = [each for each in self._entries.values() if each.is_due(now=now, policy=self._policy)]
            due.sort(key=lambda each: (each.due_at, each.job.key))
            taken = [each.taken(token_hex(16), until=until, policy=self._policy) for each in due[:limit]]
            self._entries.update({each.job.key: each for each in taken})
        return [each.leased() for each in taken]

    def complete(self, leased: LeasedJob) -> bool:
        return self._change(leased, QueueEntry.after_end)

    def give_back(self, leased: LeasedJob, *, visible_at: datetime, is_attempt: bool) -> bool:
        return self._change(
            leased,
            lambda entry: entry.given_back(visible_at=visible_at, is_attempt=is_attempt, policy=self._policy),
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
                del self._entries[key]
            else:
                self._entries[key] = after
        return True

    def parked(self, *, limit: int) -> Sequence[ParkedJob]:
        with self._lock:
            parked = sorted(self._parked.values(), key=lambda each: (each.parked_at, each.job.key))
        return parked[:limit]

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

    def counts(self, *, now: datetime) -> QueueCounts:
        with self._lock:
            leased = sum(each.is_leased(now=now, policy=self._policy) for each in self._entries.values())
            return QueueCounts(waiting=len(self._entries) - leased, leased=leased, parked=len(self._parked))


class MemoryIdempotencyStore:
    """Implements `IdempotencyStore`."""

    def __init__(self) -> None:
        self._records: dict[str, IdempotencyRecord] = {}
        self._lock = Lock()

    def read(self, request_id: str) -> IdempotencyRecord | None:
        return self._records.get(request_id)

    def begin(self, record: IdempotencyRecord, *, replaces: IdempotencyRecord | None) -> None:
        with self._lock:
            # Owner and status rather than a version: a claim is taken over once its lease has run out.
            if _claim(self._records.get(record.request_id)) != _claim(replaces):
                raise conflicts.stale()
            self._records[record.request_id] = record

    def complete(self, record: IdempotencyRecord) -> None:
        with self._lock:
            if not self._is_held(record.request_id, record.owner_token):
                raise conflicts.stale()
            self._records[record.request_id] = record

    def release(self, request_id: str, owner_token: str) -> None:
        with self._lock:
            if self._is_held(request_id, owner_token):
                del self._records[request_id]

    def mark(self, record: IdempotencyRecord) -> None:
        with self._lock:
            self._records[record.request_id] = record

    def _is_held(self, request_id: str, owner_token: str) -> bool:
        stored = self._records.get(request_id)
        return _claim(stored) == (owner_token, IdempotencyStatus.IN_PROGRESS)


def _claim(record: IdempotencyRecord | None) -> tuple[str, IdempotencyStatus] | None:
    return None if record is None else (record.owner_token, record.status)
