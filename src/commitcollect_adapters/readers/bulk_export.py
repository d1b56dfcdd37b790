"""Strava's bulk export: ``activities.csv``, on its own or inside the archive it came in.

The table had 10 columns in 2019 and has up to 101 by now, in the account's language, with some titles twice
and some wrapped in HTML, so columns are found by title. Of two Distance columns the first is for people, the
second holds metres; of two Elapsed Time columns the second has the finer value.

Tables of 10 columns have no Moving Time and no Elevation Gain. Both are 0 then: the elapsed time is no moving
time, and an athlete had better see nothing than something invented.
"""

from __future__ import annotations

import html
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import IO

from attrs import evolve, frozen

from commitcollect_adapters.readers.csv_records import Record, read_records
from commitcollect_adapters.readers.fields import cause, clean_name, clean_text, shown, strava_id, whole
from commitcollect_adapters.readers.locales import BEFORE_JULY_2019, ENGLISH, LOCALES, Column, Locale, fold
from commitcollect_adapters.readers.localised import (
    parse_date,
    parse_localised_number,
    parse_plain_number,
    sport_named,
)
from commitcollect_adapters.readers.rows import Accepted, Desk, Row, UnreadableHistory
from commitcollect_core.errors import InvalidInput
from commitcollect_core.policy import Policy
from commitcollect_core.training.workouts import ActivitySnapshot
from commitcollect_core.values import Source

TABLE_NAME = "activities.csv"
TABLE_BYTES_MAX = 512 * 1024**2
"""Unpacked. A row has about 1,000 bytes: half a million activities."""

TABLE_EXPANSION_MAX = 200
"""Unpacked over packed size, above `TABLE_EXPANSION_BYTES_MIN`. Real tables shrink to a fifth or a tenth."""

TABLE_EXPANSION_BYTES_MIN = 1024**2
MEMBERS_MAX = 500_000
"""Files in the archive: a few per activity."""

_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
# What zipfile raises at wrong bytes, found by trying; RuntimeError covers a method it does not implement.
_ZIP_FAULTS = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error,
    EOFError, OSError, RuntimeError, ValueError, OverflowError, IndexError,
)  # fmt: skip
# No "<" inside, so that a header of many "<" is not searched to its end from each of them.
_HTML_TAG = re.compile(r"<[^<>]*>")
_KILOMETER = 1_000


def read_archive(path: Path, desk: Desk) -> Iterator[Row]:
    """Yield a row per activity of an export archive. Only its ``activities.csv`` is looked at.

    Raises:
        UnreadableHistory: it is no archive, holds no table or one that is not to be trusted, or breaks off.
    """
    try:
        with zipfile.ZipFile(path) as archive, archive.open(_table(archive, desk.file)) as stream:
            # The member's folder is named by whoever made the archive, so it is not repeated.
            yield from _read_table(stream, evolve(desk, file=f"{desk.file}/{TABLE_NAME}"))
    except UnreadableHistory:
        raise
    except _ZIP_FAULTS as error:
        raise UnreadableHistory(
            desk.file, f"the archive is damaged ({cause(error)}); download it from Strava again"
        ) from error


def read_table(path: Path, desk: Desk) -> Iterator[Row]:
    """Yield a row per activity of an ``activities.csv``.

    Raises:
        UnreadableHistory: the file is something else, or breaks off.
    """
    with path.open("rb") as stream:
        yield from _read_table(stream, desk)


def _table(archive: zipfile.ZipFile, file: str) -> zipfile.ZipInfo:
    members = archive.infolist()
    if len(members) > MEMBERS_MAX:
        raise UnreadableHistory(
            file, f"the archive holds {len(members):,} files; at most {MEMBERS_MAX:,} are read"
        )
    depths = {depth: [each for each in members if _depth(each) == depth] for depth in (0, 1)}
    found = depths[0] or depths[1]
    if len(found) != 1:
        count = "several" if found else "no"
        raise UnreadableHistory(
            file,
            f"the archive holds {count} {TABLE_NAME}; give it as Strava sent it, or the CSV file alone",
        )
    if problem := _distrust(found[0]):
        raise UnreadableHistory(file, f"{TABLE_NAME} {problem}")
    return found[0]


