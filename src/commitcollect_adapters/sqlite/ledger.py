"""The ledger's tables: conditional writes and keyed reads."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache

from commitcollect_adapters import conflicts
from commitcollect_adapters.records.columns import Record
from commitcollect_adapters.records.ledger import AWARD, HEAD, MILESTONE, WORKOUT
from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.deletion_check import check_not_deleted
from commitcollect_adapters.sqlite.statements import delete, insert, select
from commitcollect_adapters.sqlite.versioned import VersionedTable
from commitcollect_core.training.awards import Award
from commitcollect_core.training.ledger import (
    LedgerCommit,
    LedgerHead,
    LedgerState,
    LedgerView,
    StoredItem,
    fenced,
)
from commitcollect_core.training.milestones import Milestone
from commitcollect_core.training.ports import MilestonePage, WorkoutPage, WorkoutPosition, WorkoutQuery
from commitcollect_core.values import ActivityId, MilestoneId, Source, UserId, WorkoutKey


def _select(table: str, columns: Sequence[str], rest: str = "") -> str:
    return select(table, columns, f"userId = ? {rest}")


_LIST_USERS = select("ledgerHead", ("userId",), "userId > ? ORDER BY userId LIMIT ?")
_HEADS = VersionedTable("ledgerHead", HEAD, scope=("userId",), condition="AND state = 'ACTIVE'")
_ADMIT = (
    f"{insert('ledgerHead', ('userId', *HEAD.columns))} ON CONFLICT (userId) DO UPDATE SET "
    "version = version + 1, connectionGeneration = excluded.connectionGeneration"
)
_FENCE = (
    f"{insert('ledgerHead', ('userId', *HEAD.columns))} ON CONFLICT (userId) DO UPDATE SET "
    "version = version + 1, state = excluded.state, fencedAtUtc = excluded.fencedAtUtc "
    "WHERE state != excluded.state"
)
_WORKOUTS = VersionedTable("workout", WORKOUT, "source", "activityId", scope=("userId",))
_MILESTONES = VersionedTable(
    "milestone", MILESTONE, "milestoneId", scope=("userId",), first_changing="currentValue"
)
_INSERT_AWARD = insert("award", ("userId", *AWARD.columns))
_REMOVE_MILESTONE = delete("milestone", "userId = ? AND milestoneId = ? AND version = ?")
_DISCARD_MILESTONE = delete("milestone", "userId = ? AND milestoneId = ?")
_DISCARD_WORKOUT = delete("workout", "userId = ? AND source = ? AND activityId = ?")
_REMOVE_AWARDS = delete("award", "userId = ? AND milestoneId = ?")
_READ_MILESTONES = _select("milestone", MILESTONE.columns, "AND milestoneId > ? ORDER BY milestoneId LIMIT ?")
_READ_AWARDS = _select("award", AWARD.columns, "AND milestoneId = ? ORDER BY partIndex")
_IDS_PER_STATEMENT_MAX = 200
"""Ids looked up at once. SQLite takes more, but every number of them is a statement of its own to prepare."""


class SqliteLedger:
    """Ledgers in a SQLite file. Implements `Ledger`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def users(self, after: str, limit: int) -> Sequence[UserId]:
        """Ids of athletes who have a ledger, in order, behind `after`."""
        with self._database.connection() as connection:
            return [UserId(row[0]) for row in connection.execute(_LIST_USERS, (after, limit))]

    def read_head(self, user_id: UserId) -> LedgerHead:
        with self._database.connection() as connection:
            return _read_head(connection, user_id)

    def read(self, user_id: UserId, keys: Sequence[WorkoutKey]) -> LedgerView:
        # No transaction around it: the head is read first, and a commit is conditional on its version, so a
        # view that mixes two states can only lead to a refused commit.
        with self._database.connection() as connection:
            head = _read_head(connection, user_id)
            workouts = list(map(WORKOUT.decode, _find_workouts(connection, user_id, keys)))
            milestones = [_MILESTONES.read(connection, user_id, each) for each in head.tracked_milestone_ids]
        return LedgerView(
            user_id=user_id,
            head=head,
            workouts={workout.key: workout for workout in workouts},
            milestones=tuple(each for each in milestones if each is not None),
        )

    def commit(self, commit: LedgerCommit) -> None:
        user_id = commit.user_id
        with self._database.transaction() as connection:
            if commit.head.version == 1:
                check_not_deleted(self._database, user_id)
            # The head first: it refuses most commits that are refused, before anything else is written. Every
            # refusal rolls the whole transaction back.
            _HEADS.write(connection, (commit.head,), user_id)
            _WORKOUTS.write(connection, commit.workouts, user_id)
            _MILESTONES.write(connection, commit.milestones, user_id)
            try:
                if commit.awards:
                    awards = [(user_id, *AWARD.encode(award)) for award in commit.awards]
                    connection.executemany(_INSERT_AWARD, awards)
            except sqlite3.IntegrityError as exists:
                raise conflicts.stale() from exists
            for removed in commit.removed:
                key = (user_id, removed.milestone_id)
                if not connection.execute(_REMOVE_MILESTONE, (*key, removed.version)).rowcount:
                    raise conflicts.stale()
                # A milestone takes its awards along, in the same transaction (law 6).
                connection.execute(_REMOVE_AWARDS, key)
            for item in commit.discarded:
                _discard(connection, user_id, item)

    def unreadable(self, user_id: UserId) -> Sequence[StoredItem]:
        with self._database.connection() as connection:
            workouts = connection.execute(_select("workout", WORKOUT.columns), (user_id,))
            found: list[StoredItem] = [
                WorkoutKey(Source(row[1]), ActivityId(row[2]))
                for row in workouts
                if not WORKOUT.can_decode(row)
            ]
            milestones = connection.execute(_select("milestone", MILESTONE.columns), (user_id,))
            return found + [MilestoneId(row[1]) for row in milestones if not MILESTONE.can_decode(row)]

    def fence(self, user_id: UserId, *, now: datetime) -> LedgerHead:
        with self._database.transaction() as connection:
            connection.execute(_FENCE, (user_id, *HEAD.encode(fenced(LedgerHead(), now=now))))
            return _read_head(connection, user_id)

    def read_milestone(self, user_id: UserId, milestone_id: MilestoneId) -> Milestone | None:
        with self._database.connection() as connection:
            return _MILESTONES.read(connection, user_id, milestone_id)

    def read_milestones(self, user_id: UserId, *, after: MilestoneId | None, limit: int) -> MilestonePage:
        with self._database.connection() as connection:
            found = connection.execute(_READ_MILESTONES, (user_id, after or "", limit + 1)).fetchall()
        page = [MILESTONE.decode(row) for row in found[:limit]]
        return MilestonePage(milestones=page, next=page[-1].milestone_id if len(found) > limit else None)

    def read_awards(self, user_id: UserId, milestone_id: MilestoneId) -> Sequence[Award]:
        with self._database.connection() as connection:
            found = connection.execute(_READ_AWARDS, (user_id, milestone_id)).fetchall()
        return [AWARD.decode(row) for row in found]

    def read_workouts(self, user_id: UserId, query: WorkoutQuery) -> WorkoutPage:
        statement, parameters = _workout_query(query)
        with self._database.connection() as connection:
            found = connection.execute(statement, (user_id, *parameters)).fetchall()
        page = [WORKOUT.decode(row) for row in found[: query.limit]]
        if len(found) <= query.limit:
            return WorkoutPage(workouts=page, next=None)
        return WorkoutPage(workouts=page, next=WorkoutPosition(page[-1].snapshot.started_at, page[-1].key))


