"""Sessions, handshakes and the audit log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any

from commitcollect_adapters.dynamodb.client import Client
from commitcollect_adapters.dynamodb.deletions import not_deleted, open_to
from commitcollect_adapters.dynamodb.items import accounts as items
from commitcollect_adapters.dynamodb.items.definitions import audit_table, sessions_table
from commitcollect_adapters.dynamodb.items.encoding import NEW, THERE, Condition, follows
from commitcollect_adapters.dynamodb.requests import Member, delete, put, update
from commitcollect_adapters.dynamodb.table import Table
from commitcollect_core.accounts.audit import AuditPosition, AuditType
from commitcollect_core.accounts.chain import AuditEntry, ChainHead
from commitcollect_core.accounts.ports import AuditPage
from commitcollect_core.accounts.sessions import Session
from commitcollect_core.errors import VersionConflict
from commitcollect_core.handshakes import Handshake
from commitcollect_core.policy import Policy
from commitcollect_core.values import UserId

_REMOVED_ITEMS = 500
"""Items of a page that is read to remove them."""


class DynamoSessionStore:
    """Implements `SessionStore` and `HandshakeStore`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._table = Table(client, sessions_table(client.address.name))

    def read(self, session_id: str) -> Session | None:
        return self._table.find(items.SESSION, items.session_key(session_id))

    def write(self, session: Session) -> None:
        members = [*open_to(self._client, session.user_id), _update(session)]
        self._table.transact(members, has_landed=lambda: self.read(session.session_id) == session)

    def touch(self, session: Session) -> None:
        # An update creates what is missing; the condition keeps an ended session ended.
        with suppress(VersionConflict):
            self._table.write(_update(session, THERE))

    def delete(self, session_id: str) -> None:
        self._table.write(delete(items.session_key(session_id)))

    def of_user(self, user_id: UserId, *, limit: int) -> Sequence[Session]:
        found = self._table.query(items.sessions_of(user_id), page_items=limit)
        return [items.SESSION.value(each) for each in islice(found, limit)]

    def begin(self, handshake: Handshake) -> None:
        member = put(items.HANDSHAKE.item(items.handshake_key(handshake.state), handshake))
        if handshake.user_id is None:
            self._table.write(member)
        else:
            self._table.transact([*open_to(self._client, handshake.user_id), member])

    def take(self, state: str) -> Handshake | None:
        taken = self._table.take(items.handshake_key(state))
        return None if taken is None else items.HANDSHAKE.value(taken)


def _update(session: Session, condition: Condition | None = None) -> Member:
    return update(items.session_key(session.session_id), items.SESSION.attributes(session), condition)


class DynamoAuditLog:
    """Implements `AuditLog`."""

    def __init__(self, client: Client, policy: Policy) -> None:
        self._client = client
        self._table = Table(client, audit_table(client.address.name))
        self._policy = policy

    def read_head(self, user_id: UserId) -> ChainHead:
        return self._table.find(items.AUDIT_HEAD, items.audit_head_key(user_id)) or ChainHead(user_id=user_id)

    def append(self, entry: AuditEntry, head: ChainHead) -> None:
        # The first entry at a place stays: a log is never overwritten, whatever a retry carries.
        item = items.audit_item(entry, entry.event.expires_at(self._policy))
        # The entry tells whether a write in doubt was made, as the head may have moved on since.
        first = (not_deleted(self._client, head.user_id),) if head.version == 1 else ()
        self._table.transact(
            [_head(head), put(item, NEW), *first], has_landed=lambda: self.find(entry.event.position) == entry
        )

    def write_head(self, head: ChainHead) -> None:
        self._table.write(_head(head), has_landed=lambda: self.read_head(head.user_id) == head)

    def find(self, position: AuditPosition) -> AuditEntry | None:
        found = self._table.get(items.audit_key(position))
        return None if found is None else items.audit_of_item(found)

    def remove(self, user_id: UserId, *, through: int) -> None:
        found = self._table.query(items.audit_of_user(user_id, None), page_items=_REMOVED_ITEMS)
        keys = [items.key_of_item(each) for each in found if items.audit_of_item(each).sequence <= through]
        self._table.delete_all(keys)

    def of_user(self, user_id: UserId, *, after: AuditPosition | None, limit: int) -> AuditPage:
        return self._page(items.audit_of_user(user_id, after), limit)

    def of_flow(self, correlation_id: str, *, after: AuditPosition | None, limit: int) -> AuditPage:
        return self._page(items.audit_of_flow(correlation_id, after), limit)

    def of_type(
        self, event_type: AuditType, *, month: str, after: AuditPosition | None, limit: int
    ) -> AuditPage:
        return self._page(items.audit_of_type(event_type, month, after), limit)

    def _page(self, query: Mapping[str, Any], limit: int) -> AuditPage:
        found = list(islice(self._table.query(query, page_items=limit + 1), limit + 1))
        entries = tuple(map(items.audit_of_item, found[:limit]))
        return AuditPage(entries=entries, next=entries[-1].event.position if len(found) > limit else None)


def _head(head: ChainHead) -> Member:
    return update(
        items.audit_head_key(head.user_id), items.AUDIT_HEAD.attributes(head), follows(head.version)
    )
