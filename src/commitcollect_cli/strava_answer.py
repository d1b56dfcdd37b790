"""What Strava sends a browser back with: taken at a port of this machine, or pasted by a person."""

from __future__ import annotations

import os
import re
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import click

from commitcollect_adapters.addresses import LOCAL_HOSTS
from commitcollect_cli.output import ask, say
from commitcollect_core.errors import InvalidInput

LOCALHOST = "127.0.0.1"
REQUEST_SECONDS_MAX = 10
"""How long a request may take to arrive."""
WITHOUT_PORT = {f"http://{host}" for host in LOCAL_HOSTS}
"""Addresses of this machine at which nothing listens, as the setting has one by default."""

_READ_BYTES = 65_536
_LINE_CHARS_MAX = 10_000
_DONE = b"Strava's answer has arrived. You may close this page and go back to the terminal.\n"
_NOT_IT = b"This is not the answer that the terminal waits for.\n"

_QUOTES = " \t\"'<>`"
_ESCAPED_AMPERSAND = re.compile(r"&(?:amp|#0*38|#x0*26);", re.IGNORECASE)
_SEPARATORS = re.compile(r"[,\s]+")
_SCOPES = (
    "read",
    "read_all",
    "profile:read_all",
    "profile:write",
    "activity:read",
    "activity:read_all",
    "activity:write",
)
"""Strava's scopes; others that it may add are taken as they are."""

_PASTED_LINES_MAX = 10


class Returned:
    """The address a browser ended on, as people paste it: escaped, quoted, cut into lines."""

    def __init__(self, pasted: str) -> None:
        text = _ESCAPED_AMPERSAND.sub("&", pasted.strip(_QUOTES)).replace("\\", "")
        # The part behind the question mark alone will do; a fragment (`#_=_`) is no part of it.
        query = text.partition("?")[2] or text
        self._values = parse_qs(query.partition("#")[0], keep_blank_values=True)

    def value(self, name: str) -> str:
        """A value of its query without white space; empty if it is not there."""
        return "".join(self._values.get(name, [""])[0].split())

    @property
    def scope(self) -> list[str]:
        """What was granted. Strava separates it by commas; on the way they may become spaces."""
        return [each for each in _SEPARATORS.split(self._values.get("scope", [""])[0]) if each]

    @property
    def is_complete(self) -> bool:
        """Whether it is an address that Strava sends browsers to, down to its end."""
        if not self.value("state"):
            return False
        return bool(self.value("error")) or (bool(self.value("code")) and self._has_whole_scope)

    @property
    def _has_whole_scope(self) -> bool:
        """Whether the scope, which comes last, is there and does not break off inside a name."""
        last = self.scope[-1] if self.scope else ""
        is_cut = last not in _SCOPES and any(each.startswith(last) for each in _SCOPES if last)
        return "scope" in self._values and not is_cut

    @property
    def is_begun(self) -> bool:
        """Whether it can be the beginning of such an address."""
        is_page_before = "client_id" in self._values
        return not is_page_before and not self._values.keys().isdisjoint({"state", "code"})


class _Pasted:
    """Lines that a person pastes, until they make an address."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def add(self, line: str) -> Returned | None:
        """The address, if the lines make one by now; else say what is missing."""
        self._lines = [*self._lines[1 - _PASTED_LINES_MAX :], line]
        # The fewest lines that make an address: what was pasted before it may be something else.
        for count in range(1, len(self._lines) + 1):
            if (came_back := Returned("".join(self._lines[-count:]))).is_complete:
                return came_back
        if Returned(line).is_begun:
            say("The address goes on from there: paste the rest, or all of it again.")
        else:
            say("That is not it: the address holds state=… and code=…, or error=… if access was refused.")
        return None


class Asking:
    """Asks a person alone."""

    def __init__(self, redirect_uri: str) -> None:
        """Where Strava is to send browsers: a page of an operator's own, or one that cannot be shown."""
        self.redirect_uri = redirect_uri

    def wait(self) -> Returned:
        """Ask for the address the browser ended on until it is complete; it may come in several lines.

        Raises:
            InvalidInput: the input ends before that.
        """
        pasted = _Pasted()
        while (line := ask("Address")) is not None:
            if (came_back := pasted.add(line)) is not None:
                return came_back
        raise _not_given()