def _discard(connection: sqlite3.Connection, user_id: UserId, item: StoredItem) -> None:
    if isinstance(item, WorkoutKey):
        connection.execute(_DISCARD_WORKOUT, (user_id, item.source.value, item.activity_id))
        return
    connection.execute(_DISCARD_MILESTONE, (user_id, item))
    connection.execute(_REMOVE_AWARDS, (user_id, item))


def check_unfenced(
    database: Database, connection: sqlite3.Connection, user_id: str, generation: str | None = None
) -> None:
    """Refuse to go on behind a user's fence; called by other stores within their write transaction.

    Raises:
        AccountDeleting: the fence is up, or the account was deleted.
        ConnectionChanged: the ledger does not take in what the connection of this generation brings.
    """
    head = _read_head(connection, user_id)
    if not head.version:
        # A head that is there says by itself whether the ledger takes writes.
        check_not_deleted(database, user_id)
    if head.state is not LedgerState.ACTIVE:
        raise conflicts.fenced()
    head.check_admits(generation)


def admit(connection: sqlite3.Connection, user_id: str, generation: str) -> None:
    """Take in what the connection of a generation brings; within the write transaction of another store.

    The fence stays up.
    """
    # The version rises, so that a commit decided before loses its race and looks at the head again.
    first = HEAD.encode(LedgerHead(version=1, connection_generation=generation))
    connection.execute(_ADMIT, (user_id, *first))


def _read_head(connection: sqlite3.Connection, user_id: str) -> LedgerHead:
    return _HEADS.read(connection, user_id) or LedgerHead()


def _find_workouts(
    connection: sqlite3.Connection, user_id: UserId, keys: Sequence[WorkoutKey]
) -> Iterator[Record]:
    """The stored rows of `keys`."""
    # One statement for many ids costs a quarter of a statement for each, which an import would pay.
    ids_by_source: dict[Source, list[str]] = {}
    for source, activity_id in keys:
        ids_by_source.setdefault(source, []).append(activity_id)
    for source, ids in ids_by_source.items():
        for start in range(0, len(ids), _IDS_PER_STATEMENT_MAX):
            some = ids[start : start + _IDS_PER_STATEMENT_MAX]
            yield from connection.execute(_read_workouts(len(some)), (user_id, source, *some))


@lru_cache(maxsize=_IDS_PER_STATEMENT_MAX)
def _read_workouts(count: int) -> str:
    marks = ", ".join("?" * count)
    return _select("workout", WORKOUT.columns, f"AND source = ? AND activityId IN ({marks})")


def _workout_query(query: WorkoutQuery) -> tuple[str, list[object]]:
    """The statement of a page of workouts, with its parameters after the user's id."""
    conditions: list[str] = []
    parameters: list[object] = []
    if query.start_at is not None:
        conditions.append("AND startDateUtc >= ?")
        parameters.append(int(query.start_at.timestamp()))
    if query.end_at is not None:
        conditions.append("AND startDateUtc < ?")
        parameters.append(int(query.end_at.timestamp()))
    # A row value compares as the index sorts, so a page begins right behind the last one, also where many
    # workouts start in the same second.
    direction, beyond = ("DESC", "<") if query.newest_first else ("ASC", ">")
    if query.after is not None:
        conditions.append(f"AND (startDateUtc, source, activityId) {beyond} (?, ?, ?)")
        parameters += [int(query.after.started_at.timestamp()), *query.after.key]
    order = ", ".join(f"{column} {direction}" for column in ("startDateUtc", "source", "activityId"))
    parameters.append(query.limit + 1)
    rest = f"{' '.join(conditions)} ORDER BY {order} LIMIT ?"
    return _select("workout", WORKOUT.columns, rest), parameters
