"""Keeping workouts from Strava no longer than the policy allows."""

from __future__ import annotations

from datetime import timedelta

from attrs import frozen

from commitcollect_core.context import Context
from commitcollect_core.training.committing import NOTHING_COMMITTED, Committed
from commitcollect_core.training.history import walk_workouts
from commitcollect_core.training.ingestion import Ingestion
from commitcollect_core.training.ports import Ledger, WorkoutQuery
from commitcollect_core.values import Source, UserId, WorkoutKey


@frozen(kw_only=True, eq=False)
class Retaining:
    """Lets workouts go that Strava showed too long ago; progress and parts stay."""

    ingestion: Ingestion
    ledger: Ledger
    context: Context

    def run(self, user_id: UserId) -> Committed:
        """Settle what is older than `StravaPolicy.strava_workout_retention_days`; nothing where that is 0.

        What the athlete brought from an export is not Strava's to limit, and stays. May be repeated.

        Raises:
            VersionConflict, AccountDeleting, StorageError: as in `Ingestion.settle`; call again.
        """
        days = self.context.policy.strava.strava_workout_retention_days
        if not days:
            return NOTHING_COMMITTED
        oldest_at = self.context.now() - timedelta(days=days)
        live: list[WorkoutKey] = []
        deleted: list[WorkoutKey] = []
        limit = self.context.policy.training.page_items_max
        for each in walk_workouts(self.ledger, user_id, WorkoutQuery(limit=limit)):
            is_strava = each.key.source is Source.STRAVA and each.shown_to is not None
            if is_strava and not each.is_erased and each.fetched_at <= oldest_at:
                (deleted if each.is_deleted else live).append(each.key)
        # Erased and not settled: what Strava has deleted counts no more, and again once it is restored.
        return self.ingestion.settle(user_id, live) + self.ingestion.erase(user_id, deleted)
