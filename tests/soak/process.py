"""A command of CommitCollect in a process of a soak: the real program, under the soak's clock.

Arguments: when the soak began, the files of steps joined by commas, and those of the command.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from commitcollect_adapters.http.transport import Timeouts
from commitcollect_adapters.strava import http
from commitcollect_adapters.system import SystemClock
from commitcollect_cli.main import run
from soak.clock import SoakClock

HANG_SECONDS = 1.5
"""How long a call to Strava waits for an answer: as the clock runs faster, so must the timeouts."""


def install(clock: SoakClock) -> None:
    """Have this process tell the time by a clock of a soak."""
    SystemClock.now = lambda _self: clock.now()  # type: ignore[method-assign, assignment]  # the only clock there is
    http.Timeouts = partial(Timeouts, read_seconds=HANG_SECONDS)  # type: ignore[misc, assignment]  # no setting


if __name__ == "__main__":
    steps = tuple(map(Path, sys.argv[2].split(",")))
    install(SoakClock(float(sys.argv[1]), steps))
    run(sys.argv[3:])
