"""Options and argument types that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

from commitcollect_adapters.wording.units import KINDS, parse_amount
from commitcollect_cli.late import given_before
from commitcollect_core.errors import InvalidInput
from commitcollect_core.training.sports import SportSelection
from commitcollect_core.values import ActivityId, AthleteId, MilestoneId, UserId, require_id, utc

_Command = TypeVar("_Command", bound=Callable[..., Any])


PORT_MAX = 65_535
USER_DEFAULT = "me"


class UtcDay(click.ParamType[datetime]):
    """A day such as 2019-01-01, meaning its first instant in UTC; a goal's time zone moves it."""

    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read the day, or fail with what a day looks like."""
        if isinstance(value, datetime):
            return value
        try:
            return datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=UTC)
        except ValueError:
            self.fail(f"{value!r} is not a day; write it as 2019-01-31", param, ctx)


class Amount(click.ParamType[int]):
    """An amount with its unit, such as 10.2km; whole metres or seconds."""

    def __init__(self, kind: str) -> None:
        self._kind = KINDS[kind]
        self.name = "|".join(filter(None, self._kind.units))

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read the amount, or fail with what an amount looks like."""
        if isinstance(value, int):
            return value
        try:
            return parse_amount(self._kind, value, needs_unit=True)
        except InvalidInput as invalid:
            self.fail(invalid.message, param, ctx)


class Instant(click.ParamType[datetime]):
    """A date with time and zone, such as 2026-01-31T07:00Z, as it was given."""

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read the instant, or fail with what one looks like."""
        if isinstance(value, datetime):
            return value
        try:
            instant = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a date with time; write it like 2026-01-31T07:00Z", param, ctx)
        if instant.utcoffset() is None:
            self.fail(
                f"{value!r} has no time zone; write 2026-01-31T07:00Z for UTC, or 2026-01-31T08:00+01:00",
                param,
                ctx,
            )
        try:
            utc(instant)
        except InvalidInput as invalid:
            self.fail(invalid.message, param, ctx)
        return instant


def parse_milestone_id(ctx: click.Context, param: click.Parameter, value: str | None) -> MilestoneId | None:
    """Callback of a milestone's id, which may be left out where the option allows it."""
    return None if value is None else MilestoneId(_checked_id(ctx, param, value))


def parse_activity_id(ctx: click.Context, param: click.Parameter, value: str) -> ActivityId:
    """Callback of an activity's id."""
    return ActivityId(_checked_id(ctx, param, value))


def parse_athlete_id(ctx: click.Context, param: click.Parameter, value: str | None) -> AthleteId | None:
    """Callback of the id of one of Strava's athletes, which may be left out."""
    return None if value is None else AthleteId(_checked_id(ctx, param, value))


def _checked_id(ctx: click.Context, param: click.Parameter, value: str) -> str:
    try:
        require_id(value, param.name or "id")
    except InvalidInput as invalid:
        raise click.BadParameter(invalid.message, ctx, param) from invalid
    return value


def parse_sports(ctx: click.Context, param: click.Parameter, names: tuple[str, ...]) -> SportSelection:
    """Callback of ``--sport``: several options, or names with commas between."""
    try:
        return SportSelection.parse(name for each in names or ("ANY",) for name in each.split(","))
    except InvalidInput as invalid:
        raise click.BadParameter(invalid.message, ctx, param) from invalid


def parse_user(ctx: click.Context, param: click.Parameter, value: str | None) -> UserId:
    """Callback of ``--user``."""
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


user_option = click.option(
    "--user", "user_id", callback=parse_user, metavar="ID", help=f"The athlete.  [default: {USER_DEFAULT}]"
)


def limit_option(default: int) -> Callable[[_Command], _Command]:
    """``--limit`` of a list; the policy bounds it."""
    return click.option(
        "--limit", type=click.IntRange(1), help=f"The most to list.  [default: {default}]", metavar="N"
    )
