"""The command line as the tests use it: in this process, or in one of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from commitcollect_cli.main import _exit_code

PATIENCE_SECONDS = 120
"""A command that takes longer hangs."""

COMMAND = (sys.executable, "-m", "commitcollect_cli")


@frozen
class Outcome:
    """What a command ended with."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON object on stdout."""
        document = json.loads(self.out)
        assert isinstance(document, dict)
        return document


class Console:
    """Runs commands in this process and this working directory."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: object) -> Outcome:
        """Run a command, whatever it ends with."""
        self._capsys.readouterr()
        code = _exit_code([str(each) for each in arguments])
        said = self._capsys.readouterr()
        return Outcome(code, said.out, said.err)

    def json(self, *arguments: object) -> dict[str, Any]:
        """Run a command with ``--json`` that must succeed."""
        outcome = self(*arguments, "--json")
        assert outcome.code == 0, outcome
        return outcome.document


def environment(**changes: str) -> dict[str, str]:
    """The environment of a process: this one's without what steers the command line, and `changes`."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("COMMITCOLLECT_")}
    for name in ("NO_COLOR", "FORCE_COLOR", "PYTHONIOENCODING"):
        kept.pop(name, None)
    return {**kept, "PYTHONUTF8": "1", **changes}


def run_process(*arguments: object, **changes: str) -> Outcome:
    """Run a command in a process of its own; what it prints must be UTF-8 unless `changes` say otherwise."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        env=environment(**changes),
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    encoding = changes.get("PYTHONIOENCODING", "utf-8")
    return Outcome(done.returncode, done.stdout.decode(encoding), done.stderr.decode(encoding))


def activity(number: int, **changes: object) -> dict[str, object]:
    """An activity as Strava's API returns it: the `number`-th of 10 km runs, a day apart in January 2024."""
    day, month = (number - 1) % 28 + 1, (number - 1) // 28 % 12 + 1
    year = 2024 - (number - 1) // 336
    return {
        "id": 1_000_000 + number,
        "sport_type": "Run",
        "start_date": f"{year}-{month:02}-{day:02}T07:00:00Z",
        "distance": 10_000.0,
        "total_elevation_gain": 100.0,
        "moving_time": 3_000,
        "elapsed_time": 3_100,
        "name": f"Run {number}",
        **changes,
    }


def write_history(path: Path, *activities: Mapping[str, object]) -> Path:
    """Save a list of activities."""
    path.write_text(json.dumps(activities), encoding="utf-8")
    return path
