"""A real history of eight years: over HTTP both ways, on the stores a service has."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from attrs import evolve
from starlette.types import Receive, Scope, Send

import oracle
from adapters.dynamodb.engine import connect
from commitcollect_adapters.aws.sqs.provisioning import create_queues
from commitcollect_adapters.aws.sqs.queue import SqsQueue
from commitcollect_adapters.aws.sqs.queues import Queues, parse
from commitcollect_adapters.backend import MEMORY, open_ports
from commitcollect_adapters.dynamodb.stores import dynamo_stores
from commitcollect_adapters.simulation.simulation import Delivery, Simulation
from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.jobs import SqliteQueue
from commitcollect_adapters.sqlite.staging import StagedHistory
from commitcollect_adapters.sqlite.stores import sqlite_stores
from commitcollect_adapters.strava.fake import CallKind, Fault
from commitcollect_adapters.strava.fake.server import application
from commitcollect_adapters.strava.http import HttpStrava
from commitcollect_adapters.web.receiver import PATH, Receiver
from commitcollect_adapters.web.serving import serving
from commitcollect_core.jobs.jobs import QueueCounts
from commitcollect_core.jobs.worker import Worker
from commitcollect_core.policy import JobsPolicy, Policy, StravaPolicy
from commitcollect_core.strava.connections import READ_ACTIVITIES, READ_ALL_ACTIVITIES
from commitcollect_core.strava.webhook_intake import WebhookSecrets
from commitcollect_core.training.awards import Award
from commitcollect_core.training.sports import SportSelection
from commitcollect_core.training.tracking import NewMilestone
from commitcollect_core.values import AthleteId, ModelId, TargetType, UserId
from engines import running
from laws import aim_of, check_state
from strava.world import ATHLETE, BROWSER, ME, REDIRECT, START, World
from thoroughness import LEVEL

pytestmark = pytest.mark.slow

ACTIVITIES = 1_132
LUMP = 40
"""So many are uploaded before the workers get to work again."""

WORKERS = 3
ROUNDS_MAX = 5_000
BEFORE_ALL = datetime(2017, 9, 1, tzinfo=UTC)
METERED = (CallKind.ATHLETE, CallKind.ACTIVITY, CallKind.ACTIVITIES)
SEES_ALL = ("read", READ_ALL_ACTIVITIES)
SEES_PUBLIC = ("read", READ_ACTIVITIES)

# Our own limits are for other tests. SQS delays by a clock of its own, so nothing is delayed on purpose.
GENEROUS = Policy(
    jobs=JobsPolicy(group_jobs_max=1_000),
    strava=StravaPolicy(
        athlete_calls_per_window=10**6,
        app_calls_per_window=10**6,
        app_calls_per_day=10**6,
        webhook_delay_seconds=0,
    ),
)


def wish(target_type: TargetType, total_target: int, **changes: Any) -> NewMilestone:
    """A milestone of all the years, unless it says otherwise."""
    known: dict[str, Any] = {"period_start_at": datetime(2010, 1, 1, tzinfo=UTC), **changes}
    return NewMilestone(
        model_id=ModelId("DRAGON_2026"), target_type=target_type, total_target=total_target, **known
    )


WISHES = (
    wish(TargetType.DISTANCE_METERS, 12_000_000),
    wish(TargetType.DISTANCE_METERS, 1_000_000, sports=SportSelection(("RUN",))),
    wish(TargetType.ELEVATION_METERS, 200_000),
    wish(TargetType.MOVING_TIME_SECONDS, 600_000, sports=SportSelection(("SWIM",))),
    wish(TargetType.ACTIVITY_COUNT, 150, period_start_at=datetime(2024, 1, 1, tzinfo=UTC)),
)


@pytest.fixture(scope="module")
def real(shared_data: Path) -> Sequence[Mapping[str, Any]]:
    """1,132 real activities, in the order in which they were uploaded."""
    path = shared_data / "real" / "summary_activities.json"
    return sorted(json.loads(path.read_text(encoding="utf-8")), key=lambda each: each["id"])


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[str]:
    """A running dynoxide."""
    with running.dynoxide() as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def sqs(ministack: str) -> Queues:
    """Queues of a running ministack."""
    queues = Queues(parse(f"sqs://history?endpoint={ministack}"))
    create_queues(queues)
    return queues


MakeWorld = Callable[[datetime], World]


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Iterator[MakeWorld]:
    """A service on one file."""
    with closing(Database(tmp_path / "store.db")) as database:
        yield lambda start: World(
            stores=sqlite_stores(database),
            queue=SqliteQueue(database, GENEROUS),
            policy=GENEROUS,
            start=start,
        )


@pytest.fixture
def on_dynamodb(request: pytest.FixtureRequest, dynamodb: str) -> MakeWorld:
    """A service on DynamoDB, whose queue is in memory."""
    prefix = request.node.name.translate({ord(each): "-" for each in "[]"})
    client = connect(dynamodb, prefix=prefix)
    return lambda start: World(stores=dynamo_stores(client), policy=GENEROUS, start=start)


@pytest.fixture
def on_aws(on_dynamodb: MakeWorld, sqs: Queues) -> MakeWorld:
    """A service on DynamoDB and SQS."""

    def make(start: datetime) -> World:
        world = on_dynamodb(start)
        sqs.waiting.call("purge_queue")
        world.queue = SqsQueue(sqs, world.clock, GENEROUS)
        return world

    return make


@pytest.fixture(params=["on_sqlite", "on_aws"])
def make_world(request: pytest.FixtureRequest) -> MakeWorld:
    """A service on every technology."""
    made: MakeWorld = request.getfixturevalue(request.param)
    return made


@contextmanager
def over_http(world: World) -> Iterator[None]:
    """Have all that goes between Strava and the service go over HTTP, the events to an address subscribed."""
    not_yet = WebhookSecrets(verify_token="verify")  # noqa: S106 - no real one
    receivers = [Receiver(evolve(world.strava.intake, secrets=not_yet)).application()]

    async def site(scope: Scope, receive: Receive, send: Send) -> None:
        await receivers[-1](scope, receive, send)

    with (
        serving(application(world.fake)) as base,
        HttpStrava(world.fake.app_at(base), policy=world.policy) as api,
        serving(site) as address,
    ):
        world.api = api
        api.unsubscribe(world.subscription_id)
        world.subscription_id = api.subscribe(callback_url=f"{address}{PATH}", verify_token="verify")  # noqa: S106
        world.service = world.process()
        # As it would be after a start with the new setting.
        receivers.append(Receiver(world.strava.intake).application())
        yield


def connect_by_browser(world: World, user_id: UserId, athlete_id: AthleteId, scope: Sequence[str]) -> None:
    """Connect an athlete, whose browser goes to Strava's page of consent and is sent back."""
    world.fake.sign_in(athlete_id)
    begun = world.strava.linking.begin(user_id, BROWSER, redirect_uri=REDIRECT, scope=scope)
    page = urlsplit(begun)
    with closing(HTTPConnection(page.hostname or "", page.port)) as browser:
        browser.request("GET", f"{page.path}?{page.query}")
        location = browser.getresponse().headers["location"]
    assert location.startswith(REDIRECT)
    back = dict(parse_qsl(urlsplit(location).query))
    world.strava.linking.finish(
        state=back["state"], binding=BROWSER, code=back["code"], granted_scope=back["scope"].split(",")
    )


