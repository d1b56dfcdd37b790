"""The queue contract on every adapter that keeps a queue."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path

import pytest
from hypothesis import settings

from commitcollect_adapters.aws.calls import Address
from commitcollect_adapters.aws.sqs.provisioning import create_queues
from commitcollect_adapters.aws.sqs.queue import SqsQueue
from commitcollect_adapters.aws.sqs.queues import Queues
from commitcollect_adapters.memory.jobs import MemoryQueue
from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.jobs import SqliteQueue
from commitcollect_adapters.system import ManualClock
from commitcollect_adapters.testing.contracts import EventQueueContract, queues
from commitcollect_adapters.testing.contracts.checks import property_test
from commitcollect_adapters.testing.samples import NOW
from commitcollect_core.jobs.jobs import Job
from commitcollect_core.jobs.ports import EventQueue
from contracts.openings import broken_database
from thoroughness import LEVEL


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

    @contextmanager
    def open_broken_queue(self, *, at: int) -> Iterator[EventQueue]:
        """The same file, whose statements fail."""
        with broken_database(self._path, at=at) as database:
            yield SqliteQueue(database)

    def spoil(self, job: Job, *, is_parked: bool) -> None:
        """The row as a newer program might write it."""
        table = "parkedJob" if is_parked else "job"
        with closing(Database(self._path)) as database, database.transaction() as connection:
            connection.execute(f"UPDATE {table} SET events = '{{}}x' WHERE jobKey = ?", (job.key,))  # noqa: S608 - own names


@pytest.fixture(scope="module")
def sqs_queues(ministack: str) -> Queues:
    """Queues for all tests of SQS; making a client takes longer than a test."""
    queues = Queues(Address(name="contract", endpoint=ministack))
    create_queues(queues)
    return queues


class TestSqsQueue(EventQueueContract):
    is_exact = False

    @pytest.fixture(autouse=True)
    def _engine(self, sqs_queues: Queues, monkeypatch: pytest.MonkeyPatch) -> None:
        # Its property is a function inside the test, so `few_examples` does not see it.
        few = settings(property_test, max_examples=LEVEL.examples_on_ministack)
        monkeypatch.setattr(queues, "property_test", few)
        self._queues = sqs_queues

    def open_queue(self) -> AbstractContextManager[EventQueue]:
        """The queues of the module, emptied."""
        for queue in (self._queues.waiting, self._queues.parked):
            queue.call("purge_queue")
        return nullcontext(SqsQueue(self._queues, ManualClock(NOW)))

    def spoil(self, job: Job, *, is_parked: bool) -> None:
        """Another message in its place."""
        queue = self._queues.parked if is_parked else self._queues.waiting
        received = queue.receive(limit=10, seconds=30)
        queue.delete([each.handle for each in received if json.loads(each.body)["jobKey"] == job.key])
        queue.release([each.handle for each in received if json.loads(each.body)["jobKey"] != job.key])
        queue.send(json.dumps({"kind": "newer/program"}))
