"""Strava's bulk export: which cells of ``activities.csv`` mean what.

The table had 10 columns in 2019 and has up to 101 by now, in the account's language, with some titles twice
and some wrapped in HTML, so columns are found by title. Of two Distance columns the first is for people, the
second holds metres; of two Elapsed Time columns the second has the finer value. Where the titles are in no
language we know, the columns are taken by position, which does not depend on the language.

Tables of 10 columns have no Moving Time and no Elevation Gain. Both are 0 then: the elapsed time is no moving
time, and a missing value is better than an invented one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from attrs import evolve, frozen

from commitcollect_adapters.readers.activities import Activity, parse_duration
from commitcollect_adapters.readers.columns import Column, Locale, fold_title
from commitcollect_adapters.readers.fields import (
    Values,
    clean_name,
    clean_text,
    described,
    parse_plain_number,
    shown,
    strava_id,
)
from commitcollect_adapters.readers.locales import ANY_LANGUAGE, BEFORE_JULY_2019, ENGLISH, LOCALES
from commitcollect_adapters.readers.localised import parse_date, parse_localised_number, sport_named
from commitcollect_core.errors import InvalidInput
from commitcollect_core.policy import Policy
from commitcollect_core.training.sports import known_sport_type
from commitcollect_core.training.workouts import UNKNOWN_SPORT_TYPE, ActivitySnapshot
from commitcollect_core.values import Source

NEEDED = (Column.ID, Column.DATE, Column.TYPE, Column.DISTANCE)
EXPECTED = (Column.ELEVATION, Column.MOVING, Column.FLAGGED)
"""Columns that every table of more than `FEW_COLUMNS` has."""

FEW_COLUMNS = 10
UNCUT_COLUMNS = 60
"""From here on a table that begins as an export does has all its columns: no tool has taken any out."""

SHOWN_SPEED_METERS_PER_SECOND_MAX = 30
"""No sport is that fast on average; a distance whose unit is a guess, and that would be, is none."""

SECONDS_WITHOUT_TIME_MAX = 4 * 3_600
"""How long a workout of which no time is known may have lasted, where its distance is judged."""

SHOWN_METERS = {"Swim": 1, "Rowing": 1, "VirtualRow": 1, "Sail": 1_852}
"""The unit of the distance for people, by sport: metres, or nautical miles."""

KILOMETER = 1_000
_UNITS = {1: (1, 0.9144), 1_852: (1_852, KILOMETER, 1_609.344), KILOMETER: (KILOMETER, 1_609.344)}
"""Units of the distance for people in accounts of either system, by the metric one."""

_UNIT_TOLERANCE = 0.02

CURE = "set the language of your account to English, request the export again and give it as Strava sends it"

_POSITIONS = {
    Column.ID: 0, Column.DATE: 1, Column.NAME: 2, Column.TYPE: 3, Column.ELAPSED: 5, Column.DISTANCE: 6,
}  # fmt: skip
_MOVING_AFTER_ELAPSED = 1
_DISTANCE_AFTER_ELAPSED = 2
_ELEVATION_AFTER_DISTANCE = 3
_ID = re.compile(r"[0-9]{6,20}(?:\.0)?\Z")
_DECIMAL_COMMA = re.compile(r"-?[0-9]+,[0-9]+")
_NOT_FLAGGED = frozenset({"", "false"})


@frozen(kw_only=True)
class Layout:
    """Which cells of a row mean what.

    Attributes:
        titles: of all columns, without HTML.
        places: where each column is, in the order they stand.
        has_decimal_comma: whether a tool may have written metres and seconds so.
        doubts: what cannot be known from this table but matters to the athlete.
    """

    locale: Locale
    titles: Sequence[str]
    places: Mapping[Column, Sequence[int]]
    has_decimal_comma: bool = False
    doubts: tuple[str, ...] = ()

    def read(self, cells: Sequence[str], policy: Policy) -> Activity:
        """Read the activity of a row.

        Raises:
            InvalidInput: the id or the start cannot be read; the message names its column and its value.
        """
        values = Values()
        activity_id = strava_id(self._cell(cells, Column.ID), self._title(Column.ID))
        start = self._start(cells)
        sport_type = self._sport_type(cells, values)
        moving = self._measure(cells, Column.MOVING, values)
        elapsed = self._measure(cells, Column.ELAPSED, values, 1)
        elapsed = elapsed or self._measure(cells, Column.ELAPSED, values)
        snapshot = ActivitySnapshot(
            source=Source.STRAVA,
            activity_id=activity_id,
            sport_type=sport_type,
            started_at=start,
            distance_meters=self._distance(cells, sport_type, max(moving, elapsed), values),
            elevation_meters=self._measure(cells, Column.ELEVATION, values),
            moving_seconds=moving,
            elapsed_seconds=elapsed,
            name=clean_name(self._cell(cells, Column.NAME), policy),
            is_flagged=self._flag(cells, values),
        )
        return Activity(snapshot=snapshot, set_aside=tuple(values.set_aside))

    def _cell(self, cells: Sequence[str], column: Column, nth: int = 0) -> str:
        places = self.places.get(column, ())
        return cells[places[nth]].strip() if nth < len(places) else ""

    def _title(self, column: Column) -> str:
        return self.titles[self.places[column][0]][:40]

    def _start(self, cells: Sequence[str]) -> datetime:
        cell = self._cell(cells, Column.DATE)
        if (start := parse_date(cell, self.locale)) is None:
            title = self._title(Column.DATE)
            raise InvalidInput(
                f"{title} {shown(cell)} is not a date with time in {self.locale.language}; {CURE}",
                field=title,
            )
        return start

    def _sport_type(self, cells: Sequence[str], values: Values) -> str:
        received = clean_text(self._cell(cells, Column.SPORT_TYPE))
        # Columns of that age hold numbers; a code is no name.
        if not received or parse_plain_number(received) is not None:
            received = clean_text(self._cell(cells, Column.TYPE))
        if not received:
            return values.without(self._title(Column.TYPE), received, "no sport", UNKNOWN_SPORT_TYPE)
        return sport_named(received, self.locale) or received

    def _distance(self, cells: Sequence[str], sport_type: str, seconds: int, values: Values) -> int:
        if self.locale.is_distance_meters:
            return self._measure(cells, Column.DISTANCE, values)
        exact, for_people = self._cell(cells, Column.DISTANCE, 1), self._cell(cells, Column.DISTANCE)
        if exact:
            return self._exact_distance(exact, for_people, sport_type, values)
        title = self._title(Column.DISTANCE)
        value = parse_localised_number(for_people, self.locale) if for_people else 0.0
        if value is None:
            return values.without(title, for_people, "not a number", 0)
        return self._guessed_meters(for_people, value, sport_type, seconds, values)

    def _exact_distance(self, exact: str, for_people: str, sport_type: str, values: Values) -> int:
        """The metres of the second column, unless the first contradicts it."""
        title = self._title(Column.DISTANCE)
        meters = self._exact(exact, title, values)
        if self._is_shown_as(for_people, meters, sport_type):
            return meters
        # A tool may have changed the order of the columns.
        others = self._exact(for_people, title, Values())
        if (
            others
            and parse_localised_number(exact, self.locale)
            and self._is_shown_as(exact, others, sport_type)
        ):
            return others
        if self.locale.is_known:
            return meters
        return values.without(title, exact, f"not the {shown(for_people)} that is shown to people", 0)

    def _is_shown_as(self, for_people: str, meters: int, sport_type: str) -> bool:
        value = parse_localised_number(for_people, self.locale)
        return not value or _is_same_distance(value, meters, sport_type)

    def _guessed_meters(self, cell: str, value: float, sport_type: str, seconds: int, values: Values) -> int:
        """A distance for people, whose unit depends on the sport."""
        title = self._title(Column.DISTANCE)
        if known_sport_type(sport_type) is None and value and cell.isdecimal():
            return values.without(
                title, cell, "without a unit, and the sport that would tell it is unknown", 0
            )
        unit = SHOWN_METERS.get(sport_type, KILOMETER)
        # Metres are shown whole, so one with decimals went through a tool that took kilometres for metres.
        meters = value * (KILOMETER if unit == 1 and not value.is_integer() else unit)
        # Without a time nothing tells kilometres from metres but how far one gets in some hours.
        if meters > SHOWN_SPEED_METERS_PER_SECOND_MAX * (seconds or SECONDS_WITHOUT_TIME_MAX):
            time = f"{seconds:,} seconds" if seconds else "a workout without a time"
            limit = f"a guess at {meters / KILOMETER:,.0f} km, too far for {time}"
            return values.without(title, cell, limit, 0)
        return values.measure(meters, title)

    def _measure(self, cells: Sequence[str], column: Column, values: Values, nth: int = 0) -> int:
        cell = self._cell(cells, column, nth)
        if not cell:
            return 0
        if column in {Column.MOVING, Column.ELAPSED} and (seconds := parse_duration(cell)) is not None:
            return seconds
        return self._exact(cell, self._title(column), values)

    def _exact(self, cell: str, title: str, values: Values) -> int:
        if self.has_decimal_comma and _DECIMAL_COMMA.fullmatch(cell):
            cell = cell.replace(",", ".")
        return values.measure(cell, title)

    def _flag(self, cells: Sequence[str], values: Values) -> bool:
        """Only 1 is a flag.

        2, which Strava writes as well, most likely marks an activity that Strava reviewed and cleared.
        """
        cell = self._cell(cells, Column.FLAGGED).lower()
        if cell in _NOT_FLAGGED or cell == "true":
            return cell == "true"
        if (state := parse_plain_number(cell)) is None:
            return values.without(
                self._title(Column.FLAGGED), cell, "neither a number nor true or false", False
            )
        return state == 1


def _is_same_distance(value: float, meters: int, sport_type: str) -> bool:
    units = _UNITS[SHOWN_METERS.get(sport_type, KILOMETER)]
    if known_sport_type(sport_type) is None:
        units = (*_UNITS[1], *_UNITS[1_852])
    elif 1 in units and not value.is_integer():
        # Metres are shown whole: what looks like decimals here are thousands of them.
        value *= KILOMETER
    # The shown value is rounded to a hundredth of its unit.
    return any(abs(value * unit - meters) <= max(_UNIT_TOLERANCE * meters, 0.01 * unit, 1) for unit in units)


def layout_of(titles: Sequence[str], first_row: Sequence[str] | None, *, has_decimal_comma: bool) -> Layout:
    """The layout of a table with these titles.

    Args:
        titles: without HTML.
        first_row: the cells of the first activity; None if there is none.
        has_decimal_comma: as in `Layout`.

    Raises:
        InvalidInput: this is no table of Strava's, or a column is missing; the message says which.
    """
    layout = _by_title(titles) or _by_position(titles, first_row)
    doubts = [*layout.doubts, *_doubts(layout)]
    return evolve(layout, has_decimal_comma=has_decimal_comma, doubts=tuple(doubts))


def _by_title(titles: Sequence[str]) -> Layout | None:
    folded = [fold_title(title) for title in titles]
    for locale in LOCALES:
        if (places := _places(folded, locale)) is not None:
            return _with_positions(Layout(locale=locale, titles=titles, places=places))
    return None


def _places(folded: Sequence[str], locale: Locale) -> dict[Column, list[int]] | None:
    """Where each column is; None if this is not the header's language."""
    places = {column: _found(folded, names) for column, names in locale.headers.items()}
    if not all(places[needed] for needed in NEEDED):
        return None
    if locale is not BEFORE_JULY_2019:
        # Titles that Strava added and has not translated yet.
        for column, names in ENGLISH.headers.items():
            places[column] = places.get(column) or _found(folded, names)
    return places


