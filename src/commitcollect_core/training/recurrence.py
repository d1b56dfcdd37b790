"""Recurring goals: a milestone of its own for every year, month or week.

The head of a ledger holds them, as every write has to know which periods have a milestone already.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from enum import StrEnum

from attrs import evolve, field, frozen

from commitcollect_core.training.goals import Aim
from commitcollect_core.training.local_time import UTC_TIME, Bucket, LocalTime
from commitcollect_core.training.workouts import ActivitySnapshot
from commitcollect_core.values import MilestoneId, ModelId, check_id, member


class Every(StrEnum):
    """How often a goal recurs. Periods of a kind are numbered without gaps."""

    YEAR = "YEAR"
    MONTH = "MONTH"
    WEEK = "WEEK"

    def number(self, day: int) -> int:
        """The number of the period that holds a day (`date.toordinal`). Weeks begin on Monday."""
        return date.fromordinal(day).year if self is Every.YEAR else Bucket[self.value].number(day)

    def first_day(self, number: int) -> int:
        """The first day of a period."""
        if self is Every.YEAR:
            return date(number, 1, 1).toordinal()
        return Bucket[self.value].first_day(number)

    def shortest(self, first: int) -> int:
        """The number of a period as short as any of the kind, the first such one from `first` on."""
        days = {
            each: self.first_day(each + 1) - self.first_day(each)
            for each in range(first, first + _ALL_LENGTHS_WITHIN[self])
        }
        return min(days, key=days.__getitem__)

    def label(self, number: int) -> str:
        """A period as ``2026``, ``2026-05`` or ``2026-W07``."""
        day = date.fromordinal(self.first_day(number))
        if self is Every.YEAR:
            return f"{day.year:04}"
        if self is Every.MONTH:
            return f"{day.year:04}-{day.month:02}"
        year, week, _ = day.isocalendar()
        return f"{year:04}-W{week:02}"


_ALL_LENGTHS_WITHIN = {Every.YEAR: 2, Every.MONTH: 24, Every.WEEK: 1}
"""How many periods hold one of every length: of two Februaries in a row one has 28 days."""


def every_of(value: Every | str) -> Every:
    """How often, also given as its text."""
    return member(Every, value, "every")


@frozen(kw_only=True)
class RecurringGoal:
    """A goal that begins anew with every period.

    Attributes:
        recurring_id: begins the ids of its milestones.
        aims: one thing to reach in every period, or several at once.
        local_time: the place whose years, months and weeks count; None for those of UTC.
        first_period: the number of the first period that gets a milestone.
        opened: the numbers of the latest periods that have had one, in order.
        unit: the unit the athlete gave the target in; its milestones have the same.
    """

    recurring_id: MilestoneId = field(validator=check_id)
    every: Every
    model_id: ModelId = field(validator=check_id)
    aims: tuple[Aim, ...]
    local_time: LocalTime | None = None
    first_period: int
    opened: tuple[int, ...] = ()
    unit: str = ""

    def period_of(self, at: datetime) -> int:
        """The number of the period that holds an instant."""
        return self.every.number(self._place.day(at))

    def span(self, number: int) -> tuple[datetime, datetime]:
        """The first instant of a period, and that of the next one."""
        start, end = (self._place.start_of(self.every.first_day(each)) for each in (number, number + 1))
        return start, end

    @property
    def _place(self) -> LocalTime:
        return self.local_time or UTC_TIME

    def milestone_id(self, number: int) -> MilestoneId:
        """The id of a period's milestone."""
        return MilestoneId(f"{self.recurring_id}-{self.every.label(number)}")

    def is_due(self, number: int, *, periods_kept_max: int) -> bool:
        """Whether a period still lacks its milestone.

        Periods before the oldest that is remembered are over.
        """
        if number < self.first_period or number in self.opened:
            return False
        return len(self.opened) < periods_kept_max or number > self.opened[0]

    def is_begun_by(self, snapshot: ActivitySnapshot) -> bool:
        """Whether an activity counts, and so opens the milestone of its period."""
        return not snapshot.is_flagged and any(each.counts(snapshot) for each in self.aims)

    def with_opened(self, number: int, *, periods_kept_max: int) -> RecurringGoal:
        """The goal once a period has its milestone."""
        return evolve(self, opened=tuple(sorted({*self.opened, number})[-periods_kept_max:]))


def periods_begun(
    recurring: Iterable[RecurringGoal], snapshots: Sequence[ActivitySnapshot], *, periods_kept_max: int
) -> list[tuple[RecurringGoal, int]]:
    """The periods that activities begin and that have no milestone yet, the earliest first."""
    begun = {
        (goal.recurring_id, number): (goal, number)
        for goal in recurring
        for each in snapshots
        if goal.is_due(number := goal.period_of(each.started_at), periods_kept_max=periods_kept_max)
        and goal.is_begun_by(each)
    }
    return sorted(begun.values(), key=lambda each: each[0].span(each[1]))
