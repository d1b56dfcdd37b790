"""Files that other tools and services write: shapes of JSON, lists as CSV, Garmin Connect, Runkeeper."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.readers.samples import (
    NOW,
    POLICY,
    accepted,
    activity,
    csv_bytes,
    rejected,
    rows_of,
    the_snapshot,
    write,
    write_json,
)
from commitcollect_adapters.readers import Accepted, UnreadableHistory, read_history
from commitcollect_adapters.readers.activities import parse_duration
from commitcollect_adapters.readers.strict_json import ITEM_CHARS_MAX
from commitcollect_core.values import Source

ACTIVITIES = [activity(each) for each in range(1, 6)]


def columns_of(items: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """As pandas writes a frame by default; an id that was missing once makes all of them floats."""
    frame = {name: {str(at): each[name] for at, each in enumerate(items)} for name in items[0]}
    return frame | {"id": {at: float(each) for at, each in frame["id"].items()}}


SHAPES: dict[str, bytes] = {
    "in an object": json.dumps({"page": 1, "activities": ACTIVITIES, "more": False}).encode(),
    "after other lists": json.dumps({"errors": [], "scopes": ["read"], "data": ACTIVITIES}).encode(),
    "pages": json.dumps([ACTIVITIES[:2], ACTIVITIES[2:], []]).encode(),
    "lines": b"\n".join(json.dumps(each).encode() for each in ACTIVITIES) + b"\n",
    "by id": json.dumps({str(each["id"]): each for each in ACTIVITIES}).encode(),
    "columns of pandas": json.dumps(columns_of(ACTIVITIES)).encode(),
    "split of pandas": json.dumps(
        {
            "columns": list(ACTIVITIES[0]),
            "index": [0, 1],
            "data": [list(each.values()) for each in ACTIVITIES],
        }
    ).encode(),
    "UTF-16": json.dumps(ACTIVITIES).encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf" + json.dumps(ACTIVITIES).encode(),
    "numbers as texts": json.dumps(
        [{**each, "distance": "10000.4", "id": str(each["id"])} for each in ACTIVITIES]
    ).encode(),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_reads_to_the_same_activities(tmp_path: Path, shape: str) -> None:
    """However a tool wraps the list, the activities in it are the same, whatever the file is called."""
    expected = accepted(rows_of(write_json(tmp_path, ACTIVITIES)))
    for name in ("gathered.json", "gathered.txt", "gathered"):
        rows = rows_of(write(tmp_path, name, SHAPES[shape]))
        assert accepted(rows) == expected
        assert [row.row for row in rows] == [1, 2, 3, 4, 5]


def test_one_activity_alone_is_a_history(tmp_path: Path) -> None:
    """The answer to a single call is a file too."""
    assert the_snapshot(write_json(tmp_path, activity(7))).activity_id == "7"


@pytest.mark.parametrize("by_id", [False, True])
def test_a_long_object_streams(tmp_path: Path, by_id: bool) -> None:
    """An object beyond what is decoded at once is read to its list, or activity by activity."""
    many = [activity(each, description="x" * 300) for each in range(1, 4_000)]
    value = {str(each["id"]): each for each in many} if by_id else {"athlete": {"id": 1}, "list": many}
    path = write_json(tmp_path, value)
    assert path.stat().st_size > ITEM_CHARS_MAX
    assert len(accepted(rows_of(path))) == len(many)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{}", "one JSON object; a list of activities is expected"),
        (b'{"message": "Authorization Error", "errors": []}', ""),
        (b'{"id": 5}', "one JSON object"),
        (b'{"a": [1, 2]}', "one JSON object"),
        (b'{"id": 5, "start_date": "x"} trailing', "more after the end of the object"),
        (b'{"id": 5, "id": 6}', "appears twice"),
        (b'{"activities": [', "not JSON"),
        (b"{", "not JSON"),
        (b'{"a":' * 90_000, "nested too deep"),
        (b'{"x": 1, "a": [' * 90_000, "nested too deep"),
        (b'"text"', "a JSON text"),
    ],
)
def test_what_holds_no_activities_is_told_so(tmp_path: Path, content: bytes, words: str) -> None:
    """An object without activities is refused, or, with an empty list, an empty history."""
    path = write(tmp_path, "a.json", content)
    if not words:
        assert rows_of(path) == []
        return
    with pytest.raises(UnreadableHistory, match=words):
        rows_of(path)


def run_of_running_page(**changes: object) -> dict[str, object]:
    """An item of running_page's file."""
    return {
        "run_id": 9_512_345_678,
        "name": "Morning Run",
        "distance": 10_000.4,
        "moving_time": "0:50:00",
        "type": "Run",
        "start_date": "2025-05-01 06:30:00",
        "start_date_local": "2025-05-01 14:30:00",
        "location_country": "",
        "summary_polyline": "abc",
        "average_speed": 3.3,
        "streak": 1,
    } | changes


