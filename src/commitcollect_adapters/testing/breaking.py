"""A driver that fails at a chosen moment, for suites that ask for a broken store."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from itertools import count
from typing import Any, TypeVar

_Result = TypeVar("_Result")


class BrokenDriver:
    """Fails at one moment around a driver's calls, and at every moment after it, as a crash does.

    Moment 1 is just before the first call, and moment 2 just after it: then the answer is lost.
    """

    def __init__(self, *, at: int, error: Callable[[], Exception]) -> None:
        """Break at moment `at` with an error of the driver's own kind."""
        self._at = at
        self._error = error
        self._moments = count(1)

    def around(self, call: Callable[[], _Result]) -> _Result:
        """Make one call of the driver, unless it is broken.

        Raises:
            Exception: the driver's own error.
        """
        self._pass()
        result = call()
        self._pass()
        return result

    def _pass(self) -> None:
        if next(self._moments) >= self._at:
            raise self._error()


def sqlite_error() -> sqlite3.Error:
    """What SQLite raises when it cannot go on."""
    error = sqlite3.DatabaseError("database disk image is malformed")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    error.sqlite_errorname = "SQLITE_CORRUPT"
    return error


def broken_sqlite(*, at: int) -> type[sqlite3.Connection]:
    """A factory of connections that share one `BrokenDriver`; for ``sqlite3.connect(..., factory=...)``."""
    driver = BrokenDriver(at=at, error=sqlite_error)

    class BrokenConnection(sqlite3.Connection):
        """Rolls back when it is closed, as a killed process does."""

        def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
            """One moment before, one after."""
            return driver.around(lambda: sqlite3.Connection.execute(self, sql, parameters))

        def executemany(self, sql: str, parameters: Iterable[Any], /) -> sqlite3.Cursor:
            """The same."""
            return driver.around(lambda: sqlite3.Connection.executemany(self, sql, parameters))

    return BrokenConnection