class Listening:
    """Listens at a port of this machine, and reads what is pasted meanwhile."""

    def __init__(self, server: _Server, stdin: int) -> None:
        """Take a server that listens, and the descriptor of standard input."""
        self._server = server
        self._stdin = stdin
        self.redirect_uri = f"http://{LOCALHOST}:{server.server_port}/"

    def wait(self) -> Returned:
        """The answer that arrives first, at the port or at the terminal; otherwise as `Asking.wait`."""
        pasted, unfinished, listener = _Pasted(), "", self._server.fileno()
        _prompt()
        while True:
            ready, _, _ = select.select([self._server.arrived, listener, self._stdin], [], [])
            if self._server.arrived in ready and self._server.answer is not None:
                say("")
                return self._server.answer
            if listener in ready:
                self._server.handle_request()
            if self._stdin in ready:
                # Past sys.stdin: lines that it holds back would not show here as ready.
                read = os.read(self._stdin, _READ_BYTES)
                if not read:
                    say("")
                    raise _not_given()
                *lines, unfinished = f"{unfinished}{read.decode(errors='replace')}".split("\n")
                unfinished = unfinished[-_LINE_CHARS_MAX:]
                for line in lines:
                    if (came_back := pasted.add(line)) is not None:
                        return came_back
                    _prompt()


def _prompt() -> None:
    click.echo("Address: ", file=sys.stderr, nl=False)


def _not_given() -> InvalidInput:
    return InvalidInput(
        "no address was given; run the command again, and paste the address the browser ends on",
        field="address",
    )


class _Server(ThreadingHTTPServer):
    """Takes the first complete answer. In threads, as browsers open connections that they do not use."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__((LOCALHOST, 0), _Handler)
        self.answer: Returned | None = None
        self.arrived, self._written = os.pipe()

    def take(self, answer: Returned) -> None:
        """Keep an answer, and wake the terminal."""
        self.answer = answer
        os.write(self._written, b"!")

    def server_close(self) -> None:
        super().server_close()
        os.close(self.arrived)
        os.close(self._written)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: the browser went away."""


class _Handler(BaseHTTPRequestHandler):
    server_version, sys_version = "CommitCollect", ""
    timeout = REQUEST_SECONDS_MAX
    server: _Server

    def do_GET(self) -> None:
        """Take the answer, or say that this is none."""
        came_back = Returned(self.path)
        is_it = self.path.startswith("/?") and came_back.is_complete
        body = _DONE if is_it else _NOT_IT
        self.send_response(HTTPStatus.OK if is_it else HTTPStatus.NOT_FOUND)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()
        self.wfile.write(body)
        if is_it:
            self.server.take(came_back)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's signature
        """Say nothing: the line would hold the code."""


@contextmanager
def waiting(redirect_uri: str) -> Iterator[Asking | Listening]:
    """How the answer will come: at a port, unless an address is set or the input cannot be waited for.

    Args:
        redirect_uri: of the settings.
    """
    stdin = _waitable_input() if redirect_uri.rstrip("/") in WITHOUT_PORT else None
    if stdin is None:
        yield Asking(redirect_uri)
        return
    with _Server() as server:
        yield Listening(server, stdin)


def _waitable_input() -> int | None:
    try:
        stdin = sys.stdin.fileno()
        select.select([stdin], [], [], 0)
    except (AttributeError, OSError, ValueError):  # there is none, or it is no descriptor, or on Windows
        return None
    return stdin


def open_browser(address: str) -> None:
    """Open the browser of this desktop; nothing where there is none, or no person at a terminal."""
    if not sys.stderr.isatty():
        return
    import webbrowser

    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return
    # A browser of text would take the terminal over, and the answer could not be waited for.
    is_text = type(browser) is webbrowser.GenericBrowser
    if not is_text:
        browser.open(address)
