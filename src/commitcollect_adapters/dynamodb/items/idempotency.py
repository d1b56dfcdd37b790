"""Items of the table of requests and events that were dealt with."""

from __future__ import annotations

from commitcollect_adapters.dynamodb.items.encoding import Condition, ItemKind, Key, holding, key_of
from commitcollect_adapters.dynamodb.items.tables import EXPIRES
from commitcollect_adapters.records import requests
from commitcollect_adapters.records.encoding import epoch
from commitcollect_core.jobs.idempotency import IdempotencyRecord, IdempotencyStatus


def _derived(record: IdempotencyRecord) -> dict[str, object]:
    return {EXPIRES: epoch(record.expires_at)}


IDEMPOTENCY = ItemKind(requests.IDEMPOTENCY_COLUMNS, requests.idempotency_record, _derived)


def idempotency_key(request_id: str) -> Key:
    """The key of a request."""
    return key_of(f"IDEMPOTENCY#{request_id}", "META")


def claimed_by(owner_token: str, status: IdempotencyStatus) -> Condition:
    """The request is this owner's, and this is how it stands."""
    return holding(ownerToken=owner_token, status=status.value)
