"""Memory is the model, SQLite the queue under test: both hand out the same jobs at the same times."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from attrs import evolve
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from commitcollect_adapters.memory.jobs import MemoryQueue
from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.jobs import SqliteQueue
from commitcollect_adapters.testing.samples import NOW
from commitcollect_core.jobs.jobs import ComingJob, Job, JobEvent, LeasedJob
from commitcollect_core.jobs.ports import EventQueue
from commitcollect_core.policy import JobsPolicy, Policy
from commitcollect_core.strava.jobs import activity_job, backfill_job
from commitcollect_core.values import ActivityId, AthleteId
from thoroughness import LEVEL

POLICY = Policy(jobs=JobsPolicy(job_events_max=3))
ATHLETE = AthleteId("7")
JOBS = (
    activity_job(ATHLETE, ActivityId("1"), now=NOW),
    activity_job(ATHLETE, ActivityId("11"), now=NOW),
    backfill_job(ATHLETE, now=NOW),
)
"""Few, so that they meet."""

jobs = st.sampled_from(JOBS)
EVENTS = tuple(JobEvent(key, NOW + timedelta(seconds=place)) for place, key in enumerate("abcdef"))
events = st.lists(st.sampled_from(EVENTS), unique=True, max_size=2).map(tuple)
seconds = st.integers(-5, 10)

Pair = tuple[LeasedJob, LeasedJob]
"""A job as the model and as the queue under test handed it out."""


class TwoQueues(RuleBasedStateMachine):
    """Two queues that are told the same."""

    taken = Bundle("taken")

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self._now = NOW
        self._model = MemoryQueue(POLICY)
        self._open()

    def _open(self) -> None:
        self._database = Database(Path(self._folder.name) / "queue.sqlite")
        self._tested = SqliteQueue(self._database, POLICY)

    def _at(self, offset: int) -> datetime:
        return self._now + timedelta(seconds=offset)

    def _both(self, act: Callable[[EventQueue], object]) -> None:
        assert act(self._tested) == act(self._model)

    @rule(job=jobs, behind=events, due_in=seconds, came=seconds)
    def put(self, job: Job, behind: tuple[JobEvent, ...], due_in: int, came: int) -> None:
        """Put a job that may be there already."""
        put = evolve(job, events=behind, enqueued_at=self._at(came))
        self._both(lambda queue: queue.put(put, visible_at=self._at(due_in)))

    @rule(some=st.lists(st.tuples(jobs, events, seconds), max_size=4), due_in=seconds)
    def put_all(self, some: list[tuple[Job, tuple[JobEvent, ...], int]], due_in: int) -> None:
        """Put jobs together, some perhaps of one key."""
        coming = [
            ComingJob(job=evolve(job, events=behind, enqueued_at=self._at(came)), visible_at=self._at(due_in))
            for job, behind, came in some
        ]
        self._both(lambda queue: list(queue.put_all(coming)))

    @rule(target=taken, limit=st.integers(1, 3), lasting=st.integers(0, 6))
    def lease(self, limit: int, lasting: int) -> object:
        """Take some jobs for a while."""
        model, tested = (
            queue.lease(now=self._now, seconds=lasting, limit=limit) for queue in (self._model, self._tested)
        )
        assert [evolve(each, token="") for each in tested] == [evolve(each, token="") for each in model]
        return multiple(*zip(model, tested, strict=True))

    def _end(self, pair: Pair, act: Callable[[EventQueue, LeasedJob], bool]) -> None:
        model, tested = pair
        assert act(self._tested, tested) == act(self._model, model)

    @rule(pair=taken)
    def complete(self, pair: Pair) -> None:
        """Be done with a job, perhaps too late or twice."""
        self._end(pair, lambda queue, leased: queue.complete(leased))

    @rule(pair=taken, due_in=seconds, is_attempt=st.booleans())
    def give_back(self, pair: Pair, due_in: int, *, is_attempt: bool) -> None:
        """Let a job wait again, perhaps too late or twice."""
        visible_at = self._at(due_in)
        self._end(
            pair,
            lambda queue, leased: queue.give_back(leased, visible_at=visible_at, is_attempt=is_attempt),
        )

    @rule(pair=taken, reason=st.sampled_from(["bad luck", ""]))
    def park(self, pair: Pair, reason: str) -> None:
        """Set a job aside, perhaps too late or twice."""
        self._end(pair, lambda queue, leased: queue.park(leased, reason=reason, now=self._now))

    @rule(job=jobs)
    def unpark(self, job: Job) -> None:
        """Let a job wait that may be parked."""
        self._both(lambda queue: queue.unpark(job.key, now=self._now))

    @rule(job=jobs)
    def drop(self, job: Job) -> None:
        """Forget a job that may be parked."""
        self._both(lambda queue: queue.drop(job.key))

    @rule(passed=st.integers(1, 10))
    def time_passes(self, passed: int) -> None:
        """Jobs become due, leases run out."""
        self._now = self._at(passed)

    @rule()
    def reopen(self) -> None:
        """Close the file and open it again."""
        self._database.close()
        self._open()

    @invariant()
    def both_hold_the_same(self) -> None:
        """Counts and what is parked are equal all the time; what waits shows when it is taken."""
        self._both(lambda queue: queue.counts(now=self._now))
        for limit in (1, len(JOBS)):
            self._both(lambda queue, limit=limit: list(queue.parked(limit=limit)))  # type: ignore[misc]  # mypy infers no type for a lambda with a default

    def teardown(self) -> None:
        """In the end all that is left is handed out alike."""
        self._now = self._at(3_600)
        self.lease(limit=len(JOBS), lasting=60)
        self._database.close()
        self._folder.cleanup()


TestTwoQueues = TwoQueues.TestCase
TestTwoQueues.settings = settings(max_examples=LEVEL.machine_runs)
