"""A real process that imports a history and is killed at one store call. Run by test_kill.py.

Arguments: the store's address, the history (a JSON list of activities), ``import`` or ``events``, and the
number of the store call's side (before the first call is 0, after it is 1, …) at which the process ends by
SIGKILL.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from attrs import evolve

from commitcollect_adapters.backend import open_ports
from commitcollect_adapters.readers import read_history
from commitcollect_adapters.readers.rows import Accepted
from commitcollect_adapters.simulation.faults import Side, hooked
from commitcollect_adapters.system import ManualClock, SequentialIds
from commitcollect_core import (
    DEFAULT_POLICY,
    CommitCollect,
    ModelId,
    NewMilestone,
    Policy,
    Ports,
    TargetType,
    UserId,
    assemble,
)
from commitcollect_core.policy import TrainingPolicy

USER = UserId("me")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
WISH = NewMilestone(
    model_id=ModelId("DRAGON_2026"),
    target_type=TargetType.DISTANCE_METERS,
    total_target=400_000,
    period_start_at=datetime(2010, 1, 1, tzinfo=UTC),
)
POLICY = Policy(training=TrainingPolicy(commit_items_max=52))
"""Small commits, so that even a short import makes several."""


class KillAt:
    """A hook that kills the process at one side of one call, without a chance to tidy up."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._sides = count()

    def __call__(self, call: str, side: Side) -> None:
        """Return, or end the process."""
        if next(self._sides) == self._number:
            print(f"killed {side} {call}", flush=True)
            os.kill(os.getpid(), signal.SIGKILL)


def application(ports: Ports, kill_at: int) -> CommitCollect:
    """The application that a hook may kill; its clock and ids are the same in every process."""
    ledger = hooked(ports.ledger, KillAt(kill_at))
    return assemble(evolve(ports, ledger=ledger, clock=ManualClock(NOW), ids=SequentialIds()), POLICY)


def run(store: str, history: Path, mode: str, kill_at: int) -> None:
    """Open the milestone unless it is there, and take the history in."""
    found = [
        row.snapshot
        for row in read_history(history, policy=DEFAULT_POLICY, now=NOW)
        if isinstance(row, Accepted)
    ]
    with open_ports(store) as ports:
        app = application(ports, kill_at)
        if not app.tracking.list(USER).milestones:
            app.tracking.create(USER, WISH)
        if mode == "events":
            for snapshot in found:
                app.ingestion.ingest(USER, [snapshot])
        else:
            for _ in app.ingestion.ingest_all(USER, found):
                pass


if __name__ == "__main__":
    run(sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
