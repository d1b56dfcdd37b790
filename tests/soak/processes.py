"""The processes of a soak: started, killed, started again."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from attrs import define, field, frozen

from cli.console import PATIENCE_SECONDS, Outcome, environment
from soak.clock import SoakClock
from soak.strava import KILLED, STARTED, Record

PROGRAM = Path(__file__).with_name("process.py")


@frozen
class Command:
    """How a process of the soak is started.

    Attributes:
        clock: what it tells the time by.
        settings: environment variable -> value; they name its own address of the fake Strava.
    """

    clock: SoakClock
    settings: Mapping[str, str]

    @property
    def port(self) -> int:
        """Of the address at which it calls the fake Strava."""
        return urlsplit(self.settings["COMMITCOLLECT_STRAVA_API_BASE"]).port or 0

    def line(self, *arguments: str) -> list[str]:
        """The command line of a process."""
        steps = ",".join(map(str, self.clock.steps))
        return [sys.executable, str(PROGRAM), str(self.clock.started_at), steps, *arguments]

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a process."""
        paths = filter(None, (str(PROGRAM.parents[1]), os.environ.get("PYTHONPATH")))
        return environment(PYTHONPATH=os.pathsep.join(paths), **self.settings)

    def run(self, *arguments: str) -> Outcome:
        """Run a command to its end."""
        done = subprocess.run(
            self.line(*arguments),
            capture_output=True,
            text=True,
            env=self.environment,
            check=False,
            timeout=PATIENCE_SECONDS,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)


@define(eq=False)
class Killable:
    """A long-running process that is killed now and then.

    Attributes:
        log: the file with all that it prints.
        kills: how often it was killed.
    """

    name: str
    command: Command
    arguments: tuple[str, ...]
    log: Path
    record: Record
    kills: int = 0
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Start it."""
        self.record.add(self.command.port, STARTED)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command.line(*self.arguments), stdout=log, stderr=log, env=self.command.environment
            )

    @property
    def ended_with(self) -> int | None:
        """The exit code, if it ended by itself."""
        return None if self._process is None else self._process.poll()

    def kill(self) -> None:
        """End it by SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
            self.kills += 1
            self.record.add(self.command.port, KILLED)
