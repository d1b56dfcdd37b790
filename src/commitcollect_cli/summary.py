"""``commitcollect summary``: a year, month or week of training at a glance."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import click

from commitcollect_cli.options import Month, UtcDay, sport_option, today, with_absolute_day
from commitcollect_cli.output import fitting, print_result
from commitcollect_cli.render import fitting_table
from commitcollect_cli.store import open_to_read, store_options

if TYPE_CHECKING:
    from commitcollect_adapters.settings import Settings
    from commitcollect_core.training.local_time import LocalTime
    from commitcollect_core.training.periods import Summary, Totals, TrainingPeriod
    from commitcollect_core.training.recurrence import Every
    from commitcollect_core.training.sports import SportSelection
    from commitcollect_core.training.workouts import Workout

_YEAR_MIN, _YEAR_MAX = 1900, 9998
_PERIOD_DAYS_MAX = 366
_SHADES = "·░▒▓█"
_HEIGHTS = "▁▂▃▄▅▆▇█"
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class _Summary(click.Command):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        [week] = (each for each in self.params if each.name == "week")
        return super().parse_args(ctx, with_absolute_day(week, ctx, args))


@click.command(cls=_Summary)
@click.option(
    "--year",
    type=click.IntRange(_YEAR_MIN, _YEAR_MAX),
    metavar="YYYY",
    help="That year.  [default: this year]",
)
@click.option("--month", type=Month(), help="That month instead.")
@click.option(
    "--week",
    type=UtcDay(),
    is_flag=False,
    flag_value="today",
    help="This week, or with a DAY, such as -7d, the week of that day.",
)
@sport_option
@store_options
def summary(
    *,
    settings: Settings,
    year: int | None,
    month: datetime | None,
    week: datetime | None,
    sports: SportSelection,
    as_json: bool,
) -> None:
    """Sum up a year, a month or a week, and compare it with the one before.

    A period that is not over is compared with the same number of days of the one before.
    """
    from commitcollect_adapters.documents import summary_document

    now = today()
    every, day = _period(year, month, week, now)
    if not _YEAR_MIN <= day.year <= _YEAR_MAX:
        raise click.UsageError(
            f"the year {day.year} is outside {_YEAR_MIN} to {_YEAR_MAX}; give another period"
        )
    number = every.number(day.date().toordinal())
    place = _place(settings.time_zone, day)
    with open_to_read(settings) as app:
        found = app.tracking.summary(
            settings.user,
            every,
            number,
            today=now.date().toordinal(),
            place=place,
            sports=sports,
        )
    print_result(summary_document(found), fitting(_lines(found, sports, place)), as_json=as_json)


def _period(
    year: int | None, month: datetime | None, week: datetime | None, now: datetime
) -> tuple[Every, datetime]:
    """The kind of period, and a day of the one that is meant."""
    from commitcollect_core.training.recurrence import Every

    if sum(each is not None for each in (year, month, week)) > 1:
        raise click.UsageError("give --year, --month or --week; one of them")
    if month is not None:
        return Every.MONTH, month
    if week is not None:
        return Every.WEEK, week
    return Every.YEAR, now if year is None else datetime(year, 1, 1, tzinfo=UTC)


def _place(time_zone: str, day: datetime) -> LocalTime | None:
    if not time_zone:
        return None
    from commitcollect_adapters.time_zones import local_time

    # The period before belongs to it.
    reach = timedelta(days=_PERIOD_DAYS_MAX)
    return local_time(time_zone, day - 2 * reach, day + reach)


def _lines(found: Summary, sports: SportSelection, place: LocalTime | None) -> Iterator[str]:
    from commitcollect_core.training.recurrence import Every

    period, label = found.period, found.every.label(found.number)
    yield click.style(label, bold=True) + f"  {', '.join(sports.names)}"
    yield ""
    rows = [_total_row(label, period), _total_row(_before_label(found), found.before)]
    whole = ("Period", "Activities", "Active days", "Distance", "Climb", "Moving")
    yield from fitting_table(whole, rows, spare=("Climb",))
    change = _change(period.total.moving_seconds, found.before.total.moving_seconds)
    yield f"Change: {change} in moving time." if change else "Nothing to compare with."
    if not period.days:
        yield "No workouts in this period."
        return
    yield ""
    header = ("Activities", "Distance", "Climb", "Moving")
    by_size = sorted(period.sports.items(), key=lambda each: (-each[1].workouts, each[0]))
    rows = [(sport, *_amounts(each)) for sport, each in by_size]
    yield from fitting_table(("Sport", *header), rows, spare=("Climb",))
    if found.every is Every.YEAR:
        yield ""
        months = sorted(period.months.items())
        labelled = [(Every.MONTH.label(month), *_amounts(each)) for month, each in months]
        yield from fitting_table(("Month", *header), labelled, spare=("Climb",))
    yield ""
    yield from _bests(period, place)
    if _draws():
        yield from _pictures(found)


def _before_label(found: Summary) -> str:
    before, label = found.before.span, found.every.label(found.number - 1)
    is_part = before.end < found.every.first_day(found.number)
    return f"{label} to {date.fromordinal(before.end - 1):%d %b}" if is_part else label


def _total_row(label: str, period: TrainingPeriod) -> tuple[str, ...]:
    count, *amounts = _amounts(period.total)
    return (label, count, f"{len(period.days):,}", *amounts)


def _amounts(totals: Totals) -> tuple[str, ...]:
    from commitcollect_adapters.wording.amounts import show_amount
    from commitcollect_core.values import TargetType

    return (
        f"{totals.workouts:,}",
        show_amount(TargetType.DISTANCE_METERS, totals.distance_meters),
        show_amount(TargetType.ELEVATION_METERS, totals.elevation_meters),
        show_amount(TargetType.MOVING_TIME_SECONDS, totals.moving_seconds),
    )


def _change(now: int, before: int) -> str | None:
    """How much more or less, in percent; None where there was nothing."""
    return f"{round((now - before) * 100 / before):+,} %" if before else None


def _bests(period: TrainingPeriod, place: LocalTime | None) -> Iterator[str]:
    from commitcollect_adapters.wording.amounts import show_amount
    from commitcollect_core.values import TargetType

    longest, highest = period.longest, period.highest
    if longest is not None:
        amount = show_amount(TargetType.DISTANCE_METERS, longest.snapshot.distance_meters)
        yield f"Longest: {amount}, {_described(longest, place)}"
    if highest is not None:
        amount = show_amount(TargetType.ELEVATION_METERS, highest.snapshot.elevation_meters)
        yield f"Highest: {amount}, {_described(highest, place)}"


def _described(workout: Workout, place: LocalTime | None) -> str:
    from commitcollect_core.training.goals import day_of

    snapshot = workout.snapshot
    on = date.fromordinal(day_of(workout, place))
    return f"{on.day} {on:%b %Y}, {snapshot.sport_type} {snapshot.name}".rstrip()


def _draws() -> bool:
    """Whether stdout is a terminal that shows shades and bars."""
    if not sys.stdout.isatty() or os.environ.get("TERM") == "dumb":
        return False
    try:
        (_SHADES + _HEIGHTS).encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _pictures(found: Summary) -> Iterator[str]:
    from commitcollect_core.training.recurrence import Every

    period = found.period
    span = period.span
    yield ""
    if found.every is Every.YEAR:
        first = Every.MONTH.number(span.first)
        stretches, totals = range(first, Every.MONTH.number(span.end)), period.months
        unit = "month"
    else:
        stretches, totals, unit = range(span.first, span.end), period.days, "day"
    parts = [totals.get(each) for each in stretches]
    for name, attribute in (
        ("Distance", "distance_meters"),
        ("Climb", "elevation_meters"),
        ("Moving", "moving_seconds"),
    ):
        amounts = [0 if each is None else getattr(each, attribute) for each in parts]
        yield f"{name:<8}  {sparkline(amounts)}  by {unit}"
    yield ""
    yield from heat_map(period)


def sparkline(amounts: Sequence[int]) -> str:
    """A bar for each amount, a space for nothing; the largest is the highest."""
    most = max(amounts, default=0)
    return "".join(" " if not each else _HEIGHTS[-(-each * len(_HEIGHTS) // most) - 1] for each in amounts)


def heat_map(period: TrainingPeriod) -> Iterator[str]:
    """A row for each weekday, a column for each week; the darker, the more time in motion."""
    from commitcollect_core.training.recurrence import Every

    span = period.span
    most = max((each.moving_seconds for each in period.days.values()), default=0)
    weeks = range(Every.WEEK.number(span.first), Every.WEEK.number(span.end - 1) + 1)
    for weekday, name in enumerate(_WEEKDAYS):
        days = [Every.WEEK.first_day(week) + weekday for week in weeks]
        row = [_shade(period.days.get(day), most) if span.first <= day < span.end else " " for day in days]
        yield f"{name}  {''.join(row)}".rstrip()


def _shade(totals: Totals | None, most: int) -> str:
    if totals is None:
        return _SHADES[0]
    # An active day is never as pale as one at rest, also where no time is known.
    level = -(-totals.moving_seconds * (len(_SHADES) - 1) // most) if most else 1
    return _SHADES[max(level, 1)]
