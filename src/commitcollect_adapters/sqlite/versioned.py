"""Rows that are replaced by their next version."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from commitcollect_adapters import conflicts
from commitcollect_adapters.records.columns import RecordKind
from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.statements import insert, select, update

Value = TypeVar("Value")


class VersionedTable(Generic[Value]):
    """One table, written with optimistic locking.

    Version 1 is inserted, a later version updates the row of the version before. A record starts with its
    version and then `keys`, which with the columns of `scope` identify the row. A row that can be made anew
    has a column ``generation``, and the later version updates the row of its own generation only.
    """

    def __init__(
        self,
        name: str,
        kind: RecordKind[Value],
        *keys: str,
        scope: tuple[str, ...] = (),
        first_changing: str = "",
        condition: str = "",
    ) -> None:
        """Prepare the statements.

        Args:
            name: of the table.
            kind: the records in it.
            keys: the columns behind the version that are part of the key.
            scope: the columns of the key that are not in the record.
            first_changing: the first column that a later version writes; those before it never change.
            condition: what must hold beside the version for a row to be updated.
        """
        self.scope = scope
        self._keys_end = 1 + len(keys)
        self._changing = kind.columns.index(first_changing) if first_changing else self._keys_end
        self._kind = kind
        self._select = select(name, kind.columns, " AND ".join(f"{each} = ?" for each in (*scope, *keys)))
        self._insert = insert(name, (*scope, *kind.columns))
        self._generation = kind.columns.index("generation") if "generation" in kind.columns else None
        where = " AND ".join(f"{column} = ?" for column in (*scope, *keys, "version"))
        where += "" if self._generation is None else " AND generation IS ?"
        self._update = update(name, ("version", *kind.columns[self._changing :]), f"{where} {condition}")

    def read(self, connection: sqlite3.Connection, *key: str) -> Value | None:
        """The value under a key, or None."""
        row = connection.execute(self._select, key).fetchone()
        return None if row is None else self._kind.decode(row)

    def write(self, connection: sqlite3.Connection, values: Sequence[Value], *scope: str) -> None:
        """Write `values`.

        Raises:
            VersionConflict: one is not exactly one version ahead of the stored one.
        """
        new, later = [], []
        for value in values:
            record = self._kind.encode(value)
            version = record[0]
            if version == 1:
                new.append((*scope, *record))
            else:
                keys = record[1 : self._keys_end]
                generation = () if self._generation is None else (record[self._generation],)
                later.append((version, *record[self._changing :], *scope, *keys, version - 1, *generation))
        try:
            if new:
                connection.executemany(self._insert, new)
        except sqlite3.IntegrityError as exists:
            raise conflicts.stale() from exists
        # Fewer rows than values: one was not at the version before. The caller's transaction rolls all back.
        if later and connection.executemany(self._update, later).rowcount != len(later):
            raise conflicts.stale()


def _allow(_connection: sqlite3.Connection, _key: str) -> None:
    """Let every write pass."""


class SqliteVersions(Generic[Value]):
    """Implements `Versions` and `RateBudgetStore` on a table whose key is one column."""

    def __init__(
        self,
        database: Database,
        table: VersionedTable[Value],
        check: Callable[[sqlite3.Connection, str], None] = _allow,
    ) -> None:
        """Read and write one table; `check` refuses a write under a key, within its transaction."""
        self._database = database
        self._table = table
        self._check = check

    def read(self, key: str) -> Value | None:
        with self._database.connection() as connection:
            return self._table.read(connection, key)

    def write(self, key: str, value: Value) -> None:
        with self._database.transaction() as connection:
            self._check(connection, key)
            self._table.write(connection, (value,), *((key,) if self._table.scope else ()))
