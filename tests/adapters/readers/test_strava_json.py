from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from adapters.readers.samples import (
    NOW,
    POLICY,
    accepted,
    activity,
    rejected,
    rows_of,
    the_rejection,
    the_snapshot,
    write,
    write_json,
)
from commitcollect_adapters.readers import Accepted, snapshot_from_activity
from commitcollect_core.errors import InvalidInput
from commitcollect_core.training.workouts import ActivitySnapshot
from commitcollect_core.values import Source

VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.just([]), st.just({}),
    st.sampled_from(["2025-05-01T06:30:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]),
)  # fmt: skip


def half_even(value: float) -> int:
    """Rounding by the book, with exact fractions, to compare against."""
    exact = Fraction(value)
    floor = exact.numerator // exact.denominator
    rest = exact - floor
    return floor + (rest > Fraction(1, 2) or (rest == Fraction(1, 2) and floor % 2 == 1))


def test_the_real_list_adds_up(shared_data: Path) -> None:
    """All 1,132 real activities are accepted, and each sum is the one of the file's own numbers."""
    path = shared_data / "real" / "summary_activities.json"
    raw = json.loads(path.read_text("utf-8"))
    rows = rows_of(path)
    assert rejected(rows) == []
    assert [row.row for row in rows] == list(range(1, 1_133))
    snapshots = accepted(rows)
    assert [each.activity_id for each in snapshots] == [str(each["id"]) for each in raw]
    for ours, theirs in (
        ("distance_meters", "distance"),
        ("elevation_meters", "total_elevation_gain"),
        ("moving_seconds", "moving_time"),
        ("elapsed_seconds", "elapsed_time"),
    ):
        assert sum(getattr(each, ours) for each in snapshots) == sum(half_even(each[theirs]) for each in raw)
    assert [each.is_flagged for each in snapshots] == [each["flagged"] for each in raw]
    assert [each.sport_type for each in snapshots] == [each["sport_type"] for each in raw]
    assert [f"{each.started_at:%Y-%m-%dT%H:%M:%SZ}" for each in snapshots] == [
        each["start_date"] for each in raw
    ]
    assert not any(row.warning for row in rows if isinstance(row, Accepted))


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("strava-ruby-client/models/detailed_activity_ride.json", ("1493471377", "Ride", 28_099, 516)),
        ("strava-ruby-client/models/detailed_activity_run.json", ("1477353766", "Run", 22_540, 145)),
        ("strava-ruby-client/models/detailed_activity_swim.json", ("1493471377", "Swim", 1_874, 0)),
        ("strava-ruby-client/models/summary_activity.json", ("16181809559", "Run", 22_601, 202)),
        ("stravalib/activity-manual.3.json", ("96089609", "Hike", 22_531, 0)),
        ("stravalib/activity.3.json", ("99895560", "Run", 5_781, 14)),
    ],
)
def test_recorded_payloads_map(shared_data: Path, file: str, expected: tuple[str, str, int, int]) -> None:
    """Detailed, summary and pre-2022 payloads all map, whatever else they carry."""
    payload = json.loads((shared_data / "strava" / file).read_text("utf-8"))
    snapshot = snapshot_from_activity(payload, POLICY)
    snapshot.check(POLICY, now=NOW)
    assert snapshot.source is Source.STRAVA
    found = (snapshot.activity_id, snapshot.sport_type, snapshot.distance_meters, snapshot.elevation_meters)
    assert found == expected
    assert snapshot.moving_seconds == payload["moving_time"]
    assert snapshot.name == payload["name"]
    assert snapshot.utc_offset_seconds == payload.get("utc_offset")


def test_an_activity_maps_field_by_field(tmp_path: Path) -> None:
    """The whole snapshot, once, by hand."""
    assert the_snapshot(write_json(tmp_path, [activity(42)])) == ActivitySnapshot(
        source=Source.STRAVA,
        activity_id="42",  # type: ignore[arg-type]  # plain text is an id here
        sport_type="Run",
        started_at=datetime(2025, 5, 1, 6, 30, tzinfo=UTC),
        distance_meters=10_000,
        elevation_meters=55,
        moving_seconds=3_000,
        elapsed_seconds=3_100,
        name="Morning Run",
        utc_offset_seconds=7_200,
        is_flagged=False,
    )


