"""A small site for this machine alone, on the standard library. For more, see `serving`."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from attrs import frozen

from commitcollect_adapters.web.negotiation import takes_gzip
from commitcollect_adapters.web.page import CONTENT_SECURITY_POLICY
from commitcollect_core.errors import CommitCollectError, InvalidInput

LOCALHOST = "127.0.0.1"
READ_SECONDS_MAX = 10
"""How long a request may take to arrive."""


@frozen
class Resource:
    """What an address answers with."""

    content: bytes
    media_type: str


Site = Mapping[str, Callable[[], Resource]]
"""Path -> what makes the answer."""


class _Server(ThreadingHTTPServer):
    """Answers each request in a thread; the process may end while one is under way."""

    daemon_threads = True

    def __init__(self, port: int, site: Site) -> None:
        super().__init__((LOCALHOST, port), _Handler)
        self.site = site

    @property
    def address(self) -> str:
        """Where the site is."""
        return f"http://{LOCALHOST}:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say what went wrong, unless the browser went away, as it does when a page is left early."""
        if not isinstance(sys.exception(), (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # only printed

    def is_ours(self, host: str | None) -> bool:
        """Whether a request names this server, and not a name that some page had point here."""
        return host in {f"{name}:{self.server_port}" for name in (LOCALHOST, "localhost")}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "CommitCollect", ""
    timeout = READ_SECONDS_MAX
    server: _Server

    def do_GET(self) -> None:
        """Answer with the resource, or say why not."""
        path = urlsplit(self.path).path
        if not self.server.is_ours(self.headers.get("Host")):
            self._refuse(HTTPStatus.FORBIDDEN, f"this site answers at {self.server.address} only")
        elif (make := self.server.site.get(path)) is None:
            self._refuse(
                HTTPStatus.NOT_FOUND, f"there is nothing here; the statue is at {self.server.address}"
            )
        else:
            try:
                resource = make()
            except CommitCollectError as failed:
                self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, failed.message)
            else:
                self._answer(HTTPStatus.OK, resource)

    do_HEAD = do_GET  # noqa: N815 - the same

    def _refuse(self, status: HTTPStatus, reason: str) -> None:
        self._answer(status, Resource(f"{reason}\n".encode(), "text/plain; charset=utf-8"))

    def _answer(self, status: HTTPStatus, resource: Resource) -> None:
        is_packed = takes_gzip(self.headers.get("Accept-Encoding", ""))
        body = gzip.compress(resource.content, 3, mtime=0) if is_packed else resource.content
        self.send_response(status)
        self.send_header("Content-Type", resource.media_type)
        self.send_header("Content-Length", str(len(body)))
        if is_packed:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's signature
        """Say nothing: a page that asks every few seconds would fill the terminal."""


@contextmanager
def open_site(port: int, site: Site) -> Iterator[_Server]:
    """A server that listens on this machine's own address; run it with ``serve_forever``.

    Raises:
        InvalidInput: the port cannot be listened on.
    """
    try:
        server = _Server(port, site)
    except OSError as refused:
        raise InvalidInput(
            f"cannot listen on {LOCALHOST}, port {port}: {refused.strerror}; give another --port",
            field="port",
        ) from refused
    with server:
        yield server
