"""Taking over an athlete's history from Strava, a page at a time."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from attrs import evolve, frozen

from commitcollect_core.context import Context
from commitcollect_core.errors import Conflict, CorruptItem, LimitExceeded, NotFound, VersionConflict
from commitcollect_core.jobs.jobs import Job, JobOutcome, LeasedJob, ParkedJob
from commitcollect_core.jobs.ports import EventQueue
from commitcollect_core.strava.access import StravaAccess
from commitcollect_core.strava.backfills import Backfill, BackfillCommit, BackfillPhase, StagedPage
from commitcollect_core.strava.connections import AthleteOwner, StravaConnection
from commitcollect_core.strava.jobs import activity_job, athlete_of, backfill_job
from commitcollect_core.strava.listing import next_page
from commitcollect_core.strava.ports import BackfillStore, ConnectionStore
from commitcollect_core.strava.remarks import warn_of
from commitcollect_core.training.committing import NOTHING_COMMITTED, Committed
from commitcollect_core.training.ingestion import Ingestion
from commitcollect_core.training.workouts import Answer
from commitcollect_core.values import ActivityId, UserId, WorkoutKey


@frozen(kw_only=True)
class BackfillStep:
    """One step of a backfill: how far it has come now, and what the step wrote."""

    backfill: Backfill
    committed: Committed = NOTHING_COMMITTED


@frozen(kw_only=True)
class GivenUp:
    """The workers have set the job of a backfill aside."""

    job: ParkedJob


@frozen(kw_only=True, eq=False)
class Backfilling:
    """Lists the history, newest first, and commits it from the oldest on. Every step may be repeated."""

    ingestion: Ingestion
    access: StravaAccess
    connections: ConnectionStore
    backfills: BackfillStore
    queue: EventQueue
    context: Context

    def start(self, user_id: UserId, *, after: datetime | None = None) -> Backfill:
        """Begin a backfill, or find the one that is under way.

        Args:
            user_id: the athlete's account.
            after: leave out activities that start before; None for the whole history.

        Raises:
            NotFound: the user is not connected.
            Conflict: one with another bound is under way.
        """
        connection = self.access.connection(user_id)
        running = self.backfills.read(user_id)
        if running is None or running.phase is BackfillPhase.DONE or not running.belongs_to(connection):
            return self.begin_anew(connection, after=after)
        if running.after != after:
            bound = "the whole history" if running.after is None else f"all from {running.after:%Y-%m-%d} on"
            raise Conflict(
                f"a backfill of {bound} is under way; let it end first, or go on with it",
                code="backfill_running",
            )
        return running

    def hand_over(self, user_id: UserId, *, after: datetime | None = None) -> Backfill:
        """Leave a backfill to the workers; arguments and errors as in `start`.

        Raises:
            NotFound: the athlete is not connected.
        """
        job = self._job(user_id)
        backfill = self.start(user_id, after=after)
        # One that was set aside is tried again: a second of its key would wait beside it.
        if not self.queue.unpark(job.key, now=self.context.now()):
            self.queue.put(job, visible_at=self.context.now())
        return backfill

    def look(self, user_id: UserId, *, is_still: bool = False) -> Backfill | GivenUp:
        """How far the workers have come with a backfill, or that they have given it up.

        Args:
            user_id: the athlete's account.
            is_still: nothing has moved for a while. Only then is the queue asked for jobs set aside, which
                takes several calls of a remote one.

        Raises:
            NotFound: the athlete is not connected any more, or no backfill was begun.
            NeedsReconnect, ScopeMissing: the athlete has to connect again first.
        """
        backfill = self._begun(user_id)
        if backfill.phase is BackfillPhase.DONE:
            return backfill
        self.access.check_works(user_id)
        job = self._job(user_id)
        listed = self.context.policy.jobs.jobs_parked_listed_max
        for parked in self.queue.parked(limit=listed, group=job.group) if is_still else ():
            if parked.job.key == job.key:
                return GivenUp(job=parked)
        return backfill

    def _job(self, user_id: UserId) -> Job:
        return backfill_job(self.access.connection(user_id).athlete_id, now=self.context.now())

    def _begun(self, user_id: UserId) -> Backfill:
        backfill = self.backfills.read(user_id)
        if backfill is None:
            raise NotFound(f"no backfill of {user_id!r} was begun", code="backfill_not_found")
        return backfill

    def go_on(self, leased: LeasedJob) -> JobOutcome:
        """Do one step of the backfill of a job's athlete.

        Begins one unless this connection has one, under way or done.

        Raises:
            NotFound: the athlete is not connected, or not yet.
            CommitCollectError: as in `step`.
        """
        athlete_id = athlete_of(leased.job)
        owner = self.connections.owner(athlete_id)
        if owner is None:
            raise NotFound(f"Strava's athlete {athlete_id} is not connected", code="strava_not_connected")
        backfill = self.backfills.read(owner.user_id)
        # One of an earlier connection may be of another athlete; that it is done says nothing about this one.
        if backfill is None or not backfill.belongs_to(owner):
            self.begin_anew(owner)
        step = self.step(owner.user_id)
        return JobOutcome(committed=step.committed, has_more=step.backfill.phase is not BackfillPhase.DONE)

    def begin_anew(
        self, connection: AthleteOwner | StravaConnection, *, after: datetime | None = None
    ) -> Backfill:
        """Begin a backfill in the place of any other.

        Raises:
            VersionConflict: another process has just begun one.
            ConnectionChanged: the connection has ended.
        """
        # Erased first: what another backfill staged with another bound is not kept.
        self.backfills.erase(connection.user_id)
        now = self.context.now()
        backfill = Backfill(
            user_id=connection.user_id,
            athlete_id=connection.athlete_id,
            connection_generation=connection.generation,
            generation=self.context.ids.generation(),
            after=after,
            started_at=now,
            updated_at=now,
        )
        self.backfills.commit(BackfillCommit(backfill=backfill))
        return backfill

    def step(self, user_id: UserId) -> BackfillStep:
        """List one page, or commit one. Does nothing once it is done.

        Raises:
            NotFound: no backfill was begun.
            ConnectionChanged: it belongs to a connection that has ended; begin another one.
            LimitExceeded: the history has more pages than the policy allows.
            CommitCollectError: as in `StravaAccess.activities` and `Ingestion.ingest`; step again later.
        """
        backfill = self._begun(user_id)
        match backfill.phase:
            case BackfillPhase.LISTING:
                return BackfillStep(backfill=self._list(backfill))
            case BackfillPhase.COMMITTING:
                return self._commit(backfill)
            case BackfillPhase.DONE:
                return BackfillStep(backfill=backfill)
            case _:
                assert_never(backfill.phase)

    def _list(self, backfill: Backfill) -> Backfill:
        if backfill.pages_listed >= self.context.policy.strava.backfill_pages_max:
            raise LimitExceeded(
                f"this history has more than {self.context.policy.strava.backfill_pages_max:,} pages; "
                "take over a part of it with a later start"
            )
        # Taken before Strava is asked: what another process writes while the answer is on its way is newer.
        asked_at = self.context.now()
        user_id, generation = backfill.user_id, backfill.connection_generation
        athlete_id = self.access.connection(user_id, generation).athlete_id
        listed = next_page(
            lambda number: self.access.activities(
                user_id, after=backfill.after, before=backfill.before, page=number, generation=generation
            ),
            before=backfill.before,
            passed=self._passed(backfill),
            now=asked_at,
            policy=self.context.policy,
        )
        for activity in listed.activities:
            warn_of(activity.snapshot.activity_id, activity.set_aside)
        snapshots = tuple(each.snapshot for each in listed.activities if each.athlete_id == athlete_id)
        following = backfill.listed(
            calls=listed.calls,
            staged=len(snapshots),
            rejections=listed.rejected,
            hidden=listed.hidden,
            oldest_start_at=listed.oldest_start_at,
            is_last=listed.is_last,
            now=listed.asked_at,
        )
        page = StagedPage(
            number=following.pages_staged,
            listed_at=listed.asked_at,
            snapshots=snapshots,
            athlete_id=athlete_id,
            generation=backfill.generation,
        )
        self.backfills.commit(BackfillCommit(backfill=following, page=page if snapshots else None))
        return following

    def _passed(self, backfill: Backfill) -> frozenset[ActivityId]:
        """The staged activities with which the next page overlaps."""
        passed: set[ActivityId] = set()
        numbers = range(backfill.pages_staged, 0, -1)
        pages = (self._page(backfill, number) for number in numbers)
        for page in filter(None, pages):
            passed.update(each.activity_id for each in page.snapshots)
            # Only a page full of activities of the cursor's second may have another of that second before it.
            if backfill.before is None or any(each.started_at >= backfill.before for each in page.snapshots):
                break
        return frozenset(passed)

    def _page(self, backfill: Backfill, number: int) -> StagedPage | None:
        """A page this backfill has staged, and none of another one that had the same number."""
        page = self.backfills.read_page(backfill.user_id, number)
        return page if page is not None and page.generation == backfill.generation else None

    def _commit(self, backfill: Backfill) -> BackfillStep:
        user_id, number = backfill.user_id, backfill.pages_staged
        page = self._page(backfill, number)
        if page is None and self.backfills.read(user_id) != backfill:
            raise VersionConflict("another process goes on with this backfill, or has begun another one")
        if page is None:
            raise CorruptItem(
                f"page {number} of the backfill of {user_id!r} is lost; begin the backfill again"
            )
        answers = [
            Answer(found=evolve(each, shown_to=page.athlete_id), asked_at=page.listed_at)
            for each in reversed(page.snapshots)
        ]
        generation = backfill.connection_generation
        result = self.ingestion.ingest_listed(
            user_id,
            answers,
            ask=lambda key: self.access.found(self.access.connection(user_id, generation), key),
            generation=generation,
        )
        # In this order: a crash after any line repeats the step, and the page is dropped only once its
        # workouts are stored and every activity in doubt has a job of its own.
        self.ask_again(user_id, result.in_doubt)
        for key, value in result.set_aside:
            warn_of(key.activity_id, (value,))
        following = backfill.committed(
            workouts_changed=len(result.changes),
            rejections=[f"activity {key.activity_id}: {why}" for key, why in result.rejected],
            now=self.context.now(),
        )
        self.backfills.commit(BackfillCommit(backfill=following, done_page=number))
        return BackfillStep(backfill=following, committed=result.committed)

    def ask_again(self, user_id: UserId, in_doubt: tuple[WorkoutKey, ...]) -> None:
        """Have activities looked at one by one that a list was too old for."""
        if not in_doubt:
            return
        athlete_id = self.access.connection(user_id).athlete_id
        now = self.context.now()
        for key in in_doubt:
            self.queue.put(activity_job(athlete_id, key.activity_id, now=now), visible_at=now)
