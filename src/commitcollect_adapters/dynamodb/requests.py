"""Requests dealt with, and the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from itertools import islice
from typing import Any

from commitcollect_adapters.dynamodb import items
from commitcollect_adapters.dynamodb.client import Client
from commitcollect_adapters.dynamodb.items import audit, idempotency
from commitcollect_adapters.dynamodb.tabling import Delete, Put, Table, Update
from commitcollect_adapters.records import requests
from commitcollect_core.accounts.audit import AuditEvent, AuditPage, AuditPosition, AuditType
from commitcollect_core.errors import VersionConflict
from commitcollect_core.jobs.idempotency import IdempotencyRecord, IdempotencyStatus
from commitcollect_core.policy import Policy
from commitcollect_core.values import UserId


class DynamoIdempotencyStore:
    """Implements `IdempotencyStore`."""

    def __init__(self, client: Client) -> None:
        self._table = Table(client, items.idempotency_table(client.address.prefix))

    def read(self, request_id: str) -> IdempotencyRecord | None:
        """See `IdempotencyStore`."""
        found = self._table.get(idempotency.idempotency_key(request_id))
        return None if found is None else requests.idempotency(idempotency.IDEMPOTENCY.record(found))

    def begin(self, record: IdempotencyRecord, *, replaces: IdempotencyRecord | None) -> None:
        """See `IdempotencyStore`."""
        seen = (
            items.NEW if replaces is None else idempotency.claimed_by(replaces.owner_token, replaces.status)
        )
        self._replace(record, seen)

    def complete(self, record: IdempotencyRecord) -> None:
        """See `IdempotencyStore`."""
        self._replace(record, idempotency.claimed_by(record.owner_token, IdempotencyStatus.IN_PROGRESS))

    def _replace(self, record: IdempotencyRecord, condition: items.Condition) -> None:
        write = Update(
            key=idempotency.idempotency_key(record.request_id),
            attributes=idempotency.IDEMPOTENCY.attributes(record),
            condition=condition,
        )
        self._table.write(write, has_landed=lambda: self.read(record.request_id) == record)

    def release(self, request_id: str, owner_token: str) -> None:
        """See `IdempotencyStore`."""
        condition = idempotency.claimed_by(owner_token, IdempotencyStatus.IN_PROGRESS)
        with suppress(VersionConflict):
            self._table.write(Delete(key=idempotency.idempotency_key(request_id), condition=condition))

    def mark(self, record: IdempotencyRecord) -> None:
        """See `IdempotencyStore`."""
        key = idempotency.idempotency_key(record.request_id)
        self._table.write(Put(item=idempotency.IDEMPOTENCY.item(key, record)))


class DynamoAuditLog:
    """Implements `AuditLog`."""

    def __init__(self, client: Client, policy: Policy) -> None:
        self._table = Table(client, items.audit_table(client.address.prefix))
        self._policy = policy

    def write(self, event: AuditEvent) -> None:
        """See `AuditLog`. What is written down is never written over."""
        item = audit.audit_item(event, event.expires_at(self._policy))
        with suppress(VersionConflict):
            self._table.write(Put(item=item, condition=items.NEW))

    def of_user(self, user_id: UserId, *, after: AuditPosition | None, limit: int) -> AuditPage:
        """See `AuditLog`."""
        return self._page(audit.audit_of_user(user_id, after), limit)

    def of_flow(self, correlation_id: str, *, after: AuditPosition | None, limit: int) -> AuditPage:
        """See `AuditLog`."""
        return self._page(audit.audit_of_flow(correlation_id, after), limit)

    def of_type(
        self, event_type: AuditType, *, month: str, after: AuditPosition | None, limit: int
    ) -> AuditPage:
        """See `AuditLog`."""
        return self._page(audit.audit_of_type(event_type, month, after), limit)

    def _page(self, query: Mapping[str, Any], limit: int) -> AuditPage:
        found = list(islice(self._table.query(query, page_items=limit + 1), limit + 1))
        events = tuple(map(audit.audit_of_item, found[:limit]))
        return AuditPage(events=events, next=events[-1].position if len(found) > limit else None)
