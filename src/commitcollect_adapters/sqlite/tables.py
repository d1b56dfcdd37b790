"""Statements over whole rows, and writes that are conditional on a version."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from commitcollect_adapters import conflicts, records
from commitcollect_adapters.sqlite.database import Database
from commitcollect_core.errors import VersionConflict


def select(table: str, columns: Sequence[str], condition: str) -> str:
    """Read rows."""
    return f"SELECT {', '.join(columns)} FROM {table} WHERE {condition}"  # noqa: S608 - own names only


def insert(table: str, columns: Sequence[str], *, otherwise: str = "ABORT") -> str:
    """Add a row; `otherwise` says what happens if there is one with the same key (REPLACE, IGNORE)."""
    marks = ", ".join("?" * len(columns))
    return f"INSERT OR {otherwise} INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - own names only


def replace(table: str, columns: Sequence[str]) -> str:
    """Add a row, or put it in the place of the one with the same key."""
    return insert(table, columns, otherwise="REPLACE")


def update(table: str, columns: Sequence[str], condition: str) -> str:
    """Change rows that are there."""
    changes = ", ".join(f"{column} = ?" for column in columns)
    return f"UPDATE {table} SET {changes} WHERE {condition}"  # noqa: S608 - own names only


def delete(table: str, condition: str) -> str:
    """Remove rows."""
    return f"DELETE FROM {table} WHERE {condition}"  # noqa: S608 - own names only


def find(database: Database, statement: str, *parameters: object) -> records.Record | None:
    """The first row, if there is one."""
    with database.connection() as connection:
        row: records.Record | None = connection.execute(statement, parameters).fetchone()
    return row


class VersionedTable:
    """Writes items of one table: version 1 is inserted, a later one goes over the version before it.

    A row starts with its version and then `keys`, which with the columns of `scope` identify the item. Of a
    later version only the columns from `first_changing` on are written; the rest never changes.
    """

    def __init__(
        self,
        table: str,
        columns: tuple[str, ...],
        keys: tuple[str, ...],
        first_changing: str,
        encode: Callable[[Any], records.Record],
        *,
        scope: tuple[str, ...] = (),
        condition: str = "",
        refusal: Callable[[], VersionConflict] = conflicts.stale,
    ) -> None:
        self._keys_end = 1 + len(keys)
        self._changing = columns.index(first_changing)
        self._encode = encode
        self._refusal = refusal
        self._insert = insert(table, (*scope, *columns))
        where = " AND ".join(f"{column} = ?" for column in (*scope, *keys, "version"))
        self._replace = update(table, ("version", *columns[self._changing :]), f"{where} {condition}")

    def write(
        self, connection: sqlite3.Connection, items: Sequence[object], scope: tuple[str, ...] = ()
    ) -> None:
        """Write `items`.

        Raises:
            VersionConflict: one is not exactly one version ahead of the stored.
        """
        new, later = [], []
        for item in items:
            record = self._encode(item)
            version = record[0]
            if version == 1:
                new.append((*scope, *record))
            else:
                keys = record[1 : self._keys_end]
                later.append((version, *record[self._changing :], *scope, *keys, version - 1))
        try:
            if new:
                connection.executemany(self._insert, new)
        except sqlite3.IntegrityError as exists:
            raise self._refusal() from exists
        if later and connection.executemany(self._replace, later).rowcount != len(later):
            raise self._refusal()
