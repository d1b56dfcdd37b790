from __future__ import annotations

import json
from base64 import b64encode
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.strava.contract import ALL_SCOPE, ATHLETE, NOW, World
from commitcollect_adapters.strava import Request, Revocation
from commitcollect_adapters.strava.fake import CallKind, Delivery, DeliveryPlan, FakeStrava, Fault, Limits
from commitcollect_adapters.strava.fake.api import CALLBACK_URL
from commitcollect_adapters.strava.fake.endpoints import Endpoints
from commitcollect_adapters.strava.fake.faults import EVENT_FAULTS, NoAnswer
from commitcollect_adapters.system import ManualClock
from commitcollect_core.errors import (
    AccessTokenRejected,
    InvalidInput,
    StravaRateLimited,
    StravaRefused,
    TokenRefreshRejected,
    UpstreamError,
)
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.strava.connections import DEFAULT_SCOPE
from commitcollect_core.strava.ports import TokenGrant
from commitcollect_core.strava.webhooks import Aspect, WebhookEvent, parse_event
from commitcollect_core.values import ActivityId

ONE, TWO = ActivityId("1"), ActivityId("2")


def make(*, scope: tuple[str, ...] = DEFAULT_SCOPE, count: int = 2, **options: Any) -> World:
    """A fake whose one athlete has let the app in, and to which an address is subscribed."""
    clock = ManualClock(NOW)
    fake = FakeStrava(clock, **options)
    world = World(clock, fake, fake)
    world.add(count)
    world.token(scope=scope)
    fake.put_subscription()
    return world


def told(fake: FakeStrava) -> list[tuple[int, Aspect | None, dict[str, str]]]:
    """The events that wait, as far as they differ."""
    events = [parse_event(each, now=NOW, policy=DEFAULT_POLICY) for each in fake.waiting_events()]
    return [(each.object_id, each.aspect, dict(each.updates or ())) for each in events]


def test_only_title_type_and_privacy_are_announced() -> None:
    """Corrections of distance and elevation and flags come silently, alone or with others."""
    world = make(scope=ALL_SCOPE)
    world.fake.edit(ONE, distance=5.0, total_elevation_gain=10, flagged=True)
    assert not told(world.fake)
    world.fake.edit(ONE, name="New", distance=6.0)
    world.fake.edit(ONE, name="New")
    world.fake.edit(ONE, sport_type="Run", private=True)
    world.fake.edit(ONE, private=False)
    assert told(world.fake) == [
        (1, Aspect.UPDATE, {"title": "New"}),
        (1, Aspect.UPDATE, {"type": "Run", "private": "true"}),
        (1, Aspect.UPDATE, {"private": "false"}),
    ]


def test_without_its_scope_privacy_looks_like_going_and_coming() -> None:
    """Private arrives as a delete and public again as a create; what happens between is not told at all."""
    world = make()
    world.fake.edit(ONE, private=True)
    world.fake.edit(ONE, name="Secret")
    world.fake.edit(ONE, private=False)
    assert told(world.fake) == [(1, Aspect.DELETE, {}), (1, Aspect.CREATE, {})]


def test_deletes_restores_and_uploads_are_announced() -> None:
    """Each once, under the same id; what no one may see is not."""
    world = make()
    world.fake.delete(ONE)
    world.fake.delete(ONE)
    world.fake.restore(ONE)
    world.fake.upload(ATHLETE, {"id": 3, "start_date": "2019-01-01T00:00:00Z", "sport_type": "Ride"})
    world.fake.upload(ATHLETE, {"id": 4, "start_date": "2019-01-01T00:00:00Z", "private": True})
    assert told(world.fake) == [(1, Aspect.DELETE, {}), (1, Aspect.CREATE, {}), (3, Aspect.CREATE, {})]
    assert world.fake.activity_count(ATHLETE) == 4


def test_athletes_who_did_not_let_the_app_in_are_not_told_of() -> None:
    """Nor is anything told while there is no subscription."""
    fake = FakeStrava(ManualClock(NOW))
    fake.put_subscription()
    fake.add_activities(ATHLETE, [{"id": 1, "start_date": "2019-01-01T00:00:00Z"}])
    fake.delete(ONE)
    world = World(ManualClock(NOW), FakeStrava(ManualClock(NOW)), fake)
    assert not fake.waiting_events()
    world.fake.add_activities(ATHLETE, [{"id": 1, "start_date": "2019-01-01T00:00:00Z"}])
    world.fake.exchange(world.fake.code_for(ATHLETE))
    world.fake.delete(ONE)
    assert not world.fake.waiting_events()


