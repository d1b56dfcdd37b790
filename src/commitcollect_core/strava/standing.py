"""How an account stands with Strava, as the stores have it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from attrs import frozen

from commitcollect_core.context import Context
from commitcollect_core.strava.backfills import Backfill
from commitcollect_core.strava.connections import StravaConnection
from commitcollect_core.strava.ports import BackfillStore, ConnectionStore
from commitcollect_core.training.history import walk_workouts
from commitcollect_core.training.ports import Ledger, WorkoutQuery
from commitcollect_core.training.workouts import Workout
from commitcollect_core.values import UserId

_NEWEST_PAGE_ITEMS = 10


@frozen(kw_only=True)
class StravaStatus:
    """How an account stands with Strava.

    Attributes:
        connection: None if it is not connected.
        backfill: how far taking over the history has come; None if it never began.
        workout_count: stored workouts that are not tombstones, from everywhere.
        latest_activity_at: when the newest of them started; None without any, or with a page of tombstones.
        is_fresh: whether that is at most `StravaPolicy.fresh_seconds` ago.
    """

    connection: StravaConnection | None
    backfill: Backfill | None
    workout_count: int
    latest_activity_at: datetime | None
    is_fresh: bool


@frozen(kw_only=True, eq=False)
class Standing:
    """Looks at the stores alone: no app, no key and no queue is needed for it."""

    connections: ConnectionStore
    backfills: BackfillStore
    ledger: Ledger
    context: Context

    def of(self, user_id: UserId) -> StravaStatus:
        """How an account stands with Strava."""
        now = self.context.now()
        latest = next(self._newest_live(user_id), None)
        latest_at = None if latest is None else latest.snapshot.started_at
        fresh = timedelta(seconds=self.context.policy.strava.fresh_seconds)
        return StravaStatus(
            connection=self.connections.read(user_id),
            backfill=self.backfills.read(user_id),
            workout_count=self.ledger.read_head(user_id).workout_count,
            latest_activity_at=latest_at,
            is_fresh=latest_at is not None and now - latest_at <= fresh,
        )

    def _newest_live(self, user_id: UserId) -> Iterator[Workout]:
        query = WorkoutQuery(newest_first=True, limit=_NEWEST_PAGE_ITEMS)
        newest = islice(
            walk_workouts(self.ledger, user_id, query), self.context.policy.training.page_items_max
        )
        return (each for each in newest if not each.is_deleted)
