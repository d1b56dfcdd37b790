"""Comparing what is stored with what Strava holds, and repairing the difference."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial

from attrs import frozen

from commitcollect_core.context import Context
from commitcollect_core.errors import InvalidInput, LimitExceeded, StravaRefused
from commitcollect_core.strava.access import StravaAccess
from commitcollect_core.strava.backfilling import Backfilling
from commitcollect_core.strava.backfills import next_before
from commitcollect_core.strava.connections import StravaConnection
from commitcollect_core.strava.listing import next_page
from commitcollect_core.strava.ports import ActivityList
from commitcollect_core.strava.rates import Purpose
from commitcollect_core.training.committing import Committed
from commitcollect_core.training.history import walk_workouts
from commitcollect_core.training.ingestion import NOTHING_LISTED, Ingestion, ListedResult
from commitcollect_core.training.ports import Ledger, WorkoutQuery
from commitcollect_core.training.workouts import ActivityGone, Answer, Found, Workout
from commitcollect_core.values import ActivityId, Source, UserId, WorkoutKey


class Repair(StrEnum):
    """What was wrong with a workout."""

    MISSING = "missing"
    OUTDATED = "outdated"
    DELETED_HERE = "deleted_here"
    GONE_THERE = "gone_there"


@frozen(kw_only=True)
class ReconcileReport:
    """What a reconciliation found and repaired.

    Attributes:
        since: how far back it looked.
        listed: activities Strava listed.
        committed: what was written.
        repairs: every workout that was repaired, as it is now, and what was wrong with it.
        asked_again: activities that are looked at once more soon: another process has just changed them.
        rejected: why some activities could not be taken over.
        set_aside: values that were not believable; their activities count without them.
    """

    since: datetime
    listed: int
    committed: Committed
    repairs: tuple[tuple[Repair, Workout], ...]
    asked_again: tuple[WorkoutKey, ...]
    rejected: tuple[str, ...]
    set_aside: tuple[str, ...] = ()


@frozen(kw_only=True)
class _Listing:
    """All that Strava lists since a moment, the newest first, each activity once."""

    since: datetime
    answers: tuple[Answer, ...]
    rejected: tuple[str, ...]
    set_aside: tuple[str, ...]

    @property
    def keys(self) -> frozenset[WorkoutKey]:
        return frozenset(each.found.key for each in self.answers)


@frozen(kw_only=True, eq=False)
class Reconciling:
    """Repairs what no event brought: dropped events, silent corrections, late uploads."""

    ingestion: Ingestion
    access: StravaAccess
    backfilling: Backfilling
    ledger: Ledger
    context: Context

    def run(self, user_id: UserId, *, days: int | None = None) -> ReconcileReport:
        """Compare the last days with Strava and repair what differs.

        Looks back `StravaPolicy.reconcile_days` unless `days` says otherwise.

        What Strava does not list any more is asked for one by one before it is taken for gone. Running it
        again after a failure goes on from there, as what was repaired differs no more.

        Raises:
            LimitExceeded: more pages than the policy allows; take fewer days.
            CommitCollectError: as in `StravaAccess.activity` and `Ingestion.ingest`.
        """
        days = self.context.policy.strava.reconcile_days if days is None else days
        return self.compare(user_id, since=self.context.now() - timedelta(days=days))

    def compare(
        self,
        user_id: UserId,
        *,
        since: datetime,
        purpose: Purpose = Purpose.BACKFILL,
        pages_max: int | None = None,
    ) -> ReconcileReport:
        """Compare what has started since a moment; errors and repetition as in `run`.

        Args:
            user_id: the account.
            since: how far back to look.
            purpose: whose share of the calls to use.
            pages_max: look at the newest pages only, at most so many, instead of refusing a longer list.
        """
        connection = self.access.connection(user_id)
        # Stored before listed: what is taken in while Strava lists is then no candidate for being gone.
        stored = self._stored_live(connection, since)
        listing = self._listed(connection, since, purpose, pages_max)
        since = listing.since
        unlisted = [key for key, started_at in stored if key not in listing.keys and started_at >= since]
        # What is gone comes before what was found: a ride that comes back under another id is deleted and
        # made in the same pass, and must not count twice in between (law 1).
        gone, moved, unreadable = self._ask(connection, unlisted, purpose)
        found = (*moved, *reversed(listing.answers))
        result = gone + self.ingestion.ingest_listed(
            user_id,
            found,
            ask=partial(self.access.found, connection),
            generation=connection.generation,
        )
        self.backfilling.ask_again(user_id, result.in_doubt)
        rejected = (f"activity {key.activity_id}: {why}" for key, why in result.rejected)
        set_aside = (f"activity {key.activity_id}: {value}" for key, value in result.set_aside)
        return ReconcileReport(
            since=since,
            listed=len(listing.keys),
            committed=result.committed,
            repairs=tuple((_repair(before, after), after) for before, after in result.changes),
            asked_again=result.in_doubt,
            # Pages overlap, so a remark may come twice.
            rejected=tuple(dict.fromkeys((*listing.rejected, *rejected, *unreadable))),
            set_aside=tuple(dict.fromkeys((*listing.set_aside, *set_aside))),
        )

    def _stored_live(
        self, connection: StravaConnection, since: datetime
    ) -> list[tuple[WorkoutKey, datetime]]:
        """The workouts in the window that Strava should list, and their starts.

        None that this connection cannot see.
        """
        query = WorkoutQuery(start_at=since, limit=self.context.policy.training.page_items_max)
        return [
            (each.key, each.snapshot.started_at)
            for each in walk_workouts(self.ledger, connection.user_id, query)
            if each.key.source is Source.STRAVA
            and not each.is_deleted
            # A private activity from an export costs a call each night, and the answer would prove nothing.
            and (
                each.shown_to == connection.athlete_id
                or (each.shown_to is None and connection.sees_all_activities)
            )
        ]

    def _listed(
        self, connection: StravaConnection, since: datetime, purpose: Purpose, newest_pages: int | None
    ) -> _Listing:
        answers: dict[WorkoutKey, Answer] = {}
        rejected: list[str] = []
        set_aside: list[str] = []
        seen: set[ActivityId] = set()
        before: datetime | None = None
        pages_max = self.context.policy.strava.reconcile_pages_max
        pages_max = pages_max if newest_pages is None else min(pages_max, newest_pages)
        calls = 0

        def listing(reached: datetime) -> _Listing:
            return _Listing(
                since=reached,
                answers=tuple(answers.values()),
                rejected=tuple(rejected),
                set_aside=tuple(set_aside),
            )

        while calls < pages_max:
            page = next_page(
                partial(self._page, connection, since, before, purpose),
                before=before,
                passed=seen,
                now=self.context.now(),
                policy=self.context.policy,
            )
            calls += page.calls
            for each in page.activities:
                seen.add(each.snapshot.activity_id)
                if each.athlete_id == connection.athlete_id:
                    answers[each.snapshot.key] = Answer(found=each.snapshot, asked_at=page.asked_at)
                set_aside += [f"activity {each.snapshot.activity_id}: {value}" for value in each.set_aside]
            rejected += page.rejected
            if page.is_last or page.oldest_start_at is None:
                return listing(since)
            before = next_before(before, page.oldest_start_at)
        if newest_pages is not None and before is not None:
            return listing(before)
        raise LimitExceeded(f"there are more than {pages_max} pages in this window; take fewer days")

    def _page(
        self,
        connection: StravaConnection,
        after: datetime,
        before: datetime | None,
        purpose: Purpose,
        number: int,
    ) -> ActivityList:
        return self.access.activities(
            connection.user_id,
            after=after,
            before=before,
            page=number,
            purpose=purpose,
            generation=connection.generation,
        )

    def _ask(
        self, connection: StravaConnection, unlisted: Sequence[WorkoutKey], purpose: Purpose
    ) -> tuple[ListedResult, list[Answer], list[str]]:
        """Ask for each workout that is stored and was not listed: it may be gone, or have moved in time.

        Returns:
            What was written, what still has to be taken in, and what could not be read.
        """
        user_id, generation = connection.user_id, connection.generation
        written = NOTHING_LISTED
        moved: list[Answer] = []
        unreadable: list[str] = []
        # One by one, and never taken for gone because it was not listed: an activity that moved out of the
        # window, or a page that Strava cut, would cost the athlete a workout.
        for key in unlisted:

            def ask(key: WorkoutKey = key) -> Found | None:
                asked_at = self.context.now()
                activity = self.access.activity(
                    user_id, key.activity_id, purpose=purpose, generation=generation
                )
                if isinstance(activity, ActivityGone):
                    return activity
                if activity.athlete_id == connection.athlete_id:
                    moved.append(Answer(found=activity.snapshot, asked_at=asked_at))
                return None

            try:
                # What is gone only lowers sums, so it is written at once: a run that ends for want of calls
                # is then not repeated from its beginning.
                written += _gone(self.ingestion.refresh(user_id, key, ask, generation=generation))
            except (InvalidInput, StravaRefused) as refused:
                unreadable.append(f"activity {key.activity_id}: {refused.message}")
        return written, moved, unreadable


def _gone(committed: Committed) -> ListedResult:
    """What writing the tombstone of an activity came to."""
    workouts = (each for commit in committed.commits for each in commit.workouts)
    return ListedResult(committed=committed, changes=tuple((None, each) for each in workouts))


def _repair(before: Workout | None, after: Workout) -> Repair:
    if after.is_deleted:
        return Repair.GONE_THERE
    if before is None:
        return Repair.MISSING
    return Repair.DELETED_HERE if before.is_deleted else Repair.OUTDATED
