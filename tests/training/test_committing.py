"""What use cases say they committed is what was written, also where another process writes in between."""

from __future__ import annotations

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from commitcollect_adapters.system import NoBackoff
from commitcollect_adapters.testing.dumps import dump_of
from commitcollect_core.app import CommitCollect
from commitcollect_core.policy import Policy, TrainingPolicy
from commitcollect_core.training.committing import NOTHING_COMMITTED, Committed
from commitcollect_core.training.ledger import LedgerCommit
from commitcollect_core.training.milestones import MilestoneStatus
from commitcollect_core.training.tracking import Tracking
from commitcollect_core.training.workouts import ActivityGone
from commitcollect_core.values import MilestoneId
from rivals import ATHLETE, RacedLedger, app_on, ride, wish

SMALL_COMMITS = Policy(
    training=TrainingPolicy(commit_items_max=14, milestones_tracked_max=3, statue_parts_max=12)
)
"""A ride that earns a whole statue fills one write, so that the next statue's parts need another."""

ACTS = ("ingest", "ingest", "gone", "create", "recompute", "erase", "remove")


class Noting(RacedLedger):
    """A ledger that notes what is written, but for what intruders write."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[LedgerCommit] = []
        self._depth = 0

    def commit(self, commit: LedgerCommit) -> None:
        """See `Ledger`."""
        self._depth += 1
        try:
            super().commit(commit)
        finally:
            self._depth -= 1
        if not self._depth:
            self.written.append(commit)


def act(app: CommitCollect, name: str, number: int) -> Committed:
    """One use case; returns what it says it committed."""
    tracking: Tracking = app.tracking
    opened = [each.milestone_id for each in tracking.milestones(ATHLETE)]
    match name:
        case "ingest":
            return app.ingestion.ingest(ATHLETE, [ride(str(number % 4), number * 1_000)])
        case "gone":
            return app.ingestion.ingest(ATHLETE, [ActivityGone(key=ride(str(number % 4)).key)])
        case "create" if f"ms-{number}" not in opened and len(opened) < 3:
            return tracking.create(ATHLETE, wish(), milestone_id=MilestoneId(f"ms-{number}")).committed
        case "recompute" if opened:
            return tracking.recompute(ATHLETE, opened[0]).committed
        case "erase":
            return app.ingestion.erase(ATHLETE, [ride(str(number % 4)).key])
        case "remove":
            return tracking.remove_all(ATHLETE)
        case _:
            return NOTHING_COMMITTED


def completed(ledger: RacedLedger) -> set[MilestoneId]:
    """The milestones that are complete."""
    milestones = dump_of(ledger, ATHLETE).milestones.values()
    return {each.milestone_id for each in milestones if each.status is MilestoneStatus.COMPLETED}


@given(
    steps=st.lists(st.tuples(st.sampled_from(ACTS), st.integers(1, 15), st.booleans()), max_size=20),
    rides=st.lists(st.integers(1, 15), min_size=1, max_size=20),
)
def test_a_use_case_returns_every_commit_it_wrote(
    steps: list[tuple[str, int, bool]], rides: list[int]
) -> None:
    """In order, those before a lost race included; awards and completed milestones follow from them.

    A rival may take in a ride just before any of our commits.
    """
    ledger = Noting()
    app = app_on(ledger, policy=SMALL_COMMITS)
    theirs: list[Committed] = []

    def intrude() -> None:
        theirs.append(act(app, "ingest", rides[len(theirs) % len(rides)]))

    for name, number, is_raced in steps:
        ledger.written.clear()
        theirs.clear()
        ledger.intruders = [intrude, None, intrude] if is_raced else []
        whole_before = completed(ledger)
        ours = act(app, name, number)
        ledger.intruders = []
        assert list(ours.commits) == ledger.written
        both = sum(theirs, ours)
        announced = [each.milestone_id for each in both.milestones_completed]
        assert len(set(announced)) == len(announced)
        removed = {each.milestone_id for commit in ours.commits for each in commit.removed}
        assert set(announced) - removed == completed(ledger) - whole_before
        keys = {each.key for commit in ledger.written for each in commit.workouts}
        assert ours.workouts_changed == len(keys)
        assert ours.milestones_removed == len(removed)


def test_awards_are_told_in_the_order_in_which_they_were_minted() -> None:
    """Also where they were owed, and written behind the write that earned them."""
    app = app_on(Noting(), policy=SMALL_COMMITS)
    for number in (1, 2):
        assert act(app, "create", number).commits
    told = act(app, "ingest", 12)
    assert [(each.milestone_id, each.part_index) for each in told.awards] == [
        (f"ms-{number}", part) for number in (1, 2) for part in range(1, 13)
    ]
    assert len(told.commits) > 1
    assert [each.milestone_id for each in told.milestones_completed] == ["ms-1", "ms-2"]
    assert (told + NOTHING_COMMITTED, NOTHING_COMMITTED + told) == (told, told)


class NotedBackoff(NoBackoff):
    """Waits for nothing, and notes what it was asked to wait for."""

    def __init__(self) -> None:
        self.waits: list[int] = []

    def wait(self, attempt: int) -> None:
        """See `Backoff`."""
        self.waits.append(attempt)


@pytest.mark.parametrize("losses", [0, 1, 3])
def test_each_lost_race_is_waited_out(losses: int) -> None:
    """Longer each time, so that processes that lost to each other do not meet again."""
    ledger = Noting()
    app = app_on(ledger)
    backoff = NotedBackoff()
    ingestion = evolve(app.ingestion, context=evolve(app.ingestion.context, backoff=backoff))
    ledger.intruders = [lambda n=n: act(app, "ingest", n) for n in range(1, losses + 1)]  # type: ignore[misc]  # mypy infers no type for a lambda with a default
    ingestion.ingest(ATHLETE, [ride("ours")])
    assert backoff.waits == list(range(1, losses + 1))


def test_a_commit_before_a_lost_race_is_told() -> None:
    """The first write of a decision stays when a rival comes before the second; the caller hears of both."""
    ledger = Noting()
    app = app_on(ledger, policy=SMALL_COMMITS)
    for number in (1, 2):
        act(app, "create", number)
    ledger.written.clear()
    ledger.intruders = [None, lambda: act(app, "ingest", 1)]
    told = act(app, "ingest", 12)
    assert list(told.commits) == ledger.written
    [first] = told.commits  # what was owed behind it, the rival's write has awarded
    assert first.workouts
