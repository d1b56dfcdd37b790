"""Items of the table of the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from commitcollect_adapters.dynamodb.items.encoding import (
    Item,
    ItemKind,
    Key,
    behind,
    number,
    partition,
    text,
)
from commitcollect_adapters.dynamodb.items.tables import (
    EXPIRES,
    GSI1,
    GSI1_PARTITION,
    GSI2,
    GSI2_PARTITION,
)
from commitcollect_adapters.records import requests
from commitcollect_core.accounts.audit import AuditEvent, AuditPosition, AuditType
from commitcollect_core.values import UserId

_INDEX_PARTITIONS = {None: "PK", GSI1: GSI1_PARTITION, GSI2: GSI2_PARTITION}


def _derived(event: AuditEvent) -> dict[str, object]:
    return {
        GSI1_PARTITION: _flow(event.correlation_id),
        GSI2_PARTITION: _type(event.event_type, event.month),
    }


_GROUPS = {"http": ("method", "path"), "client": ("origin", "ipHash", "userAgent")}
"""Attributes that stand in a map of this name."""

AUDIT = ItemKind(requests.AUDIT_COLUMNS, requests.audit_record, _derived)


def _flow(correlation_id: str) -> str:
    return f"CORR#{correlation_id}"


def _type(event_type: AuditType, month: str) -> str:
    return f"EVENT#{event_type.value}#{month}"


def audit_item(event: AuditEvent, expires_at: datetime) -> Item:
    """An entry that may be forgotten at a moment."""
    item = dict(AUDIT.item(_position_key(event.position), event))
    nested = {group: {"M": {name: item.pop(name) for name in names}} for group, names in _GROUPS.items()}
    return {**item, **nested, EXPIRES: number(int(expires_at.timestamp()))}


def audit_of_item(item: Item) -> AuditEvent:
    """The entry of a stored item.

    Raises:
        CorruptItem: it cannot be read.
    """
    flat = dict(item)
    for group in _GROUPS:
        flat.update(flat.pop(group, {}).get("M", {}))
    return requests.audit(AUDIT.record(flat))


def _position_key(position: AuditPosition) -> Key:
    moment = int(position.occurred_at.timestamp())
    return {"PK": partition(position.user_id), "SK": text(f"AUDIT#{moment:010}#{position.request_id}")}


def audit_of_user(user_id: UserId, after: AuditPosition | None) -> Mapping[str, Any]:
    """The query of the entries about a user behind a position."""
    return _query(None, partition(user_id)["S"], after)


def audit_of_flow(correlation_id: str, after: AuditPosition | None) -> Mapping[str, Any]:
    """The query of the entries of a flow, over an index that may lag behind."""
    return _query(GSI1, _flow(correlation_id), after)


def audit_of_type(event_type: AuditType, month: str, after: AuditPosition | None) -> Mapping[str, Any]:
    """The query of the entries of a type in a month, over an index that may lag behind."""
    return _query(GSI2, _type(event_type, month), after)


def _query(index: str | None, within: str, after: AuditPosition | None) -> Mapping[str, Any]:
    name = _INDEX_PARTITIONS[index]
    query = {
        "KeyConditionExpression": f"{name} = :within",
        "ExpressionAttributeValues": {":within": text(within)},
        **({} if index is None else {"IndexName": index}),
    }
    return behind(query, None if after is None else {**_position_key(after), name: text(within)})
