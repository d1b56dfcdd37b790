"""Connections, backfills and rate budgets in their tables."""

from __future__ import annotations

import sqlite3

from commitcollect_adapters import conflicts
from commitcollect_adapters.records.strava import BACKFILL, CONNECTION, OWNER, RATE_BUDGET, STAGED_PAGE
from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.ledger import admit, check_unfenced
from commitcollect_adapters.sqlite.statements import delete, find, replace, select
from commitcollect_adapters.sqlite.versioned import VersionedTable
from commitcollect_core.strava.backfills import Backfill, BackfillCommit, StagedPage
from commitcollect_core.strava.connections import (
    AthleteOwner,
    ConnectedAthlete,
    ConnectionCommit,
    StravaConnection,
)
from commitcollect_core.strava.ports import ConnectedPage
from commitcollect_core.values import AthleteId, UserId

_READ_CONNECTION = select("stravaConnection", CONNECTION.columns, "userId = ?")
_READ_CONNECTION_STATE = select("stravaConnection", ("version", "coalesce(generation, '')"), "userId = ?")
_WRITE_CONNECTION = replace("stravaConnection", CONNECTION.columns)
_REMOVE_CONNECTION = delete("stravaConnection", "userId = ?")
_ANY_CONNECTION = select("stravaConnection", ("userId",), "TRUE LIMIT 1")
_READ_OWNER = select("athleteOwner", OWNER.columns, "athleteId = ?")
_LIST_OWNERS = select("athleteOwner", ("athleteId", "userId"), "athleteId > ? ORDER BY athleteId LIMIT ?")
_WRITE_OWNER = replace("athleteOwner", OWNER.columns)
_REMOVE_OWNER = delete("athleteOwner", "athleteId = ? AND userId = ?")

_BACKFILLS = VersionedTable("backfill", BACKFILL, "userId")
_REMOVE_BACKFILL = delete("backfill", "userId = ?")
_READ_PAGE = select("stagedPage", STAGED_PAGE.columns, "userId = ? AND number = ?")
_WRITE_PAGE = replace("stagedPage", ("userId", *STAGED_PAGE.columns))
_REMOVE_PAGE = delete("stagedPage", "userId = ? AND number = ?")
_REMOVE_PAGES = delete("stagedPage", "userId = ?")

BUDGETS = VersionedTable("rateBudget", RATE_BUDGET, scope=("scope",))


class SqliteConnectionStore:
    """Implements `ConnectionStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, user_id: UserId) -> StravaConnection | None:
        return find(self._database, CONNECTION, _READ_CONNECTION, user_id)

    def owner(self, athlete_id: AthleteId) -> AthleteOwner | None:
        return find(self._database, OWNER, _READ_OWNER, athlete_id)

    def connected(self, *, after: AthleteId | None, limit: int) -> ConnectedPage:
        with self._database.connection() as connection:
            found = connection.execute(_LIST_OWNERS, (after or "", limit + 1)).fetchall()
        athletes = tuple(
            ConnectedAthlete(athlete_id=athlete_id, user_id=user_id) for athlete_id, user_id in found[:limit]
        )
        return ConnectedPage(athletes=athletes, next=athletes[-1].athlete_id if len(found) > limit else None)

    def commit(self, commit: ConnectionCommit) -> None:
        with self._database.transaction() as connection:
            _check(self._database, connection, commit)
            _write(connection, commit)


def _check(database: Database, connection: sqlite3.Connection, commit: ConnectionCommit) -> None:
    """Refuse a commit that rests on another state; the transaction keeps other writers out until its end."""
    # Removing is allowed behind the fence: the deletion that put it up removes the connection, too.
    if commit.after is not None:
        check_unfenced(database, connection, commit.user_id)
    # Fence, version, owner: where several are wrong, every store reports the same one.
    stored = connection.execute(_READ_CONNECTION_STATE, (commit.user_id,)).fetchone()
    before = commit.before
    if stored != (None if before is None else (before.version, before.generation)):
        raise conflicts.stale()
    if commit.claims is not None:
        row = connection.execute(_READ_OWNER, (commit.claims,)).fetchone()
        if row is not None and OWNER.decode(row).user_id != commit.user_id:
            raise conflicts.taken(commit.claims)


def _write(connection: sqlite3.Connection, commit: ConnectionCommit) -> None:
    if commit.admits is not None:
        admit(connection, commit.user_id, commit.admits)
    if commit.releases is not None:
        connection.execute(_REMOVE_OWNER, (commit.releases, commit.user_id))
    if commit.after is None:
        connection.execute(_REMOVE_CONNECTION, (commit.user_id,))
        return
    connection.execute(_WRITE_CONNECTION, CONNECTION.encode(commit.after))
    if commit.owner is not None:
        connection.execute(_WRITE_OWNER, OWNER.encode(commit.owner))


class SqliteBackfillStore:
    """Implements `BackfillStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, user_id: UserId) -> Backfill | None:
        with self._database.connection() as connection:
            return _BACKFILLS.read(connection, user_id)

    def read_page(self, user_id: UserId, number: int) -> StagedPage | None:
        return find(self._database, STAGED_PAGE, _READ_PAGE, user_id, number)

    def commit(self, commit: BackfillCommit) -> None:
        user_id = commit.backfill.user_id
        with self._database.transaction() as connection:
            check_unfenced(self._database, connection, user_id, commit.backfill.connection_generation)
            _BACKFILLS.write(connection, (commit.backfill,))
            if commit.page is not None:
                connection.execute(_WRITE_PAGE, (user_id, *STAGED_PAGE.encode(commit.page)))
            if commit.done_page is not None:
                connection.execute(_REMOVE_PAGE, (user_id, commit.done_page))

    def erase(self, user_id: UserId) -> None:
        with self._database.transaction() as connection:
            connection.execute(_REMOVE_BACKFILL, (user_id,))
            connection.execute(_REMOVE_PAGES, (user_id,))


def has_connections(database: Database) -> bool:
    """Whether any user is connected to Strava, so that sealed tokens are stored."""
    with database.connection() as connection:
        return connection.execute(_ANY_CONNECTION).fetchone() is not None
