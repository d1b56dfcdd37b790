from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from adapters.readers.samples import (
    ENGLISH_HEADER,
    accepted,
    csv_bytes,
    english_row,
    rejected,
    rows_of,
    the_snapshot,
    write,
    write_csv,
)
from commitcollect_adapters.readers import Accepted, UnreadableHistory
from commitcollect_core.values import Source
from growth import check_linear

LEGACY_HEADER = (
    "id", "date", "name", "type", "description", "elapsed_time", "distance", "commute", "gear", "filename",
)  # fmt: skip
TEN_COLUMNS = (*ENGLISH_HEADER[:8], "Activity Gear", "Filename")
GERMAN_HEADER = (
    "Aktivitäts-ID", "Aktivitätsdatum", "Name der Aktivität", "Aktivitätsart", "Aktivitätsbeschreibung",
    "Verstrichene Zeit", "Distanz", "Pendeln", "Verstrichene Zeit", "Bewegungszeit", "Distanz",
    "Höhenzunahme", "Markiert",
)  # fmt: skip
DUTCH_HEADER = (
    "Activiteits-ID", "Datum van activiteit", "Naam van activiteit", "Activiteitstype",
    "Beschrijving van activiteit", "Verstreken tijd", "Afstand", "Woon-werkverkeer", "Verstreken tijd",
    "Beweegtijd", "Afstand", "Totale stijging", "Flagged",
)  # fmt: skip


def test_the_real_export_adds_up(shared_data: Path) -> None:
    """All 112 real rows are accepted, and each sum is the one of the file's second, exact columns."""
    path = shared_data / "real" / "bulk_export_activities.csv"
    with path.open(encoding="utf-8", newline="") as text:
        header, *raw = csv.reader(text)
    second = {title: at for at, title in enumerate(header)}  # the last of equal titles wins
    rows = rows_of(path)
    assert rejected(rows) == []
    assert [row.row for row in rows] == list(range(2, 114))
    snapshots = accepted(rows)
    for field, title in (
        ("distance_meters", "Distance"),
        ("elevation_meters", "Elevation Gain"),
        ("moving_seconds", "Moving Time"),
        ("elapsed_seconds", "Elapsed Time"),
    ):
        expected = sum(round(float(row[second[title]] or 0)) for row in raw)
        assert sum(getattr(each, field) for each in snapshots) == expected
        assert expected > 0
    assert [each.activity_id for each in snapshots] == [row[0] for row in raw]
    assert [each.sport_type for each in snapshots] == [row[3] for row in raw]
    assert [f"{each.started_at:%b %-d, %Y, %-I:%M:%S %p}" for each in snapshots] == [row[1] for row in raw]
    assert sum(each.is_flagged for each in snapshots) == 1
    assert {each.source for each in snapshots} == {Source.STRAVA}


def test_an_english_row_maps_field_by_field(tmp_path: Path) -> None:
    """The exact columns are taken, not the ones for people."""
    path = write_csv(tmp_path, english_row(7, shown_distance="99", shown_elapsed="99", flagged="1.0"))
    snapshot = the_snapshot(path)
    assert snapshot.activity_id == "7"
    assert snapshot.started_at == datetime(2025, 5, 1, 6, 30, tzinfo=UTC)
    assert (snapshot.distance_meters, snapshot.elevation_meters) == (10_000, 55)
    assert (snapshot.moving_seconds, snapshot.elapsed_seconds) == (3_000, 3_100)
    assert (snapshot.name, snapshot.sport_type, snapshot.is_flagged) == ("Morning Run", "Run", True)
    assert snapshot.utc_offset_seconds is None


@pytest.mark.parametrize(
    ("header", "row", "sport"),
    [
        (
            GERMAN_HEADER,
            "8228026758|09.12.2022, 15:24:49|Heim|Radfahrt||3189|9,44||3189.0|2070.0|9440.6|31.5|",
            "Ride",
        ),
        (
            GERMAN_HEADER,
            "8228026758|9. Dezember 2022 um 15:24:49||Lauf||3189|9,44|true|3189.0|2070.0|9440.6|31.5|",
            "Run",
        ),
        (
            DUTCH_HEADER,
            "8228026758|9 dec. 2022 15:24:49||Hardloopsessie||3189|9,44|true|3189.0|2070.0|9440.6|31.5|",
            "Run",
        ),
    ],
)
def test_exports_in_other_languages(tmp_path: Path, header: tuple[str, ...], row: str, sport: str) -> None:
    """German and Dutch tables give the same snapshot an English one would."""
    snapshot = the_snapshot(write_csv(tmp_path, row.split("|"), header=header))
    assert snapshot.started_at == datetime(2022, 12, 9, 15, 24, 49, tzinfo=UTC)
    assert snapshot.sport_type == sport
    assert (snapshot.distance_meters, snapshot.elevation_meters) == (9_441, 32)
    assert (snapshot.moving_seconds, snapshot.elapsed_seconds) == (2_070, 3_189)


