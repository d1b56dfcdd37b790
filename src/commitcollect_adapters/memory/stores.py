"""Every store in memory; apart, so that a program that only counts workouts does not pay for importing it."""

from __future__ import annotations

from commitcollect_adapters.memory.accounts import (
    MemoryDeletionStore,
    MemoryProfileStore,
    MemorySessionStore,
)
from commitcollect_adapters.memory.ledger import MemoryLedger
from commitcollect_adapters.memory.requests import MemoryAuditLog, MemoryIdempotencyStore
from commitcollect_adapters.memory.statues import MemoryCatalog
from commitcollect_adapters.memory.strava import (
    MemoryBackfillStore,
    MemoryConnectionStore,
    MemoryRateBudgetStore,
)
from commitcollect_core.service import Stores


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
        profiles=MemoryProfileStore(ledger),
        connections=MemoryConnectionStore(ledger),
        backfills=MemoryBackfillStore(ledger),
        sessions=sessions,
        handshakes=sessions,
        idempotency=MemoryIdempotencyStore(),
        rates=MemoryRateBudgetStore(),
        deletions=MemoryDeletionStore(),
        audit=MemoryAuditLog(),
    )
