"""Tables of other tools: API lists, Garmin Connect, Runkeeper.

Garmin and Runkeeper give no moment but the wall clock of the place, and Garmin no unit; what is assumed is
said once. Neither has ids of Strava, so their workouts have the source FILE.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from attrs import frozen

from commitcollect_adapters.readers.activities import EXPORTED, Activity, parse_duration, read_activity
from commitcollect_adapters.readers.bulk_export import KILOMETER, SHOWN_SPEED_METERS_PER_SECOND_MAX
from commitcollect_adapters.readers.columns import Locale, fold, fold_sport, sports_of
from commitcollect_adapters.readers.fields import (
    Values,
    clean_name,
    clean_text,
    file_id,
    finite,
    parse_plain_number,
    shown,
)
from commitcollect_adapters.readers.locales import ENGLISH, GERMAN
from commitcollect_adapters.readers.localised import parse_date, parse_localised_number, sport_named
from commitcollect_core.errors import InvalidInput
from commitcollect_core.policy import Policy
from commitcollect_core.training.workouts import UNKNOWN_SPORT_TYPE, ActivitySnapshot
from commitcollect_core.values import Source

MILE = 1_609.344
FOOT = 0.3048

_NOTHING = frozenset({"", "--", "nan", "none", "null", "nat"})
_SHORT_DURATION = re.compile(r"([0-9]{1,3}):([0-9]{2})(?:[.,][0-9]{1,9})?")
_SPORTS = sports_of(
    {
        "AlpineSki": "Resort Skiing|Resort Skiing/Snowboarding",
        "BackcountrySki": "Backcountry Skiing/Snowboarding",
        "HighIntensityIntervalTraining": "HIIT",
        "NordicSki": "XC Classic Skiing|XC Skate Skiing",
        "Ride": "Road Cycling|Indoor Cycling|Spinning|Cyclocross|Track Cycling|Radfahren|Indoor-Radfahren|"
        "Rennradfahren",
        "EBikeRide": "eBiking|E-Biking",
        "GravelRide": "Gravel/Unpaved Cycling",
        "RockClimbing": "Bouldering|Indoor Climbing",
        "Rowing": "Indoor Rowing|Rudern",
        "Run": "Treadmill Running|Track Running|Street Running|Indoor Running|Ultra Running|Laufen|"
        "Laufbandlaufen|Laufbandtraining",
        "Swim": "Pool Swimming|Open Water Swimming|Lap Swimming|Schwimmbadschwimmen|Freiwasserschwimmen",
        "StairStepper": "Floor Climbing",
        "Walk": "Casual Walking|Speed Walking|Indoor Walking|Rucking",
        "Workout": "Cardio|Other|Fitness Equipment|Arc Trainer",
    }
)
_SWIM_OR_ROW = frozenset({"Swim", "Rowing"})


def other_table(titles: Sequence[str]) -> ApiTable | DeviceTable | None:
    """The reader of a table with these titles, or None."""
    # Garmin's table of 2020 called its time so.
    names = ["time" if (name := fold(title)) == "activity time" else name for title in titles]
    known = set(names)
    if ({"id", "start_date", "distance"} <= known and {"type", "sport_type"} & known) or {
        "id", "start_time", "distance_raw",
    } <= known or {"run_id", "start_date", "distance"} <= known or known >= EXPORTED:  # fmt: skip
        return ApiTable(names=names)
    for locale, wanted in _GARMIN:
        if set(wanted.values()) - {wanted["moving"], wanted["elapsed"], *_CLIMBS} <= known:
            return _garmin(names, wanted, locale)
    is_named = {"activity id", "route name"} & known  # older tables have no ids
    if is_named and {"date", "type", "duration"} <= known and {"distance (km)", "distance (mi)"} & known:
        return _runkeeper(names)
    return None


@frozen(kw_only=True)
class ApiTable:
    """A list of activities flattened to one row each.

    Of Strava's API, of its training log or of running_page.
    """

    names: Sequence[str]
    doubts: tuple[str, ...] = ()

    def read(self, cells: Sequence[str], policy: Policy) -> Activity:
        """See `Table`."""
        payload: dict[str, Any] = {}
        for name, cell in zip(self.names, cells, strict=True):
            if (text := cell.strip()).lower() not in _NOTHING:
                payload.setdefault(name, text)
        for name in ("utc_offset", "start_date_local_raw"):
            if isinstance(number := payload.get(name), str):
                payload[name] = finite(parse_plain_number(number))
        return read_activity(payload, policy)


@frozen(kw_only=True)
class DeviceTable:
    """A table of another service, with its own names, units and ids.

    Attributes:
        at: where each column is.
        meters: of one unit of distance, by sport.
        climb_meters: of one unit of climb.
        prefix: of ids made from the start, where there are none.
    """

    at: Mapping[str, int]
    locale: Locale
    meters: Callable[[str, float], float]
    climb_meters: float
    prefix: str
    doubts: tuple[str, ...]

    def read(self, cells: Sequence[str], policy: Policy) -> Activity:
        """See `Table`."""
        values = Values()
        start = self._start(cells)
        sport_type = self._sport_type(cells, values)
        moving = self._seconds(cells, "moving", values) or self._seconds(cells, "time", values)
        elapsed = self._seconds(cells, "elapsed", values)
        meters = self._number(cells, "distance", values, lambda value: self.meters(sport_type, value))
        seconds = max(moving, elapsed)
        if seconds and meters > SHOWN_SPEED_METERS_PER_SECOND_MAX * seconds:
            limit = f"a guess at {meters / KILOMETER:,.0f} km, too far for {seconds:,} seconds"
            meters = values.without("distance", self._cell(cells, "distance"), limit, 0)
        snapshot = ActivitySnapshot(
            source=Source.FILE,
            activity_id=file_id(
                self._cell(cells, "id") or f"{self.prefix}-{start:%Y%m%dT%H%M%S}", "activity id"
            ),
            sport_type=sport_type,
            started_at=start,
            distance_meters=meters,
            elevation_meters=self._number(cells, "climb", values, lambda value: value * self.climb_meters),
            moving_seconds=moving,
            elapsed_seconds=elapsed,
            name=clean_name(self._cell(cells, "title"), policy),
        )
        return Activity(snapshot=snapshot, set_aside=tuple(values.set_aside))

    def _cell(self, cells: Sequence[str], name: str) -> str:
        at = self.at.get(name)
        cell = "" if at is None else cells[at].strip()
        return "" if cell.lower() in _NOTHING else cell

    def _start(self, cells: Sequence[str]) -> datetime:
        cell = self._cell(cells, "date")
        if (start := parse_date(cell, self.locale)) is None:
            raise InvalidInput(
                f"the date {shown(cell)} is not a date with time, written like 2026-05-01 06:30:00; give the "
                "table as it was downloaded",
                field="date",
            )
        return start

    def _sport_type(self, cells: Sequence[str], values: Values) -> str:
        received = clean_text(self._cell(cells, "type"))
        if not received:
            return values.without("type", received, "no sport", UNKNOWN_SPORT_TYPE)
        return _SPORTS.get(fold_sport(received)) or sport_named(received, self.locale) or received

    def _seconds(self, cells: Sequence[str], name: str, values: Values) -> int:
        cell = self._cell(cells, name)
        if not cell:
            return 0
        if (seconds := parse_duration(cell)) is not None:
            return seconds
        if found := _SHORT_DURATION.fullmatch(cell):
            return int(found[1]) * 60 + int(found[2])
        return values.without(name, cell, "not a time like 1:02:03", 0)

    def _number(
        self, cells: Sequence[str], name: str, values: Values, meters: Callable[[float], float]
    ) -> int:
        cell = self._cell(cells, name)
        if not cell:
            return 0
        if (value := parse_localised_number(cell, self.locale)) is None:
            return values.without(name, cell, "not a number", 0)
        return values.measure(meters(value), name)


_LOCAL_TIMES = (
    "dates are the wall clock of the place, without its zone: read as UTC, so a workout close to midnight "
    "may count for the day before or after"
)
_NO_UNITS = (
    "Garmin's table has no units: read as kilometres (swims as metres) and metres of climb; if Garmin "
    "Connect shows miles and feet, set it to metric units and export again"
)
_CLIMBS = ("total ascent", "elev gain", "positiver höhenunterschied", "anstieg gesamt")
_GARMIN: tuple[tuple[Locale, dict[str, str]], ...] = (
    (
        ENGLISH,
        {
            "type": "activity type", "date": "date", "favorite": "favorite", "title": "title",
            "distance": "distance", "time": "time", "moving": "moving time", "elapsed": "elapsed time",
        },
    ),
    (
        GERMAN,
        {
            "type": "aktivitätstyp", "date": "datum", "favorite": "favorit", "title": "titel",
            "distance": "distanz", "time": "zeit", "moving": "zeit in bewegung",
            "elapsed": "verstrichene zeit",
        },
    ),
)  # fmt: skip


def _garmin(names: Sequence[str], wanted: Mapping[str, str], locale: Locale) -> DeviceTable:
    at = {name: names.index(title) for name, title in wanted.items() if title in names}
    if climb := next((title for title in _CLIMBS if title in names), None):
        at["climb"] = names.index(climb)

    def meters(sport_type: str, value: float) -> float:
        return value if sport_type in _SWIM_OR_ROW and value.is_integer() else value * KILOMETER

    return DeviceTable(
        at=at,
        locale=locale,
        meters=meters,
        climb_meters=1,
        prefix="garmin",
        doubts=(_LOCAL_TIMES, _NO_UNITS),
    )


def _runkeeper(names: Sequence[str]) -> DeviceTable:
    titles = {
        "id": ("activity id",), "date": ("date",), "type": ("type",), "title": ("route name",),
        "distance": ("distance (km)", "distance (mi)"), "time": ("duration",),
        "climb": ("climb (m)", "climb (ft)"),
    }  # fmt: skip
    at = {name: names.index(each) for name, some in titles.items() for each in some if each in names}
    unit = MILE if "distance (mi)" in names else KILOMETER
    return DeviceTable(
        at=at,
        locale=ENGLISH,
        meters=lambda _sport_type, value: value * unit,
        climb_meters=FOOT if "climb (ft)" in names else 1,
        prefix="runkeeper",
        doubts=(_LOCAL_TIMES,),
    )
