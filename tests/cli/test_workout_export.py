"""``commitcollect workout export``."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from cli.console import Console, activity, write_history


def test_csv_and_json_hold_every_live_workout(console: Console, tmp_path: Path) -> None:
    """The oldest first, values as the list has them, also names with quotes, commas and line ends."""
    odd = activity(1, name='Round, "twice" 𝄞 é')
    console.json("workout", "import", write_history(tmp_path / "h.json", odd, activity(2), activity(3)))
    console.json("workout", "delete", "1000003")
    assert console.json("workout", "export", "w.csv") == {"file": "w.csv", "workouts": 2}
    console.json("workout", "export", "w.json")
    listed = [each for each in console.json("workout", "list")["workouts"][::-1] if not each["isDeleted"]]
    saved = json.loads((tmp_path / "w.json").read_text(encoding="utf-8"))["workouts"]
    assert saved == listed
    with (tmp_path / "w.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row, each in zip(rows, listed, strict=True):
        for name in ("activityId", "activityName", "sportType", "distanceMeters", "movingTimeSeconds"):
            assert row[name] == str(each[name])
    assert rows[0]["startAt"] == "2024-01-01T07:00:00Z"


def test_filters_and_form(console: Console, history: Path, tmp_path: Path) -> None:
    """As the list filters; a file of another ending needs to be told its form."""
    console.json("workout", "import", history)
    assert console.json("workout", "export", "r.csv", "--sport", "RIDE")["workouts"] == 1
    assert console.json("workout", "export", "f.json", "--month", "2024-02")["workouts"] == 0
    refused = console("workout", "export", "w.xlsx")
    assert refused.code == 2
    assert "--format" in refused.err
    assert console.json("workout", "export", "w.txt", "--format", "csv")["workouts"] == 7
    assert (tmp_path / "w.txt").read_text().startswith("startAt,")


def test_no_file_is_overwritten_unasked(console: Console, history: Path, tmp_path: Path) -> None:
    """An existing file needs --force."""
    console.json("workout", "import", history)
    (tmp_path / "w.csv").write_text("mine")
    refused = console("workout", "export", "w.csv")
    assert "--force" in refused.err
    assert "another FILE" in refused.err
    assert (tmp_path / "w.csv").read_text() == "mine"
    assert console("workout", "export", "w.csv", "--force").code == 0


@pytest.mark.parametrize("form", ["csv", "json"])
def test_an_export_is_taken_in_as_it_was(console: Console, tmp_path: Path, form: str) -> None:
    """Under their own ids and sources, with every value; taking it in again changes nothing."""
    odd = activity(1, name='Round, "twice" 𝄞 é', utc_offset=-18_000, flagged=True)
    nearly_empty = {"id": 7, "sport_type": "Yoga", "start_date": "2024-02-01T07:00:00Z"}
    console.json("workout", "import", write_history(tmp_path / "h.json", odd, activity(2), nearly_empty))
    by_hand = ("--sport-type", "Quidditch", "--start", "2024-03-01T07:00+05:45")
    console.json("workout", "add", *by_hand, "--distance", "1.5km", "--name", "Seeker")
    console.json("workout", "export", f"w.{form}")
    taken_in = console.json("workout", "import", f"w.{form}", "--store", "new.db")["workouts"]
    assert (taken_in["changed"], taken_in["rejected"]) == (4, [])
    listed = (console.json("workout", "list", *store)["workouts"] for store in ((), ("--store", "new.db")))
    taken_in_at = {"fetchedAtUtc": 0, "fetchedAt": ""}  # Each store says when it took the workout in.
    before, after = ([each | taken_in_at for each in workouts] for workouts in listed)
    assert before == after
    assert console.json("workout", "import", f"w.{form}")["workouts"]["changed"] == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [("source", "GARMIN"), ("activityId", "a/b"), ("startAt", "2024-01-01"), ("startAt", 5)],
)
def test_an_altered_export_is_refused_by_row(console: Console, tmp_path: Path, name: str, value: Any) -> None:
    """What names no workout is told with its row and name, and the others are taken in."""
    console.json("workout", "import", write_history(tmp_path / "h.json", activity(1), activity(2)))
    console.json("workout", "export", "w.json")
    rows = json.loads((tmp_path / "w.json").read_text(encoding="utf-8"))["workouts"]
    (tmp_path / "w.json").write_text(json.dumps([{**rows[0], name: value}, rows[1]]), encoding="utf-8")
    outcome = console("workout", "import", "w.json", "--store", "new.db")
    assert (outcome.code, "row 1" in outcome.err, name in outcome.err) == (1, True, True)
    assert len(console.json("workout", "list", "--store", "new.db")["workouts"]) == 1


def test_standard_output_takes_an_export(console: Console, history: Path, tmp_path: Path) -> None:
    """As CSV unless said otherwise, with the count on stderr; with --json it is the one object."""
    console.json("workout", "import", history)
    outcome = console("workout", "export", "-", "--sport", "RIDE")
    assert [row["activityId"] for row in csv.DictReader(outcome.out.splitlines())] == ["1000007"]
    assert outcome.err == "Wrote 1 workout.\n"
    assert len(console.json("workout", "export", "-")["workouts"]) == 7
    assert console("workout", "export", "-", "--format", "csv", "--json").code == 2
    assert not (tmp_path / "-").exists()
