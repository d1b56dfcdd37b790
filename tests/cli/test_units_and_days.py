"""Days, durations and units as people write and read them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cli.console import Console
from commitcollect_adapters.system import SystemClock
from commitcollect_adapters.wording.amounts import (
    show_amount,
    show_in,
    show_needed,
    show_progress,
    show_target,
    shown_as_given,
)
from commitcollect_adapters.wording.units import KINDS, METRIC, Kind, most_of, parse_amount, unit_given
from commitcollect_cli.options import YEAR_MAX, YEAR_MIN, UtcDay
from commitcollect_core.errors import InvalidInput
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.training.goals import PERIOD_YEAR_MAX, PERIOD_YEAR_MIN, Aim
from commitcollect_core.values import TargetType

DISTANCE, TIME = KINDS["distance"], KINDS["time"]
CREATE = ("milestone", "create", "--target", "distance=100km")


@pytest.fixture(autouse=True)
def _metric() -> None:
    show_in(METRIC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3:59:12", 14_352), ("0:00:01", 1), ("1h30m", 5_400), ("1h30", 5_400), ("1h5", 3_900),
        ("30m", 1_800),
        ("30min", 1_800), ("90m", 5_400), ("1h 30min", 5_400), ("2h0m30s", 7_230), ("45m30s", 2_730),
        ("1.5h", 5_400), ("100h", 360_000), ("52min", 3_120), ("1H30M", 5_400), ("100:00:00", 360_000),
    ],
)  # fmt: skip
def test_durations_are_read_as_people_write_them(text: str, seconds: int) -> None:
    """With colons, with letters, and as one number with a unit."""
    assert parse_amount(TIME, text, needs_unit=True) == seconds


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("3:59", "write 3h59m or 3m59s"), ("1h90m", "write less than 60"), ("1:75:00", "no amount"),
        ("1h30m90s", "write less than 60"), ("h", "no amount"), ("30", "needs a unit"), ("", "no amount"),
        ("1m30", "no amount"), ("-5m", "no amount"), ("1:2:3", "no amount"), ("1h1h", "no amount"),
    ],
)  # fmt: skip
def test_a_duration_that_may_be_two_is_refused(text: str, why: str) -> None:
    """The refusal says what to write instead."""
    with pytest.raises(InvalidInput, match=why):
        parse_amount(TIME, text, needs_unit=True)


def test_metres_stay_metres_of_a_distance() -> None:
    """``m`` means minutes only where a duration is meant."""
    assert parse_amount(DISTANCE, "1500m") == 1_500
    assert parse_amount(DISTANCE, "30 m") == 30


@pytest.mark.parametrize(
    ("metres", "shown"),
    [
        (42_195, "42.20 km"), (10_000, "10.0 km"), (5_012, "5.01 km"), (1_234_567, "1,234.5 km"),
        (999, "999 m"), (0, "0.0 km"),
    ],
)  # fmt: skip
def test_a_distance_is_shown_to_the_ten_metres(metres: int, shown: str) -> None:
    """A marathon is never one of 42.1 km."""
    assert show_amount(TargetType.DISTANCE_METERS, metres) == shown


def test_what_is_reached_looks_reached() -> None:
    """Progress below its target is rounded down, and at it is shown as the target."""
    assert show_progress(DISTANCE, 42_194, 42_195) == "42.1 of 42.195 km"
    assert show_progress(DISTANCE, 42_195, 42_195) == "42.195 of 42.195 km"
    assert show_progress(DISTANCE, 60_000, 60_000) == "60.0 of 60 km"


@pytest.mark.parametrize(
    ("target", "unit"),
    [
        ("distance=100mi", "mi"), ("distance=5 km:RUN", "km"), ("elevation=29029ft", "ft"), ("count=52", ""),
        ("time=9h", "h"), ("time=9", "h"), ("time=1h30m", "hms"), ("time=1h30:RUN", "hms"),
        ("time=90m", "min"), ("time = 90 min", "min"), ("time=90s", "s"), ("time=0:45:30", "h:m:s"),
        ("time=3:59:12:RUN", "h:m:s"), ("best-time=20h/1w", "h"), ("best-time=1h30m/7d", "hms"),
        ("days=5@1h30m", "hms"), ("days=5@2h", "h"), ("days=5", ""), ("days=5@3", ""),
        ("weeks=5@20mi", "mi"),
        ("streak=3m", ""), ("streak=3m@500ft:RUN", "ft"), ("best-distance=300/1m", ""),
        ("best-distance=300 MI/1m", "mi"), ("months=5@distance=30km", "km"),
        ("weeks=5@time=90m", "min"), ("streak=10w@0:30:00", "h:m:s"),
    ],
)  # fmt: skip
def test_the_unit_of_a_target_is_known(target: str, unit: str) -> None:
    """It decides how the milestone is shown."""
    assert unit_given(target) == unit


def test_a_target_is_shown_in_the_unit_it_was_given_in(console: Console) -> None:
    """Unless --units says otherwise; the setting is for what was given in no unit."""
    made = ("--from", "2024-01-01", "--target")
    console.json("milestone", "create", *made, "distance=100mi", "--name", "miles")
    console.json("milestone", "create", *made, "distance=100km", "--name", "kilometres")
    assert "100 mi" in console("milestone", "show", "miles").out
    assert "100 km" in console("milestone", "show", "kilometres").out
    assert "160.934 km" in console("milestone", "show", "miles", "--units", "metric").out
    assert "62.137 mi" in console("milestone", "show", "kilometres", "--units", "imperial").out


@pytest.mark.parametrize(
    ("target", "goal", "done", "first_part"),
    [
        ("time=3:58:48", "3:58:48", "1:30:05 of 3:58:48", "at 0:19:54"),
        ("time=100:30:00", "100:30:00", "1:30:05 of 100:30:00", "at 8:22:30"),
        ("time=3h59m", "3h59m", "1h30m05s of 3h59m", "at 19m55s"),
        ("time=2h0m30s", "2h00m30s", "1h30m05s of 2h00m30s", "at 10m03s"),
        ("time=125min", "125 min", "90 of 125 min", "at 11 min"),
        ("time=9000s", "9,000 s", "5,405 of 9,000 s", "at 750 s"),
        ("time=90.5min", "90.5 min", "90.0 of 90.5 min", "at 7.6 min"),
        ("time=100h", "100 h", "1.5 of 100 h", "at 8.4 h"),
        ("time=1.987h", "1.987 h", "1.501 of 1.987 h", "at 10 min"),
        ("time=3.05h", "3.05 h", "1.50 of 3.05 h", "at 16 min"),
        ("best-time=1h45m", "1h45m in one activity", "1h30m05s of 1h45m", "at 8m45s"),
        ("days=12@1:15:30", "12 days with 1:15:30", "1 of 12 days", "at 2 days"),
    ],
)
def test_a_duration_is_shown_in_the_form_it_was_given_in(
    console: Console, target: str, goal: str, done: str, first_part: str
) -> None:
    """Whatever shows a goal or its progress; a preview of it says the same."""
    run = ("--sport-type", "Run", "--start", "2024-02-01T07:00Z", "--distance", "15km", "--moving", "1:30:05")
    made = ("milestone", "create", "--from", "2024-01-01", "--target", target)
    milestone_id = console.json(*made)["milestoneId"]
    assert first_part in console("statue", "show", "--milestone", milestone_id).out
    console.json("workout", "add", *run)
    assert done in console(*made, "--dry-run").out
    shown = console("milestone", "show", "--units", "imperial").out
    assert goal in shown
    assert done in shown
    for command in ("list", "show", "explain"):
        arguments = () if command == "list" else (milestone_id,)
        assert f"{goal} · any sport" in console("milestone", command, *arguments).out


def test_a_duration_given_in_no_unit_is_exact() -> None:
    """Seconds of the API are written in several units where a tenth of one would round them."""
    assert show_target(TIME, 14_328) == "3h58m48s"
    assert show_target(TIME, 90) == "1m30s"
    assert show_progress(TIME, 7_200, 14_328) == "2h of 3h58m48s"
    assert show_progress(TIME, 0, 14_328) == "0s of 3h58m48s"
    assert show_target(TIME, 5_400) == "1.5 h"


def _aim(kind: Kind, total: int) -> tuple[Aim]:
    return (Aim(target_type=kind.target_type, total_target=total),)


def _exact(kind: Kind, shown: str) -> Decimal:
    """What is shown, in the unit of the target type, with its fraction."""
    number, _, unit = shown.replace(",", "").partition(" ")
    return Decimal(number) * kind.units[unit] if unit else Decimal(parse_amount(kind, number))


@given(st.integers(1, 10**7), st.sampled_from(("", "h", "min", "s", "hms", "h:m:s")))
@example(total=14_328, unit="")
@example(total=16, unit="h")
@example(total=1_199, unit="h")
@example(total=4_442, unit="h")
def test_a_goal_of_time_has_one_form(total: int, unit: str) -> None:
    """What the last part needs is shown as the target, and no part needs more."""
    with shown_as_given(unit, _aim(TIME, total)):
        target = show_target(TIME, total)
        needed = [show_needed(TIME, -(-total * part // 12)) for part in range(1, 13)]
        assert show_amount(TIME, total) == target == needed[-1]
        assert show_progress(TIME, total // 2, total).endswith(f" of {target}")
    assert max(_exact(TIME, each) for each in needed) == _exact(TIME, target)


@pytest.mark.parametrize(
    ("target", "seconds", "done"),
    [
        ("0.05h", 150, "0.04 of 0.05 h"), ("0.333h", 600, "0.166 of 0.333 h"),
        ("0.5min", 15, "0.2 of 0.5 min"),
        ("1.234h", 4_441, "1.233 of 1.234 h"), ("0.0002h", 1, "0.0003 of 0.0003 h"),
        ("1000.5h", 3_600, "1.0 of 1,000.5 h"), ("2h", 3_600, "1.0 of 2 h"), ("90s", 45, "45 of 90 s"),
    ],
)  # fmt: skip
def test_progress_in_a_unit_has_the_digits_of_its_target(target: str, seconds: int, done: str) -> None:
    """Half of less than one unit does not read as nothing."""
    total = parse_amount(TIME, target)
    with shown_as_given(unit_given(f"time={target}"), _aim(TIME, total)):
        assert show_progress(TIME, seconds, total) == done


@given(st.integers(1, 60 * 3_600), st.integers(1, 12), st.sampled_from(("h", "min", "s")))
def test_a_part_of_a_duration_never_reads_as_nothing(total: int, part: int, unit: str) -> None:
    """Neither what it needs nor what has been done, in whichever unit the target was given."""
    with shown_as_given(unit, _aim(TIME, total)):
        for show in (show_amount, show_needed):
            assert _exact(TIME, show(TIME, -(-total * part // 12))) > 0


@given(st.integers(1, 10**7), st.sampled_from(("km", "m", "mi", "ft")))
@example(total=1_099, unit="km")
@example(total=42_195, unit="km")
@example(total=160_934, unit="mi")
def test_no_part_of_a_distance_is_beyond_the_target(total: int, unit: str) -> None:
    """The last threshold is the target, which a distance rounded up or down would miss."""
    with shown_as_given(unit, _aim(DISTANCE, total)):
        target = show_target(DISTANCE, total)
        needed = [show_needed(DISTANCE, -(-total * part // 12)) for part in range(1, 13)]
        assert show_amount(DISTANCE, total) == target == needed[-1]
    assert max(_exact(DISTANCE, each) for each in needed) == _exact(DISTANCE, target)


@given(
    st.one_of(st.integers(1, 10**5), st.integers(1, DEFAULT_POLICY.training.total_target_max)),
    st.sampled_from(("h:m:s", "hms")),
)
@example(seconds=1_000 * 3_600, unit="hms")
@example(seconds=1_000 * 3_600 + 1_800, unit="hms")
@example(seconds=DEFAULT_POLICY.training.total_target_max, unit="h:m:s")
def test_a_duration_that_is_shown_can_be_typed(seconds: int, unit: str) -> None:
    """Letter by letter, and means the same target."""
    with shown_as_given(unit, _aim(TIME, seconds)):
        shown = show_target(TIME, seconds)
    assert parse_amount(TIME, shown) == seconds


@given(st.integers(1, 10**9), st.sampled_from(("h", "min", "s")))
def test_a_duration_shown_in_one_unit_can_be_typed_or_is_refused(seconds: int, unit: str) -> None:
    """A comma that may be a point is refused, as of a distance; the refusal tells what to type instead."""
    with shown_as_given(unit, _aim(TIME, seconds)):
        typed = show_target(TIME, seconds)
    try:
        read = parse_amount(TIME, typed)
    except InvalidInput as refused:
        assert re.fullmatch(r"[0-9]{1,3},[0-9]{3} (h|min|s)", typed)
        read = parse_amount(TIME, refused.message.partition("; write ")[2].partition(" or ")[0])
    assert read == seconds


@given(st.data(), st.sampled_from((("h", 3), ("min", 1))))
def test_a_duration_with_a_fraction_is_shown_as_it_was_typed(
    data: st.DataObject, of: tuple[str, int]
) -> None:
    """Although it is stored in whole seconds: to the last digit that is longer than one."""
    unit, places = of
    number = data.draw(st.decimals(Decimal("0.1"), 9_999, places=places))
    typed = f"{number.normalize():f}"
    seconds = parse_amount(TIME, f"{number:f}0{unit}")
    with shown_as_given(unit, _aim(TIME, seconds)):
        shown = show_target(TIME, seconds)
    assert shown.replace(",", "") == f"{typed} {unit}"


def test_each_target_of_a_combination_is_shown_as_given(console: Console) -> None:
    """Lengths as the first length, durations as the first duration; several goals each as its own."""
    targets = ("--target", "time=3:59:12", "--target", "distance=100mi", "--from", "2024-01-01")
    assert "3:59:12 and 100 mi · " in console("milestone", "create", *targets, "--all-of").out
    simulated = console("simulate", "--demo", "--activities", "30", *targets).out
    assert " of 3:59:12" in simulated
    assert " of 100 mi" in simulated


@pytest.mark.parametrize(("target", "shown"), [("time=1h30m", "1h30m"), ("distance=100mi", "100 mi")])
def test_a_recurring_goal_and_its_milestones_are_shown_as_given(
    console: Console, target: str, shown: str
) -> None:
    """The goal keeps the unit for the milestones of later periods."""
    begun = console("recurring", "begin", "--every", "year", "--target", target)
    assert f"{shown} · any sport · every year" in begun.out
    assert f"{shown} · any sport · every year" in console("recurring", "list").out
    assert f" of {shown}" in console("milestone", "show").out


def test_amounts_are_shown_in_the_units_of_the_settings(
    console: Console, history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lists of workouts follow the setting, and the option takes precedence."""
    console("workout", "import", history)
    assert "10.0 km" in console("workout", "list").out
    monkeypatch.setenv("COMMITCOLLECT_UNITS", "imperial")
    assert "6.21 mi" in console("workout", "list").out
    assert "10.0 km" in console("workout", "list", "--units", "metric").out
    monkeypatch.setenv("COMMITCOLLECT_UNITS", "furlongs")
    assert console("workout", "list").code == 2


