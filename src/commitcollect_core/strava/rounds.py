"""Reconciling every connected athlete, one after the other."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from commitcollect_core.context import Context
from commitcollect_core.errors import (
    CommitCollectError,
    StorageUnavailable,
    StravaAppInactive,
    StravaAppRejected,
    StravaRateLimited,
    StravaUnavailable,
)
from commitcollect_core.strava.connections import ConnectedAthlete
from commitcollect_core.strava.ports import ConnectionStore
from commitcollect_core.strava.reconciling import ReconcileReport, Reconciling
from commitcollect_core.values import AthleteId

_FOR_ALL = (StorageUnavailable, StravaAppInactive, StravaAppRejected, StravaRateLimited)
"""Errors that the next athlete would meet as well."""

UNAVAILABLE_IN_A_ROW_MAX = 3
"""Strava is taken for down after so many athletes in a row; one alone may have an answer that is odd."""


@frozen(kw_only=True)
class Visit:
    """What became of one athlete: a report, or why there is none."""

    athlete: ConnectedAthlete
    outcome: ReconcileReport | CommitCollectError


@frozen(kw_only=True, eq=False)
class Rounds:
    """Reconciles every connected athlete. A round that stopped goes on behind the athlete it came to."""

    connections: ConnectionStore
    reconciling: Reconciling
    context: Context

    def run(self, *, after: AthleteId | None = None, days: int | None = None) -> Iterator[Visit]:
        """Reconcile one athlete after the other, each when the caller asks for it.

        An athlete who fails stops no other.

        Args:
            after: go on behind this athlete; None for the whole round.
            days: as in `Reconciling.run`.

        Raises:
            StravaRateLimited, StravaAppInactive, StravaAppRejected: no call can be made for any athlete now.
            StravaUnavailable: it was so for `UNAVAILABLE_IN_A_ROW_MAX` athletes in a row.
            StorageError: the store failed.
        """
        unavailable = 0
        for athlete in self.athletes(after=after):
            outcome: ReconcileReport | CommitCollectError
            try:
                outcome = self.reconciling.run(athlete.user_id, days=days)
            except _FOR_ALL:
                raise
            except CommitCollectError as failed:
                unavailable = unavailable + 1 if isinstance(failed, StravaUnavailable) else 0
                if unavailable >= UNAVAILABLE_IN_A_ROW_MAX:
                    raise
                outcome = failed
            else:
                unavailable = 0
            yield Visit(athlete=athlete, outcome=outcome)

    def athletes(self, *, after: AthleteId | None = None) -> Iterator[ConnectedAthlete]:
        """Every connected athlete, read page by page, and no page before it is needed."""
        limit = self.context.policy.training.page_items_max
        while True:
            page = self.connections.connected(after=after, limit=limit)
            yield from page.athletes
            if page.next is None:
                return
            after = page.next