def _found(folded: Sequence[str], names: Sequence[str]) -> list[int]:
    wanted = {fold_title(name) for name in names}
    return [at for at, title in enumerate(folded) if title in wanted]


def _with_positions(layout: Layout) -> Layout:
    """The layout with moving time and climb added by position.

    Only if the table begins as every export does.

    In a language whose titles are known a missing one is more likely missing than new, unless the table is
    as long as exports are by now.
    """
    places = dict(layout.places)
    elapsed, distance = places.get(Column.ELAPSED, []), places[Column.DISTANCE]
    is_whole_export = (
        (len(layout.titles) >= UNCUT_COLUMNS or not layout.locale.is_known)
        and layout.locale is not ENGLISH
        and all(places.get(column, [None])[0] == at for column, at in _POSITIONS.items())
        and len(elapsed) > 1
        and len(distance) > 1
        and distance[1] - elapsed[1] == _DISTANCE_AFTER_ELAPSED
    )
    if not is_whole_export:
        return layout
    assumed = {
        Column.MOVING: elapsed[1] + _MOVING_AFTER_ELAPSED,
        Column.ELEVATION: distance[1] + _ELEVATION_AFTER_DISTANCE,
    }
    missing = {
        column: at for column, at in assumed.items() if not places.get(column) and at < len(layout.titles)
    }
    if not missing:
        return layout
    places |= {column: [at] for column, at in missing.items()}
    names = ", ".join(f"{_NAMES[column]} is {shown(layout.titles[at])}" for column, at in missing.items())
    return evolve(layout, places=places, doubts=(*layout.doubts, f"taken by position: {names}"))


