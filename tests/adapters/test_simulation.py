"""Simulations on a store that has a past."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from commitcollect_adapters.backend import MEMORY, open_ports
from commitcollect_adapters.readers.demo import demo_history
from commitcollect_adapters.simulation.simulation import Delivery, Simulation, SimulationReport
from commitcollect_adapters.sqlite.staging import Order, StagedHistory
from commitcollect_adapters.system import ManualClock
from commitcollect_core import (
    DEFAULT_POLICY,
    Award,
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
NEW_YEAR = datetime(2024, 1, 1, tzinfo=UTC)
COUNT = NewMilestone(
    model_id=ModelId("DRAGON_2026"),
    target_type=TargetType.ACTIVITY_COUNT,
    total_target=100,
    period_start_at=NEW_YEAR,
    period_end_at=datetime(2025, 1, 1, tzinfo=UTC),
)


@pytest.fixture
def ports() -> Iterator[Ports]:
    """An empty store in memory."""
    with open_ports(MEMORY) as opened:
        yield opened


def simulate(ports: Ports, wish: NewMilestone, policy: Policy = DEFAULT_POLICY) -> SimulationReport:
    """Deliver the demo history."""
    history = StagedHistory()
    try:
        history.add(demo_history(seed=1, activities=400, policy=policy))
        return Simulation(ports, USER, Delivery(), policy=policy).run(history, [wish])
    finally:
        history.close()


def test_no_part_is_awarded_before_it_was_earned(ports: Ports) -> None:
    """The virtual clock never runs behind what the store already knows, also for a second milestone on it."""
    simulate(ports, COUNT)
    (view,) = simulate(ports, evolve(COUNT, total_target=50)).milestones
    assert view.awards
    assert all(award.awarded_at >= award.earned_at for award in view.awards)


def test_the_same_goal_is_the_same_milestone(ports: Ports) -> None:
    """A second run on the store takes the milestone that is there, named after its goal."""
    first, second = (simulate(ports, COUNT) for _ in range(2))
    assert first.digest == second.digest
    assert [view.milestone.milestone_id for view in first.milestones] == [
        each.milestone_id for each in assemble(ports).tracking.milestones(USER)
    ]


def test_a_milestone_that_gave_up_its_place_is_brought_up_to_date(ports: Ports) -> None:
    """What a simulation shows is right even if new workouts do not move the milestone any more."""
    policy = Policy(training=TrainingPolicy(milestones_tracked_max=1, milestone_settle_seconds=0))
    ports = evolve(ports, clock=ManualClock(NEW_YEAR + timedelta(days=900)))
    tracking = assemble(ports, policy).tracking
    given_up = tracking.create(USER, COUNT).milestone.milestone_id
    later = assemble(evolve(ports, clock=ManualClock(NEW_YEAR + timedelta(days=901))), policy).tracking
    later.create(USER, evolve(COUNT, period_end_at=None))
    assert given_up not in ports.ledger.read_head(USER).tracked_milestone_ids
    (shown,) = simulate(ports, COUNT, policy).milestones
    with open_ports(MEMORY) as empty:
        (expected,) = simulate(empty, COUNT).milestones
    assert shown.milestone.progress == expected.milestone.progress
    assert len(shown.awards) == len(expected.awards) > 0


@settings(max_examples=25, deadline=None)
@given(
    order=st.sampled_from(Order),
    duplicates=st.integers(0, 2),
    seed=st.integers(0, 100),
    targets=st.lists(
        st.one_of(
            st.tuples(st.just(TargetType.ACTIVITY_COUNT), st.integers(1, 200)),
            st.tuples(st.just(TargetType.DISTANCE_METERS), st.integers(10_000, 3_000_000)),
        ),
        min_size=1,
        max_size=3,
        unique=True,
    ),
)
def test_batches_award_every_part_at_its_moment(
    order: Order, duplicates: int, seed: int, targets: list[tuple[TargetType, int]]
) -> None:
    """However deliveries are cut into commits, the same parts are awarded at the same moments."""
    wishes = [evolve(COUNT, target_type=kind, total_target=target) for kind, target in targets]

    def awards(*, has_crashes: bool) -> tuple[str, list[list[Award]]]:
        history = StagedHistory()
        try:
            history.add(demo_history(seed=seed, activities=250, policy=DEFAULT_POLICY))
            delivery = Delivery(order=order, duplicates=duplicates, has_crashes=has_crashes, seed=seed)
            with open_ports(MEMORY) as ports:
                report = Simulation(ports, USER, delivery).run(history, wishes)
        finally:
            history.close()
        return report.digest, [list(view.awards) for view in report.milestones]

    # A process that may crash takes in one delivery at a time.
    assert awards(has_crashes=False) == awards(has_crashes=True)