def test_the_oldest_exports_hold_metres(tmp_path: Path) -> None:
    """Lower-case titles mean plain metres, ISO dates, and no doubt about units."""
    cells = [
        "1836776031",
        "2018-09-12 15:02:23",
        "Evening Ride",
        "Ride",
        "",
        "783",
        "3681.0",
        "true",
        "",
        "a.gpx",
    ]
    (row,) = rows_of(write_csv(tmp_path, cells, header=LEGACY_HEADER))
    assert isinstance(row, Accepted)
    assert (row.snapshot.distance_meters, row.snapshot.elapsed_seconds) == (3_681, 783)
    assert row.snapshot.moving_seconds == 0
    assert row.warning is None


@pytest.mark.parametrize(
    ("sport", "distance", "meters"),
    [
        ("Ride", "3.68", 3_680),
        ("Ride", "3,68", 3_680),
        ("Ride", "1,234.50", 1_234_500),
        ("Ride", "", 0),
        ("Swim", "1,500", 1_500),
        ("Swim", "750.0", 750),
        ("Swim", "1.50", 1_500),
        ("Rowing", "7,017", 7_017),
        ("Rowing", "500", 500),
        ("Virtual Row", "2,000", 2_000),
        ("Sail", "10.00", 18_520),
        ("Canoe", "10.00", 10_000),
        ("Quidditch", "1.50", 1_500),
    ],
)
def test_a_lone_distance_is_for_people(tmp_path: Path, sport: str, distance: str, meters: int) -> None:
    """Ten columns from July 2019 on: the unit depends on the sport, and the doubt is said once."""
    cells = ["1", "Sep 12, 2018, 3:02:23 PM", "Evening", sport, "", "99999", distance, "true", "", "a.gpx"]
    first, second = rows_of(write_csv(tmp_path, cells, ["2", *cells[1:]], header=TEN_COLUMNS))
    assert isinstance(first, Accepted)
    assert isinstance(second, Accepted)
    assert first.snapshot.distance_meters == second.snapshot.distance_meters == meters
    assert "kilometres" in str(first.warning)
    assert "kilometres" not in str(second.warning)


@pytest.mark.parametrize(
    ("sport", "distance", "seconds"),
    [
        ("Ride", "7,017", "2400"),
        ("Quidditch", "1500.00", "2400"),
        ("Quidditch", "750", "999999"),
        ("Run", "100.00", "60"),
    ],
)
def test_a_guess_that_no_sport_could_keep_is_set_aside(
    tmp_path: Path, sport: str, distance: str, seconds: str
) -> None:
    """A distance whose unit is a guess never becomes an impossible one; the workout counts otherwise."""
    cells = ["1", "Sep 12, 2018, 3:02:23 PM", "Evening", sport, "", seconds, distance, "true", "", "a.gpx"]
    (row,) = rows_of(write_csv(tmp_path, cells, header=TEN_COLUMNS))
    assert isinstance(row, Accepted)
    assert (row.snapshot.distance_meters, row.snapshot.elapsed_seconds) == (0, int(seconds))
    assert row.remarks[0].startswith(f"Distance {distance!r} is ")


def test_columns_may_stand_in_any_order(tmp_path: Path) -> None:
    """Only titles matter, and of equal titles which comes first; strangers in between do no harm."""
    expected = the_snapshot(write_csv(tmp_path, english_row(1)))
    order = [12, 11, 6, 5, 3, 8, 10, 9, 0, 2, 1]
    header = [ENGLISH_HEADER[at].upper() for at in order] + [f"Extra {at}" for at in range(90)]
    row = [english_row(1)[at] for at in order] + ["x"] * 90
    assert the_snapshot(write_csv(tmp_path, row, header=header)) == expected


