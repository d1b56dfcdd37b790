"""A store of your own, proved by the shipped contract suite: ``pytest examples/property_suite.py``.

`SqlLedger` is the one that docs/adapters.md shows. The suite asks how to open it, how to open the same store
once more, and how to break it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import RLock

import pytest
from hypothesis import settings

from commitcollect_adapters.records.columns import Record, RecordKind, Value
from commitcollect_adapters.records.ledger import AWARD, HEAD, MILESTONE, WORKOUT
from commitcollect_adapters.testing.breaking import broken_sqlite
from commitcollect_adapters.testing.contracts import LedgerContract
from commitcollect_adapters.testing.machine import LedgerMachine, Opener
from commitcollect_core import (
    ActivityId,
    Award,
    Ledger,
    LedgerCommit,
    LedgerHead,
    LedgerView,
    Milestone,
    MilestoneId,
    MilestonePage,
    Source,
    StorageError,
    UserId,
    VersionConflict,
    WorkoutKey,
    WorkoutPage,
    WorkoutPosition,
    WorkoutQuery,
)
from commitcollect_core.training.ledger import StoredItem, fenced

Key = Mapping[str, object]
TABLES = """
CREATE TABLE IF NOT EXISTS heads (user TEXT PRIMARY KEY, version INT, state TEXT, record TEXT);
CREATE TABLE IF NOT EXISTS workouts (user TEXT, source TEXT, activity TEXT, version INT, start INT,
    record TEXT, PRIMARY KEY (user, source, activity));
CREATE INDEX IF NOT EXISTS starts ON workouts (user, start, source, activity);
CREATE TABLE IF NOT EXISTS milestones (user TEXT, milestone TEXT, version INT, record TEXT,
    PRIMARY KEY (user, milestone));
CREATE TABLE IF NOT EXISTS awards (user TEXT, milestone TEXT, part INT, version INT, record TEXT,
    PRIMARY KEY (user, milestone, part));
