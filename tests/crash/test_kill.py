"""Law 6: nothing is lost and nothing half-done, whenever the process dies."""

from __future__ import annotations

import json
import multiprocessing
import signal
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

import oracle
from commitcollect_adapters.backend import open_ports, store_provisioning
from commitcollect_adapters.settings import Settings
from commitcollect_core import CommitCollect, MilestoneStatus, UserId, assemble
from crash import importer
from engines import running
from thoroughness import LEVEL

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(
    [
        "boto3",
        "commitcollect_adapters.dynamodb.backend",
        "commitcollect_adapters.readers",
        "commitcollect_adapters.simulation.faults",
        "commitcollect_adapters.sqlite.backend",
    ]
)
"""Each process is a copy of one that has imported most: that takes several times as long as the rest."""

USER = UserId("me")
NEVER = 10**9
SIDES_MAX = 1_000
AIM = oracle.Aim(
    sports=("ANY",), counts="DISTANCE_METERS", target=400_000, parts=12, start=1_262_304_000, end=None
)
"""The importer's milestone in the oracle's words; it starts with 2010."""


def take_part(store: str, history: Path, mode: str, kill_at: int) -> int | None:
    """Run the importer in a process of its own; its exit code, or the signal that ended it below zero."""
    process = PROCESSES.Process(target=importer.run, args=(store, history, mode, kill_at))
    process.start()
    process.join()
    code = process.exitcode
    process.close()
    return code


def check_legal(store: str) -> None:
    """What a dead process left is a legal ledger: what the oracle makes of the workouts that are there."""
    with open_ports(store) as ports:
        app = assemble(ports)
        stored = efforts_in(app).values()
        for milestone in app.tracking.milestones(USER):
            awards = app.tracking.view(USER, milestone.milestone_id).awards
            assert milestone.progress.progress_value == oracle.total(AIM, stored)
            assert [each.part_index for each in awards] == oracle.awards(AIM, stored)
            assert (milestone.status is MilestoneStatus.COMPLETED) == (len(awards) == AIM.parts)


def check_whole(store: str, history: Path) -> None:
    """Everything of the history is there, and nothing else: one milestone, as the oracle counts it."""
    check_legal(store)
    with open_ports(store) as ports:
        app = assemble(ports)
        (milestone,) = app.tracking.milestones(USER)
        expected = efforts_of(history)
        assert efforts_in(app) == expected
        assert ports.ledger.read_head(USER).workout_count == len(expected)
        assert milestone.progress.progress_value == oracle.total(AIM, expected.values()) > 0


def efforts_in(app: CommitCollect) -> dict[str, oracle.Effort]:
    """The stored activities by id, in the oracle's words."""
    snapshots = [each.snapshot for each in app.tracking.workouts(USER)]
    return {
        each.activity_id: oracle.Effort(
            sport_type=each.sport_type,
            start=int(each.started_at.timestamp()),
            distance=each.distance_meters,
            elevation=each.elevation_meters,
            moving=each.moving_seconds,
            is_flagged=each.is_flagged,
        )
        for each in snapshots
    }


def efforts_of(history: Path) -> dict[str, oracle.Effort]:
    """The activities of the raw file by id, in the oracle's words."""
    return {
        str(each["id"]): oracle.Effort(
            sport_type=each["sport_type"],
            start=int(datetime.fromisoformat(each["start_date"]).timestamp()),
            distance=round(each["distance"]),
            elevation=round(each["total_elevation_gain"]),
            moving=each["moving_time"],
            is_flagged=each["flagged"],
        )
        for each in json.loads(history.read_text())
    }


@pytest.fixture
def history(shared_data: Path, tmp_path: Path) -> Path:
    """Real activities, few enough that a process for every store call is affordable."""
    activities = json.loads((shared_data / "real" / "summary_activities.json").read_text())[:60]
    path = tmp_path / "history.json"
    path.write_text(json.dumps(activities))
    return path


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "stride"), [("import", LEVEL.kill_stride), ("events", 17)])
def test_killed_at_any_store_call_and_run_again_ends_in_the_same_place(
    history: Path, tmp_path: Path, mode: str, stride: int
) -> None:
    """SIGKILL before or after store calls, at every `stride`-th of all sides; a re-run ends as the oracle."""
    check_every_kill(lambda name: str(tmp_path / f"{name}.db"), history, mode, stride)


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "activities"), [("import", 60), ("events", 3)])
def test_killed_at_any_store_call_on_dynamodb(
    history: Path, tmp_path: Path, mode: str, activities: int
) -> None:
    """The same on DynamoDB's transactions, with an engine that keeps its tables in a file."""
    history.write_text(json.dumps(json.loads(history.read_text())[:activities]))
    with running.dynoxide(database=tmp_path / "dynoxide.db") as endpoint:

        def store(name: str) -> str:
            address = f"dynamodb://kill-{name}?endpoint={endpoint}"
            store_provisioning(Settings(store=address)).create()
            return address

        check_every_kill(store, history, mode, LEVEL.kill_stride_on_engines)


def check_every_kill(new_store: Callable[[str], str], history: Path, mode: str, stride: int) -> None:
    """Kill at every `stride`-th side of a store call, each time on a new store; then run again."""
    kills = 0
    for kill_at in range(0, SIDES_MAX, stride):
        store = new_store(str(kill_at))
        first = take_part(store, history, mode, kill_at)
        if first == 0:
            check_whole(store, history)
            break
        assert first == -signal.SIGKILL
        kills += 1
        check_legal(store)
        assert take_part(store, history, mode, NEVER) == 0
        check_whole(store, history)
    else:
        pytest.fail(f"still running after {SIDES_MAX} store calls")
    # So many sides of store calls lie before the end, whatever the stride.
    assert kills * stride >= 20


@pytest.mark.slow
def test_killed_again_and_again_on_one_store_loses_nothing(history: Path, tmp_path: Path) -> None:
    """One store survives a process that dies a few store calls later each time, until one gets through."""
    store = str(tmp_path / "store.db")
    for kill_at in range(0, SIDES_MAX, LEVEL.kill_stride):
        code = take_part(store, history, "import", kill_at)
        check_legal(store)
        if code == 0:
            break
    check_whole(store, history)
