"""``commitcollect simulate`` on real histories, against sums made here from the raw files."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from cli.console import Console

TARGETS = {
    "distance=10000km": ("DISTANCE_METERS", 10_000_000),
    "elevation=50000m": ("ELEVATION_METERS", 50_000),
    "time=500h": ("MOVING_TIME_SECONDS", 1_800_000),
    "count=100": ("ACTIVITY_COUNT", 100),
}
DELIVERIES = (
    (),
    ("--order", "file"),
    ("--order", "shuffled", "--seed", "5"),
    ("--duplicate", "2"),
    ("--crash", "--seed", "3"),
    ("--order", "shuffled", "--duplicate", "2", "--crash", "--seed", "9"),
)
START, END = datetime(2019, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC)
PERIOD = ("--from", "2019-01-01", "--to", "2025-01-01", "--sport", "RUN", "--sport", "HIKE")
COVERED = {"Run", "TrailRun", "VirtualRun", "Hike", "Snowshoe"}


@frozen
class _Raw:
    """What the oracle needs of one activity."""

    sport_type: str
    start: datetime
    is_flagged: bool
    measures: tuple[float, float, float]


def _from_json(path: Path) -> Iterator[_Raw]:
    for each in json.loads(path.read_text(encoding="utf-8")):
        measures = (each["distance"], each["total_elevation_gain"], each["moving_time"])
        yield _Raw(each["sport_type"], datetime.fromisoformat(each["start_date"]), each["flagged"], measures)


def _from_csv(path: Path) -> Iterator[_Raw]:
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    second_distance = header.index("Distance", header.index("Distance") + 1)
    places = (second_distance, header.index("Elevation Gain"), header.index("Moving Time"))
    date, kind = header.index("Activity Date"), header.index("Activity Type")
    flags = next(place for place, title in enumerate(header) if title.endswith(">Flagged</span>"))
    for row in rows:
        start = datetime.strptime(row[date], "%b %d, %Y, %I:%M:%S %p").replace(tzinfo=UTC)
        distance, climb, moving = (float(row[each] or 0) for each in places)
        yield _Raw(row[kind], start, row[flags] == "1.0", (distance, climb, moving))


FILES = {"summary_activities.json": _from_json, "bulk_export_activities.csv": _from_csv}


def _oracle(activities: list[_Raw]) -> dict[str, int]:
    """What each target type comes to, in the plainest way: `round` is half to even, as the product says."""
    counting = [
        each
        for each in activities
        if START <= each.start < END and each.sport_type in COVERED and not each.is_flagged
    ]
    distance, climb, moving = (sum(round(each.measures[place]) for each in counting) for place in range(3))
    return {
        "DISTANCE_METERS": distance,
        "ELEVATION_METERS": climb,
        "MOVING_TIME_SECONDS": moving,
        "ACTIVITY_COUNT": len(counting),
    }


def _simulate(console: Console, path: Path, *delivery: str) -> dict[str, Any]:
    targets = [option for target in TARGETS for option in ("--target", target)]
    return console.json("simulate", path, *targets, *PERIOD, *delivery)


def _parts(report: dict[str, Any]) -> list[list[tuple[int, str, str]]]:
    return [
        [(award["partIndex"], award["partName"], award["meshFile"]) for award in milestone["awards"]]
        for milestone in report["milestones"]
    ]


@pytest.mark.parametrize("name", FILES)
def test_every_delivery_of_a_real_history_gives_the_oracles_answer(
    console: Console, shared_data: Path, name: str
) -> None:
    """Whatever order, duplicates, crashes, seed and store: one state, with the sums added up here."""
    path = shared_data / "real" / name
    activities = list(FILES[name](path))
    expected = _oracle(activities)
    assert all(expected.values())
    on_disk = [_simulate(console, path, *delivery) for delivery in (DELIVERIES[0], DELIVERIES[-1])]
    reports = [_simulate(console, path, "--store", "memory:", *delivery) for delivery in DELIVERIES]
    # A disk waits for every write, so only the extremes run on one; to the same end, down to the last byte.
    assert on_disk == [reports[0], reports[-1]]

    assert len({report["stateDigest"] for report in reports}) == 1
    for report in reports:
        assert report["workouts"]["imported"] == len(activities)
        assert report["workouts"]["rejected"] == []
        for milestone, (target_type, target) in zip(report["milestones"], TARGETS.values(), strict=True):
            assert milestone["targetType"] == target_type
            assert milestone["currentValue"] == milestone["progressValue"] == expected[target_type]
            earned = min(expected[target_type] * 12 // target, 12)
            assert [award["partIndex"] for award in milestone["awards"]] == list(range(1, earned + 1))
            assert milestone["status"] == ("COMPLETED" if earned == 12 else "ACTIVE")
        assert _parts(report) == _parts(reports[0])
    assert [report["crashes"] > 0 for report in reports] == [False, False, False, False, True, True]
    assert reports[3]["deliveries"] == 3 * len(activities)
    # Crashes in the same order leave no trace at all.
    assert reports[4]["milestones"] == reports[0]["milestones"]


@pytest.mark.parametrize("name", FILES)
def test_the_digest_tells_states_apart(console: Console, shared_data: Path, name: str) -> None:
    """The digest is no constant: another period gives another one."""
    path = shared_data / "real" / name
    digests = {
        console.json("simulate", path, "--from", day, "--store", "memory:")["stateDigest"]
        for day in ("2019-01-01", "2022-01-01")
    }
    assert len(digests) == 2


def test_workouts_are_counted_once_each(console: Console, shared_data: Path) -> None:
    """Counted, deleted and skipped workouts make up all that were imported."""
    workouts = _simulate(console, shared_data / "real" / "summary_activities.json", "--store", "memory:")[
        "workouts"
    ]
    assert set(workouts) >= {"imported", "counted", "deleted", "skipped", "rejected"}
    skipped = sum(workouts["skipped"].values())
    assert workouts["counted"] + workouts["deleted"] + skipped == workouts["imported"] == 1_132
    assert workouts["skipped"]["before_start"] > 0


def test_again_on_the_same_store_changes_nothing(console: Console, shared_data: Path) -> None:
    """A second run on a store gives the same state and mints nothing: every award is the first one's."""
    path = shared_data / "real" / "bulk_export_activities.csv"

    def awards() -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect("sim.db")) as store:
            return list(store.execute("SELECT * FROM award ORDER BY userId, milestoneId, partIndex"))

    first = _simulate(console, path, "--store", "sim.db")
    minted = awards()
    second = _simulate(console, path, "--store", "sim.db", "--order", "shuffled", "--duplicate", "1")
    assert second["stateDigest"] == first["stateDigest"]
    assert second["milestones"] == first["milestones"]
    assert awards() == minted != []


