"""Memory is the model, another store the system under test: both answer and hold the same throughout."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import ClassVar

import pytest
from attrs import evolve
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, precondition, rule

from commitcollect_adapters.aws.calls import Address
from commitcollect_adapters.dynamodb.client import Client
from commitcollect_adapters.dynamodb.ledger import DynamoLedger
from commitcollect_adapters.dynamodb.provisioning import create_tables, delete_tables
from commitcollect_adapters.memory import MemoryLedger
from commitcollect_adapters.sqlite import Database, SqliteLedger
from commitcollect_adapters.statues import FixedCatalog
from commitcollect_adapters.system import ManualClock, NoBackoff, SequentialIds
from commitcollect_adapters.testing.dumps import dump_of
from commitcollect_adapters.testing.strategies import (
    SEASON_END_AT,
    SEASON_START_AT,
    STATUES,
    any_wishes,
    changing_histories,
    moments,
)
from commitcollect_core.app import CommitCollect, assemble
from commitcollect_core.errors import CommitCollectError
from commitcollect_core.policy import Policy, TrainingPolicy
from commitcollect_core.training.decisions import decide
from commitcollect_core.training.ledger import LedgerCommit, LedgerHead, LedgerState, keys_of
from commitcollect_core.training.ports import Ledger, Ports, WorkoutQuery
from commitcollect_core.training.tracking import NewMilestone
from commitcollect_core.training.workouts import Found
from commitcollect_core.values import MilestoneId, TargetType, UserId
from engines import running
from laws import check_kept, check_state
from thoroughness import LEVEL

ATHLETES = (UserId("a"), UserId("ab"))
CATALOG = FixedCatalog(STATUES)
POLICY = Policy(
    training=TrainingPolicy(
        commit_items_max=52, milestones_tracked_max=3, page_items_max=2, workouts_inspected_max=4
    )
)

BUSY_VERSION = 5
"""Fences go up once there is something behind them; otherwise most runs would be about empty ledgers."""

athletes = st.sampled_from(ATHLETES)
milestone_ids = st.integers(1, 4).map(lambda number: MilestoneId(f"ms-{number:04}"))
reports = changing_histories(min_size=1, max_size=6, activities_max=6)


def _answer(act: Callable[[], object]) -> object:
    """What came of it; an error of the family is an answer as well."""
    try:
        return act()
    except CommitCollectError as error:
        return type(error), error.code, error.message


class TwoLedgers(RuleBasedStateMachine):
    """Two applications on ledgers of their own that go through the same; the tested one is on SQLite."""

    prepared = Bundle("prepared")

    def __init__(self) -> None:
        super().__init__()
        self._make_store()
        self._clock = ManualClock(SEASON_END_AT)
        self._memory = MemoryLedger()
        self._ids = SequentialIds(), SequentialIds()
        self._open()
        self._seen = {each: dump_of(self._memory, each) for each in ATHLETES}

    def _open(self) -> None:
        self._tested = self._open_store()
        self._apps = self._app(self._memory, self._ids[0]), self._app(self._tested, self._ids[1])

    def _make_store(self) -> None:
        self._folder = tempfile.TemporaryDirectory()

    def _open_store(self) -> Ledger:
        self._database = Database(Path(self._folder.name) / "ledger.sqlite")
        return SqliteLedger(self._database)

    def _close_store(self) -> None:
        self._database.close()

    def _remove_store(self) -> None:
        self._folder.cleanup()

    def _app(self, ledger: Ledger, ids: SequentialIds) -> CommitCollect:
        return assemble(
            Ports(clock=self._clock, ids=ids, backoff=NoBackoff(), ledger=ledger, catalog=CATALOG), POLICY
        )

    def _both(self, act: Callable[[CommitCollect], object]) -> object:
        model, tested = (_answer(lambda app=app: act(app)) for app in self._apps)  # type: ignore[misc]  # mypy infers no type for a lambda with a default
        assert tested == model
        return model

    @initialize(distances=st.lists(st.integers(1, 3_000), min_size=2, max_size=2))
    def open_large_statues(self, distances: list[int]) -> None:
        """Two statues of fifty parts each: one workout may earn more than a commit holds."""
        for distance in distances:
            wish = NewMilestone(
                model_id=STATUES[2].model_id,
                target_type=TargetType.DISTANCE_METERS,
                total_target=distance,
                period_start_at=SEASON_START_AT,
            )
            self._both(lambda app, wish=wish: app.tracking.create(ATHLETES[0], wish))  # type: ignore[misc]  # mypy infers no type for a lambda with a default

    @rule(user_id=athletes, found=reports)
    def ingest(self, user_id: UserId, found: list[Found]) -> None:
        """Take in creations, edits, deletions."""
        self._both(lambda app: app.ingestion.ingest(user_id, found))

    @rule(user_id=athletes, wish=any_wishes(), is_bounded=st.booleans())
    def open_milestone(self, user_id: UserId, wish: NewMilestone, *, is_bounded: bool) -> None:
        """Open a milestone; there may be no place for it, or too much to count."""
        self._both(lambda app: app.tracking.create(user_id, wish, is_bounded=is_bounded))

    @rule(user_id=athletes, milestone_id=milestone_ids, is_bounded=st.booleans())
    def recompute(self, user_id: UserId, milestone_id: MilestoneId, *, is_bounded: bool) -> None:
        """Repair a milestone, which may not exist."""
        self._both(lambda app: app.tracking.recompute(user_id, milestone_id, is_bounded=is_bounded))

    @rule(user_id=athletes, milestone_id=milestone_ids)
    def look(self, user_id: UserId, milestone_id: MilestoneId) -> None:
        """Look at a milestone, which may not exist, and at what counts for it."""
        self._both(lambda app: app.tracking.view(user_id, milestone_id))
        self._both(lambda app: list(app.tracking.explain(user_id, milestone_id)))
        self._both(lambda app: list(app.tracking.milestones(user_id)))

    @rule(
        user_id=athletes,
        start_at=st.none() | moments(),
        end_at=st.none() | moments(),
        newest_first=st.booleans(),
        limit=st.integers(1, 4),
    )
    def page(self, user_id: UserId, **bounds: object) -> None:
        """Read some workouts and the page behind them."""
        query = WorkoutQuery(**bounds)  # type: ignore[arg-type]  # given by name, checked at run time

        def two_pages(app: CommitCollect) -> object:
            first = app.ports.ledger.read_workouts(user_id, query)
            second = app.ports.ledger.read_workouts(user_id, evolve(query, after=first.next))
            return [*first.workouts], first.next, [*second.workouts], second.next

        self._both(two_pages)

    @rule(target=prepared, user_id=athletes, found=reports)
    def prepare(self, user_id: UserId, found: list[Found]) -> tuple[LedgerCommit, ...]:
        """Decide and write nothing yet: in the meantime others may."""
        return self._decided(user_id, found)

    @rule(commits=prepared)
    def write_late(self, commits: tuple[LedgerCommit, ...]) -> None:
        """Write what was prepared; what has become stale must be refused by both."""
        self._write(commits)

    @rule(user_id=athletes, found=reports, written=st.sampled_from((1, 1, 2)))
    def crash(self, user_id: UserId, found: list[Found], written: int) -> None:
        """Write the first commits of a decision and stop."""
        self._write(self._decided(user_id, found)[:written])

    def _decided(self, user_id: UserId, found: list[Found]) -> tuple[LedgerCommit, ...]:
        view = self._memory.read(user_id, keys_of(found))
        if view.head.state is not LedgerState.ACTIVE:
            return ()
        models = {model.model_id: model for model in STATUES}
        return decide(view, found, models=models, now=self._clock.now(), policy=POLICY)

    def _write(self, commits: Iterable[LedgerCommit]) -> None:
        """Write the commits of one decision; each stands on the one before, so the first refusal ends it."""
        for commit in commits:
            if self._both(lambda app, commit=commit: app.ports.ledger.commit(commit)) is not None:  # type: ignore[misc]  # mypy infers no type for a lambda with a default
                return

    @precondition(lambda self: self._memory.read_head(ATHLETES[0]).version > BUSY_VERSION)
    @rule(user_id=athletes)
    def fence(self, user_id: UserId) -> None:
        """Begin to delete an athlete's account, perhaps once more."""
        head = self._memory.read_head(user_id)
        fenced = LedgerHead(
            version=head.version + 1,
            state=LedgerState.DELETING,
            tracked_milestone_ids=head.tracked_milestone_ids,
            workout_count=head.workout_count,
            fenced_at=self._clock.now(),
        )
        self._both(lambda app: app.ports.ledger.commit(LedgerCommit(user_id=user_id, head=fenced)))

    @rule(days=st.integers(0, 200))
    def time_passes(self, days: int) -> None:
        """Periods end and milestones settle."""
        self._clock.advance_to(self._clock.now() + timedelta(days=days))

    @rule()
    def reopen(self) -> None:
        """Close the store and open it again."""
        self._close_store()
        self._open()

    @invariant()
    def both_hold_the_same_and_keep_the_laws(self) -> None:
        """Complete dumps are equal, legal, and take back nothing that was there before."""
        for user_id in ATHLETES:
            dump = dump_of(self._memory, user_id)
            assert dump_of(self._tested, user_id) == dump
            check_state(dump)
            check_kept(self._seen[user_id], dump)
            self._seen[user_id] = dump

    def teardown(self) -> None:
        """Leave nothing behind."""
        self._close_store()
        self._remove_store()


