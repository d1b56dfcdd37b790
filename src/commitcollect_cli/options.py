"""Options and argument types that several commands share."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from commitcollect_cli.completing import complete_sport
from commitcollect_cli.late import given_before
from commitcollect_core.errors import InvalidInput

if TYPE_CHECKING:
    from commitcollect_core.training.sports import SportSelection
    from commitcollect_core.values import ActivityId, AthleteId, MilestoneId, UserId

_Command = TypeVar("_Command", bound=Callable[..., Any])


PORT_MAX = 65_535
USER_DEFAULT = "me"


_RELATIVE = re.compile(r"-(?P<count>[0-9]{1,5})(?P<unit>[dw])")
_DAYS_OF = {"d": 1, "w": 7}


class UtcDay(click.ParamType[datetime]):
    """A day such as 2019-01-01, today or -30d, as its first instant in UTC; a goal's time zone moves it."""

    name = "DAY"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read the day, or fail with what a day looks like."""
        if isinstance(value, datetime):
            return value
        back = _RELATIVE.fullmatch(value)
        try:
            if back is not None:
                days = int(back["count"]) * _DAYS_OF[back["unit"]]
            elif value.lower() in _DAYS_AGO:
                days = _DAYS_AGO[value.lower()]
            else:
                return _in_calendar(datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=UTC))
            return _in_calendar(today(ctx) - timedelta(days=days))
        except InvalidInput as invalid:
            self.fail(f"{value!r}: {invalid.message}", param, ctx)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is not a day; write it as 2019-01-31, today, yesterday or -30d", param, ctx)


def with_absolute_day(option: click.Parameter, ctx: click.Context, args: list[str]) -> list[str]:
    """The arguments with the day of ``--option -4w`` or ``--option=-4w`` as a date.

    For an option whose value may be left out: click takes what begins with a dash for the next option.
    """
    [name] = option.opts
    found: list[str] = []
    for each in args:
        if each.startswith(f"{name}=-"):
            found += [name, f"{UtcDay().convert(each.partition('=')[2], option, ctx).date()}"]
        elif found and found[-1] == name and _RELATIVE.fullmatch(each):
            found.append(f"{UtcDay().convert(each, option, ctx).date()}")
        else:
            found.append(each)
    return found


_DAY_CHARS = len("2026-01-31")
_CALENDAR_YEARS = range(2, 9_999)


def _in_calendar(day: datetime) -> datetime:
    """The day, unless what a time zone or the end of a span adds to it may leave the calendar."""
    if day.year in _CALENDAR_YEARS:
        return day
    raise InvalidInput(f"it lies outside the years {_CALENDAR_YEARS[0]} to {_CALENDAR_YEARS[-1]}")


_DAYS_AGO = {"today": 0, "yesterday": 1}


def today(ctx: click.Context | None = None) -> datetime:
    """The day it is in the time zone given before, else in that of the settings, as its first instant in UTC.

    Raises:
        InvalidInput: a setting is not acceptable, or there is no such time zone.
    """
    from commitcollect_adapters.system import SystemClock
    from commitcollect_adapters.time_zones import local_time

    now = SystemClock().now()
    given = None if ctx is None else ctx.params.get("time_zone")
    zone = given or _time_zone_set()
    offset = local_time(zone, now, now).offset_seconds(now) if zone else 0
    return (now + timedelta(seconds=offset)).replace(hour=0, minute=0, second=0)


def _time_zone_set() -> str:
    """The time zone of the settings; empty for none."""
    from commitcollect_adapters.settings import load_settings

    return load_settings({}, os.environ, Path())[0].time_zone


class NamedPath(click.Path):
    """The path of what has to be a file or folder: ``-`` is neither, and no stream is meant either."""

    def __init__(self, stream: str = "standard output", *, file_okay: bool = True) -> None:
        super().__init__(path_type=Path, file_okay=file_okay)
        self._stream = stream

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Take the path, or fail with what to write instead."""
        if str(value) == "-":
            self.fail(f"'-' is not {self._stream} here; give a name, or ./- for such a file", param, ctx)
        return super().convert(value, param, ctx)


