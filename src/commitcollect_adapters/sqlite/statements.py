"""SQL statements over whole rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from commitcollect_adapters.records.columns import RecordKind
from commitcollect_adapters.sqlite.database import Database

Value = TypeVar("Value")


def select(table: str, columns: Sequence[str], condition: str) -> str:
    """Read rows."""
    return f"SELECT {', '.join(columns)} FROM {table} WHERE {condition}"  # noqa: S608 - own names only


def insert(table: str, columns: Sequence[str], *, otherwise: str = "ABORT") -> str:
    """Add a row; `otherwise` says what happens to a duplicate key (REPLACE, IGNORE)."""
    marks = ", ".join("?" * len(columns))
    return f"INSERT OR {otherwise} INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - own names only


def replace(table: str, columns: Sequence[str]) -> str:
    """Add a row, or overwrite the one with the same key."""
    return insert(table, columns, otherwise="REPLACE")


def update(table: str, columns: Sequence[str], condition: str) -> str:
    """Change rows that exist."""
    changes = ", ".join(f"{column} = ?" for column in columns)
    return f"UPDATE {table} SET {changes} WHERE {condition}"  # noqa: S608 - own names only


def delete(table: str, condition: str) -> str:
    """Remove rows."""
    return f"DELETE FROM {table} WHERE {condition}"  # noqa: S608 - own names only


def find(database: Database, kind: RecordKind[Value], statement: str, *parameters: object) -> Value | None:
    """The value of the first row, or None."""
    with database.connection() as connection:
        row = connection.execute(statement, parameters).fetchone()
    return None if row is None else kind.decode(row)
