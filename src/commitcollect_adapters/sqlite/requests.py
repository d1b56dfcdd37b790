"""Requests dealt with, and the audit log, in their tables."""

from __future__ import annotations

from commitcollect_adapters import conflicts
from commitcollect_adapters.records import requests
from commitcollect_adapters.records.encoding import epoch
from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.tables import delete, find, insert, replace, select, update
from commitcollect_core.accounts.audit import AuditEvent, AuditPage, AuditPosition, AuditType
from commitcollect_core.jobs.idempotency import IdempotencyRecord, IdempotencyStatus
from commitcollect_core.values import UserId

_HELD = f"requestId = ? AND ownerToken = ? AND status = '{IdempotencyStatus.IN_PROGRESS}'"
_READ_REQUEST = select("idempotency", requests.IDEMPOTENCY_COLUMNS, "requestId = ?")
_READ_CLAIM = select("idempotency", ("ownerToken", "status"), "requestId = ?")
_WRITE_REQUEST = replace("idempotency", requests.IDEMPOTENCY_COLUMNS)
_COMPLETE_REQUEST = update("idempotency", requests.IDEMPOTENCY_COLUMNS, _HELD)
_RELEASE_REQUEST = delete("idempotency", _HELD)

_WRITE_EVENT = insert("audit", (*requests.AUDIT_COLUMNS, "month"), otherwise="IGNORE")
_PLACE = "occurredAtUtc, requestId, userId"
"""Every index of the log ends with these."""


class SqliteIdempotencyStore:
    """Implements `IdempotencyStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, request_id: str) -> IdempotencyRecord | None:
        """See `IdempotencyStore`."""
        row = find(self._database, _READ_REQUEST, request_id)
        return None if row is None else requests.idempotency(row)

    def begin(self, record: IdempotencyRecord, *, replaces: IdempotencyRecord | None) -> None:
        """See `IdempotencyStore`."""
        seen = None if replaces is None else (replaces.owner_token, replaces.status.value)
        with self._database.transaction() as connection:
            if connection.execute(_READ_CLAIM, (record.request_id,)).fetchone() != seen:
                raise conflicts.stale()
            connection.execute(_WRITE_REQUEST, requests.idempotency_record(record))

    def complete(self, record: IdempotencyRecord) -> None:
        """See `IdempotencyStore`."""
        parameters = (*requests.idempotency_record(record), record.request_id, record.owner_token)
        with self._database.transaction() as connection:
            if connection.execute(_COMPLETE_REQUEST, parameters).rowcount != 1:
                raise conflicts.stale()

    def release(self, request_id: str, owner_token: str) -> None:
        """See `IdempotencyStore`."""
        with self._database.transaction() as connection:
            connection.execute(_RELEASE_REQUEST, (request_id, owner_token))

    def mark(self, record: IdempotencyRecord) -> None:
        """See `IdempotencyStore`."""
        with self._database.transaction() as connection:
            connection.execute(_WRITE_REQUEST, requests.idempotency_record(record))


class SqliteAuditLog:
    """Implements `AuditLog`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def write(self, event: AuditEvent) -> None:
        """See `AuditLog`."""
        with self._database.transaction() as connection:
            connection.execute(_WRITE_EVENT, (*requests.audit_record(event), event.month))

    def of_user(self, user_id: UserId, *, after: AuditPosition | None, limit: int) -> AuditPage:
        """See `AuditLog`."""
        return self._page({"userId": user_id}, after, limit)

    def of_flow(self, correlation_id: str, *, after: AuditPosition | None, limit: int) -> AuditPage:
        """See `AuditLog`."""
        return self._page({"correlationId": correlation_id}, after, limit)

    def of_type(
        self, event_type: AuditType, *, month: str, after: AuditPosition | None, limit: int
    ) -> AuditPage:
        """See `AuditLog`."""
        return self._page({"eventType": event_type.value, "month": month}, after, limit)

    def _page(self, among: dict[str, str], after: AuditPosition | None, limit: int) -> AuditPage:
        """A page of the entries that have these values, which must be the beginning of an index."""
        conditions = [f"{column} = ?" for column in among]
        parameters: list[object] = [*among.values()]
        if after is not None:
            conditions.append(f"({_PLACE}) > (?, ?, ?)")
            parameters += [epoch(after.occurred_at), after.request_id, after.user_id]
        statement = select(
            "audit", requests.AUDIT_COLUMNS, f"{' AND '.join(conditions)} ORDER BY {_PLACE} LIMIT ?"
        )
        with self._database.connection() as connection:
            found = connection.execute(statement, (*parameters, limit + 1)).fetchall()
        events = tuple(requests.audit(row) for row in found[:limit])
        return AuditPage(events=events, next=events[-1].position if len(found) > limit else None)
