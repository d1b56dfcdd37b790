"""What only shows on a real address: redirects, handshakes and deliveries."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from select import select
from time import sleep
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

import commitcollect_adapters.web.serving
from adapters.strava.contract import ATHLETE, NOW, PATIENCE_SECONDS, World
from adapters.strava.scripted import VERIFY_TOKEN
from commitcollect_adapters.strava.fake import CallKind, Delivery, FakeStrava, Fault
from commitcollect_adapters.strava.fake.server import application
from commitcollect_adapters.strava.fake.webhooks import http_get, http_post
from commitcollect_adapters.strava.http import HttpStrava, Timeouts
from commitcollect_adapters.system import ManualClock
from commitcollect_adapters.web.serving import serving
from commitcollect_core.errors import StravaRefused, StravaUnavailable
from commitcollect_core.values import ActivityId


@pytest.fixture
def fake() -> FakeStrava:
    """A fake with one athlete who has two activities."""
    fake = FakeStrava(ManualClock(NOW))
    World(ManualClock(NOW), fake, fake).add(2)
    return fake


@pytest.fixture
def base(fake: FakeStrava) -> Iterator[str]:
    """Where it is served."""
    with serving(application(fake)) as address:
        yield address


@pytest.fixture
def api(fake: FakeStrava, base: str) -> Iterator[HttpStrava]:
    """A client of it."""
    with HttpStrava(fake.app_at(base)) as api:
        yield api


def fetch(address: str, method: str = "GET", **form: str) -> tuple[int, dict[str, str], bytes]:
    """Ask for an address, as a browser or a script would, and follow nothing."""
    parts = urlsplit(address)
    connection = HTTPConnection(str(parts.hostname), parts.port, timeout=PATIENCE_SECONDS)
    try:
        headers = {"content-type": "application/x-www-form-urlencoded"} if form else {}
        connection.request(method, f"{parts.path}?{parts.query}", urlencode(form), headers)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def test_a_browser_is_sent_back_with_a_code(fake: FakeStrava, api: HttpStrava) -> None:
    """The page of consent answers at once for the athlete who is signed in."""
    fake.sign_in(ATHLETE)
    status, headers, _ = fetch(
        api.authorize_url(state="st", scope=["read", "activity:read"], redirect_uri="http://localhost/back")
    )
    assert status == 302
    back = parse_qs(urlsplit(headers["location"]).query)
    assert (back["state"], back["scope"]) == (["st"], ["read,activity:read"])
    assert api.exchange(back["code"][0]).athlete_id == ATHLETE


def test_any_client_that_speaks_http_is_understood(fake: FakeStrava, base: str) -> None:
    """Not just our client: forms and headers as every other tool sends them."""
    app = fake.app_at(base)
    status, headers, body = fetch(
        f"{base}/oauth/token",
        "POST",
        client_id=app.client_id,
        client_secret=app.client_secret,
        grant_type="authorization_code",
        code=fake.code_for(ATHLETE),
    )
    assert status == 200
    assert headers["content-type"].startswith("application/json")
    assert json.loads(body)["token_type"] == "Bearer"  # noqa: S105 - a kind of token
    assert fetch(f"{base}/api/v3/athlete")[0] == 401
    assert fetch(f"{base}/nothing")[0] == 404
    assert fetch(f"{base}/api/v3/athlete", "PUT")[0] == 404


class Receiver:
    """Takes handshakes and events over HTTP, and calls Strava while it answers a handshake."""

    def __init__(self, api: HttpStrava) -> None:
        self._api = api
        self.events: list[dict[str, object]] = []
        self.subscriptions_during_handshake: list[int] = []
        self.is_broken = False

    def application(self) -> Starlette:
        """Its one address."""
        return Starlette(routes=[Route("/hook", self._confirm), Route("/hook", self._take, methods=["POST"])])

    def _confirm(self, request: Request) -> Response:
        self.subscriptions_during_handshake.append(len(self._api.subscriptions()))
        is_ours = request.query_params["hub.verify_token"] == VERIFY_TOKEN
        challenge = request.query_params["hub.challenge"]
        return JSONResponse({"hub.challenge": challenge}, 200 if is_ours else 403)

    async def _take(self, request: Request) -> Response:
        if self.is_broken:
            return Response(status_code=500)
        self.events.append(await request.json())
        return Response()


def test_from_a_subscription_to_events_over_http(fake: FakeStrava, api: HttpStrava) -> None:
    """The handshake arrives while the call runs; what happens then is delivered until it is taken."""
    receiver = Receiver(api)
    with serving(receiver.application()) as address:
        with pytest.raises(StravaRefused):
            api.subscribe(callback_url=f"{address}/hook", verify_token="wrong")  # noqa: S106
        number = api.subscribe(callback_url=f"{address}/hook", verify_token=VERIFY_TOKEN)
        assert receiver.subscriptions_during_handshake == [0, 0]
        api.exchange(fake.code_for(ATHLETE))
        fake.delete(ActivityId("1"))
        receiver.is_broken = True
        assert fake.deliver().failed == 1
        receiver.is_broken = False
        assert fake.deliver().accepted == 1
    [event] = receiver.events
    assert (event["object_id"], event["aspect_type"], event["subscription_id"]) == (1, "delete", number)


def test_a_fake_calls_only_this_machine(fake: FakeStrava, api: HttpStrava) -> None:
    """Whatever address is subscribed, nothing leaves the machine."""
    for address in ("http://203.0.113.9/hook", "https://localhost/hook", "ftp://localhost/hook"):
        with pytest.raises(OSError, match="only this machine"):
            http_get(address)
        with pytest.raises(OSError, match="only this machine"):
            http_post(Delivery(address, b"{}"))
        with pytest.raises(StravaRefused):
            api.subscribe(callback_url=address, verify_token=VERIFY_TOKEN)
    assert not fake.subscriptions()


def test_a_call_that_hangs_holds_up_no_other(fake: FakeStrava, base: str, api: HttpStrava) -> None:
    """While one caller waits in vain the others are answered."""
    token = api.exchange(fake.code_for(ATHLETE)).access_token
    fake.inject(Fault.HANG, CallKind.ACTIVITY)
    parts = urlsplit(base)
    with closing(HTTPConnection(str(parts.hostname), parts.port)) as hanging:
        hanging.request("GET", "/api/v3/activities/1", headers={"authorization": f"Bearer {token}"})
        while not fake.calls(CallKind.ACTIVITY):
            sleep(0)
        for _ in range(10):
            assert api.activity(token, ActivityId("1")).activity is not None
        assert select([hanging.sock], [], [], 0) == ([], [], [])


def test_a_hang_ends_with_its_caller(
    fake: FakeStrava, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server ends without waiting for an abandoned call: none has to be cancelled."""
    fake.inject(Fault.HANG)
    impatient = Timeouts(read_seconds=0.2)
    with serving(application(fake)) as base:
        logging.getLogger("uvicorn").addHandler(caplog.handler)
        # Leave the context only once the server has ended, and with that has said what it had to cancel.
        monkeypatch.setattr(commitcollect_adapters.web.serving, "STOP_SECONDS_MAX", None)
        with HttpStrava(fake.app_at(base), timeouts=impatient) as api, pytest.raises(StravaUnavailable):
            api.subscriptions()
    logging.getLogger("uvicorn").removeHandler(caplog.handler)
    assert caplog.records == []