def test_running_page_maps_field_by_field(tmp_path: Path) -> None:
    """Its naive dates are UTC, its local date tells the offset, and its ids are not taken for Strava's."""
    snapshot = the_snapshot(write_json(tmp_path, [run_of_running_page(elevation_gain=55.2)]))
    assert (snapshot.source, snapshot.activity_id) == (Source.FILE, "9512345678")
    assert snapshot.started_at == datetime(2025, 5, 1, 6, 30, tzinfo=UTC)
    assert snapshot.utc_offset_seconds == 8 * 3_600
    assert (snapshot.distance_meters, snapshot.elevation_meters) == (10_000, 55)
    assert (snapshot.moving_seconds, snapshot.sport_type) == (3_000, "Run")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0:50:00", 3_000),
        ("1:02:03.500000", 3_723),
        ("2 days, 10:00:00", 208_800),
        ("1 day, 0:00:01", 86_401),
        ("1970-01-01 01:02:03", 3_723),
        ("1970-01-03T00:00:00.000", 172_800),
        ("100:00:00", 360_000),
        ("50:00", None),
        ("0:60:00", None),
        ("1:2", None),
        ("", None),
        ("1:02:03x", None),
        ("-1:02:03", None),
        ("1" * 50, None),
    ],
)
def test_durations_as_databases_write_them(text: str, seconds: int | None) -> None:
    """Hours, minutes and seconds, with days in front or as a time after 1970; two parts say too little."""
    assert parse_duration(text) == seconds


def test_the_training_log_maps_field_by_field(tmp_path: Path) -> None:
    """The raw values count, not what is shown to people; the same as JSON and as CSV."""
    item: dict[str, object] = {
        "id": 42,
        "name": "Morning Run",
        "sport_type": "Run",
        "display_type": "Lauf",
        "start_date": "Thu, 5/1/2025",
        "start_date_local_raw": 1_746_088_200,
        "start_time": "2025-05-01T06:30:00+0000",
        "distance": "6.21",
        "distance_raw": 10_000.4,
        "moving_time": "50:00",
        "moving_time_raw": 3_000,
        "elapsed_time_raw": 3_100,
        "elevation_gain": "181",
        "elevation_gain_raw": 55.2,
        "flagged": False,
    }
    expected = the_snapshot(write_json(tmp_path, [activity(42)]))
    assert the_snapshot(write_json(tmp_path, {"models": [item], "page": 1})) == expected
    table = csv_bytes([[*item], [str(each) for each in item.values()]])
    assert the_snapshot(write(tmp_path, "log.csv", table)) == expected


@pytest.mark.parametrize("has_index", [False, True])
def test_a_list_of_the_api_may_be_a_table(tmp_path: Path, has_index: bool) -> None:
    """Flattened by pandas: booleans, floats and times as it writes them, nothing as nan."""
    item = activity(42) | {
        "id": "42.0", "flagged": "False", "start_date": "2025-05-01 06:30:00+00:00", "athlete.id": "1",
        "workout_type": "nan", "map.summary_polyline": "a,b",
    }  # fmt: skip
    header, cells = [*item], [str(each) for each in item.values()]
    rows = [["", *header], ["0", *cells]] if has_index else [header, cells]
    expected = the_snapshot(write_json(tmp_path, [activity(42)]))
    assert the_snapshot(write(tmp_path, "flat.csv", csv_bytes(rows))) == expected


GARMIN = (
    "Activity Type", "Date", "Favorite", "Title", "Distance", "Calories", "Time", "Avg HR", "Total Ascent",
    "Moving Time", "Elapsed Time",
)  # fmt: skip