def test_a_permission_taken_back_is_announced_and_final() -> None:
    """The athlete's event says so, every token is dead, and nothing is told of them any more."""
    world = make()
    grant = world.fake.exchange(world.fake.code_for(ATHLETE))
    world.fake.deauthorize(ATHLETE)
    world.fake.deauthorize(ATHLETE)
    world.fake.delete(ONE)
    assert told(world.fake) == [(7, Aspect.UPDATE, {"authorized": "false"})]
    with pytest.raises(AccessTokenRejected):
        world.fake.activity(grant.access_token, ONE)
    with pytest.raises(TokenRefreshRejected):
        world.fake.refresh(grant.refresh_token)


def test_events_look_as_strava_sends_them() -> None:
    """Every name that is documented, each value of its kind, the time in whole seconds."""
    world = make()
    world.fake.delete(TWO)
    [event] = world.fake.waiting_events()
    assert event == {
        "aspect_type": "delete",
        "event_time": int(NOW.timestamp()),
        "object_id": 2,
        "object_type": "activity",
        "owner_id": 7,
        "subscription_id": 131300,
        "updates": {},
    }


class Receiver:
    """Takes events as a test wants it to."""

    def __init__(self, *statuses: int) -> None:
        self._statuses = list(statuses)
        self.events: list[WebhookEvent] = []
        self.deliveries: list[tuple[bytes, str | None]] = []

    def __call__(self, delivery: Delivery) -> int:
        """Take one event."""
        assert delivery.address == CALLBACK_URL
        self.deliveries.append((delivery.body, delivery.content_type))
        self.events.append(parse_event(json.loads(delivery.body), now=NOW, policy=DEFAULT_POLICY))
        status = self._statuses.pop(0) if self._statuses else 200
        if status == 0:
            raise TimeoutError
        return status


def test_an_event_comes_until_it_is_taken_three_times_at_most() -> None:
    """An answer other than 200, and one that is late, is none; after the third time the event is gone."""
    world = make()
    world.fake.delete(ONE)
    receiver = Receiver(500, 0)
    reports = [world.fake.deliver(receiver) for _ in range(4)]
    assert [(each.accepted, each.failed, each.given_up) for each in reports] == [
        (0, 1, 0), (0, 1, 0), (1, 0, 0), (0, 0, 0)
    ]  # fmt: skip
    world.fake.restore(ONE)
    receiver = Receiver(500, 302, 0)
    reports = [world.fake.deliver(receiver) for _ in range(4)]
    assert [(each.accepted, each.failed, each.given_up) for each in reports] == [
        (0, 1, 0), (0, 1, 0), (0, 0, 1), (0, 0, 0)
    ]  # fmt: skip
    assert len(receiver.events) == 3


def test_some_events_can_be_delivered_before_others() -> None:
    """As many as wanted at once; the others wait."""
    world = make()
    world.fake.delete(ONE)
    world.fake.delete(TWO)
    receiver = Receiver()
    assert world.fake.deliver(receiver, limit=1).accepted == 1
    assert [each.object_id for each in receiver.events] == [1]
    assert len(world.fake.waiting_events()) == 1


def _delivered(plan: DeliveryPlan, count: int = 200) -> list[int]:
    world = make(count=count, plan=plan)
    for number in range(1, count + 1):
        world.fake.delete(ActivityId(str(number)))
    receiver = Receiver()
    while world.fake.waiting_events():
        world.fake.deliver(receiver)
    return [each.object_id for each in receiver.events]


def test_a_plan_drops_repeats_and_shuffles() -> None:
    """About the shares that were asked for, and the same again with the same seed."""
    plan = DeliveryPlan(dropped=0.3, repeated=0.5, is_shuffled=True, seed=5)
    delivered = _delivered(plan)
    counts = Counter(delivered)
    assert 110 <= len(counts) <= 170
    assert set(counts.values()) == {1, 2}
    assert delivered != sorted(delivered)
    assert delivered == _delivered(plan)
    assert _delivered(DeliveryPlan()) == list(range(1, 201))


def test_windows_and_days_are_stravas() -> None:
    """Windows end at quarters of an hour and days at midnight of UTC, whenever the first call was made."""
    clock = ManualClock(datetime(2026, 11, 1, 23, 44, 50, tzinfo=UTC))
    fake = FakeStrava(clock, limits=Limits(window=2, day=3, read_window=2, read_day=3))
    token = fake.exchange(fake.code_for(ATHLETE)).access_token

    def is_allowed() -> bool:
        try:
            fake.activity(token, ONE)
        except StravaRateLimited:
            return False
        return True

    assert [is_allowed() for _ in range(3)] == [True, True, False]
    clock.advance_to(datetime(2026, 11, 1, 23, 45, tzinfo=UTC))
    assert not is_allowed()  # the refused one counted: it is the day's fourth
    clock.advance_to(datetime(2026, 11, 2, tzinfo=UTC))
    assert is_allowed()


