"""A server on this machine that answers with whatever bytes a test wants, as slowly as it wants."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

from attrs import field, frozen

from adapters.strava.scripted import APP, CLIENT_SECRET
from commitcollect_adapters.strava.http import StravaApp

_ACCEPT_SECONDS = 0.05
_REQUEST_SECONDS_MAX = 60
HANG_SECONDS = 60
"""Far beyond any deadline of a client under test."""


@frozen
class Connection:
    """One connection, after its request has arrived."""

    socket: socket.socket
    request: bytes
    ended: Event
    outlasted: Event

    def send(self, data: bytes) -> None:
        """Send bytes, unless the other side has gone."""
        with suppress(OSError):
            self.socket.sendall(data)

    def hang(self) -> None:
        """Say nothing until the test has had enough."""
        if not self.ended.wait(HANG_SECONDS):
            self.outlasted.set()

    def drip(self, data: bytes, *, seconds: float) -> None:
        """Send a byte at a time until the other side or the test has had enough."""
        with suppress(OSError):
            for byte in data:
                if self.ended.wait(seconds):
                    return
                self.socket.sendall(bytes([byte]))
            self.outlasted.set()


Behaviour = Callable[[Connection], object]


@frozen
class Server:
    """Where it is, and what it was asked.

    Attributes:
        outlasted: a client waited until the end of an answer that was to be too slow for it.
    """

    port: int
    requests: list[bytes] = field(factory=list)
    outlasted: Event = field(factory=Event)

    @property
    def app(self) -> StravaApp:
        """An app that takes this server for Strava."""
        base = f"http://127.0.0.1:{self.port}"
        return StravaApp(client_id=APP.client_id, client_secret=CLIENT_SECRET, api_base=base, oauth_base=base)


@contextmanager
def serving(behave: Behaviour) -> Iterator[Server]:
    """A server that behaves so on every connection, one request each, until the end."""
    ended = Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(_ACCEPT_SECONDS)
        server = Server(listener.getsockname()[1])
        thread = Thread(target=_serve, args=(listener, server, behave, ended))
        thread.start()
        try:
            yield server
        finally:
            ended.set()
            thread.join()


def _serve(listener: socket.socket, server: Server, behave: Behaviour, ended: Event) -> None:
    while not ended.is_set():
        try:
            accepted, _ = listener.accept()
        except TimeoutError:
            continue
        with accepted:
            accepted.settimeout(_REQUEST_SECONDS_MAX)
            with suppress(OSError):
                server.requests.append(_request(accepted))
                behave(Connection(accepted, server.requests[-1], ended, server.outlasted))


def _request(accepted: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        if not (part := accepted.recv(65_536)):
            break
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [
        line.split(b":")[1] for line in head.lower().splitlines() if line.startswith(b"content-length")
    ]
    while lengths and len(body) < int(lengths[0]):
        body += accepted.recv(65_536)
    return head + b"\r\n\r\n" + body


def response(body: bytes, *, status: str = "200 OK", headers: str = "") -> bytes:
    """A whole answer that ends its connection."""
    head = f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n{headers}\r\n"
    return head.encode() + body
