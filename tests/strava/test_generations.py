"""What a connection brings after its end is not stored: versions begin again, and calls last long.

Each law holds on memory, SQLite and dynoxide.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from attrs import evolve, frozen

from commitcollect_adapters.aws.calls import Address
from commitcollect_adapters.dynamodb.client import Client
from commitcollect_adapters.dynamodb.provisioning import create_tables
from commitcollect_adapters.dynamodb.stores import dynamo_stores
from commitcollect_adapters.simulation.faults import CallHook, Side
from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.schema import APPLICATION_ID, LAYOUTS
from commitcollect_adapters.sqlite.stores import sqlite_stores
from commitcollect_adapters.strava.fake import CallKind, Fault
from commitcollect_adapters.system import SystemIds
from commitcollect_core.errors import (
    AthleteAlreadyConnected,
    CommitCollectError,
    NotFound,
    ScopeMissing,
    UpstreamError,
    VersionConflict,
)
from commitcollect_core.jobs.worker import JobEnd
from commitcollect_core.policy import DEFAULT_POLICY, OnDisconnect, Policy, customised
from commitcollect_core.service import Service
from commitcollect_core.stores import Stores
from commitcollect_core.strava.connections import ConnectionCommit, ConnectionStatus, StravaConnection
from commitcollect_core.training.ledger import LedgerCommit, LedgerState
from commitcollect_core.values import ActivityId, AthleteId, UserId
from engines import running
from strava.world import ATHLETE, BROWSER, ME, REDIRECT, WISH, KillAt, Killed, World, payload

OTHER_ATHLETE = AthleteId("43")
STRICT = customised(
    DEFAULT_POLICY,
    {
        "list_page_items": 10,
        "workouts_on_disconnect": OnDisconnect.ERASE,
        "awards_on_disconnect": OnDisconnect.ERASE,
    },
)
CROWD = 40
SCOPE = ("read", "activity:read_all")
CALLS_MAX = 2_000

MakeWorld = Callable[[Policy], World]


@pytest.fixture(scope="module")
def dynoxide() -> Iterator[str]:
    """The address of a running dynoxide."""
    with running.dynoxide() as endpoint:
        yield endpoint


@pytest.fixture(params=["memory", "sqlite", pytest.param("dynoxide", marks=pytest.mark.slow)])
def make_world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeWorld]:
    """Makes worlds on empty stores of each kind."""
    if request.param == "sqlite":
        with closing(Database(tmp_path / "store.db")) as database:
            yield lambda policy: World(stores=sqlite_stores(database), policy=policy)
    elif request.param == "dynoxide":
        endpoint = request.getfixturevalue("dynoxide")
        yield lambda policy: World(stores=_new_tables(endpoint), policy=policy)
    else:
        yield lambda policy: World(policy=policy)


def _new_tables(endpoint: str) -> Stores:
    client = Client(Address(name=f"T{uuid4().hex[:12]}", endpoint=endpoint), deadline_seconds=20)
    create_tables(client)
    return dynamo_stores(client)


def once(call: str, side: Side, act: Callable[[], object]) -> CallHook:
    """A hook that acts at one side of the first call of this name."""
    waiting = [act]

    def hook(name: str, at: Side) -> None:
        if (name, at) == (call, side) and waiting:
            waiting.pop()()

    return hook


def connected(world: World, rides: int = 8) -> World:
    """An athlete with a history that no job has taken over yet."""
    world.app.tracking.create(ME, WISH)
    world.fake.add_activities(ATHLETE, map(payload, range(rides)))
    world.connect()
    return world


def at_rest(world: World, rides: int = 8) -> World:
    """The same once the history is there."""
    connected(world, rides).work()
    return world


def change_athlete(world: World) -> None:
    """Disconnect, and connect an athlete with three rides of their own."""
    world.strava.linking.disconnect(ME)
    world.fake.add_activities(OTHER_ATHLETE, [payload(n) for n in range(100, 103)])
    world.connect(ME, OTHER_ATHLETE)


def current(world: World) -> StravaConnection:
    """The connection there is."""
    connection = world.stores.connections.read(ME)
    assert connection is not None
    return connection


def check_gone(world: World) -> None:
    """Nothing that came from Strava is left; disconnecting once more is no error, and changes nothing."""
    for _ in range(2):
        assert world.stored() == {}
        assert world.dump().milestones == {}
        assert world.stores.connections.read(ME) is None
        assert world.stores.connections.owner(ATHLETE) is None
        assert world.stores.backfills.read(ME) is None
        assert [world.stores.backfills.read_page(ME, each) for each in range(1, 5)] == [None] * 4
        world.strava.linking.disconnect(ME)


# Generations


def test_a_renewal_across_disconnecting_and_connecting_keeps_its_tokens_to_itself(
    make_world: MakeWorld,
) -> None:
    """The answer of a renewal comes when another athlete is connected, at the version it expects."""
    world = at_rest(make_world(DEFAULT_POLICY))
    made: list[StravaConnection] = []

    def meanwhile() -> None:
        held = current(world)
        change_athlete(world)
        while current(world).version < held.version:
            before = current(world)
            after = evolve(before, version=before.version + 1)
            world.stores.connections.commit(ConnectionCommit(user_id=ME, before=before, after=after))
        made.append(current(world))

    world.pass_time(hours=7)
    late = world.process(once("api.refresh", Side.AFTER, meanwhile))
    with pytest.raises(CommitCollectError):
        late.strava.access.activities(ME, after=None, before=None)
    assert [current(world)] == made
    world.work()
    world.check_parts(ME, OTHER_ATHLETE)
    assert set(world.stored()) >= set(world.held(OTHER_ATHLETE))
    world.strava.linking.disconnect(ME)
    for athlete_id in (ATHLETE, OTHER_ATHLETE):
        assert world.stores.connections.owner(athlete_id) is None


def test_a_removal_across_connecting_again_removes_nothing(make_world: MakeWorld) -> None:
    """A late removal of version 1 does not meet version 1 of the next connection."""
    world = make_world(DEFAULT_POLICY)
    before = world.connect()
    world.strava.linking.disconnect(ME)
    after = world.connect(ME, OTHER_ATHLETE)
    assert before.version == after.version
    with pytest.raises(CommitCollectError):
        world.stores.connections.commit(ConnectionCommit(user_id=ME, before=before, after=None))
    assert current(world) == after


@pytest.mark.parametrize("side", list(Side))
def test_a_page_listed_across_a_change_of_athlete_is_not_the_next_ones(
    make_world: MakeWorld, side: Side
) -> None:
    """Of eight rides of one athlete none comes under the next, whose own history is taken over."""
    world = connected(make_world(STRICT))
    late = world.process(once("api.activities", side, lambda: change_athlete(world)))
    late.worker.run_once()
    world.work()
    assert world.stored() == world.held(OTHER_ATHLETE)
    backfill = world.stores.backfills.read(ME)
    assert backfill is not None
    assert (backfill.athlete_id, backfill.activities_listed) == (OTHER_ATHLETE, 3)
    assert world.queue.parked(limit=1) == []


@pytest.mark.parametrize("call", ["backfills.read", "backfills.read_page", "ledger.commit"])
def test_a_page_committed_across_a_change_of_athlete_is_not_the_next_ones(
    make_world: MakeWorld, call: str
) -> None:
    """The same where the page is staged already, and its workouts are just being written."""
    world = connected(make_world(STRICT))
    world.strava.backfilling.step(ME)
    late = world.process(once(call, Side.AFTER, lambda: change_athlete(world)))
    late.worker.run_once()
    world.work()
    assert world.stored() == world.held(OTHER_ATHLETE)
    assert world.queue.parked(limit=1) == []


def test_the_history_of_the_next_athlete_is_taken_over_though_a_backfill_is_done(
    make_world: MakeWorld,
) -> None:
    """A backfill that is done is of its own connection only."""
    world = at_rest(make_world(DEFAULT_POLICY))
    done = world.stores.backfills.read(ME)
    assert done is not None
    change_athlete(world)
    world.work()
    assert set(world.stored()) == {*world.held(), *world.held(OTHER_ATHLETE)}


def test_a_new_permission_for_the_same_athlete_is_another_generation() -> None:
    """What was listed with less permission is not taken for the whole history."""
    world = connected(World(policy=STRICT))
    first = current(world)
    world.work()
    again = world.connect()
    assert (again.version > first.version, again.generation) != (True, first.generation)
    calls = world.fake.calls(CallKind.ACTIVITIES)
    world.work()
    assert world.fake.calls(CallKind.ACTIVITIES) > calls
    world.check_converged()


def test_connecting_again_takes_the_history_over_wherever_it_crashed() -> None:
    """The process dies before it begins a backfill: that of the permission before does not count."""
    world = at_rest(World(policy=STRICT))
    world.fake.upload(ATHLETE, payload(20))  # its event never comes

    def die() -> None:
        raise Killed

    world.service = world.process(once("backfills.erase", Side.BEFORE, die))
    with pytest.raises(Killed):
        world.connect()
    world.service = world.process()
    world.work()
    world.check_converged()


# Rows of before


def half_taken_over(world: World) -> None:
    """A history of 15 rides of which a page is staged, by a program that knew no generations."""
    ids = world.ids
    world.ids = NoGenerations()
    world.service = world.process()
    connected(world, 15)
    world.strava.backfilling.step(ME)
    assert current(world).generation == ""
    world.ids = ids
    world.service = world.process()


def check_goes_on(world: World) -> None:
    """The history is taken over, tokens are renewed, events are looked into, and all can end."""
    world.work()
    world.check_converged()
    assert world.fake.calls(CallKind.ACTIVITIES) == 2
    world.pass_time(hours=7)
    world.fake.upload(ATHLETE, payload(20, id=100))
    world.deliver()
    world.work()
    world.check_converged()
    assert current(world).generation == ""
    world.strava.linking.disconnect(ME)
    check_gone(world)
    assert world.connect().generation != ""
    world.work()
    world.check_converged()


class NoGenerations(SystemIds):
    """Ids as they were before there were generations."""

    def generation(self) -> str:
        """None."""
        return ""


def test_rows_of_before_generations_go_on(make_world: MakeWorld) -> None:
    """A missing generation is one as well, and what is made anew has another."""
    world = make_world(STRICT)
    half_taken_over(world)
    check_goes_on(world)


def test_a_file_of_before_generations_goes_on(tmp_path: Path) -> None:
    """A SQLite file of the layout before gets the columns, and nothing in it is lost."""
    path = tmp_path / "store.db"
    with closing(Database(path)) as database:
        world = World(stores=sqlite_stores(database), policy=STRICT)
        half_taken_over(world)
    old = tmp_path / "old.db"
    (layout,) = (number for number, script in enumerate(LAYOUTS) if "COLUMN connectionGeneration" in script)
    with closing(sqlite3.connect(old)) as file:
        file.executescript("".join(LAYOUTS[:layout]))
        tables = [name for (name,) in file.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        file.execute("ATTACH ? AS made", (str(path),))
        for table in {*tables} - {"deletion"}:  # which has a file of its own by now
            columns = ", ".join(row[1] for row in file.execute(f"PRAGMA main.table_info({table})"))
            file.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM made.{table}")  # noqa: S608 - our own names
        file.commit()
        file.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        file.execute(f"PRAGMA user_version = {layout}")
    with closing(Database(old)) as database:
        world.stores = sqlite_stores(database)
        world.service = world.process()
        check_goes_on(world)


# Disconnecting


def listing(_world: World, service: Service) -> None:
    """Go on with the backfill."""
    service.worker.run_once()


def looking(world: World, service: Service) -> None:
    """Take an event in and look at its activity."""
    world.deliver(service)
    world.pass_time(seconds=DEFAULT_POLICY.strava.webhook_delay_seconds)
    service.worker.run_once()


def reconciling(_world: World, service: Service) -> None:
    """Compare the last days with Strava."""
    service.strava.reconciling.run(ME)


@frozen
class Way:
    """One way by which activities come in.

    Attributes:
        prepare: what is there before.
        act: what is under way while the athlete disconnects.
    """

    prepare: Callable[[World], object]
    act: Callable[[World, Service], None]


def staged(world: World) -> None:
    """A history of which every page is staged."""
    connected(world, 15)
    world.strava.backfilling.step(ME)
    world.strava.backfilling.step(ME)


def with_changes(world: World) -> None:
    """A history that has changed at Strava since it was taken over."""
    at_rest(world, 5)
    world.pass_time(hours=1)
    world.fake.upload(ATHLETE, payload(20, id=100))  # the first in the queue
    world.fake.edit(ActivityId("1000"), distance=9_000.0)
    world.fake.delete(ActivityId("1002"))


WAYS = {
    "listing": Way(connected, listing),
    "committing": Way(staged, listing),
    "looking": Way(with_changes, looking),
    "reconciling": Way(with_changes, reconciling),
}


def run_across(world: World, way: Way, hook: CallHook) -> None:
    """Act, whatever becomes of it, and work until nothing waits."""
    with suppress(CommitCollectError):
        way.act(world, world.process(hook))
    world.deliver()
    world.work()


@pytest.mark.parametrize("call", ["api.activity", "api.activities", "backfills.read_page", "ledger.read"])
@pytest.mark.parametrize("way", WAYS)
def test_what_is_looked_at_while_disconnecting_is_not_stored_afterwards(
    make_world: MakeWorld, way: str, call: str
) -> None:
    """One erasure is enough: what comes after it is refused, on whatever way."""
    world = make_world(STRICT)
    WAYS[way].prepare(world)
    run_across(world, WAYS[way], once(call, Side.AFTER, lambda: world.strava.linking.disconnect(ME)))
    if world.stores.connections.read(ME) is not None:
        world.strava.linking.disconnect(ME)  # this way makes no such call
    check_gone(world)
    assert world.queue.parked(limit=1) == []


@pytest.mark.parametrize("way", WAYS)
def test_disconnecting_at_any_call_leaves_nothing(way: str) -> None:
    """Disconnect at either side of every call of each way, in turn: nothing is stored afterwards."""
    for number in range(CALLS_MAX):
        world = World(policy=STRICT)
        WAYS[way].prepare(world)
        left = [number]

        def hook(_call: str, _side: Side, world: World = world, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] == -1:
                world.strava.linking.disconnect(ME)

        run_across(world, WAYS[way], hook)
        if left[0] >= 0:
            assert number > 10
            return
        check_gone(world)
    pytest.fail(f"still running after {CALLS_MAX} calls")


def test_disconnecting_survives_a_crash_anywhere() -> None:
    """Die at either side of every call of disconnecting: doing it once more finishes the rest."""
    for number in range(CALLS_MAX):
        world = World(policy=STRICT)
        staged(world)
        killer = KillAt(number)
        try:
            world.process(killer).strava.linking.disconnect(ME)
        except Killed:
            world.work()
            world.strava.linking.disconnect(ME)
        check_gone(world)
        if killer.killed_at is None:
            assert number > 10
            return
    pytest.fail(f"still running after {CALLS_MAX} calls")


def test_a_real_deauthorisation_survives_a_crash_anywhere() -> None:
    """Die at either side of every call of the worker: the job goes on until all is erased."""
    for number in range(CALLS_MAX):
        world = at_rest(World(policy=STRICT))
        world.fake.deauthorize(ATHLETE)
        world.deliver()
        world.pass_time(seconds=DEFAULT_POLICY.strava.webhook_delay_seconds)
        killer = KillAt(number)
        try:
            world.process(killer).worker.run_once()
        except Killed:
            world.work()
        check_gone(world)
        if killer.killed_at is None:
            assert number > 10
            return
    pytest.fail(f"still running after {CALLS_MAX} calls")


def test_connecting_again_finishes_what_disconnecting_left(make_world: MakeWorld) -> None:
    """A process died while it erased: another athlete can be connected, and has only what is theirs."""
    world = at_rest(make_world(STRICT))

    def die() -> None:
        raise Killed

    with pytest.raises(Killed):
        world.process(once("ledger.commit", Side.BEFORE, die)).strava.linking.disconnect(ME)
    assert current(world).status is ConnectionStatus.DISCONNECTING
    with pytest.raises(CommitCollectError):
        world.strava.access.activities(ME, after=None, before=None)
    world.fake.add_activities(OTHER_ATHLETE, [payload(n) for n in range(100, 103)])
    world.connect(ME, OTHER_ATHLETE)
    world.work()
    assert world.stored() == world.held(OTHER_ATHLETE)
    assert world.stores.connections.owner(ATHLETE) is None


def test_an_erasure_that_was_overtaken_leaves_the_next_connection_alone(make_world: MakeWorld) -> None:
    """Two processes disconnect, one is slow: what the athlete brings on connecting again is not erased."""
    world = at_rest(make_world(STRICT))

    def meanwhile() -> None:
        world.strava.linking.disconnect(ME)
        world.connect()
        world.work()

    slow = world.process(once("ledger.read_workouts", Side.AFTER, meanwhile))
    slow.strava.linking.disconnect(ME)
    world.work()
    assert current(world).status is ConnectionStatus.ACTIVE
    world.check_converged()


def test_a_renewal_in_flight_does_not_undo_the_end(make_world: MakeWorld) -> None:
    """Tokens that come while all is being erased are given back, and mend nothing."""
    world = at_rest(make_world(STRICT))
    ended: list[StravaConnection] = []

    def meanwhile() -> None:
        with pytest.raises(Killed):
            world.process(once("ledger.commit", Side.BEFORE, die)).strava.linking.disconnect(ME)
        ended.append(current(world))

    def die() -> None:
        raise Killed

    world.pass_time(hours=7)
    late = world.process(once("api.refresh", Side.AFTER, meanwhile))
    with pytest.raises(CommitCollectError):
        late.strava.access.activities(ME, after=None, before=None)
    assert [current(world)] == ended
    world.strava.linking.disconnect(ME)
    check_gone(world)


def test_changes_while_disconnecting_do_not_stop_it() -> None:
    """A worker renews tokens meanwhile, as often as it may; one that goes on for ever is given up on."""
    for times, is_given_up in ((3, False), (DEFAULT_POLICY.strava.link_attempts_max, True)):
        world = at_rest(World(policy=STRICT))
        left = [times]

        def renew(call: str, side: Side, world: World = world, left: list[int] = left) -> None:
            if (call, side) == ("connections.commit", Side.BEFORE) and left[0]:
                left[0] -= 1
                before = current(world)
                after = evolve(before, version=before.version + 1)
                world.stores.connections.commit(ConnectionCommit(user_id=ME, before=before, after=after))

        linking = world.process(renew).strava.linking
        if is_given_up:
            with pytest.raises(VersionConflict):
                linking.disconnect(ME)
        linking.disconnect(ME)
        check_gone(world)


def test_a_connection_of_an_account_that_goes_can_be_forgotten() -> None:
    """Behind the fence nothing is marked and nothing is stored; the connection is removed."""
    world = at_rest(World())
    head = world.stores.ledger.read_head(ME)
    fence = evolve(head, version=head.version + 1, state=LedgerState.DELETING, fenced_at=world.clock.now())
    world.stores.ledger.commit(LedgerCommit(user_id=ME, head=fence))
    world.strava.linking.disconnect(ME)
    assert world.stores.connections.read(ME) is None
    assert world.stores.connections.owner(ATHLETE) is None
    assert world.stores.ledger.read_head(ME).state is LedgerState.DELETING


def test_a_deauthorisation_is_looked_into_for_the_connection_it_was_about() -> None:
    """The athlete connects again between the two: no call is made, and the job comes back."""
    world = at_rest(World(policy=STRICT))
    late = world.process(once("connections.owner", Side.AFTER, world.connect))
    accept_deauthorisation(world)
    world.pass_time(seconds=DEFAULT_POLICY.strava.webhook_delay_seconds)
    calls = world.fake.calls(CallKind.REFRESH)
    assert late.worker.run_once().ends == {JobEnd.TO_BE_TRIED_AGAIN: 1}
    assert world.fake.calls(CallKind.REFRESH) == calls
    world.work()
    world.check_converged()


def test_who_was_never_connected_cannot_disconnect() -> None:
    """Only what was there can be ended once more."""
    with pytest.raises(NotFound):
        World().strava.linking.disconnect(ME)


# A lost renewal is no deauthorisation


def forged_deauthorisation(world: World) -> None:
    """Take in and look into an event that says the athlete took the permission back."""
    accept_deauthorisation(world)
    world.work()


def accept_deauthorisation(world: World) -> None:
    """Take in the same event."""
    world.strava.intake.accept(
        {
            "subscription_id": world.subscription_id,
            "object_type": "athlete",
            "object_id": int(ATHLETE),
            "aspect_type": "update",
            "owner_id": int(ATHLETE),
            "event_time": int(world.clock.now().timestamp()),
            "updates": {"authorized": "false"},
        }
    )


@pytest.mark.parametrize("left", [timedelta(minutes=-1), timedelta(minutes=9), timedelta(minutes=50)])
def test_a_lost_renewal_and_a_forged_event_erase_nothing(make_world: MakeWorld, left: timedelta) -> None:
    """Strava refuses the refresh token that it has replaced; the athlete still lets the app in.

    However long the access token still lasts.
    """
    world = at_rest(make_world(STRICT))
    before = world.dump()
    world.clock.advance_to(current(world).expires_at - left)
    world.fake.inject(Fault.LOST_ANSWER, CallKind.REFRESH)
    with pytest.raises(CommitCollectError):
        world.strava.access.is_authorized(ME)
    forged_deauthorisation(world)
    assert current(world).status is ConnectionStatus.NEEDS_RECONNECT
    assert world.dump() == before
    # Nor does the next one: the connection was not active before it.
    forged_deauthorisation(world)
    assert world.dump() == before
    world.connect()
    world.work()
    world.check_converged()


def test_a_refused_renewal_of_a_connection_that_was_broken_before_proves_nothing(
    make_world: MakeWorld,
) -> None:
    """Even where the access token is refused as well: it may have been so for long."""
    world = at_rest(make_world(STRICT))
    before = world.stores.connections.read(ME)
    assert before is not None
    broken = evolve(before, status=ConnectionStatus.NEEDS_RECONNECT, version=before.version + 1)
    world.stores.connections.commit(ConnectionCommit(user_id=ME, before=before, after=broken))
    dump = world.dump()
    world.fake.deauthorize(ATHLETE)
    world.deliver()
    world.work()
    assert current(world).status is ConnectionStatus.NEEDS_RECONNECT
    assert world.dump() == dump


def test_missing_access_to_activities_is_no_refusal(make_world: MakeWorld) -> None:
    """A token that lacks a scope is a good token."""
    world = at_rest(make_world(STRICT))
    world.pass_time(hours=5, minutes=20)
    world.fake.inject(Fault.LOST_ANSWER, CallKind.REFRESH)
    with pytest.raises(CommitCollectError):
        world.strava.access.is_authorized(ME)

    def refuse() -> None:
        raise ScopeMissing("no activities")

    world.service = world.process(once("api.activities", Side.BEFORE, refuse))
    forged_deauthorisation(world)
    assert current(world).status is ConnectionStatus.NEEDS_RECONNECT
    assert len(world.stored()) == 8


@pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.LOST_ANSWER, Fault.RATE_LIMITED])
def test_an_outage_during_the_verdict_gives_the_lease_back(make_world: MakeWorld, fault: Fault) -> None:
    """The refresh token is refused and the access token cannot be tried: the next attempt need not wait."""
    world = at_rest(make_world(STRICT))
    world.fake.deauthorize(ATHLETE)
    world.fake.inject(fault, CallKind.ACTIVITIES)
    with pytest.raises(UpstreamError):
        world.strava.access.is_authorized(ME)
    assert current(world).lease is None
    assert current(world).status is ConnectionStatus.ACTIVE
    if fault is not Fault.RATE_LIMITED:
        assert not world.strava.access.is_authorized(ME)


def test_both_refusals_of_an_active_connection_are_believed(make_world: MakeWorld) -> None:
    """The real event, hours before the access token ends, erases as the operator asked."""
    world = at_rest(make_world(STRICT))
    world.fake.deauthorize(ATHLETE)
    world.deliver()
    world.work()
    check_gone(world)


# Many at once


def _states(world: World, user_ids: list[UserId]) -> list[str]:
    addresses = [world.strava.linking.begin(each, BROWSER, redirect_uri=REDIRECT) for each in user_ids]
    return [each.partition("state=")[2].partition("&")[0] for each in addresses]


def finish_all(world: World, user_ids: list[UserId]) -> list[str]:
    """Come back from Strava for all of them at once; returns how each ended."""

    def finish(state: str, code: str) -> str:
        try:
            world.strava.linking.finish(state=state, binding=BROWSER, code=code, granted_scope=SCOPE)
        except CommitCollectError as refused:
            return refused.code
        return "connected"

    codes = [world.fake.code_for(ATHLETE, SCOPE) for _ in user_ids]
    with ThreadPoolExecutor(len(user_ids)) as pool:
        return list(pool.map(finish, _states(world, user_ids), codes))


def test_of_forty_finishes_of_one_user_none_spends_its_code_for_a_conflict(make_world: MakeWorld) -> None:
    """All of them are connected, as a user who pressed the button forty times expects."""
    world = make_world(DEFAULT_POLICY)
    world.fake.add_activities(ATHLETE, map(payload, range(3)))
    assert set(finish_all(world, [ME] * CROWD)) == {"connected"}
    world.work()
    backfill = world.stores.backfills.read(ME)
    assert backfill is not None
    assert backfill.connection_generation == current(world).generation
    assert set(world.stored()) == set(world.held())


def finish_across(world: World, side: Side, user_id: UserId = ME) -> StravaConnection:
    """Finish while this user's first account is connected on another way, at one side of the exchange."""
    (state,) = _states(world, [user_id])
    code = world.fake.code_for(ATHLETE, SCOPE)
    late = world.process(once("api.exchange", side, world.connect))
    return late.strava.linking.finish(state=state, binding=BROWSER, code=code, granted_scope=SCOPE)