def test_calls_about_tokens_do_not_count() -> None:
    """No limit holds for them, and nothing is said about counts."""
    fake = FakeStrava(ManualClock(NOW), limits=Limits(read_window=1))
    grant = fake.exchange(fake.code_for(ATHLETE))
    for _ in range(5):
        grant = fake.refresh(grant.refresh_token)
    answer = fake.activity(grant.access_token, ONE)
    assert answer.activity is None
    assert fake.calls(CallKind.EXCHANGE, CallKind.REFRESH) == 6
    assert fake.calls() == 7


@pytest.mark.parametrize(("rotates_every", "changes"), [(0, "...."), (1, "xxxx"), (2, ".x.x")])
def test_the_refresh_token_is_replaced_as_told(rotates_every: int, changes: str) -> None:
    """Never, always, or every so many renewals."""
    clock = ManualClock(NOW)
    fake = FakeStrava(clock, rotates_every=rotates_every)
    token = fake.exchange(fake.code_for(ATHLETE)).refresh_token
    seen = ""
    for number in range(1, 5):
        clock.advance_to(NOW + timedelta(hours=6 * number))
        renewed = fake.refresh(token).refresh_token
        seen += "." if renewed == token else "x"
        token = renewed
    assert seen == changes


def test_access_tokens_can_end_before_their_time() -> None:
    """A renewal brings one that opens again."""
    fake = FakeStrava(ManualClock(NOW))
    grant = fake.exchange(fake.code_for(ATHLETE))
    fake.expire_access_tokens(ATHLETE)
    with pytest.raises(AccessTokenRejected):
        fake.activity(grant.access_token, ONE)
    renewed = fake.refresh(grant.refresh_token)
    assert fake.activity(renewed.access_token, ONE).activity is None


def test_the_old_way_of_giving_back_works_with_an_access_token_alone() -> None:
    """A refresh token revokes nothing there."""
    fake = FakeStrava(ManualClock(NOW), revoke_with=Revocation.DEAUTHORIZE)
    grant = fake.exchange(fake.code_for(ATHLETE))
    with pytest.raises(AccessTokenRejected):
        fake.revoke(grant.refresh_token)
    assert fake.refresh(grant.refresh_token).access_token == grant.access_token
    fake.revoke(grant.access_token)
    with pytest.raises(TokenRefreshRejected):
        fake.refresh(grant.refresh_token)


def _shake_hands(status: int = 200, body: bytes | None = None, *, is_gone: bool = False) -> Any:
    def visit(address: str) -> tuple[int, bytes]:
        if is_gone:
            raise TimeoutError
        challenge = address.partition("hub.challenge=")[2].partition("&")[0]
        return status, json.dumps({"hub.challenge": challenge}).encode() if body is None else body

    return visit


@pytest.mark.parametrize(
    ("handshake", "is_accepted"),
    [
        (_shake_hands(), True),
        (_shake_hands(404), False),
        (_shake_hands(200, b"{}"), False),
        (_shake_hands(200, b"<html>"), False),
        (_shake_hands(is_gone=True), False),
    ],
    ids=["good", "not found", "no echo", "no JSON", "late"],
)
def test_an_address_must_answer_the_handshake(handshake: Any, is_accepted: bool) -> None:
    """Only what echoes the challenge with a 200 is subscribed."""
    fake = FakeStrava(ManualClock(NOW), http_get=handshake)
    if is_accepted:
        assert fake.subscribe(callback_url="http://localhost/h?x=1", verify_token="v") == 131300  # noqa: S106
    else:
        with pytest.raises(StravaRefused, match="handshake"):
            fake.subscribe(callback_url="http://localhost/h", verify_token="v")  # noqa: S106
    assert len(fake.subscriptions()) == is_accepted


def test_the_fake_can_be_asked_while_it_shakes_hands() -> None:
    """The handshake comes while the call runs: the receiver may call Strava meanwhile."""
    seen: list[int] = []

    def visit(address: str) -> tuple[int, bytes]:
        seen.append(len(fake.subscriptions()))
        other = Thread(target=lambda: seen.append(fake.calls(CallKind.SUBSCRIBE)))
        other.start()
        other.join(5)
        return _shake_hands()(address)  # type: ignore[no-any-return]

    fake = FakeStrava(ManualClock(NOW), http_get=visit)
    fake.subscribe(callback_url="http://localhost/h", verify_token="v")  # noqa: S106
    assert seen == [0, 1]


