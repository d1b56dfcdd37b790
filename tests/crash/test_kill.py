"""Law 6: nothing is lost and nothing half-done, whenever the process dies."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from commitcollect_adapters.dynamodb.tables import create_tables
from commitcollect_adapters.wiring import dynamodb_client, open_ports
from commitcollect_core import MilestoneStatus, UserId, assemble, state_digest
from engines import running

IMPORTER = Path(__file__).with_name("importer.py")
USER = UserId("me")
NEVER = 10**9
SIDES_MAX = 1_000
TARGET, PARTS = 400_000, 12


def take_part(store: str, history: Path, mode: str, kill_at: int) -> subprocess.CompletedProcess[str]:
    """Run the importer in a process of its own."""
    return subprocess.run(
        [sys.executable, str(IMPORTER), store, str(history), mode, str(kill_at)],
        capture_output=True,
        text=True,
        check=False,
    )


def check_legal(store: str) -> None:
    """What a dead process left is a legal ledger: sums are right, awards are exactly 1..n."""
    with open_ports(store) as ports:
        app = assemble(ports)
        stored = sum(each.snapshot.distance_meters for each in app.tracking.workouts(USER))
        for milestone in app.tracking.milestones(USER):
            awards = app.tracking.view(USER, milestone.milestone_id).awards
            earned = min(stored * PARTS // TARGET, PARTS)
            assert milestone.progress.progress_value == stored
            assert [each.part_index for each in awards] == list(range(1, earned + 1))
            assert (milestone.status is MilestoneStatus.COMPLETED) == (earned == PARTS)


def digest_of(store: str) -> str:
    """The fingerprint of the whole store."""
    with open_ports(store) as ports:
        tracking = assemble(ports).tracking
        return state_digest(tracking.workouts(USER), tracking.milestones(USER))


@pytest.fixture
def history(shared_data: Path, tmp_path: Path) -> Path:
    """Real activities, few enough that a process for every store call is affordable."""
    activities = json.loads((shared_data / "real" / "summary_activities.json").read_text())[:60]
    path = tmp_path / "history.json"
    path.write_text(json.dumps(activities))
    return path


def distance_of(history: Path) -> int:
    """What the history adds up to, from the raw file."""
    return sum(round(each["distance"]) for each in json.loads(history.read_text()) if not each["flagged"])


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "stride"), [("import", 1), ("events", 17)])
def test_killed_at_any_store_call_and_run_again_ends_in_the_same_place(
    history: Path, tmp_path: Path, mode: str, stride: int
) -> None:
    """SIGKILL before and after every store call (every 17th event by event): then a re-run ends as ever."""
    check_every_kill(lambda name: str(tmp_path / f"{name}.db"), history, mode, stride)


@pytest.mark.slow
def test_killed_at_any_store_call_on_dynamodb(history: Path, tmp_path: Path) -> None:
    """The same on DynamoDB's transactions, with an engine that keeps its tables in a file."""
    with running.dynoxide(database=tmp_path / "dynoxide.db") as endpoint:

        def store(name: str) -> str:
            address = f"dynamodb://kill-{name}?endpoint={endpoint}"
            create_tables(dynamodb_client(address))
            return address

        check_every_kill(store, history, "import", 1)


def check_every_kill(new_store: Callable[[str], str], history: Path, mode: str, stride: int) -> None:
    """Kill at every `stride`-th side of a store call, each time on a new store; then run again."""
    undisturbed = new_store("undisturbed")
    assert take_part(undisturbed, history, mode, NEVER).returncode == 0
    expected = digest_of(undisturbed)
    kills = 0
    for kill_at in range(0, SIDES_MAX, stride):
        store = new_store(str(kill_at))
        first = take_part(store, history, mode, kill_at)
        if first.returncode == 0:
            break
        assert first.returncode == -signal.SIGKILL, first.stderr
        kills += 1
        check_legal(store)
        second = take_part(store, history, mode, NEVER)
        assert second.returncode == 0, second.stderr
        check_legal(store)
        assert digest_of(store) == expected
    else:
        pytest.fail(f"still running after {SIDES_MAX} store calls")
    assert kills >= 10


@pytest.mark.slow
def test_killed_again_and_again_on_one_store_loses_nothing(history: Path, tmp_path: Path) -> None:
    """One store survives a process that dies one store call later each time, until one gets through."""
    store = str(tmp_path / "store.db")
    for kill_at in range(SIDES_MAX):
        process = take_part(store, history, "import", kill_at)
        check_legal(store)
        if process.returncode == 0:
            break
    with open_ports(store) as ports:
        app = assemble(ports)
        (milestone,) = app.tracking.milestones(USER)
        assert ports.ledger.read_head(USER).workout_count == 60
    assert milestone.progress.progress_value == distance_of(history)
