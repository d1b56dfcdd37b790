"""What is due day by day for every connected athlete, above all reconciling."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta

from attrs import define, evolve, frozen

from commitcollect_core.context import Context
from commitcollect_core.errors import (
    CommitCollectError,
    StorageUnavailable,
    StravaAppInactive,
    StravaAppRejected,
    StravaRateLimited,
    StravaUnavailable,
)
from commitcollect_core.jobs.jobs import JobOutcome, LeasedJob
from commitcollect_core.jobs.ports import EventQueue
from commitcollect_core.strava.connections import ConnectedAthlete
from commitcollect_core.strava.jobs import round_after, round_job
from commitcollect_core.strava.ports import ConnectionStore
from commitcollect_core.strava.reconciling import ReconcileReport, Reconciling
from commitcollect_core.strava.retaining import Retaining
from commitcollect_core.training.committing import NOTHING_COMMITTED, Committed
from commitcollect_core.training.recurring_goals import RecurringGoals
from commitcollect_core.values import AthleteId

_log = logging.getLogger(__name__)

_FOR_ALL = (StorageUnavailable, StravaAppInactive, StravaAppRejected, StravaRateLimited)
"""Errors that the next athlete would meet as well."""

UNAVAILABLE_IN_A_ROW_MAX = 3
"""Strava is taken for down after so many athletes in a row; one alone may have an answer that is odd."""


@frozen(kw_only=True)
class Visit:
    """What became of one athlete.

    Attributes:
        opened: milestones of new periods, which need no Strava.
        outcome: a report, with what was let go among its commits; or why there is none.
        retention_failure: why workouts that may be kept no longer are still there, if they are.
    """

    athlete: ConnectedAthlete
    opened: Committed
    outcome: ReconcileReport | CommitCollectError
    retention_failure: CommitCollectError | None = None

    @property
    def committed(self) -> Committed:
        """Everything that was written for the athlete."""
        if isinstance(self.outcome, ReconcileReport):
            return self.opened + self.outcome.committed
        return self.opened


ROUND_GOES_ON, ROUND_ENDS = "round_goes_on", "round_ends"
"""Results of a job that does a part of a round."""


@define
class _Part:
    """What a part of a round came to.

    Attributes:
        after: the rest of the round is behind this athlete; None for all of it.
        has_settled: whether an athlete of this part is behind us.
    """

    after: AthleteId | None
    has_settled: bool = False
    committed: Committed = NOTHING_COMMITTED


@frozen(kw_only=True, eq=False)
class Rounds:
    """Reconciles every connected athlete. A round that stopped goes on behind the athlete it came to."""

    connections: ConnectionStore
    reconciling: Reconciling
    queue: EventQueue
    retaining: Retaining
    recurring_goals: RecurringGoals
    context: Context

    def begin(self) -> None:
        """Put the job that begins a round; workers go through it part by part."""
        now = self.context.now()
        self.queue.put(round_job(now=now), visible_at=now)

    def go_on(self, leased: LeasedJob) -> JobOutcome:
        """Do the part of a round that half a lease has time for, and put the job for the rest.

        Raises:
            CommitCollectError: as in `run`, where no athlete came before it.
        """
        part = _Part(round_after(leased.job))
        is_over = self._do_part(part)
        if not is_over:
            now = self.context.now()
            self.queue.put(round_job(after=part.after, now=now), visible_at=now)
        return JobOutcome(result=ROUND_ENDS if is_over else ROUND_GOES_ON, committed=part.committed)

    def _do_part(self, part: _Part) -> bool:
        """Reconcile some athletes; whether these were the last."""
        half_a_lease = timedelta(seconds=self.context.policy.jobs.job_lease_seconds / 2)
        stop_at = self.context.now() + half_a_lease
        try:
            for visit in self.run(after=part.after):
                part.committed += visit.committed
                # An athlete whom an outage kept from being compared is not behind us.
                if not isinstance(visit.outcome, (StravaUnavailable, *_FOR_ALL)):
                    part.after, part.has_settled = visit.athlete.athlete_id, True
                if self.context.now() >= stop_at and part.has_settled:
                    return False
        except CommitCollectError:
            # The next part meets the same error before it settles any athlete, and then its job waits as the
            # error says. What was done until here is not done again.
            if not part.has_settled and not part.committed.commits:
                raise
            return False
        return True

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
            # First: it needs no Strava, and so comes to athletes who have to connect again as well.
            opened = self._open_periods(athlete)
            try:
                report = self.reconciling.run(athlete.user_id, days=days)
            except CommitCollectError as failed:
                unavailable = unavailable + 1 if isinstance(failed, StravaUnavailable) else 0
                ends = isinstance(failed, _FOR_ALL) or unavailable >= UNAVAILABLE_IN_A_ROW_MAX
                # Yielded before it is raised: what was opened is written, and its awards are audited.
                if opened.commits or not ends:
                    yield Visit(athlete=athlete, opened=opened, outcome=failed)
                if ends:
                    raise
            else:
                unavailable = 0
                visit = self._let_go(athlete, opened, report)
                yield visit  # the same
                if isinstance(visit.retention_failure, _FOR_ALL):
                    raise visit.retention_failure

    def _open_periods(self, athlete: ConnectedAthlete) -> Committed:
        """Open the milestones of periods that no workout has begun yet."""
        try:
            found = self.recurring_goals.open_present(athlete.user_id)
        except _FOR_ALL:
            raise
        except CommitCollectError as failed:
            _log.warning("no milestone is opened: %s", failed.message)
            return NOTHING_COMMITTED
        for message in found.refused.values():
            _log.warning("no milestone is opened: %s", message)
        return found.committed

    def _let_go(self, athlete: ConnectedAthlete, opened: Committed, report: ReconcileReport) -> Visit:
        """Let workouts of an athlete go that may be kept no longer."""
        try:
            let_go = self.retaining.run(athlete.user_id)
        except CommitCollectError as failed:
            _log.warning("workouts of athlete %s are kept for longer: %s", athlete.athlete_id, failed.message)
            return Visit(athlete=athlete, opened=opened, outcome=report, retention_failure=failed)
        whole = evolve(report, committed=report.committed + let_go)
        return Visit(athlete=athlete, opened=opened, outcome=whole)

    def athletes(self, *, after: AthleteId | None = None) -> Iterator[ConnectedAthlete]:
        """Every connected athlete, read page by page, and no page before it is needed."""
        limit = self.context.policy.training.page_items_max
        while True:
            page = self.connections.connected(after=after, limit=limit)
            yield from page.athletes
            if page.next is None:
                return
            after = page.next
