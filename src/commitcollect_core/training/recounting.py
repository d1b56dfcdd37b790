"""Recounting a milestone from the stored workouts of its period."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from commitcollect_core.context import Context
from commitcollect_core.training.committing import Committed, Committing
from commitcollect_core.training.decisions import decide_recount
from commitcollect_core.training.history import workouts_of_period
from commitcollect_core.training.milestones import Milestone
from commitcollect_core.training.ports import Ledger, StatueCatalog
from commitcollect_core.training.statues import models_of
from commitcollect_core.training.tallies import Tally, tally
from commitcollect_core.values import UserId


@frozen(kw_only=True)
class Recount:
    """The outcome of a recount.

    Attributes:
        before: the milestone before it.
        tally: the sum of its stored workouts.
        committed: what was written.
    """

    before: Milestone
    tally: Tally
    committed: Committed


@frozen(kw_only=True, eq=False, repr=False)
class Recounting:
    """Sets milestones to the sum of their workouts; progress never falls."""

    ledger: Ledger
    catalog: StatueCatalog
    context: Context

    def run(self, user_id: UserId, find: Callable[[], Milestone], *, is_bounded: bool) -> Recount:
        """Recount one milestone.

        Args:
            user_id: the athlete.
            find: reads the milestone; what it raises ends the recount.
            is_bounded: refuse to inspect more workouts than one request may.

        Raises:
            LimitExceeded: too many workouts for a request.
            VersionConflict: other processes kept writing to this ledger; try again.
        """
        now, policy = self.context.now(), self.context.policy
        committing = Committing(self.ledger, self.context)
        while True:
            # The view first: a change after this read makes the commit fail, and the next attempt counts it.
            view = self.ledger.read(user_id, ())
            before = find()
            workouts = workouts_of_period(self.ledger, user_id, before.goal, policy, is_bounded=is_bounded)
            recount = tally(before.goal, workouts)
            models = models_of(self.catalog, (*view.milestones, before))
            commits = decide_recount(view, before, recount, models=models, now=now, policy=policy)
            if committing.commit(commits):
                return Recount(before=before, tally=recount, committed=committing.committed)
