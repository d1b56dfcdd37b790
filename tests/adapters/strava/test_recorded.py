"""The client and the fake against what was recorded of Strava itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.strava.contract import ALL_SCOPE, ATHLETE, FIRST_START, NOW, World
from adapters.strava.loopback import Connection, response, serving
from adapters.strava.scripted import ACCESS_TOKEN, CODE, REFRESH_TOKEN, VERIFY_TOKEN, client, ok
from commitcollect_adapters.readers import snapshot_from_activity
from commitcollect_adapters.strava import Answer, Request
from commitcollect_adapters.strava.fake import CallKind, FakeStrava, Fault
from commitcollect_adapters.strava.http import HttpStrava, Revocation, StravaApp
from commitcollect_adapters.system import ManualClock
from commitcollect_core.errors import (
    AccessTokenRejected,
    CommitCollectError,
    StravaAppRejected,
    StravaCodeRejected,
    StravaRateLimited,
    UpstreamError,
)
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.strava.rates import Meter, Purpose, RateBudget, RateReading, WaitUntil
from commitcollect_core.values import ActivityId

ACTIVITY = ActivityId("1946417534")
Recording = Mapping[str, Any]


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    """Where the recordings of one client are."""
    return shared_data / "strava" / "strava-ruby-client"


@pytest.fixture(scope="module")
def recorded(folder: Path) -> dict[str, Recording]:
    """Recorded answers by their name."""
    recordings = json.loads((folder / "recorded_responses.json").read_text(encoding="utf-8"))
    return {each["fixture"]: each["response"] for each in recordings}


@pytest.fixture(scope="module")
def swagger(shared_data: Path) -> Any:
    """Strava's description of its API."""
    path = shared_data / "strava" / "stravalib" / "strava_swagger.json"
    return json.loads(path.read_text(encoding="utf-8"))


def as_bytes(recording: Recording) -> bytes:
    """A recorded answer as it goes over a line."""
    body = json.dumps(recording["json"]).encode() if "json" in recording else recording["text"].encode()
    headers = "".join(f"{name}: {value}\r\n" for name, value in recording["headers"].items())
    return response(body, status=f"{recording['status']} Recorded", headers=headers)


@pytest.fixture
def replay(recorded: dict[str, Recording], request: pytest.FixtureRequest) -> Iterator[HttpStrava]:
    """A client of a server that gives one recorded answer."""
    whole = as_bytes(recorded[request.param])

    def behave(connection: Connection) -> None:
        connection.send(whole)

    with serving(behave) as server:
        base = server.app
        app = StravaApp(
            client_id=base.client_id,
            client_secret=base.client_secret,
            api_base=base.api_base,
            oauth_base=base.oauth_base,
            revoke_with=Revocation.DEAUTHORIZE,
        )
        with HttpStrava(app) as api:
            yield api


@pytest.mark.parametrize("replay", ["client/authorization_error"], indirect=True)
def test_a_recorded_401_rejects_the_token(replay: HttpStrava) -> None:
    """Its detail names the application as resource, and still it is about the token."""
    with pytest.raises(AccessTokenRejected):
        replay.activity(ACCESS_TOKEN, ACTIVITY)


@pytest.mark.parametrize("replay", ["client/not_found_error"], indirect=True)
def test_a_recorded_404_is_empty_and_means_gone(replay: HttpStrava) -> None:
    """Nothing but the status says so."""
    assert replay.activity(ACCESS_TOKEN, ACTIVITY).activity is None


@pytest.mark.parametrize("replay", ["client/activity_with_ratelimit_exceeded"], indirect=True)
def test_a_recorded_429_carries_its_counts(replay: HttpStrava) -> None:
    """Its `errors` is a text, and it knows nothing of reads yet."""
    with pytest.raises(StravaRateLimited) as caught:
        replay.activity(ACCESS_TOKEN, ACTIVITY)
    assert caught.value.rates == RateReading(limit=Meter(600, 30_000), used=Meter(600, 30_000))


@pytest.mark.parametrize("replay", ["client/deauthorize"], indirect=True)
def test_a_recorded_deauthorisation_is_done(replay: HttpStrava) -> None:
    """The old way, as long as it lasts."""
    replay.revoke(ACCESS_TOKEN)


