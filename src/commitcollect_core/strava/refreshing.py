"""Looking at Strava because something there may have changed."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from attrs import evolve, frozen

from commitcollect_core.context import Context
from commitcollect_core.errors import ActivityNotThereYet
from commitcollect_core.jobs.idempotency import IdempotencyStatus, completed_event
from commitcollect_core.jobs.jobs import Job, JobEvent, JobOutcome, LeasedJob
from commitcollect_core.jobs.ports import EventQueue, IdempotencyStore
from commitcollect_core.strava.access import StravaAccess
from commitcollect_core.strava.backfills import BackfillPhase
from commitcollect_core.strava.jobs import activity_job, activity_of, athlete_of
from commitcollect_core.strava.linking import Linking
from commitcollect_core.strava.ports import BackfillStore, ConnectionStore
from commitcollect_core.strava.rate_keeping import RateKeeping
from commitcollect_core.strava.rates import Purpose, athlete_scope
from commitcollect_core.strava.remarks import warn_of
from commitcollect_core.training.committing import Committed
from commitcollect_core.training.ingestion import Ingestion
from commitcollect_core.training.workouts import ActivityGone, Found, SetAside
from commitcollect_core.values import ActivityId, AthleteId, Source, UserId, WorkoutKey


class LookResult(StrEnum):
    """What came of a look."""

    CHANGED = "changed"
    UNCHANGED = "unchanged"
    NOT_CONNECTED = "not_connected"
    DONE_BEFORE = "done_before"
    DISCONNECTED = "disconnected"


@frozen(kw_only=True)
class _Look:
    """A look that has begun: for whom, by the connection of which generation, and when."""

    user_id: UserId
    athlete_id: AthleteId
    generation: str
    at: datetime


@frozen(kw_only=True, eq=False)
class Refreshing:
    """Looks at one activity or one permission. What an event said is not believed, only looked into.

    The order of each look: read what is stored, ask Strava, decide, commit, and only then mark the events.
    """

    ingestion: Ingestion
    access: StravaAccess
    linking: Linking
    connections: ConnectionStore
    backfills: BackfillStore
    queue: EventQueue
    idempotency: IdempotencyStore
    rates: RateKeeping
    context: Context

    def activity(self, leased: LeasedJob) -> JobOutcome:
        """Look at the activity of a job, and take in what Strava says now.

        Raises:
            ActivityNotThereYet: Strava does not show it, which is not believed yet; nothing was marked.
            CommitCollectError: as in `StravaAccess.activity` and `Ingestion.refresh`; nothing was marked.
        """
        job = leased.job
        activity_id = activity_of(job)
        look = self._begin(job)
        if not isinstance(look, _Look):
            return JobOutcome(result=look)
        committed = self._refresh(look, activity_id, self._absence_wait(leased))
        if not committed.workouts_changed:
            self._look_again_behind_backfill(look, activity_id)
        self._mark(job, look)
        result = LookResult.CHANGED if committed.workouts_changed else LookResult.UNCHANGED
        return JobOutcome(result=result, committed=committed)

    def _absence_wait(self, leased: LeasedJob) -> timedelta | None:
        """The wait before a 404 is checked again; None if it is to be believed."""
        # After a create or update a 404 may mean "not there yet". Believed at once, it would lose a workout.
        # A delete says the same as the 404, and so it needs no second look.
        if any(each.is_deletion for each in leased.job.events):
            return None
        policy = self.context.policy
        waits = policy.strava.absence_retry_seconds
        # The last try believes it: a job with no tries left would be parked, though nothing is wrong with it.
        if leased.attempts >= policy.jobs.job_attempts_max - 1:
            return None
        if leased.attempts < len(waits):
            return timedelta(seconds=waits[leased.attempts])
        # Tries that failed otherwise, as while Strava is down, have asked nothing. So the job must also be as
        # old as all the waits together.
        age = self.context.now() - leased.job.enqueued_at
        return timedelta(seconds=waits[-1]) if age < timedelta(seconds=sum(waits)) else None

    def authorization(self, leased: LeasedJob) -> JobOutcome:
        """See whether the athlete still lets the app in; if not, disconnect as if it had been done here.

        Raises:
            CommitCollectError: as in `StravaAccess.is_authorized`; nothing was marked.
        """
        job = leased.job
        look = self._begin(job)
        if not isinstance(look, _Look):
            return JobOutcome(result=look)
        outcome = JobOutcome(result=LookResult.UNCHANGED)
        # The verdict is about one connection: an athlete who has connected again since then stays connected.
        if not self.access.is_authorized(look.user_id, look.generation):
            committed = self.linking.forget(look.user_id, look.generation)
            outcome = JobOutcome(result=LookResult.DISCONNECTED, committed=committed, user_id=look.user_id)
        self._mark(job, look)
        return outcome

    def _refresh(self, look: _Look, activity_id: ActivityId, absence_wait: timedelta | None) -> Committed:
        """Take in how one activity looks now; None as `absence_wait` believes a 404."""
        key = WorkoutKey(Source.STRAVA, activity_id)
        unread: tuple[SetAside, ...] = ()

        def ask() -> Found | None:
            nonlocal unread
            activity = self.access.activity(look.user_id, activity_id, generation=look.generation)
            unread = () if isinstance(activity, ActivityGone) else activity.set_aside
            if isinstance(activity, ActivityGone) and absence_wait is not None:
                raise ActivityNotThereYet(
                    f"Strava does not show activity {activity_id} (yet)",
                    retry_at=self.context.now() + absence_wait,
                )
            if isinstance(activity, ActivityGone):
                return activity
            # Another athlete's activity, named in a forged event, says nothing about this one.
            return activity.snapshot if activity.athlete_id == look.athlete_id else None

        result = self.ingestion.refresh(look.user_id, key, ask, generation=look.generation)
        result = evolve(result, set_aside=(*unread, *result.set_aside))
        warn_of(activity_id, result.set_aside)
        return result

    def _look_again_behind_backfill(self, look: _Look, activity_id: ActivityId) -> None:
        """Look once more when a backfill under way has ended, or at least later.

        A look that finds nothing new leaves no trace in the ledger, so a page that was listed before it would
        overwrite what it has seen.
        """
        backfill = self.backfills.read(look.user_id)
        if backfill is not None and backfill.phase is not BackfillPhase.DONE:
            now = self.context.now()
            at = now + timedelta(seconds=self.context.policy.strava.look_again_seconds)
            self.queue.put(activity_job(look.athlete_id, activity_id, now=now), visible_at=at)

    def _begin(self, job: Job) -> _Look | LookResult:
        """A look for the athlete's user, or why there is none."""
        athlete_id = athlete_of(job)
        owner = self.connections.owner(athlete_id)
        if owner is None:
            return LookResult.NOT_CONNECTED
        if job.events and all(map(self._is_completed, job.events)):
            return LookResult.DONE_BEFORE
        # Only looked at: calls are entered where they are made. A flood of forged events about one athlete
        # is put off here. After the marks, as an event that is skipped costs nothing.
        self.rates.check(athlete_scope(athlete_id), Purpose.LIVE)
        # Taken before Strava is asked: an event of a later second may tell of what the answer did not hold.
        return _Look(
            user_id=owner.user_id,
            athlete_id=athlete_id,
            generation=owner.generation,
            at=self.context.now(),
        )

    def _mark(self, job: Job, look: _Look) -> None:
        """Mark the job's events as dealt with; only after the effect is written (law 6)."""
        for event in job.events:
            if event.is_over_at(look.at):
                self.idempotency.mark(completed_event(event.key, now=look.at, policy=self.context.policy))

    def _is_completed(self, event: JobEvent) -> bool:
        record = self.idempotency.read(event.key)
        return record is not None and record.status is IdempotencyStatus.COMPLETED
