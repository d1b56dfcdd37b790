"""Requests dealt with, and the audit log, in memory."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import defaultdict
from threading import Lock

from commitcollect_adapters import conflicts
from commitcollect_core.accounts.audit import AuditEvent, AuditPage, AuditPosition, AuditType
from commitcollect_core.jobs.idempotency import IdempotencyRecord, IdempotencyStatus
from commitcollect_core.values import UserId

_Place = tuple[float, str, UserId]
_Index = tuple[str, ...]


class MemoryIdempotencyStore:
    """Implements `IdempotencyStore`."""

    def __init__(self) -> None:
        self._records: dict[str, IdempotencyRecord] = {}
        self._lock = Lock()

    def read(self, request_id: str) -> IdempotencyRecord | None:
        """See `IdempotencyStore`."""
        return self._records.get(request_id)

    def begin(self, record: IdempotencyRecord, *, replaces: IdempotencyRecord | None) -> None:
        """See `IdempotencyStore`."""
        with self._lock:
            if _claim(self._records.get(record.request_id)) != _claim(replaces):
                raise conflicts.stale()
            self._records[record.request_id] = record

    def complete(self, record: IdempotencyRecord) -> None:
        """See `IdempotencyStore`."""
        with self._lock:
            if not self._is_held(record.request_id, record.owner_token):
                raise conflicts.stale()
            self._records[record.request_id] = record

    def release(self, request_id: str, owner_token: str) -> None:
        """See `IdempotencyStore`."""
        with self._lock:
            if self._is_held(request_id, owner_token):
                del self._records[request_id]

    def mark(self, record: IdempotencyRecord) -> None:
        """See `IdempotencyStore`."""
        with self._lock:
            self._records[record.request_id] = record

    def _is_held(self, request_id: str, owner_token: str) -> bool:
        stored = self._records.get(request_id)
        return _claim(stored) == (owner_token, IdempotencyStatus.IN_PROGRESS)


def _claim(record: IdempotencyRecord | None) -> tuple[str, IdempotencyStatus] | None:
    return None if record is None else (record.owner_token, record.status)


class MemoryAuditLog:
    """Implements `AuditLog`."""

    def __init__(self) -> None:
        self._events: dict[_Place, AuditEvent] = {}
        self._places: dict[_Index, list[_Place]] = defaultdict(list)
        self._lock = Lock()

    def write(self, event: AuditEvent) -> None:
        """See `AuditLog`."""
        place = _place(event.position)
        with self._lock:
            if place in self._events:
                return
            self._events[place] = event
            insort(self._places["user", event.user_id], place)
            insort(self._places["flow", event.correlation_id], place)
            insort(self._places["type", event.event_type, event.month], place)

    def of_user(self, user_id: UserId, *, after: AuditPosition | None, limit: int) -> AuditPage:
        """See `AuditLog`."""
        return self._page(("user", user_id), after, limit)

    def of_flow(self, correlation_id: str, *, after: AuditPosition | None, limit: int) -> AuditPage:
        """See `AuditLog`."""
        return self._page(("flow", correlation_id), after, limit)

    def of_type(
        self, event_type: AuditType, *, month: str, after: AuditPosition | None, limit: int
    ) -> AuditPage:
        """See `AuditLog`."""
        return self._page(("type", event_type, month), after, limit)

    def _page(self, index: _Index, after: AuditPosition | None, limit: int) -> AuditPage:
        with self._lock:
            places = self._places.get(index, [])
            start = 0 if after is None else bisect_right(places, _place(after))
            found = places[start : start + limit + 1]
            events = tuple(self._events[each] for each in found[:limit])
        return AuditPage(events=events, next=events[-1].position if len(found) > limit else None)


def _place(position: AuditPosition) -> _Place:
    return (position.occurred_at.timestamp(), position.request_id, position.user_id)