def test_many_threads_at_once_lose_no_call() -> None:
    """Every call is counted once, and one code gives tokens once."""
    fake = FakeStrava(
        ManualClock(NOW), limits=Limits(window=10**6, day=10**6, read_window=10**6, read_day=10**6)
    )
    code = fake.code_for(ATHLETE)
    taken: list[str] = []

    def work() -> None:
        with suppress(UpstreamError):
            taken.append(fake.exchange(code).access_token)
        token = fake.exchange(fake.code_for(ATHLETE)).access_token
        for _ in range(50):
            with suppress(AccessTokenRejected):  # another client's exchange came after ours
                fake.activity(token, ONE)

    threads = [Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 1
    assert fake.calls(CallKind.ACTIVITY) == 400
    answer = fake.activity(fake.exchange(fake.code_for(ATHLETE)).access_token, ONE)
    assert answer.activity is None


def outcome(kind: CallKind, fault: Fault | None) -> object:
    """What a call of a kind comes to in a world of its own, raw, with a fault or without."""
    world = make(count=3)
    fake = world.fake
    fake.sign_in(ATHLETE)
    grant = fake.exchange(fake.code_for(ATHLETE))
    fake.edit(ActivityId("3"), private=True)
    fake.edit(ONE, name="Renamed")
    fake.deliver(Receiver())
    code = fake.code_for(ATHLETE)
    if fault is not None:
        fake.inject(fault, kind)
    if kind is CallKind.EVENT:
        fake.edit(ONE, name="Again")
        receiver = Receiver()
        fake.deliver(receiver)
        return receiver.deliveries
    try:
        answer = fake.answer(request_of(kind, fake, grant, code))
    except NoAnswer as lost:
        return lost.hangs
    return answer.status, dict(answer.headers), answer.body


def request_of(kind: CallKind, fake: FakeStrava, grant: TokenGrant, code: str) -> Request:
    """A good call of a kind."""
    app = fake.app_at("http://localhost")
    credentials = {"client_id": app.client_id, "client_secret": app.client_secret}
    pair = b64encode(f"{app.client_id}:{app.client_secret}".encode()).decode()
    basic = {"Authorization": f"Basic {pair}"}
    bearer = {"Authorization": f"Bearer {grant.access_token}"}
    refresh = {"grant_type": "refresh_token", "refresh_token": grant.refresh_token}
    consent = {"redirect_uri": "http://x/", "response_type": "code", "scope": "read"}
    api, oauth = app.api_base, app.oauth_base
    subscriptions = f"{api}/push_subscriptions"
    method, address, values, headers = {
        CallKind.AUTHORIZE: ("GET", f"{oauth}/authorize", {**credentials, **consent}, {}),
        CallKind.EXCHANGE: ("POST", f"{oauth}/token", {**credentials, "code": code}, {}),
        CallKind.REFRESH: ("POST", f"{oauth}/token", {**credentials, **refresh}, {}),
        CallKind.REVOKE: ("POST", f"{oauth}/revoke", {"token": grant.refresh_token}, basic),
        CallKind.ATHLETE: ("GET", f"{api}/athlete", {}, bearer),
        CallKind.ACTIVITY: ("GET", f"{api}/activities/1", {}, bearer),
        CallKind.ACTIVITIES: ("GET", f"{api}/athlete/activities", {"per_page": "2"}, bearer),
        CallKind.SUBSCRIPTIONS: ("GET", subscriptions, credentials, {}),
        CallKind.SUBSCRIBE: ("POST", subscriptions, credentials, {}),
        CallKind.UNSUBSCRIBE: ("DELETE", f"{subscriptions}/131300", credentials, {}),
    }[kind]
    form, query = (values, {}) if method == "POST" else ({}, values)
    return Request(method=method, address=address, query=query, form=form, headers=headers)


def test_every_fault_does_something() -> None:
    """Every fault changes what a call comes to, for each kind of call to which it applies."""
    plain = {kind: outcome(kind, None) for kind in CallKind}
    assert plain == {kind: outcome(kind, None) for kind in CallKind}
    for fault in Fault:
        for kind in fault.kinds:
            assert outcome(kind, fault) != plain[kind], (fault, kind)


def test_a_fault_that_does_not_apply_is_refused() -> None:
    """A test that injects a fault where it can have no effect is told so."""
    with pytest.raises(InvalidInput, match="code_expired applies to exchange, not to refresh"):
        FakeStrava(ManualClock(NOW)).inject(Fault.CODE_EXPIRED, CallKind.REFRESH)


def test_a_plan_makes_events_odd() -> None:
    """All of them at a share of 1, in every way there is; each way can be injected alone as well."""
    world = make(count=200, plan=DeliveryPlan(odd=1.0))
    for number in range(1, 201):
        world.fake.edit(ActivityId(str(number)), name="New")
    sent: list[tuple[str, str | None]] = []

    def post(delivery: Delivery) -> int:
        event = json.loads(delivery.body)
        plain = {"object_id": int(event["object_id"]), "owner_id": 7, "updates": {"title": "New"}}
        changed = {name for name in ("object_id", "updates") if event[name] != plain[name]}
        if event["event_time"] != int(NOW.timestamp()):
            changed.add(f"event_time {event['event_time']}")
        sent.append((repr(sorted(changed)) + type(event["updates"]).__name__, delivery.content_type))
        return 200

    world.fake.deliver(post)
    assert len(set(sent)) == len(EVENT_FAULTS) - 1  # numbers and nesting look the same here


def test_clearing_faults_gives_the_calls_back_that_were_never_made() -> None:
    """A rate limit that a fault used up is as it was before; calls that were made count on."""
    fake = FakeStrava(ManualClock(NOW), limits=Limits(window=4, read_window=4))
    token = fake.exchange(fake.code_for(ATHLETE)).access_token
    fake.activity(token, ONE)
    fake.inject(Fault.RATE_LIMITED, CallKind.ACTIVITY)
    for _ in range(2):
        with pytest.raises(StravaRateLimited):
            fake.activity(token, ONE)
    fake.clear_faults()
    # Of the four, one was good and two were refused, which count at Strava as well.
    fake.activity(token, ONE)
    with pytest.raises(StravaRateLimited):
        fake.activity(token, ONE)


def test_faults_can_be_for_ever_and_cleared() -> None:
    """Until then every call of the kind goes wrong, and no other."""
    world = make()
    token = world.token()
    world.fake.inject(Fault.SERVER_ERROR, CallKind.ACTIVITY, count=None)
    for _ in range(5):
        with pytest.raises(UpstreamError):
            world.fake.activity(token, ONE)
        world.fake.subscriptions()
    world.fake.clear_faults()
    assert world.fake.activity(token, ONE).activity is not None


def test_no_secret_is_in_the_representation() -> None:
    """The fake is a port like others."""
    assert "fake-client-secret" not in repr(FakeStrava(ManualClock(NOW)))
    assert isinstance(FakeStrava(ManualClock(NOW))._endpoints, Endpoints)  # noqa: SLF001 - that there is one


CHANGES = st.lists(
    st.tuples(
        st.sampled_from([ONE, TWO]),
        st.sampled_from(["delete", "restore", "hide", "show", "rename", "silent"]),
    ),
    max_size=12,
)


@given(CHANGES, st.booleans())
def test_a_client_that_looks_whenever_it_is_told_ends_up_right(
    changes: list[tuple[ActivityId, str]], is_all: bool
) -> None:
    """Who fetches what each event names knows in the end what is visible, but for silent corrections."""
    world = make(scope=ALL_SCOPE if is_all else DEFAULT_SCOPE, limits=Limits(read_window=1_000, window=1_000))
    token = world.token(scope=ALL_SCOPE if is_all else DEFAULT_SCOPE)
    known = {each.activity_id: each.name for each in world.fake.visible_activities(ATHLETE)}

    def post(delivery: Delivery) -> int:
        event: Mapping[str, Any] = json.loads(delivery.body)
        activity_id = ActivityId(str(event["object_id"]))
        found = world.fake.activity(token, activity_id).activity
        known.pop(activity_id, None)
        if found is not None:
            known[activity_id] = found.snapshot.name
        return 200

    for number, (activity_id, what) in enumerate(changes):
        match what:
            case "delete":
                world.fake.delete(activity_id)
            case "restore":
                world.fake.restore(activity_id)
            case "hide" | "show":
                world.fake.edit(activity_id, private=what == "hide")
            case "rename":
                world.fake.edit(activity_id, name=f"name {number}")
            case _:
                world.fake.edit(activity_id, distance=float(number))
        world.fake.deliver(post)
    assert known == {each.activity_id: each.name for each in world.fake.visible_activities(ATHLETE)}