@pytest.mark.parametrize("replay", ["client/create_activity"], indirect=True)
def test_a_recorded_activity_with_a_lone_comma_for_its_reads(replay: HttpStrava) -> None:
    """The counts that make sense are taken, the comma is not."""
    answer = replay.activity(ACCESS_TOKEN, ActivityId("16185205521"))
    assert answer.activity is not None
    assert answer.activity.athlete_id == "26462176"
    assert answer.rates == RateReading(
        limit=Meter(200, 2000), used=Meter(66, 209), read_limit=Meter(100, 1000)
    )


@pytest.mark.parametrize("replay", ["client/update_activity"], indirect=True)
def test_a_recorded_activity_of_2018_has_no_sport_type(replay: HttpStrava) -> None:
    """The older type stands in."""
    answer = replay.activity(ACCESS_TOKEN, ActivityId("1982980795"))
    assert answer.activity is not None
    assert answer.activity.snapshot.sport_type == "Run"


@pytest.mark.parametrize("replay", ["oauth/token_authorization_code"], indirect=True)
def test_a_recorded_exchange_names_the_athlete(replay: HttpStrava) -> None:
    """Tokens and their end come with it."""
    grant = replay.exchange(CODE)
    assert grant.athlete_id == "12342176"
    assert grant.expires_at == datetime(2018, 11, 23, 2, 29, 59, tzinfo=UTC)


@pytest.mark.parametrize("replay", ["oauth/token_refresh_token"], indirect=True)
def test_a_recorded_refresh_replaces_the_refresh_token(replay: HttpStrava) -> None:
    """And it names no athlete."""
    grant = replay.refresh(REFRESH_TOKEN)
    assert (grant.refresh_token, grant.athlete_id) == ("new-refresh-token", None)


@pytest.mark.parametrize(
    ("replay", "error", "words"),
    [
        ("oauth/token_invalid_client", StravaAppRejected, "strava_client_id"),
        ("oauth/token_invalid_code", StravaCodeRejected, "connect again"),
    ],
    indirect=["replay"],
)
def test_recorded_refusals_of_tokens_say_what_to_do(
    replay: HttpStrava, error: type[UpstreamError], words: str
) -> None:
    """A wrong app and an old code, both a 400, are told apart."""
    with pytest.raises(error, match=words):
        replay.exchange(CODE)


@pytest.mark.parametrize("replay", ["webhooks/create_push_subscription"], indirect=True)
def test_a_recorded_subscription_is_made(replay: HttpStrava) -> None:
    """Its id is what events will carry."""
    assert replay.subscribe(callback_url="http://example.org/", verify_token=VERIFY_TOKEN) == 131300


@pytest.mark.parametrize(
    ("replay", "count"),
    [("webhooks/push_subscriptions", 1), ("webhooks/no_push_subscriptions", 0)],
    indirect=["replay"],
)
def test_recorded_subscriptions_are_listed(replay: HttpStrava, count: int) -> None:
    """One, or none."""
    assert len(replay.subscriptions()) == count


@pytest.mark.parametrize("replay", ["webhooks/delete_push_subscription"], indirect=True)
def test_a_recorded_subscription_is_ended(replay: HttpStrava) -> None:
    """Strava says nothing, with a 204."""
    replay.unsubscribe(131300)


def test_the_recorded_counts_keep_the_budget_across_a_window(folder: Path) -> None:
    """39 recorded pages: at the hundredth read the budget closes, and the next window opens it again."""
    pages = json.loads((folder / "recorded_paging_ratelimit_trace.json").read_text(encoding="utf-8"))
    budget = RateBudget(window_limit=100, day_limit=1_000)
    for number, recording in enumerate(pages, 1):
        counts = {name: value for name, value in recording.items() if name.startswith("x-")}
        rows = [_row(each) for each in recording["ids"]]
        api, _ = client(ok(rows, headers=counts))
        page = api.activities(ACCESS_TOKEN, after=None, before=None, limit=30)
        assert [each.snapshot.activity_id for each in page.activities] == list(map(str, recording["ids"]))
        assert (page.missing == 30) is (number == len(pages))
        assert page.rates is not None
        now = parsedate_to_datetime(recording["date"]).astimezone(UTC)
        budget = budget.observed(page.rates, now=now, policy=DEFAULT_POLICY)
        next_call = budget.reserve(Purpose.LIVE, now=now, policy=DEFAULT_POLICY)
        assert isinstance(next_call, WaitUntil) is (number == 31), number
    assert (budget.window_used, budget.day_used) == (8, 344)