@given(st.dictionaries(st.sampled_from(sorted(activity())), VALUES))
def test_any_payload_maps_or_names_the_field(changes: dict[str, Any]) -> None:
    """Whatever a field holds, the answer is a snapshot or an InvalidInput that names one of the fields."""
    payload = activity() | changes
    try:
        snapshot = snapshot_from_activity(payload, POLICY)
    except InvalidInput as error:
        named = error.field
    else:
        named = "id"
        assert snapshot.started_at.utcoffset() == timedelta(0)
        assert type(snapshot.distance_meters) is int
    assert named in payload


@given(st.sets(st.sampled_from(sorted(set(activity()) - {"id", "start_date", "sport_type"}))))
def test_absent_and_null_are_the_same(fields: set[str]) -> None:
    """Everything but id, start and sport may be missing or null, with the same result."""
    without = {name: value for name, value in activity().items() if name not in fields}
    null = activity() | dict.fromkeys(fields)
    assert snapshot_from_activity(without, POLICY) == snapshot_from_activity(null, POLICY)


@pytest.mark.parametrize("start", ["2025-05-01T06:30:00", "2025-05-01 06:30", "2025-05-01"])
def test_a_start_without_zone_is_refused(tmp_path: Path, start: str) -> None:
    """A guess at the zone would put training on the wrong day."""
    item = activity(start_date=start, start_date_local="2025-05-01T09:30:00Z")
    assert "no time zone" in the_rejection(write_json(tmp_path, [item]))


def test_a_start_without_zone_is_utc_where_the_offset_proves_it() -> None:
    """The local start is the offset away from it: then it can be nothing but UTC."""
    expected = snapshot_from_activity(activity(), POLICY)
    assert snapshot_from_activity(activity(start_date="2025-05-01 06:30:00"), POLICY) == expected


@pytest.mark.parametrize(
    "start", ["2025-05-01T06:30:00Z", "2025-05-01T08:30:00+02:00", "2025-04-30T23:30:00.9-07:00"]
)
def test_the_same_moment_is_the_same_start(start: str) -> None:
    """Offsets are honoured and fractions of seconds dropped."""
    snapshot = snapshot_from_activity(activity(start_date=start), POLICY)
    assert snapshot.started_at == datetime(2025, 5, 1, 6, 30, tzinfo=UTC)


def test_the_local_date_is_never_used(tmp_path: Path) -> None:
    """It is a wall clock with a false Z: without start_date there is no start."""
    payload = activity()
    del payload["start_date"]
    assert "start_date" in the_rejection(write_json(tmp_path, [payload]))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"start_date": "1970-01-01T00:00:00Z"}, "outside 1980-01-06"),
        ({"start_date": "2100-01-01T00:00:00Z"}, "outside 1980-01-06"),
        ({"start_date": "0001-01-01T00:00:00+14:00"}, "beyond the years"),
        ({"start_date": "yesterday"}, "not a date"),
        ({"start_date": 1746081000}, "start_date"),
        ({"id": True}, "id must be"),
        ({"id": 1.5}, "id must be"),
        ({"id": 10**20}, "id must be"),
        ({"id": "../etc"}, "id must be"),
    ],
    ids=repr,
)
def test_what_cannot_be_is_rejected_by_name(tmp_path: Path, changes: dict[str, object], words: str) -> None:
    """An impossible value rejects its row with a reason, between two rows that are accepted."""
    path = write_json(tmp_path, [activity(1), activity(2) | changes, activity(3)])
    rows = rows_of(path)
    assert [each.activity_id for each in accepted(rows)] == ["1", "3"]
    (bad,) = rejected(rows)
    assert bad.row == 2
    assert bad.file == str(path)
    assert words in bad.reason


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"distance": -5}, "distance_meters", "distance -5 is negative"),
        ({"distance": 1e9}, "distance_meters", "distance_meters 1000000000 is outside 0 to 10,000,000"),
        ({"distance": "far"}, "distance_meters", "distance 'far' is not a number"),
        ({"moving_time": True}, "moving_seconds", "moving_time True is not a number"),
        ({"elapsed_time": 10**29}, "elapsed_seconds", "elapsed_time"),
        (
            {"elapsed_time": 19_525_640},
            "elapsed_seconds",
            "elapsed_seconds 19525640 is outside 0 to 5,184,000",
        ),
        ({"total_elevation_gain": 1e6}, "elevation_meters", "elevation_meters"),
        ({"sport_type": None}, "sport_type", "sport_type"),
        ({"sport_type": "x" * 65}, "sport_type", "sport_type"),
        ({"sport_type": "\x1b\u202e"}, "sport_type", "sport_type"),
        ({"flagged": "perhaps"}, "is_flagged", "flagged 'perhaps'"),
        ({"flagged": []}, "is_flagged", "flagged a list"),
        ({"name": 5}, "name", "name 5 is not a text"),
    ],
    ids=repr,
)
def test_what_cannot_be_costs_only_itself(
    tmp_path: Path, changes: dict[str, object], field: str, words: str
) -> None:
    """An impossible value is set aside with a remark that names it; all else is read."""
    (good, bad) = rows_of(write_json(tmp_path, [activity(1), activity(1) | changes]))
    assert isinstance(good, Accepted)
    assert isinstance(bad, Accepted)
    neutral: Any = {"sport_type": "Unknown", "is_flagged": False, "name": ""}.get(field, 0)
    assert bad.snapshot == evolve(good.snapshot, **{field: neutral})
    assert words in str(bad.warning)