def test_kept_result_is_open_to_the_other_commands(console: Console, history: Path) -> None:
    """What a simulation keeps in a store, ``milestone`` and ``doctor`` agree with."""
    report = console.json("simulate", history, "--target", "count=12", "--store", "sim.db", "--user", "ann")
    (milestone,) = report["milestones"]
    shown = console.json("milestone", "show", milestone["milestoneId"], "--store", "sim.db", "--user", "ann")
    assert shown == {key: value for key, value in milestone.items() if key != "excluded"}
    assert console("doctor", "--store", "sim.db", "--user", "ann").code == 0


def test_simulation_leaves_the_default_store_alone(
    console: Console, history: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the default store nor the one of the settings is made or touched by a simulation."""
    monkeypatch.setenv("COMMITCOLLECT_STORE", str(tmp_path / "mine.db"))
    before = sorted(tmp_path.iterdir())
    console.json("simulate", history)
    assert sorted(tmp_path.iterdir()) == before


def test_demo_is_the_same_on_every_run(console: Console) -> None:
    """The demo history and its simulation depend on the seed alone; another seed gives another history."""
    runs = [
        console("simulate", "--demo", "--activities", "120", "--store", "memory:", "--json").out
        for _ in range(2)
    ]
    assert runs[0] == runs[1]
    other = console.json("simulate", "--demo", "--activities", "120", "--store", "memory:", "--seed", "1")
    assert other["stateDigest"] != json.loads(runs[0])["stateDigest"]


def test_text_tells_the_story(console: Console, history: Path) -> None:
    """A person sees the goal, the bar, each part's day, what is next and what did not count."""
    outcome = console(
        "simulate", history, "--target", "distance=60km", "--sport", "RUN", "--to", "2024-01-05"
    )
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    assert lines[0] == "Dragon (DRAGON_2026)  60 km · RUN · 1 Jan 2024 to 4 Jan 2024"
    assert lines[1] == "█" * 19 + "░" * 11 + "  66 %  40.0 of 60 km"
    assert "  ◆  8  Left Wing        4 Jan 2024  at 40.0 km" in lines
    assert "Next: Right Wing in 5.0 km." in lines
    assert "Did not count: 2 after the end, 1 flagged at the source." in lines
    assert lines[-1].startswith("7 activities in 7 deliveries; state ")


def test_whole_statue_is_celebrated(console: Console, history: Path) -> None:
    """When every part is earned the day of the last one is told."""
    outcome = console("simulate", history, "--target", "count=3")
    assert "The statue is whole since 3 Jan 2024." in outcome.out.splitlines()


def test_any_sport_and_several_targets(console: Console, history: Path) -> None:
    """Without ``--sport`` every sport counts, and every ``--target`` makes a milestone, in order."""
    report = console.json("simulate", history, "--target", "distance=60km", "--target", "count=6")
    assert [each["progressValue"] for each in report["milestones"]] == [90_000, 6]
    lines = console("simulate", history, "--target", "distance=60km", "--target", "count=6").out.splitlines()
    headlines = [line for line in lines if line.startswith("Dragon")]
    assert headlines == [
        "Dragon (DRAGON_2026)  60 km · any sport · from 1 Jan 2024",
        "Dragon (DRAGON_2026)  6 activities · any sport · from 1 Jan 2024",
    ]


def test_the_demo_is_not_mixed_with_another_history(console: Console, history: Path) -> None:
    """Parts earned by made-up rides would stay for ever, so an athlete's own store is refused."""
    demo = ("simulate", "--demo", "--activities", "50", "--store", "own.db")
    console.json("workout", "import", history, "--store", "own.db")
    console.json("milestone", "create", "--target", "count=12", "--from", "2020-01-01", "--store", "own.db")
    before = console.json("milestone", "list", "--store", "own.db")
    refused = console(*demo, "--json")
    assert (refused.code, refused.document["error"]) == (1, "other_history")
    assert "--force" in refused.document["message"]
    assert console.json("milestone", "list", "--store", "own.db") == before
    assert len(console.json("workout", "list", "--store", "own.db")["workouts"]) == 7
    assert console(*demo, "--user", "demo").code == 0
    assert console.json(*demo, "--force")["workouts"]["imported"] == 50


def test_goals_that_wait_for_workouts_are_a_history_too(console: Console) -> None:
    """A milestone without workouts would count the demo's."""
    console.json("milestone", "create", "--target", "count=12", "--from", "2020-01-01", "--store", "own.db")
    refused = console("simulate", "--demo", "--activities", "50", "--store", "own.db", "--json")
    assert refused.document["error"] == "other_history"


def test_the_same_demo_runs_again_on_its_store(console: Console) -> None:
    """With other targets as well; another seed is another history."""
    demo = ("simulate", "--demo", "--activities", "50", "--store", "demo.db")
    first = console.json(*demo)
    assert console.json(*demo)["stateDigest"] == first["stateDigest"]
    assert console(*demo, "--target", "count=40", "--order", "shuffled").code == 0
    assert console(*demo, "--seed", "1").code == 1
    assert console("simulate", "--demo", "--force").code == 2


def test_a_shuffled_history_says_why_its_days_stand_in_no_order(console: Console) -> None:
    """Only where activities arrive in another order than they were done in."""
    demo = ("simulate", "--demo", "--activities", "60")
    assert "Days stand in no order" in console(*demo, "--order", "shuffled").out
    assert "Days stand in no order" not in console(*demo).out
