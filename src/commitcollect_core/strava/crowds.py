"""One look at all activities of an athlete, in the place of events that are too many."""

from __future__ import annotations

from datetime import timedelta

from attrs import frozen

from commitcollect_core.context import Context
from commitcollect_core.jobs.jobs import JobOutcome, LeasedJob
from commitcollect_core.jobs.ports import EventQueue
from commitcollect_core.strava.jobs import athlete_of, reconcile_job
from commitcollect_core.strava.ports import ConnectionStore
from commitcollect_core.strava.rate_keeping import RateKeeping
from commitcollect_core.strava.rates import Purpose, athlete_scope
from commitcollect_core.strava.reconciling import Reconciling
from commitcollect_core.strava.refreshing import LookResult


@frozen(kw_only=True, eq=False)
class Crowds:
    """Does the one job that stands for all of an athlete's events beyond `JobsPolicy.group_jobs_max`."""

    reconciling: Reconciling
    connections: ConnectionStore
    queue: EventQueue
    rates: RateKeeping
    context: Context

    def look(self, leased: LeasedJob) -> JobOutcome:
        """Compare what is stored with what Strava lists, of all times.

        Raises:
            CommitCollectError: as in `Reconciling.compare`.
        """
        athlete_id = athlete_of(leased.job)
        owner = self.connections.owner(athlete_id)
        if owner is None:
            return JobOutcome(result=LookResult.NOT_CONNECTED)
        policy = self.context.policy
        self.rates.check(athlete_scope(athlete_id), Purpose.LIVE)
        now = self.context.now()
        report = self.reconciling.compare(
            owner.user_id,
            since=policy.training.workout_started_at_min,
            purpose=Purpose.CROWD,
            # Half of the calls of a window: a look that needs more would begin anew in each window.
            pages_max=max(1, policy.strava.athlete_calls_per_window // 2),
        )
        if leased.job.events:
            # Strava may not list yet what an event has told of. One look more, once a single activity that
            # is not shown is believed to be gone; it stands for no event, and so it is the last.
            self.queue.put(
                reconcile_job(athlete_id, now=now),
                visible_at=now + timedelta(seconds=sum(policy.strava.absence_retry_seconds)),
            )
        changed = LookResult.CHANGED if report.committed.workouts_changed else LookResult.UNCHANGED
        return JobOutcome(result=changed, committed=report.committed)