class Month(click.ParamType[datetime]):
    """A month such as 2026-05, as its first instant in UTC."""

    name = "YYYY-MM"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read the month, or fail with what a month looks like."""
        if isinstance(value, datetime):
            return value
        try:
            return _in_calendar(datetime.strptime(value, "%Y-%m").replace(tzinfo=UTC))
        except InvalidInput as invalid:
            self.fail(f"{value!r}: {invalid.message}", param, ctx)
        except ValueError:
            self.fail(f"{value!r} is not a month; write it as 2026-05", param, ctx)


def span_of(
    *,
    start: datetime | None,
    end: datetime | None,
    through: datetime | None,
    year: int | None,
    month: datetime | None,
) -> tuple[datetime | None, datetime | None]:
    """The first day of a span and the day behind its last, of the options that name one.

    Raises:
        click.UsageError: two of them say the same thing.
    """
    if end is not None and through is not None:
        raise click.UsageError("give --to, the first day left out, or --through, the last one in; not both")
    if through is not None:
        end = through + timedelta(days=1)
    if year is None and month is None:
        return start, end
    if (year is not None and month is not None) or start is not None or end is not None:
        raise click.UsageError("give --year, --month, or --from with --to or --through; one of them")
    if month is None:
        first = datetime(year or 1, 1, 1, tzinfo=UTC)
        return first, first.replace(year=first.year + 1)
    return month, (month + timedelta(days=_MONTH_DAYS_MAX)).replace(day=1)


_MONTH_DAYS_MAX = 31
YEAR_MIN, YEAR_MAX = 1900, 2200
"""Those of goals; here, as reading goals costs more than reading options."""


def span_options(what: str) -> Callable[[_Command], _Command]:
    """``--from``, ``--to``, ``--through``, ``--year`` and ``--month``: which days count, or are listed."""
    return chained(
        click.option("--from", "start_day", type=UtcDay(), help=f"Leave out {what} that start before."),
        click.option(
            "--to", "end_day", type=UtcDay(), help=f"Leave out {what} that start on this day or later."
        ),
        click.option("--through", "last_day", type=UtcDay(), help="The last day that is in."),
        click.option(
            "--year",
            type=click.IntRange(YEAR_MIN, YEAR_MAX),
            metavar="YYYY",
            help="From January to December.",
        ),
        click.option("--month", type=Month(), help="The days of one month."),
    )


AMOUNT_UNITS = {"distance": "km|m|mi|ft", "elevation": "m|ft", "time": "h|min|s"}
"""The units of `KINDS`, as the help shows them."""


class Amount(click.ParamType[int]):
    """An amount with its unit, such as 10.2km; whole metres or seconds."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self.name = AMOUNT_UNITS[kind]

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read the amount, or fail with what an amount looks like."""
        from commitcollect_adapters.wording.units import KINDS, most_of, parse_amount

        if isinstance(value, int):
            return value
        try:
            kind = KINDS[self._kind]
            return parse_amount(kind, value, needs_unit=True, most=most_of(kind))
        except InvalidInput as invalid:
            self.fail(invalid.message, param, ctx)


class Instant(click.ParamType[datetime]):
    """A date with time, such as 2026-01-31T07:00Z; without a zone, in the time zone of the settings."""

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read the instant, or fail with what one looks like."""
        from commitcollect_core.values import utc

        if isinstance(value, datetime):
            return value
        try:
            instant = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a date with time; write it like 2026-01-31T07:00Z", param, ctx)
        if len(value) <= _DAY_CHARS:
            self.fail(f"{value!r} has no time of day; write it like 2026-01-31T07:00Z", param, ctx)
        try:
            _in_calendar(instant)
            instant = instant if instant.tzinfo is not None else self._local(instant, value)
            utc(instant)
        except InvalidInput as invalid:
            self.fail(invalid.message, param, ctx)
        return instant

    def _local(self, wall: datetime, value: str) -> datetime:
        zone = _time_zone_set()
        if not zone:
            raise InvalidInput(
                f"{value!r} has no time zone; write 2026-01-31T07:00Z for UTC, or 2026-01-31T08:00+01:00, or "
                "set time_zone"
            )
        from commitcollect_adapters.time_zones import at_wall_clock

        return at_wall_clock(wall, zone)


