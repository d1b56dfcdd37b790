"""Sessions, handshakes and the audit log in memory."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Sequence
from threading import Lock

from commitcollect_adapters import conflicts
from commitcollect_adapters.memory.ledger import MemoryLedger
from commitcollect_adapters.memory.versioned import check_follows
from commitcollect_adapters.texts import check_keepable
from commitcollect_core.accounts.audit import AuditPosition, AuditType
from commitcollect_core.accounts.chain import AuditEntry, ChainHead
from commitcollect_core.accounts.ports import AuditPage
from commitcollect_core.accounts.sessions import Session
from commitcollect_core.handshakes import Handshake
from commitcollect_core.values import UserId


class MemorySessionStore:
    """Implements `SessionStore` and `HandshakeStore`."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger
        self._sessions: dict[str, Session] = {}
        self._handshakes: dict[str, Handshake] = {}
        self._lock = Lock()

    def read(self, session_id: str) -> Session | None:
        return self._sessions.get(session_id)

    def write(self, session: Session) -> None:
        check_keepable(session)
        with self._ledger.unfenced(session.user_id), self._lock:
            self._sessions[session.session_id] = session

    def touch(self, session: Session) -> None:
        with self._lock:
            # A session that was ended meanwhile stays ended.
            if session.session_id in self._sessions:
                self._sessions[session.session_id] = session

    def delete(self, session_id: str) -> None:
        with self._lock:
            self._sessions.pop(session_id, None)

    def of_user(self, user_id: UserId, *, limit: int) -> Sequence[Session]:
        with self._lock:
            found = [each for each in self._sessions.values() if each.user_id == user_id]
        return sorted(found, key=lambda each: (each.created_at, each.session_id))[:limit]

    def begin(self, handshake: Handshake) -> None:
        check_keepable(handshake)
        user_id = handshake.user_id
        guarded = self._ledger.locked() if user_id is None else self._ledger.unfenced(user_id)
        with guarded, self._lock:
            self._handshakes[handshake.state] = handshake

    def take(self, state: str) -> Handshake | None:
        # Removed as it is read: of two callers one gets it.
        with self._lock:
            return self._handshakes.pop(state, None)

    def handshakes_of(self, user_id: UserId) -> Sequence[Handshake]:
        """The links under way of a user."""
        with self._lock:
            return [each for each in self._handshakes.values() if each.user_id == user_id]


_Place = tuple[float, str, UserId]
_Index = tuple[str, ...]


class MemoryAuditLog:
    """Implements `AuditLog`."""

    def __init__(self, ledger: MemoryLedger | None = None) -> None:
        self._ledger = ledger or MemoryLedger()
        self._entries: dict[_Place, AuditEntry] = {}
        self._heads: dict[UserId, ChainHead] = {}
        self._places: dict[_Index, list[_Place]] = defaultdict(list)
        self._lock = Lock()

    def read_head(self, user_id: UserId) -> ChainHead:
        return self._heads.get(user_id) or ChainHead(user_id=user_id)

    def append(self, entry: AuditEntry, head: ChainHead) -> None:
        check_keepable(entry)
        place = _place(entry.event.position)
        with self._lock:
            if head.version == 1:
                self._ledger.check_not_deleted(head.user_id)
            check_follows(self._heads.get(head.user_id), head)
            # The first entry at a place stays: a log is never overwritten, whatever a retry carries.
            if place in self._entries:
                raise conflicts.stale()
            self._heads[head.user_id] = head
            self._entries[place] = entry
            for index in _indexes(entry):
                insort(self._places[index], place)

    def write_head(self, head: ChainHead) -> None:
        with self._lock:
            check_follows(self._heads.get(head.user_id), head)
            self._heads[head.user_id] = head

    def find(self, position: AuditPosition) -> AuditEntry | None:
        return self._entries.get(_place(position))

    def remove(self, user_id: UserId, *, through: int) -> None:
        with self._lock:
            for place in list(self._places.get(("user", user_id), ())):
                entry = self._entries[place]
                if entry.sequence <= through:
                    del self._entries[place]
                    for index in _indexes(entry):
                        self._places[index].remove(place)
                        # An empty one would still name the person.
                        if not self._places[index]:
                            del self._places[index]

    def forget(self, user_id: UserId) -> bool:
        """Let the head of a user's chain go; whether there was one."""
        with self._lock:
            return self._heads.pop(user_id, None) is not None

    def of_user(self, user_id: UserId, *, after: AuditPosition | None, limit: int) -> AuditPage:
        return self._page(("user", user_id), after, limit)

    def of_flow(self, correlation_id: str, *, after: AuditPosition | None, limit: int) -> AuditPage:
        return self._page(("flow", correlation_id), after, limit)

    def of_type(
        self, event_type: AuditType, *, month: str, after: AuditPosition | None, limit: int
    ) -> AuditPage:
        return self._page(("type", event_type, month), after, limit)

    def _page(self, index: _Index, after: AuditPosition | None, limit: int) -> AuditPage:
        with self._lock:
            places = self._places.get(index, [])
            start = 0 if after is None else bisect_right(places, _place(after))
            found = places[start : start + limit + 1]
            entries = tuple(self._entries[each] for each in found[:limit])
        return AuditPage(entries=entries, next=entries[-1].event.position if len(found) > limit else None)


def _indexes(entry: AuditEntry) -> tuple[_Index, ...]:
    event = entry.event
    return (
        ("user", event.user_id),
        ("flow", event.correlation_id),
        ("type", event.event_type, event.month),
    )


def _place(position: AuditPosition) -> _Place:
    return (position.occurred_at.timestamp(), position.request_id, position.user_id)
