"""Items of the table of sessions and handshakes."""

from __future__ import annotations

from typing import Any

from commitcollect_adapters.dynamodb.items.encoding import ItemKind, Key, key_of, partition
from commitcollect_adapters.dynamodb.items.tables import EXPIRES, GSI1, GSI1_PARTITION, GSI1_SORT
from commitcollect_adapters.records import accounts
from commitcollect_adapters.records.encoding import epoch
from commitcollect_core.accounts.sessions import Session
from commitcollect_core.handshakes import Handshake
from commitcollect_core.values import UserId


def _session_derived(session: Session) -> dict[str, object]:
    return {
        GSI1_PARTITION: partition(session.user_id)["S"],
        GSI1_SORT: f"SESSION#{epoch(session.created_at):010}#{session.session_id}",
        EXPIRES: epoch(session.expires_at),
    }


def _handshake_derived(handshake: Handshake) -> dict[str, object]:
    return {EXPIRES: epoch(handshake.expires_at)}


SESSION = ItemKind(accounts.SESSION_COLUMNS, accounts.session_record, _session_derived)
HANDSHAKE = ItemKind(accounts.HANDSHAKE_COLUMNS, accounts.handshake_record, _handshake_derived)


def session_key(session_id: str) -> Key:
    """The key of a session."""
    return key_of(f"SESSION#{session_id}", "META")


def handshake_key(state: str) -> Key:
    """The key of a handshake."""
    return key_of(f"STATE#{state}", "META")


def sessions_of(user_id: UserId) -> dict[str, Any]:
    """The query of a user's sessions in order of creation, over an index that may lag behind."""
    return {
        "IndexName": GSI1,
        "KeyConditionExpression": f"{GSI1_PARTITION} = :user",
        "ExpressionAttributeValues": {":user": partition(user_id)},
    }