class TwoLedgersWithDynamo(TwoLedgers):
    """The tested one is on DynamoDB, in tables of its own."""

    endpoint: ClassVar[str]
    _prefixes: ClassVar[Iterator[str]] = (f"machine-{number}" for number in count())

    def _make_store(self) -> None:
        address = Address(endpoint=self.endpoint, name=next(self._prefixes))
        self._client = Client(address, deadline_seconds=POLICY.training.store_deadline_seconds)
        create_tables(self._client)

    def _open_store(self) -> Ledger:
        return DynamoLedger(self._client)

    def _close_store(self) -> None:
        pass

    def _remove_store(self) -> None:
        delete_tables(self._client)


class TwoLedgersOnMinistack(TwoLedgersWithDynamo):
    """The second opinion."""


@pytest.fixture(scope="module")
def _dynoxide() -> Iterator[None]:
    with running.dynoxide() as endpoint:
        TwoLedgersWithDynamo.endpoint = endpoint
        yield


@pytest.fixture(scope="module")
def _ministack(ministack: str) -> None:
    TwoLedgersOnMinistack.endpoint = ministack


TestTwoLedgers = TwoLedgers.TestCase
TestTwoLedgers.settings = settings(max_examples=LEVEL.machine_runs)
TestTwoLedgersWithDynamo = pytest.mark.slow(
    pytest.mark.usefixtures("_dynoxide")(TwoLedgersWithDynamo.TestCase)
)
TestTwoLedgersWithDynamo.settings = settings(
    max_examples=LEVEL.examples_on_dynoxide, stateful_step_count=LEVEL.machine_steps_on_engines
)
TestTwoLedgersOnMinistack = pytest.mark.slow(
    pytest.mark.usefixtures("_ministack")(TwoLedgersOnMinistack.TestCase)
)
TestTwoLedgersOnMinistack.settings = settings(
    max_examples=LEVEL.examples_on_ministack, stateful_step_count=LEVEL.machine_steps_on_engines
)
