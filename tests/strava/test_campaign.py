"""Long runs in which everything goes wrong that can, and a quiet end in which all must be well.

Two phases: first events are dropped, repeated, shuffled and odd, Strava fails and answers oddly, tokens end,
another account tries to connect the athlete, workers die at any call, and in no moment may a law break. Then
the faults stop, and after one reconciliation what is stored is what Strava holds.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random

import pytest
from attrs import define, evolve

import oracle
from adapters.dynamodb.engine import connect
from commitcollect_adapters.dynamodb.stores import dynamo_stores
from commitcollect_adapters.simulation.faults import Side
from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.jobs import SqliteQueue
from commitcollect_adapters.sqlite.stores import sqlite_stores
from commitcollect_adapters.strava.fake import CallKind, DeliveryPlan, Fault
from commitcollect_adapters.testing.dumps import LedgerDump
from commitcollect_core.errors import CommitCollectError
from commitcollect_core.policy import DEFAULT_POLICY, customised
from commitcollect_core.service import Service
from commitcollect_core.strava.connections import ConnectionStatus
from commitcollect_core.values import ActivityId, UserId
from engines import running
from laws import aim_of, check_kept, check_state, effort_of
from strava.world import ATHLETE, ME, WISH, Killed, World, payload
from thoroughness import LEVEL

STEPS = 60
OTHER = UserId("other")
ROUNDS_MAX = 500
WORKERS = 20
WORKERS_ON_DYNAMODB = 5
"""There every race for the budget of calls is several requests; the races themselves are the same."""
CRASH_ONE_IN = 40
POLICY = customised(DEFAULT_POLICY, {"athlete_calls_per_window": 10_000})
FAULTS = (Fault.SERVER_ERROR, Fault.HTML, Fault.HANG, Fault.EMPTY, Fault.RATE_LIMITED, Fault.LOST_ANSWER)
CALLS = (CallKind.ACTIVITY, CallKind.ACTIVITIES)
ODD_TOKENS = (
    Fault.EXPIRES_AT_TEXT,
    Fault.EXPIRES_AT_FLOAT,
    Fault.EXPIRES_IN_ONLY,
    Fault.NO_EXPIRY,
    Fault.NO_ACCESS_TOKEN,
)
REFUSED_APPS = (Fault.APP_REJECTED, Fault.APP_REJECTED_EMPTY, Fault.INVALID_CLIENT)
INJECTED = (
    *((fault, kind) for fault in FAULTS for kind in CALLS),
    *((fault, CallKind.REFRESH) for fault in (*ODD_TOKENS, *REFUSED_APPS)),
    *((fault, CallKind.ACTIVITY) for fault in (Fault.NOT_FOUND, Fault.WRONG_ATHLETE, Fault.OLD_STATE)),
    (Fault.SHORT_PAGE, CallKind.ACTIVITIES),
)
"""None of these is a reason for an athlete to connect again."""


@define
class CrashesByChance:
    """A door at which a process dies now and then, but for where no order of writes can help.

    Between Strava's replacing a token and its being stored, the new one is known to the dying process alone:
    test_tokens.py shows that this is the only such place.
    """

    chance: Random
    is_renewing: bool = False
    one_in: int = CRASH_ONE_IN

    def __call__(self, call: str, side: Side) -> None:
        """Let the call through, or die."""
        if (call, side) == ("api.refresh", Side.AFTER):
            self.is_renewing = True
        if self.is_renewing:
            self.is_renewing = (call, side) != ("connections.commit", Side.AFTER)
            return
        if self.chance.randrange(self.one_in) == 0:
            raise Killed(f"{side} {call}")


class Campaign:
    """One run of one seed."""

    def __init__(self, seed: int, *, has_crashes: bool) -> None:
        self.chance = Random(seed)
        plan = DeliveryPlan(dropped=0.3, repeated=0.5, odd=0.4, is_shuffled=True, seed=seed)
        self.world = World(policy=POLICY, plan=plan)
        self.has_crashes = has_crashes
        self.world.app.tracking.create(ME, WISH)
        self.world.fake.add_activities(ATHLETE, map(payload, range(1, 15)))
        self.world.connect()
        self.next_number = 100
        self.high_water = 0

    def run(self) -> None:
        """Both phases."""
        before = self.world.dump()
        for _ in range(STEPS):
            self.chance.choice(self._steps())()
            before = self._check(before)
        self._calm_down()
        self.world.check_converged()
        self._check_awards()

    def _steps(self) -> tuple[Callable[[], None], ...]:
        return (
            self._upload,
            self._edit,
            self._edit,
            self._connect_elsewhere,
            self._delete,
            self._restore,
            self._flip,
            self._deliver,
            self._work,
            self._work,
            self._reconcile,
            self._fault,
            self._end_tokens,
            self._time_passes,
        )

    def _some(self) -> ActivityId:
        held = sorted(self.world.held())
        return self.chance.choice(held) if held else ActivityId("1001")

    def _upload(self) -> None:
        self.next_number += 1
        days = self.chance.randrange(1, 25)
        self.world.fake.upload(ATHLETE, payload(days, id=self.next_number, distance=self._distance()))

    def _distance(self) -> float:
        return float(self.chance.randrange(0, 30_000))

    def _edit(self) -> None:
        changes: dict[str, object] = self.chance.choice(
            [{"name": f"Name {self.chance.random()}"}, {"sport_type": "Run"}, {"distance": self._distance()}]
        )
        self.world.fake.edit(self._some(), **changes)

    def _delete(self) -> None:
        self.world.fake.delete(self._some())

    def _restore(self) -> None:
        self.world.fake.restore(ActivityId(str(1_000 + self.chance.randrange(1, 15))))

    def _flip(self) -> None:
        self.world.fake.edit(self._some(), private=self.chance.random() < 0.5)

    def _deliver(self) -> None:
        self._surviving(self.world.deliver)

    def _work(self) -> None:
        self.world.pass_time(seconds=self.chance.randrange(0, 200))
        self._surviving(lambda service: service.worker.run_once(limit=self.chance.randrange(1, 20)))

    def _reconcile(self) -> None:
        def reconcile(service: Service) -> None:
            try:
                service.strava.reconciling.run(ME)
            except CommitCollectError:
                return  # tried again another day

        self._surviving(reconcile)

    def _fault(self) -> None:
        self.world.fake.inject(*self.chance.choice(INJECTED))

    def _connect_elsewhere(self) -> None:
        """Another account tries to connect the athlete, which is refused and costs the first nothing."""
        with suppress(CommitCollectError):
            self.world.connect(OTHER, ATHLETE)

    def _end_tokens(self) -> None:
        self.world.fake.expire_access_tokens(ATHLETE)

    def _time_passes(self) -> None:
        self.world.pass_time(hours=self.chance.randrange(1, 12))

    def _surviving(self, step: Callable[[Service], object]) -> None:
        """Do something in a process that may die in the midst of it."""
        door = CrashesByChance(self.chance) if self.has_crashes else None
        try:
            step(self.world.process(door))
        except Killed:
            return

    def _check(self, before: LedgerDump) -> LedgerDump:
        """Whatever happened, this is a legal ledger that took nothing back."""
        after = self.world.dump()
        check_state(after)
        check_kept(before, after)
        (milestone,) = after.milestones.values()
        self.high_water = max(self.high_water, milestone.progress.progress_value)
        return after

    def _calm_down(self) -> None:
        """The faults stop; events that were not lost arrive; one reconciliation over all there is."""
        self.world.fake.clear_faults()
        self.world.deliver()
        self.world.work(patience=timedelta(days=4))
        self.world.pass_time(hours=1)
        self.world.strava.reconciling.run(ME, days=365)
        self.world.work()

    def _check_awards(self) -> None:
        """At least the parts of what Strava holds, at most those of the highest sum there ever was."""
        dump = self.world.dump()
        (milestone,) = dump.milestones.values()
        aim = aim_of(milestone.goal)
        least = oracle.parts(aim, oracle.total(aim, map(effort_of, self.world.held().values())))
        most = oracle.parts(aim, max(self.high_water, milestone.progress.progress_value))
        (awards,) = dump.awards.values()
        assert least <= len(awards) == most

    @property
    def is_connected(self) -> bool:
        """Whether the athlete was spared connecting again."""
        connection = self.world.stores.connections.read(ME)
        return connection is not None and connection.status is ConnectionStatus.ACTIVE


@pytest.mark.slow
@pytest.mark.parametrize("has_crashes", [False, True], ids=["alive", "dying"])
def test_whatever_happens_it_ends_well(*, has_crashes: bool) -> None:
    """In every run the laws hold throughout, all converges, and no athlete has to connect again."""
    for seed in range(LEVEL.campaigns):
        campaign = Campaign(seed, has_crashes=has_crashes)
        campaign.run()
        assert campaign.is_connected, seed


@pytest.fixture(params=["memory", "sqlite", "dynamodb"])
def real_world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A world behind the end of the real history, whose events are dropped, repeated and shuffled."""
    plan = DeliveryPlan(dropped=0.3, repeated=0.5, odd=0.3, is_shuffled=True, seed=7)
    start = datetime(2025, 11, 1, tzinfo=UTC)
    if request.param == "memory":
        yield World(policy=POLICY, plan=plan, start=start)
        return
    if request.param == "dynamodb":
        with running.dynoxide() as endpoint:
            yield World(stores=dynamo_stores(connect(endpoint)), policy=POLICY, plan=plan, start=start)
        return
    with closing(Database(tmp_path / "store.sqlite")) as database:
        queue = SqliteQueue(database, POLICY)
        yield World(stores=sqlite_stores(database), queue=queue, policy=POLICY, plan=plan, start=start)


