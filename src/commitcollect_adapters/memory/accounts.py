"""Profiles, sessions and deletions in memory."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

from commitcollect_adapters.memory.ledger import MemoryLedger
from commitcollect_adapters.memory.versions import check_follows
from commitcollect_core.accounts.deletion import DeletionRequest
from commitcollect_core.accounts.profiles import UserProfile
from commitcollect_core.accounts.sessions import Session
from commitcollect_core.handshakes import Handshake
from commitcollect_core.values import UserId


class MemoryProfileStore:
    """Implements `ProfileStore`."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger
        self._profiles: dict[UserId, UserProfile] = {}

    def read(self, user_id: UserId) -> UserProfile | None:
        """See `ProfileStore`."""
        return self._profiles.get(user_id)

    def write(self, profile: UserProfile) -> None:
        """See `ProfileStore`."""
        with self._ledger.unfenced(profile.user_id):
            check_follows(self._profiles.get(profile.user_id), profile)
            self._profiles[profile.user_id] = profile


class MemorySessionStore:
    """Implements `SessionStore` and `HandshakeStore`."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        self._handshakes: dict[str, Handshake] = {}
        self._lock = Lock()

    def read(self, session_id: str) -> Session | None:
        """See `SessionStore`."""
        return self._sessions.get(session_id)

    def write(self, session: Session) -> None:
        """See `SessionStore`."""
        with self._lock:
            self._sessions[session.session_id] = session

    def touch(self, session: Session) -> None:
        """See `SessionStore`."""
        with self._lock:
            if session.session_id in self._sessions:
                self._sessions[session.session_id] = session

    def delete(self, session_id: str) -> None:
        """See `SessionStore`."""
        with self._lock:
            self._sessions.pop(session_id, None)

    def of_user(self, user_id: UserId, *, limit: int) -> Sequence[Session]:
        """See `SessionStore`."""
        with self._lock:
            found = [each for each in self._sessions.values() if each.user_id == user_id]
        return sorted(found, key=lambda each: (each.created_at, each.session_id))[:limit]

    def begin(self, handshake: Handshake) -> None:
        """See `HandshakeStore`."""
        with self._lock:
            self._handshakes[handshake.state] = handshake

    def take(self, state: str) -> Handshake | None:
        """See `HandshakeStore`."""
        with self._lock:
            return self._handshakes.pop(state, None)


class MemoryDeletionStore:
    """Implements `DeletionStore`."""

    def __init__(self) -> None:
        self._requests: dict[str, DeletionRequest] = {}
        self._lock = Lock()

    def read(self, request_id: str) -> DeletionRequest | None:
        """See `DeletionStore`."""
        return self._requests.get(request_id)

    def write(self, request: DeletionRequest) -> None:
        """See `DeletionStore`."""
        with self._lock:
            check_follows(self._requests.get(request.request_id), request)
            self._requests[request.request_id] = request