def check_works(world: World) -> None:
    """The tokens that are stored are those that Strava gave last."""
    world.pass_time(hours=7)
    world.work()
    world.check_converged()
    assert current(world).status is ConnectionStatus.ACTIVE
    assert len(world.strava.access.activities(ME, after=None, before=None).activities) == 3


def test_an_exchange_that_was_overtaken_gives_way() -> None:
    """Its tokens ended with the later exchange, whose connection stays as it is."""
    world = World()
    world.fake.add_activities(ATHLETE, map(payload, range(3)))
    assert finish_across(world, Side.AFTER) == current(world)
    assert current(world).version == 1
    check_works(world)


@pytest.mark.parametrize("faults", [(), (Fault.SERVER_ERROR,)])
def test_the_last_exchange_takes_precedence(faults: tuple[Fault, ...]) -> None:
    """It overwrites what was stored before it, also where Strava cannot say which one was the last."""
    world = World()
    world.fake.add_activities(ATHLETE, map(payload, range(3)))
    for fault in faults:
        world.fake.inject(fault, CallKind.REFRESH)
    assert finish_across(world, Side.BEFORE).version == 2
    check_works(world)


def test_the_overtaken_exchange_of_another_account_changes_nothing() -> None:
    """The athlete's owner connected again after it, and keeps these tokens."""
    world = World()
    world.fake.add_activities(ATHLETE, map(payload, range(3)))
    world.connect()
    with pytest.raises(AthleteAlreadyConnected):
        finish_across(world, Side.AFTER, UserId("other"))
    assert current(world).version == 2
    check_works(world)


def test_who_loses_an_athlete_to_another_account_leaves_no_backfill(make_world: MakeWorld) -> None:
    """Forty accounts claim one athlete at once: one is connected, and only that one has a backfill."""
    world = make_world(DEFAULT_POLICY)
    user_ids = [UserId(f"user-{number}") for number in range(CROWD)]
    ends = finish_all(world, user_ids)
    assert sorted(set(ends)) == ["athlete_already_connected", "connected"]
    assert ends.count("connected") == 1
    for user_id, end in zip(user_ids, ends, strict=True):
        assert (world.stores.backfills.read(user_id) is not None) == (end == "connected")
