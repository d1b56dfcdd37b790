"""Looking at Strava because something there may have changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum

from attrs import evolve, frozen

from commitcollect_core.context import Context
from commitcollect_core.errors import NotFound
from commitcollect_core.jobs.idempotency import IdempotencyStatus, completed_event
from commitcollect_core.jobs.jobs import Job, activity_job
from commitcollect_core.jobs.ports import EventQueue, IdempotencyStore
from commitcollect_core.strava.access import StravaAccess
from commitcollect_core.strava.backfills import BackfillPhase
from commitcollect_core.strava.connections import ConnectionStatus
from commitcollect_core.strava.linking import Linking
from commitcollect_core.strava.ports import BackfillStore, ConnectionStore
from commitcollect_core.strava.rate_keeping import RateKeeping
from commitcollect_core.strava.rates import Purpose, athlete_scope
from commitcollect_core.strava.remarks import warn_of
from commitcollect_core.strava.webhooks import is_over_at
from commitcollect_core.training.committing import Committed
from commitcollect_core.training.ingestion import Ingestion
from commitcollect_core.training.workouts import ActivityGone, Found, SetAside
from commitcollect_core.values import ActivityId, AthleteId, Source, UserId, WorkoutKey


class SyncOutcome(StrEnum):
    """What came of a look."""

    CHANGED = "changed"
    UNCHANGED = "unchanged"
    NOT_CONNECTED = "not_connected"
    DONE_BEFORE = "done_before"
    DISCONNECTED = "disconnected"


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

    def activity(self, job: Job) -> SyncOutcome:
        """Look at the activity of a job, and take in what Strava says now.

        Raises:
            CommitCollectError: as in `StravaAccess.activity` and `Ingestion.refresh`; nothing was marked.
        """
        activity_id = job.activity_id
        if activity_id is None:
            raise NotFound(f"the job {job.key!r} names no activity")

        def look(user_id: UserId) -> SyncOutcome:
            if self.look(user_id, job.athlete_id, activity_id).workouts_changed:
                return SyncOutcome.CHANGED
            self._look_again_behind_backfill(user_id, job.athlete_id, activity_id)
            return SyncOutcome.UNCHANGED

        return self._once(job, look)

    def authorization(self, job: Job) -> SyncOutcome:
        """See whether the athlete still lets the app in; if not, disconnect as if it had been done here.

        Raises:
            CommitCollectError: as in `StravaAccess.is_authorized`; nothing was marked.
        """

        def look(user_id: UserId) -> SyncOutcome:
            if self.access.is_authorized(user_id):
                return SyncOutcome.UNCHANGED
            refused = self.connections.read(user_id)
            # Whoever has connected again since that was found out is connected.
            if refused is None or refused.status is ConnectionStatus.ACTIVE:
                return SyncOutcome.UNCHANGED
            self.linking.forget(user_id)
            return SyncOutcome.DISCONNECTED

        return self._once(job, look)

    def look(
        self,
        user_id: UserId,
        athlete_id: AthleteId,
        activity_id: ActivityId,
        *,
        purpose: Purpose = Purpose.LIVE,
    ) -> Committed:
        """Take in how one activity looks now; errors as in `activity`."""
        key = WorkoutKey(Source.STRAVA, activity_id)
        unread: tuple[SetAside, ...] = ()

        def ask() -> Found | None:
            nonlocal unread
            activity = self.access.activity(user_id, activity_id, purpose=purpose)
            unread = () if activity is None else activity.set_aside
            if activity is None:
                return ActivityGone(key=key)
            # Somebody else's activity, named in a forged event: it says nothing about this athlete.
            return activity.snapshot if activity.athlete_id == athlete_id else None

        result = self.ingestion.refresh(user_id, key, ask)
        result = evolve(result, set_aside=(*unread, *result.set_aside))
        warn_of(activity_id, result.set_aside)
        return result

    def _look_again_behind_backfill(
        self, user_id: UserId, athlete_id: AthleteId, activity_id: ActivityId
    ) -> None:
        """Look once more when a backfill under way has ended, or at least later.

        A look that finds nothing new leaves no trace in the ledger, so a page that was listed before it would
        go over what it has seen.
        """
        backfill = self.backfills.read(user_id)
        if backfill is not None and backfill.phase is not BackfillPhase.DONE:
            now = self.context.now()
            at = now + timedelta(seconds=self.context.policy.strava.look_again_seconds)
            self.queue.put(activity_job(athlete_id, activity_id, now=now), visible_at=at)

    def _once(self, job: Job, look: Callable[[UserId], SyncOutcome]) -> SyncOutcome:
        """Look for the athlete's user, unless every event of the job was dealt with; then mark them."""
        owner = self.connections.owner(job.athlete_id)
        if owner is None:
            return SyncOutcome.NOT_CONNECTED
        if job.request_ids and all(map(self._is_completed, job.request_ids)):
            return SyncOutcome.DONE_BEFORE
        self.rates.reserve(athlete_scope(job.athlete_id), Purpose.LIVE)
        looked_at = self.context.now()
        outcome = look(owner.user_id)
        for request_id in job.request_ids:
            if is_over_at(request_id, looked_at):
                mark = completed_event(request_id, now=looked_at, policy=self.context.policy)
                self.idempotency.mark(mark)
        return outcome

    def _is_completed(self, request_id: str) -> bool:
        record = self.idempotency.read(request_id)
        return record is not None and record.status is IdempotencyStatus.COMPLETED
