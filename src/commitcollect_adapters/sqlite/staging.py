"""A history set out for delivery: sorted, shuffled and repeated without being held in memory.

It plays the source's part. Of an activity that was given several times only the last snapshot is kept, as a
source knows one state of each; every delivery of it carries that state.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from random import Random

from commitcollect_adapters.records.ledger import SNAPSHOT
from commitcollect_adapters.sqlite.database import storage_error
from commitcollect_core.training.workouts import ActivitySnapshot
from commitcollect_core.values import WorkoutKey

_COLUMNS = ", ".join(SNAPSHOT.columns)
_MARKS = ", ".join("?" * len(SNAPSHOT.columns))
_READ_COLUMNS = ", ".join(f"staged.{column}" for column in SNAPSHOT.columns)


class Order(StrEnum):
    """In which order a history is delivered."""

    START = "start"
    FILE = "file"
    SHUFFLED = "shuffled"


_POSITIONS = {Order.START: "startDateUtc", Order.FILE: "place", Order.SHUFFLED: "shuffled(rowid)"}


class StagedHistory:
    """Snapshots in a private temporary file, which vanishes when closed."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect("", isolation_level=None)
        self._connection.execute(
            f"CREATE TABLE staged ({_COLUMNS}, place INTEGER, PRIMARY KEY (source, activityId))"
        )
        self._connection.execute("CREATE TABLE delivery (position REAL, stagedId INTEGER)")
        self._connection.execute("BEGIN")

    def close(self) -> None:
        """Let the history go."""
        self._connection.close()

    def add(self, snapshots: Iterable[ActivitySnapshot]) -> None:
        """Add snapshots; a later one of the same activity takes the place of the earlier."""
        place = self._connection.total_changes
        with _translated():
            self._connection.executemany(
                f"INSERT OR REPLACE INTO staged ({_COLUMNS}, place) VALUES ({_MARKS}, ?)",  # noqa: S608 - own names
                ((*SNAPSHOT.encode(each), place + offset) for offset, each in enumerate(snapshots)),
            )

    def __len__(self) -> int:
        (count,) = self._connection.execute("SELECT count(*) FROM staged").fetchone()
        return int(count)

    def holds(self, key: WorkoutKey) -> bool:
        """Whether an activity is part of the history."""
        found = self._connection.execute("SELECT 1 FROM staged WHERE source = ? AND activityId = ?", key)
        return found.fetchone() is not None

    def earliest_start(self) -> datetime | None:
        """When the first activity started, None without any."""
        (first,) = self._connection.execute("SELECT min(startDateUtc) FROM staged").fetchone()
        return None if first is None else datetime.fromtimestamp(first, UTC)

    def deliveries(
        self, order: Order = Order.START, *, duplicates: int = 0, seed: int = 0
    ) -> Iterator[ActivitySnapshot]:
        """Walk the history in an order, each activity once and `duplicates` times more at places by chance.

        The same seed gives the same walk.
        """
        with _translated():
            self._set_out(order, duplicates, Random(seed))  # noqa: S311 - repeatable on purpose, guards nothing
            walk = self._connection.execute(
                f"SELECT {_READ_COLUMNS} FROM delivery JOIN staged ON staged.rowid = delivery.stagedId "  # noqa: S608 - own names
                "ORDER BY delivery.position, staged.place"
            )
            yield from map(SNAPSHOT.decode, walk)

    def _set_out(self, order: Order, duplicates: int, chance: Random) -> None:
        """Give every delivery its position."""
        self._connection.create_function("shuffled", 1, lambda _place: chance.random())
        self._connection.create_function("anywhere", 2, chance.uniform)
        self._connection.execute("DELETE FROM delivery")
        self._connection.execute(
            f"INSERT INTO delivery SELECT {_POSITIONS[order]}, rowid FROM staged ORDER BY rowid"  # noqa: S608 - own names
        )
        first, last = self._connection.execute("SELECT min(position), max(position) FROM delivery").fetchone()
        for _ in range(duplicates):
            self._connection.execute(
                "INSERT INTO delivery SELECT anywhere(?, ?), rowid FROM staged ORDER BY rowid", (first, last)
            )


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as refused:
        raise storage_error(refused, "in the temporary folder") from refused