def _row(activity_id: int) -> dict[str, Any]:
    return {
        "id": activity_id,
        "athlete": {"id": 26462176},
        "sport_type": "Run",
        "start_date": "2025-01-01T00:00:00Z",
    }


def test_every_recorded_activity_can_be_read(folder: Path, shared_data: Path) -> None:
    """Detailed and summary, new and old, with laps, segments and nulls."""
    paths = [
        *sorted(folder.glob("models/*activity*.json")),
        *sorted((shared_data / "strava" / "stravalib").glob("activity*.json")),
    ]
    payloads = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    for name in ("recorded_activity.json", "recorded_activity_ride.json"):
        [recording] = json.loads((folder / name).read_text(encoding="utf-8"))
        payloads.append(recording["response"]["json"])
    assert len(payloads) >= 8
    for payload in payloads:
        activity_id = ActivityId(str(payload["id"]))
        api, _ = client(ok(payload))
        answer = api.activity(ACCESS_TOKEN, activity_id)
        assert answer.activity is not None
        assert answer.activity.snapshot.distance_meters > 0


# The fake against the recordings


@pytest.fixture
def fake() -> FakeStrava:
    """A fake with one athlete and one activity."""
    fake = FakeStrava(ManualClock(NOW))
    World(ManualClock(NOW), fake, fake).add(1)
    return fake


def call(fake: FakeStrava, method: str, path: str, *, token: str | None = None, **values: str) -> Answer:
    """What the fake answers, its own app asking."""
    app = fake.app_at("http://localhost")
    named = {"client_id": app.client_id, "client_secret": app.client_secret, **values}
    return fake.answer(
        Request(
            method=method,
            address=f"http://localhost{path}",
            query=named if method != "POST" else {},
            form=named if method == "POST" else {},
            headers={} if token is None else {"Authorization": f"Bearer {token}"},
        )
    )


def content(answer: Answer) -> Any:
    """The JSON of an answer."""
    return json.loads(answer.body) if answer.body else ""


