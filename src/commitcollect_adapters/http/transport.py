"""Sends requests over HTTP. Needs httpx: the extra ``strava`` or ``identity``.

It uses httpcore with httpx's request and response classes, and not `httpx.Client`. So it follows no
redirects, takes no proxy from the environment, decompresses nothing, and logs no address: some addresses
hold a secret. Every wait for the network ends at one deadline per call, which also cuts off a server
that sends a byte a second.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from ssl import SSLContext
from threading import local
from time import monotonic

import httpcore
import httpx
from attrs import frozen

from commitcollect_adapters.http.messages import Answer, Request
from commitcollect_core.errors import UpstreamError

CONNECTIONS_MAX = 10
KEPT_SECONDS = 30
"""How long an idle connection stays open."""

_HEADERS = {"User-Agent": "commitcollect", "Accept": "application/json", "Accept-Encoding": "identity"}


@frozen(kw_only=True)
class Timeouts:
    """Timeouts of a call.

    Attributes:
        connect_seconds: for the connection, and again for TLS.
        read_seconds: between two pieces of an answer.
        total_seconds: for the whole call, without the DNS lookup.
    """

    connect_seconds: float = 5.0
    read_seconds: float = 15.0
    total_seconds: float = 30.0


class HttpTransport:
    """A `Transport` over HTTP with one deadline per call; thread-safe."""

    def __init__(self, title: str, unavailable: type[UpstreamError], timeouts: Timeouts) -> None:
        """Send requests to one service; nothing is sent yet.

        Args:
            title: of the service, for messages.
            unavailable: raised when no answer arrives in time.
            timeouts: of each call.
        """
        self._title = title
        self._unavailable = unavailable
        self._timeouts = timeouts
        self._deadline = _Deadline()
        self._connections = _Connections(self._deadline)

    def close(self) -> None:
        """Close the idle connections."""
        self._connections.close()

    def send(self, request: Request) -> Answer:
        """See `Transport`."""
        self._deadline.at = monotonic() + self._timeouts.total_seconds
        try:
            with closing(self._connections.handle_request(self._request(request))) as response:
                body = _bounded(response, request.bytes_max(response.status_code))
        except httpcore.TimeoutException as late:
            raise self._unavailable(f"{self._title} did not answer in time; try again later") from late
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol) as failed:
            raise self._unavailable(
                f"{self._title} cannot be reached ({type(failed).__name__}); try again later"
            ) from failed
        # The last of repeated headers wins.
        headers = {name.lower(): value for name, value in response.headers.multi_items()}
        return Answer(status=response.status_code, headers=headers, body=body)

    def _request(self, request: Request) -> httpx.Request:
        waits = httpx.Timeout(
            connect=self._timeouts.connect_seconds,
            read=self._timeouts.read_seconds,
            write=self._timeouts.read_seconds,
            pool=self._timeouts.total_seconds,
        )
        return httpx.Request(
            request.method,
            request.address,
            params=dict(request.query) or None,
            data=dict(request.form) if request.method == "POST" else None,
            headers={**_HEADERS, **request.headers},
            extensions={"timeout": waits.as_dict()},
        )


def _bounded(response: httpx.Response, bytes_max: int) -> bytes:
    """The body, cut after the first chunk over the limit."""
    body = bytearray()
    for chunk in response.iter_raw():
        body += chunk
        if len(body) > bytes_max:
            break
    return bytes(body)


class _Connections(httpx.BaseTransport):
    """A connection pool whose waits end at the deadline."""

    def __init__(self, deadline: _Deadline) -> None:
        self._pool = httpcore.ConnectionPool(
            max_connections=CONNECTIONS_MAX,
            keepalive_expiry=KEPT_SECONDS,
            network_backend=_Backend(deadline),
        )

    def close(self) -> None:
        self._pool.close()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; the caller reads the body and closes the response."""
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        response = self._pool.handle_request(
            httpcore.Request(
                request.method,
                url,
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(response.status, headers=response.headers, stream=_Body(response))


class _Body(httpx.SyncByteStream):
    """The body of an answer, read as it arrives."""

    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        return self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


class _Deadline(local):
    """The deadline of this thread's call, by the monotonic clock."""

    at: float = 0.0

    def cut(self, seconds: float | None) -> float:
        """The timeout of one wait.

        Raises:
            httpcore.ReadTimeout: the deadline has passed.
        """
        left = self.at - monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the call reached its deadline")
        return left if seconds is None else min(seconds, left)


class _Backend(httpcore.NetworkBackend):
    """The network, with waits that end at the deadline."""

    def __init__(self, deadline: _Deadline) -> None:
        self._deadline = deadline
        self._network = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        stream = self._network.connect_tcp(
            host, port, self._deadline.cut(timeout), local_address, socket_options
        )
        return _Stream(stream, self._deadline)


class _Stream(httpcore.NetworkStream):
    """A connection with waits that end at the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.cut(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.cut(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, self._deadline.cut(timeout))
        return _Stream(stream, self._deadline)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)