def _depth(member: zipfile.ZipInfo) -> int | None:
    """In how many folders the table lies; None if it is not the table."""
    *folders, name = member.filename.split("/")
    return len(folders) if name == TABLE_NAME else None


def _distrust(table: zipfile.ZipInfo) -> str | None:
    # zipfile never unpacks more than the size stated here, so checking that is enough.
    if table.flag_bits & 0x1:
        return "is encrypted; unpack it with its password and give the CSV file"
    if table.compress_type not in _METHODS:
        return "is packed by an unusual method; unpack it and give the CSV file"
    if table.file_size == 0:
        return "is empty; request the export from Strava again"
    if table.file_size > TABLE_BYTES_MAX:
        return f"has {table.file_size:,} bytes unpacked; at most {TABLE_BYTES_MAX:,} are read"
    expansion = table.file_size / max(table.compress_size, 1)
    if table.file_size > TABLE_EXPANSION_BYTES_MIN and expansion > TABLE_EXPANSION_MAX:
        return f"unpacks to {expansion:,.0f} times its size; no real table goes beyond {TABLE_EXPANSION_MAX}"
    return None


def _read_table(stream: IO[bytes], desk: Desk) -> Iterator[Row]:
    row = 0
    try:
        records = read_records(stream)
        header = next(records, None)
        layout = _layout(header, desk.file)
        doubt = layout.doubt
        for record in records:
            row = record.row
            made = _judged(record, layout, desk)
            if doubt and isinstance(made, Accepted):
                # Said once, at the first activity it concerns.
                made = evolve(made, warning="; ".join(filter(None, (made.warning, doubt))))
                doubt = None
            yield made
    except _ZIP_FAULTS as error:
        raise UnreadableHistory(
            desk.file,
            f"reading failed ({cause(error)}); the file is damaged from here on",
            row=row + 1,
        ) from error


def _judged(record: Record, layout: _Layout, desk: Desk) -> Row:
    if record.problem:
        return desk.reject(record.row, record.problem)
    return desk.judge(record.row, lambda: layout.snapshot(record.cells, desk.policy))


def _layout(header: Record | None, file: str) -> _Layout:
    if header is None:
        raise UnreadableHistory(file, "the table is empty")
    if header.problem:
        raise UnreadableHistory(file, header.problem, row=header.row)
    titles = [clean_text(html.unescape(_HTML_TAG.sub("", cell))) for cell in header.cells]
    for locale in LOCALES:
        if (places := _places([fold(title) for title in titles], locale)) is not None:
            return _Layout(locale=locale, titles=titles, places=places)
    languages = ", ".join(locale.language for locale in LOCALES)
    raise UnreadableHistory(
        file,
        "this is not Strava's activities.csv, or in a language we do not know: no columns for id, date, type "
        f"and distance, separated by commas, in {languages}; the first column is {shown(titles[0])}",
        row=header.row,
    )


def _places(titles: list[str], locale: Locale) -> dict[Column, list[int]] | None:
    """Where each column is, in the order they stand; None if this is not the header's language."""
    places = {
        column: [at for at, title in enumerate(titles) if title in names]
        for column, names in locale.headers.items()
    }
    for needed in (Column.ID, Column.DATE, Column.TYPE, Column.DISTANCE):
        if not places[needed]:
            return None
    if locale is not BEFORE_JULY_2019:
        # Titles that Strava added and has not translated yet.
        for column, names in ENGLISH.headers.items():
            places[column] = places[column] or [at for at, title in enumerate(titles) if title in names]
    return places