def work_until_death(world: World, one_in: int, seed: int) -> bool:
    """One of many workers that race for jobs and tokens; whether it died."""
    service = world.process(CrashesByChance(Random(seed), one_in=one_in))
    try:
        for _ in range(20):
            service.worker.run_once(limit=5)
    except Killed:
        return True
    return False


@pytest.mark.slow
def test_a_real_history_survives_all_of_it(
    real_world: World, shared_data: Path, request: pytest.FixtureRequest
) -> None:
    """Real activities: events lost, doubled and out of order, edits, deletions, privacy, dying workers.

    Many workers race for the jobs, and for the tokens, which end in every round and are replaced. What is
    stored in the end is what Strava shows, and the parts are those of the highest sum there was.
    """
    world, chance = real_world, Random(7)
    is_remote = "dynamodb" in request.node.name
    workers = WORKERS_ON_DYNAMODB if is_remote else WORKERS
    stride = LEVEL.history_stride_on_engines if is_remote else LEVEL.history_stride
    payloads = json.loads((shared_data / "real" / "summary_activities.json").read_text())[::stride]
    world.app.tracking.create(ME, evolve(WISH, total_target=20_000_000 // stride))
    world.connect()
    world.work()
    for payload_ in sorted(payloads, key=lambda each: each["id"]):
        world.fake.upload(ATHLETE, payload_)
    for payload_ in chance.sample(payloads, 150 // stride):
        activity_id = ActivityId(str(payload_["id"]))
        change: dict[str, object] = chance.choice(
            [{"name": "Renamed"}, {"sport_type": "Hike"}, {"private": True}, {"distance": 12_345.0}]
        )
        world.fake.edit(activity_id, **change)
        if chance.random() < 0.3:
            world.fake.delete(activity_id)
    world.deliver(world.process(CrashesByChance(chance, one_in=500)))
    deaths = 0
    for _ in range(ROUNDS_MAX):
        counts = world.queue.counts(now=world.clock.now())
        if not counts.waiting and not counts.leased:
            break
        world.fake.expire_access_tokens(ATHLETE)
        with ThreadPoolExecutor(workers) as pool:
            work = partial(work_until_death, world, 1_000 // stride)
            deaths += sum(pool.map(work, chance.sample(range(10**6), workers)))
        world.pass_time(seconds=DEFAULT_POLICY.jobs.job_lease_seconds)
    world.pass_time(hours=1)
    world.strava.reconciling.run(ME, days=4_000)
    world.work()
    assert deaths > 5
    connection = world.stores.connections.read(ME)
    assert connection is not None
    assert connection.status is ConnectionStatus.ACTIVE
    world.check_converged()
    world.check_parts()
    (milestone,) = world.dump().milestones.values()
    (awards,) = world.dump().awards.values()
    assert len(awards) == oracle.parts(aim_of(milestone.goal), milestone.progress.progress_value)
