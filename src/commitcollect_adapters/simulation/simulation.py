"""Runs a history through the real engine, delivery by delivery, and reports what it came to.

The clock is virtual: an activity arrives when it ends, so the same history gives the same statue on every
run. Deliveries may be shuffled and repeated, and the process may "crash" at any store call: it then starts
anew on the same store, with the delivery it had not acknowledged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from hashlib import sha256
from itertools import islice
from typing import TypeVar

from attrs import define, evolve, field, frozen

from commitcollect_adapters.simulation.faults import RandomCrashes, SimulatedCrash, hooked
from commitcollect_adapters.sqlite.staging import Order, StagedHistory
from commitcollect_adapters.system import ManualClock
from commitcollect_core.app import CommitCollect, assemble
from commitcollect_core.errors import Conflict
from commitcollect_core.policy import DEFAULT_POLICY, Policy
from commitcollect_core.training.digest import state_digest
from commitcollect_core.training.goals import Exclusion, Goal
from commitcollect_core.training.ports import Ports, WorkoutQuery
from commitcollect_core.training.statues import model_on_offer
from commitcollect_core.training.tracking import MILESTONE_EXISTS, MilestoneView, NewMilestone
from commitcollect_core.training.workouts import ActivitySnapshot, Workout
from commitcollect_core.values import MilestoneId, UserId

_Result = TypeVar("_Result")

CRASH_ONE_IN = 12
"""A A simulated process crashes at one of so many sides of store calls."""

ID_DIGITS = 16
"""Of a milestone's id; enough for goals never to share one."""

CRASHES_PER_STEP_MAX = 5
"""After so many crashes a step is let through, so that every simulation ends."""

_CHECK_ORDER = tuple(Exclusion)


@frozen(kw_only=True)
class Delivery:
    """How a history reaches the engine.

    Attributes:
        duplicates: how many more times each activity is delivered.
        has_crashes: whether the process crashes now and then.
        seed: of the order, the places of the duplicates and the crashes.
    """

    order: Order = Order.START
    duplicates: int = 0
    has_crashes: bool = False
    seed: int = 0


@define
class WorkoutCounts:
    """The workouts of a ledger, each counted once.

    Attributes:
        counted: count for at least one milestone.
        deleted: tombstones.
        skipped: live ones that count for no milestone, by the reason that came closest to counting.
    """

    counted: int = 0
    deleted: int = 0
    skipped: dict[Exclusion, int] = field(factory=dict)


@frozen(kw_only=True)
class SimulationReport:
    """What a simulation came to.

    Attributes:
        imported: activities delivered, each counted once.
        deliveries: deliveries made, duplicates included.
        crashes: how often the process crashed.
        workouts: all workouts of the ledger.
        milestones: in the order wished for.
        exclusions: for each milestone, how many workouts do not count, by reason.
        ended_at: by the virtual clock.
        digest: a hash of everything that must not depend on the deliveries (`state_digest`).
    """

    imported: int
    deliveries: int
    crashes: int
    workouts: WorkoutCounts
    milestones: Sequence[MilestoneView]
    exclusions: Sequence[dict[Exclusion, int]]
    ended_at: datetime
    digest: str


