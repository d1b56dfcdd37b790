"""Items of the table of requests and events that are dealt with."""

from __future__ import annotations

from commitcollect_adapters.dynamodb.items.definitions import EXPIRES
from commitcollect_adapters.dynamodb.items.encoding import Condition, ItemKind, Key, holding, key_of
from commitcollect_adapters.records import jobs as records
from commitcollect_adapters.records.columns import epoch
from commitcollect_core.jobs.idempotency import IdempotencyRecord, IdempotencyStatus


def _derived(record: IdempotencyRecord) -> dict[str, object]:
    return {EXPIRES: epoch(record.expires_at)}


IDEMPOTENCY = ItemKind(records.IDEMPOTENCY, _derived)


def idempotency_key(request_id: str) -> Key:
    """The key of a request."""
    return key_of(f"IDEMPOTENCY#{request_id}", "META")


def claimed_by(owner_token: str, status: IdempotencyStatus) -> Condition:
    """The request belongs to this owner and has this status."""
    return holding(ownerToken=owner_token, status=status.value)
