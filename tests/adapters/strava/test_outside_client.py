"""The fake Strava, judged by a client that others wrote: stravalib, over HTTP."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from commitcollect_adapters.strava.fake import FakeStrava
from commitcollect_adapters.strava.fake.activities import old_type
from commitcollect_adapters.strava.fake.server import application
from commitcollect_adapters.system import ManualClock
from commitcollect_adapters.web.serving import serving
from commitcollect_core.training.sports import SPORT_TYPES
from commitcollect_core.values import AthleteId

requests = pytest.importorskip("requests", reason="the dependency group 'test' brings requests")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what its dependencies think of newer Pythons is not about the fake
    stravalib = pytest.importorskip("stravalib", reason="the dependency group 'test' brings stravalib")

ATHLETE = AthleteId("42")
NOW = datetime.now(UTC)
SCOPE = ["read", "activity:read_all"]
CALLBACK = "https://example.org/webhooks/strava"
SECRET = "fake-client-secret"  # noqa: S105 - of no real app
APP = {"client_id": 4711, "client_secret": SECRET}


_HTTPAdapter: Any = requests.adapters.HTTPAdapter


class _ToFake(_HTTPAdapter):  # type: ignore[misc]  # untyped
    """Sends what is meant for Strava to the fake; the client knows no other address."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self._base = base
        self.paths: list[str] = []

    def send(self, request: Any, **how: Any) -> Any:
        """Send a request."""
        self.paths.append(urlsplit(request.url).path)
        request.url = request.url.replace("https://www.strava.com", self._base)
        return super().send(request, **{**how, "proxies": {}})


@pytest.fixture
def fake() -> FakeStrava:
    """A Strava with one athlete and an activity of every known sport type."""

    def shake_hands(address: str) -> tuple[int, bytes]:
        challenge = parse_qs(urlsplit(address).query)["hub.challenge"][0]
        return 200, f'{{"hub.challenge": "{challenge}"}}'.encode()

    made = FakeStrava(ManualClock(NOW), client_secret=SECRET, http_get=shake_hands)
    made.sign_in(ATHLETE)
    made.add_activities(
        ATHLETE,
        (
            {
                "id": 1_000 + number,
                "sport_type": sport_type,
                "name": sport_type,
                "start_date": f"2026-01-{number % 28 + 1:02}T07:00:00Z",
                "distance": 1_000.5 + number,
                "moving_time": 600,
                "elapsed_time": 700,
                "total_elevation_gain": 12.0,
                "utc_offset": 0.0,
            }
            for number, sport_type in enumerate(sorted(SPORT_TYPES.values()))
        ),
    )
    return made