_NAMES = {
    Column.ID: "id",
    Column.DATE: "date",
    Column.NAME: "name",
    Column.TYPE: "sport",
    Column.ELAPSED: "elapsed time",
    Column.MOVING: "moving time",
    Column.DISTANCE: "distance",
    Column.ELEVATION: "climb",
    Column.FLAGGED: "flags",
}


def _by_position(titles: Sequence[str], first_row: Sequence[str] | None) -> Layout:
    """The layout of a table whose titles say nothing.

    Raises:
        InvalidInput: the first row is not one of an export; the message says what is missing.
    """
    # pandas puts the number of the row in front, under no title.
    shift = int(bool(titles) and fold_title(titles[0]) in {"", "unnamed", "index"})
    folded = [fold_title(title) for title in titles]
    _check_titles(folded, titles)
    places = {column: [at + shift] for column, at in _POSITIONS.items()}
    for column in (Column.ELAPSED, Column.DISTANCE):
        at = places[column][0]
        if at < len(folded):
            places[column] += [other for other in range(at + 1, len(folded)) if folded[other] == folded[at]]
    for column in (Column.SPORT_TYPE, Column.FLAGGED):
        places[column] = _found(folded, ENGLISH.headers[column])
    # A table with its columns in another order, or without some, would be read wrongly.
    # Only a whole export repeats both titles, and at this distance from each other.
    elapsed, distance = places[Column.ELAPSED], places[Column.DISTANCE]
    is_whole = len(elapsed) > 1 and len(distance) > 1 and distance[1] - elapsed[1] == _DISTANCE_AFTER_ELAPSED
    if len(titles) - shift != FEW_COLUMNS and not is_whole:
        raise InvalidInput(_no_export(titles))
    if first_row is not None:
        _check_first_row(titles, first_row, places)
    layout = Layout(locale=ANY_LANGUAGE, titles=titles, places=places)
    if shift == 0:
        layout = _with_positions(layout)
    else:
        layout = _with_positions(evolve(layout, places=_shifted(places, -shift), titles=titles[shift:]))
        layout = evolve(layout, places=_shifted(layout.places, shift), titles=titles)
    taken = ", ".join(
        f"{_NAMES[column]} {shown(titles[at[-1]])}" for column, at in layout.places.items() if at
    )
    doubt = (
        f"the titles are in a language we do not know, so columns were taken by position ({taken}); if that "
        f"is wrong, {CURE}"
    )
    return evolve(layout, doubts=(doubt,))


