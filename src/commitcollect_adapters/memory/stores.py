"""Every store in memory; apart from the ledger, so that counting workouts does not import the rest."""

from __future__ import annotations

from operator import attrgetter

from commitcollect_adapters.memory.accounts import MemoryAuditLog, MemorySessionStore
from commitcollect_adapters.memory.jobs import MemoryIdempotencyStore
from commitcollect_adapters.memory.ledger import MemoryLedger
from commitcollect_adapters.memory.statues import MemoryCatalog
from commitcollect_adapters.memory.strava import MemoryBackfillStore, MemoryConnectionStore
from commitcollect_adapters.memory.versioned import MemoryVersions
from commitcollect_adapters.versioned import KeyedStore
from commitcollect_core.accounts.deletion import DeletionRequest
from commitcollect_core.accounts.profiles import UserProfile
from commitcollect_core.service import Stores
from commitcollect_core.strava.rates import RateBudget


def memory_stores(*, ledger: MemoryLedger | None = None, catalog: MemoryCatalog | None = None) -> Stores:
    """Stores that last as long as the process.

    Args:
        ledger: the ledger whose fence the others respect; a new one unless given.
        catalog: the statues that are published; none unless given.
    """
    ledger = MemoryLedger() if ledger is None else ledger
    sessions = MemorySessionStore()
    return Stores(
        ledger=ledger,
        catalog=MemoryCatalog() if catalog is None else catalog,
        profiles=KeyedStore(MemoryVersions[UserProfile](ledger.unfenced), attrgetter("user_id")),
        connections=MemoryConnectionStore(ledger),
        backfills=MemoryBackfillStore(ledger),
        sessions=sessions,
        handshakes=sessions,
        idempotency=MemoryIdempotencyStore(),
        rates=MemoryVersions[RateBudget](),
        deletions=KeyedStore(MemoryVersions[DeletionRequest](), attrgetter("request_id")),
        audit=MemoryAuditLog(),
    )
