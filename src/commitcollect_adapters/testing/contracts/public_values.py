"""What callers give is refused where a value is made of it, or a ledger keeps it."""
# ruff: noqa: S101 - a suite asserts, though it does not live under tests/

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from attrs import evolve
from hypothesis import given, settings

from commitcollect_adapters.testing import samples
from commitcollect_adapters.testing.contracts.checks import assert_same, property_test
from commitcollect_adapters.testing.contracts.ledger_openings import LedgerOpenings
from commitcollect_adapters.testing.wild import wild_recurring_goals, wild_snapshots, wild_wishes
from commitcollect_core.errors import InvalidInput, LimitExceeded
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.training.ports import Ledger
from commitcollect_core.training.recurring_goals import NewRecurringGoal, RecurringGoals
from commitcollect_core.training.tracking import NewMilestone, Tracking
from commitcollect_core.training.workouts import ActivitySnapshot
from commitcollect_core.values import MilestoneId

_MILESTONE = MilestoneId("ms-1")


class PublicValues(LedgerOpenings):
    """Whatever the types of a request or a snapshot are, no ledger is left that cannot be read.

    Attributes:
        examples_factor: how many times the usual number of examples are tried. Most are refused before they
            reach the store; where a store is slow all the same, its suite takes fewer.
    """

    examples_factor: ClassVar[int] = 10

    def _many(self) -> settings:
        return settings(property_test, max_examples=self.examples_factor * settings().max_examples)

    def test_a_request_of_any_types_is_refused_or_read_back(self) -> None:
        """`create` raises InvalidInput that names the input, or an equal milestone is stored and moves on."""
        with self.open_ledger() as ledger:

            @self._many()
            @given(make=wild_wishes())
            def check(make: Callable[[], NewMilestone]) -> None:
                _check_wish(ledger, make)

            check()

    def test_a_recurring_goal_of_any_types_is_refused_or_read_back(self) -> None:
        """`begin` raises InvalidInput that names the input, or an equal goal is stored and workouts count."""
        with self.open_ledger() as ledger:

            @property_test
            @given(make=wild_recurring_goals())
            def check(make: Callable[[], NewRecurringGoal]) -> None:
                _check_recurring(ledger, make)

            check()

    def test_a_snapshot_of_any_types_is_refused_or_read_back(self) -> None:
        """It is refused with the input's name, or stored equal but for the values that are set aside."""
        with self.open_ledger() as ledger:

            @self._many()
            @given(make=wild_snapshots())
            def check(make: Callable[[], ActivitySnapshot]) -> None:
                _check_snapshot(ledger, make)

            check()


class _OneId(samples.NoIds):
    """Makes the one id a new athlete's recurring goal needs."""

    def milestone_id(self) -> MilestoneId:
        """See `IdGenerator`."""
        return _MILESTONE


def _check_wish(ledger: Ledger, make: Callable[[], NewMilestone]) -> None:
    tracking = Tracking(ledger=ledger, catalog=samples.Statues(), context=samples.context())
    user_id = samples.new_athlete()
    try:
        wish = make()
        model = samples.Statues().model(wish.model_id)
        if model is None:
            return
        made = tracking.create(user_id, wish, milestone_id=_MILESTONE).milestone
    except InvalidInput as refused:
        _check_named(refused)
        return
    assert_same(ledger.read_milestone(user_id, _MILESTONE), made)
    assert_same(made.goal, wish.goal(model, DEFAULT_POLICY))
    samples.ingestion(ledger).ingest(user_id, samples.rides("ride", 1))
    [stored] = tracking.list(user_id).milestones
    assert_same(stored.goal, made.goal)
    tracking.recompute(user_id, _MILESTONE)


def _check_recurring(ledger: Ledger, make: Callable[[], NewRecurringGoal]) -> None:
    context = evolve(samples.context(), ids=_OneId())
    goals = RecurringGoals(ledger=ledger, catalog=samples.Statues(), context=context)
    user_id = samples.new_athlete()
    try:
        wish = make()
        if samples.Statues().model(wish.model_id) is None:
            return
        begun = goals.begin(user_id, wish).goal
    except InvalidInput as refused:
        _check_named(refused)
        return
    except LimitExceeded:
        return  # a start that lies too many periods back
    assert_same(goals.list(user_id), (begun,))
    assert_same((begun.aims, begun.every, begun.local_time), (wish.aims, wish.every, wish.local_time))
    samples.ingestion(ledger).ingest(user_id, samples.rides("ride", 1))


def _check_snapshot(ledger: Ledger, make: Callable[[], ActivitySnapshot]) -> None:
    user_id = samples.new_athlete()
    samples.open_milestone(ledger, user_id)
    ingestion = samples.ingestion(ledger)
    try:
        snapshot = make()
        believed, _ = snapshot.believable(DEFAULT_POLICY, now=samples.NOW)
        ingestion.ingest(user_id, [believed])
    except InvalidInput as refused:
        _check_named(refused)
        return
    stored = ledger.read(user_id, [believed.key]).workouts[believed.key]
    assert_same(evolve(stored.snapshot, shown_to=stored.shown_to), believed)


def _check_named(refused: InvalidInput) -> None:
    assert refused.field, refused.message
