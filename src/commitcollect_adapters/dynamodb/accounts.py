"""Profiles, sessions, handshakes and deletions."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import islice

from commitcollect_adapters.dynamodb import items
from commitcollect_adapters.dynamodb.client import Client
from commitcollect_adapters.dynamodb.items import service, sessions
from commitcollect_adapters.dynamodb.tabling import Delete, Put, Table, Update, unfenced
from commitcollect_adapters.records import accounts
from commitcollect_core.accounts.deletion import DeletionRequest
from commitcollect_core.accounts.profiles import UserProfile
from commitcollect_core.accounts.sessions import Session
from commitcollect_core.errors import VersionConflict
from commitcollect_core.handshakes import Handshake
from commitcollect_core.values import UserId


class DynamoProfileStore:
    """Implements `ProfileStore`."""

    def __init__(self, client: Client) -> None:
        self._table = Table(client, items.ledger_table(client.address.prefix))

    def read(self, user_id: UserId) -> UserProfile | None:
        """See `ProfileStore`."""
        found = self._table.get(service.profile_key(user_id))
        return None if found is None else accounts.profile(service.PROFILE.record(found))

    def write(self, profile: UserProfile) -> None:
        """See `ProfileStore`."""
        user_id = profile.user_id
        write = Update(
            key=service.profile_key(user_id),
            attributes=service.PROFILE.attributes(profile),
            condition=items.follows(profile.version),
        )
        self._table.transact([unfenced(user_id), write], has_landed=lambda: self.read(user_id) == profile)


class DynamoSessionStore:
    """Implements `SessionStore` and `HandshakeStore`."""

    def __init__(self, client: Client) -> None:
        self._table = Table(client, items.sessions_table(client.address.prefix))

    def read(self, session_id: str) -> Session | None:
        """See `SessionStore`."""
        found = self._table.get(sessions.session_key(session_id))
        return None if found is None else _session(found)

    def write(self, session: Session) -> None:
        """See `SessionStore`."""
        self._table.write(_update(session))

    def touch(self, session: Session) -> None:
        """See `SessionStore`."""
        with suppress(VersionConflict):
            self._table.write(_update(session, items.THERE))

    def delete(self, session_id: str) -> None:
        """See `SessionStore`."""
        self._table.write(Delete(key=sessions.session_key(session_id)))

    def of_user(self, user_id: UserId, *, limit: int) -> Sequence[Session]:
        """See `SessionStore`."""
        found = self._table.query(sessions.sessions_of(user_id), page_items=limit)
        return [_session(each) for each in islice(found, limit)]

    def begin(self, handshake: Handshake) -> None:
        """See `HandshakeStore`."""
        key = sessions.handshake_key(handshake.state)
        self._table.write(Put(item=sessions.HANDSHAKE.item(key, handshake)))

    def take(self, state: str) -> Handshake | None:
        """See `HandshakeStore`."""
        taken = self._table.take(sessions.handshake_key(state))
        return None if taken is None else accounts.handshake(sessions.HANDSHAKE.record(taken))


def _session(item: items.Item) -> Session:
    return accounts.session(sessions.SESSION.record(item))


def _update(session: Session, condition: items.Condition | None = None) -> Update:
    return Update(
        key=sessions.session_key(session.session_id),
        attributes=sessions.SESSION.attributes(session),
        condition=condition,
    )


class DynamoDeletionStore:
    """Implements `DeletionStore`."""

    def __init__(self, client: Client) -> None:
        self._table = Table(client, items.ledger_table(client.address.prefix))

    def read(self, request_id: str) -> DeletionRequest | None:
        """See `DeletionStore`."""
        found = self._table.get(service.deletion_key(request_id))
        return None if found is None else accounts.deletion(service.DELETION.record(found))

    def write(self, request: DeletionRequest) -> None:
        """See `DeletionStore`."""
        write = Update(
            key=service.deletion_key(request.request_id),
            attributes=service.DELETION.attributes(request),
            condition=items.follows(request.version),
        )
        self._table.write(write, has_landed=lambda: self.read(request.request_id) == request)
