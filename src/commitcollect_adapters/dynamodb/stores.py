"""Every store on DynamoDB; apart, so that a program that only counts workouts does not pay for it."""

from __future__ import annotations

from commitcollect_adapters.dynamodb.accounts import (
    DynamoDeletionStore,
    DynamoProfileStore,
    DynamoSessionStore,
)
from commitcollect_adapters.dynamodb.client import Client
from commitcollect_adapters.dynamodb.ledger import DynamoLedger
from commitcollect_adapters.dynamodb.requests import DynamoAuditLog, DynamoIdempotencyStore
from commitcollect_adapters.dynamodb.statues import DynamoCatalog
from commitcollect_adapters.dynamodb.strava import (
    DynamoBackfillStore,
    DynamoConnectionStore,
    DynamoRateBudgetStore,
)
from commitcollect_core.policy import DEFAULT_POLICY, Policy
from commitcollect_core.service import Stores


def dynamo_stores(client: Client, policy: Policy = DEFAULT_POLICY) -> Stores:
    """Stores on the tables of one client; the policy says when audit entries expire."""
    sessions = DynamoSessionStore(client)
    return Stores(
        ledger=DynamoLedger(client),
        catalog=DynamoCatalog(client),
        profiles=DynamoProfileStore(client),
        connections=DynamoConnectionStore(client),
        backfills=DynamoBackfillStore(client),
        sessions=sessions,
        handshakes=sessions,
        idempotency=DynamoIdempotencyStore(client),
        rates=DynamoRateBudgetStore(client),
        deletions=DynamoDeletionStore(client),
        audit=DynamoAuditLog(client, policy),
    )