@pytest.fixture
def client(fake: FakeStrava, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The outside client, whose Strava is the fake."""
    monkeypatch.setenv("SILENCE_TOKEN_WARNINGS", "true")
    with serving(application(fake)) as address, requests.Session() as session:
        adapter = _ToFake(address)
        session.mount("https://", adapter)
        made = stravalib.Client(requests_session=session, rate_limiter=lambda *_: None)
        made.adapter = adapter
        yield made


def connected(client: Any, fake: FakeStrava) -> Any:
    """Authorize and exchange, as an app does."""
    leaves_for = client.authorization_url(
        client_id=4711, redirect_uri="http://localhost/back", scope=SCOPE, state="abc"
    )
    came_back = parse_qs(urlsplit(fake.visit_consent(leaves_for)).query)
    assert (came_back["state"], came_back["scope"]) == (["abc"], [",".join(SCOPE)])
    tokens, athlete = client.exchange_code_for_token(code=came_back["code"][0], return_athlete=True, **APP)
    assert athlete.id == int(ATHLETE)
    return tokens


def test_an_outside_client_connects_refreshes_and_disconnects(client: Any, fake: FakeStrava) -> None:
    """The tokens it is given open what they should, are replaced, and end with the permission."""
    tokens = connected(client, fake)
    assert client.get_athlete().id == int(ATHLETE)
    fake.expire_access_tokens(ATHLETE)
    with pytest.raises(stravalib.exc.AccessUnauthorized):
        client.get_athlete()
    renewed = client.refresh_access_token(refresh_token=tokens["refresh_token"], **APP)
    assert renewed["refresh_token"] != tokens["refresh_token"]
    assert renewed["expires_at"] > NOW.timestamp()
    assert client.get_athlete().id == int(ATHLETE)
    client.deauthorize()
    assert client.adapter.paths[-1] == "/api/v3/oauth/deauthorize"
    assert not fake.has_permission(ATHLETE)
    with pytest.raises(stravalib.exc.AccessUnauthorized):
        client.get_athlete()


def test_an_outside_client_reads_every_sport(client: Any, fake: FakeStrava) -> None:
    """Its own lists of `type` and `sport_type` are strict, so a wrong value would be an error."""
    connected(client, fake)
    listed = {each.name: each for each in client.get_activities(limit=None)}
    assert listed.keys() == set(SPORT_TYPES.values())
    for sport_type, each in listed.items():
        assert (each.sport_type.root, each.type.root) == (sport_type, old_type(sport_type))
    some = listed["TrailRun"]
    whole = client.get_activity(some.id)
    assert (whole.sport_type.root, whole.type.root) == ("TrailRun", "Run")
    assert (float(whole.distance), whole.moving_time, whole.start_date) == (
        float(some.distance),
        600,
        some.start_date,
    )
    fake.edit(some.id, sport_type="GravelRide")
    assert client.get_activity(some.id).type.root == "Ride"
    with pytest.raises(stravalib.exc.ObjectNotFound):
        client.get_activity(999)


@pytest.mark.parametrize(
    ("sport_type", "shown"),
    [
        ("GravelRide", "Ride"),
        ("MountainBikeRide", "Ride"),
        ("EMountainBikeRide", "EBikeRide"),
        ("TrailRun", "Run"),
        ("VirtualRow", "Rowing"),
        ("Pickleball", "Workout"),
        ("HighIntensityIntervalTraining", "Workout"),
        ("Padel", "Workout"),
        ("VirtualRide", "VirtualRide"),
        ("Velomobile", "Velomobile"),
        ("ANewSport", "Workout"),
    ],
)
def test_type_is_the_shorter_list(sport_type: str, shown: str) -> None:
    """Newer sport types are shown as the nearest old one, and as Workout where there is none."""
    assert old_type(sport_type) == shown


def test_an_outside_client_manages_the_subscription(client: Any) -> None:
    """Made after a handshake, listed, refused a second time, and removed with the secret in a form."""
    made = client.create_subscription(callback_url=CALLBACK, verify_token="STRAVA", **APP)  # noqa: S106 - no real one
    (listed,) = client.list_subscriptions(**APP)
    assert (listed.id, listed.callback_url) == (made.id, CALLBACK)
    with pytest.raises(stravalib.exc.Fault):
        client.create_subscription(callback_url=CALLBACK, verify_token="STRAVA", **APP)  # noqa: S106 - no real one
    client.delete_subscription(made.id, **APP)
    assert list(client.list_subscriptions(**APP)) == []


@pytest.mark.parametrize("prefix", ["/oauth", "/api/v3/oauth"])
def test_tokens_are_given_at_both_addresses(client: Any, fake: FakeStrava, prefix: str) -> None:
    """`/api/v3/oauth/token` answers as `/oauth/token` does, refusals included."""
    session = client.protocol.rsession
    form = {**APP, "grant_type": "authorization_code", "code": fake.code_for(ATHLETE)}
    given = session.post(f"https://www.strava.com{prefix}/token", data=form)
    assert given.json()["athlete"]["id"] == int(ATHLETE)
    assert session.post(f"https://www.strava.com{prefix}/token", data=form).status_code == 400
    bearer = {"Authorization": f"Bearer {given.json()['access_token']}"}
    assert session.post(f"https://www.strava.com{prefix}/deauthorize", headers=bearer).status_code == 200
    assert not fake.has_permission(ATHLETE)
