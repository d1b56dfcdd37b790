"""How fast workouts go in, beside hand-written SQL that writes the same rows. Prints figures, asserts none.

The raw side is what is written by hand for this schema: the same file settings, the same number of
durable transactions, the same reads that make the write safe (head, workouts, milestone) and the same rows,
from ready-made tuples and with no library between. Both sides take turns in one process, so that a ratio
compares like with like.
"""

from __future__ import annotations

import sqlite3
import statistics
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from commitcollect_adapters.readers.demo import demo_history
from commitcollect_adapters.records.columns import Record
from commitcollect_adapters.records.ledger import WORKOUT
from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.ledger import SqliteLedger
from commitcollect_adapters.statues import shipped_catalog
from commitcollect_adapters.system import ManualClock, NoBackoff, SequentialIds
from commitcollect_core.app import assemble
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.training.decisions import decide, decide_creation
from commitcollect_core.training.ledger import LedgerView, keys_of
from commitcollect_core.training.ports import Ports
from commitcollect_core.training.tallies import tally
from commitcollect_core.training.tracking import NewMilestone
from commitcollect_core.training.workouts import ActivitySnapshot, Workout
from commitcollect_core.values import MilestoneId, ModelId, TargetType, UserId

USER = UserId("me")
NOW = datetime(2026, 6, 1, tzinfo=UTC)
WISH = NewMilestone(
    model_id=ModelId("DRAGON_2026"),
    target_type=TargetType.DISTANCE_METERS,
    total_target=10**9,
    period_start_at=datetime(1990, 1, 1, tzinfo=UTC),
)
BATCH = DEFAULT_POLICY.training.commit_items_max - DEFAULT_POLICY.training.milestones_tracked_max - 1

ROUNDS = 7
EVENTS = 5_000
IMPORTED = 20_000
DECISIONS = 2_000

_COLUMNS = ", ".join(("userId", *WORKOUT.columns))
_INSERT = f"INSERT INTO workout ({_COLUMNS}) VALUES ({', '.join('?' * (1 + len(WORKOUT.columns)))})"  # noqa: S608 - own names only
_FIND = "SELECT version FROM workout WHERE userId = ? AND source = ? AND activityId = ?"
_READ_MILESTONE = (
    "SELECT version, currentValue, progressValue FROM milestone WHERE userId = ? AND milestoneId = ?"
)
_MOVE = (
    "UPDATE milestone SET version = version + 1, currentValue = ?, progressValue = ?, updatedAtUtc = ?, "
    "progressUpdatedAtUtc = ? WHERE userId = ? AND milestoneId = ? AND version = ?"
)
_BUMP = (
    "UPDATE ledgerHead SET version = version + 1, workoutCount = workoutCount + ? "
    "WHERE userId = ? AND version = ? AND state = 'ACTIVE'"
)


def raw_transaction(connection: sqlite3.Connection, workouts: Sequence[Record]) -> None:
    """One durable transaction that takes in new workouts and moves the one milestone, in plain SQL."""
    connection.execute("BEGIN IMMEDIATE")
    (version, _) = connection.execute(
        "SELECT version, state FROM ledgerHead WHERE userId = ?", (USER,)
    ).fetchone()
    for row in workouts:
        if connection.execute(_FIND, (USER, row[2], row[3])).fetchone() is not None:
            raise AssertionError("the benchmark writes new workouts only")
    moved, current, progress = connection.execute(_READ_MILESTONE, (USER, "ms-0001")).fetchone()
    current += sum(row[6] for row in workouts)
    connection.executemany(_INSERT, workouts)
    now = int(NOW.timestamp())
    connection.execute(_MOVE, (current, max(current, progress), now, now, USER, "ms-0001", moved))
    connection.execute(_BUMP, (len(workouts), USER, version))
    connection.execute("COMMIT")


class Store:
    """A fresh SQLite store with one milestone."""

    def __init__(self, folder: Path, name: str) -> None:
        self._database = Database(folder / name)
        self._connection = self._database.take()
        ports = Ports(
            clock=ManualClock(NOW),
            ids=SequentialIds(),
            backoff=NoBackoff(),
            ledger=SqliteLedger(self._database),
            catalog=shipped_catalog(),
        )
        self.app = assemble(ports)
        self.app.tracking.create(USER, WISH)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def engine_seconds(self, snapshots: Sequence[ActivitySnapshot]) -> float:
        """How long the engine takes, one event after another or as one batch."""
        started = time.perf_counter()
        self.app.ingestion.ingest(USER, snapshots)
        return time.perf_counter() - started

    def raw_seconds(self, workouts: Sequence[Record]) -> float:
        """How long raw SQL takes for the same."""
        started = time.perf_counter()
        raw_transaction(self._connection, workouts)
        return time.perf_counter() - started


def compare(name: str, snapshots: Sequence[ActivitySnapshot], batch: int) -> None:
    """Print the rate of the engine, of raw SQL, and the ratio of the two; they take turns batch by batch."""
    ready = [(USER, *WORKOUT.encode(Workout(snapshot=each, version=1, fetched_at=NOW))) for each in snapshots]
    engine, raw = [], []
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = Store(Path(folder), "engine.db"), Store(Path(folder), "raw.db")
        for start in range(0, len(snapshots), batch):
            stretch = slice(start, start + batch)
            engine.append(ours.engine_seconds(snapshots[stretch]))
            raw.append(theirs.raw_seconds(ready[stretch]))
        ours.close()
        theirs.close()
    per_second = [len(snapshots) / sum(seconds) for seconds in (engine, raw)]
    median_ratio = statistics.median(raw) / statistics.median(engine)
    print(
        f"{name:<16}{per_second[0]:>10,.0f}/s{per_second[1]:>10,.0f}/s"
        f"   {per_second[0] / per_second[1]:6.2f} of raw SQL in all, {median_ratio:.2f} in the median"
    )


def time_decide(milestones: int, batch: int) -> None:
    """Print how long the pure decision takes, per workout."""
    view = LedgerView(user_id=USER)
    model, *_ = shipped_catalog().models()
    goal = WISH.goal(model, DEFAULT_POLICY)
    for number in range(milestones):
        milestone_id = MilestoneId(f"ms-{number:04}")
        (commit,) = decide_creation(
            view,
            milestone_id,
            goal,
            tally(goal, ()),
            models={model.model_id: model},
            now=NOW,
            policy=DEFAULT_POLICY,
        )
        view = LedgerView(user_id=USER, head=commit.head, milestones=(*view.milestones, *commit.milestones))
    snapshots = tuple(demo_history(seed=1, activities=DECISIONS, policy=DEFAULT_POLICY))
    models = {model.model_id: model}
    seconds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        for start in range(0, len(snapshots), batch):
            found = snapshots[start : start + batch]
            keys_of(found)
            decide(view, found, models=models, now=NOW, policy=DEFAULT_POLICY)
        seconds.append((time.perf_counter() - started) / len(snapshots))
    microseconds = statistics.median(seconds) * 1_000_000
    print(f"decide, {milestones:2} milestones, {batch:3} at once: {microseconds:8.1f} µs a workout")


def main() -> None:
    """Print every figure of this file."""
    history = list(demo_history(seed=1, activities=IMPORTED, policy=DEFAULT_POLICY))
    print(f"{'SQLite, durable':<16}{'engine':>12}{'raw SQL':>12}")
    compare("one event", history[:EVENTS], 1)
    compare(f"import by {BATCH}", history, BATCH)
    print()
    for milestones in (1, 20):
        for batch in (1, BATCH):
            time_decide(milestones, batch)


if __name__ == "__main__":
    main()
