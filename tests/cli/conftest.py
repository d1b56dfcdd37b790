"""A console in an empty folder, and a history to bring in."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.console import Console, activity, write_history


@pytest.fixture
def console(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Console:
    """A console whose working directory is `tmp_path`, with no settings made."""
    for name in ("COMMITCOLLECT_STORE", "COMMITCOLLECT_USER", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return Console(capsys)


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """Six runs of 10 km, the last of them flagged, and a ride of 40 km."""
    runs = [activity(number) for number in range(1, 7)]
    runs[5]["flagged"] = True
    ride = activity(7, sport_type="Ride", distance=40_000.0)
    return write_history(tmp_path / "history.json", *runs, ride)
