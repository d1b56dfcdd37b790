"""The site behind an HTTP API: the same answers, out of and into events."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from adapters.aws_lambda.invoking import HOST, Call, environ_in, request
from adapters.web.visiting import ADA, CSV, GOAL
from commitcollect_adapters.aws_lambda import make_api_handler
from commitcollect_adapters.aws_lambda.keeping import Handler

ORIGIN = f"http://{HOST}"
SECRET_SEGMENT = "only-strava-knows"  # noqa: S105 - of no app


@pytest.fixture
def handler(tmp_path: Path) -> Handler:
    """The site of a store of its own."""
    return make_api_handler(environ_in(tmp_path, strava_webhook_segment=SECRET_SEGMENT))


def document(answer: Any) -> Any:
    """The body of an answer."""
    return json.loads(answer["body"])


def signed_in(handler: Handler) -> str:
    """The cookies of a person who is signed in."""
    shown = handler(request("GET", "/auth/login"), Call())
    cookies = "; ".join(each.partition(";")[0] for each in shown["cookies"])
    query = {name: value for name, (value,) in parse_qs(urlsplit(shown["headers"]["location"]).query).items()}
    form = urlencode({**query, "email": ADA})
    kind = "application/x-www-form-urlencoded"
    answered = handler(
        request("POST", "/auth/local", body=form, content_type=kind, origin=ORIGIN, cookie=cookies), Call()
    )
    back = urlsplit(answered["headers"]["location"])
    done = handler(request("GET", back.path, query=back.query, cookie=cookies), Call())
    assert done["statusCode"] == 302
    cookie: str = next(each for each in done["cookies"] if each.startswith("cc_session="))
    return cookie.partition(";")[0]


def test_a_request_is_answered(handler: Handler) -> None:
    """With status, headers and body; a second one by the same container."""
    for _ in range(2):
        answer = handler(request("GET", "/health", x_correlation_id="flow-1"), Call())
        assert answer["statusCode"] == 200
        assert document(answer)["status"] == "healthy"
        assert answer["headers"]["x-correlation-id"] == "flow-1"
    assert handler(request("GET", "/nothing"), Call())["statusCode"] == 404


def test_a_person_signs_in_and_brings_a_history(handler: Handler) -> None:
    """Cookies both ways, a binary body, and an import that has ended when it is answered."""
    cookie = signed_in(handler)
    made = handler(
        request(
            "POST", "/milestones", body=json.dumps(GOAL), cookie=cookie, origin=ORIGIN,
            content_type="application/json",
        ),
        Call(),
    )  # fmt: skip
    assert made["statusCode"] == 201
    upload = request("POST", "/imports", query="name=a.csv", cookie=cookie, origin=ORIGIN,
                     content_type="application/octet-stream")  # fmt: skip
    upload["body"], upload["isBase64Encoded"] = base64.b64encode(CSV.encode()).decode(), True
    brought = handler(upload, Call())
    assert brought["statusCode"] == 202
    assert (document(brought)["state"], document(brought)["changed"]) == ("done", 2)
    shown = handler(request("GET", f"/milestones/{document(made)['milestoneId']}", cookie=cookie), Call())
    assert document(shown)["milestone"]["partsEarned"] > 0


def test_a_stream_of_events_ends(handler: Handler) -> None:
    """It tells of the moment, and the browser asks again: an answer that goes on would never arrive."""
    cookie = signed_in(handler)
    streamed = handler(request("GET", "/events", cookie=cookie), Call())
    assert streamed["headers"]["content-type"].startswith("text/event-stream")
    assert "event: ledger" in streamed["body"]
    assert "retry: " in streamed["body"]


def test_what_is_no_text_is_sent_as_bytes(handler: Handler) -> None:
    """Models and pictures arrive whole."""
    model = handler(request("GET", "/statues/DRAGON_2026/mesh"), Call())
    assert model["statusCode"] == 200
    assert model["isBase64Encoded"]
    assert base64.b64decode(model["body"])[:4] == b"glTF"


def test_the_secret_path_of_events_is_not_logged(
    handler: Handler, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Neither by the site nor by what carries requests to it."""
    query = "hub.mode=subscribe&hub.verify_token=v&hub.challenge=c"
    answer = handler(request("GET", f"/webhooks/strava/{SECRET_SEGMENT}", query=query), Call())
    assert document(answer) == {"hub.challenge": "c"}
    shown = capsys.readouterr()
    assert SECRET_SEGMENT not in shown.out + shown.err + caplog.text