def shape(value: object) -> object:
    """A document without its values: names and kinds. Whole numbers and others are one kind."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in value[:1]]
    return (
        "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__
    )


def assert_same_shape(made: Any, known: Any, where: str = "") -> None:
    """Everything in `made` is of the kind it has in `known`; a null on either side, or [], says nothing."""
    if isinstance(known, dict) and isinstance(made, dict):
        for name, value in made.items():
            if name in known:
                assert_same_shape(value, known[name], f"{where}.{name}")
    elif isinstance(known, list) and isinstance(made, list):
        for each in made[:1] if known else ():
            assert_same_shape(each, known[0], f"{where}[]")
    elif made is not None and known is not None:
        assert shape(made) == shape(known), where


def counted(headers: Mapping[str, str]) -> set[str]:
    """The names of the headers that hold counts."""
    return {name for name in headers if "ratelimit" in name}


@pytest.mark.parametrize(
    "fixture",
    [
        "client/authorization_error",
        "client/not_found_error",
        "client/activity_with_ratelimit_exceeded",
        "oauth/token_authorization_code",
        "oauth/token_invalid_client",
        "oauth/token_invalid_code",
        "oauth/token_refresh_token",
        "webhooks/push_subscriptions",
        "webhooks/no_push_subscriptions",
        "webhooks/delete_push_subscription",
    ],
)
def test_the_fake_answers_as_recorded(fake: FakeStrava, recorded: dict[str, Recording], fixture: str) -> None:
    """The same status and the same names, each of the same kind, down to an empty body."""
    known = recorded[fixture]
    made = _as_in(fixture, fake)
    assert made.status == known["status"]
    expected, found = known.get("json", ""), content(made)
    assert_same_shape(found, expected)
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
    assert type(found) is type(expected)
    # Calls about subscriptions are not counted, though counts come with them.
    if not fixture.startswith("webhooks/"):
        assert bool(counted(made.headers)) is bool(counted(known["headers"]))


def _as_in(fixture: str, fake: FakeStrava) -> Answer:
    """What the fake answers in the situation of a recording."""
    grant = fake.exchange(fake.code_for(ATHLETE))
    refreshing = {"grant_type": "refresh_token", "refresh_token": grant.refresh_token}
    exchanging = {"grant_type": "authorization_code", "code": fake.code_for(ATHLETE)}
    if fixture == "client/activity_with_ratelimit_exceeded":
        fake.inject(Fault.RATE_LIMITED)
    subscriptions = "/api/v3/push_subscriptions"
    number = 0 if fixture == "webhooks/no_push_subscriptions" else fake.put_subscription()
    method, path, token, values = {
        "client/authorization_error": ("GET", "/api/v3/activities/1", "wrong", {}),
        "client/not_found_error": ("GET", "/api/v3/activities/2", grant.access_token, {}),
        "client/activity_with_ratelimit_exceeded": ("GET", "/api/v3/activities/1", grant.access_token, {}),
        "oauth/token_authorization_code": ("POST", "/oauth/token", None, exchanging),
        "oauth/token_invalid_client": ("POST", "/oauth/token", None, {**exchanging, "client_id": "1"}),
        "oauth/token_invalid_code": ("POST", "/oauth/token", None, {**exchanging, "code": "old"}),
        "oauth/token_refresh_token": ("POST", "/oauth/token", None, refreshing),
        "webhooks/push_subscriptions": ("GET", subscriptions, None, {}),
        "webhooks/no_push_subscriptions": ("GET", subscriptions, None, {}),
        "webhooks/delete_push_subscription": ("DELETE", f"{subscriptions}/{number}", None, {}),
    }[fixture]
    return call(fake, method, path, token=token, **values)


def test_the_fakes_activities_look_like_stravas(fake: FakeStrava, folder: Path, swagger: Any) -> None:
    """Lists and single activities have the fields that were recorded or described, and no others."""
    token = fake.exchange(fake.code_for(ATHLETE)).access_token
    [row] = content(call(fake, "GET", "/api/v3/athlete/activities", token=token))
    alone = content(call(fake, "GET", "/api/v3/activities/1", token=token))
    [recording] = json.loads((folder / "recorded_activity_ride.json").read_text(encoding="utf-8"))
    summary = json.loads((folder / "models" / "summary_activity.json").read_text(encoding="utf-8"))
    described = {
        path: swagger["paths"][path]["get"]["responses"]["200"]["examples"]["application/json"]
        for path in ("/athlete/activities", "/activities/{id}")
    }
    [first, *_] = described["/athlete/activities"]
    for made, known, example in (
        (row, summary, first),
        (alone, recording["response"]["json"], described["/activities/{id}"]),
    ):
        assert_same_shape(made, known)
        assert_same_shape(
            made, {name: value for name, value in example.items() if name != "location_country"}
        )
        assert made.keys() <= known.keys() | example.keys() | {"best_efforts"}
        rare = {each for each in known.keys() - made.keys() if each not in example}
        assert not rare - {
            "average_cadence", "average_heartrate", "average_temp", "elev_high", "elev_low", "max_heartrate",
            "upload_id_str", "suffer_score", "laps", "device_name",
        }, rare  # fmt: skip


def test_the_fakes_athlete_looks_like_stravas(fake: FakeStrava, recorded: dict[str, Recording]) -> None:
    """It has fewer fields than an athlete in full, and none besides."""
    token = fake.exchange(fake.code_for(ATHLETE)).access_token
    made = call(fake, "GET", "/api/v3/athlete", token=token)
    known = recorded["client/athlete"]
    assert_same_shape(content(made), known["json"])
    assert content(made).keys() <= known["json"].keys()
    assert counted(made.headers) == counted(known["headers"])


def test_the_client_asks_for_nothing_that_strava_does_not_describe(swagger: Any) -> None:
    """Every path and every parameter stands in Strava's own description."""
    api, transport = client(ok([]), ok([]))
    api.activities(ACCESS_TOKEN, after=NOW, before=NOW, limit=200)
    [request] = transport.requests
    described = swagger["paths"]["/athlete/activities"]["get"]["parameters"]
    names = {each["name"] for each in described if "name" in each} | {
        each["name"] for each in swagger["parameters"].values()
    }
    assert request.query.keys() <= names
    assert request.address == f"https://{swagger['host']}{swagger['basePath']}/athlete/activities"