"""


class SqlLedger:
    """Ledgers in SQL tables. Implements `Ledger`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._lock = RLock()

    @contextmanager
    def _tables(self, *, is_write: bool = False) -> Iterator[sqlite3.Connection]:
        """The connection, one thread at a time; a write is one transaction, rolled back on any error."""
        with self._lock:
            try:
                if is_write:
                    # The write lock first: what is read under it cannot change before it is written.
                    self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
                if is_write:
                    self._connection.execute("COMMIT")
            except sqlite3.Error as failed:
                raise StorageError(f"the ledger failed: {failed}") from failed
            finally:
                self._connection.rollback()  # What was committed stays.

    def read_head(self, user_id: UserId) -> LedgerHead:
        with self._tables() as tables:
            return _head(tables, user_id)

    def read(self, user_id: UserId, keys: Sequence[WorkoutKey]) -> LedgerView:
        with self._tables() as tables:
            head = _head(tables, user_id)  # First: the milestones must be no older than the head.
            one = "workouts WHERE user = ? AND source = ? AND activity = ?"
            workouts = {key: each for key in keys for each in _find(tables, WORKOUT, one, user_id, *key)}
            milestones = [_milestone(tables, user_id, each) for each in head.tracked_milestone_ids]
        there = tuple(each for each in milestones if each is not None)
        return LedgerView(user_id=user_id, head=head, workouts=workouts, milestones=there)

    def commit(self, commit: LedgerCommit) -> None:
        user: dict[str, object] = {"user": commit.user_id}
        with self._tables(is_write=True) as tables:
            _put_head(tables, user, commit.head)
            for workout in commit.workouts:
                source, activity = workout.key
                key = {**user, "source": source.value, "activity": activity}
                start = int(workout.snapshot.started_at.timestamp())
                _put(tables, "workouts", key, workout.version, WORKOUT.encode(workout), start=start)
            for milestone in commit.milestones:
                key = {**user, "milestone": milestone.milestone_id}
                _put(tables, "milestones", key, milestone.version, MILESTONE.encode(milestone))
            for award in commit.awards:
                key = {**user, "milestone": award.milestone_id, "part": award.part_index}
                _put(tables, "awards", key, 1, AWARD.encode(award))
            for removed in commit.removed:
                key = {**user, "milestone": removed.milestone_id}
                if not _delete(tables, "milestones", {**key, "version": removed.version}):
                    raise VersionConflict("the milestone is another version")
                _delete(tables, "awards", key)
            for item in commit.discarded:
                _discard(tables, user, item)

    def fence(self, user_id: UserId, *, now: datetime) -> LedgerHead:
        with self._tables(is_write=True) as tables:
            stored = _head(tables, user_id)
            head = fenced(stored, now=now)
            if head != stored:
                _put_head(tables, {"user": user_id}, head)
        return head

    def unreadable(self, user_id: UserId) -> Sequence[StoredItem]:
        found: list[StoredItem] = []
        with self._tables() as tables:
            rows = tables.execute("SELECT record, source, activity FROM workouts WHERE user = ?", (user_id,))
            for text, source, activity in rows:
                if not WORKOUT.can_decode(_record(text)):
                    found.append(WorkoutKey(Source(source), ActivityId(activity)))
            rows = tables.execute("SELECT record, milestone FROM milestones WHERE user = ?", (user_id,))
            found += [MilestoneId(each) for text, each in rows if not MILESTONE.can_decode(_record(text))]
        return found

    def read_milestone(self, user_id: UserId, milestone_id: MilestoneId) -> Milestone | None:
        with self._tables() as tables:
            return _milestone(tables, user_id, milestone_id)

    def read_milestones(self, user_id: UserId, *, after: MilestoneId | None, limit: int) -> MilestonePage:
        rest = "milestones WHERE user = ? AND milestone > ? ORDER BY milestone LIMIT ?"
        with self._tables() as tables:
            found = _find(tables, MILESTONE, rest, user_id, after or "", limit + 1)
        page = found[:limit]
        return MilestonePage(milestones=page, next=page[-1].milestone_id if len(found) > limit else None)

    def read_awards(self, user_id: UserId, milestone_id: MilestoneId) -> Sequence[Award]:
        rest = "awards WHERE user = ? AND milestone = ? ORDER BY part"
        with self._tables() as tables:
            return _find(tables, AWARD, rest, user_id, milestone_id)

    def read_workouts(self, user_id: UserId, query: WorkoutQuery) -> WorkoutPage:
        rest, values = _page(query)
        with self._tables() as tables:
            found = _find(tables, WORKOUT, f"workouts WHERE user = ? {rest}", user_id, *values)
        page = found[: query.limit]
        last = page[-1] if len(found) > query.limit else None
        place = None if last is None else WorkoutPosition(last.snapshot.started_at, last.key)
        return WorkoutPage(workouts=page, next=place)


def _put_head(tables: sqlite3.Connection, user: Key, head: LedgerHead) -> None:
    condition = "AND state = 'ACTIVE'"  # The fence: nothing replaces a head that is DELETING.
    _put(tables, "heads", user, head.version, HEAD.encode(head), condition, state=head.state.value)


def _put(
    tables: sqlite3.Connection, table: str, key: Key, version: int, record: Record,
    condition: str = "", **more: object,
) -> None:  # fmt: skip
    """Insert version 1, or replace exactly the version before a later one."""
    row = {**key, **more, "version": version, "record": json.dumps(record)}
    if version == 1:
        marks = ", ".join(f":{each}" for each in row)
        statement = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks}) ON CONFLICT DO NOTHING"
    else:
        changes = ", ".join(f"{each} = :{each}" for each in row)
        statement = f"UPDATE {table} SET {changes} WHERE {_equal(key)} AND version = :version - 1 {condition}"
    if tables.execute(statement, row).rowcount != 1:
        raise VersionConflict("another writer was first; read again and decide again")


