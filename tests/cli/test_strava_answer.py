"""``commitcollect strava connect``: a browser on this machine brings the answer back by itself."""

from __future__ import annotations

import json
import re
import subprocess
import webbrowser
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest

from cli.console import COMMAND, PATIENCE_SECONDS, environment
from cli.stravas import ATHLETE, Person, settings_for
from commitcollect_cli.strava_answer import open_browser


class Connecting(NamedTuple):
    """A command that waits for an answer, and the address it has shown."""

    process: subprocess.Popen[str]
    address: str

    @property
    def comes_back_to(self) -> str:
        """Where the command listens."""
        return parse_qs(urlsplit(self.address).query)["redirect_uri"][0]

    def ended(self) -> tuple[int, str, str]:
        """Its exit code, and what it said then; its input stays open, as a terminal's does."""
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        code = self.process.wait(timeout=PATIENCE_SECONDS)
        return code, self.process.stdout.read(), self.process.stderr.read()


@contextmanager
def connecting(person: Person, **changes: str) -> Iterator[Connecting]:
    """The command in a process of its own, with an input that stays open."""
    settings = {**settings_for(person.fake, person.address), **changes}
    with subprocess.Popen(
        [*COMMAND, "strava", "connect", "--json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, env=environment(**settings),
    ) as process:  # fmt: skip
        assert process.stderr is not None
        address = ""
        while not address:
            address = "".join(re.findall(r"http\S+authorize\S+", process.stderr.readline()))
        try:
            yield Connecting(process, address)
        finally:
            process.kill()


def test_the_browser_brings_the_answer_back(person: Person) -> None:
    """Nothing has to be pasted: the redirect ends at a port that the command listens on."""
    with connecting(person) as command:
        with urlopen(command.address, timeout=PATIENCE_SECONDS) as page:  # noqa: S310 - a loopback address
            assert b"close this page" in page.read()
        code, out, _ = command.ended()
    assert (code, json.loads(out)["athleteId"]) == (0, ATHLETE)


def test_pasting_stays_the_fallback(person: Person) -> None:
    """The address a browser elsewhere ended on is taken as before, in pieces as well."""
    with connecting(person) as command:
        ended_on = person.browse(command.address)
        assert command.process.stdin is not None
        command.process.stdin.write(f"rubbish\n{ended_on[:30]}\n{ended_on[30:]}\n")
        command.process.stdin.flush()
        code, out, said = command.ended()
    assert (code, json.loads(out)["athleteId"]) == (0, ATHLETE)
    assert "That is not it" in said


def test_other_requests_and_idle_connections_change_nothing(person: Person) -> None:
    """A browser asks for an icon and opens connections it does not use; the answer is taken all the same."""
    with connecting(person) as command:
        port = urlsplit(command.comes_back_to).port
        with closing(HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)) as idle:
            idle.connect()
            for path in ("/favicon.ico", "/?state=only", "/other?state=a&code=b&scope=read"):
                with closing(HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)) as asking:
                    asking.request("GET", path)
                    assert (
                        asking.getresponse().read()
                        == b"This is not the answer that the terminal waits for.\n"
                    )
            with urlopen(command.address, timeout=PATIENCE_SECONDS):  # noqa: S310 - a loopback address
                assert command.ended()[0] == 0


def test_with_an_address_of_ones_own_nothing_listens(person: Person) -> None:
    """The page of an operator takes the answer, so it is asked for."""
    own = "https://example.org/back"
    with connecting(person, COMMITCOLLECT_STRAVA_REDIRECT_URI=own) as command:
        assert command.comes_back_to == own
        assert command.process.stdin is not None
        command.process.stdin.close()
        code, out, _ = command.ended()
    assert (code, json.loads(out)["field"]) == (2, "address")


def test_only_a_browser_of_the_desktop_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a person at a terminal, and none that would take the terminal over."""
    opened: list[str] = []

    class Desktop(webbrowser.BaseBrowser):
        def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:  # noqa: ARG002 - the library's signature
            opened.append(url)
            return True

    class Terminal:
        def __init__(self, *, is_terminal: bool) -> None:
            self._is_terminal = is_terminal

        def isatty(self) -> bool:
            return self._is_terminal

    for browser, is_terminal in (
        (Desktop("a"), False), (webbrowser.GenericBrowser("lynx"), True), (Desktop("a"), True),
    ):  # fmt: skip
        monkeypatch.setattr(webbrowser, "get", lambda browser=browser: browser)
        monkeypatch.setattr("sys.stderr", Terminal(is_terminal=is_terminal))
        open_browser("http://127.0.0.1/")
    assert opened == ["http://127.0.0.1/"]