def do_what_is_due(worker: Worker) -> None:
    """Work until nothing is due."""
    while worker.run_once(limit=5).jobs:
        pass


def work_together(world: World) -> None:
    """Have several workers work until nothing waits, time passing whenever nothing is due."""
    # The first job renews the tokens; otherwise all the others would be put off meanwhile.
    world.worker.run_once()
    for _ in range(ROUNDS_MAX):
        with ThreadPoolExecutor(WORKERS) as workers:
            list(workers.map(do_what_is_due, [world.process().worker for _ in range(WORKERS)]))
        counts = world.queue.counts(now=world.clock.now())
        if not counts.waiting and not counts.leased:
            return
        world.pass_time(seconds=1)
    raise AssertionError("the workers never come to rest")


def effort(raw: Mapping[str, Any]) -> oracle.Effort:
    """A payload as the oracle sees it."""
    return oracle.Effort(
        sport_type=raw["sport_type"],
        start=int(datetime.fromisoformat(raw["start_date"]).timestamp()),
        distance=round(raw["distance"]),
        elevation=round(raw["total_elevation_gain"]),
        moving=raw["moving_time"],
        is_flagged=raw["flagged"],
    )


def open_milestones(world: World, user_id: UserId = ME) -> None:
    """Wish for several statues."""
    for each in WISHES:
        world.app.tracking.create(user_id, each)


def check(world: World, shown: Sequence[Mapping[str, Any]], user_id: UserId = ME) -> None:
    """The ledger is the oracle's, by the payloads; what is stored is what Strava shows; nothing waits."""
    dump = world.dump(user_id)
    check_state(dump)
    efforts = [effort(each) for each in shown]
    assert len(dump.milestones) == len(WISHES)
    for milestone_id, milestone in dump.milestones.items():
        aim = aim_of(milestone.goal)
        assert milestone.progress.current_value == oracle.total(aim, efforts)
        assert [each.part_index for each in dump.awards[milestone_id]] == oracle.awards(aim, efforts)
    assert world.stored(user_id) == world.held()
    assert {int(each) for each in world.stored(user_id)} == {each["id"] for each in shown}
    assert world.fake.waiting_events() == ()
    assert world.queue.counts(now=world.clock.now()) == QueueCounts(waiting=0, leased=0, parked=0)


