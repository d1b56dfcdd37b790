"""Comparing what is stored with what Strava holds, and mending the difference."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from attrs import frozen

from commitcollect_core.context import Context
from commitcollect_core.errors import InvalidInput, LimitExceeded, StravaRefused
from commitcollect_core.strava.access import StravaAccess
from commitcollect_core.strava.backfilling import Backfilling
from commitcollect_core.strava.backfills import next_before
from commitcollect_core.strava.rates import Purpose
from commitcollect_core.strava.refreshing import Refreshing
from commitcollect_core.training.history import walk_workouts
from commitcollect_core.training.ingestion import Ingestion
from commitcollect_core.training.ports import Ledger, WorkoutQuery
from commitcollect_core.training.workouts import ActivitySnapshot, Workout
from commitcollect_core.values import AthleteId, Source, UserId, WorkoutKey


class Repair(StrEnum):
    """What was wrong with a workout."""

    MISSING = "missing"
    OUTDATED = "outdated"
    DELETED_HERE = "deleted_here"
    GONE_THERE = "gone_there"


@frozen(kw_only=True)
class ReconcileReport:
    """What a reconciliation found and mended.

    Attributes:
        since: how far back it looked.
        listed: activities Strava listed.
        repairs: every workout that was mended, as it is now, and what was wrong with it.
        asked_again: activities that are looked at once more soon, since somebody was just changing them.
        rejected: why some activities could not be taken over.
        set_aside: values that were not believable; their activities count without them.
    """

    since: datetime
    listed: int
    repairs: tuple[tuple[Repair, Workout], ...]
    asked_again: tuple[WorkoutKey, ...]
    rejected: tuple[str, ...]
    set_aside: tuple[str, ...] = ()


@frozen(kw_only=True)
class _Listing:
    """All that Strava lists in the window, in pages, with the time each was asked for."""

    pages: tuple[tuple[datetime, tuple[ActivitySnapshot, ...]], ...]
    rejected: tuple[str, ...]
    set_aside: tuple[str, ...]

    @property
    def keys(self) -> frozenset[WorkoutKey]:
        return frozenset(each.key for _, page in self.pages for each in page)


@frozen(kw_only=True, eq=False)
class Reconciling:
    """Repairs what no event brought: dropped events, silent corrections, late uploads."""

    ingestion: Ingestion
    access: StravaAccess
    refreshing: Refreshing
    backfilling: Backfilling
    ledger: Ledger
    context: Context

    def run(self, user_id: UserId, *, days: int | None = None) -> ReconcileReport:
        """Compare the last days (`StravaPolicy.reconcile_days` unless said otherwise) and mend what differs.

        What Strava does not list any more is asked for one by one before it is taken for gone. Running it
        again after a failure goes on from there, as what was mended differs no more.

        Raises:
            LimitExceeded: more pages than the policy allows; take fewer days.
            CommitCollectError: as in `StravaAccess.activity` and `Ingestion.ingest`.
        """
        since = self.context.now() - timedelta(
            days=self.context.policy.strava.reconcile_days if days is None else days
        )
        athlete_id = self.access.connection(user_id).athlete_id
        stored = self._stored_live(user_id, since)
        listing = self._listed(user_id, athlete_id, since)
        repairs: list[tuple[Repair, Workout]] = []
        in_doubt: list[WorkoutKey] = []
        rejected, set_aside = list(listing.rejected), list(listing.set_aside)
        for listed_at, page in reversed(listing.pages):
            result = self.ingestion.ingest_listed(user_id, page[::-1], listed_at=listed_at)
            repairs += [(_repair(before), after) for before, after in result.changes]
            in_doubt += result.in_doubt
            rejected += [f"activity {key.activity_id}: {why}" for key, why in result.rejected]
            set_aside += [f"activity {key.activity_id}: {value}" for key, value in result.set_aside]
        self.backfilling.ask_again(user_id, tuple(in_doubt))
        unlisted = [each for each in stored if each not in listing.keys]
        repairs += self._gone(user_id, athlete_id, unlisted, rejected)
        return ReconcileReport(
            since=since,
            listed=len(listing.keys),
            repairs=tuple(repairs),
            asked_again=tuple(in_doubt),
            rejected=tuple(dict.fromkeys(rejected)),  # pages overlap
            set_aside=tuple(dict.fromkeys(set_aside)),
        )

    def _stored_live(self, user_id: UserId, since: datetime) -> list[WorkoutKey]:
        """The workouts from Strava in the window that are not tombstones."""
        return [
            each.key
            for each in walk_workouts(
                self.ledger,
                user_id,
                WorkoutQuery(start_at=since, limit=self.context.policy.training.page_items_max),
            )
            if each.key.source is Source.STRAVA and not each.is_deleted
        ]

    def _listed(self, user_id: UserId, athlete_id: AthleteId, since: datetime) -> _Listing:
        pages: list[tuple[datetime, tuple[ActivitySnapshot, ...]]] = []
        rejected: list[str] = []
        set_aside: list[str] = []
        seen: set[WorkoutKey] = set()
        before: datetime | None = None
        pages_max = self.context.policy.strava.reconcile_pages_max
        for _ in range(pages_max):
            asked_at = self.context.now()
            answer = self.access.activities(user_id, after=since, before=before)
            theirs = [each.snapshot for each in answer.activities if each.athlete_id == athlete_id]
            pages.append((asked_at, tuple(each for each in theirs if each.key not in seen)))
            seen.update(each.key for each in theirs)
            rejected += answer.rejected
            set_aside += [
                f"activity {each.snapshot.activity_id}: {value}"
                for each in answer.activities
                for value in each.set_aside
            ]
            if answer.is_last or answer.oldest_start_at is None:
                return _Listing(pages=tuple(pages), rejected=tuple(rejected), set_aside=tuple(set_aside))
            before = next_before(before, answer.oldest_start_at)
        raise LimitExceeded(f"there are more than {pages_max} pages in this window; take fewer days")

    def _gone(
        self, user_id: UserId, athlete_id: AthleteId, unlisted: Sequence[WorkoutKey], rejected: list[str]
    ) -> list[tuple[Repair, Workout]]:
        """Ask for each workout that is stored and was not listed: it may be gone, or have moved in time."""
        repairs = []
        for key in unlisted:
            try:
                result = self.refreshing.look(user_id, athlete_id, key.activity_id, purpose=Purpose.BACKFILL)
            except (InvalidInput, StravaRefused) as unreadable:
                rejected.append(f"activity {key.activity_id}: {unreadable.message}")
                continue
            if result.workouts_changed:
                after = self.ledger.read(user_id, (key,)).workouts[key]
                repairs.append((Repair.GONE_THERE if after.is_deleted else Repair.OUTDATED, after))
        return repairs


def _repair(before: Workout | None) -> Repair:
    if before is None:
        return Repair.MISSING
    return Repair.DELETED_HERE if before.is_deleted else Repair.OUTDATED
