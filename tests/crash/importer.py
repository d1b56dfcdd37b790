"""What a real process does that imports a history and is killed at one store call; for test_kill.py."""

from __future__ import annotations

import os
import signal
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

    def __call__(self, _call: str, _side: Side) -> None:
        """Return, or end the process."""
        if next(self._sides) == self._number:
            os.kill(os.getpid(), signal.SIGKILL)


def application(ports: Ports, kill_at: int) -> CommitCollect:
    """The application that a hook may kill; its clock and ids are the same in every process."""
    ledger = hooked(ports.ledger, KillAt(kill_at))
    return assemble(evolve(ports, ledger=ledger, clock=ManualClock(NOW), ids=SequentialIds()), POLICY)


def run(store: str, history: Path, mode: str, kill_at: int) -> None:
    """Open the milestone unless it is there, and take the history in.

    Args:
        store: its address.
        history: a JSON list of activities.
        mode: ``import`` or ``events``.
        kill_at: the number of the store call's side (before the first call is 0, after it is 1, …) at which
            the process ends by SIGKILL.
    """
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
