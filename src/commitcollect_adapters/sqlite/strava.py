"""Connections, backfills and the budget of calls in their tables."""

from __future__ import annotations

import sqlite3

from commitcollect_adapters import conflicts
from commitcollect_adapters.records import strava
from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.ledger import check_unfenced
from commitcollect_adapters.sqlite.tables import VersionedTable, delete, find, replace, select
from commitcollect_core.strava.backfills import Backfill, BackfillCommit, StagedPage
from commitcollect_core.strava.connections import AthleteOwner, ConnectionCommit, StravaConnection
from commitcollect_core.strava.rates import RateBudget
from commitcollect_core.values import AthleteId, UserId

_READ_CONNECTION = select("stravaConnection", strava.CONNECTION_COLUMNS, "userId = ?")
_READ_CONNECTION_VERSION = select("stravaConnection", ("version",), "userId = ?")
_WRITE_CONNECTION = replace("stravaConnection", strava.CONNECTION_COLUMNS)
_REMOVE_CONNECTION = delete("stravaConnection", "userId = ?")
_ANY_CONNECTION = select("stravaConnection", ("userId",), "TRUE LIMIT 1")
_READ_OWNER = select("athleteOwner", strava.OWNER_COLUMNS, "athleteId = ?")
_WRITE_OWNER = replace("athleteOwner", strava.OWNER_COLUMNS)
_REMOVE_OWNER = delete("athleteOwner", "athleteId = ? AND userId = ?")

_BACKFILLS = VersionedTable("backfill", strava.BACKFILL_COLUMNS, ("userId",), "phase", strava.backfill_record)
_READ_BACKFILL = select("backfill", strava.BACKFILL_COLUMNS, "userId = ?")
_REMOVE_BACKFILL = delete("backfill", "userId = ?")
_READ_PAGE = select("stagedPage", strava.STAGED_PAGE_COLUMNS, "userId = ? AND number = ?")
_WRITE_PAGE = replace("stagedPage", ("userId", *strava.STAGED_PAGE_COLUMNS))
_REMOVE_PAGE = delete("stagedPage", "userId = ? AND number = ?")
_REMOVE_PAGES = delete("stagedPage", "userId = ?")

_BUDGETS = VersionedTable(
    "rateBudget", strava.RATE_BUDGET_COLUMNS, (), "windowLimit", strava.rate_budget_record, scope=("scope",)
)
_READ_BUDGET = select("rateBudget", strava.RATE_BUDGET_COLUMNS, "scope = ?")


class SqliteConnectionStore:
    """Implements `ConnectionStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, user_id: UserId) -> StravaConnection | None:
        """See `ConnectionStore`."""
        row = find(self._database, _READ_CONNECTION, user_id)
        return None if row is None else strava.connection(row)

    def owner(self, athlete_id: AthleteId) -> AthleteOwner | None:
        """See `ConnectionStore`."""
        row = find(self._database, _READ_OWNER, athlete_id)
        return None if row is None else strava.owner(row)

    def commit(self, commit: ConnectionCommit) -> None:
        """See `ConnectionStore`."""
        with self._database.transaction() as connection:
            _check(connection, commit)
            _write(connection, commit)


def _check(connection: sqlite3.Connection, commit: ConnectionCommit) -> None:
    """Refuse a commit unless all it stands on is so; nobody else writes while this transaction lasts."""
    if commit.after is not None:
        check_unfenced(connection, commit.user_id)
    stored = connection.execute(_READ_CONNECTION_VERSION, (commit.user_id,)).fetchone()
    if stored != (None if commit.before is None else (commit.before.version,)):
        raise conflicts.stale()
    if commit.claims is not None:
        row = connection.execute(_READ_OWNER, (commit.claims,)).fetchone()
        if row is not None and strava.owner(row).user_id != commit.user_id:
            raise conflicts.taken(commit.claims)


def _write(connection: sqlite3.Connection, commit: ConnectionCommit) -> None:
    if commit.releases is not None:
        connection.execute(_REMOVE_OWNER, (commit.releases, commit.user_id))
    if commit.after is None:
        connection.execute(_REMOVE_CONNECTION, (commit.user_id,))
        return
    connection.execute(_WRITE_CONNECTION, strava.connection_record(commit.after))
    if commit.claims is not None:
        owner = AthleteOwner(
            athlete_id=commit.claims, user_id=commit.user_id, updated_at=commit.after.updated_at
        )
        connection.execute(_WRITE_OWNER, strava.owner_record(owner))


class SqliteBackfillStore:
    """Implements `BackfillStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, user_id: UserId) -> Backfill | None:
        """See `BackfillStore`."""
        row = find(self._database, _READ_BACKFILL, user_id)
        return None if row is None else strava.backfill(row)

    def read_page(self, user_id: UserId, number: int) -> StagedPage | None:
        """See `BackfillStore`."""
        row = find(self._database, _READ_PAGE, user_id, number)
        return None if row is None else strava.staged_page(row)

    def commit(self, commit: BackfillCommit) -> None:
        """See `BackfillStore`."""
        user_id = commit.backfill.user_id
        with self._database.transaction() as connection:
            check_unfenced(connection, user_id)
            _BACKFILLS.write(connection, (commit.backfill,))
            if commit.page is not None:
                connection.execute(_WRITE_PAGE, (user_id, *strava.staged_page_record(commit.page)))
            if commit.done_page is not None:
                connection.execute(_REMOVE_PAGE, (user_id, commit.done_page))

    def erase(self, user_id: UserId) -> None:
        """See `BackfillStore`."""
        with self._database.transaction() as connection:
            connection.execute(_REMOVE_BACKFILL, (user_id,))
            connection.execute(_REMOVE_PAGES, (user_id,))


class SqliteRateBudgetStore:
    """Implements `RateBudgetStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, scope: str) -> RateBudget | None:
        """See `RateBudgetStore`."""
        row = find(self._database, _READ_BUDGET, scope)
        return None if row is None else strava.rate_budget(row)

    def write(self, scope: str, budget: RateBudget) -> None:
        """See `RateBudgetStore`."""
        with self._database.transaction() as connection:
            _BUDGETS.write(connection, (budget,), (scope,))


def has_connections(database: Database) -> bool:
    """Whether anybody is connected to Strava, and tokens are stored therefore."""
    return find(database, _ANY_CONNECTION) is not None
