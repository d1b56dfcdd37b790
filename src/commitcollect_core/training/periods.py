"""A period of training at a glance: each day, month and sport added up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

from attrs import field, frozen

from commitcollect_core.errors import InvalidInput
from commitcollect_core.training.goals import day_of
from commitcollect_core.training.local_time import UTC_TIME, Bucket, LocalTime
from commitcollect_core.training.recurrence import Every
from commitcollect_core.training.sports import ANY_SPORT, SportSelection
from commitcollect_core.training.workouts import Workout
from commitcollect_core.values import require_whole, shown

_FIRST_DAY, _END_DAY = date(1, 1, 2).toordinal(), date.max.toordinal()
"""A span has a day of the calendar before it and one behind."""


@frozen(kw_only=True)
class Totals:
    """What workouts add up to."""

    workouts: int = 0
    distance_meters: int = 0
    elevation_meters: int = 0
    moving_seconds: int = 0

    def with_one(self, workout: Workout) -> Totals:
        """The totals with one workout more."""
        snapshot = workout.snapshot
        return Totals(
            workouts=self.workouts + 1,
            distance_meters=self.distance_meters + snapshot.distance_meters,
            elevation_meters=self.elevation_meters + snapshot.elevation_meters,
            moving_seconds=self.moving_seconds + snapshot.moving_seconds,
        )


_NOTHING = Totals()


@frozen
class DaySpan:
    """Local days in a row, numbered as `date.toordinal` does.

    Attributes:
        first: the first of them.
        end: the day behind the last.
    """

    first: int
    end: int

    @classmethod
    def of(cls, every: Every, number: int) -> DaySpan:
        """The days of a year, month or week.

        Raises:
            InvalidInput: there is no such period, or no room in the calendar for a day around it.
        """
        name = every.value.lower()
        require_whole(number, name)
        try:
            span = cls(every.first_day(number), every.first_day(number + 1))
        except (ValueError, OverflowError):
            span = cls(0, 0)
        if not _FIRST_DAY <= span.first < span.end <= _END_DAY:
            raise InvalidInput(f"there is no {name} {shown(number)} in the calendar", field=name)
        return span

    def instants(self, place: LocalTime | None) -> tuple[datetime, datetime]:
        """The instants between which every workout of these days starts, wherever that was."""
        # A day more at each end: a workout may know another offset from UTC than the place has.
        zone, day = place or UTC_TIME, timedelta(days=1)
        return zone.start_of(self.first) - day, zone.start_of(self.end) + day

    def before(self, every: Every, *, today: int) -> DaySpan:
        """The period before; only as many days of it as have passed of this one, if it is not over."""
        previous = DaySpan.of(every, every.number(self.first) - 1)
        if not self.first <= today < self.end:
            return previous
        return DaySpan(previous.first, min(previous.end, previous.first + today + 1 - self.first))


@frozen(kw_only=True)
class TrainingPeriod:
    """What one athlete did in a span of days. Tombstones and flagged workouts are not in it.

    Attributes:
        days: by day.
        months: by month, as `Bucket.MONTH` numbers them.
        sports: by sport type.
        longest: the workout over the largest distance, the first of several; None without any distance.
        highest: the same of elevation gain.
    """

    span: DaySpan
    total: Totals = _NOTHING
    days: Mapping[int, Totals] = field(factory=dict)
    months: Mapping[int, Totals] = field(factory=dict)
    sports: Mapping[str, Totals] = field(factory=dict)
    longest: Workout | None = None
    highest: Workout | None = None


def training_period(
    span: DaySpan, workouts: Iterable[Workout], place: LocalTime | None, sports: SportSelection = ANY_SPORT
) -> TrainingPeriod:
    """Add up the workouts of a span of days.

    Args:
        span: the days.
        workouts: those of the span's instants, and perhaps others.
        place: whose days are meant where a workout does not know its own; None for those of UTC.
        sports: what counts.
    """
    total = _NOTHING
    days: dict[int, Totals] = {}
    months: dict[int, Totals] = {}
    types: dict[str, Totals] = {}
    counted: list[Workout] = []
    for workout in workouts:
        day, sport = day_of(workout, place), workout.snapshot.sport_type
        is_in = span.first <= day < span.end and sports.covers(sport)
        if not is_in or workout.is_deleted or workout.snapshot.is_flagged:
            continue
        counted.append(workout)
        total = total.with_one(workout)
        month = Bucket.MONTH.number(day)
        days[day] = days.get(day, _NOTHING).with_one(workout)
        months[month] = months.get(month, _NOTHING).with_one(workout)
        types[sport] = types.get(sport, _NOTHING).with_one(workout)
    longest = max(counted, key=lambda each: each.snapshot.distance_meters, default=None)
    highest = max(counted, key=lambda each: each.snapshot.elevation_meters, default=None)
    return TrainingPeriod(
        span=span,
        total=total,
        days=days,
        months=months,
        sports=types,
        longest=longest if total.distance_meters else None,
        highest=highest if total.elevation_meters else None,
    )


@frozen(kw_only=True)
class Summary:
    """A year, month or week of training beside the one before.

    Attributes:
        number: of the period, as `every` numbers them.
        before: the period before, or its first days; see `DaySpan.before`.
    """

    every: Every
    number: int
    period: TrainingPeriod
    before: TrainingPeriod