def _shifted(places: Mapping[Column, Sequence[int]], by: int) -> dict[Column, list[int]]:
    return {column: [at + by for at in each] for column, each in places.items()}


def _check_titles(folded: Sequence[str], titles: Sequence[str]) -> None:
    """Refuse a table that lacks a column or is too narrow.

    The titles of one language explain all but that column.
    """
    for locale in LOCALES:
        missing = [column for column in NEEDED if not _found(folded, locale.headers.get(column, ()))]
        if len(missing) == 1 and locale is not BEFORE_JULY_2019:
            (column,) = missing
            raise InvalidInput(
                f"the column {locale.headers[column][0]!r} ({_NAMES[column]}) is missing; give the table as "
                "Strava sends it"
            )
    if len(titles) <= max(_POSITIONS.values()):
        raise InvalidInput(_no_export(titles))


def _check_first_row(
    titles: Sequence[str], row: Sequence[str], places: Mapping[Column, Sequence[int]]
) -> None:
    def cell(column: Column) -> str:
        at = places[column][0]
        return row[at].strip() if at < len(row) else ""

    distance = cell(Column.DISTANCE)
    if (
        not _ID.match(cell(Column.ID))
        or (distance and parse_localised_number(distance, ANY_LANGUAGE) is None)
        or not cell(Column.TYPE)
    ):
        raise InvalidInput(_no_export(titles))
    date = cell(Column.DATE)
    if parse_date(date, ANY_LANGUAGE) is None:
        title = titles[places[Column.DATE][0]]
        raise InvalidInput(
            f"the column {shown(title)} should hold the date, but {shown(date)} cannot be read as one; {CURE}"
        )


def _no_export(titles: Sequence[str]) -> str:
    languages = ", ".join(locale.language for locale in LOCALES)
    return (
        "this is not Strava's activities.csv, nor another table we know: no columns for id, date, type and "
        f"distance in {languages}, nor in their places; the columns are {described(map(shown, titles))}"
    )


def _doubts(layout: Layout) -> list[str]:
    doubts = []
    if not layout.locale.is_distance_meters and len(layout.places[Column.DISTANCE]) == 1:
        doubts.append(
            "this export has distances for people only, without their unit: read as kilometres (swims and "
            "rows as metres, sailing as nautical miles); if your account shows miles, request a new export "
            "from Strava"
        )
    missing = [_NAMES[column] for column in EXPECTED if not layout.places.get(column)]
    if missing and len(layout.titles) > FEW_COLUMNS:
        doubts.append(f"no column was found for {', '.join(missing)}, which count as nothing")
    return doubts
