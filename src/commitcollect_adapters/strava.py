"""Strava over HTTP. Needs the extra ``commitcollect[strava]``.

It stands on httpcore, the part of httpx below its client: that follows no redirects, takes no proxies from
the environment, unpacks nothing, and writes no address into logs, in some of which Strava wants the app's
secret. And there every wait for the network can be held to one deadline, so that a server that drips a byte
a second, be it in the headers, is cut off in time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from ssl import SSLContext
from threading import local
from time import monotonic
from types import TracebackType
from urllib.parse import urlencode

import httpcore
from attrs import frozen

from commitcollect_adapters.strava_protocol import Answer, Request, Revocation, StravaApp, StravaClient
from commitcollect_core.errors import StravaUnavailable
from commitcollect_core.policy import DEFAULT_POLICY, Policy

__all__ = ["HttpStrava", "Revocation", "StravaApp", "Timeouts"]

CONNECTIONS_MAX = 10
KEPT_SECONDS = 30
"""How long a connection is kept open for the next call."""

_SAID_ALWAYS = {"User-Agent": "commitcollect", "Accept": "application/json", "Accept-Encoding": "identity"}
_FORM = "application/x-www-form-urlencoded"


@frozen(kw_only=True)
class Timeouts:
    """How long to wait for Strava.

    Attributes:
        connect_seconds: for a connection, and for its encryption.
        read_seconds: for the next piece of an answer.
        total_seconds: for all of it. Looking up the address is not in it; the machine has its own limit.
    """

    connect_seconds: float = 5.0
    read_seconds: float = 15.0
    total_seconds: float = 30.0


class HttpStrava(StravaClient):
    """`StravaApi` over HTTP; thread-safe. Close it at the end, or use it in a ``with``."""

    def __init__(
        self, app: StravaApp, *, policy: Policy = DEFAULT_POLICY, timeouts: Timeouts | None = None
    ) -> None:
        """Ask in the name of `app`; nothing is sent yet."""
        self._http = _HttpTransport(timeouts or Timeouts())
        super().__init__(app, self._http, policy=policy)

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._http.close()

    def __enter__(self) -> HttpStrava:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _HttpTransport:
    """A `Transport` over HTTP, with one deadline for each call."""

    def __init__(self, timeouts: Timeouts) -> None:
        self._timeouts = timeouts
        self._deadline = _Deadline()
        self._pool = httpcore.ConnectionPool(
            max_connections=CONNECTIONS_MAX,
            keepalive_expiry=KEPT_SECONDS,
            network_backend=_Backend(self._deadline),
        )

    def close(self) -> None:
        self._pool.close()

    def send(self, request: Request) -> Answer:
        """See `Transport`."""
        self._deadline.at = monotonic() + self._timeouts.total_seconds
        try:
            with _asked(self._pool, request, self._timeouts) as response:
                body = _bounded(response, request.bytes_max(response.status))
        except httpcore.TimeoutException as late:
            raise StravaUnavailable("Strava did not answer in time; try again later") from late
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol) as failed:
            raise StravaUnavailable(
                f"Strava cannot be reached ({type(failed).__name__}); try again later"
            ) from failed
        return Answer(status=response.status, headers=_headers(response), body=body)


@contextmanager
def _asked(
    pool: httpcore.ConnectionPool, request: Request, timeouts: Timeouts
) -> Iterator[httpcore.Response]:
    """The answer to a request, its body still to be read; closed at the end, read or not."""
    headers = {**_SAID_ALWAYS, **request.headers}
    content = None
    if request.method == "POST":
        headers["Content-Type"] = _FORM
        content = urlencode(request.form).encode()
    address = f"{request.address}?{urlencode(request.query)}" if request.query else request.address
    waits = {
        "connect": timeouts.connect_seconds,
        "read": timeouts.read_seconds,
        "write": timeouts.read_seconds,
        "pool": timeouts.total_seconds,
    }
    with pool.stream(
        request.method, address, headers=list(headers.items()), content=content, extensions={"timeout": waits}
    ) as response:
        yield response


def _bounded(response: httpcore.Response, bytes_max: int) -> bytes:
    """The body, or as much of it as shows that it is too long."""
    body = bytearray()
    for chunk in response.iter_stream():
        body += chunk
        if len(body) > bytes_max:
            break
    return bytes(body)


def _headers(response: httpcore.Response) -> dict[str, str]:
    """The headers by name in lower case; one that came twice counts as its last."""
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}


class _Deadline(local):
    """When the call of this thread must be over, by the monotonic clock."""

    at: float = 0.0

    def cut(self, seconds: float | None) -> float:
        """How long one wait may take.

        Raises:
            httpcore.ReadTimeout: the deadline has passed.
        """
        left = self.at - monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the call took too long altogether")
        return left if seconds is None else min(seconds, left)


class _Backend(httpcore.NetworkBackend):
    """The network, with every wait held to the deadline."""

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
        """See httpcore."""
        stream = self._network.connect_tcp(
            host, port, self._deadline.cut(timeout), local_address, socket_options
        )
        return _Stream(stream, self._deadline)


class _Stream(httpcore.NetworkStream):
    """A connection, with every wait held to the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """See httpcore."""
        return self._stream.read(max_bytes, self._deadline.cut(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """See httpcore."""
        self._stream.write(buffer, self._deadline.cut(timeout))

    def close(self) -> None:
        """See httpcore."""
        self._stream.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """See httpcore."""
        stream = self._stream.start_tls(ssl_context, server_hostname, self._deadline.cut(timeout))
        return _Stream(stream, self._deadline)

    def get_extra_info(self, info: str) -> object:
        """See httpcore."""
        return self._stream.get_extra_info(info)
