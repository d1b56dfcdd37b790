"""``commitcollect summary``: what it adds up, and how it draws it."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.console import Console, activity, write_history
from commitcollect_cli.summary import heat_map, sparkline
from commitcollect_core.training.periods import DaySpan, Totals, TrainingPeriod
from commitcollect_core.training.recurrence import Every


def test_a_year_in_figures(console: Console, history: Path) -> None:
    """Every figure of the document is that of the history; the flagged run counts nowhere."""
    console.json("workout", "import", history)
    found = console.json("summary", "--year", "2024")
    assert (found["every"], found["period"], found["firstDay"], found["lastDay"]) == (
        "YEAR", "2024", "2024-01-01", "2024-12-31",
    )  # fmt: skip
    assert found["total"] == {
        "workouts": 6, "distanceMeters": 90_000, "totalElevationGainMeters": 600, "movingTimeSeconds": 18_000,
    }  # fmt: skip
    assert found["activeDays"] == len(found["days"]) == 6
    assert [(each["month"], each["workouts"]) for each in found["months"]] == [("2024-01", 6)]
    assert [(each["sportType"], each["workouts"]) for each in found["sports"]] == [("Run", 5), ("Ride", 1)]
    assert (found["longest"]["activityId"], found["highest"]["activityId"]) == ("1000007", "1000001")
    assert found["before"]["total"]["workouts"] == 0
    after = console.json("summary", "--year", "2025")
    assert (after["total"]["workouts"], after["longest"]) == (0, None)
    assert after["before"]["total"] == found["total"]


def test_a_month_a_week_and_a_sport(console: Console, history: Path) -> None:
    """The week of a day begins on Monday; a sport leaves out the others."""
    console.json("workout", "import", history)
    month = console.json("summary", "--month", "2024-01", "--sport", "RIDE")
    assert (month["total"]["workouts"], month["total"]["distanceMeters"]) == (1, 40_000)
    week = console.json("summary", "--week", "2024-01-10")
    assert (week["period"], week["firstDay"], week["before"]["total"]["workouts"]) == (
        "2024-W02", "2024-01-08", 6,
    )  # fmt: skip


def test_text_compares_with_the_period_before(console: Console, tmp_path: Path) -> None:
    """A person reads totals, the change, sports, months and the longest; no picture in a pipe."""
    runs = [activity(1), activity(2), activity(3, start_date="2023-03-01T07:00:00Z", moving_time=3_000)]
    console.json("workout", "import", write_history(tmp_path / "h.json", *runs))
    outcome = console("summary", "--year", "2024")
    assert outcome.code == 0
    for expected in ("Change: +100 % in moving time.", "2024-01", "Longest: 10.0 km, 1 Jan 2024, Run Run 1"):
        assert expected in outcome.out
    assert "Sun" not in outcome.out
    assert max(map(len, outcome.out.splitlines())) <= 80
    assert "No workouts in this period." in console("summary", "--year", "2020").out


def test_a_terminal_gets_pictures_that_fit(
    console: Console, history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sparklines and a row for each weekday, also on sixty columns; a dumb terminal gets none."""
    console.json("workout", "import", history)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _stream: True)
    lines = console("summary", "--year", "2024").out.splitlines()
    assert max(map(len, lines)) <= 60 + len("\x1b[1m\x1b[0m")
    assert [line[:3] for line in lines[-7:]] == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    assert any(line.startswith("Distance") and "█" in line for line in lines)
    week = console("summary", "--week", "2024-01-03").out
    assert "by day" in week
    monkeypatch.setenv("TERM", "dumb")
    assert "Sun" not in console("summary", "--year", "2024").out


def test_the_time_zone_of_the_settings_counts(
    console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half past eleven at night in UTC on New Year's Eve is next year in Auckland."""
    night = activity(1, start_date="2023-12-31T23:30:00Z")
    console.json("workout", "import", write_history(tmp_path / "h.json", night))
    assert console.json("summary", "--year", "2024")["total"]["workouts"] == 0
    monkeypatch.setenv("COMMITCOLLECT_TIME_ZONE", "Pacific/Auckland")
    assert console.json("summary", "--year", "2024")["total"]["workouts"] == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("--year", "2024", "--week"),
        ("--year", "0"),
        ("--month", "2024-13"),
        ("--month", "0001-01"),
        ("--week", "9999-12-31"),
        ("--sport", "Quidditch"),
    ],
)
def test_what_is_no_period_is_refused(console: Console, history: Path, arguments: tuple[str, ...]) -> None:
    """One period, between 1900 and 9998; no traceback for another."""
    console.json("workout", "import", history)
    outcome = console("summary", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert "Error" in outcome.err


@pytest.mark.parametrize(
    ("given", "day"),
    [
        (("--week", "-7d"), -7), (("--week=-7d",), -7), (("--week", "-4w", "--sport", "RUN"), -28),
        (("--sport", "RUN", "--week=-4w"), -28), (("--week",), 0), (("--week", "--sport", "RUN"), 0),
        (("--week=yesterday",), -1),
    ],
)  # fmt: skip
def test_the_week_of_a_day_before_today(console: Console, given: tuple[str, ...], day: int) -> None:
    """Relative days are told from options, though both begin with a dash."""
    console.json("workout", "add", "--sport-type", "Run", "--start", "2024-01-05T07:00Z", "--distance", "5km")
    meant = datetime.now(UTC).date() + timedelta(days=day)
    assert console.json("summary", *given)["period"] == f"{meant:%G-W%V}"


@pytest.mark.parametrize("week", ["--week=-7x", "--week=-", "--week=-7"])
def test_what_is_no_relative_day_is_refused(console: Console, week: str) -> None:
    """As for --from; it is never taken for this week."""
    refused = console("summary", week)
    assert refused.code == 2
    assert "is not a day; write it as 2019-01-31, today, yesterday or -30d" in refused.err


@given(st.lists(st.integers(0, 10**9), max_size=60))
def test_a_sparkline_keeps_the_order_of_amounts(amounts: list[int]) -> None:
    """One character each; more is never drawn lower, the most is full and nothing is blank."""
    drawn = sparkline(amounts)
    assert len(drawn) == len(amounts)
    in_order = [char for _, char in sorted(zip(amounts, drawn, strict=True))]
    assert in_order == sorted(in_order)
    for amount, char in zip(amounts, drawn, strict=True):
        assert (char == " ") == (amount == 0)
        assert amount == 0 or amount < max(amounts) or char == "█"


@given(st.sampled_from(Every), st.integers(0, 800), st.data())
def test_a_heat_map_has_each_day_once(every: Every, later: int, data: st.DataObject) -> None:
    """As many cells as days; those at rest are dots, and active ones are never."""
    span = DaySpan.of(every, every.number(date(2026, 1, 1).toordinal() + later))
    days = data.draw(
        st.dictionaries(st.integers(span.first, span.end - 1), st.integers(0, 9_000), max_size=20)
    )
    totals = {day: Totals(workouts=1, moving_seconds=seconds) for day, seconds in days.items()}
    cells = [
        char for row in heat_map(TrainingPeriod(span=span, days=totals)) for char in row[5:] if char != " "
    ]
    assert len(cells) == span.end - span.first
    assert cells.count("·") == len(cells) - len(days)
