"""Memory is the model, another ledger the system under test: both answer and hold the same throughout.

An answer is a value, or an error with its class and code.
"""
# ruff: noqa: S101 - it asserts, though it does not live under tests/

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, ExitStack
from datetime import timedelta

from attrs import evolve
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, precondition, rule

from commitcollect_adapters.memory import MemoryLedger
from commitcollect_adapters.statues import FixedCatalog
from commitcollect_adapters.system import ManualClock, NoBackoff, SequentialIds
from commitcollect_adapters.testing.dumps import LedgerDump, dump_of
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

Opener = Callable[[], AbstractContextManager[Ledger]]

ATHLETES = (UserId("a"), UserId("ab"))
_CATALOG = FixedCatalog(STATUES)
_POLICY = Policy(
    training=TrainingPolicy(
        commit_items_max=52, milestones_tracked_max=3, page_items_max=2, workouts_inspected_max=4
    )
)

_BUSY_VERSION = 5
"""Fences go up once there is something behind them; otherwise most runs would be about empty ledgers."""

_athletes = st.sampled_from(ATHLETES)
_milestone_ids = st.integers(1, 4).map(lambda number: MilestoneId(f"ms-{number:04}"))
_reports = changing_histories(min_size=1, max_size=6, activities_max=6)


def _answer(act: Callable[[], object]) -> object:
    """What came of it; an error of the family is an answer as well."""
    try:
        return act()
    except CommitCollectError as error:
        return type(error), error.code


class LedgerMachine(RuleBasedStateMachine):
    """Two applications on ledgers of their own that go through the same; one of them is the tested one.

    Subclass it, and have pytest collect ``TestMachine = MyMachine.TestCase``.
    """

    prepared = Bundle("prepared")

    def __init__(self) -> None:
        super().__init__()
        self._store = ExitStack()
        self._handle = ExitStack()
        self._opener = self.new_store(self._store)
        self._clock = ManualClock(SEASON_END_AT)
        self._memory = MemoryLedger()
        self._ids = SequentialIds(), SequentialIds()
        self._open()

    @abstractmethod
    def new_store(self, store: ExitStack) -> Opener:
        """A function that opens an empty store, again and again; `store` removes it at the end of the run."""

    def dumps(self) -> Mapping[UserId, LedgerDump]:
        """What the model holds of each athlete; the tested ledger holds the same."""
        return {each: dump_of(self._memory, each) for each in ATHLETES}

    def _open(self) -> None:
        self._tested = self._handle.enter_context(self._opener())
        self._apps = self._app(self._memory, self._ids[0]), self._app(self._tested, self._ids[1])

    def _app(self, ledger: Ledger, ids: SequentialIds) -> CommitCollect:
        return assemble(
            Ports(clock=self._clock, ids=ids, backoff=NoBackoff(), ledger=ledger, catalog=_CATALOG), _POLICY
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

    @rule(user_id=_athletes, found=_reports)
    def ingest(self, user_id: UserId, found: list[Found]) -> None:
        """Take in creations, edits, deletions."""
        self._both(lambda app: app.ingestion.ingest(user_id, found))

    @rule(user_id=_athletes, wish=any_wishes(), is_bounded=st.booleans())
    def open_milestone(self, user_id: UserId, wish: NewMilestone, *, is_bounded: bool) -> None:
        """Open a milestone; there may be no place for it, or too much to count."""
        self._both(lambda app: app.tracking.create(user_id, wish, is_bounded=is_bounded))

    @rule(user_id=_athletes, milestone_id=_milestone_ids, is_bounded=st.booleans())
    def recompute(self, user_id: UserId, milestone_id: MilestoneId, *, is_bounded: bool) -> None:
        """Repair a milestone, which may not exist."""
        self._both(lambda app: app.tracking.recompute(user_id, milestone_id, is_bounded=is_bounded))

    @rule(user_id=_athletes, milestone_id=_milestone_ids)
    def look(self, user_id: UserId, milestone_id: MilestoneId) -> None:
        """Look at a milestone, which may not exist, and at what counts for it."""
        self._both(lambda app: app.tracking.view(user_id, milestone_id))
        self._both(lambda app: list(app.tracking.explain(user_id, milestone_id)))
        self._both(lambda app: list(app.tracking.milestones(user_id)))

    @rule(
        user_id=_athletes,
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

    @rule(target=prepared, user_id=_athletes, found=_reports)
    def prepare(self, user_id: UserId, found: list[Found]) -> tuple[LedgerCommit, ...]:
        """Decide and write nothing yet: in the meantime others may."""
        return self._decided(user_id, found)

    @rule(commits=prepared)
    def write_late(self, commits: tuple[LedgerCommit, ...]) -> None:
        """Write what was prepared; what has become stale must be refused by both."""
        self._write(commits)

    @rule(user_id=_athletes, found=_reports, written=st.sampled_from((1, 1, 2)))
    def crash(self, user_id: UserId, found: list[Found], written: int) -> None:
        """Write the first commits of a decision and stop."""
        self._write(self._decided(user_id, found)[:written])

    def _decided(self, user_id: UserId, found: list[Found]) -> tuple[LedgerCommit, ...]:
        view = self._memory.read(user_id, keys_of(found))
        if view.head.state is not LedgerState.ACTIVE:
            return ()
        models = {model.model_id: model for model in STATUES}
        return decide(view, found, models=models, now=self._clock.now(), policy=_POLICY)

    def _write(self, commits: Iterable[LedgerCommit]) -> None:
        """Write the commits of one decision; each stands on the one before, so the first refusal ends it."""
        for commit in commits:
            if self._both(lambda app, commit=commit: app.ports.ledger.commit(commit)) is not None:  # type: ignore[misc]  # mypy infers no type for a lambda with a default
                return

    @precondition(lambda self: self._memory.read_head(ATHLETES[0]).version > _BUSY_VERSION)
    @rule(user_id=_athletes)
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
        self._handle.close()
        self._open()

    @invariant()
    def both_hold_the_same(self) -> None:
        """Complete dumps are equal."""
        for user_id, dump in self.dumps().items():
            assert dump_of(self._tested, user_id) == dump

    def teardown(self) -> None:
        """Leave nothing behind."""
        self._handle.close()
        self._store.close()
