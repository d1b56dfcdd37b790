"""Every store in memory; apart from the ledger, so that counting workouts does not import the rest."""

from __future__ import annotations

from operator import attrgetter

from commitcollect_adapters.memory.accounts import MemoryAuditLog, MemorySessionStore
from commitcollect_adapters.memory.jobs import MemoryIdempotencyStore
from commitcollect_adapters.memory.ledger import MemoryLedger
from commitcollect_adapters.memory.personal import MemoryPersonalData
from commitcollect_adapters.memory.statues import MemoryCatalog
from commitcollect_adapters.memory.strava import MemoryBackfillStore, MemoryConnectionStore
from commitcollect_adapters.memory.versioned import MemoryVersions
from commitcollect_adapters.versioned import KeyedStore
from commitcollect_core.accounts.profiles import UserProfile
from commitcollect_core.stores import Stores
from commitcollect_core.strava.rates import RateBudget


def memory_stores(*, ledger: MemoryLedger | None = None, catalog: MemoryCatalog | None = None) -> Stores:
    """Stores that last as long as the process.

    Args:
        ledger: the ledger whose fence the others respect; a new one unless given.
        catalog: the statues that are published; none unless given.
    """
    ledger = MemoryLedger() if ledger is None else ledger
    sessions = MemorySessionStore(ledger)
    profiles = MemoryVersions[UserProfile](ledger.unfenced)
    connections, backfills = MemoryConnectionStore(ledger), MemoryBackfillStore(ledger)
    rates, audit = MemoryVersions[RateBudget](), MemoryAuditLog(ledger)
    return Stores(
        ledger=ledger,
        catalog=MemoryCatalog() if catalog is None else catalog,
        profiles=KeyedStore(profiles, attrgetter("user_id")),
        connections=connections,
        backfills=backfills,
        sessions=sessions,
        handshakes=sessions,
        idempotency=MemoryIdempotencyStore(),
        rates=rates,
        deletions=ledger.deletions,
        audit=audit,
        personal=MemoryPersonalData(
            ledger=ledger,
            profiles=profiles,
            connections=connections,
            backfills=backfills,
            rates=rates,
            sessions=sessions,
            audit=audit,
        ),
    )
