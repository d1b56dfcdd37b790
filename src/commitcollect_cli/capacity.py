"""``commitcollect capacity``: what a number of athletes needs and costs on DynamoDB."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import isnan
from typing import Any

import click

from commitcollect_adapters.documents import Document
from commitcollect_adapters.dynamodb.capacity import (
    Bill,
    Capacity,
    Load,
    Prices,
    Units,
    event_units,
)
from commitcollect_cli.options import chained, json_option
from commitcollect_cli.output import print_json, show
from commitcollect_cli.render import show_count, table
from commitcollect_core.policy import DEFAULT_POLICY

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
    """Reckon what a number of athletes needs of DynamoDB and what that costs. Asks nobody.

    Counted are the ledgers and the markers of events. The prices are assumptions: look them up before you
    rely on them.
    """
    reckoned = Capacity(
        load=Load(athletes=athletes, per_week=per_week, milestones=milestones, years=years, peak=peak),
        prices=Prices(write=write_price, read=read_price, storage=storage_price, recovery=recovery_price),
    )
    if as_json:
        print_json(_document(reckoned))
    else:
        _print(reckoned)


def _print(reckoned: Capacity) -> None:
    for line in _lines(reckoned):
        show(line)


def _lines(reckoned: Capacity) -> Iterator[str]:
    load = reckoned.load
    yield (
        f"{show_count(load.athletes, 'athlete', 'athletes')} with {load.per_week:,g} "
        f"{'activity' if load.per_week == 1 else 'activities'} a week, "
        f"{show_count(load.milestones, 'milestone', 'milestones')} under way, "
        f"{show_count(load.years, 'year', 'years')} stored"
    )
    yield ""
    yield from _numbers(("", "average", f"peak ({load.peak:,g} times)"), _rates(reckoned))
    yield ""
    yield from _numbers(("A month", "amount", "USD"), _month(reckoned))
    yield ""
    yield from _numbers(("Once: bringing in what is stored", "amount", "USD"), _import(reckoned))
    yield ""
    yield from _athlete(reckoned)


def _numbers(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table whose columns but the first are numbers."""
    cells = [tuple(header), *(tuple(row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    first, *rest = ((row[0], *map(str.rjust, row[1:], widths[1:])) for row in cells)
    return table(first, rest)


def _rates(reckoned: Capacity) -> Iterator[tuple[str, str, str]]:
    units = reckoned.units_per_second
    for what, average in (
        ("Events a second", reckoned.events_per_second),
        ("Write units a second", units.write),
        ("Read units a second", units.read),
        ("Strava calls in 15 minutes", reckoned.calls_per_window),
    ):
        yield what, _figure(average), _figure(average * reckoned.load.peak)
    yield "Strava calls a day", _figure(reckoned.calls_per_day), ""


def _month(reckoned: Capacity) -> Iterator[tuple[str, str, str]]:
    units, bill = reckoned.units_per_month, reckoned.bill_per_month
    stored = f"{_figure(reckoned.stored_gigabytes)} GB"
    yield from _requests(units, bill)
    yield "Storage", stored, _money(bill.storage)
    yield "Point-in-time recovery", stored, _money(bill.recovery)
    yield "Total a month", "", _money(bill.total)


def _import(reckoned: Capacity) -> Iterator[tuple[str, str, str]]:
    yield from _requests(reckoned.import_units, reckoned.import_bill)
    yield "Total once", "", _money(reckoned.import_bill.total)


def _requests(units: Units, bill: Bill) -> Iterator[tuple[str, str, str]]:
    yield "Write units", _figure(units.write), _money(bill.writes)
    yield "Read units", _figure(units.read), _money(bill.reads)


def _athlete(reckoned: Capacity) -> Iterator[str]:
    event = event_units(reckoned.load.milestones)
    yield f"An event takes {event.write:g} write and {event.read:g} read units at any length of history."
    yield (
        f"An athlete adds {show_count(reckoned.workouts_per_year, 'workout', 'workouts')} a year; "
        f"{reckoned.athlete_bytes / 1_000:,.1f} kB are stored."
    )
    yield (
        f"An athlete's partition holds {reckoned.athlete_workouts_max:,} workouts and takes "
        f"{reckoned.athlete_commits_per_second_max:,} of them a second."
    )


def _figure(value: float) -> str:
    """A number as exact as a person wants it."""
    if value < _SHOWN_MIN:
        return f"under {_SHOWN_MIN}"
    return f"{value:,.0f}" if value >= _WHOLE_FROM else f"{value:,.2f}"


def _money(dollars: float) -> str:
    return f"{dollars:,.2f}"


def _document(reckoned: Capacity) -> Document:
    load, prices = reckoned.load, reckoned.prices
    event = event_units(load.milestones)
    return {
        "load": {
            "athletes": load.athletes,
            "activitiesPerWeek": load.per_week,
            "milestones": load.milestones,
            "years": load.years,
            "peakFactor": load.peak,
        },
        "pricesUsd": {
            "millionWriteUnits": prices.write,
            "millionReadUnits": prices.read,
            "storageGigabyteMonth": prices.storage,
            "recoveryGigabyteMonth": prices.recovery,
        },
        "event": {"writeUnits": event.write, "readUnits": event.read},
        "perSecond": {"average": _rate_document(reckoned, 1), "peak": _rate_document(reckoned, load.peak)},
        "month": {
            "writeUnits": reckoned.units_per_month.write,
            "readUnits": reckoned.units_per_month.read,
            "storedGigabytes": reckoned.stored_gigabytes,
            "costUsd": {
                **_requests_document(reckoned.bill_per_month),
                "storage": round(reckoned.bill_per_month.storage, 2),
                "recovery": round(reckoned.bill_per_month.recovery, 2),
            },
        },
        "import": {
            "writeUnits": reckoned.import_units.write,
            "readUnits": reckoned.import_units.read,
            "costUsd": _requests_document(reckoned.import_bill),
        },
        "strava": {
            "callsPerDay": reckoned.calls_per_day,
            "callsPer15Minutes": reckoned.calls_per_window,
            "callsPer15MinutesAtPeak": reckoned.calls_per_window * load.peak,
        },
        "athlete": {
            "workoutsPerYear": reckoned.workouts_per_year,
            "storedBytes": reckoned.athlete_bytes,
            "workoutsMax": reckoned.athlete_workouts_max,
            "commitsPerSecondMax": reckoned.athlete_commits_per_second_max,
        },
    }


def _rate_document(reckoned: Capacity, factor: float) -> Document:
    units = reckoned.units_per_second.times(factor)
    return {
        "events": reckoned.events_per_second * factor,
        "writeUnits": units.write,
        "readUnits": units.read,
    }


def _requests_document(bill: Bill) -> Document:
    return {
        "writes": round(bill.writes, 2),
        "reads": round(bill.reads, 2),
        "total": round(bill.total, 2),
    }
