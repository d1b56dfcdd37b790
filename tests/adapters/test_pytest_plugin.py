"""The fixtures for pytest: what they give, and that they cost nothing where they are not used."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from commitcollect_adapters import open_sqlite
from commitcollect_adapters.strava.fake import FakeStrava
from commitcollect_adapters.system import ManualClock
from commitcollect_adapters.testing.running import RunningWorker
from commitcollect_core import ActivityId, CommitCollect, NewMilestone, UserId, WorkoutQuery
from commitcollect_core.errors import InvalidInput
from commitcollect_core.values import AthleteId, ModelId

ADA, ATHLETE = UserId("ada"), AthleteId("42")
RIDE = {"id": 1, "sport_type": "Ride", "start_date": "2026-01-01T06:30:00Z", "distance": 40_000.0}


def test_the_plugin_is_installed_with_the_library() -> None:
    """By its entry point, which pytest loads in every project."""
    (found,) = entry_points(group="pytest11", name="commitcollect")
    assert found.value == "commitcollect_adapters.pytest_plugin"


def test_loading_the_plugin_loads_nothing_of_ours() -> None:
    """A project that uses no fixture of it pays for no class of ours, and for no Hypothesis."""
    program = "import commitcollect_adapters.pytest_plugin, sys; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", program], text=True).split()
    ours = {each for each in loaded if each.startswith("commitcollect")}
    assert ours == {"commitcollect_adapters", "commitcollect_adapters.pytest_plugin"}
    assert not {"hypothesis", "attr", "httpx", "sqlite3"} & set(loaded)


def test_the_application_runs_by_the_clock_of_the_test(
    commitcollect_app: CommitCollect, manual_clock: ManualClock
) -> None:
    """A milestone is created at the clock's time, with an id that is the same on every run."""
    manual_clock.advance_to(manual_clock.now() + timedelta(days=1))
    wish = NewMilestone(
        model_id=ModelId("DRAGON_2026"),
        target_type="ACTIVITY_COUNT",
        total_target=12,
        period_start_at=manual_clock.now(),
    )
    made = commitcollect_app.tracking.create(ADA, wish).milestone
    assert (made.milestone_id, made.created_at) == ("ms-0001", manual_clock.now())


def test_a_worker_brings_in_what_strava_has_and_what_it_tells(
    commitcollect_app: CommitCollect, fake_strava: FakeStrava, running_worker: RunningWorker
) -> None:
    """The history, an upload, an edit and a deletion arrive in the ledger of the application."""
    fake_strava.add_activities(ATHLETE, [RIDE])
    running_worker.connect(ADA, ATHLETE)
    running_worker.run()
    other = fake_strava.upload(ATHLETE, {**RIDE, "id": 2, "distance": 1_000.0})
    running_worker.run()
    fake_strava.edit(other, name="Round the lake")
    fake_strava.delete(ActivityId("1"))
    running_worker.run(seconds=60)
    page = commitcollect_app.ports.ledger.read_workouts(ADA, WorkoutQuery(limit=9))
    found = {each.key.activity_id: each for each in page.workouts}
    assert found.keys() == {"1", other}
    assert found[ActivityId("1")].is_deleted
    assert found[other].snapshot.name == "Round the lake"
    assert not running_worker.run()


def test_a_worker_needs_a_ledger_in_memory(
    fake_strava: FakeStrava, manual_clock: ManualClock, tmp_path: Path
) -> None:
    """The stores around it would not see the fence of another."""
    with open_sqlite(tmp_path / "ada.db") as app, pytest.raises(InvalidInput, match="in memory"):
        RunningWorker(app, fake_strava, manual_clock)
