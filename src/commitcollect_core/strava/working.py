"""Working through the queue: each job alone, so that a failing one stops no other."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from attrs import field, frozen

from commitcollect_core.context import Context
from commitcollect_core.errors import (
    AccountDeleting,
    CommitCollectError,
    ConnectionBusy,
    NeedsReconnect,
    NotFound,
    ScopeMissing,
    StravaAppInactive,
    StravaRateLimited,
)
from commitcollect_core.jobs.jobs import JobKind, LeasedJob, Park, TryAgain, after_failure
from commitcollect_core.jobs.ports import EventQueue
from commitcollect_core.strava.backfilling import Backfilling
from commitcollect_core.strava.backfills import BackfillPhase
from commitcollect_core.strava.ports import ConnectionStore
from commitcollect_core.strava.refreshing import Refreshing, SyncOutcome
from commitcollect_core.values import UserId

_log = logging.getLogger(__name__)


class JobEnd(StrEnum):
    """What became of a job."""

    DONE = "done"
    GOES_ON = "goes_on"
    DEFERRED = "deferred"
    TO_BE_TRIED_AGAIN = "to_be_tried_again"
    PARKED = "parked"
    LEASE_LOST = "lease_lost"


@frozen(kw_only=True)
class WorkReport:
    """What one round came to: how many jobs ended how, and what the looks found."""

    ends: Counter[JobEnd] = field(factory=Counter)
    outcomes: Counter[SyncOutcome] = field(factory=Counter)

    @property
    def jobs(self) -> int:
        """How many jobs were taken."""
        return self.ends.total()


@frozen(kw_only=True, eq=False)
class Working:
    """Takes jobs from the queue and does them. Any number of workers may run at once."""

    queue: EventQueue
    connections: ConnectionStore
    refreshing: Refreshing
    backfilling: Backfilling
    context: Context

    def run_once(self, *, limit: int = 1) -> WorkReport:
        """Take up to `limit` jobs that are due and do them in turn; their errors stay theirs.

        Raises:
            StorageError: the queue itself failed.
        """
        report = WorkReport()
        seconds = self.context.policy.jobs.job_lease_seconds
        for leased in self.queue.lease(now=self.context.now(), seconds=seconds, limit=limit):
            report.ends[self._work(leased, report.outcomes)] += 1
        return report

    def _work(self, leased: LeasedJob, outcomes: Counter[SyncOutcome]) -> JobEnd:
        if leased.attempts >= self.context.policy.jobs.job_attempts_max:
            return self._park(leased, "every worker that took it ended before it was done")
        try:
            return self._do(leased, outcomes)
        except (StravaRateLimited, ConnectionBusy) as later:
            return self._defer(leased, later.retry_at)
        except StravaAppInactive as inactive:
            _log.error("Strava has switched off the app; no calls for a while: %s", inactive.message)
            return self._defer(leased, None)
        except (AccountDeleting, NeedsReconnect, ScopeMissing, NotFound) as useless:
            # Nothing will come of it as things are; connecting again brings the whole history in.
            _log.info("dropping job %s: %s", leased.job.key, useless.code)
            return self._complete(leased)
        except CommitCollectError as failed:
            return self._failed(leased, f"{failed.code}: {failed.message}")
        except Exception as unforeseen:  # noqa: BLE001 - one job must not end the worker, whatever is wrong with it
            _log.exception("job %s failed", leased.job.key)
            return self._failed(leased, f"unforeseen: {type(unforeseen).__name__}")

    def _do(self, leased: LeasedJob, outcomes: Counter[SyncOutcome]) -> JobEnd:
        job = leased.job
        match job.kind:
            case JobKind.ACTIVITY:
                outcomes[self.refreshing.activity(job)] += 1
            case JobKind.AUTHORIZATION:
                outcomes[self.refreshing.authorization(job)] += 1
            case JobKind.BACKFILL:
                owner = self.connections.owner(job.athlete_id)
                if owner is None and not leased.attempts:
                    return self._failed(leased, "not connected, or not yet")
                if owner is not None and not self._is_backfilled(owner.user_id):
                    return self._go_on(leased)
            case _:
                assert_never(job.kind)
        return self._complete(leased)

    def _is_backfilled(self, user_id: UserId) -> bool:
        """Do one step of a backfill, begun here if nobody has; whether nothing is left of it."""
        self.backfilling.ensure(user_id)
        return self.backfilling.step(user_id).phase is BackfillPhase.DONE

    def _complete(self, leased: LeasedJob) -> JobEnd:
        return JobEnd.DONE if self.queue.complete(leased) else JobEnd.LEASE_LOST

    def _go_on(self, leased: LeasedJob) -> JobEnd:
        """Put the job anew, as a step that succeeded takes no try from those to come."""
        self.queue.put(leased.job, visible_at=self.context.now())
        return JobEnd.GOES_ON if self.queue.complete(leased) else JobEnd.LEASE_LOST

    def _defer(self, leased: LeasedJob, until: datetime | None) -> JobEnd:
        """Put a job off that failed for no fault of its own."""
        pause = timedelta(seconds=self.context.policy.strava.app_inactive_pause_seconds)
        visible_at = until or self.context.now() + pause
        is_ours = self.queue.give_back(leased, visible_at=visible_at, is_attempt=False)
        return JobEnd.DEFERRED if is_ours else JobEnd.LEASE_LOST

    def _failed(self, leased: LeasedJob, reason: str) -> JobEnd:
        decision = after_failure(leased, now=self.context.now(), policy=self.context.policy)
        match decision:
            case TryAgain(at):
                is_ours = self.queue.give_back(leased, visible_at=at, is_attempt=True)
                return JobEnd.TO_BE_TRIED_AGAIN if is_ours else JobEnd.LEASE_LOST
            case Park():
                return self._park(leased, reason)
            case _:
                assert_never(decision)

    def _park(self, leased: LeasedJob, reason: str) -> JobEnd:
        _log.warning("parking job %s: %s", leased.job.key, reason)
        is_ours = self.queue.park(leased, reason=reason, now=self.context.now())
        return JobEnd.PARKED if is_ours else JobEnd.LEASE_LOST
