"""The clock of a soak: it runs faster than the machine's, and single processes may be wrong about it.

With an hour of the service in each minute, windows end, leases run out and tokens expire many times in a
soak, under the limits that the service ships with.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

from attrs import frozen

SPEED = 60
"""Seconds of the service in each second of the machine."""


@frozen
class SoakClock:
    """Tells the time of a soak.

    Attributes:
        started_at: the machine's time in epoch seconds when the soak began.
        steps: files with seconds by which this clock is ahead; one that is missing counts as 0.
    """

    started_at: float
    steps: tuple[Path, ...]

    def now(self) -> datetime:
        """As `Clock.now`."""
        passed = (time.time() - self.started_at) * SPEED
        seconds = self.started_at + passed + sum(map(step_of, self.steps))
        return datetime.fromtimestamp(int(seconds), UTC)


def step_of(file: Path) -> int:
    """The seconds in a file."""
    return int(file.read_text()) if file.exists() else 0


def write_step(file: Path, seconds: int) -> None:
    """Write seconds to a file, for all processes that read it at any moment."""
    written = file.with_suffix(".new")
    written.write_text(str(seconds))
    written.replace(file)
