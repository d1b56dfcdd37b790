"""Every store on a SQLite file; apart from the ledger, so that counting workouts does not import the rest."""

from __future__ import annotations

from functools import partial
from operator import attrgetter

from commitcollect_adapters.sqlite import accounts, strava
from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.deletions import SqliteDeletionStore
from commitcollect_adapters.sqlite.jobs import SqliteIdempotencyStore
from commitcollect_adapters.sqlite.ledger import SqliteLedger, check_unfenced
from commitcollect_adapters.sqlite.personal import SqlitePersonalData
from commitcollect_adapters.sqlite.statues import SqliteCatalog
from commitcollect_adapters.sqlite.versioned import SqliteVersions
from commitcollect_adapters.versioned import KeyedStore
from commitcollect_core.stores import Stores


def sqlite_stores(database: Database) -> Stores:
    """Stores on one SQLite file."""
    sessions = accounts.SqliteSessionStore(database)
    profiles = SqliteVersions(database, accounts.PROFILES, partial(check_unfenced, database))
    return Stores(
        ledger=SqliteLedger(database),
        catalog=SqliteCatalog(database),
        profiles=KeyedStore(profiles, attrgetter("user_id")),
        connections=strava.SqliteConnectionStore(database),
        backfills=strava.SqliteBackfillStore(database),
        sessions=sessions,
        handshakes=sessions,
        idempotency=SqliteIdempotencyStore(database),
        rates=SqliteVersions(database, strava.BUDGETS),
        deletions=SqliteDeletionStore(database),
        audit=accounts.SqliteAuditLog(database),
        personal=SqlitePersonalData(database),
    )