@pytest.mark.parametrize("item", [None, 5, "text", [], [activity()], True])
def test_an_item_that_is_no_object_is_rejected(tmp_path: Path, item: object) -> None:
    """A list may hold anything; only objects are activities."""
    rows = rows_of(write_json(tmp_path, [activity(1), item, activity(3)]))
    assert len(accepted(rows)) == 2
    assert "not an activity object" in rejected(rows)[0].reason


@pytest.mark.parametrize(("offset", "expected"), [(None, None), (-28_800, -28_800), (19_800.0, 19_800)])
@pytest.mark.parametrize("odd", [64_801, -1e9, "7200", True, [], float("nan")])
def test_a_useless_utc_offset_is_left_out(offset: object, expected: int | None, odd: object) -> None:
    """The offset serves display only: a plausible one is kept, any other dropped without losing the ride."""
    assert snapshot_from_activity(activity(utc_offset=offset), POLICY).utc_offset_seconds == expected
    assert snapshot_from_activity(activity(utc_offset=odd), POLICY).utc_offset_seconds is None


def test_an_unknown_sport_is_kept_with_a_warning(tmp_path: Path) -> None:
    """New sports count for ANY from their first day, and the athlete is told."""
    (row,) = rows_of(write_json(tmp_path, [activity(sport_type="UnderwaterRugby")]))
    assert isinstance(row, Accepted)
    assert row.snapshot.sport_type == "UnderwaterRugby"
    assert row.warning == "unknown sport type 'UnderwaterRugby': kept as received; counts for ANY only"


def test_type_stands_in_for_a_missing_sport_type() -> None:
    """Payloads from before 2022 have `type` only; where both are, the finer one is used."""
    assert snapshot_from_activity(activity(sport_type=None, type="Hike"), POLICY).sport_type == "Hike"
    assert (
        snapshot_from_activity(activity(sport_type="TrailRun", type="Run"), POLICY).sport_type == "TrailRun"
    )


def test_a_long_name_is_cut_and_cleaned() -> None:
    """A name never makes an activity fail and never reaches a terminal as more than text."""
    snapshot = snapshot_from_activity(activity(name="\x1b]0;" + "ä" * 500), POLICY)
    assert snapshot.name == "]0;" + "ä" * 197


def test_a_list_cut_short_keeps_what_came_before(tmp_path: Path) -> None:
    """The rows before the cut are accepted, then one rejection says where the file ends."""
    content = json.dumps([activity(each) for each in range(1, 51)]).encode()
    rows = rows_of(write(tmp_path, "list.json", content[: len(content) // 2]))
    assert len(accepted(rows)) == len(rows) - 1
    assert [each.activity_id for each in accepted(rows)] == [str(each) for each in range(1, len(rows))]
    (last,) = rejected(rows)
    assert last == rows[-1]
    assert last.row == len(rows)
    assert "ends before" in last.reason
