"""What a person said of a goal, as requests to the core."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import click
from attrs import evolve, frozen

from commitcollect_adapters.time_zones import goal_time, local_time
from commitcollect_adapters.wording.amounts import check_target
from commitcollect_adapters.wording.goals import kind_of, parse_aim, parse_aims, with_rest
from commitcollect_adapters.wording.units import units_given
from commitcollect_cli.goal_options import NO_FIRST_DAY
from commitcollect_core.errors import InvalidInput
from commitcollect_core.policy import Policy
from commitcollect_core.training.goals import Aim, new_first_instant
from commitcollect_core.training.local_time import LocalTime
from commitcollect_core.training.recurrence import Every
from commitcollect_core.training.recurring_goals import NewRecurringGoal
from commitcollect_core.training.sports import SportSelection
from commitcollect_core.training.tracking import NewMilestone
from commitcollect_core.values import ModelId

_YEAR_DAYS = 366
_RECURRING_DAYS = 10 * _YEAR_DAYS
"""How far ahead the clock changes of a recurring goal's time zone are looked up."""


@frozen(kw_only=True)
class GoalOptions:
    """What a person said of one or several goals.

    Attributes:
        targets: as written.
        is_combination: whether all targets make one goal.
        rest: rest days of a streak.
        start_day, end_day: the first instant of these days in UTC; None where the option was left out.
        time_zone: whose days are meant instead of those of UTC.
    """

    targets: tuple[str, ...]
    is_combination: bool
    rest: int | None
    sports: SportSelection
    start_day: datetime | None
    end_day: datetime | None
    time_zone: str | None
    model_id: ModelId

    def wishes(
        self, policy: Policy, *, first_day: datetime | None = None, default: str | None = None
    ) -> tuple[NewMilestone, ...]:
        """The requests: one for each target, or one for all of them together.

        Args:
            policy: bounds the targets.
            first_day: the start where the person gave none.
            default: the target where the person gave none.

        Raises:
            InvalidInput: a target, the time zone or what they make together is not acceptable.
        """
        start_day = self.start_day or first_day
        if start_day is None:
            raise click.UsageError(NO_FIRST_DAY)
        aims = self.aims(policy, default=default)
        texts = self._texts()
        if self.is_combination:
            return (self._wish(aims, texts, start_day, policy),)
        return tuple(
            self._wish((aim,), texts[number : number + 1], start_day, policy)
            for number, aim in enumerate(aims)
        )

    def recurring_wish(self, every: Every, policy: Policy, *, now: datetime) -> NewRecurringGoal:
        """The request for a goal that begins anew with every period.

        Raises:
            InvalidInput: a target, the time zone or what they make together is not acceptable.
        """
        if self.end_day is not None:
            raise click.UsageError(
                "a recurring goal has no --to; 'commitcollect recurring end' ends it when its time has come"
            )
        aims = self.aims(policy)
        if not aims:
            raise click.UsageError("give what to reach in every period: --target distance=100km")
        if len(aims) > 1 and not self.is_combination:
            raise click.UsageError("give one --target, or join several with --all-of; one goal at a time")
        start_day = self.start_day or now
        place = None
        if self.time_zone is not None:
            new_first_instant(self.start_day)
            # The first period may have begun before the first day given.
            first_day = start_day - timedelta(days=_YEAR_DAYS)
            place = local_time(self.time_zone, first_day, start_day + timedelta(days=_RECURRING_DAYS))
        start_at = None if self.start_day is None else _first_instant(self.start_day, place)
        return NewRecurringGoal(
            model_id=self.model_id,
            aims=aims,
            every=every,
            local_time=place,
            start_at=start_at,
            unit=units_given(self._texts()),
        )

    def aims(self, policy: Policy, *, default: str | None = None) -> tuple[Aim, ...]:
        """Each target once.

        Raises:
            InvalidInput: a target is not acceptable.
        """
        texts = self.targets or tuple(filter(None, [default]))
        aims = parse_aims(texts, sports=self.sports)
        for each in aims:
            check_target(kind_of(each), each.total_target, policy)
        if self.is_combination and len(aims) == 1:
            if len(texts) > 1:
                raise InvalidInput(
                    "--all-of joins several targets, and all of these are the same; "
                    "make one another, or give it once without --all-of",
                    field="target",
                )
            raise InvalidInput("--all-of joins several targets; give --target once more", field="target")
        return with_rest(aims, self.rest)

    def _texts(self) -> Sequence[str]:
        """The targets as written, without those that say the same as one before."""
        first: dict[Aim, str] = {}
        for each in self.targets:
            first.setdefault(parse_aim(each, sports=self.sports), each)
        return [*first.values()]

    def _wish(
        self, aims: Sequence[Aim], texts: Sequence[str], start_day: datetime, policy: Policy
    ) -> NewMilestone:
        place = self._place(aims, start_day, policy)
        return NewMilestone.of(
            aims,
            model_id=self.model_id,
            period_start_at=_first_instant(start_day, place),
            period_end_at=None if self.end_day is None else _first_instant(self.end_day, place),
            local_time=place,
            unit=units_given(texts),
        )

    def in_zone(self, time_zone: str) -> GoalOptions:
        """The same, in the days of a time zone where none was given."""
        return evolve(self, time_zone=(time_zone or None) if self.time_zone is None else self.time_zone)

    def _place(self, aims: Sequence[Aim], start_day: datetime, policy: Policy) -> LocalTime | None:
        if self.time_zone is None:
            return None
        return goal_time(self.time_zone, aims, start_day, self.end_day, policy)


def _first_instant(day: datetime, place: LocalTime | None) -> datetime:
    """The first instant of a day: in UTC as given, else of the same date there."""
    return day if place is None else place.start_of(day.date().toordinal())
