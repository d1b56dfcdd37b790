"""A copy of a SQLite store while it is in use."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from commitcollect_adapters.sqlite.database import Database
from commitcollect_core.errors import Conflict, StorageError


def backup(database: Database, path: Path, *, is_overwritten: bool = False) -> None:
    """Copy the store as it is at one moment to a file that is whole once it is there.

    Readers and writers go on meanwhile.

    Args:
        database: the store.
        path: of the copy; its folder exists.
        is_overwritten: whether a file that is there is replaced, once the copy is whole.

    Raises:
        Conflict: the file exists (``file_exists``), is the store itself, or is no plain file.
        StorageError: the copy cannot be written.
    """
    _check_target(database, path, is_overwritten=is_overwritten)
    scratch = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        # Made first and for its owner alone: a store may hold tokens.
        os.close(os.open(scratch, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        _copy(database, scratch)
        with scratch.open("rb") as written:
            os.fsync(written.fileno())
        scratch.replace(path)
    except OSError as refused:
        raise StorageError(
            f"cannot write the backup {path}: {refused.strerror}; name another file"
        ) from refused
    finally:
        with suppress(OSError):
            scratch.unlink(missing_ok=True)


def _copy(database: Database, scratch: Path) -> None:
    try:
        with database.connection() as source, closing(sqlite3.connect(scratch.absolute())) as target:
            # In one go: SQLite would begin anew with every write of other processes in between.
            source.backup(target)
            # No log beside the copy: it is one file, and can be moved as one.
            target.execute("PRAGMA journal_mode = DELETE").fetchone()
    except StorageError as refused:
        raise StorageError(f"the backup failed: {refused.message}") from refused


def _check_target(database: Database, path: Path, *, is_overwritten: bool) -> None:
    if not os.path.lexists(path):
        return
    if path.is_symlink() or not path.is_file() or path.samefile(database.path):
        raise Conflict(
            f"{path} is the store itself or no plain file; name another file",
            code="file_exists",
            field="file",
        )
    if not is_overwritten:
        raise Conflict(
            f"{path} exists; name another file, or give --force to overwrite it",
            code="file_exists",
            field="file",
        )
