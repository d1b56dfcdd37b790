"""The worker: takes jobs from the queue and calls the handler of their kind."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from attrs import frozen

from commitcollect_core.context import Context
from commitcollect_core.errors import CommitCollectError
from commitcollect_core.flows import flow
from commitcollect_core.jobs.jobs import (
    Defer,
    Drop,
    Job,
    JobOutcome,
    LeasedJob,
    Park,
    TryAgain,
    after_error,
    after_failure,
)
from commitcollect_core.jobs.ports import EventQueue
from commitcollect_core.training.committing import NOTHING_COMMITTED, Committed

_log = logging.getLogger(__name__)

Handler = Callable[[LeasedJob], JobOutcome]
"""A use case that does a job. It may be called again for the same job, after a crash at any place."""


class JobEnd(StrEnum):
    """What became of a job."""

    DONE = "done"
    GOES_ON = "goes_on"
    DEFERRED = "deferred"
    TO_BE_TRIED_AGAIN = "to_be_tried_again"
    PARKED = "parked"
    LEASE_LOST = "lease_lost"


@frozen(kw_only=True)
class WorkedJob:
    """A job and how it ended.

    Attributes:
        outcome: what its handler came to, also where the lease was lost afterwards; None if it failed.
        reason: why it failed; empty if it did not.
    """

    job: Job
    end: JobEnd
    outcome: JobOutcome | None = None
    reason: str = ""


@frozen(kw_only=True)
class WorkReport:
    """What one round came to, job by job."""

    worked: tuple[WorkedJob, ...] = ()

    @property
    def jobs(self) -> int:
        """How many jobs were taken."""
        return len(self.worked)

    @property
    def ends(self) -> Counter[JobEnd]:
        """How many jobs ended how."""
        return Counter(each.end for each in self.worked)

    @property
    def results(self) -> Counter[str]:
        """How often handlers came to each result."""
        return Counter(each.outcome.result for each in self.worked if each.outcome and each.outcome.result)

    @property
    def committed(self) -> Committed:
        """Everything the handlers wrote to ledgers."""
        outcomes = (each.outcome for each in self.worked if each.outcome)
        return sum((each.committed for each in outcomes), NOTHING_COMMITTED)


@frozen(kw_only=True, eq=False)
class Worker:
    """Takes jobs from the queue and does them, each alone. Any number of workers may run at once.

    Attributes:
        handlers: by kind of job.
        held: tells which kinds of jobs cannot be done now, and until when.
    """

    queue: EventQueue
    handlers: Mapping[str, Handler]
    context: Context
    held: Callable[[], Mapping[str, datetime]] = dict

    def run_once(self, *, limit: int = 1) -> WorkReport:
        """Take up to `limit` jobs that are due and do them in turn; a failing one stops no other.

        Raises:
            StorageError: the queue itself failed; the report is lost, what was committed stays.
        """
        seconds = self.context.policy.jobs.job_lease_seconds
        # Before leasing: with the app's calls used up, thousands of jobs would be taken only to be put off.
        held = self.held()
        return self.work(self.queue.lease(now=self.context.now(), seconds=seconds, limit=limit, held=held))

    def work(self, taken: Sequence[LeasedJob]) -> WorkReport:
        """Do jobs that are leased already, in turn; otherwise as `run_once`."""
        return WorkReport(worked=tuple(map(self._in_flow, taken)))

    def _in_flow(self, leased: LeasedJob) -> WorkedJob:
        """Do a job in the flow it was put in, so that what it puts and logs belongs to it."""
        with flow(leased.job.correlation_id):
            return self._work(leased)

    def _work(self, leased: LeasedJob) -> WorkedJob:
        job = leased.job
        # Before the handler runs: a job that kills its workers never returns from it, so only the leases
        # that ran out tell of it, and it would kill one worker after the other.
        if leased.attempts >= self.context.policy.jobs.job_attempts_max:
            return self._park(leased, "every worker that took it ended before it was done")
        handler = self.handlers.get(job.kind)
        if handler is None:
            # Parked and not tried again: no later attempt of this program knows the kind. An operator who has
            # upgraded every worker retries it.
            return self._park(leased, f"this program knows no job of kind {job.kind!r}; upgrade, then retry")
        try:
            outcome = handler(leased)
        except CommitCollectError as failed:
            decision = after_error(leased, failed, now=self.context.now(), policy=self.context.policy)
            return self._settle(leased, decision, f"{failed.code}: {failed.message}")
        except Exception as unforeseen:  # noqa: BLE001 - one job must not end the worker, whatever is wrong with it
            _log.exception("job %s failed", job.key)
            again = after_failure(leased, now=self.context.now(), policy=self.context.policy)
            # Without the message, which may hold a secret the handler worked with; the log has the trace.
            return self._settle(leased, again, f"unforeseen: {type(unforeseen).__name__}")
        # Completed only after the effect: a worker that dies in between leaves the job to its lease, and what
        # is done twice changes nothing (law 6).
        end = self._go_on(leased) if outcome.has_more else self._complete(leased)
        return WorkedJob(job=job, end=end, outcome=outcome)

    def _settle(self, leased: LeasedJob, decision: Defer | TryAgain | Park | Drop, reason: str) -> WorkedJob:
        """Do with a job that failed as was decided."""
        match decision:
            case Defer(at):
                return self._give_back(leased, self._spread(leased.job, at), JobEnd.DEFERRED, reason)
            case TryAgain(at):
                return self._give_back(leased, at, JobEnd.TO_BE_TRIED_AGAIN, reason)
            case Park():
                return self._park(leased, reason)
            case Drop():
                return WorkedJob(job=leased.job, end=self._complete(leased), reason=reason)
            case _:
                assert_never(decision)

    def _spread(self, job: Job, at: datetime) -> datetime:
        """When a job is due that is put off until `at`, as many others are."""
        # The one job that stands for all others of a group goes first: it alone shows all that has changed,
        # and the calls of a window may not last for more.
        if not job.is_one_of_many:
            return at
        wait_seconds = max(1, int((at - self.context.now()).total_seconds()))
        longest = min(wait_seconds, self.context.policy.jobs.job_spread_seconds_max)
        return at + timedelta(seconds=self.context.backoff.jitter_seconds(longest))

    def _complete(self, leased: LeasedJob) -> JobEnd:
        return JobEnd.DONE if self.queue.complete(leased) else JobEnd.LEASE_LOST

    def _go_on(self, leased: LeasedJob) -> JobEnd:
        # Put anew and not given back: a step that succeeded takes no try from those to come. Put first, then
        # completed: a crash in between leaves two jobs of one key, which become one, and never none.
        self.queue.put(leased.job, visible_at=self.context.now())
        return JobEnd.GOES_ON if self.queue.complete(leased) else JobEnd.LEASE_LOST

    def _give_back(self, leased: LeasedJob, at: datetime, end: JobEnd, reason: str) -> WorkedJob:
        is_attempt = end is JobEnd.TO_BE_TRIED_AGAIN
        is_ours = self.queue.give_back(leased, visible_at=at, is_attempt=is_attempt, reason=reason)
        return WorkedJob(job=leased.job, end=end if is_ours else JobEnd.LEASE_LOST, reason=reason)

    def _park(self, leased: LeasedJob, reason: str) -> WorkedJob:
        is_ours = self.queue.park(leased, reason=reason, now=self.context.now())
        return WorkedJob(job=leased.job, end=JobEnd.PARKED if is_ours else JobEnd.LEASE_LOST, reason=reason)
