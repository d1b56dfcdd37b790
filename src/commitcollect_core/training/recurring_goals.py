"""Beginning and ending recurring goals, and opening the milestone of a period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from attrs import evolve, field, frozen

from commitcollect_core.context import Context
from commitcollect_core.errors import InvalidInput, LimitExceeded, NotFound, VersionConflict
from commitcollect_core.training.committing import NOTHING_COMMITTED, Committed, Committing
from commitcollect_core.training.decisions import decide_opening, decide_recurring, opened_periods
from commitcollect_core.training.goals import Aim, Goal, check_place, new_first_instant, one_or_more
from commitcollect_core.training.history import workouts_of_period
from commitcollect_core.training.ledger import LedgerCommit, LedgerView
from commitcollect_core.training.local_time import LocalTime
from commitcollect_core.training.milestones import target_unit
from commitcollect_core.training.ports import Ledger, StatueCatalog
from commitcollect_core.training.recurrence import Every, RecurringGoal, every_of, periods_begun
from commitcollect_core.training.statues import model_on_offer, models_of
from commitcollect_core.training.tallies import tally
from commitcollect_core.training.tracking import NewMilestone
from commitcollect_core.training.workouts import ActivitySnapshot, Change
from commitcollect_core.values import MilestoneId, ModelId, UserId, check_id, require_id, require_kind


@frozen(kw_only=True)
class NewRecurringGoal:
    """The request for a recurring goal.

    Attributes:
        aims: one thing to reach in every period, or several at once.
        every: how long a period is.
        local_time: the place whose periods count; None for those of UTC.
        start_at: the period that holds this instant is the first; None for the present one.
        unit: the unit the target was given in, where that is known; its milestones have it.

    Raises:
        InvalidInput: an attribute is of another type, or names something unknown.
    """

    model_id: ModelId = field(validator=check_id)
    aims: tuple[Aim, ...] = field(converter=one_or_more)
    every: Every = field(converter=every_of)
    local_time: LocalTime | None = field(default=None, validator=check_place)
    start_at: datetime | None = field(default=None, converter=new_first_instant)
    unit: str = field(default="", converter=target_unit)


@frozen(kw_only=True)
class Recurring:
    """A recurring goal, and what beginning it wrote.

    Attributes:
        refused: why not all milestones up to the present one could be opened; empty if they were.
    """

    goal: RecurringGoal
    committed: Committed = field(default=NOTHING_COMMITTED, eq=False)
    refused: str = ""


@frozen(kw_only=True)
class OpenedPeriods:
    """What opening the present periods wrote, and the goals for which it was refused.

    Attributes:
        refused: why, by the id of the recurring goal.
    """

    committed: Committed = field(eq=False)
    refused: Mapping[MilestoneId, str]


_NOT_OPENED = (InvalidInput, LimitExceeded, NotFound)
"""Why a milestone is not opened: the goal can no more be kept, there is no room, or its statue is gone."""


@frozen(kw_only=True, eq=False, repr=False)
class RecurringGoals:
    """Recurring goals of an athlete."""

    ledger: Ledger
    catalog: StatueCatalog
    context: Context

    def begin(self, user_id: UserId, wish: NewRecurringGoal) -> Recurring:
        """Begin a recurring goal, and open its milestones up to the present one.

        Raises:
            InvalidInput, NotFound: the request is not valid, or names no statue model on offer.
            LimitExceeded: too many recurring goals, or a start too many periods ago.
            VersionConflict: other processes kept writing to this ledger; try again.
        """
        require_id(user_id, "user_id")
        require_kind(wish, NewRecurringGoal, "wish")
        now, limits = self.context.now(), self.context.policy.training
        goal = RecurringGoal(
            recurring_id=self.context.ids.milestone_id(),
            every=wish.every,
            model_id=wish.model_id,
            aims=wish.aims,
            local_time=wish.local_time,
            first_period=0,
            unit=wish.unit,
        )
        present = goal.period_of(now)
        goal = evolve(goal, first_period=present if wish.start_at is None else goal.period_of(wish.start_at))
        if present - goal.first_period >= limits.recurring_periods_kept_max:
            raise LimitExceeded(
                f"a recurring goal begins at most {limits.recurring_periods_kept_max} periods back, the "
                f"present one included, not {present - goal.first_period + 1}; give a later start",
                code="too_many_periods",
                limit=limits.recurring_periods_kept_max,
            )
        # Also in the shortest period: a goal that fits in January alone would be kept and fail in February.
        for number in {goal.first_period, goal.every.shortest(goal.first_period)}:
            self._goal_of(goal, number)
        committing = Committing(self.ledger, self.context)
        while True:
            view = self.ledger.read(user_id, ())
            if len(view.head.recurring) >= limits.recurring_goals_max:
                raise LimitExceeded(
                    f"an athlete can have {limits.recurring_goals_max} recurring goals; end one before "
                    "adding another",
                    code="too_many_recurring_goals",
                    limit=limits.recurring_goals_max,
                )
            if committing.commit([decide_recurring(view, (*view.head.recurring, goal))]):
                break
        committed, refused = committing.committed, ""
        try:
            for number in range(goal.first_period, present + 1):
                committed += self.open_period(user_id, goal.recurring_id, number)
        except _NOT_OPENED as reason:
            # The goal has begun. Once there is room, the next activity of a period opens its milestone.
            refused = reason.message
        return Recurring(goal=self.find(user_id, goal.recurring_id), committed=committed, refused=refused)

    def end(self, user_id: UserId, recurring_id: MilestoneId) -> RecurringGoal:
        """Let a goal recur no more; its milestones stay.

        Raises:
            NotFound: the athlete has no such recurring goal.
            VersionConflict: other processes kept writing to this ledger; try again.
        """
        committing = Committing(self.ledger, self.context)
        while True:
            view = self.ledger.read(user_id, ())
            ended = _find(view, recurring_id)
            left = tuple(each for each in view.head.recurring if each.recurring_id != recurring_id)
            if committing.commit([decide_recurring(view, left)]):
                return ended

    def list(self, user_id: UserId) -> Sequence[RecurringGoal]:
        """The athlete's recurring goals, oldest first."""
        require_id(user_id, "user_id")
        return self.ledger.read(user_id, ()).head.recurring

    def find(self, user_id: UserId, recurring_id: MilestoneId) -> RecurringGoal:
        """A recurring goal.

        Raises:
            NotFound: the athlete has no such recurring goal.
        """
        return _find(self.ledger.read(user_id, ()), recurring_id)

    def open_present(self, user_id: UserId) -> OpenedPeriods:
        """Open the milestones of the present periods that no workout has opened; for a scheduled job.

        A goal whose milestone cannot be opened keeps no other's from being opened.

        Raises:
            AccountDeleting: the account is being deleted.
            StorageError: the store failed; try again.
        """
        now, committed, refused = self.context.now(), NOTHING_COMMITTED, dict[MilestoneId, str]()
        for each in self.list(user_id):
            try:
                committed += self.open_period(user_id, each.recurring_id, each.period_of(now))
            except (*_NOT_OPENED, VersionConflict) as reason:
                refused[each.recurring_id] = reason.message
        return OpenedPeriods(committed=committed, refused=refused)

    def open_period(self, user_id: UserId, recurring_id: MilestoneId, number: int) -> Committed:
        """Open the milestone of one period; nothing if it has been opened, or is over.

        Raises:
            InvalidInput, NotFound: the goal cannot be kept any more, or its statue model is not on offer.
            LimitExceeded: the athlete has too many milestones under way.
            VersionConflict: other processes kept writing to this ledger; try again.
        """
        kept = self.context.policy.training.recurring_periods_kept_max
        committing = Committing(self.ledger, self.context)
        while True:
            view = self.ledger.read(user_id, ())
            goal = _find(view, recurring_id)
            if not goal.is_due(number, periods_kept_max=kept):
                return committing.committed
            if committing.commit(self._opening(view, goal, number)):
                return committing.committed

    def open_begun(self, view: LedgerView, changes: Sequence[Change], committing: Committing) -> bool:
        """Open the earliest period that an activity begins; whether the ledger has to be read again.

        A milestone that cannot be opened keeps no activity from being taken in: the next one tries again.
        """
        snapshots = [each for each in changes if isinstance(each, ActivitySnapshot)]
        kept = self.context.policy.training.recurring_periods_kept_max
        for goal, number in periods_begun(view.head.recurring, snapshots, periods_kept_max=kept):
            try:
                commits = self._opening(view, goal, number)
            except _NOT_OPENED as refused:
                import logging  # noqa: PLC0415 - a fifth of what importing the core costs

                logging.getLogger(__name__).warning("no milestone is opened: %s", refused.message)
            else:
                committing.commit(commits)
                return True
        return False

    def _opening(self, view: LedgerView, recurring: RecurringGoal, number: int) -> tuple[LedgerCommit, ...]:
        if self.ledger.read_milestone(view.user_id, recurring.milestone_id(number)) is not None:
            marked = opened_periods(view.head.recurring, recurring, number, self.context.policy)
            return (decide_recurring(view, marked),)
        goal = self._goal_of(recurring, number)
        models = models_of(self.catalog, view.milestones)
        models[recurring.model_id] = model_on_offer(self.catalog, recurring.model_id)
        workouts = workouts_of_period(self.ledger, view.user_id, goal, self.context.policy, is_bounded=False)
        return decide_opening(
            view,
            recurring,
            number,
            goal,
            tally(goal, workouts),
            models=models,
            now=self.context.now(),
            policy=self.context.policy,
        )

    def _goal_of(self, recurring: RecurringGoal, number: int) -> Goal:
        start_at, end_at = recurring.span(number)
        wish = NewMilestone.of(
            recurring.aims,
            model_id=recurring.model_id,
            period_start_at=start_at,
            period_end_at=end_at,
            local_time=recurring.local_time,
        )
        goal = wish.goal(model_on_offer(self.catalog, recurring.model_id), self.context.policy)
        goal.check(self.context.policy)
        return goal


def _find(view: LedgerView, recurring_id: MilestoneId) -> RecurringGoal:
    for each in view.head.recurring:
        if each.recurring_id == recurring_id:
            return each
    raise NotFound(f"there is no recurring goal {recurring_id!r}", code="recurring_goal_not_found")