class Simulation:
    """One athlete, one store, one virtual clock."""

    def __init__(
        self, ports: Ports, user_id: UserId, delivery: Delivery, *, policy: Policy = DEFAULT_POLICY
    ) -> None:
        """Take the store and the catalogue from `ports`; clock and ids are the simulation's own."""
        self._user_id = user_id
        self._delivery = delivery
        self._policy = policy
        self._clock = ManualClock(policy.training.workout_started_at_min)
        self._crashes = RandomCrashes(delivery.seed, one_in=CRASH_ONE_IN)
        self._ports = evolve(ports, clock=self._clock)
        self._crash_ports = evolve(self._ports, ledger=hooked(ports.ledger, self._crashes))

    def run(
        self,
        history: StagedHistory,
        wishes: Sequence[NewMilestone],
        *,
        on_delivery: Callable[[int], None] = lambda _count: None,
    ) -> SimulationReport:
        """Open the milestones wished for, deliver the history, and report.

        Args:
            history: what to deliver.
            wishes: milestones to open; one with the same goal that is there already is taken instead.
            on_delivery: called after some deliveries, with their number.

        Raises:
            CommitCollectError: as in `Tracking.create` and `Ingestion.ingest`.
        """
        self._set_clock(history)
        milestone_ids = [self._surviving(partial(self._open, wish)) for wish in wishes]
        deliveries = 0
        order, duplicates, seed = self._delivery.order, self._delivery.duplicates, self._delivery.seed
        arriving = history.deliveries(order, duplicates=duplicates, seed=seed)
        for batch in self._batches(arriving):
            self._surviving(partial(self._deliver, batch))
            deliveries += len(batch)
            on_delivery(len(batch))
        self._bring_up_to_date(milestone_ids)
        return self._report(milestone_ids, imported=len(history), deliveries=deliveries)

    def _batches(self, arriving: Iterator[ActivitySnapshot]) -> Iterator[list[ActivitySnapshot]]:
        """The deliveries in batches, each of which arrives when its last activity has.

        A process that may crash takes in one at a time. Otherwise a batch ends where an activity may earn a
        part, so that every part is awarded when it would be if all arrived one by one.
        """
        size = 1 if self._delivery.has_crashes else self._new_process(self._ports).ingestion.batch_items
        while True:
            missing = self._missing() if size > 1 else []
            batch: list[ActivitySnapshot] = []
            for snapshot in islice(arriving, size):
                self._clock.advance_to(snapshot.ended_at)
                batch.append(snapshot)
                if _may_earn(missing, snapshot):
                    break
            if not batch:
                return
            yield batch

    def _missing(self) -> list[_Missing]:
        """What each milestone that workouts move needs to its next part."""
        view = self._ports.ledger.read(self._user_id, ())
        rests = ((each.goal, each.remaining_to_next_part) for each in view.milestones)
        return [_Missing(goal, rest) for goal, rest in rests if rest is not None]

    def _set_clock(self, history: StagedHistory) -> None:
        """Start when the history does, but not before what the store already knows has happened."""
        stored = self._ports.ledger.read_workouts(self._user_id, WorkoutQuery(newest_first=True, limit=1))
        for workout in stored.workouts:
            self._clock.advance_to(workout.snapshot.ended_at)
        if (start := history.earliest_start()) is not None:
            self._clock.advance_to(start)

    def _bring_up_to_date(self, milestone_ids: Sequence[MilestoneId]) -> None:
        """Recount the milestones that gave up their place: workouts do not move them any more."""
        tracked = self._ports.ledger.read_head(self._user_id).tracked_milestone_ids
        app = self._new_process(self._ports)
        for milestone_id in milestone_ids:
            if milestone_id not in tracked:
                app.tracking.recompute(self._user_id, milestone_id, is_bounded=False)

    def _surviving(self, step: Callable[[CommitCollect], _Result]) -> _Result:
        """Run one step in a process that may crash, and in a new one on the same store after each crash."""
        crashes = CRASHES_PER_STEP_MAX if self._delivery.has_crashes else 0
        for _ in range(crashes):
            try:
                return step(self._new_process(self._crash_ports))
            except SimulatedCrash:
                continue
        return step(self._new_process(self._ports))

    def _new_process(self, ports: Ports) -> CommitCollect:
        """The application as a process just started has it, knowing nothing but the store."""
        return assemble(ports, self._policy)

    def _open(self, wish: NewMilestone, app: CommitCollect) -> MilestoneId:
        goal = wish.goal(model_on_offer(app.ports.catalog, wish.model_id), app.tracking.context.policy)
        for milestone in app.tracking.milestones(self._user_id):
            if milestone.goal == goal:
                return milestone.milestone_id
        # Named after its goal: another process, or this one after a crash, then opens the same milestone.
        milestone_id = MilestoneId(f"ms-{sha256(repr(goal).encode()).hexdigest()[:ID_DIGITS]}")
        try:
            app.tracking.create(self._user_id, wish, milestone_id=milestone_id, is_bounded=False)
        except Conflict as conflict:
            if conflict.code != MILESTONE_EXISTS:
                raise
        return milestone_id

    def _deliver(self, batch: Sequence[ActivitySnapshot], app: CommitCollect) -> None:
        app.ingestion.ingest(self._user_id, batch)

    def _report(
        self, milestone_ids: Sequence[MilestoneId], *, imported: int, deliveries: int
    ) -> SimulationReport:
        tracking = self._new_process(self._ports).tracking
        milestones = [tracking.view(self._user_id, each) for each in milestone_ids]
        counter = _WorkoutCounter([view.milestone.goal for view in milestones])
        digest = state_digest(
            counter.watch(tracking.workouts(self._user_id)), [view.milestone for view in milestones]
        )
        return SimulationReport(
            imported=imported,
            deliveries=deliveries,
            crashes=self._crashes.crashes,
            workouts=counter.counts,
            milestones=milestones,
            exclusions=counter.exclusions,
            ended_at=self._clock.now(),
            digest=digest,
        )


@define
class _Missing:
    """What a milestone needs to its next part."""

    goal: Goal
    rest: int


def _may_earn(missing: Sequence[_Missing], snapshot: ActivitySnapshot) -> bool:
    """Count a delivery against what is missing; whether a part may be earned by now.

    An activity that was there before adds less than is counted here, never more. One that fills a gap in a
    run may earn any number, so every delivery may for a goal that is no plain sum.
    """
    may_earn = False
    for each in missing:
        each.rest = each.rest - each.goal.amount(snapshot) if each.goal.is_plain else 0
        may_earn = may_earn or each.rest <= 0
    return may_earn


class _WorkoutCounter:
    """Counts workouts as they pass by."""

    def __init__(self, goals: Sequence[Goal]) -> None:
        self._goals = goals
        self.counts = WorkoutCounts()
        self.exclusions: list[dict[Exclusion, int]] = [{} for _ in goals]

    def watch(self, workouts: Iterable[Workout]) -> Iterator[Workout]:
        for workout in workouts:
            self._count(workout)
            yield workout

    def _count(self, workout: Workout) -> None:
        reasons = []
        for place, goal in enumerate(self._goals):
            if (reason := goal.exclusion(workout)) is not None:
                exclusions = self.exclusions[place]
                exclusions[reason] = exclusions.get(reason, 0) + 1
                reasons.append(reason)
        if workout.is_deleted:
            self.counts.deleted += 1
        elif len(reasons) < len(self._goals):
            self.counts.counted += 1
        elif reasons:
            closest = max(reasons, key=_CHECK_ORDER.index)
            self.counts.skipped[closest] = self.counts.skipped.get(closest, 0) + 1
