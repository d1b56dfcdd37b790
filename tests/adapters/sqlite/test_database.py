"""Connections to the SQLite file."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.ledger import SqliteLedger
from commitcollect_adapters.sqlite.schema import APPLICATION_ID, LAYOUTS, Schema
from commitcollect_adapters.testing import samples
from commitcollect_adapters.testing.dumps import dump_of
from commitcollect_core.errors import InvalidInput, StorageError, StorageUnavailable
from commitcollect_core.values import MilestoneId, UserId

NEWER = Schema(APPLICATION_ID, (*LAYOUTS, "CREATE TABLE later (thing INTEGER)"))
LAYOUT_1 = Path(__file__).with_name("layout_1.sql")
OPENERS = 6
WRITERS = 4
PATIENCE_SECONDS = 60
_OPEN = (
    "import sys; from commitcollect_adapters.sqlite.database import Database; Database(sys.argv[1]).close()"
)


@pytest.mark.slow
@pytest.mark.parametrize("attempt", range(4))
def test_many_processes_may_open_a_new_store_at_once(tmp_path: Path, attempt: int) -> None:
    """The first process lays out the tables; the others wait for it instead of failing."""
    path = tmp_path / f"{attempt}.db"
    openers = [subprocess.Popen([sys.executable, "-c", _OPEN, str(path)]) for _ in range(OPENERS)]
    assert [each.wait() for each in openers] == [0] * OPENERS


def test_connections_are_as_many_as_users_at_once(tmp_path: Path) -> None:
    """Threads that come and go leave no connection behind."""
    with closing(Database(tmp_path / "store.db")) as database:
        ledger = SqliteLedger(database)
        for _ in range(20):
            with ThreadPoolExecutor(max_workers=1) as pool:
                assert pool.submit(ledger.read_head, UserId("me")).result().version == 0
        with database.connection() as one, database.connection() as other:
            assert one is not other
        assert len(database._connections) == 2  # noqa: SLF001 - the number is what this is about


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    """What is used after closing fails as a store does, and a second close does nothing."""
    database = Database(tmp_path / "store.db")
    database.close()
    database.close()
    with pytest.raises(StorageError):
        SqliteLedger(database).read_head(UserId("me"))


def test_closing_leaves_a_thread_what_it_uses(tmp_path: Path) -> None:
    """A reader reads on and a writer commits; then their connections are closed, and the process lives."""
    database = Database(tmp_path / "store.db")
    with database.connection() as reading:
        rows = reading.execute("VALUES (1), (2), (3)")
        assert next(rows) == (1,)
        with database.transaction() as writing:
            writing.execute("PRAGMA user_version")
            database.close()
            writing.execute("DELETE FROM job")
        assert list(rows) == [(2,), (3,)]
    assert database._connections == []  # noqa: SLF001 - nothing else tells that they are closed
    for each in (reading, writing):
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            each.execute("SELECT 1")


def test_closing_tells_writers_that_wait(tmp_path: Path) -> None:
    """One that waits for another process, and those behind it, end at once and write nothing."""
    database = Database(tmp_path / "store.db", busy_timeout_seconds=PATIENCE_SECONDS)
    begun = threading.Barrier(WRITERS + 1, timeout=PATIENCE_SECONDS)

    def write() -> None:
        begun.wait()
        with database.transaction():
            pytest.fail("the file is locked")

    with (
        closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as rival,
        ThreadPoolExecutor(WRITERS) as pool,
    ):
        rival.execute("BEGIN IMMEDIATE")
        writing = [pool.submit(write) for _ in range(WRITERS)]
        begun.wait()
        database.close()
        for each in writing:
            with pytest.raises(StorageError, match="is closed"):
                each.result()
    assert database._connections == []  # noqa: SLF001 - as above


def test_workouts_of_an_older_layout_count_as_shown(tmp_path: Path) -> None:
    """Who showed them was not recorded, and every connection was believed; that stays so for them."""
    path = tmp_path / "old.db"
    columns = "version, sportType, startDateUtc, distanceMeters, total_elevation_gain, movingTimeSeconds, "
    columns += "elapsedTimeSeconds, activityName, isFlagged, fetchedAtUtc"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("".join(LAYOUTS[:8]))
        for user, source in (("ada", "STRAVA"), ("ada", "FILE"), ("eve", "STRAVA")):
            connection.execute(
                f"INSERT INTO workout (userId, source, activityId, {columns}) "  # noqa: S608 - our own names
                "VALUES (?, ?, '1', 1, 'Run', 1767225600, 1, 0, 1, 1, '', 0, 1767225600)",
                (user, source),
            )
        connection.execute(
            "INSERT INTO stravaConnection (userId, version, athleteId, accessToken, refreshToken, "
            "expiresAtUtc, scope, status, updatedAtUtc) "
            "VALUES ('ada', 1, '42', 'a', 'r', 1, 'read', 'ACTIVE', 1)"
        )
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 8")
        connection.commit()
    with closing(Database(path)) as database, database.connection() as connection:
        rows = connection.execute("SELECT userId, source, shownToAthleteId FROM workout").fetchall()
    assert sorted(map(tuple, rows), key=str) == [
        ("ada", "FILE", None),
        ("ada", "STRAVA", "42"),
        ("eve", "STRAVA", None),
    ]


def _layout_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        (layout,) = connection.execute("PRAGMA user_version").fetchone()
    return int(layout)


def _tables_of(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        return {sql for (sql,) in connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")}


def _rows_of(path: Path) -> dict[str, list[dict[str, object]]]:
    """Every row of every table, its values by the names of the columns; without the empty ones."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = lambda cursor, row: {
            name: value
            for (name, *_), value in zip(cursor.description, row, strict=True)
            if value is not None
        }
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        names = [each["name"] for each in tables]
        return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in names}  # noqa: S608 - our own names


