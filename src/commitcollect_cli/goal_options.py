"""The options that describe a goal."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import click

from commitcollect_cli.completing import complete_model, complete_target, complete_time_zone
from commitcollect_cli.options import chained, span_of, span_options, sport_option
from commitcollect_core.errors import InvalidInput


def _check_texts(_ctx: click.Context, param: click.Parameter, texts: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse what is no target while the options are read, with the option's name."""
    if not texts:
        return texts
    from commitcollect_adapters.wording.goals import parse_aim

    for each in texts:
        try:
            parse_aim(each)
        except InvalidInput as invalid:
            raise click.BadParameter(invalid.message, param=param) from invalid
    return texts


_options = chained(
    click.option(
        "--target",
        "targets",
        shell_complete=complete_target,
        multiple=True,
        metavar="KIND=AMOUNT",
        callback=_check_texts,
        help="distance=1000km (m, km, mi), elevation=8848m (m, ft), time=100h, count=52; days=100, weeks=40, "
        "months=10, streak=30d (d, w, m), each with a minimum such as @30km; best-distance=100km in one "
        "activity, best-elevation=5000m/7d in 7 days in a row. Behind it the sports it is for: count=52:RUN.",
    ),
    click.option("--all-of", "is_combination", is_flag=True, help="Make one goal of all targets together."),
    click.option("--rest", type=click.IntRange(0, 30), help="Rest days that a streak may hold in a row."),
    sport_option,
    click.option(
        "--time-zone",
        shell_complete=complete_time_zone,
        metavar="ZONE",
        help="Whose days are meant, such as Europe/Berlin. Default: time_zone of the settings, else UTC.",
    ),
    span_options("activities"),
    click.option(
        "--model",
        "model_id",
        shell_complete=complete_model,
        default="DRAGON_2026",
        show_default=True,
        help="Statue model.",
    ),
)

_NAMES = (
    "targets", "is_combination", "rest", "sports", "start_day", "end_day", "last_day", "year", "month",
    "time_zone", "model_id",
)  # fmt: skip


NO_FIRST_DAY = "give the first day that counts: --from 2026-01-01"


def goal_options(command: Callable[..., Any], *, needs_first_day: bool = False) -> Callable[..., Any]:
    """Give a command the options of a goal, and with them its `goals`."""

    @_options
    @wraps(command)
    def with_goals(**arguments: Any) -> Any:
        given = {name: arguments.pop(name) for name in _NAMES}
        year, month, last_day = (given.pop(name) for name in ("year", "month", "last_day"))
        given["start_day"], given["end_day"] = span_of(
            start=given["start_day"], end=given["end_day"], through=last_day, year=year, month=month
        )
        if needs_first_day and given["start_day"] is None:
            raise click.UsageError(NO_FIRST_DAY)
        from commitcollect_cli.wishes import GoalOptions

        said = GoalOptions(**given)
        return command(goals=said, **arguments)

    return with_goals


new_goal_options = partial(goal_options, needs_first_day=True)
"""As `goal_options`, of one that begins on a day; without it nothing else is looked at."""