@frozen(kw_only=True)
class _Layout:
    """Which cells of a row mean what."""

    locale: Locale
    titles: list[str]
    places: Mapping[Column, list[int]]

    @property
    def doubt(self) -> str | None:
        """What cannot be known from this table but matters to the athlete."""
        if self.locale.is_distance_meters or len(self.places[Column.DISTANCE]) > 1:
            return None
        return (
            "this export has distances for people only, without their unit: read as kilometres (swims in "
            "whole metres); if your account shows miles, request a new export from Strava"
        )

    def snapshot(self, cells: list[str], policy: Policy) -> ActivitySnapshot:
        """Make the snapshot of a row.

        Raises:
            InvalidInput: a cell cannot be read; the message names its column and its value.
        """
        sport_type = self._sport_type(cells)
        return ActivitySnapshot(
            source=Source.STRAVA,
            activity_id=strava_id(self._cell(cells, Column.ID), self._title(Column.ID)),
            sport_type=sport_type,
            started_at=self._start(cells),
            distance_meters=self._distance(cells, sport_type),
            elevation_meters=self._measure(cells, Column.ELEVATION),
            moving_seconds=self._measure(cells, Column.MOVING),
            elapsed_seconds=self._measure(cells, Column.ELAPSED, 1) or self._measure(cells, Column.ELAPSED),
            name=clean_name(self._cell(cells, Column.NAME), policy),
            is_flagged=self._flag(cells),
        )

    def _cell(self, cells: list[str], column: Column, nth: int = 0) -> str:
        places = self.places.get(column, [])
        return cells[places[nth]].strip() if nth < len(places) else ""

    def _title(self, column: Column) -> str:
        return self.titles[self.places[column][0]][:40]

    def _refusal(self, column: Column, cell: str, problem: str) -> InvalidInput:
        title = self._title(column)
        return InvalidInput(f"{title} {shown(cell)} {problem}", field=title)

    def _start(self, cells: list[str]) -> datetime:
        cell = self._cell(cells, Column.DATE)
        if (start := parse_date(cell, self.locale)) is None:
            raise self._refusal(Column.DATE, cell, f"is not a date with time in {self.locale.language}")
        return start

    def _sport_type(self, cells: list[str]) -> str:
        received = clean_text(self._cell(cells, Column.SPORT_TYPE))
        # Columns of that age hold numbers; a code is no name.
        if not received or parse_plain_number(received) is not None:
            received = clean_text(self._cell(cells, Column.TYPE))
        if not received:
            raise self._refusal(Column.TYPE, received, "is no sport; every row needs one")
        return sport_named(received, self.locale) or received

    def _distance(self, cells: list[str], sport_type: str) -> int:
        if self.locale.is_distance_meters:
            return self._measure(cells, Column.DISTANCE)
        if self._cell(cells, Column.DISTANCE, 1):
            return self._measure(cells, Column.DISTANCE, 1)
        cell = self._cell(cells, Column.DISTANCE)
        value = parse_localised_number(cell, self.locale) if cell else 0.0
        if value is None:
            raise self._refusal(Column.DISTANCE, cell, "is not a number")
        # Swims are shown in whole metres, everything else in kilometres with two decimals.
        is_meters = sport_type == "Swim" and value.is_integer()
        return whole(value if is_meters else value * _KILOMETER, self._title(Column.DISTANCE))

    def _measure(self, cells: list[str], column: Column, nth: int = 0) -> int:
        cell = self._cell(cells, column, nth)
        if not cell:
            return 0
        if (value := parse_plain_number(cell)) is None:
            raise self._refusal(column, cell, "is not a number")
        return whole(value, self._title(column))

    def _flag(self, cells: list[str]) -> bool:
        """The column counts the flags; one is enough."""
        cell = self._cell(cells, Column.FLAGGED).lower()
        if cell in {"", "true", "false"}:
            return cell == "true"
        if (count := parse_plain_number(cell)) is None:
            raise self._refusal(Column.FLAGGED, cell, "is neither a number nor true or false")
        return count != 0
