"""Calling Strava with tokens that end, are replaced, are renewed by many at once, or are good no more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from attrs import evolve

from commitcollect_adapters.simulation.faults import Side
from commitcollect_adapters.strava.fake import CallKind, Fault
from commitcollect_core.errors import (
    CommitCollectError,
    ConnectionBusy,
    NeedsReconnect,
    NotFound,
    ScopeMissing,
    StorageUnavailable,
    StravaAppInactive,
    StravaAppRejected,
    StravaRateLimited,
    StravaUnavailable,
)
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.service import Service
from commitcollect_core.strava.connections import ConnectionCommit, ConnectionStatus, StravaConnection, leased
from commitcollect_core.strava.rates import APP_SCOPE, Meter, RateReading
from commitcollect_core.strava.token_keeping import token_context
from commitcollect_core.values import UserId
from strava.world import ATHLETE, ME, START, KillAt, Killed, World, payload

WORKERS = 20


@pytest.fixture
def world() -> World:
    """A connected athlete with three activities, and tokens that are about to end."""
    made = World()
    made.fake.add_activities(ATHLETE, map(payload, range(3)))
    made.connect()
    made.pass_time(hours=5, minutes=55)
    return made


def connection(world: World) -> StravaConnection:
    """The connection as stored."""
    stored = world.stores.connections.read(ME)
    assert stored is not None
    return stored


def listed(service: Service) -> int:
    """How many activities a list holds; the call that these tests make."""
    return len(service.strava.access.activities(ME, after=None, before=None).activities)


def change(world: World, **changes: object) -> None:
    """Change the stored connection without a word to any worker."""
    before = connection(world)
    after = evolve(before, version=before.version + 1, **changes)  # type: ignore[arg-type]  # given by name
    world.stores.connections.commit(ConnectionCommit(user_id=ME, before=before, after=after))


def test_tokens_that_last_are_used_as_they_are() -> None:
    """Long before their end nothing is renewed."""
    world = World()
    world.connect()
    assert listed(world.service) == 0
    assert world.fake.calls(CallKind.REFRESH) == 0


def test_tokens_about_to_end_are_renewed_and_stored_first(world: World) -> None:
    """The new tokens are in the store before they are used, and the lease is given back."""
    before = connection(world)
    seen: list[bool] = []

    def look(call: str, side: Side) -> None:
        if (call, side) == ("api.activities", Side.BEFORE):
            seen.append(connection(world).refresh_token != before.refresh_token)

    assert listed(world.process(look)) == 3
    assert seen == [True]
    assert connection(world).lease is None
    assert world.fake.calls(CallKind.REFRESH) == 1


def test_a_rival_who_was_faster_renews(world: World) -> None:
    """Another worker takes the lease between reading the connection and writing it: come back in a moment."""

    def rival(call: str, side: Side) -> None:
        if (call, side) == ("connections.read", Side.AFTER):
            now = world.clock.now()
            change(world, lease=leased(connection(world), "rival", now=now, policy=DEFAULT_POLICY).lease)

    with pytest.raises(ConnectionBusy):
        listed(world.process(rival))
    assert world.fake.calls(CallKind.REFRESH) == 0


def test_no_connection_is_said(world: World) -> None:
    """Without a connection there is nothing to call with."""
    world.strava.linking.disconnect(ME)
    with pytest.raises(NotFound):
        listed(world.service)


def race(world: World, act: Callable[[Service], object]) -> Counter[str]:
    """Have twenty processes do the same at the same moment; how they end."""
    start = Barrier(WORKERS)
    processes = [world.process() for _ in range(WORKERS)]

    def run(service: Service) -> str:
        start.wait()
        try:
            act(service)
        except CommitCollectError as refused:
            return refused.code
        return "done"

    with ThreadPoolExecutor(WORKERS) as pool:
        return Counter(pool.map(run, processes))


def test_many_renew_at_once_and_one_does(world: World) -> None:
    """Of twenty workers one renews; the others come back in two seconds, and no athlete has to reconnect."""
    ends = race(world, listed)
    assert set(ends) <= {"done", "connection_busy"}
    assert ends["done"] >= 1
    assert world.fake.calls(CallKind.REFRESH) == 1
    assert connection(world).status is ConnectionStatus.ACTIVE
    assert race(world, listed) == {"done": WORKERS}


def test_a_worker_that_waits_is_told_until_when(world: World) -> None:
    """While one worker renews, others are told to look again in two seconds, or when the lease ends."""
    now = world.clock.now()
    change(world, lease=leased(connection(world), "rival", now=now, policy=DEFAULT_POLICY).lease)
    for act in (listed, lambda service: service.strava.access.is_authorized(ME)):
        with pytest.raises(ConnectionBusy) as busy:
            act(world.service)
        assert busy.value.retry_at == now + timedelta(seconds=DEFAULT_POLICY.strava.refresh_recheck_seconds)
    world.pass_time(seconds=DEFAULT_POLICY.strava.refresh_lease_seconds - 1)
    with pytest.raises(ConnectionBusy) as busy:
        listed(world.service)
    assert busy.value.retry_at == now + timedelta(seconds=DEFAULT_POLICY.strava.refresh_lease_seconds)
    world.pass_time(seconds=1)
    assert listed(world.service) == 3


def test_a_lease_that_ran_out_does_not_lose_the_tokens(world: World) -> None:
    """One worker stalls while renewing, a second takes over and is refused: the first one's tokens win.

    The second finds the refresh token dead and marks the connection; the first then stores what it got.
    """
    second_ends: list[str] = []

    def stall(call: str, side: Side) -> None:
        if (call, side) == ("api.refresh", Side.AFTER):
            world.pass_time(seconds=DEFAULT_POLICY.strava.refresh_lease_seconds)
            try:
                listed(world.service)
            except CommitCollectError as refused:
                second_ends.append(refused.code)

    assert listed(world.process(stall)) == 3
    assert second_ends == ["strava_needs_reconnect"]
    assert connection(world).status is ConnectionStatus.ACTIVE
    world.pass_time(hours=6)
    assert listed(world.service) == 3


def test_tokens_that_another_process_replaced_are_not_written_over(world: World) -> None:
    """An athlete who connected again while an old renewal was under way keeps the newer tokens."""

    def reconnect(call: str, side: Side) -> None:
        if (call, side) == ("api.refresh", Side.AFTER):
            world.connect()

    with pytest.raises(ConnectionBusy):
        listed(world.process(reconnect))
    assert listed(world.service) == 3
    assert connection(world).lease is None


def test_a_connection_that_went_away_is_not_brought_back(world: World) -> None:
    """An athlete who disconnected while a renewal was under way stays disconnected, whatever it brought."""
    for outcome in (None, Fault.SERVER_ERROR):
        if outcome is not None:
            world.connect()
            world.pass_time(hours=6)
            world.fake.inject(outcome, CallKind.REFRESH)

        def disconnect(call: str, side: Side) -> None:
            if (call, side) == ("connections.commit", Side.AFTER) and connection(world).lease:
                before = connection(world)
                world.stores.connections.commit(ConnectionCommit(user_id=ME, before=before, after=None))

        with pytest.raises(CommitCollectError):
            listed(world.process(disconnect))
        assert world.stores.connections.read(ME) is None


def test_what_was_renewed_for_no_connection_is_given_back(world: World) -> None:
    """An athlete who disconnects while tokens are renewed leaves no permission behind that outlives it."""

    def disconnect(call: str, side: Side) -> None:
        if (call, side) == ("api.refresh", Side.AFTER):
            before = connection(world)
            world.stores.connections.commit(ConnectionCommit(user_id=ME, before=before, after=None))

    with pytest.raises(ConnectionBusy):
        listed(world.process(disconnect))
    assert world.stores.connections.read(ME) is None
    assert world.fake.calls(CallKind.REVOKE) == 1


def test_what_was_renewed_for_no_connection_is_kept_where_another_account_took_over(world: World) -> None:
    """Revoking would end the tokens of the account that connected the athlete meanwhile."""

    def hand_over(call: str, side: Side) -> None:
        if (call, side) == ("api.refresh", Side.AFTER):
            before = connection(world)
            world.stores.connections.commit(ConnectionCommit(user_id=ME, before=before, after=None))
            world.connect(UserId("other"))

    with pytest.raises(ConnectionBusy):
        listed(world.process(hand_over))
    assert world.fake.calls(CallKind.REVOKE) == 0
    activities = world.strava.access.activities(UserId("other"), after=None, before=None).activities
    assert len(activities) == 3


def test_a_store_that_fails_in_passing_does_not_cost_the_new_tokens(world: World) -> None:
    """The old ones are dead already: storing is tried again at once, and so is sealing."""
    failures = iter([True, True])

    def fail(call: str, side: Side) -> None:
        is_storing = call in {"cipher.seal", "connections.commit"} and connection(world).lease is not None
        if is_storing and side is Side.BEFORE and next(failures, False):
            raise StorageUnavailable("busy")

    assert listed(world.process(fail)) == 3
    assert connection(world).status is ConnectionStatus.ACTIVE


def test_a_store_that_goes_on_failing_is_given_up_on(world: World) -> None:
    """The attempts are bounded; the caller comes back later."""

    def fail(call: str, side: Side) -> None:
        if (call, side) == ("cipher.seal", Side.BEFORE):
            raise StorageUnavailable("busy")

    with pytest.raises(ConnectionBusy):
        listed(world.process(fail))


def test_a_call_refused_during_a_renewal_takes_no_lease(world: World) -> None:
    """A 401 in that moment is what renewing does to the old token: come back when it is over."""
    now = world.clock.now()
    change(world, expires_at=now + timedelta(hours=5))
    change(world, lease=leased(connection(world), "rival", now=now, policy=DEFAULT_POLICY).lease)
    world.fake.inject(Fault.UNAUTHORIZED, CallKind.ACTIVITIES)
    with pytest.raises(ConnectionBusy):
        listed(world.service)
    assert world.fake.calls(CallKind.REFRESH) == 0
    assert connection(world).status is ConnectionStatus.ACTIVE


def test_a_refused_renewal_closes_the_window_too(world: World) -> None:
    """A 429 is about the app, whatever was asked for."""
    world.fake.inject(Fault.RATE_LIMITED, CallKind.REFRESH)
    for _ in range(2):
        with pytest.raises(StravaRateLimited) as limited:
            listed(world.service)
        assert limited.value.retry_at == START + timedelta(hours=6)
    assert connection(world).lease is None
    world.clock.advance_to(START + timedelta(hours=6))
    assert listed(world.service) == 3


def test_an_inactive_app_found_out_by_renewing_pauses_every_call(world: World) -> None:
    """The lease is given back, and no call is made before the pause ends."""
    world.fake.inject(Fault.APP_INACTIVE, CallKind.REFRESH)
    with pytest.raises(StravaAppInactive):
        listed(world.service)
    assert connection(world).lease is None
    with pytest.raises(StravaRateLimited):
        listed(world.service)


def test_tokens_for_an_account_that_is_not_connected_are_not_adopted(world: World) -> None:
    """An exchange that ends after the account disconnected leaves nothing behind."""
    grant = world.fake.exchange(world.fake.code_for(ATHLETE))
    assert not world.service.strava.access.tokens.adopt(UserId("somebody-else"), grant, ["activity:read"])


def test_a_dead_refresh_token_needs_the_athlete(world: World) -> None:
    """Revoked at Strava: the connection is marked, and no later call is even tried."""
    world.fake.deauthorize(ATHLETE)
    with pytest.raises(NeedsReconnect):
        listed(world.service)
    assert connection(world).status is ConnectionStatus.NEEDS_RECONNECT
    calls = world.fake.calls()
    with pytest.raises(NeedsReconnect):
        listed(world.service)
    assert world.fake.calls() == calls


@pytest.mark.parametrize(
    "fault",
    [
        Fault.EXPIRES_AT_TEXT,
        Fault.EXPIRES_AT_FLOAT,
        Fault.EXPIRES_IN_ONLY,
        Fault.NO_EXPIRY,
        Fault.NO_ACCESS_TOKEN,
    ],
)
def test_rotated_tokens_are_never_thrown_away(world: World, fault: Fault) -> None:
    """However odd the answer, its refresh token is stored, and the connection goes on working."""
    before = connection(world)
    world.fake.inject(fault, CallKind.REFRESH)
    if fault is Fault.NO_ACCESS_TOKEN:
        with pytest.raises(StravaUnavailable):
            listed(world.service)
    else:
        assert listed(world.service) == 3
    assert connection(world).refresh_token != before.refresh_token
    assert listed(world.service) == 3
    for _ in range(2):
        world.pass_time(hours=6)
        assert listed(world.service) == 3
    assert connection(world).status is ConnectionStatus.ACTIVE


def test_a_refresh_without_a_refresh_token_keeps_the_old_one() -> None:
    """Strava did not rotate it, so it renews the next time as well."""
    world = World(rotates_every=0)
    world.fake.add_activities(ATHLETE, map(payload, range(3)))
    world.connect()
    world.fake.inject(Fault.NO_REFRESH_TOKEN, CallKind.REFRESH, count=None)
    for _ in range(3):
        world.pass_time(hours=6)
        assert listed(world.service) == 3
    assert connection(world).status is ConnectionStatus.ACTIVE


@pytest.mark.parametrize("fault", [Fault.EXPIRES_AT_TEXT, Fault.EXPIRES_IN_ONLY, Fault.NO_EXPIRY])
def test_an_odd_exchange_connects_all_the_same(fault: Fault) -> None:
    """Without a readable end the tokens are renewed before their first use."""
    world = World()
    world.fake.add_activities(ATHLETE, map(payload, range(3)))
    world.fake.inject(fault, CallKind.EXCHANGE)
    world.connect()
    assert listed(world.service) == 3
    assert world.fake.calls(CallKind.REFRESH) == (fault is Fault.NO_EXPIRY)


@pytest.mark.parametrize("fault", [Fault.REFRESH_TOKEN_REJECTED, Fault.INVALID_GRANT])
def test_a_dead_refresh_token_is_known_by_any_refusal(world: World, fault: Fault) -> None:
    """With an empty field, or in the words of OAuth: the athlete has to connect again."""
    world.fake.inject(fault)
    with pytest.raises(NeedsReconnect):
        listed(world.service)
    assert connection(world).status is ConnectionStatus.NEEDS_RECONNECT


@pytest.mark.parametrize("fault", [Fault.APP_REJECTED, Fault.APP_REJECTED_EMPTY, Fault.INVALID_CLIENT])
def test_refused_credentials_of_the_app_cost_no_connection(world: World, fault: Fault) -> None:
    """A refresh that Strava refuses because of the app can be repeated once the settings are right."""
    world.fake.inject(fault)
    with pytest.raises(StravaAppRejected):
        listed(world.service)
    assert connection(world).status is ConnectionStatus.ACTIVE
    assert listed(world.service) == 3


def test_a_refusal_that_another_renewal_explains_is_no_end(world: World) -> None:
    """The refresh token read is dead because a rival used it: look at the row again, then come back."""
    before = connection(world)

    def rival(call: str, side: Side) -> None:
        if (call, side) == ("api.refresh", Side.BEFORE):
            change(world, lease=None)
            assert listed(world.service) == 3

    with pytest.raises(ConnectionBusy):
        listed(world.process(rival))
    assert connection(world).status is ConnectionStatus.ACTIVE
    assert connection(world).refresh_token != before.refresh_token


@pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.HANG, Fault.HTML])
def test_strava_being_down_while_renewing_gives_the_lease_back(world: World, fault: Fault) -> None:
    """Nothing is marked, and the next one may try at once."""
    world.fake.inject(fault, CallKind.REFRESH)
    with pytest.raises(StravaUnavailable):
        listed(world.service)
    assert connection(world).lease is None
    assert listed(world.service) == 3


def test_an_access_token_that_ended_early_is_renewed_once() -> None:
    """A 401 in the middle of a token's life costs one renewal, and the call succeeds."""
    world = World(rotates_every=1)
    world.connect()
    world.pass_time(hours=5, minutes=30)
    world.fake.expire_access_tokens(ATHLETE)
    assert listed(world.service) == 0
    assert world.fake.calls(CallKind.REFRESH) == 1


