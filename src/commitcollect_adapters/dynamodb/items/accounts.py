"""Items of accounts: profiles and deletions, sessions and handshakes, and the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from commitcollect_adapters.dynamodb.items.definitions import (
    EXPIRES,
    GSI1,
    GSI1_PARTITION,
    GSI1_SORT,
    GSI2,
    GSI2_PARTITION,
)
from commitcollect_adapters.dynamodb.items.encoding import (
    Item,
    ItemKind,
    Key,
    athlete_key,
    behind,
    key_of,
    number,
    partition,
    text,
)
from commitcollect_adapters.records import accounts as records
from commitcollect_adapters.records import deletions
from commitcollect_adapters.records.columns import epoch
from commitcollect_core.accounts.audit import AuditPosition, AuditType
from commitcollect_core.accounts.chain import AuditEntry
from commitcollect_core.accounts.deletion import DeletionRequest
from commitcollect_core.accounts.sessions import Session
from commitcollect_core.handshakes import Handshake
from commitcollect_core.values import UserId

_SESSIONS, _HANDSHAKES = "SESSION#", "STATE#"
_ALL_DELETIONS = "DELETIONS"


def _session_derived(session: Session) -> dict[str, object]:
    return {
        GSI1_PARTITION: partition(session.user_id)["S"],
        GSI1_SORT: f"{_SESSIONS}{epoch(session.created_at):010}#{session.session_id}",
        EXPIRES: epoch(session.expires_at),
    }


def _handshake_derived(handshake: Handshake) -> dict[str, object]:
    expires: dict[str, object] = {EXPIRES: epoch(handshake.expires_at)}
    if handshake.user_id is None:
        return expires
    # Only for the deletion of an account, which must find what its user has begun.
    listed = f"{_HANDSHAKES}{handshake.state}"
    return {GSI1_PARTITION: partition(handshake.user_id)["S"], GSI1_SORT: listed, **expires}


def _deletion_derived(request: DeletionRequest) -> dict[str, object]:
    return {GSI1_PARTITION: _ALL_DELETIONS, GSI1_SORT: deletions.place_of(request)}


def _audit_derived(entry: AuditEntry) -> dict[str, object]:
    return {
        GSI1_PARTITION: _flow(entry.event.correlation_id),
        GSI2_PARTITION: _type(entry.event.event_type, entry.event.month),
    }


PROFILE = ItemKind(records.PROFILE, lambda _profile: {"entityType": "UserProfile"})
DELETION = ItemKind(records.DELETION, _deletion_derived)
SESSION = ItemKind(records.SESSION, _session_derived)
HANDSHAKE = ItemKind(records.HANDSHAKE, _handshake_derived)
AUDIT = ItemKind(records.AUDIT, _audit_derived)
AUDIT_HEAD = ItemKind(records.AUDIT_HEAD)

_AUDIT_GROUPS = {"http": ("method", "path"), "client": ("origin", "ipHash", "userAgent")}
"""Attributes of audit entries that stand in a map of this name."""

_INDEX_PARTITIONS = {None: "PK", GSI1: GSI1_PARTITION, GSI2: GSI2_PARTITION}


def profile_key(user_id: str) -> Key:
    """The key of a user's profile."""
    return athlete_key(UserId(user_id), "PROFILE")


def deletion_key(request_id: str) -> Key:
    """The key of a deletion."""
    return key_of(f"DELETION#{request_id}", "META")


def session_key(session_id: str) -> Key:
    """The key of a session."""
    return key_of(f"SESSION#{session_id}", "META")


def handshake_key(state: str) -> Key:
    """The key of a handshake."""
    return key_of(f"STATE#{state}", "META")


def deletion_key_key() -> Key:
    """The key of the item that holds what ids of deletions are hashed with."""
    return key_of("DELETIONKEY", "META")


def deletions_behind(place: str | None) -> dict[str, Any]:
    """The query of deletions behind a place, over an index that may lag behind."""
    return {
        "IndexName": GSI1,
        "KeyConditionExpression": f"{GSI1_PARTITION} = :all AND {GSI1_SORT} > :place",
        "ExpressionAttributeValues": {":all": text(_ALL_DELETIONS), ":place": text(place or "0")},
    }


def sessions_of(user_id: UserId) -> dict[str, Any]:
    """The query of a user's sessions in order of creation, over an index that may lag behind."""
    return _listed_of(user_id, _SESSIONS)


def handshakes_of(user_id: UserId) -> dict[str, Any]:
    """The query of a user's links under way, over the same index."""
    return _listed_of(user_id, _HANDSHAKES)


def _listed_of(user_id: UserId, prefix: str) -> dict[str, Any]:
    return {
        "IndexName": GSI1,
        "KeyConditionExpression": f"{GSI1_PARTITION} = :user AND begins_with({GSI1_SORT}, :prefix)",
        "ExpressionAttributeValues": {":user": partition(user_id), ":prefix": text(prefix)},
    }


def audit_head_key(user_id: UserId) -> Key:
    """The key of the head of a user's audit chain, which never expires."""
    return key_of(f"CHAIN#{user_id}", "HEAD")


def key_of_item(item: Item) -> Key:
    """The key of a stored item."""
    return {"PK": item["PK"], "SK": item["SK"]}


def audit_item(entry: AuditEntry, expires_at: datetime) -> Item:
    """An audit entry that expires at a moment."""
    item = dict(AUDIT.item(audit_key(entry.event.position), entry))
    nested = {name: {"M": {each: item.pop(each) for each in group}} for name, group in _AUDIT_GROUPS.items()}
    return {**item, **nested, EXPIRES: number(int(expires_at.timestamp()))}


def audit_of_item(item: Item) -> AuditEntry:
    """The entry of a stored item.

    Raises:
        CorruptItem: it cannot be read.
    """
    return AUDIT.value(flat(item))


def flat(item: Item) -> Item:
    """A stored audit entry without maps in it."""
    plain = dict(item)
    for group in _AUDIT_GROUPS:
        plain.update(plain.pop(group, {}).get("M", {}))
    return plain


def audit_of_user(user_id: UserId, after: AuditPosition | None) -> Mapping[str, Any]:
    """The query of the entries about a user behind a position."""
    return _audit_query(None, partition(user_id)["S"], after)


def audit_of_flow(correlation_id: str, after: AuditPosition | None) -> Mapping[str, Any]:
    """The query of the entries of a flow, over an index that may lag behind."""
    return _audit_query(GSI1, _flow(correlation_id), after)


def audit_of_type(event_type: AuditType, month: str, after: AuditPosition | None) -> Mapping[str, Any]:
    """The query of the entries of a type in a month, over an index that may lag behind."""
    return _audit_query(GSI2, _type(event_type, month), after)


def _flow(correlation_id: str) -> str:
    return f"CORR#{correlation_id}"


def _type(event_type: AuditType, month: str) -> str:
    return f"EVENT#{event_type.value}#{month}"


def audit_key(position: AuditPosition) -> Key:
    """The key of the entry at a place."""
    moment = int(position.occurred_at.timestamp())
    # Ten digits: sort keys are compared as text, and must order as the moments do.
    return {"PK": partition(position.user_id), "SK": text(f"AUDIT#{moment:010}#{position.request_id}")}


def _audit_query(index: str | None, within: str, after: AuditPosition | None) -> Mapping[str, Any]:
    name = _INDEX_PARTITIONS[index]
    query = {
        "KeyConditionExpression": f"{name} = :within",
        "ExpressionAttributeValues": {":within": text(within)},
        **({} if index is None else {"IndexName": index}),
    }
    return behind(query, None if after is None else {**audit_key(after), name: text(within)})
