"""``commitcollect workout export``."""

from __future__ import annotations

import csv
import json
from pathlib import Path

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
    assert [{key: row[key] for key in row if key != "startAt"} for row in saved] == listed
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