def test_an_access_token_refused_twice_needs_the_athlete() -> None:
    """A 401 with a token just renewed marks the connection."""
    world = World()
    world.connect()
    world.fake.inject(Fault.UNAUTHORIZED, CallKind.ACTIVITIES, count=2)
    with pytest.raises(NeedsReconnect):
        listed(world.service)
    assert connection(world).status is ConnectionStatus.NEEDS_RECONNECT


def test_a_missing_scope_is_marked_as_such(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Strava says what is missing: the athlete has to grant it, and nothing is tried until then."""

    def missing(*_arguments: object, **_named: object) -> None:
        raise ScopeMissing("activity:read is missing")

    monkeypatch.setattr(world.fake, "activities", missing)
    for _ in range(2):
        with pytest.raises(ScopeMissing):
            listed(world.service)
        assert connection(world).status is ConnectionStatus.NEEDS_SCOPE


@pytest.mark.parametrize(
    ("field", "attribute"), [("access_token", "accessToken"), ("refresh_token", "refreshToken")]
)
def test_a_token_moved_here_from_elsewhere_is_refused(field: str, attribute: str) -> None:
    """Another user's sealed tokens do not open here; the connection is marked, Strava is not called."""
    world = World()
    world.connect()
    foreign = world.cipher.seal("another's token", token_context(UserId("other"), attribute))
    change(world, **{field: foreign})
    if field == "refresh_token":
        world.pass_time(hours=6)
    calls = world.fake.calls()
    with pytest.raises(NeedsReconnect):
        listed(world.service)
    assert world.fake.calls() == calls
    assert connection(world).status is ConnectionStatus.NEEDS_RECONNECT


def test_authorization_is_found_out_by_renewing() -> None:
    """Whether the app is still let in is asked of Strava, whatever the tokens look like."""
    world = World()
    world.connect()
    assert world.strava.access.is_authorized(ME)
    world.fake.deauthorize(ATHLETE)
    assert not world.strava.access.is_authorized(ME)
    assert world.fake.calls(CallKind.REFRESH) == 2


# Limits


def test_a_refused_call_closes_the_window_for_all_workers(world: World) -> None:
    """A 429 stops every worker until the window ends; not one call is made before."""
    world.fake.inject(Fault.RATE_LIMITED, CallKind.ACTIVITIES)
    with pytest.raises(StravaRateLimited) as limited:
        listed(world.service)
    assert limited.value.retry_at == START + timedelta(hours=6)
    calls = world.fake.calls()
    assert race(world, listed) == {"strava_rate_limited": WORKERS}
    assert world.fake.calls() == calls
    world.clock.advance_to(START + timedelta(hours=6))
    assert listed(world.service) == 3


def test_an_app_that_was_switched_off_pauses_and_harms_no_athlete(world: World) -> None:
    """A 403 about the app itself: no calls for a while, and the connection stays as it is."""
    world.fake.switch_app(is_on=False)
    with pytest.raises(StravaAppInactive):
        listed(world.service)
    with pytest.raises(StravaRateLimited):
        listed(world.service)
    assert connection(world).status is ConnectionStatus.ACTIVE
    world.fake.switch_app(is_on=True)
    world.pass_time(seconds=DEFAULT_POLICY.strava.app_inactive_pause_seconds)
    assert listed(world.service) == 3


def test_a_failed_call_counts_as_well(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Strava says of the limits with an error is believed, whatever calls it has counted."""

    def fail(*_arguments: object, **_named: object) -> None:
        failed = StravaUnavailable("down")
        failed.rates = RateReading(read_limit=Meter(100, 1_000), read_used=Meter(70, 70))
        raise failed

    monkeypatch.setattr(world.fake, "activities", fail)
    with pytest.raises(StravaUnavailable):
        listed(world.service)
    budget = world.stores.rates.read(APP_SCOPE)
    assert budget is not None
    assert budget.window_used == 70


# Crashes


def test_only_one_crash_costs_an_athlete_the_connection() -> None:
    """Die at either side of every call of a renewal: all is well after, but for one place.

    Between Strava's replacing the token and its being stored no process knows the new token; no order of
    writes avoids that. Everywhere else the next process goes on, at the latest when the lease has ended.
    """
    lost: list[tuple[str, Side] | None] = []
    for number in range(1_000):
        world = World()
        world.fake.add_activities(ATHLETE, map(payload, range(3)))
        world.connect()
        world.pass_time(hours=5, minutes=55)
        door = KillAt(number)
        try:
            listed(world.process(door))
            break
        except Killed:
            world.pass_time(seconds=DEFAULT_POLICY.strava.refresh_lease_seconds)
        try:
            assert listed(world.service) == 3
        except NeedsReconnect:
            lost.append(door.killed_at)
    assert lost == [
        ("api.refresh", Side.AFTER),
        *[("cipher.seal", side) for _ in range(2) for side in Side],
        ("connections.commit", Side.BEFORE),
    ]


@pytest.mark.slow
def test_no_athlete_is_asked_to_reconnect_by_races_alone() -> None:
    """Twenty workers race to renew, again and again, every renewal replacing the token: no worker loses."""
    world = World()
    world.connect()
    for _ in range(100):
        world.pass_time(hours=6)
        ends = race(world, listed)
        assert set(ends) <= {"done", "connection_busy"}
        assert connection(world).status is ConnectionStatus.ACTIVE
    assert world.fake.calls(CallKind.REFRESH) == 100
