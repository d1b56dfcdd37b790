from __future__ import annotations

import gzip
import json
import logging
import socket
from threading import Thread

import pytest

from adapters.strava.loopback import Behaviour, Connection, response, serving
from adapters.strava.scripted import (
    ACCESS_TOKEN,
    ACTIVITY_ID,
    APP,
    CALLS,
    CANARIES,
    REFRESH_TOKEN,
    payload,
    told,
)
from commitcollect_adapters.strava.http import HttpStrava, StravaApp, Timeouts
from commitcollect_core.errors import CommitCollectError, StravaUnavailable
from commitcollect_core.strava.rates import Meter, RateReading

ACTIVITY = json.dumps(payload()).encode()
QUICK = Timeouts(connect_seconds=0.3, read_seconds=0.3, total_seconds=0.6)
TEN_MEGABYTES = 10_000_000


def raised(behave: Behaviour, call: str = "activity") -> CommitCollectError:
    """What a call raises when the server behaves so; no server outlasts its deadline."""
    with serving(behave) as server, HttpStrava(server.app, timeouts=QUICK) as api:
        with pytest.raises(CommitCollectError) as caught:
            CALLS[call](api)
        assert not server.outlasted.is_set()
    return caught.value


def test_an_answer_comes_through_with_its_counts() -> None:
    """A plain activity over real HTTP, whatever the case of the headers' names."""
    whole = response(ACTIVITY, headers="X-RateLimit-Usage: 5,6\r\nx-readratelimit-LIMIT: 100,1000\r\n")
    with serving(lambda connection: connection.send(whole)) as server, HttpStrava(server.app) as api:
        answer = api.activity(ACCESS_TOKEN, ACTIVITY_ID)
    assert answer.activity is not None
    assert answer.rates == RateReading(used=Meter(5, 6), read_limit=Meter(100, 1000))
    [request] = server.requests
    assert request.startswith(b"GET /activities/100 HTTP/1.1\r\n")
    assert f"authorization: bearer {ACCESS_TOKEN}".encode() in request.lower()


def test_a_form_is_sent_as_one() -> None:
    """Secrets go in the body, escaped, with its length and its kind."""
    grant = response(b'{"access_token": "a", "refresh_token": "b", "expires_at": 1542940199}')
    with serving(lambda connection: connection.send(grant)) as server, HttpStrava(server.app) as api:
        api.refresh(REFRESH_TOKEN + "&x=ü")
    [request] = server.requests
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /token HTTP/1.1\r\n")
    assert b"application/x-www-form-urlencoded" in head
    assert body.endswith(f"refresh_token={REFRESH_TOKEN}%26x%3D%C3%BC".encode())


