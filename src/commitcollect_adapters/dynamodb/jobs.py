"""The requests and events that are dealt with. The queue is on SQS."""

from __future__ import annotations

from contextlib import suppress

from commitcollect_adapters.dynamodb.client import Client
from commitcollect_adapters.dynamodb.items.definitions import idempotency_table
from commitcollect_adapters.dynamodb.items.encoding import NEW, Condition
from commitcollect_adapters.dynamodb.items.jobs import IDEMPOTENCY, claimed_by, idempotency_key
from commitcollect_adapters.dynamodb.requests import delete, put, update
from commitcollect_adapters.dynamodb.table import Table
from commitcollect_core.errors import VersionConflict
from commitcollect_core.jobs.idempotency import IdempotencyRecord, IdempotencyStatus


class DynamoIdempotencyStore:
    """Implements `IdempotencyStore`."""

    def __init__(self, client: Client) -> None:
        self._table = Table(client, idempotency_table(client.address.name))

    def read(self, request_id: str) -> IdempotencyRecord | None:
        return self._table.find(IDEMPOTENCY, idempotency_key(request_id))

    def begin(self, record: IdempotencyRecord, *, replaces: IdempotencyRecord | None) -> None:
        # Owner and status rather than a version: a claim is taken over once its lease has run out.
        seen = NEW if replaces is None else claimed_by(replaces.owner_token, replaces.status)
        self._replace(record, seen)

    def complete(self, record: IdempotencyRecord) -> None:
        self._replace(record, claimed_by(record.owner_token, IdempotencyStatus.IN_PROGRESS))

    def _replace(self, record: IdempotencyRecord, condition: Condition) -> None:
        # A claim carries its owner's token, so an equal stored record is this owner's own.
        self._table.write(
            update(idempotency_key(record.request_id), IDEMPOTENCY.attributes(record), condition),
            has_landed=lambda: self.read(record.request_id) == record,
        )

    def release(self, request_id: str, owner_token: str) -> None:
        condition = claimed_by(owner_token, IdempotencyStatus.IN_PROGRESS)
        with suppress(VersionConflict):
            self._table.write(delete(idempotency_key(request_id), condition))

    def mark(self, record: IdempotencyRecord) -> None:
        self._table.write(put(IDEMPOTENCY.item(idempotency_key(record.request_id), record)))