@pytest.fixture(scope="module")
def real(shared_data: Path) -> list[dict[str, Any]]:
    """1,132 real activities."""
    path = shared_data / "real" / "summary_activities.json"
    activities: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return activities


def test_a_real_history_comes_through_whole(real: list[dict[str, Any]]) -> None:
    """1,132 real activities, 200 a page: six calls, and none for details."""
    clock = ManualClock(NOW)
    fake = FakeStrava(clock)
    fake.add_activities(ATHLETE, real)
    world = World(clock, fake, fake)
    listed = world.walk(world.token(scope=ALL_SCOPE), limit=200)
    read = {each["id"]: snapshot_from_activity({"name": "Activity", **each}, DEFAULT_POLICY) for each in real}
    assert len(listed) == len(real) == 1_132
    assert {int(each.activity_id): each for each in listed} == read
    assert (fake.calls(CallKind.ACTIVITIES), fake.calls(CallKind.ACTIVITY)) == (6, 0)


@pytest.mark.parametrize("has_short_pages", [True, False])
def test_private_activities_cost_no_other_one(real: list[dict[str, Any]], has_short_pages: bool) -> None:
    """Without their scope all others come through, also where leaving them out makes pages short."""
    clock = ManualClock(NOW)
    fake = FakeStrava(clock)
    if has_short_pages:
        fake.inject(Fault.SHORT_PAGE, count=None)
    fake.add_activities(ATHLETE, real)
    world = World(clock, fake, fake)
    listed = world.walk(world.token(), limit=50, hides=has_short_pages)
    assert len(listed) == sum(not each["private"] for each in real)
    assert tuple(listed) == fake.visible_activities(ATHLETE)


def test_a_rolling_window_costs_one_call(real: list[dict[str, Any]]) -> None:
    """A list that reaches back beyond `after` is known to be the last."""
    clock = ManualClock(datetime(2025, 10, 20, tzinfo=UTC))
    fake = FakeStrava(clock)
    fake.add_activities(ATHLETE, real)
    world = World(clock, fake, fake)
    since = clock.now() - timedelta(days=30)
    listed = world.walk(world.token(scope=ALL_SCOPE), limit=200, after=since)
    assert listed == [each for each in fake.visible_activities(ATHLETE) if each.started_at >= since]
    assert listed
    assert fake.calls(CallKind.ACTIVITIES) == 1


def test_told_after_strava_lists_the_oldest_first(fake: FakeStrava) -> None:
    """So a caller who asks for the newest must not say `after`; and one in the future is refused."""
    World(ManualClock(NOW), fake, fake).add(5)
    token = fake.exchange(fake.code_for(ATHLETE)).access_token
    path = "/api/v3/athlete/activities"
    after = str(int((FIRST_START + timedelta(days=2)).timestamp()))
    rows = content(call(fake, "GET", path, token=token, after=after, per_page="2"))
    assert [each["id"] for each in rows] == [3, 4]
    rows = content(call(fake, "GET", path, token=token, per_page="2", page="2"))
    assert [each["id"] for each in rows] == [3, 2]
    later = str(int(NOW.timestamp()) + 1)
    refused = call(fake, "GET", path, token=token, after=later)
    assert refused.status == 400
    assert content(refused)["errors"] == [{"resource": "Application", "field": "after", "code": "future"}]
    for wrong in ({"per_page": "201"}, {"page": "0"}, {"before": "soon"}):
        assert call(fake, "GET", path, token=token, **wrong).status == 400


def test_an_error_of_the_fake_is_never_a_crash(fake: FakeStrava) -> None:
    """Whatever is asked of it, it answers with a status."""
    for method in ("GET", "POST", "DELETE", "PUT"):
        for path in ("/", "/api/v3/activities/x", "/api/v3/activities", "/oauth/token", "/oauth/authorize"):
            try:
                assert 300 <= call(fake, method, path).status < 500
            except CommitCollectError:
                pytest.fail("the fake raised an error of ours")
