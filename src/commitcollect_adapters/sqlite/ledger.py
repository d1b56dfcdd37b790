"""The ledger's tables: conditional writes and keyed reads."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from functools import lru_cache

from commitcollect_adapters import conflicts, records
from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.tables import VersionedTable, delete, insert, select
from commitcollect_core.errors import VersionConflict
from commitcollect_core.training.awards import Award
from commitcollect_core.training.ledger import LedgerCommit, LedgerHead, LedgerState, LedgerView
from commitcollect_core.training.milestones import Milestone
from commitcollect_core.training.ports import MilestonePage, WorkoutPage, WorkoutPosition, WorkoutQuery
from commitcollect_core.values import MilestoneId, Source, UserId, WorkoutKey


def _select(table: str, columns: Sequence[str], rest: str = "") -> str:
    return select(table, columns, f"userId = ? {rest}")


def _conflict() -> VersionConflict:
    return VersionConflict("somebody else wrote to this ledger first; read it again and decide again")


_HEADS = VersionedTable(
    "ledgerHead",
    records.HEAD_COLUMNS,
    (),
    "state",
    records.head_record,
    refusal=_conflict,
    scope=("userId",),
    condition="AND state = 'ACTIVE'",
)
_WORKOUTS = VersionedTable(
    "workout",
    records.WORKOUT_COLUMNS,
    ("source", "activityId"),
    "sportType",
    records.workout_record,
    refusal=_conflict,
    scope=("userId",),
)
_MILESTONES = VersionedTable(
    "milestone",
    records.MILESTONE_COLUMNS,
    ("milestoneId",),
    "currentValue",
    records.milestone_record,
    refusal=_conflict,
    scope=("userId",),
)
_INSERT_AWARD = insert("award", ("userId", *records.AWARD_COLUMNS))
_REMOVE_MILESTONE = delete("milestone", "userId = ? AND milestoneId = ? AND version = ?")
_REMOVE_AWARDS = delete("award", "userId = ? AND milestoneId = ?")
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
            scope = (commit.user_id,)
            _HEADS.write(connection, (commit.head,), scope)
            _WORKOUTS.write(connection, commit.workouts, scope)
            _MILESTONES.write(connection, commit.milestones, scope)
            try:
                if commit.awards:
                    awards = [(commit.user_id, *records.award_record(award)) for award in commit.awards]
                    connection.executemany(_INSERT_AWARD, awards)
            except sqlite3.IntegrityError as exists:
                raise _conflict() from exists
            for removed in commit.removed:
                key = (commit.user_id, removed.milestone_id)
                if not connection.execute(_REMOVE_MILESTONE, (*key, removed.version)).rowcount:
                    raise _conflict()
                connection.execute(_REMOVE_AWARDS, key)

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


def check_unfenced(connection: sqlite3.Connection, user_id: UserId) -> None:
    """Refuse to go on behind a user's fence; for other stores, within their write transaction.

    Raises:
        AccountDeleting: it is up.
    """
    if _read_head(connection, user_id).state is not LedgerState.ACTIVE:
        raise conflicts.fenced()


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
