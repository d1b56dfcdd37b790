"""``commitcollect capacity``: what a number of athletes needs and costs on DynamoDB."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isnan
from typing import TYPE_CHECKING, Any

import click

from commitcollect_adapters.dynamodb.capacity import Load, Prices
from commitcollect_cli.options import chained, json_option
from commitcollect_cli.output import print_json, show
from commitcollect_cli.render import show_count, table
from commitcollect_core.policy import DEFAULT_POLICY

if TYPE_CHECKING:
    from commitcollect_adapters.documents import Document

ATHLETES_MAX = 10**10
PER_WEEK_MIN, PER_WEEK_MAX = 0.01, 1_000
YEARS_MAX = 100
PEAK_MAX = 1_000
PRICE_MAX = 1_000_000
_WHOLE_FROM = 100
"""From here on people are shown no fraction."""
_SHOWN_MIN = 0.01

_LOAD, _PRICES = Load(athletes=1, per_week=1), Prices()
"""For their defaults."""


class Figure(click.FloatRange):
    """A number within bounds."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read the number, or fail with what its bounds are."""
        number: float = super().convert(value, param, ctx)
        if isnan(number):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return number


def _price_option(name: str, of_what: str) -> Any:
    return click.option(
        f"--{name}-price",
        type=Figure(0, PRICE_MAX),
        default=getattr(_PRICES, name),
        show_default=True,
        metavar="USD",
        help=f"Of {of_what}.",
    )


price_options = chained(
    _price_option("write", "a million write request units"),
    _price_option("read", "a million read request units"),
    _price_option("storage", "a gigabyte for a month"),
    _price_option("recovery", "point-in-time recovery of a gigabyte for a month"),
)


@click.command(short_help="Reckon what athletes need and cost on DynamoDB.")
@click.option("--athletes", type=click.IntRange(1, ATHLETES_MAX), required=True, metavar="N")
@click.option(
    "--per-week",
    type=Figure(PER_WEEK_MIN, PER_WEEK_MAX),
    required=True,
    metavar="N",
    help="Activities of each athlete.",
)
@click.option(
    "--milestones",
    type=click.IntRange(0, DEFAULT_POLICY.training.milestones_tracked_max),
    default=_LOAD.milestones,
    show_default=True,
    metavar="N",
    help="That each athlete has under way, and completes in a year.",
)
@click.option(
    "--years",
    type=click.IntRange(1, YEARS_MAX),
    default=_LOAD.years,
    show_default=True,
    metavar="N",
    help="Of activities that are stored.",
)
@click.option(
    "--peak",
    type=Figure(1, PEAK_MAX),
    default=_LOAD.peak,
    show_default=True,
    metavar="N",
    help="How many times the average the busiest second is.",
)
@price_options
@json_option
def capacity(
    *,
    athletes: int,
    per_week: float,
    milestones: int,
    years: int,
    peak: float,
    write_price: float,
    read_price: float,
    storage_price: float,
    recovery_price: float,
    as_json: bool,
) -> None:
    """Calculate the capacity and the cost of a number of athletes on DynamoDB. Makes no calls.

    It counts the ledgers and the markers of events. The prices are assumptions: look them up before you rely
    on them.
    """
    from commitcollect_adapters.dynamodb.capacity import capacity_document

    document = capacity_document(
        Load(athletes=athletes, per_week=per_week, milestones=milestones, years=years, peak=peak),
        Prices(write=write_price, read=read_price, storage=storage_price, recovery=recovery_price),
    )
    if as_json:
        print_json(document)
    else:
        for line in _lines(document):
            show(line)


def _lines(document: Document) -> Iterator[str]:
    load = document["load"]
    yield (
        f"{show_count(load['athletes'], 'athlete', 'athletes')} with {load['activitiesPerWeek']:,g} "
        f"{'activity' if load['activitiesPerWeek'] == 1 else 'activities'} a week, "
        f"{show_count(load['milestones'], 'milestone', 'milestones')} under way, "
        f"{show_count(load['years'], 'year', 'years')} stored"
    )
    yield ""
    yield from _rates(document)
    yield ""
    yield from _costs(document)
    yield ""
    athlete, event = document["athlete"], document["event"]
    units = f"{event['writeUnits']:g} write and {event['readUnits']:g} read units"
    yield f"An event takes {units} at any length of history."
    yield (
        f"An athlete adds {show_count(athlete['workoutsPerYear'], 'workout', 'workouts')} a year; "
        f"{athlete['storedBytes'] / 1_000:,.1f} kB are stored."
    )
    yield (
        f"An athlete's partition holds {athlete['workoutsMax']:,} workouts and takes "
        f"{athlete['commitsPerSecondMax']:,} of them a second."
    )


def _rates(document: Document) -> Iterator[str]:
    average, peak = document["perSecond"]["average"], document["perSecond"]["peak"]
    strava = document["strava"]
    return _numbers(
        ("", "average", f"peak ({document['load']['peakFactor']:,g} times)"),
        ("Events a second", average["events"], peak["events"]),
        ("Write units a second", average["writeUnits"], peak["writeUnits"]),
        ("Read units a second", average["readUnits"], peak["readUnits"]),
        ("Strava calls in 15 minutes", strava["callsPer15Minutes"], strava["callsPer15MinutesAtPeak"]),
        ("Strava calls a day", strava["callsPerDay"], ""),
    )


def _costs(document: Document) -> Iterator[str]:
    month, once = document["month"], document["import"]
    stored, cost = f"{_figure(month['storedGigabytes'])} GB", month["costUsd"]
    yield from _numbers(
        ("A month", "amount", "USD"),
        *_requests(month),
        ("Storage", stored, _money(cost["storage"])),
        ("Point-in-time recovery", stored, _money(cost["recovery"])),
        ("Total a month", "", _money(cost["total"])),
    )
    yield ""
    yield from _numbers(
        ("Once: bringing in what is stored", "amount", "USD"),
        *_requests(once),
        ("Total once", "", _money(once["costUsd"]["total"])),
    )


def _requests(part: Document) -> Iterator[tuple[str, float, str]]:
    yield "Write units", part["writeUnits"], _money(part["costUsd"]["writes"])
    yield "Read units", part["readUnits"], _money(part["costUsd"]["reads"])


def _numbers(*rows: Sequence[str | float]) -> Iterator[str]:
    """A table whose columns but the first are numbers, under the first row."""
    cells = [[each if isinstance(each, str) else _figure(each) for each in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    first, *rest = ((row[0], *map(str.rjust, row[1:], widths[1:])) for row in cells)
    return table(first, rest)


def _figure(value: float) -> str:
    """A number as exact as a person wants it."""
    if value < _SHOWN_MIN:
        return f"under {_SHOWN_MIN}"
    return f"{value:,.0f}" if value >= _WHOLE_FROM else f"{value:,.2f}"


def _money(dollars: float) -> str:
    return f"{dollars:,.2f}"
