"""``commitcollect backup``: the copy is whole, whatever goes on meanwhile."""

from __future__ import annotations

import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from cli.console import Console
from commitcollect_adapters.backend import open_backend
from commitcollect_core.errors import StorageError


def test_a_backup_holds_what_the_store_held(console: Console, history: Path, tmp_path: Path) -> None:
    """Commands read the copy as they read the store; it is one file, for its owner alone."""
    console.json("workout", "import", history, "--store", "a.db")
    console.json("milestone", "create", "--store", "a.db", "--target", "count=24", "--from", "2024-01-01")
    saved = console.json("backup", "b.db", "--store", "a.db")
    copy = tmp_path / "b.db"
    assert saved == {"file": "b.db", "bytes": copy.stat().st_size}
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert not list(tmp_path.glob("*.part"))
    assert not list(tmp_path.glob("b.db-*"))
    for command in (("workout", "list"), ("milestone", "list")):
        assert console.json(*command, "--store", "b.db") == console.json(*command, "--store", "a.db")
    assert console("doctor", "--store", "b.db").code == 0


def test_a_store_in_use_is_copied_as_it_was_committed(
    console: Console, history: Path, tmp_path: Path
) -> None:
    """A write under way is neither waited for nor in the copy; what is only in the log is."""
    console.json("workout", "import", history, "--store", "a.db")
    with closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as other:
        other.execute("UPDATE workout SET activityName = 'in the log'")
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM workout")
        console.json("backup", "b.db", "--store", "a.db")
        shutil.move(tmp_path / "b.db", tmp_path / "moved.db")
        other.execute("ROLLBACK")
    found = console.json("workout", "list", "--store", "moved.db")["workouts"]
    assert [each["activityName"] for each in found] == ["in the log"] * 7


def test_no_file_is_overwritten_unasked(console: Console, history: Path, tmp_path: Path) -> None:
    """With --force a plain file is; the store itself, a folder and a link never."""
    console.json("workout", "import", history, "--store", "a.db")
    copy = tmp_path / "b.db"
    copy.write_text("mine")
    refused = console("backup", "b.db", "--store", "a.db")
    assert "--force" in refused.err
    assert copy.read_text() == "mine"
    assert refused.code != 0
    assert console("backup", "b.db", "--store", "a.db", "--force").code == 0
    (tmp_path / "link.db").symlink_to(copy)
    (tmp_path / "folder").mkdir()
    for target in ("a.db", "link.db", "folder"):
        outcome = console("backup", target, "--store", "a.db", "--force")
        assert outcome.code != 0
        assert "no plain file" in outcome.err
    assert len(console.json("workout", "list", "--store", "a.db")["workouts"]) == 7


def test_what_cannot_be_copied_is_said(console: Console, history: Path, tmp_path: Path) -> None:
    """A store that is not there, a folder that is not there, and a damaged store leave no file behind."""
    missing = console("backup", "b.db", "--store", "none.db")
    assert missing.code != 0
    assert "none.db" in missing.err
    assert not (tmp_path / "none.db").exists()
    console.json("workout", "import", history, "--store", "a.db")
    outcome = console("backup", "nowhere/b.db", "--store", "a.db")
    assert outcome.code != 0
    assert "nowhere/b.db" in outcome.err
    with open_backend("a.db") as backend:
        assert backend.backup is not None
        with closing(sqlite3.connect("a.db")) as other:
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with Path("a.db").open("r+b") as damaged:
            damaged.write(b"not a store at all, but something else" * 200)
        with pytest.raises(StorageError, match=r"backup failed|damaged|malformed|not a CommitCollect"):
            backend.backup(tmp_path / "c.db", False)
    assert not (tmp_path / "c.db").exists()
    assert not list(tmp_path.glob(".*.part"))


def test_another_store_refuses(console: Console) -> None:
    """A store that is no file says what to use instead."""
    outcome = console("backup", "b.db", "--store", "memory:")
    assert outcome.code != 0
    assert "SQLite" in outcome.err