@pytest.fixture
def old_store(tmp_path: Path) -> Path:
    """A store that the first release wrote."""
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(LAYOUT_1.read_text(encoding="utf-8"))
    return path


def test_an_older_store_is_brought_up_to_date(old_store: Path, tmp_path: Path) -> None:
    """What is in it stays, it takes new commits, and its tables are then those of a new store."""
    before = _rows_of(old_store)
    athlete = UserId("athlete")
    for _ in range(2):
        Database(old_store).close()
        after = _rows_of(old_store)
        assert {table: after[table] for table in before} == before
    with closing(Database(old_store)) as database:
        dump = dump_of(SqliteLedger(database), athlete)
    assert (dump.head.version, dump.head.workout_count) == (2, 0)
    assert [(each.key.activity_id, each.version) for each in dump.by_start] == [("kept", 2), ("new", 1)]
    assert {name: len(awards) for name, awards in dump.awards.items()} == {"ms-kept": 2, "ms-new": 1}
    assert dump.head.tracked_milestone_ids == tuple(dump.milestones)
    with closing(Database(old_store)) as database:
        SqliteLedger(database).commit(samples.commit_of(athlete, 3, workouts=[samples.workout("late")]))
    Database(tmp_path / "new.db").close()
    assert _layout_of(old_store) == _layout_of(tmp_path / "new.db") == len(LAYOUTS)
    assert _tables_of(old_store) == _tables_of(tmp_path / "new.db")


_OLD_HEAD = "INSERT INTO ledgerHead VALUES ('athlete', 9, 'ACTIVE', 'ms-tracked', 1, NULL)"
_OLD_WORKOUT = """INSERT INTO workout VALUES
    ('athlete', 'FILE', 'late', 1, 'Ride', 1767225600, 5000, 0, 0, 0, '', NULL, 0, 1798761600, NULL)"""


def _old_milestone(name: str, end: int | None, awarded: int) -> tuple[str, tuple[object, ...]]:
    values = ("athlete", name, 1, "HERON", "ANY", "DISTANCE_METERS", 12_000, 12, 1_767_225_600, end)
    times = (None, None, None, None, 1_767_225_600, 1_767_225_600, None, None, None)
    row = (*values, awarded * 1000, awarded * 1000, awarded, *times)
    return f"INSERT INTO milestone VALUES ({', '.join('?' * len(row))})", row  # noqa: S608 - no text of others


@pytest.mark.parametrize("layout", range(1, 8))
def test_a_milestone_that_an_older_layout_does_not_track_is_counted(tmp_path: Path, layout: int) -> None:
    """Law 4: the next call counts what came after it gave up its place, in a file of any such layout."""
    path, athlete = tmp_path / "old.db", UserId("athlete")
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(";".join(LAYOUTS[:layout]))
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {layout}")
        connection.execute(_OLD_HEAD)
        connection.execute(_OLD_WORKOUT)
        end = 1_767_225_600 + 30 * 86_400
        for name, ended, awarded in (
            ("ms", end, 0),
            ("ms-tracked", end, 5),
            ("whole", end, 12),
            ("open", None, 0),
        ):
            connection.execute(*_old_milestone(name, ended, awarded))
        connection.commit()
    with closing(Database(path)) as database:
        ledger = SqliteLedger(database)
        assert ledger.read_head(athlete).stale_milestone_ids == ("ms",)
        samples.ingestion(ledger).ingest(athlete, ())
        milestone = ledger.read_milestone(athlete, MilestoneId("ms"))
        assert milestone is not None
        assert (milestone.progress.current_value, milestone.parts_awarded) == (5000, 5)
        assert len(ledger.read_awards(athlete, milestone.milestone_id)) == 5
        assert ledger.read_head(athlete).stale_milestone_ids == ()