def parse_milestone_id(ctx: click.Context, param: click.Parameter, value: str | None) -> MilestoneId | None:
    """Callback of a milestone's id, which may be left out where the option allows it."""
    from commitcollect_core.values import MilestoneId

    return None if value is None else MilestoneId(_checked_id(ctx, param, value))


def parse_activity_id(ctx: click.Context, param: click.Parameter, value: str) -> ActivityId:
    """Callback of an activity's id."""
    from commitcollect_core.values import ActivityId

    return ActivityId(_checked_id(ctx, param, value))


def parse_athlete_id(ctx: click.Context, param: click.Parameter, value: str | None) -> AthleteId | None:
    """Callback of the id of one of Strava's athletes, which may be left out."""
    from commitcollect_core.values import AthleteId

    return None if value is None else AthleteId(_checked_id(ctx, param, value))


def _checked_id(ctx: click.Context, param: click.Parameter, value: str) -> str:
    from commitcollect_core.values import require_id

    try:
        require_id(value, param.name or "id")
    except InvalidInput as invalid:
        raise click.BadParameter(invalid.message, ctx, param) from invalid
    return value


def _sports(ctx: click.Context, param: click.Parameter, names: tuple[str, ...]) -> SportSelection | None:
    """Callback of ``--sport``: several options, or names with commas between; None for a shell."""
    if ctx.resilient_parsing:
        return None
    from commitcollect_core.training.sports import SportSelection

    try:
        return SportSelection.parse(name for each in names or ("ANY",) for name in each.split(","))
    except InvalidInput as invalid:
        raise click.BadParameter(invalid.message, ctx, param) from invalid


sport_option = click.option(
    "--sport",
    "sports",
    shell_complete=complete_sport,
    multiple=True,
    callback=_sports,
    metavar="NAME",
    help="Sport group (RUN, RIDE, SWIM, HIKE, …) or type (TrailRun) that counts; may be repeated.  "
    "[default: ANY]",
)


def parse_user(ctx: click.Context, param: click.Parameter, value: str | None) -> UserId:
    """Callback of ``--user``."""
    from commitcollect_core.values import UserId

    return UserId(_checked_id(ctx, param, given_before(ctx, param, value) or USER_DEFAULT))


def chained(*decorators: Callable[[_Command], _Command]) -> Callable[[_Command], _Command]:
    """One decorator of several, the first outermost."""

    def decorate(command: _Command) -> _Command:
        for each in reversed(decorators):
            command = each(command)
        return command

    return decorate


json_option = click.option(
    "--json", "as_json", is_flag=True, callback=given_before, help="Print one JSON object, errors included."
)


def listening_at(port: int) -> Callable[[_Command], _Command]:
    """Options of a command that serves; `port` is where, unless said otherwise."""
    return chained(
        click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on."),
        click.option(
            "--port",
            type=click.IntRange(0, PORT_MAX),
            default=port,
            show_default=True,
            help="Port to listen on; 0 for any that is free.",
        ),
    )


dry_run_option = click.option("--dry-run", "is_dry_run", is_flag=True, help="Only say what would be deleted.")
"""Of commands that destroy."""

user_option = click.option(
    "--user", "user_id", callback=parse_user, metavar="ID", help=f"The athlete.  [default: {USER_DEFAULT}]"
)


def limit_option(default: int) -> Callable[[_Command], _Command]:
    """``--limit`` of a list; the policy bounds it."""
    return click.option(
        "--limit", type=click.IntRange(1), help=f"The most to list.  [default: {default}]", metavar="N"
    )
