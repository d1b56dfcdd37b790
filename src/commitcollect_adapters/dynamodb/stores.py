"""Every store on DynamoDB; apart from the ledger, so that counting workouts does not import the rest."""

from __future__ import annotations

from operator import attrgetter

from commitcollect_adapters.dynamodb.accounts import DynamoAuditLog, DynamoSessionStore
from commitcollect_adapters.dynamodb.client import Client
from commitcollect_adapters.dynamodb.deletions import DynamoDeletionStore, not_deleted
from commitcollect_adapters.dynamodb.items.accounts import PROFILE, profile_key
from commitcollect_adapters.dynamodb.items.definitions import ledger_table
from commitcollect_adapters.dynamodb.items.strava import RATE_BUDGET, rates_key
from commitcollect_adapters.dynamodb.jobs import DynamoIdempotencyStore
from commitcollect_adapters.dynamodb.ledger import DynamoLedger
from commitcollect_adapters.dynamodb.personal import DynamoPersonalData
from commitcollect_adapters.dynamodb.requests import Member, unfenced
from commitcollect_adapters.dynamodb.statues import DynamoCatalog
from commitcollect_adapters.dynamodb.strava import DynamoBackfillStore, DynamoConnectionStore
from commitcollect_adapters.dynamodb.table import Table
from commitcollect_adapters.dynamodb.versioned import DynamoVersions
from commitcollect_adapters.versioned import KeyedStore
from commitcollect_core.accounts.profiles import UserProfile
from commitcollect_core.policy import DEFAULT_POLICY, Policy
from commitcollect_core.stores import Stores
from commitcollect_core.values import UserId


def dynamo_stores(client: Client, policy: Policy = DEFAULT_POLICY) -> Stores:
    """Stores on the tables of one client; the policy says when audit entries expire."""
    table = Table(client, ledger_table(client.address.name))
    sessions = DynamoSessionStore(client)

    def profile_fence(user_id: str, profile: UserProfile) -> list[Member]:
        first = [not_deleted(client, UserId(user_id))] if profile.version == 1 else []
        return [unfenced(UserId(user_id)), *first]

    profiles = DynamoVersions(table, PROFILE, profile_key, fence_of=profile_fence)
    # Two workers who enter a call at the same moment write the same budget, so an equal stored one does not
    # tell whose it is. Entering a call once more is safe; not counting one is not.
    rates = DynamoVersions(table, RATE_BUDGET, rates_key, is_settled_by_reading=False)
    return Stores(
        ledger=DynamoLedger(client),
        catalog=DynamoCatalog(client),
        profiles=KeyedStore(profiles, attrgetter("user_id")),
        connections=DynamoConnectionStore(client),
        backfills=DynamoBackfillStore(client),
        sessions=sessions,
        handshakes=sessions,
        idempotency=DynamoIdempotencyStore(client),
        rates=rates,
        deletions=DynamoDeletionStore(client),
        audit=DynamoAuditLog(client, policy),
        personal=DynamoPersonalData(client),
    )
