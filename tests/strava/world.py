"""A whole service on stand-ins: one Strava, one clock, and as many processes as a test likes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import evolve, fields

import oracle
from commitcollect_adapters.ciphers.local import LocalCipher
from commitcollect_adapters.ciphers.signing import LocalSigner
from commitcollect_adapters.memory.jobs import MemoryQueue
from commitcollect_adapters.memory.stores import memory_stores
from commitcollect_adapters.readers.strict_json import parse_document
from commitcollect_adapters.simulation.faults import CallHook, Side, hooked
from commitcollect_adapters.statues import shipped_catalog
from commitcollect_adapters.strava import Revocation
from commitcollect_adapters.strava.fake import Delivery, DeliveryPlan, FakeStrava, Limits
from commitcollect_adapters.system import ManualClock, NoBackoff, SystemIds
from commitcollect_adapters.testing.dumps import LedgerDump, dump_of
from commitcollect_core.accounts.ports import UserDirectory
from commitcollect_core.app import CommitCollect
from commitcollect_core.context import Context
from commitcollect_core.errors import InvalidInput
from commitcollect_core.jobs.ports import EventQueue
from commitcollect_core.jobs.worker import Worker
from commitcollect_core.policy import DEFAULT_POLICY, Policy, customised
from commitcollect_core.service import Service, StravaUseCases, assemble_service
from commitcollect_core.stores import Stores
from commitcollect_core.strava.connections import READ_ALL_ACTIVITIES, StravaConnection
from commitcollect_core.strava.ports import StravaApi
from commitcollect_core.strava.webhook_intake import WebhookSecrets
from commitcollect_core.training.tracking import NewMilestone
from commitcollect_core.training.workouts import ActivitySnapshot
from commitcollect_core.values import ActivityId, AthleteId, ModelId, Source, TargetType, UserId
from laws import aim_of, check_state, effort_of

ME = UserId("me")
ATHLETE = AthleteId("42")
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
REDIRECT = "http://localhost/back"
BROWSER = "this browser"
KEY = b"k" * 32
PLENTY = Limits(window=10**6, day=10**6, read_window=10**6, read_day=10**6)
SMALL_PAGES = customised(DEFAULT_POLICY, {"list_page_items": 10})
ROUNDS_MAX = 5_000
WISH = NewMilestone(
    model_id=ModelId("DRAGON_2026"),
    target_type=TargetType.DISTANCE_METERS,
    total_target=100_000,
    period_start_at=datetime(2010, 1, 1, tzinfo=UTC),
)


class World:
    """A service around one fake Strava.

    Attributes:
        fake: Strava.
        api: the way to it; a process that is started anew takes the one there is then.
        service: every use case, in a process without faults.
    """

    def __init__(
        self,
        *,
        stores: Stores | None = None,
        queue: EventQueue | None = None,
        policy: Policy = DEFAULT_POLICY,
        limits: Limits = PLENTY,
        plan: DeliveryPlan | None = None,
        rotates_every: int = 1,
        revoke_with: Revocation = Revocation.REVOKE,
        start: datetime = START,
    ) -> None:
        self.clock = ManualClock(start)
        self.policy = policy
        self.fake = FakeStrava(
            self.clock,
            limits=limits,
            plan=plan or DeliveryPlan(),
            rotates_every=rotates_every,
            revoke_with=revoke_with,
        )
        self.api: StravaApi = self.fake
        self.stores = memory_stores() if stores is None else stores
        self.queue: EventQueue = MemoryQueue(policy) if queue is None else queue
        self.cipher = LocalCipher([KEY])
        self.signer = LocalSigner(KEY)
        self.directory: UserDirectory | None = None
        self.ids = SystemIds()
        self.subscription_id = self.fake.put_subscription()
        self.service = self.process()

    @property
    def strava(self) -> StravaUseCases:
        """The use cases around Strava, without faults unless a test starts another process."""
        return self.service.strava

    @property
    def worker(self) -> Worker:
        """The worker of the same process."""
        return self.service.worker

    @property
    def app(self) -> CommitCollect:
        """The application of the same process."""
        return self.service.app

    def process(self, hook: CallHook | None = None) -> Service:
        """A process just started, knowing nothing but the stores; `hook` runs around each of its calls."""
        stores, queue, api, cipher = self.stores, self.queue, self.api, self.cipher
        if hook is not None:
            stores = Stores(
                **{each.name: hooked(getattr(stores, each.name), hook, each.name) for each in fields(Stores)}
            )
            queue = hooked(queue, hook, "queue")
            api, cipher = hooked(api, hook, "api"), hooked(cipher, hook, "cipher")
        return assemble_service(
            stores=stores,
            queue=queue,
            api=api,
            cipher=cipher,
            signer=self.signer,
            directory=self.directory,
            context=Context(clock=self.clock, ids=self.ids, backoff=NoBackoff(), policy=self.policy),
            catalog=shipped_catalog(),
            secrets=WebhookSecrets(verify_token="verify", subscription_id=self.subscription_id),  # noqa: S106 - no real one
        )

    def connect(
        self,
        user_id: UserId = ME,
        athlete_id: AthleteId = ATHLETE,
        *,
        scope: tuple[str, ...] = ("read", READ_ALL_ACTIVITIES),
    ) -> StravaConnection:
        """Connect a user to an athlete, as a browser would."""
        address = self.strava.linking.begin(user_id, BROWSER, redirect_uri=REDIRECT, scope=scope)
        state = address.partition("state=")[2].partition("&")[0]
        code = self.fake.code_for(athlete_id, scope)
        return self.strava.linking.finish(state=state, binding=BROWSER, code=code, granted_scope=scope)

    def deliver(self, service: Service | None = None) -> None:
        """Have Strava deliver its events, again and again until each was taken or given up."""
        intake = (service or self.service).strava.intake

        def post(delivery: Delivery) -> int:
            try:
                intake.accept(parse_document(delivery.body))
            except InvalidInput:
                return 400
            except Killed:
                return 502  # what a proxy says for a process that died; Strava delivers again
            return 200

        while self.fake.waiting_events():
            self.fake.deliver(post)

    def work(self, service: Service | None = None, *, patience: timedelta = timedelta(days=2)) -> None:
        """Work until nothing waits, time passing whenever nothing is due."""
        worker = (service or self.service).worker
        latest = self.clock.now() + patience
        for _ in range(ROUNDS_MAX):
            if worker.run_once(limit=50).jobs:
                continue
            counts = self.queue.counts(now=self.clock.now())
            if not counts.waiting and not counts.leased:
                return
            assert self.clock.now() < latest, f"still {counts} after {patience}"
            self.clock.advance_to(self.clock.now() + timedelta(seconds=30))
        raise AssertionError("the worker never comes to rest")

    def pass_time(self, **how_long: float) -> None:
        """Let time pass."""
        self.clock.advance_to(self.clock.now() + timedelta(**how_long))

    def dump(self, user_id: UserId = ME) -> LedgerDump:
        """All that the ledger holds of a user."""
        return dump_of(self.stores.ledger, user_id)

    def stored(self, user_id: UserId = ME) -> dict[ActivityId, ActivitySnapshot]:
        """The workouts from Strava that are not tombstones."""
        return {
            each.key.activity_id: each.snapshot
            for each in self.dump(user_id).by_start
            if each.key.source is Source.STRAVA and not each.is_deleted
        }

    def held(self, athlete_id: AthleteId = ATHLETE) -> dict[ActivityId, ActivitySnapshot]:
        """What Strava shows of an athlete."""
        return {each.activity_id: each for each in self.fake.visible_activities(athlete_id)}

    def check_converged(self, user_id: UserId = ME, athlete_id: AthleteId = ATHLETE) -> None:
        """What is stored is what Strava holds, and the ledger is a legal one."""
        assert self.stored(user_id) == self.held(athlete_id)
        check_state(self.dump(user_id))

    def check_parts(self, user_id: UserId = ME, athlete_id: AthleteId = ATHLETE) -> None:
        """At least the parts that what Strava holds now is worth are awarded."""
        dump = self.dump(user_id)
        efforts = [effort_of(each) for each in self.held(athlete_id).values()]
        for milestone_id, milestone in dump.milestones.items():
            due = oracle.awards(aim_of(milestone.goal), efforts)
            awarded = [each.part_index for each in dump.awards[milestone_id]]
            assert awarded[: len(due)] == due


def with_head_of(world: World, dump: LedgerDump) -> LedgerDump:
    """The dump with today's head in the parts that only tell of a connection's beginning or end."""
    head = world.dump().head
    changed = evolve(dump.head, version=head.version, connection_generation=head.connection_generation)
    return evolve(dump, head=changed)


def payload(number: int, **changes: object) -> Mapping[str, Any]:
    """An activity as Strava shows it: the `number`-th of rides of 5 km, a day apart before `START`."""
    started_at = START - timedelta(days=number)
    return {
        "id": 1_000 + number,
        "sport_type": "Ride",
        "name": f"Ride {number}",
        "start_date": started_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "distance": 5_000.0,
        "moving_time": 1_000,
        "elapsed_time": 1_100,
        "total_elevation_gain": 10.0,
        "private": False,
        "flagged": False,
        **changes,
    }


class KillAt:
    """A hook that ends the process at one side of one call, once."""

    def __init__(self, number: int) -> None:
        self._left = number
        self.killed_at: tuple[str, Side] | None = None

    def __call__(self, call: str, side: Side) -> None:
        """Return, or end the process."""
        if self._left == 0 and self.killed_at is None:
            self.killed_at = call, side
            raise Killed(f"{side} {call}")
        self._left -= 1


class Killed(BaseException):
    """The process ends here; nothing under it may mend this."""
