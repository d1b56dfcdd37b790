"""The small site: this machine only, under its own name, with headers that hold a page in."""

from __future__ import annotations

import gzip
import http.client
import threading
from collections.abc import Iterator

import pytest

from commitcollect_adapters.web.loopback import LOCALHOST, Resource, open_site
from commitcollect_adapters.web.page import CONTENT_SECURITY_POLICY
from commitcollect_core.errors import InvalidInput, StorageUnavailable


def _broken() -> Resource:
    raise StorageUnavailable("the store is busy; try again")


SITE = {"/": lambda: Resource(b"hello" * 100, "text/plain"), "/broken": _broken}


@pytest.fixture
def port() -> Iterator[int]:
    """Of a site that is served."""
    with open_site(0, SITE) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def ask(port: int, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    """The status, headers and body of one answer."""
    connection = http.client.HTTPConnection(LOCALHOST, port, timeout=10)
    try:
        connection.request(
            method, path, headers={name.replace("_", "-"): each for name, each in headers.items()}
        )
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def test_answers_carry_the_policy_and_may_be_packed(port: int) -> None:
    """Every answer has the headers; HEAD has no body; gzip comes where it is accepted."""
    status, headers, body = ask(port, "/?a=b")
    assert (status, body) == (200, b"hello" * 100)
    assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert (headers["X-Content-Type-Options"], headers["Cache-Control"]) == ("nosniff", "no-store")
    assert ask(port, "/", "HEAD")[2] == b""
    _, packed, body = ask(port, "/", Accept_Encoding="gzip")
    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(body) == b"hello" * 100


def test_what_is_not_there_or_fails_is_said(port: int) -> None:
    """Unknown paths, also those that climb, are 404; a store that is busy is 503 with its reason."""
    for path in ("/nothing", "/../../etc/passwd", "/viewer.js/"):
        status, headers, body = ask(port, path)
        assert (status, headers["Content-Security-Policy"]) == (404, CONTENT_SECURITY_POLICY)
        assert b"the statue is at http://127.0.0.1" in body
    assert ask(port, "/broken")[::2] == (503, b"the store is busy; try again\n")
    assert ask(port, "/", "POST")[0] == 501


def test_other_names_for_this_machine_are_refused(port: int) -> None:
    """A page on another site that has its name point here gets nothing; our own names get the page."""
    for host in ("evil.example", f"evil.example:{port}", LOCALHOST, ""):
        assert ask(port, "/", Host=host)[0] == 403
    for host in (f"{LOCALHOST}:{port}", f"localhost:{port}"):
        assert ask(port, "/", Host=host)[0] == 200


def test_a_browser_that_goes_away_is_not_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    """A connection that breaks is passed over in silence; a mistake of ours is told."""
    with open_site(0, SITE) as server:
        for failure, is_told in (
            (BrokenPipeError(), False),
            (TimeoutError(), False),
            (ValueError("ours"), True),
        ):
            try:
                raise failure
            except (OSError, ValueError):
                server.handle_error(None, (LOCALHOST, 1))
            assert ("ours" in capfd.readouterr().err) == is_told


def test_a_port_that_is_taken_is_named(port: int) -> None:
    """The error says which port, and what to do."""
    with pytest.raises(InvalidInput, match=f"port {port}: .*give another --port"), open_site(port, SITE):
        pass