def _day(year: int, month: int, day: int) -> int:
    return int(datetime(year, month, day, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("options", "start", "end"),
    [
        (("--year", "2026"), (2026, 1, 1), (2027, 1, 1)),
        (("--month", "2026-12"), (2026, 12, 1), (2027, 1, 1)),
        (("--month", "2024-02"), (2024, 2, 1), (2024, 3, 1)),
        (("--from", "2026-01-01", "--through", "2026-12-31"), (2026, 1, 1), (2027, 1, 1)),
        (("--from", "2026-01-01", "--to", "2026-12-31"), (2026, 1, 1), (2026, 12, 31)),
    ],
)
def test_a_period_is_said_in_several_ways(
    console: Console, options: tuple[str, ...], start: tuple[int, int, int], end: tuple[int, int, int]
) -> None:
    """A year, a month, or its first day with the last one in or the first one out."""
    made = console.json(*CREATE, *options)
    assert (made["periodStartAtUtc"], made["periodEndAtUtc"]) == (_day(*start), _day(*end))


@pytest.mark.parametrize(
    "options",
    [
        ("--year", "2026", "--month", "2026-05"), ("--year", "2026", "--from", "2026-01-01"),
        ("--from", "2026-01-01", "--to", "2026-02-01", "--through", "2026-02-01"), ("--month", "2026-13"),
        ("--from", "-30x"), ("--from", "tomorrow"), ("--from", "-99999w"), ("--year", "26.5"),
    ],
)  # fmt: skip
def test_a_period_that_is_said_twice_is_refused(console: Console, options: tuple[str, ...]) -> None:
    """Two options that could contradict each other, and days that are none."""
    assert console(*CREATE, *options).code == 2


@pytest.mark.parametrize(
    ("zone", "now", "today"),
    [
        ("", (2026, 3, 1, 23, 59, 59), (2026, 3, 1)),
        ("Pacific/Kiritimati", (2026, 3, 1, 9, 59, 59), (2026, 3, 1)),  # 14 hours before UTC
        ("Pacific/Kiritimati", (2026, 3, 1, 10, 0, 0), (2026, 3, 2)),
        ("Pacific/Pago_Pago", (2026, 3, 1, 10, 59, 59), (2026, 2, 28)),  # 11 hours behind UTC
        ("Pacific/Pago_Pago", (2026, 3, 1, 11, 0, 0), (2026, 3, 1)),
    ],
)
def test_days_may_be_counted_from_today(
    console: Console,
    monkeypatch: pytest.MonkeyPatch,
    zone: str,
    now: tuple[int, int, int, int, int, int],
    today: tuple[int, int, int],
) -> None:
    """In the time zone of the settings, which may have another date than UTC, to the second at midnight."""
    monkeypatch.setattr(SystemClock, "now", lambda _clock: datetime(*now, tzinfo=UTC))
    monkeypatch.setenv("COMMITCOLLECT_TIME_ZONE", zone)
    day = datetime(*today, tzinfo=UTC)
    for text, days in (("today", 0), ("yesterday", 1), ("-30d", 30), ("-2w", 14)):
        assert UtcDay().convert(text, None, None) == day - timedelta(days=days)
    first = _day(*today) - {"Pacific/Kiritimati": 14, "Pacific/Pago_Pago": -11}.get(zone, 0) * 3_600
    made = console.json(*CREATE, "--from", "today")
    assert (made["periodStartAtUtc"], made["timeZone"] or "") == (first, zone)
    monkeypatch.delenv("COMMITCOLLECT_TIME_ZONE")
    made = console.json(*CREATE, "--time-zone", zone or "UTC", "--from", "today")
    assert made["periodStartAtUtc"] == first


@pytest.mark.parametrize(
    ("kind", "text", "amount"),
    [
        ("distance", "42.200km", 42_200), ("distance", "21.100 km", 21_100), ("distance", "26.220mi", 42_197),
        ("time", "1.500h", 5_400),
    ],
)  # fmt: skip
def test_what_no_activity_can_have_is_no_reading(kind: str, text: str, amount: int) -> None:
    """A point parts no thousands where that many would be more than one activity can have."""
    known = KINDS[kind]
    assert parse_amount(known, text, most=most_of(known)) == amount
    with pytest.raises(InvalidInput, match="may be"):
        parse_amount(known, text)


@pytest.mark.parametrize("text", ["9.870km", "42,195km", "1.000m", "1.609m"])
def test_what_may_be_two_amounts_of_one_activity_is_refused(text: str) -> None:
    """Both readings are possible, or the comma parts thousands for some."""
    with pytest.raises(InvalidInput, match="may be"):
        parse_amount(DISTANCE, text, most=most_of(DISTANCE))


@pytest.mark.parametrize(
    ("text", "metres"),
    [("42.195km", 42_195), ("9.876km", 9_876), ("26.219mi", 42_195), ("42.1950km", 42_195)],
)
def test_a_workout_and_a_target_have_one_rule(console: Console, text: str, metres: int) -> None:
    """A distance to the metre is no round number of thousands, whatever it is a distance of."""
    wish = ("--from", "2024-01-01", "--target")
    for kind in ("distance", "best-distance"):
        assert console.json("milestone", "create", *wish, f"{kind}={text}")["totalTarget"] == metres
    run = ("--sport-type", "Run", "--start", "2024-02-01T07:00Z", "--moving", "3:59:12")
    console.json("workout", "add", *run, "--distance", text)
    [listed] = console.json("workout", "list")["workouts"]
    assert listed["distanceMeters"] == metres


@pytest.mark.parametrize("text", ["1.000km", "1,000km", "5,195km", "1.500 mi"])
def test_workouts_and_targets_refuse_the_same(console: Console, text: str) -> None:
    """What may be thousands is refused everywhere, with two ways to type it that are read."""
    run = (
        "workout",
        "add",
        "--again",
        "--sport-type",
        "Run",
        "--start",
        "2024-02-01T07:00Z",
        "--moving",
        "1h",
    )
    wish = ("milestone", "create", "--from", "2024-01-01", "--target")
    console.json(*run, "--distance", "5km")
    for command, kind in (((*run, "--distance"), ""), (wish, "distance="), (wish, "best-distance=")):
        refused = console(*command, kind + text)
        assert refused.code == 2
        assert f"'{text}' may be" in refused.err
        for way in refused.err.strip().partition("; write ")[2].split(" or "):
            assert console(*command, kind + way).code == 0


def test_a_start_without_a_zone_is_of_the_settings(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is refused without the setting, and where clocks show it twice or never; lists show it as typed."""
    add = ("workout", "add", "--sport-type", "Run", "--distance", "5km", "--start")
    assert "set time_zone" in console(*add, "2024-06-01T07:00").err
    monkeypatch.setenv("COMMITCOLLECT_TIME_ZONE", "Europe/Berlin")
    added = console.json(*add, "2024-06-01T07:00")["workout"]
    assert (added["startDateUtc"], added["utcOffsetSeconds"]) == (_day(2024, 6, 1) + 5 * 3_600, 7_200)
    console.json(*add, "2024-07-01T22:30Z")
    listed = console("workout", "list").out.splitlines()
    assert [line[:16].strip() for line in listed[:3]] == [
        "Start (local)",
        "2024-07-02 00:30",
        "2024-06-01 07:00",
    ]
    for twice_or_never in ("2024-10-27T02:30", "2024-03-31 02:30"):
        refused = console(*add, twice_or_never).err
        assert "write which moment is meant" in refused
        assert all(f"02:30+0{hours}:00" in refused for hours in (1, 2))
    assert "has no time of day" in console(*add, "2024-06-01").err
    monkeypatch.setenv("COMMITCOLLECT_TIME_ZONE", "Europe/Berln")
    assert "did you mean Europe/Berlin" in console(*add, "2024-06-02T07:00").err


MILES = ("--target", "distance=100mi", "--year", "2024", "--name", "miles")


LATER = ("--sport-type", "Run", "--start", "2024-02-01T07:00Z")


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (("milestone", "create", *MILES, "--dry-run"), "43.4 of 100 mi"),
        (("milestone", "explain", "miles"), "100 mi · any sport"),
        (("milestone", "recompute", "miles"), "55.9 of 100 mi"),
        (("statue", "show", "--milestone", "miles"), "55.9 of 100 mi"),
        (("doctor",), "100 mi · any sport"),
        (("workout", "add", *LATER, "--distance", "20mi"), "at 63.50 mi"),
    ],
    ids=["create", "explain", "recompute", "statue", "doctor", "add"],
)
def test_every_command_shows_a_target_as_it_was_given(
    console: Console, history: Path, command: tuple[str, ...], shown: str
) -> None:
    """What is still open, earned or checked of a milestone in miles is told in miles."""
    console.json("workout", "import", history)
    console.json("milestone", "create", *MILES)
    console.json("workout", "delete", "1000007")
    console.json("workout", "edit", "1000001", "--distance", "30km")
    assert shown in console(*command).out


def test_a_simulation_shows_targets_as_given(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    """And by the setting where no unit was given."""
    demo = ("simulate", "--demo", "--activities", "30", "--target")
    assert " of 100 mi" in console(*demo, "distance=100mi").out
    monkeypatch.setenv("COMMITCOLLECT_UNITS", "imperial")
    assert " of 100 km" in console(*demo, "distance=100km").out
    assert " ft" in console(*demo, "days=10@elevation=500ft").out


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12", "UTC"])
@pytest.mark.parametrize("year", [YEAR_MIN, YEAR_MAX])
def test_each_year_that_the_help_names_can_be_had(console: Console, year: int, zone: str) -> None:
    """The option is bounded by what a goal's period is."""
    assert (YEAR_MIN, YEAR_MAX) == (PERIOD_YEAR_MIN, PERIOD_YEAR_MAX)
    wish = ("milestone", "create", "--target", "count=5", "--time-zone", zone, "--year")
    console.json("workout", "add", "--sport-type", "Run", "--start", "2024-02-01T07:00Z", "--distance", "5km")
    assert console(*wish, year, "--dry-run").code == 0
    assert f"[{YEAR_MIN}<=x<={YEAR_MAX}]" in console("milestone", "create", "-h").out
    beyond = console(*wish, year - 1 if year == YEAR_MIN else year + 1)
    assert beyond.code == 2
    assert "is not in the range" in beyond.err


@pytest.mark.parametrize(
    "days",
    [
        ("--from", "0001-01-01"), ("--from", "1899-12-01"), ("--from", "2201-02-01"),
        ("--from", "9999-12-31"),
        ("--from", "2026-01-01", "--to", "9999-12-31"), ("--from", "2026-01-01", "--to", "2025-01-01"),
        ("--month", "0001-01"), ("--month", "9998-12"), ("--from", "2026-01-01", "--through", "9999-12-30"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("zone", [(), ("--time-zone", "Pacific/Kiritimati"), ("--time-zone", "Etc/GMT+12")])
@pytest.mark.parametrize("target", ["count=5", "days=5"])
def test_a_day_out_of_reach_is_told_in_words(
    console: Console, days: tuple[str, ...], zone: tuple[str, ...], target: str
) -> None:
    """No message for people names a field of a document."""
    refused = console("milestone", "create", "--target", target, *days, *zone)
    assert refused.code == 2
    assert "Error: " in refused.err
    assert "AtUtc" not in refused.err


@pytest.mark.parametrize(
    "command",
    [
        ("workout", "list", "--from", "0001-01-01"), ("workout", "list", "--to", "9999-12-31"),
        ("workout", "list", "--month", "0001-01"), ("workout", "list", "--through", "9999-12-31"),
        ("workout", "add", "--sport-type", "Run", "--distance", "5km", "--start", "0001-01-01T00:00"),
        ("workout", "add", "--sport-type", "Run", "--distance", "5km", "--start", "9999-12-31T23:00"),
        ("recurring", "begin", "--every", "year", "--target", "count=5", "--from", "1000-01-01"),
        ("recurring", "begin", "--every", "year", "--target", "count=5", "--from", "9998-12-31"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("zone", ["", "Pacific/Kiritimati", "Etc/GMT+12"])
def test_the_ends_of_the_calendar_are_refused(
    console: Console, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], zone: str
) -> None:
    """No time zone and no end of a span leads beyond them."""
    console.json("workout", "add", "--sport-type", "Run", "--start", "2024-02-01T07:00Z", "--distance", "5km")
    monkeypatch.setenv("COMMITCOLLECT_TIME_ZONE", zone)
    refused = console(*command)
    assert refused.code == 2
    assert "the year" in refused.err or "has no time zone" in refused.err


@pytest.mark.parametrize("day", ["0002-01-01", "1000-01-01", "9998-12-31"])
def test_days_within_the_calendar_are_taken(
    console: Console, monkeypatch: pytest.MonkeyPatch, day: str
) -> None:
    """A list may reach from far before to far behind all workouts."""
    console.json("workout", "add", "--sport-type", "Run", "--start", "2024-02-01T07:00Z", "--distance", "5km")
    monkeypatch.setenv("COMMITCOLLECT_TIME_ZONE", "Pacific/Kiritimati")
    for option in ("--from", "--through", "--to"):
        assert console("workout", "list", option, day).code == 0
