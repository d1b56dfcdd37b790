"""Whatever answers where a DynamoDB should be: one clear line, an exit code, and nothing half-written."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest

from cli.console import Console
from commitcollect_adapters.aws import calls
from commitcollect_core.errors import EXIT_FAILURE, EXIT_TRY_LATER

ADD = ("workout", "add", "--sport-type", "Run", "--start", "2026-01-31T07:00Z", "--distance", "5km")
COMMANDS = (ADD, ("tables", "create"), ("simulate", "--demo", "--activities", "3"))
NOT_ONE = "check that this is the address of one"


class Answer(NamedTuple):
    """What is always answered; no status is no answer at all."""

    status: int
    body: bytes = b""
    content_type: str = "text/html"


def refusal(code: str) -> Answer:
    """A refusal in DynamoDB's form."""
    body = json.dumps({"__type": f"com.amazon.coral.service#{code}", "message": "said\nin two lines"})
    return Answer(400, body.encode(), "application/x-amz-json-1.0")


SILENCE, HANGING_UP = Answer(0), Answer(-1)


class Endpoint(ThreadingHTTPServer):
    """A server on this machine that knows one answer."""

    daemon_threads = True
    answer = Answer(200)

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.is_closing = threading.Event()

    @property
    def store(self) -> str:
        """As a store's address."""
        return f"dynamodb://Prod?endpoint=http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Endpoint

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answer = self.server.answer
        if answer is SILENCE:
            self.server.is_closing.wait(30)
        if answer.status > 0:
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        pass


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    """A server that answers what the test says."""
    with Endpoint() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.is_closing.set()
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def impatient(console: Console, monkeypatch: pytest.MonkeyPatch) -> Console:
    """The console, once calls to a store are not retried: no test waits twenty seconds."""
    monkeypatch.setenv("COMMITCOLLECT_POLICY_STORE_DEADLINE_SECONDS", "0")
    return console


def check(console: Console, store: str, code: int, expected: str) -> None:
    """Each command says one line, as JSON if asked to, ends with the code, and leaves no file behind."""
    for command in COMMANDS:
        outcome = console(*command, "--store", store)
        assert (outcome.code, outcome.out) == (code, ""), (command, outcome)
        (line,) = outcome.err.splitlines()
        assert line.startswith("Error: ")
        assert expected in line
    document = console("milestone", "list", "--store", store, "--json").document
    assert expected in document["message"]
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    ("answer", "code", "expected"),
    [
        (refusal("UnrecognizedClientException"), EXIT_FAILURE, "check them and their permissions"),
        (refusal("AccessDeniedException"), EXIT_FAILURE, "check them and their permissions"),
        (refusal("ResourceNotFoundException"), EXIT_FAILURE, "make them with: commitcollect tables create"),
        (refusal("ValidationException"), EXIT_FAILURE, "refuses: ValidationException said in two lines"),
        (refusal("UnknownOperationException"), EXIT_FAILURE, NOT_ONE),
        (refusal("ThrottlingException"), EXIT_TRY_LATER, "try again later"),
        (Answer(200, b"<html>\nWelcome\n</html>"), EXIT_FAILURE, NOT_ONE),
        (Answer(200, b"{garbage", "application/json"), EXIT_FAILURE, NOT_ONE),
        (Answer(200, b"[1, 2]", "application/json"), EXIT_FAILURE, NOT_ONE),
        (Answer(200, b"{}", "application/json"), EXIT_FAILURE, NOT_ONE),
        (Answer(200), EXIT_FAILURE, NOT_ONE),
        (Answer(301), EXIT_FAILURE, NOT_ONE),
        (Answer(400), EXIT_FAILURE, NOT_ONE),
        (Answer(403, b"<html>\nforbidden\n</html>"), EXIT_FAILURE, NOT_ONE),
        (Answer(404, b"<html>\nnot here\n</html>"), EXIT_FAILURE, NOT_ONE),
        (Answer(500, b"<html>\nsorry\n</html>"), EXIT_TRY_LATER, "check the address if that lasts"),
        (HANGING_UP, EXIT_TRY_LATER, "check the address, the network"),
        (SILENCE, EXIT_TRY_LATER, "check the address, the network"),
    ],
)
def test_what_is_no_dynamodb_is_said_in_one_line(
    console: Console,
    endpoint: Endpoint,
    monkeypatch: pytest.MonkeyPatch,
    answer: Answer,
    code: int,
    expected: str,
) -> None:
    """The line names the endpoint and says what to check, whatever is asked of it."""
    endpoint.answer = answer
    if answer is SILENCE:
        monkeypatch.setattr(calls, "READ_SECONDS_MAX", 0.1)  # for each command
    check(console, endpoint.store, code, expected)


def test_an_endpoint_that_is_down_is_said_in_one_line(console: Console) -> None:
    """The same where no server listens."""
    check(
        console,
        "dynamodb://Prod?endpoint=http://127.0.0.1:9",
        EXIT_TRY_LATER,
        "check the address, the network",
    )


def test_an_endpoint_that_speaks_no_tls_is_said_in_one_line(console: Console, endpoint: Endpoint) -> None:
    """https where http is spoken is said at once: waiting does not mend it."""
    check(console, endpoint.store.replace("http:", "https:"), EXIT_FAILURE, "no safe connection")


def test_doctor_finds_it_out(console: Console, endpoint: Endpoint) -> None:
    """The check of a store that is none fails, and says why."""
    endpoint.answer = Answer(200, b"<html>welcome</html>")
    outcome = console("doctor", "--store", endpoint.store)
    assert outcome.code == EXIT_FAILURE
    assert NOT_ONE in outcome.out
