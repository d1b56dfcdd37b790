"""What would surprise a person, and does not happen."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.console import Console
from commitcollect_adapters.wording.amounts import show_progress
from commitcollect_core.values import TargetType


def test_sqlites_own_name_for_memory_is_no_store(console: Console) -> None:
    """`:memory:` would take a workout and forget it at once; the right name is said instead."""
    outcome = console(
        "workout", "add", "--sport-type", "Run", "--start", "2026-01-31T07:00Z", "--store", ":memory:"
    )
    assert (outcome.code, "write memory:" in outcome.err) == (2, True)


def test_too_many_targets_are_refused_before_anything_is_opened(console: Console, tmp_path: Path) -> None:
    """Twenty-one targets leave no store with twenty milestones behind."""
    targets = [word for number in range(1, 22) for word in ("--target", f"count={number}")]
    outcome = console("simulate", "--demo", *targets, "--store", tmp_path / "many.db", "--json")
    assert (outcome.code, "21 targets are too many" in outcome.document["message"]) == (2, True)


def test_a_target_given_twice_is_one_milestone(console: Console) -> None:
    """The same goal is not shown twice."""
    twice = ("--target", "count=50", "--target", "count=50")
    assert len(console.json("simulate", "--demo", "--activities", 60, *twice)["milestones"]) == 1


def test_every_file_that_failed_is_named(console: Console, tmp_path: Path) -> None:
    """If none of several files can be read, each is named, not the first alone."""
    outcome = console("workout", "import", tmp_path / "one.csv", tmp_path / "other.csv")
    assert outcome.code == 3
    assert "one.csv" in outcome.err
    assert "other.csv" in outcome.err


@pytest.mark.parametrize(
    ("meters", "shown"),
    [(999_960, "999.9 of 1,000 km"), (1_000_000, "1,000.0 of 1,000 km"), (949, "0.9 of 1,000 km")],
)
def test_what_is_not_reached_does_not_look_reached(meters: int, shown: str) -> None:
    """Progress is rounded down for people."""
    assert show_progress(TargetType.DISTANCE_METERS, meters, 1_000_000) == shown


@pytest.mark.parametrize(
    ("command", "stream"),
    [
        (("backup", "-"), "standard output"),
        (("backup", "--force", "-"), "standard output"),
        (("statue", "export", "--out", "-"), "standard output"),
        (("statue", "coupon", "--out", "-"), "standard output"),
        (("account", "export", "--out", "-"), "standard output"),
        (("account", "import", "-"), "standard input"),
    ],
)
def test_a_dash_is_no_file(
    console: Console, history: Path, tmp_path: Path, command: tuple[str, ...], stream: str
) -> None:
    """Where no stream is meant it is refused, and no file of that name is made; ./- is one."""
    console.json("workout", "import", history)
    before = sorted(tmp_path.iterdir())
    refused = console(*command)
    assert refused.code == 2
    assert f"'-' is not {stream} here; give a name, or ./- for such a file" in refused.err
    assert sorted(tmp_path.iterdir()) == before


def test_a_file_may_be_called_a_dash(console: Console, history: Path, tmp_path: Path) -> None:
    """Where it is said with its folder."""
    console.json("workout", "import", history)
    assert console("backup", "./-").code == 0
    assert (tmp_path / "-").is_file()


@pytest.mark.parametrize("path", [".", "runs", "..", "runs.txt"])
def test_an_export_names_the_path_that_says_no_format(console: Console, history: Path, path: str) -> None:
    """As it was given, also where it has no last name."""
    console.json("workout", "import", history)
    refused = console("workout", "export", path)
    assert refused.code == 2
    assert f"'{path}' ends neither in .csv nor in .json" in refused.err
