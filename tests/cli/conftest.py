"""A console in an empty folder, a history to bring in, and a Strava to connect to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.console import Console, activity, write_history
from cli.stravas import Person, fresh_fake, settings_for
from commitcollect_adapters.strava.fake.server import application
from commitcollect_adapters.web.serving import serving


@pytest.fixture
def console(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Console:
    """A console whose working directory is `tmp_path`, with no settings made."""
    for name in (each for each in list(os.environ) if each.startswith("COMMITCOLLECT_")):
        monkeypatch.delenv(name)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.chdir(tmp_path)
    return Console(capsys)


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """Six runs of 10 km, the last of them flagged, and a ride of 40 km."""
    runs = [activity(number) for number in range(1, 7)]
    runs[5]["flagged"] = True
    ride = activity(7, sport_type="Ride", distance=40_000.0)
    return write_history(tmp_path / "history.json", *runs, ride)


@pytest.fixture
def person(
    console: Console, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Person]:
    """A person at the console, with a Strava on this machine that the settings name."""
    fake = fresh_fake()
    with serving(application(fake)) as address:
        for name, value in settings_for(fake, address).items():
            monkeypatch.setenv(name, value)
        yield Person(console, capsys, monkeypatch, fake, address)