@pytest.mark.parametrize(
    "behave",
    [
        lambda connection: connection.send(b""),
        lambda connection: connection.send(b"garbage\r\n\r\n"),
        lambda connection: connection.send(b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{"),
        lambda connection: connection.send(b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n"),
        lambda connection: connection.send(b"HTTP/1.1 200 OK\r\nx: " + b"x" * 2_000_000),
        lambda connection: connection.send(b"HTTP/1.1 999 Odd\r\n\r\n"),
        lambda connection: connection.send(
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nnope\r\n"
        ),
        lambda connection: connection.hang(),
        lambda connection: connection.drip(response(ACTIVITY), seconds=0.1),
        lambda connection: connection.drip(b"HTTP/1.1 200 OK\r\nx-a: " + b"a" * 500, seconds=0.1),
        lambda connection: (
            connection.send(b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n"),
            connection.drip(b"x" * 900, seconds=0.1),
        ),
        lambda connection: (
            connection.send(b"HTTP/1.1 503 Busy\r\ncontent-length: 900\r\n\r\n"),
            connection.drip(b"x" * 900, seconds=0.1),
        ),
        lambda connection: connection.send(
            response(gzip.compress(ACTIVITY), headers="content-encoding: gzip\r\n")
        ),
    ],
    ids=[
        "closed", "garbage", "cut short", "bad header", "endless header", "odd status", "bad chunk", "hang",
        "drip", "drip in headers", "drip in body", "drip in error", "packed",
    ],
)  # fmt: skip
def test_a_server_that_does_not_behave_is_unavailable(behave: Behaviour) -> None:
    """Whatever a server does or leaves undone, the call ends in time with the one error for it."""
    assert type(raised(behave)) is StravaUnavailable


def test_no_single_wait_goes_beyond_the_deadline() -> None:
    """However long one piece of an answer may take, all of it together may not take longer."""
    long_reads = Timeouts(connect_seconds=60, read_seconds=60, total_seconds=0.3)
    with serving(lambda connection: connection.hang()) as server:
        with HttpStrava(server.app, timeouts=long_reads) as api, pytest.raises(StravaUnavailable):
            api.activity(ACCESS_TOKEN, ACTIVITY_ID)
        assert not server.outlasted.is_set()


@pytest.mark.parametrize("status", ["200 OK", "404 Not Found", "500 Oops"])
def test_ten_megabytes_are_not_read(status: str) -> None:
    """Reading stops a little beyond the limit; what is too long is never an answer."""
    sent: list[int] = []

    def flood(connection: Connection) -> None:
        head = f"HTTP/1.1 {status}\r\ncontent-length: {TEN_MEGABYTES}\r\n\r\n"
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
        connection.socket.sendall(head.encode())
        for _ in range(TEN_MEGABYTES // 50_000):
            connection.socket.sendall(b"x" * 50_000)
            sent.append(50_000)

    assert type(raised(flood)) is StravaUnavailable
    assert sum(sent) < TEN_MEGABYTES


def test_a_redirect_is_not_followed() -> None:
    """No token goes where a redirect points to, be it another host or the same."""
    with serving(lambda connection: connection.send(response(ACTIVITY))) as elsewhere:
        location = f"location: http://127.0.0.1:{elsewhere.port}/activities/100\r\n"
        for status in ("301 Moved", "302 Found", "307 Temporary", "308 Permanent"):
            found = raised(
                lambda connection, status=status: connection.send(  # type: ignore[misc]
                    response(b"", status=status, headers=location)
                )
            )
            assert type(found) is StravaUnavailable
    assert not elsewhere.requests


def test_no_proxy_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable of the environment cannot have the tokens sent elsewhere."""
    with serving(lambda connection: connection.send(response(b"{}"))) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        answer = response(ACTIVITY)
        with serving(lambda connection: connection.send(answer)) as server, HttpStrava(server.app) as api:
            assert api.activity(ACCESS_TOKEN, ACTIVITY_ID).activity is not None
    assert not proxy.requests


def test_no_server_there_is_unavailable() -> None:
    """A refused connection and an address of another kind are outages, not crashes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    for base in (f"http://127.0.0.1:{port}", "gopher://127.0.0.1"):
        app = StravaApp(client_id="1", client_secret=APP.client_secret, api_base=base)
        with HttpStrava(app, timeouts=QUICK) as api, pytest.raises(StravaUnavailable):
            api.activity(ACCESS_TOKEN, ACTIVITY_ID)


def test_no_secret_is_logged_or_told(caplog: pytest.LogCaptureFixture) -> None:
    """With every logger as talkative as it can be, no canary is in a log, an error or a representation."""
    caplog.set_level(logging.DEBUG)
    talkative = response(b'{"message": "canary-body"}', status="418 No", headers="x-note: quiet\r\n")
    for call in CALLS:
        for behave in (
            lambda connection: connection.send(talkative),
            lambda connection: connection.send(b"garbage\r\n\r\n"),
        ):
            with serving(behave) as server, HttpStrava(server.app, timeouts=QUICK) as api:
                with pytest.raises(CommitCollectError) as caught:
                    CALLS[call](api)
                texts = [*told(caught.value), repr(api), repr(server.app)]
            assert not any(canary in text for text in texts for canary in (*CANARIES, "canary-body"))
    assert caplog.records
    assert not any(canary in caplog.text for canary in (*CANARIES, "canary-body"))


def test_one_client_serves_many_threads() -> None:
    """Calls from several threads at once do not disturb one another's deadlines or answers."""
    found: list[object] = []

    def ask(api: HttpStrava) -> None:
        found.append(api.activity(ACCESS_TOKEN, ACTIVITY_ID).activity)

    answer = response(ACTIVITY)
    with serving(lambda connection: connection.send(answer)) as server, HttpStrava(server.app) as api:
        threads = [Thread(target=ask, args=(api,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(found) == 8
    assert None not in found