@pytest.mark.parametrize(
    ("sport_type", "expected"),
    [("Trail Run", "TrailRun"), ("", "Run"), ("52.0", "Run"), ("Quidditch", "Quidditch")],
)
def test_the_finer_sport_column_wins_if_it_names_one(tmp_path: Path, sport_type: str, expected: str) -> None:
    """Sport Type beats Activity Type unless it is empty or a code; the unknown is kept with a warning."""
    header = [*ENGLISH_HEADER, '<span class="translation_missing" title="x.sport_type">Sport Type</span>']
    (row,) = rows_of(write_csv(tmp_path, [*english_row(1), sport_type], header=header))
    assert isinstance(row, Accepted)
    assert row.snapshot.sport_type == expected
    assert (row.warning is None) == (expected != "Quidditch")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"id": ""}, ("Activity ID", "''")),
        ({"id": "4.7E+09"}, ("Activity ID", "'4.7E+09'", "rounded")),
        ({"date": "27/01/2021, 13:57:47"}, ("Activity Date", "'27/01/2021, 13:57:47'", "English")),
        ({"date": "Jan 1, 1970, 0:00:01"}, ("started_at", "1970")),
        ({"date": "Jan 1, 2100, 0:00:01"}, ("started_at", "2100")),
    ],
    ids=repr,
)
def test_a_bad_id_or_start_costs_its_row(
    tmp_path: Path, changes: dict[str, str], words: tuple[str, ...]
) -> None:
    """The reason names the column and the value, and the rows around are accepted."""
    rows = rows_of(write_csv(tmp_path, english_row(1), english_row(2, **changes), english_row(3)))
    assert [each.activity_id for each in accepted(rows)] == ["1", "3"]
    (only,) = rejected(rows)
    assert only.row == 3
    assert all(word in only.reason for word in words), only.reason


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"distance": "abc"}, "distance_meters", ("Distance", "'abc'")),
        ({"distance": "-5.0"}, "distance_meters", ("Distance", "-5.0")),
        ({"distance": "nan"}, "distance_meters", ("Distance", "'nan'")),
        ({"distance": "9e99"}, "distance_meters", ("Distance", "9e+99")),
        ({"distance": "99999999"}, "distance_meters", ("distance_meters", "99999999", "10,000,000")),
        ({"distance": "", "shown_distance": "five"}, "distance_meters", ("Distance", "'five'")),
        ({"elevation": "1,5"}, "elevation_meters", ("Elevation Gain", "'1,5'")),
        ({"moving": "an hour"}, "moving_seconds", ("Moving Time", "'an hour'")),
        ({"elapsed": "-1", "shown_elapsed": ""}, "elapsed_seconds", ("Elapsed Time", "-1")),
        ({"elapsed": "19525640.0"}, "elapsed_seconds", ("elapsed_seconds", "19525640", "5,184,000")),
        ({"elapsed": "7253684.0"}, "elapsed_seconds", ("elapsed_seconds", "7253684")),
        ({"flagged": "perhaps"}, "is_flagged", ("Flagged", "'perhaps'")),
        ({"type": ""}, "sport_type", ("Activity Type", "''")),
        ({"type": "x" * 65}, "sport_type", ("sport_type", "65")),
    ],
    ids=repr,
)
def test_a_bad_value_costs_only_itself(
    tmp_path: Path, changes: dict[str, str], field: str, words: tuple[str, ...]
) -> None:
    """The value is set aside with a remark that names it; every other field is what it was."""
    good, bad = rows_of(write_csv(tmp_path, english_row(1), english_row(1, **changes)))
    assert isinstance(good, Accepted)
    assert isinstance(bad, Accepted)
    neutral: Any = {"sport_type": "Unknown", "is_flagged": False}.get(field, 0)
    assert bad.snapshot == evolve(good.snapshot, **{field: neutral})
    assert all(word in str(bad.warning) for word in words), bad.warning
    assert good.warning is None


