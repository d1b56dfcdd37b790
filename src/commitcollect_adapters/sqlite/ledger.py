"""The ledger's tables: conditional writes and keyed reads."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from commitcollect_adapters import records
from commitcollect_adapters.sqlite.database import Database
from commitcollect_core.awards import Award
from commitcollect_core.errors import VersionConflict
from commitcollect_core.ledger import LedgerCommit, LedgerHead, LedgerView
from commitcollect_core.milestones import Milestone
from commitcollect_core.ports import MilestonePage, WorkoutPage, WorkoutPosition, WorkoutQuery
from commitcollect_core.values import MilestoneId, Source, UserId, WorkoutKey


def _select(table: str, columns: Sequence[str], rest: str = "") -> str:
    return f"SELECT {', '.join(columns)} FROM {table} WHERE userId = ? {rest}"  # noqa: S608 - own names only


def _insert(table: str, columns: Sequence[str]) -> str:
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {table} (userId, {', '.join(columns)}) VALUES (?, {marks})"  # noqa: S608 - own names only


class _VersionedTable:
    """Writes items of one table: version 1 is inserted, a later one goes over the version before it.

    A row starts with its version and then `keys`, which with the user identify the item. Of a later version
    only the columns from `first_changing` on are written; the rest never changes.
    """

    def __init__(
        self,
        table: str,
        columns: tuple[str, ...],
        keys: tuple[str, ...],
        first_changing: str,
        encode: Callable[[Any], records.Record],
        condition: str = "",
    ) -> None:
        self._keys_end = 1 + len(keys)
        self._changing = columns.index(first_changing)
        self._encode = encode
        self._insert = _insert(table, columns)
        changes = ", ".join(f"{column} = ?" for column in ("version", *columns[self._changing :]))
        where = " AND ".join(f"{column} = ?" for column in ("userId", *keys, "version"))
        self._replace = f"UPDATE {table} SET {changes} WHERE {where} {condition}"  # noqa: S608 - own names only

    def write(self, connection: sqlite3.Connection, user_id: UserId, items: Sequence[object]) -> None:
        """Write `items`, or raise `VersionConflict` if one is not exactly one version ahead of the stored."""
        new, later = [], []
        for item in items:
            record = self._encode(item)
            version = record[0]
            if version == 1:
                new.append((user_id, *record))
            else:
                keys = record[1 : self._keys_end]
                later.append((version, *record[self._changing :], user_id, *keys, version - 1))
        if new:
            connection.executemany(self._insert, new)
        if later and connection.executemany(self._replace, later).rowcount != len(later):
            raise _conflict()


def _conflict() -> VersionConflict:
    return VersionConflict("somebody else wrote to this ledger first; read it again and decide again")


_HEADS = _VersionedTable(
    "ledgerHead", records.HEAD_COLUMNS, (), "state", records.head_record, "AND state = 'ACTIVE'"
)
_WORKOUTS = _VersionedTable(
    "workout", records.WORKOUT_COLUMNS, ("source", "activityId"), "sportType", records.workout_record
)
_MILESTONES = _VersionedTable(
    "milestone", records.MILESTONE_COLUMNS, ("milestoneId",), "currentValue", records.milestone_record
)
_INSERT_AWARD = _insert("award", records.AWARD_COLUMNS)
_READ_HEAD = _select("ledgerHead", records.HEAD_COLUMNS)
_READ_MILESTONE = _select("milestone", records.MILESTONE_COLUMNS, "AND milestoneId = ?")
_READ_MILESTONES = _select(
    "milestone", records.MILESTONE_COLUMNS, "AND milestoneId > ? ORDER BY milestoneId LIMIT ?"
)
_READ_AWARDS = _select("award", records.AWARD_COLUMNS, "AND milestoneId = ? ORDER BY partIndex")
_IDS_PER_STATEMENT_MAX = 200
"""Ids looked up at once. SQLite takes more, but every number of them is a statement of its own to prepare."""


class SqliteLedger:
    """Ledgers in a SQLite file. Implements `Ledger`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read_head(self, user_id: UserId) -> LedgerHead:
        """See `Ledger`."""
        with self._database.connection() as connection:
            return _read_head(connection, user_id)

    def read(self, user_id: UserId, keys: Sequence[WorkoutKey]) -> LedgerView:
        """See `Ledger`."""
        # No transaction around it: the head is read first, and a commit is conditional on its version.
        with self._database.connection() as connection:
            head = _read_head(connection, user_id)
            workouts = list(map(records.workout, _find_workouts(connection, user_id, keys)))
            milestones = [
                connection.execute(_READ_MILESTONE, (user_id, each)).fetchone()
                for each in head.tracked_milestone_ids
            ]
        return LedgerView(
            user_id=user_id,
            head=head,
            workouts={workout.key: workout for workout in workouts},
            milestones=tuple(records.milestone(row) for row in milestones if row),
        )

    def commit(self, commit: LedgerCommit) -> None:
        """See `Ledger`."""
        with self._database.transaction() as connection:
            try:
                _HEADS.write(connection, commit.user_id, (commit.head,))
                _WORKOUTS.write(connection, commit.user_id, commit.workouts)
                _MILESTONES.write(connection, commit.user_id, commit.milestones)
                if commit.awards:
                    awards = [(commit.user_id, *records.award_record(award)) for award in commit.awards]
                    connection.executemany(_INSERT_AWARD, awards)
            except sqlite3.IntegrityError as exists:
                raise _conflict() from exists

    def read_milestone(self, user_id: UserId, milestone_id: MilestoneId) -> Milestone | None:
        """See `Ledger`."""
        with self._database.connection() as connection:
            row = connection.execute(_READ_MILESTONE, (user_id, milestone_id)).fetchone()
        return None if row is None else records.milestone(row)

    def read_milestones(self, user_id: UserId, *, after: MilestoneId | None, limit: int) -> MilestonePage:
        """See `Ledger`."""
        with self._database.connection() as connection:
            found = connection.execute(_READ_MILESTONES, (user_id, after or "", limit + 1)).fetchall()
        page = [records.milestone(row) for row in found[:limit]]
        return MilestonePage(milestones=page, next=page[-1].milestone_id if len(found) > limit else None)

    def read_awards(self, user_id: UserId, milestone_id: MilestoneId) -> Sequence[Award]:
        """See `Ledger`."""
        with self._database.connection() as connection:
            found = connection.execute(_READ_AWARDS, (user_id, milestone_id)).fetchall()
        return [records.award(row) for row in found]

    def read_workouts(self, user_id: UserId, query: WorkoutQuery) -> WorkoutPage:
        """See `Ledger`."""
        statement, parameters = _workout_query(query)
        with self._database.connection() as connection:
            found = connection.execute(statement, (user_id, *parameters)).fetchall()
        page = [records.workout(row) for row in found[: query.limit]]
        if len(found) <= query.limit:
            return WorkoutPage(workouts=page, next=None)
        return WorkoutPage(workouts=page, next=WorkoutPosition(page[-1].snapshot.started_at, page[-1].key))


def _read_head(connection: sqlite3.Connection, user_id: UserId) -> LedgerHead:
    row = connection.execute(_READ_HEAD, (user_id,)).fetchone()
    return LedgerHead() if row is None else records.head(row)


def _find_workouts(
    connection: sqlite3.Connection, user_id: UserId, keys: Sequence[WorkoutKey]
) -> Iterator[records.Record]:
    """The stored rows of `keys`. One statement for many ids costs a quarter of a statement for each."""
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
    return _select("workout", records.WORKOUT_COLUMNS, f"AND source = ? AND activityId IN ({marks})")


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
    direction, beyond = ("DESC", "<") if query.newest_first else ("ASC", ">")
    if query.after is not None:
        conditions.append(f"AND (startDateUtc, source, activityId) {beyond} (?, ?, ?)")
        parameters += [int(query.after.started_at.timestamp()), *query.after.key]
    order = ", ".join(f"{column} {direction}" for column in ("startDateUtc", "source", "activityId"))
    parameters.append(query.limit + 1)
    rest = f"{' '.join(conditions)} ORDER BY {order} LIMIT ?"
    return _select("workout", records.WORKOUT_COLUMNS, rest), parameters
