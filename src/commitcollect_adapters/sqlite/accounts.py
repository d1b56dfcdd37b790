"""Profiles, sessions and deletions in their tables."""

from __future__ import annotations

from collections.abc import Sequence

from commitcollect_adapters.records import accounts
from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.ledger import check_unfenced
from commitcollect_adapters.sqlite.tables import VersionedTable, delete, find, replace, select, update
from commitcollect_core.accounts.deletion import DeletionRequest
from commitcollect_core.accounts.profiles import UserProfile
from commitcollect_core.accounts.sessions import Session
from commitcollect_core.handshakes import Handshake
from commitcollect_core.values import UserId

_PROFILES = VersionedTable(
    "profile", accounts.PROFILE_COLUMNS, ("userId",), "createdAtUtc", accounts.profile_record
)
_READ_PROFILE = select("profile", accounts.PROFILE_COLUMNS, "userId = ?")

_WRITE_SESSION = replace("session", accounts.SESSION_COLUMNS)
_TOUCH_SESSION = update("session", accounts.SESSION_COLUMNS, "sessionId = ?")
_READ_SESSION = select("session", accounts.SESSION_COLUMNS, "sessionId = ?")
_END_SESSION = delete("session", "sessionId = ?")
_SESSIONS_OF_USER = select(
    "session", accounts.SESSION_COLUMNS, "userId = ? ORDER BY createdAtUtc, sessionId LIMIT ?"
)

_BEGIN_HANDSHAKE = replace("handshake", accounts.HANDSHAKE_COLUMNS)
_READ_HANDSHAKE = select("handshake", accounts.HANDSHAKE_COLUMNS, "state = ?")
_END_HANDSHAKE = delete("handshake", "state = ?")

_DELETIONS = VersionedTable(
    "deletion", accounts.DELETION_COLUMNS, ("requestId",), "userId", accounts.deletion_record
)
_READ_DELETION = select("deletion", accounts.DELETION_COLUMNS, "requestId = ?")


class SqliteProfileStore:
    """Implements `ProfileStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, user_id: UserId) -> UserProfile | None:
        """See `ProfileStore`."""
        row = find(self._database, _READ_PROFILE, user_id)
        return None if row is None else accounts.profile(row)

    def write(self, profile: UserProfile) -> None:
        """See `ProfileStore`."""
        with self._database.transaction() as connection:
            check_unfenced(connection, profile.user_id)
            _PROFILES.write(connection, (profile,))


class SqliteSessionStore:
    """Implements `SessionStore` and `HandshakeStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, session_id: str) -> Session | None:
        """See `SessionStore`."""
        row = find(self._database, _READ_SESSION, session_id)
        return None if row is None else accounts.session(row)

    def write(self, session: Session) -> None:
        """See `SessionStore`."""
        with self._database.transaction() as connection:
            connection.execute(_WRITE_SESSION, accounts.session_record(session))

    def touch(self, session: Session) -> None:
        """See `SessionStore`."""
        with self._database.transaction() as connection:
            connection.execute(_TOUCH_SESSION, (*accounts.session_record(session), session.session_id))

    def delete(self, session_id: str) -> None:
        """See `SessionStore`."""
        with self._database.transaction() as connection:
            connection.execute(_END_SESSION, (session_id,))

    def of_user(self, user_id: UserId, *, limit: int) -> Sequence[Session]:
        """See `SessionStore`."""
        with self._database.connection() as connection:
            rows = connection.execute(_SESSIONS_OF_USER, (user_id, limit)).fetchall()
        return [accounts.session(row) for row in rows]

    def begin(self, handshake: Handshake) -> None:
        """See `HandshakeStore`."""
        with self._database.transaction() as connection:
            connection.execute(_BEGIN_HANDSHAKE, accounts.handshake_record(handshake))

    def take(self, state: str) -> Handshake | None:
        """See `HandshakeStore`."""
        with self._database.transaction() as connection:
            row = connection.execute(_READ_HANDSHAKE, (state,)).fetchone()
            connection.execute(_END_HANDSHAKE, (state,))
        return None if row is None else accounts.handshake(row)


class SqliteDeletionStore:
    """Implements `DeletionStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, request_id: str) -> DeletionRequest | None:
        """See `DeletionStore`."""
        row = find(self._database, _READ_DELETION, request_id)
        return None if row is None else accounts.deletion(row)

    def write(self, request: DeletionRequest) -> None:
        """See `DeletionStore`."""
        with self._database.transaction() as connection:
            _DELETIONS.write(connection, (request,))
