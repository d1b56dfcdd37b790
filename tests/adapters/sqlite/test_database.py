"""Connections to the SQLite file."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from commitcollect_adapters.sqlite import Database, SqliteLedger
from commitcollect_core.errors import StorageError
from commitcollect_core.values import UserId

OPENERS = 6
_OPEN = "import sys; from commitcollect_adapters.sqlite import Database; Database(sys.argv[1]).close()"


@pytest.mark.slow
@pytest.mark.parametrize("attempt", range(4))
def test_many_processes_may_open_a_new_store_at_once(tmp_path: Path, attempt: int) -> None:
    """Whoever comes first lays out the tables; the others wait for it instead of failing."""
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