@pytest.mark.parametrize(
    ("make_world", "stride"),
    [("on_sqlite", LEVEL.history_stride), ("on_aws", LEVEL.history_stride_on_engines)],
    indirect=["make_world"],
)
def test_every_upload_arrives(make_world: MakeWorld, real: Sequence[Mapping[str, Any]], stride: int) -> None:
    """Each activity comes by its event, in order of upload, at one fetch each; several workers share them."""
    assert len(real) == ACTIVITIES
    uploads = real[::stride]
    world = make_world(BEFORE_ALL)
    with over_http(world):
        connect_by_browser(world, ME, ATHLETE, SEES_ALL)
        open_milestones(world)
        work_together(world)
        for lump in (uploads[start : start + LUMP] for start in range(0, len(uploads), LUMP)):
            ends = [
                datetime.fromisoformat(each["start_date"]) + timedelta(seconds=each["elapsed_time"])
                for each in lump
            ]
            world.clock.advance_to(max(ends))
            for each in lump:
                world.fake.upload(ATHLETE, each)
            report = world.fake.deliver()
            assert (report.accepted, report.failed) == (len(lump), 0)
            work_together(world)
        check(world, uploads)
    assert world.fake.calls(CallKind.ACTIVITY) == len(uploads)
    assert world.fake.calls(CallKind.ACTIVITIES) == 1
    assert world.fake.calls(CallKind.REFRESH) > len(uploads) // LUMP


def _told(awards: Sequence[Award]) -> list[tuple[object, ...]]:
    """What a statue's story says of each part."""
    return [(each.part_index, each.workout, each.progress_value_at_award, each.earned_at) for each in awards]


@pytest.mark.parametrize(("scope", "list_calls"), [(SEES_ALL, 6), (SEES_PUBLIC, 10)])
def test_a_history_is_taken_over_in_a_few_calls(
    make_world: MakeWorld, real: Sequence[Mapping[str, Any]], scope: Sequence[str], list_calls: int
) -> None:
    """Six lists of 200 and no details, or one list more where private activities may have been left out.

    The parts are those of the oracle, and name the workouts that a simulation in order of start names.
    """
    world = make_world(START)
    world.fake.add_activities(ATHLETE, real)
    with over_http(world):
        open_milestones(world)
        connect_by_browser(world, ME, ATHLETE, scope)
        do_what_is_due(world.worker)
        shown = [each for each in real if scope is SEES_ALL or not each["private"]]
        check(world, shown)
        backfill = world.strava.standing.of(ME).backfill
    assert backfill is not None
    assert (backfill.activities_listed, backfill.workouts_changed) == (len(shown), len(shown))
    assert world.fake.calls(CallKind.ACTIVITIES) == list_calls
    assert world.fake.calls(CallKind.ACTIVITY) == 0
    with closing(StagedHistory()) as history, open_ports(MEMORY) as ports:
        history.add(world.held().values())
        simulated = Simulation(ports, ME, Delivery()).run(history, WISHES).milestones
    dump = world.dump()
    stories = {each.milestone.goal: _told(each.awards) for each in simulated}
    assert stories == {each.goal: _told(dump.awards[key]) for key, each in dump.milestones.items()}
    assert any(stories.values())


# SQS would put the jobs off by a clock of its own, which no test can move on.
@pytest.mark.parametrize("make_world", ["on_sqlite", "on_dynamodb"], indirect=True)
def test_a_limit_reached_pauses_all_workers(make_world: MakeWorld, real: Sequence[Mapping[str, Any]]) -> None:
    """After a 429 in the middle no worker calls before the window ends, and nothing is lost."""
    world = make_world(START)
    other = AthleteId("43")
    world.fake.add_activities(ATHLETE, real)
    with over_http(world):
        open_milestones(world)
        connect_by_browser(world, UserId("other"), other, SEES_ALL)
        do_what_is_due(world.worker)
        before = world.fake.calls(*METERED)
        world.fake.inject(Fault.RATE_LIMITED, CallKind.ACTIVITIES, after=3)
        connect_by_browser(world, ME, ATHLETE, SEES_ALL)
        do_what_is_due(world.worker)
        assert world.fake.calls(*METERED) == before + 4
        world.fake.upload(other, {"id": 7, "sport_type": "Ride", "start_date": "2026-03-01T08:00:00Z"})
        world.fake.deliver()
        for _ in range(15):
            do_what_is_due(world.worker)
            assert world.fake.calls(*METERED) == before + 4
            world.pass_time(minutes=1)
        do_what_is_due(world.worker)
        assert world.fake.calls(*METERED) == before + 4 + 3 + 1
        check(world, real)
        assert [int(each) for each in world.stored(UserId("other"))] == [7]