def test_garmins_table_maps_field_by_field(tmp_path: Path) -> None:
    """Kilometres for runs, metres for swims; wall clock as UTC; what is assumed is said once."""
    cells = (
        "Trail Running|2025-02-06 17:06:03|false|W|5.48|447|00:31:24|153|1,028|00:31:00.4|00:32:00",
        "Pool Swimming|2025-02-07 17:06:03|false|W|1,500|--|31:24|153|--|--|00:32:00",
        "Cycling|2025-02-08 17:06:03|false|W|5,480.00|--|00:31:24|153|--|--|--",
        "Cycling|7/4/2020 15:36|false|W|5.48|--|00:31:24|153|--|--|--",
    )
    table = csv_bytes([GARMIN, *(each.split("|") for each in cells)])
    rows = rows_of(write(tmp_path, "Activities.csv", table))
    trail, swim, far = accepted(rows)
    assert (trail.source, trail.activity_id) == (Source.FILE, "garmin-20250206T170603")
    assert (trail.sport_type, trail.distance_meters, trail.elevation_meters) == ("TrailRun", 5_480, 1_028)
    assert (trail.moving_seconds, trail.elapsed_seconds, trail.utc_offset_seconds) == (1_860, 1_920, None)
    assert (swim.sport_type, swim.distance_meters, swim.moving_seconds) == ("Swim", 1_500, 1_884)
    assert (far.sport_type, far.distance_meters, far.moving_seconds) == ("Ride", 0, 1_884)
    (bad,) = rejected(rows)
    assert "'7/4/2020 15:36' is not a date" in bad.reason
    said = [row.warning or "" for row in rows if isinstance(row, Accepted)]
    assert "no units" in said[0]
    assert "wall clock" in said[0]
    assert said[1] == ""
    assert "too far for 1,884 seconds" in said[2]


def test_garmins_table_in_german(tmp_path: Path) -> None:
    """Titles and sports of a German account; an English one of 2020 called its time otherwise."""
    old = ["Activity Type", "Date", "Favorite", "Title", "Distance", "Calories", "Activity Time", "Elev Gain"]
    cells = ["Hiking", "2020-07-04 15:36:00", "FALSE", "W", "5.48", "447", "1:31:24", "28"]
    hike = the_snapshot(write(tmp_path, "old.csv", csv_bytes([old, cells])))
    assert (hike.sport_type, hike.moving_seconds, hike.elevation_meters) == ("Hike", 5_484, 28)
    header = ["Aktivitätstyp", "Datum", "Favorit", "Titel", "Distanz", "Kalorien", "Zeit", "Anstieg gesamt"]
    row = ["Laufen", "2025-02-06 17:06:03", "Nein", "W", "5,48", "447", "00:31:24", "28"]
    snapshot = the_snapshot(write(tmp_path, "Activities.csv", csv_bytes([header, row])))
    assert (snapshot.sport_type, snapshot.distance_meters, snapshot.elevation_meters) == ("Run", 5_480, 28)


@pytest.mark.parametrize(("unit", "climb", "meters", "up"), [("km", "m", 3_240, 59), ("mi", "ft", 5_214, 18)])
def test_runkeepers_table_maps_field_by_field(
    tmp_path: Path, unit: str, climb: str, meters: int, up: int
) -> None:
    """Units come from the titles, ids are its own."""
    header = [
        "Activity Id",
        "Date",
        "Type",
        "Route Name",
        f"Distance ({unit})",
        "Duration",
        f"Climb ({climb})",
    ]
    row = [
        "b2a1df07-c209-44bb-a44c-9250251634e3",
        "2026-03-28 08:33:29",
        "Running",
        "",
        "3.24",
        "26:11",
        "59",
    ]
    snapshot = the_snapshot(write(tmp_path, "cardioActivities.csv", csv_bytes([header, row])))
    assert (snapshot.source, snapshot.activity_id) == (Source.FILE, row[0])
    assert (snapshot.distance_meters, snapshot.elevation_meters) == (meters, up)
    assert (snapshot.sport_type, snapshot.moving_seconds) == ("Run", 26 * 60 + 11)


def test_runkeepers_older_table_has_no_ids(tmp_path: Path) -> None:
    """The start makes the id, so that the same table taken in again changes nothing."""
    header = [
        "Date",
        "Type",
        "Route Name",
        "Distance (mi)",
        "Duration",
        "Average Pace",
        "Climb (ft)",
        "GPX File",
    ]
    row = ["2012-05-06 07:08:09", "Cycling", "Ring", "10.00", "1:02:03", "6:12", "100.5", "2012-05-06.gpx"]
    ride = the_snapshot(write(tmp_path, "cardioActivities.csv", csv_bytes([header, row])))
    assert (ride.source, ride.activity_id) == (Source.FILE, "runkeeper-20120506T070809")
    assert (ride.sport_type, ride.distance_meters, ride.elevation_meters) == ("Ride", 16_093, 31)
    assert (ride.moving_seconds, ride.name) == (3_723, "Ring")


def test_an_export_of_another_service_is_no_export_of_strava(tmp_path: Path) -> None:
    """A table of neither kind names its columns."""
    header = ["Date", "Steps", "Sleep", "Mood"]
    path = write(tmp_path, "x.csv", csv_bytes([header, ["2025-01-01", "1", "2", "3"]]))
    with pytest.raises(UnreadableHistory, match="the columns are 'Date', 'Steps', 'Sleep', 'Mood'"):
        read_history(path, policy=POLICY, now=NOW)
