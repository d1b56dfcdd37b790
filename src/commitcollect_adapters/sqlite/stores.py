"""Every store on a SQLite file; apart, so that a program that only counts workouts does not pay for it."""

from __future__ import annotations

from commitcollect_adapters.sqlite.accounts import (
    SqliteDeletionStore,
    SqliteProfileStore,
    SqliteSessionStore,
)
from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.ledger import SqliteLedger
from commitcollect_adapters.sqlite.requests import SqliteAuditLog, SqliteIdempotencyStore
from commitcollect_adapters.sqlite.statues import SqliteCatalog
from commitcollect_adapters.sqlite.strava import (
    SqliteBackfillStore,
    SqliteConnectionStore,
    SqliteRateBudgetStore,
)
from commitcollect_core.service import Stores


def sqlite_stores(database: Database) -> Stores:
    """Stores on one SQLite file."""
    sessions = SqliteSessionStore(database)
    return Stores(
        ledger=SqliteLedger(database),
        catalog=SqliteCatalog(database),
        profiles=SqliteProfileStore(database),
        connections=SqliteConnectionStore(database),
        backfills=SqliteBackfillStore(database),
        sessions=sessions,
        handshakes=sessions,
        idempotency=SqliteIdempotencyStore(database),
        rates=SqliteRateBudgetStore(database),
        deletions=SqliteDeletionStore(database),
        audit=SqliteAuditLog(database),
    )