def _delete(tables: sqlite3.Connection, table: str, key: Key) -> int:
    return tables.execute(f"DELETE FROM {table} WHERE {_equal(key)}", key).rowcount


def _discard(tables: sqlite3.Connection, user: Key, item: StoredItem) -> None:
    if isinstance(item, WorkoutKey):
        _delete(tables, "workouts", {**user, "source": item.source.value, "activity": item.activity_id})
        return
    for table in ("milestones", "awards"):
        _delete(tables, table, {**user, "milestone": item})


def _equal(key: Key) -> str:
    return " AND ".join(f"{each} = :{each}" for each in key)


def _record(text: str) -> Record:
    try:
        return tuple(json.loads(text))
    except ValueError:
        return ()  # Which no kind of record decodes.


def _find(tables: sqlite3.Connection, kind: RecordKind[Value], rest: str, *values: object) -> list[Value]:
    rows = tables.execute(f"SELECT record FROM {rest}", values)
    return [kind.decode(_record(text)) for (text,) in rows]


def _head(tables: sqlite3.Connection, user_id: UserId) -> LedgerHead:
    return next(iter(_find(tables, HEAD, "heads WHERE user = ?", user_id)), LedgerHead())


def _milestone(tables: sqlite3.Connection, user_id: UserId, milestone_id: MilestoneId) -> Milestone | None:
    rest = "milestones WHERE user = ? AND milestone = ?"
    return next(iter(_find(tables, MILESTONE, rest, user_id, milestone_id)), None)


def _page(query: WorkoutQuery) -> tuple[str, list[object]]:
    """What follows the athlete in the statement of a page, with its values."""
    direction, beyond = ("DESC", "<") if query.newest_first else ("ASC", ">")
    rest, values = "", list[object]()
    for comparison, moment in ((">=", query.start_at), ("<", query.end_at)):
        if moment is not None:
            rest += f"AND start {comparison} ? "
            values.append(int(moment.timestamp()))
    if query.after is not None:
        rest += f"AND (start, source, activity) {beyond} (?, ?, ?) "
        values += [int(query.after.started_at.timestamp()), *query.after.key]
    order = ", ".join(f"{each} {direction}" for each in ("start", "source", "activity"))
    return f"{rest} ORDER BY {order} LIMIT ?", [*values, query.limit + 1]


@contextmanager
def open_sql_ledger(path: str, factory: type[sqlite3.Connection] = sqlite3.Connection) -> Iterator[Ledger]:
    """The ledger in the file at `path`, which is made if it is not there."""
    with closing(sqlite3.connect(path, timeout=30)) as connection:
        connection.executescript(TABLES)
    with closing(
        sqlite3.connect(path, isolation_level=None, timeout=30, check_same_thread=False, factory=factory)
    ) as connection:
        yield SqlLedger(connection)


class SqlMachine(LedgerMachine):
    """Random histories on `SqlLedger` and in memory, compared answer by answer."""

    def new_store(self, store: ExitStack) -> Opener:
        """A file in a folder of its own."""
        return partial(open_sql_ledger, f"{store.enter_context(TemporaryDirectory())}/ledger.db")


TestSqlMachine = SqlMachine.TestCase
TestSqlMachine.settings = settings(deadline=None, max_examples=10, stateful_step_count=20)  # try more


class TestSqlLedger(LedgerContract):
    """The whole contract, on `SqlLedger`."""

    @pytest.fixture(autouse=True)
    def _files(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def open_ledger(self) -> AbstractContextManager[Ledger]:
        """One store for all calls: every test has athletes of its own."""
        return self.opener("ledger.db")()

    def opener(self, name: str) -> Opener:
        """The store of this name, as another process opens it."""
        return partial(open_sql_ledger, str(self.folder / name))

    def open_broken_store(self, name: str, *, at: int) -> AbstractContextManager[Ledger]:
        """The store of this name, whose driver fails."""
        return open_sql_ledger(str(self.folder / name), broken_sqlite(at=at))