def test_an_older_store_is_brought_up_to_date_whole_or_not_at_all(old_store: Path) -> None:
    """A script that fails half way leaves the store as it was, to be opened again."""
    before = _tables_of(old_store)
    broken = (*LAYOUTS[:1], "CREATE TABLE half (way INTEGER); CREATE TABLE workout (again INTEGER)")
    with pytest.raises(StorageError):
        Database(old_store, schema=Schema(APPLICATION_ID, broken))
    assert (_layout_of(old_store), _tables_of(old_store)) == (1, before)
    with closing(Database(old_store)) as database:
        assert SqliteLedger(database).read_head(UserId("athlete")).version == 2


def test_a_newer_store_is_left_alone(tmp_path: Path) -> None:
    """What a later release has laid out is refused, not guessed at."""
    path = tmp_path / "store.db"
    Database(path, schema=NEWER).close()
    before = _tables_of(path)
    with pytest.raises(StorageError, match="newer CommitCollect"):
        Database(path)
    assert (_layout_of(path), _tables_of(path)) == (len(LAYOUTS) + 1, before)


@pytest.mark.slow
def test_many_processes_may_bring_a_store_up_to_date_at_once(old_store: Path) -> None:
    """The first process does it; the others find it done."""
    openers = [subprocess.Popen([sys.executable, "-c", _OPEN, str(old_store)]) for _ in range(OPENERS)]
    assert [each.wait() for each in openers] == [0] * OPENERS
    assert _layout_of(old_store) == len(LAYOUTS)


@pytest.mark.parametrize(("is_durable", "level"), [(True, 2), (False, 0)])
def test_only_a_temporary_store_need_not_be_on_the_disk(tmp_path: Path, is_durable: bool, level: int) -> None:
    """Every connection of a store waits for the disk (FULL), but for a temporary one (OFF)."""
    with closing(Database(tmp_path / "store.db", is_durable=is_durable)) as database:
        for use in (database.connection, database.transaction):
            with use() as connection:
                assert connection.execute("PRAGMA synchronous").fetchone() == (level,)
    with closing(Database(tmp_path / "other.db")) as database, database.transaction() as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_a_running_process_stops_writing_to_a_newer_layout(tmp_path: Path) -> None:
    """A newer program brings the file up to date meanwhile: this one says so, and writes nothing more."""
    path, athlete = tmp_path / "store.db", UserId("athlete")
    with closing(Database(path)) as database:
        ledger = SqliteLedger(database)
        ledger.commit(samples.commit_of(athlete, 1, workouts=[samples.workout("before")]))
        Database(path, schema=NEWER).close()
        for _ in range(2):
            with pytest.raises(
                StorageError, match=f"layout {len(LAYOUTS) + 1} while this program ran"
            ) as told:
                ledger.commit(samples.commit_of(athlete, 2, workouts=[samples.workout("after")]))
            assert not isinstance(told.value, StorageUnavailable)
        assert ledger.read_head(athlete).version == 1


def _modes(folder: Path) -> dict[str, int]:
    return {each.name: stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()}


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_only_the_owner_may_read_a_store(tmp_path: Path, mask: int) -> None:
    """The file and what SQLite keeps beside it, whatever the process may make by default."""
    before = os.umask(mask)
    try:
        with closing(Database(tmp_path / "store.db")) as database, database.transaction():
            assert _modes(tmp_path) == dict.fromkeys(("store.db", "store.db-wal", "store.db-shm"), 0o600)
    finally:
        os.umask(before)


def test_a_store_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    """As an earlier release left it, with a log beside it."""
    path = tmp_path / "store.db"
    with closing(Database(path)):
        for each in tmp_path.iterdir():
            each.chmod(0o664)
        with closing(Database(path)):
            assert set(_modes(tmp_path).values()) == {0o600}


@pytest.mark.parametrize("value", ["\udcff", 2**63, -(2**64)])
def test_what_the_driver_cannot_bind_is_no_error_of_the_driver(tmp_path: Path, value: object) -> None:
    """Reading or writing: a text without an encoding, a number beyond 64 bits."""
    with closing(Database(tmp_path / "store.db")) as database:
        for use in (database.connection, database.transaction):
            with pytest.raises(InvalidInput, match="no store can keep"), use() as connection:
                connection.execute("SELECT ?", (value,)).fetchone()
        with database.transaction() as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
