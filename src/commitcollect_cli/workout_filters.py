"""Which workouts a command is about: by day, sport and name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from commitcollect_cli.options import chained, span_of, span_options, sport_option

if TYPE_CHECKING:
    from commitcollect_core.training.sports import SportSelection
    from commitcollect_core.training.workouts import Workout

filter_options = chained(
    span_options("workouts"),
    sport_option,
    click.option(
        "--name", default="", metavar="TEXT", help="Only those with TEXT in their name, in any case."
    ),
)
"""The options of `instants` and `matches`."""


def instants(days: Mapping[str, Any], time_zone: str) -> tuple[datetime | None, datetime | None]:
    """The first instant of the days that are meant, and that of the day behind the last."""
    start, end = span_of(
        start=days["start_day"],
        end=days["end_day"],
        through=days["last_day"],
        year=days["year"],
        month=days["month"],
    )
    if start is not None and end is not None and end <= start:
        raise click.UsageError("the last day lies before the first one; no workout can be between them")
    known = [each for each in (start, end) if each is not None]
    if not time_zone or not known:
        return start, end
    from commitcollect_adapters.time_zones import local_time

    place = local_time(time_zone, min(known), max(known))
    first, last = (None if each is None else place.start_of(each.date().toordinal()) for each in (start, end))
    return first, last


def matches(workout: Workout, sports: SportSelection, name: str) -> bool:
    """Whether a workout is of these sports and has this text in its name."""
    snapshot = workout.snapshot
    return sports.covers(snapshot.sport_type) and name.casefold() in snapshot.name.casefold()
