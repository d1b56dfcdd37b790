"""Profiles, sessions, handshakes and the audit log in their tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from commitcollect_adapters import conflicts
from commitcollect_adapters.records.accounts import AUDIT, AUDIT_HEAD, HANDSHAKE, PROFILE, SESSION
from commitcollect_adapters.records.columns import epoch
from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.deletion_check import check_not_deleted
from commitcollect_adapters.sqlite.ledger import check_unfenced
from commitcollect_adapters.sqlite.statements import delete, find, insert, replace, select, update
from commitcollect_adapters.sqlite.versioned import VersionedTable
from commitcollect_core.accounts.audit import AuditPosition, AuditType
from commitcollect_core.accounts.chain import AuditEntry, ChainHead
from commitcollect_core.accounts.ports import AuditPage
from commitcollect_core.accounts.sessions import Session
from commitcollect_core.handshakes import Handshake
from commitcollect_core.values import UserId

PROFILES = VersionedTable("profile", PROFILE, "userId")

_WRITE_SESSION = replace("session", SESSION.columns)
_TOUCH_SESSION = update("session", SESSION.columns, "sessionId = ?")
_READ_SESSION = select("session", SESSION.columns, "sessionId = ?")
_END_SESSION = delete("session", "sessionId = ?")
_SESSIONS_OF_USER = select("session", SESSION.columns, "userId = ? ORDER BY createdAtUtc, sessionId LIMIT ?")

_BEGIN_HANDSHAKE = replace("handshake", HANDSHAKE.columns)
_READ_HANDSHAKE = select("handshake", HANDSHAKE.columns, "state = ?")
_END_HANDSHAKE = delete("handshake", "state = ?")

_HEADS = VersionedTable("auditHead", AUDIT_HEAD, "userId")
_WRITE_ENTRY = insert("audit", (*AUDIT.columns, "month"))
_ENTRY_KEY = "userId, occurredAtUtc, requestId"
_FIND_ENTRY = select("audit", AUDIT.columns, f"({_ENTRY_KEY}) = (?, ?, ?)")
_SOME_ENTRIES = select("audit", (_ENTRY_KEY,), "userId = ? AND sequence <= ? LIMIT ?")
_REMOVE_ENTRIES = delete("audit", f"({_ENTRY_KEY}) IN ({_SOME_ENTRIES})")
_REMOVED_ROWS_MAX = 500
_PLACE = "occurredAtUtc, requestId, userId"
"""Every index of the log ends with these columns, so a page is a walk over one index."""


class SqliteSessionStore:
    """Implements `SessionStore` and `HandshakeStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, session_id: str) -> Session | None:
        return find(self._database, SESSION, _READ_SESSION, session_id)

    def write(self, session: Session) -> None:
        with self._database.transaction() as connection:
            check_unfenced(self._database, connection, session.user_id)
            connection.execute(_WRITE_SESSION, SESSION.encode(session))

    def touch(self, session: Session) -> None:
        # An update, not a replace: a session that was ended meanwhile stays ended.
        with self._database.transaction() as connection:
            connection.execute(_TOUCH_SESSION, (*SESSION.encode(session), session.session_id))

    def delete(self, session_id: str) -> None:
        with self._database.transaction() as connection:
            connection.execute(_END_SESSION, (session_id,))

    def of_user(self, user_id: UserId, *, limit: int) -> Sequence[Session]:
        with self._database.connection() as connection:
            rows = connection.execute(_SESSIONS_OF_USER, (user_id, limit)).fetchall()
        return [SESSION.decode(row) for row in rows]

    def begin(self, handshake: Handshake) -> None:
        with self._database.transaction() as connection:
            if handshake.user_id is not None:
                check_unfenced(self._database, connection, handshake.user_id)
            connection.execute(_BEGIN_HANDSHAKE, HANDSHAKE.encode(handshake))

    def take(self, state: str) -> Handshake | None:
        # Read and removed in one write transaction: of two callers one gets it.
        with self._database.transaction() as connection:
            row = connection.execute(_READ_HANDSHAKE, (state,)).fetchone()
            connection.execute(_END_HANDSHAKE, (state,))
        return None if row is None else HANDSHAKE.decode(row)


class SqliteAuditLog:
    """Implements `AuditLog`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read_head(self, user_id: UserId) -> ChainHead:
        with self._database.connection() as connection:
            return _HEADS.read(connection, user_id) or ChainHead(user_id=user_id)

    def append(self, entry: AuditEntry, head: ChainHead) -> None:
        with self._database.transaction() as connection:
            if head.version == 1:
                check_not_deleted(self._database, head.user_id)
            _HEADS.write(connection, (head,))
            try:
                # The first entry at a place stays: a log is never overwritten, whatever a retry carries.
                connection.execute(_WRITE_ENTRY, (*AUDIT.encode(entry), entry.event.month))
            except sqlite3.IntegrityError as taken:
                raise conflicts.stale() from taken

    def write_head(self, head: ChainHead) -> None:
        with self._database.transaction() as connection:
            _HEADS.write(connection, (head,))

    def find(self, position: AuditPosition) -> AuditEntry | None:
        occurred_at = epoch(position.occurred_at)
        return find(self._database, AUDIT, _FIND_ENTRY, position.user_id, occurred_at, position.request_id)

    def remove(self, user_id: UserId, *, through: int) -> None:
        removed = 1
        while removed:
            # Short transactions: writers get their turn in between.
            with self._database.transaction() as connection:
                parameters = (user_id, through, _REMOVED_ROWS_MAX)
                removed = connection.execute(_REMOVE_ENTRIES, parameters).rowcount

    def of_user(self, user_id: UserId, *, after: AuditPosition | None, limit: int) -> AuditPage:
        return self._page({"userId": user_id}, after, limit)

    def of_flow(self, correlation_id: str, *, after: AuditPosition | None, limit: int) -> AuditPage:
        return self._page({"correlationId": correlation_id}, after, limit)

    def of_type(
        self, event_type: AuditType, *, month: str, after: AuditPosition | None, limit: int
    ) -> AuditPage:
        return self._page({"eventType": event_type.value, "month": month}, after, limit)

    def _page(self, among: dict[str, str], after: AuditPosition | None, limit: int) -> AuditPage:
        """A page of the entries with these values, which must be the beginning of an index."""
        conditions = [f"{column} = ?" for column in among]
        parameters: list[object] = [*among.values()]
        if after is not None:
            conditions.append(f"({_PLACE}) > (?, ?, ?)")
            parameters += [epoch(after.occurred_at), after.request_id, after.user_id]
        statement = select("audit", AUDIT.columns, f"{' AND '.join(conditions)} ORDER BY {_PLACE} LIMIT ?")
        with self._database.connection() as connection:
            found = connection.execute(statement, (*parameters, limit + 1)).fetchall()
        entries = tuple(map(AUDIT.decode, found[:limit]))
        return AuditPage(entries=entries, next=entries[-1].event.position if len(found) > limit else None)
