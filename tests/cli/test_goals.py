"""Goals by days, streaks, weeks and best efforts on the command line, against sums of the raw files."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import fold_oracle
from cli.console import Console, activity, write_history
from commitcollect_adapters.wording.goals import parse_aim
from commitcollect_core.training.folds import LongestRun, ReachedBuckets
from commitcollect_core.values import TargetType
from engines import running
from thoroughness import LEVEL

Raw = tuple[str, datetime, int | None, bool, dict[str, int]]
"""Sport type, start, UTC offset if known, whether it is flagged, and what it measures."""


def _from_json(path: Path) -> Iterator[Raw]:
    for each in json.loads(path.read_text(encoding="utf-8")):
        measures = _measures(each["distance"], each["total_elevation_gain"], each["moving_time"])
        start = datetime.fromisoformat(each["start_date"])
        yield each["sport_type"], start, int(each["utc_offset"]), each["flagged"], measures


def _from_csv(path: Path) -> Iterator[Raw]:
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    distance = header.index("Distance", header.index("Distance") + 1)
    flags = next(place for place, title in enumerate(header) if title.endswith(">Flagged</span>"))
    for row in rows:
        cell = dict(zip(header, row, strict=True))
        start = datetime.strptime(cell["Activity Date"], "%b %d, %Y, %I:%M:%S %p").replace(tzinfo=UTC)
        measured = (float(each or 0) for each in (row[distance], cell["Elevation Gain"], cell["Moving Time"]))
        yield cell["Activity Type"], start, None, row[flags] == "1.0", _measures(*measured)


def _measures(distance: float, climb: float, moving: float) -> dict[str, int]:
    return {"distance": round(distance), "elevation": round(climb), "time": round(moving), "count": 1}


FILES = {"summary_activities.json": _from_json, "bulk_export_activities.csv": _from_csv}
YEARS = {"summary_activities.json": 2024, "bulk_export_activities.csv": 2021}
"""The fullest year of each."""

ZONES = ("Europe/Berlin", "America/Los_Angeles", "Pacific/Auckland")
TARGETS: dict[str, tuple[str, fold_oracle.Fold]] = {
    "days=100": ("count", fold_oracle.Fold("ReachedBuckets", "DAY")),
    "days=50@5km": ("distance", fold_oracle.Fold("ReachedBuckets", "DAY", minimum=5_000)),
    "weeks=40@30km": ("distance", fold_oracle.Fold("ReachedBuckets", "WEEK", minimum=30_000)),
    "weeks=30@3": ("count", fold_oracle.Fold("ReachedBuckets", "WEEK", minimum=3)),
    "months=10@10h": ("time", fold_oracle.Fold("ReachedBuckets", "MONTH", minimum=36_000)),
    "streak=10d": ("count", fold_oracle.Fold("LongestRun", "DAY", rest=1)),
    "streak=12w@elevation=500m": ("elevation", fold_oracle.Fold("LongestRun", "WEEK", minimum=500, rest=1)),
    "best-distance=100km": ("distance", fold_oracle.Fold("BestWorkout")),
    "best-elevation=2000m": ("elevation", fold_oracle.Fold("BestWorkout")),
    "best-elevation=5000m/7d": ("elevation", fold_oracle.Fold("BestWindow", "DAY", length=7)),
    "best-distance=300km/30d": ("distance", fold_oracle.Fold("BestWindow", "DAY", length=30)),
    "best-time=20h/1w": ("time", fold_oracle.Fold("BestWindow", "WEEK", length=1)),
    "best-count=40/1m": ("count", fold_oracle.Fold("BestWindow", "MONTH", length=1)),
    "distance=1000km": ("distance", fold_oracle.Fold("Sum")),
}
DELIVERIES = (
    (),
    ("--order", "file", "--duplicate", "1"),
    ("--order", "shuffled", "--seed", "5"),
    ("--order", "shuffled", "--duplicate", "1", "--crash", "--seed", "9"),
)


def _expected(activities: list[Raw], year: int, zone: str) -> list[int]:
    """What each target comes to: by the wall calendar of the spot, else of the zone."""
    place = ZoneInfo(zone)
    start, end = (datetime(each, 1, 1, tzinfo=place) for each in (year, year + 1))
    counting = [
        (began, (timedelta(seconds=offset) if offset is not None else place.utcoffset(began)), measures)
        for _, began, offset, is_flagged, measures in activities
        if start <= began < end and not is_flagged
    ]
    sums = []
    for measure, fold in TARGETS.values():
        counted = [
            (int(began.timestamp()), int(offset.total_seconds()), measures[measure])
            for began, offset, measures in counting
            if measures[measure] and offset is not None
        ]
        sums.append(fold_oracle.value(counted, fold, fold_oracle.Place(((0, 0),))))
    return sums


def _simulated(console: Console, path: Path, year: int, zone: str, *delivery: str) -> dict[str, Any]:
    targets = [option for target in TARGETS for option in ("--target", target)]
    period = ("--from", f"{year}-01-01", "--to", f"{year + 1}-01-01", "--time-zone", zone, "--rest", "1")
    return console.json("simulate", path, *targets, *period, *delivery)


def _check(report: dict[str, Any], expected: list[int]) -> None:
    found = [each["currentValue"] for each in report["milestones"]]
    assert dict(zip(TARGETS, found, strict=True)) == dict(zip(TARGETS, expected, strict=True))
    for each in report["milestones"]:
        assert each["progressValue"] == each["currentValue"]
        earned = min(each["currentValue"] * 12 // each["totalTarget"], 12)
        assert [award["partIndex"] for award in each["awards"]] == list(range(1, earned + 1))


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("name", FILES)
def test_a_real_history_gives_the_oracles_answer_for_every_goal(
    console: Console, shared_data: Path, name: str, zone: str
) -> None:
    """Every target, whatever the order, duplicates and crashes, in memory and on a disk."""
    path = shared_data / "real" / name
    expected = _expected(list(FILES[name](path)), YEARS[name], zone)
    assert len(list(filter(None, expected))) > 10
    # What a zone changes shows in any order; the night tries every order in every zone, also on a disk.
    is_whole = zone == ZONES[0] or LEVEL.history_stride == 1
    in_memory = DELIVERIES[:-1] if is_whole else DELIVERIES[2:3]
    reports = [
        _simulated(console, path, YEARS[name], zone, "--store", "memory:", *each) for each in in_memory
    ]
    if is_whole:
        reports.append(_simulated(console, path, YEARS[name], zone, *DELIVERIES[-1]))
    for report in reports:
        _check(report, expected)
    assert len({each["stateDigest"] for each in reports}) == 1


@pytest.mark.slow
@pytest.mark.parametrize(("zone", "delivery"), list(zip(ZONES, DELIVERIES[1:], strict=True)))
@pytest.mark.parametrize(
    "name", [pytest.param(each, marks=pytest.mark.deep if each.endswith("json") else ()) for each in FILES]
)
def test_a_real_history_gives_the_oracles_answer_on_dynamodb(
    console: Console, shared_data: Path, name: str, zone: str, delivery: tuple[str, ...]
) -> None:
    """The same over a real connection: in three zones, in orders of files and chance, twice, with crashes."""
    path = shared_data / "real" / name
    expected = _expected(list(FILES[name](path)), YEARS[name], zone)
    with running.dynoxide() as endpoint:
        store = f"dynamodb://Goals?endpoint={endpoint}"
        console("tables", "create", "--store", store)
        _check(_simulated(console, path, YEARS[name], zone, "--store", store, *delivery), expected)


@pytest.fixture
def week(tmp_path: Path) -> Path:
    """Two runs on one morning, and one on each of the two days behind it."""
    runs = [
        activity(number, start_date=f"2026-03-{day:02}T{hour:02}:00:00Z", distance=meters)
        for number, (day, hour, meters) in enumerate(
            [(2, 7, 3_000.0), (2, 9, 4_000.0), (3, 7, 31_200.0), (4, 7, 2_000.0)], start=1
        )
    ]
    return write_history(tmp_path / "week.json", *runs)


def _explained(console: Console, *goal: str) -> list[str]:
    made = console.json("milestone", "create", "--from", "2026-01-01", *goal)
    lines = console("milestone", "explain", made["milestoneId"]).out.splitlines()
    return [line.partition(" Run ")[2].partition("  100000")[0].strip() for line in lines[:-1]]


def test_explain_says_what_each_workout_did(console: Console, week: Path) -> None:
    """Also where it did nothing, because its day had counted already."""
    console("workout", "import", week)
    assert _explained(console, "--target", "streak=5d@5km") == [
        "3.0 km, its day lacks 2.0 km",
        "4.0 km, day 1 of the streak",
        "31.2 km, day 2 of the streak",
        "2.0 km, its day lacks 3.0 km",
    ]
    assert _explained(console, "--target", "days=5") == [
        "1 activity, day 1 that counts",
        "1 activity, its day had counted already",
        "1 activity, day 2 that counts",
        "1 activity, day 3 that counts",
    ]
    assert _explained(console, "--target", "best-distance=50km") == [
        "3.0 km, the largest so far",
        "4.0 km, the largest so far",
        "31.2 km, the largest so far",
        "2.0 km, the largest is 31.2 km",
    ]
    assert _explained(console, "--target", "best-distance=50km/2d") == [
        "3.0 km, 3.0 km in 2 days, the best so far",
        "4.0 km, 7.0 km in 2 days, the best so far",
        "31.2 km, 38.2 km in 2 days, the best so far",
        "2.0 km, 33.2 km in 2 days, not the best",
    ]
    assert _explained(console, "--target", "distance=80km", "--target", "count=8:RUN", "--all-of")[0] == (
        "3.0 km, 3.0 km in all; 1 activity, 1 activity in all"
    )


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("days=100", "100 days with an activity"),
        ("weeks=40@30km", "40 weeks with 30 km"),
        ("months=1@2h", "1 month with 2 h"),
        ("streak=30d@distance=5km", "a streak of 30 days with 5 km"),
        ("best-elevation=5000m/7d", "5,000 m of climbing in 7 days in a row"),
        ("best-distance=100km", "100 km in one activity"),
        ("best-distance=100km/1w", "100 km in one week"),
        ("count=52:RUN,TrailRun", "52 activities · RUN, TrailRun"),
    ],
)
def test_a_goal_is_told_in_words(console: Console, week: Path, target: str, shown: str) -> None:
    """As a person would say it; the same text is in the list."""
    console("workout", "import", week)
    created = console("milestone", "create", "--target", target, "--from", "2026-01-01")
    assert f"  {shown} · " in created.out
    assert shown in console("milestone", "list").out


def test_a_combination_is_one_milestone(console: Console, week: Path) -> None:
    """It is as far as its least part, in percent; the document tells the parts."""
    console("workout", "import", week)
    options = ("--target", "distance=80km", "--target", "count=8:RUN", "--all-of", "--from", "2026-01-01")
    created = console("milestone", "create", *options)
    assert "80 km and 8 activities (RUN) · from 1 Jan 2026" in created.out
    assert "50.0 of 100 %" in created.out
    [listed] = console.json("milestone", "list")["milestones"]
    assert [each["totalTarget"] for each in listed["goal"]["allOf"]] == [80_000, 8]
    assert listed["partsEarned"] == 6


def test_a_dry_run_opens_nothing(console: Console, week: Path) -> None:
    """It tells the parts that the history is worth, and when the first was earned."""
    console("workout", "import", week)
    wish = ("milestone", "create", "--target", "days=4", "--from", "2026-01-01", "--dry-run")
    assert "You would have 9 of 12 parts at once: 3 of 4 days." in console(*wish).out
    assert "The first was earned on 2 Mar 2026, the last so far on 4 Mar 2026." in console(*wish).out
    assert console.json(*wish)["partsEarned"] == 9
    assert console.json("milestone", "list")["milestones"] == []


def test_new_years_morning_counts_where_it_was(console: Console, tmp_path: Path) -> None:
    """In Auckland the year begins thirteen hours earlier than in UTC."""
    run = activity(1, start_date="2025-12-31T19:00:00Z")
    console("workout", "import", write_history(tmp_path / "run.json", run))
    wish = ("milestone", "create", "--target", "days=12", "--from", "2026-01-01", "--dry-run")
    assert console.json(*wish)["partsEarned"] == 0
    assert console.json(*wish, "--time-zone", "Pacific/Auckland")["partsEarned"] == 1
    shown = console(*wish, "--time-zone", "Pacific/Auckland").out
    assert "1 Jan 2026 to 4 Feb 2027 (Pacific/Auckland)" in shown
    assert "earned on 1 Jan 2026" in shown


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--target", "streak=0d"), "write streak=30d for days"),
        (("--target", "streak=30"), "write streak=30d for days"),
        (("--target", "days=ten"), "write days=40, or days=40@30km"),
        (("--target", "weeks=40@500m"), "write @distance=500m, elevation=500m or time=500m"),
        (("--target", "weeks=40@lots"), "write @30km, 2h, elevation=500m or 3"),
        (("--target", "weeks=40@speed=3"), "write @30km, 2h, elevation=500m or 3"),
        (("--target", "weeks=40@0km"), "each has to reach something"),
        (("--target", "best-distance=5km/7"), "write best-distance=…/7d for 7 days"),
        (("--target", "best-count=5"), "one activity cannot be 5 activities; count those"),
        (("--target", "best-count=5"), "such as best-count=5/7d"),
        (("--target", "best-distance=10001km"), "has at most 10,000,000 of DISTANCE_METERS, not 10,001,000"),
        (("--target", "best-elevation=200001m"), "has at most 200,000 of ELEVATION_METERS"),
        (("--target", "best-time=1441h"), "has at most 5,184,000 of MOVING_TIME_SECONDS"),
        (("--target", "best-count=2", "--target", "days=5", "--all-of"), "such as best-count=2/7d"),
        (("--target", "best-speed=5"), "is not a target; write for example"),
        (("--target", "days=10:NOSPORT"), "NOSPORT"),
        (("--target", "days=500"), "500 days cannot be reached in a period that holds 400"),
        (("--target", "days=5", "--to", "2030-01-01"), "keeps at most 400 of them"),
        (("--target", "distance=5km", "--rest", "1"), "--rest is for a streak"),
        (("--target", "distance=5km", "--all-of"), "give --target once more"),
        (("--target", "distance=5km", "--target", "distance=5000m", "--all-of"), "all of these are the same"),
        (("--target", "weeks=40@"), "'weeks=40@': nothing stands behind the @"),
        (("--target", "streak=30d@ :RUN"), "nothing stands behind the @"),
        (("--target", "days=5", "--time-zone", "Europe/Berln"), "did you mean Europe/Berlin?"),
        (("--target", "days=5", "--time-zone", "localtime"), "no time zone 'localtime'; write it as"),
        (("--target", "days=5", "--time-zone", "right/Europe/Berlin"), "did you mean Europe/Berlin?"),
        (("--target", "days=5", "--time-zone", "../../etc/passwd"), "there is no time zone"),
        (("--target", "days=5", "--time-zone", ""), "there is no time zone"),
    ],
)
def test_what_is_no_goal_is_refused_with_the_way_out(
    console: Console, week: Path, options: tuple[str, ...], message: str
) -> None:
    """One line that names the thing and what to write instead; nothing is opened."""
    console("workout", "import", week)
    refused = console("milestone", "create", "--from", "2026-01-01", *options)
    assert refused.code != 0
    assert message in refused.err.replace("\n", " ")
    assert console.json("milestone", "list")["milestones"] == []


# Recurring goals


@pytest.mark.parametrize("store", ["sqlite", "dynamodb"])
def test_a_real_history_fills_every_year(
    console: Console, shared_data: Path, tmp_path: Path, store: str
) -> None:
    """Each year has the distance that the raw file adds up to, and its statue those parts."""
    path, place = shared_data / "real" / "summary_activities.json", ZoneInfo("Pacific/Auckland")
    totals: dict[str, int] = {}
    for _, began, _, is_flagged, measures in _from_json(path):
        if not is_flagged:
            year = f"{began.astimezone(place):%Y}"
            totals[year] = totals.get(year, 0) + measures["distance"]
    with ExitStack() as stack:
        address = str(tmp_path / "years.db")
        if store == "dynamodb":
            address = f"dynamodb://Years?endpoint={stack.enter_context(running.dynoxide())}"
            console("tables", "create", "--store", address)
        goal = console.json(
            "recurring", "begin", "--every", "year", "--target", "distance=2000km", "--from", "2017-06-01",
            "--time-zone", place.key, "--store", address,
        )  # fmt: skip
        console("workout", "import", path, "--store", address)
        milestones = console.json("milestone", "list", "--store", address)["milestones"]
        [listed] = console.json("recurring", "list", "--store", address)["recurringGoals"]
        assert console("recurring", "end", goal["recurringId"], "--store", address).code == 0
        assert console.json("recurring", "list", "--store", address)["recurringGoals"] == []
    assert [each["milestoneId"] for each in milestones] == listed["opened"]
    by_year = {each["milestoneId"].removeprefix(f"{goal['recurringId']}-"): each for each in milestones}
    assert set(totals) < set(by_year)
    for year, each in by_year.items():
        total = totals.get(year, 0)
        assert (each["currentValue"], each["partsEarned"]) == (total, min(total * 12 // 2_000_000, 12)), year


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--every", "month"), "--target"),
        (("--every", "day", "--target", "count=4"), "'year', 'month', 'week'"),
        (("--every", "month", "--target", "count=4", "--to", "2027-01-01"), "recurring goal has no --to"),
        (("--every", "month", "--target", "count=4", "--target", "days=4"), "--all-of"),
        (("--every", "week", "--target", "streak=10d"), "10 days cannot be reached"),
        (("--every", "week", "--target", "count=4", "--from", "2017-01-01"), "24 periods back"),
    ],
)
def test_a_recurring_goal_that_makes_no_sense_is_refused(
    console: Console, tmp_path: Path, options: tuple[str, ...], words: str
) -> None:
    """The message names what is wrong and the way out; nothing is begun."""
    refused = console("recurring", "begin", *options, "--store", tmp_path / "x.db")
    assert refused.code in {1, 2}
    assert words in refused.err


@pytest.mark.parametrize(
    ("target", "seconds", "sports"),
    [
        ("time=3:59:12", 14_352, ["ANY"]),
        ("time=100:00:00", 360_000, ["ANY"]),
        ("time = 3:59:12 : RUN, RIDE", 14_352, ["RIDE", "RUN"]),
        ("best-time=3:59:12", 14_352, ["ANY"]),
        ("best-time=20:00:00/1w:RUN", 72_000, ["RUN"]),
        ("time=1h30m:TrailRun", 5_400, ["TrailRun"]),
        ("time=45m", 2_700, ["ANY"]),
    ],
)
def test_a_target_takes_a_duration_as_a_clock_shows_it(target: str, seconds: int, sports: list[str]) -> None:
    """Its colons are those of the clock; sports stand behind the last one."""
    aim = parse_aim(target)
    assert (aim.total_target, list(aim.sports.names)) == (seconds, sports)


@pytest.mark.parametrize(
    ("minimum", "seconds"),
    [
        ("time=0:45:00", 2_700), ("0:45:00", 2_700), ("1h30m", 5_400), ("1h30", 5_400), ("90min", 5_400),
        ("Time = 90m", 5_400), ("45m30s", 2_730), ("2h", 7_200), ("1h 30m", 5_400),
    ],
)  # fmt: skip
@pytest.mark.parametrize("span", ["days=5", "streak=3w"])
@pytest.mark.parametrize("sports", ["", ":RUN"])
def test_a_minimum_takes_every_duration(span: str, minimum: str, seconds: int, sports: str) -> None:
    """What each day or week has to reach is written as durations are elsewhere."""
    aim = parse_aim(f"{span}@{minimum}{sports}")
    assert aim.target_type is TargetType.MOVING_TIME_SECONDS
    assert isinstance(aim.fold, ReachedBuckets | LongestRun)
    assert aim.fold.minimum == seconds
    assert list(aim.sports.names) == [sports[1:] or "ANY"]


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("time=3:59", "'3:59' may be 3 h 59 min or 3 min 59 s; write 3h59m or 3m59s"),
        ("time=3:59:RUN", "'3:59' may be 3 h 59 min or 3 min 59 s; write 3h59m or 3m59s"),
        ("best-time=3:59/7d", "'3:59' may be"),
        ("days=5@0:45", "'0:45' may be"),
        ("days=5@time=0:45", "'0:45' may be"),
        ("days=5@30m", "write @distance=30m, elevation=30m or time=30m"),
        ("days=5@30x", "write @30km, 2h, elevation=500m or 3"),
        ("distance=3:59:12", "'3:59:12' is no amount of distance"),
        ("count=52:", "unsupported sport ''"),
        ("count=52:RUN:RIDE", "unsupported sport 'RUN:RIDE'"),
    ],
)
def test_what_a_clock_does_not_say_is_refused(console: Console, target: str, why: str) -> None:
    """A time of two numbers has two readings, and what else holds a colon is named as it was given."""
    outcome = console("milestone", "create", "--target", target, "--year", "2026")
    assert outcome.code == 2
    assert why in outcome.err


@pytest.mark.parametrize(
    "command",
    [("milestone", "create", "--dry-run"), ("simulate", "--demo"), ("recurring", "begin", "--every", "year")],
)
@pytest.mark.parametrize("target", ["count=52:RUN", "time=3:59:12:RUN"])
def test_sports_that_would_be_dropped_are_refused(
    console: Console, command: tuple[str, ...], target: str
) -> None:
    """A sport beside a target that names another is no default for anything."""
    console.json("workout", "add", "--sport-type", "Run", "--start", "2026-01-05T07:00Z", "--distance", "5km")
    given = (*command, "--target", target, "--from", "2026-01-01", "--sport")
    refused = console(*given, "RIDE")
    assert refused.code == 2
    assert f"'{target}' is for RUN, and the sport given beside it is RIDE" in refused.err
    assert console(*given, "RUN").code == 0
    assert console(*given, "ANY").code == 0


def test_a_sport_stays_the_default_of_targets_that_name_none(console: Console) -> None:
    """It is given for those, and the sports of another take precedence there."""
    made = console(
        "milestone", "create", "--target", "distance=1000km", "--target", "count=52:RUN", "--all-of",
        "--sport", "RIDE", "--year", "2026",
    )  # fmt: skip
    assert "1,000 km (RIDE) and 52 activities (RUN)" in made.out


def test_a_recurring_goal_ends_by_the_beginning_of_its_id(console: Console) -> None:
    """As milestones and workouts are found; what is nothing, or may be several, is refused with the ids."""
    begin = ("recurring", "begin", "--target", "count=4", "--every")
    ids = [console.json(*begin, every)["recurringId"] for every in ("year", "month")]
    unknown = console("recurring", "end", "nothing-like-it")
    assert unknown.code == 3
    assert "no recurring goal 'nothing-like-it'" in unknown.err
    assert "'commitcollect recurring list'" in unknown.err
    assert all(each in unknown.err for each in ids)
    assert console("recurring", "end", "").code == 3
    several = console("recurring", "end", "ms-")
    assert (several.code, len(console.json("recurring", "list")["recurringGoals"])) == (2, 2)
    assert "'ms-' may be one of several; there are: ms-" in several.err
    start = next(ids[0][:length] for length in range(1, 99) if not ids[1].startswith(ids[0][:length]))
    assert console("recurring", "end", start).code == 0
    assert console("recurring", "end", ids[1]).code == 0
    assert "'commitcollect recurring begin'" in console("recurring", "end", "gone").err
    assert console.json("recurring", "list")["recurringGoals"] == []
