"""A year of training at a glance: each day, month and sport added up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

from attrs import field, frozen

from commitcollect_core.training.goals import day_of
from commitcollect_core.training.local_time import UTC_TIME, LocalTime
from commitcollect_core.training.workouts import Workout


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


@frozen(kw_only=True)
class TrainingYear:
    """A year of one athlete. Tombstones and flagged workouts are not in it.

    Attributes:
        days: by day, as `date.toordinal` numbers them.
        months: by month, from 1.
        sports: by sport type.
    """

    year: int
    total: Totals = _NOTHING
    days: Mapping[int, Totals] = field(factory=dict)
    months: Mapping[int, Totals] = field(factory=dict)
    sports: Mapping[str, Totals] = field(factory=dict)


def span_of_year(year: int, place: LocalTime | None) -> tuple[datetime, datetime]:
    """The instants between which every workout of a year starts, wherever that was."""
    # A day more at each end: a workout knows its own offset from UTC, which may be another than the place's.
    zone, day = place or UTC_TIME, timedelta(days=1)
    first, last = (zone.start_of(date(each, 1, 1).toordinal()) for each in (year, year + 1))
    return first - day, last + day


def training_year(year: int, workouts: Iterable[Workout], place: LocalTime | None) -> TrainingYear:
    """Add up the workouts of a year.

    Args:
        year: the year.
        workouts: those of its span, and perhaps others.
        place: whose days are meant where a workout does not know its own; None for those of UTC.
    """
    total = _NOTHING
    days: dict[int, Totals] = {}
    months: dict[int, Totals] = {}
    sports: dict[str, Totals] = {}
    for workout in workouts:
        day = day_of(workout, place)
        on = date.fromordinal(day)
        if on.year != year or workout.is_deleted or workout.snapshot.is_flagged:
            continue
        total = total.with_one(workout)
        days[day] = days.get(day, _NOTHING).with_one(workout)
        months[on.month] = months.get(on.month, _NOTHING).with_one(workout)
        sport = workout.snapshot.sport_type
        sports[sport] = sports.get(sport, _NOTHING).with_one(workout)
    return TrainingYear(year=year, total=total, days=days, months=months, sports=sports)