@pytest.mark.parametrize(
    ("cell", "is_flagged"),
    [
        ("", False),
        ("0", False),
        ("0.0", False),
        ("false", False),
        ("1", True),
        ("1.0", True),
        ("true", True),
        ("2.0", False),
        ("2", False),
        ("3.0", False),
    ],
)
def test_only_one_is_a_flag(tmp_path: Path, cell: str, is_flagged: bool) -> None:
    """Real exports say 2.0 of activities that Strava does not take for flagged (ADR 16)."""
    (row,) = rows_of(write_csv(tmp_path, english_row(1, flagged=cell)))
    assert isinstance(row, Accepted)
    assert (row.snapshot.is_flagged, row.warning) == (is_flagged, None)


GOOD = [csv_bytes([english_row(each)]).rstrip() for each in range(1, 6)]


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (b'9,"May 1, 2025, 6:30:00 AM"x,Run', "not a CSV row"),
        (b'9,"May 1, 2025', "not a CSV row"),
        (b'9,x,"', "not a CSV row"),
        (b"9,too,few", "3 cells"),
        (GOOD[0] + b",one more", "14 cells"),
        (GOOD[0].replace(b"Morning", b"M\xf6rning"), "UTF-8"),
        (b"\x00\x00", "1 cells"),
        (b'9,"' + b"x" * 140_000 + b'"', "field larger than field limit"),
        (b"9," + b"x" * 900_000, "line is longer"),
        (b"9," + b",".join([b'"' + b"x\n" * 60_000 + b'"'] * 5), "for more than 524,288"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_broken_row_costs_only_itself(tmp_path: Path, broken: bytes, words: str) -> None:
    """Whatever is wrong with the third row, the two before and the two after it are read."""
    header = csv_bytes([ENGLISH_HEADER]).rstrip()
    lines = [header, *GOOD[:2], broken, *GOOD[2:4]]
    rows = rows_of(write(tmp_path, "a.csv", b"\r\n".join(lines) + b"\r\n"))
    assert [each.activity_id for each in accepted(rows)] == ["1", "2", "3", "4"]
    assert rejected(rows)[0].row == 4
    assert words in rejected(rows)[0].reason
    # Only lines hidden in an open quote may be reported one by one.
    assert len(rejected(rows)) == 1 or b"\n" in broken


def test_a_nul_in_a_name_is_only_a_space(tmp_path: Path) -> None:
    """Python's csv takes NUL since 3.11; a text with one is cleaned like any other."""
    assert the_snapshot(write_csv(tmp_path, english_row(1, name="a\0b\x1b[2J"))).name == "a b [2J"


def test_descriptions_with_line_breaks_are_one_row(tmp_path: Path) -> None:
    """A quoted cell may hold commas, quotes and line breaks of any kind."""
    rows = rows_of(write_csv(tmp_path, english_row(1, description='a,"b"\r\nc\nd\re'), english_row(2)))
    assert [row.row for row in rows] == [2, 3]
    assert len(accepted(rows)) == 2


def test_an_unknown_header_is_told_so(tmp_path: Path) -> None:
    """A table of something else says what was looked for and what was found."""
    path = write(tmp_path, "a.csv", b"Datum;Titel\n1;2\n")
    with pytest.raises(UnreadableHistory, match=r"activities\.csv") as caught:
        rows_of(path)
    assert "'Datum', 'Titel'" in caught.value.message
    assert caught.value.code == "unreadable_history"


def test_a_header_of_hostile_html_takes_no_time(tmp_path: Path) -> None:
    """Titles are stripped of tags in one pass."""

    def read(count: int) -> None:
        with pytest.raises(UnreadableHistory):
            rows_of(write(tmp_path, "a.csv", b"<" * count + b"\n"))

    check_linear(read, short=7_500, long=120_000)


def test_a_header_alone_is_an_empty_history(tmp_path: Path) -> None:
    """An athlete without activities has an export too."""
    assert rows_of(write_csv(tmp_path)) == []


@pytest.mark.parametrize("unit", [b'"\n', b'1,"x\n', b'"",""\n', b'x"",\n', b'"a",\n"', b'1,"\n""\n""\n'])
def test_hostile_quotes_cost_no_more_than_their_length(tmp_path: Path, unit: bytes) -> None:
    """Reading lines a second time after a stray quote stays far from growing with the square."""

    def read(count: int) -> None:
        path = write(tmp_path, "a.csv", csv_bytes([ENGLISH_HEADER]) + unit * count)
        assert accepted(rows_of(path)) == []

    check_linear(read, short=1_000, long=16_000)
