"""The queue contract on every adapter that keeps a queue."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path

import pytest

from commitcollect_adapters.memory.queue import MemoryQueue
from commitcollect_adapters.sqlite import Database
from commitcollect_adapters.sqlite.queue import SqliteQueue
from commitcollect_adapters.testing.contracts import EventQueueContract
from commitcollect_core.service_ports import EventQueue


class TestMemoryQueue(EventQueueContract):
    def open_queue(self) -> AbstractContextManager[EventQueue]:
        """A queue in memory."""
        return nullcontext(MemoryQueue())


class TestSqliteQueue(EventQueueContract):
    @pytest.fixture(autouse=True)
    def _file(self, tmp_path: Path) -> None:
        self._path = tmp_path / "queue.sqlite"

    @contextmanager
    def open_queue(self) -> Iterator[EventQueue]:
        """A queue in a file of its own."""
        with closing(Database(self._path)) as database:
            yield SqliteQueue(database)
