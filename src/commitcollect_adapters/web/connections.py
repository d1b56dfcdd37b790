"""HTTP connections with limits: how long and how large requests are, how many are open, what is logged.

uvicorn itself waits for a request as long as its client likes, and takes any number and size of headers. Its
parser in C takes a third of the time of the one in Python, which every event waits for.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import re
import time
from collections.abc import Callable, Sequence
from typing import Any

from attrs import field, frozen
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

ACCEPTED_AT_ONCE_MAX = 16
"""Connections that asyncio takes from the socket in one turn of its loop, before any of them is counted."""

_TURNS_TO_MAKE_ROOM = 4
"""Turns from accepting a connection until the one that is closed for it has given its descriptor back."""

DESCRIPTORS_RESERVED = 64
"""Left to the store, the log and the sockets that listen."""

_CONNECTIONS_MAX = 512
_CONNECTIONS_MIN = 8
LOG_SECONDS = 60.0

_ADDRESS = re.compile(rb"https?://(?P<host>[^/?#]+)(?P<rest>([/?].*)?)", re.DOTALL)
"""A request line may hold one, as those to a proxy do."""

_OLD = "1.0"
_VERSIONS = ("1.1", _OLD)

_HEADER_FRAME_BYTES = 4
"""A colon, a space and the end of the line."""


def _connections_max() -> int:
    """As many as the descriptors of this process allow, with room for those just accepted or closing."""
    try:
        import resource  # noqa: PLC0415 - only where the system limits descriptors in this way
    except ModuleNotFoundError:
        return _CONNECTIONS_MAX
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if descriptors == resource.RLIM_INFINITY:
        return _CONNECTIONS_MAX
    free = (descriptors - DESCRIPTORS_RESERVED - _TURNS_TO_MAKE_ROOM * ACCEPTED_AT_ONCE_MAX) // 2
    return max(_CONNECTIONS_MIN, min(_CONNECTIONS_MAX, free))


@frozen(kw_only=True)
class Limits:
    """What a client may take.

    Attributes:
        arrival_seconds: from the connection, or the answer before, until header and body have arrived; as
            often again as `arrival_bytes` of a body have come in that time, as of a large file.
        answer_seconds: from then on until the client has taken the answer; as often again as it has taken
            all that was written so far, as of a stream of events.
        arrival_bytes: more than any body but a file may have.
        head_bytes: of the request line and the headers together, and of what the parser keeps to itself.
        headers: of one request.
        pipelined: requests of one connection that wait while another of it is answered.
        connections: open at once.
        stop_seconds: what is still open this long after the server was told to stop is closed.
    """

    arrival_seconds: float = 5.0
    answer_seconds: float = 10.0
    arrival_bytes: int = 262_144
    head_bytes: int = 32_768
    headers: int = 100
    pipelined: int = 32
    connections: int = field(factory=_connections_max)
    stop_seconds: float = 2.0


class Throttle(logging.Filter):
    """Lets each message of a logger pass once a minute: clients decide how often one is due."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Begin with no message passed; `monotonic` is a clock in seconds."""
        super().__init__()
        self._monotonic = monotonic
        self._passed_at: dict[object, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is logged."""
        # By the message without its arguments: those differ from client to client.
        now, passed_at = self._monotonic(), self._passed_at.get(record.msg)
        if passed_at is not None and now - passed_at < LOG_SECONDS:
            return False
        self._passed_at[record.msg] = now
        return True


_waits = itertools.count()
"""Numbers of waits for requests, later ones higher. The clock of a loop may not tell two of them apart."""


class _Refused(Exception):
    """A request that breaks a rule of ours; the parser then takes no more of its connection."""


class Connection(HttpToolsProtocol):
    """A connection that is closed once its client takes too long, sends too much, or too many are open."""

    def __init__(self, *, limits: Limits, logger: logging.Logger, **named: Any) -> None:
        """Take what uvicorn hands to a protocol, and the limits."""
        super().__init__(**named)
        self.logger = logger
        self._limits = limits
        self._deadline: asyncio.TimerHandle | None = None
        self._is_being_answered = False
        self._begun: RequestResponseCycle | None = None
        self._waiting_since = 0
        self._body_bytes = 0
        self._is_in_head = False
        self._head_bytes = 0
        self._untold_bytes = 0
        self._is_told = False
        self._fault = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._expect_request()
        if len(self.connections) > self._limits.connections:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer, and tell what answers."""
        self._stop_waiting()
        super().connection_lost(exc)
        # uvicorn tells the newest request alone, which may wait behind the one that is answered.
        if self._begun is not None and not self._begun.response_complete:
            self._begun.disconnected = True
            self._begun.message_event.set()

    def data_received(self, data: bytes) -> None:
        """Count what the parser tells nothing of."""
        self._is_told = False
        super().data_received(data)
        # It keeps a header until that ends, be it one behind a body, and skips notes beside chunks.
        self._untold_bytes = 0 if self._is_told else self._untold_bytes + len(data)
        if self._untold_bytes > self._limits.head_bytes:
            self.send_400_response(f"a header is longer than {self._limits.head_bytes} bytes")

    def on_message_begin(self) -> None:
        """Begin to count a request."""
        if len(self.pipeline) >= self._limits.pipelined:
            raise self._refusal(f"more than {self._limits.pipelined} requests wait on this connection")
        super().on_message_begin()
        self._is_in_head = self._is_told = True
        self._head_bytes = 0

    def on_url(self, url: bytes) -> None:
        """Take the target of a request, or more of it."""
        self._count_head(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        if not self._is_in_head:
            # They would join the headers, which have been checked by then.
            raise self._refusal("headers behind a body are not taken")
        if len(self.headers) >= self._limits.headers:
            raise self._refusal(f"a request has more than {self._limits.headers} headers")
        self._count_head(len(name) + len(value) + _HEADER_FRAME_BYTES)
        super().on_header(name, value.strip(b" \t"))

    def on_headers_complete(self) -> None:
        """Begin to answer."""
        version, hosts = self.parser.get_http_version(), self._values(b"host")
        self._check_head(version, hosts)
        self.url = self._target(hosts[0] if hosts else b"")
        super().on_headers_complete()
        self._is_in_head = False
        if self.parser.should_upgrade() or self.expect_100_continue:
            # What comes next on the connection may be of the other protocol, or the next request in the
            # place of a body that was not asked for.
            self.cycle.keep_alive = False
        if version == _OLD:
            self.cycle.waiting_for_100_continue = False

    def _check_head(self, version: str, hosts: Sequence[bytes]) -> None:
        """Refuse what a proxy may have read otherwise than the parser does."""
        if version not in _VERSIONS:
            raise self._refusal("of HTTP only versions 1.0 and 1.1 are spoken")
        if len(hosts) > 1 or (not hosts and version != _OLD):
            raise self._refusal("a request names its host once")
        codings = self._values(b"transfer-encoding")
        if codings and (version == _OLD or [each.lower() for each in codings] != [b"chunked"]):
            raise self._refusal("the only transfer coding is chunked, of HTTP 1.1")
        if self.parser.should_upgrade() and (codings or self._values(b"content-length") not in ([], [b"0"])):
            # The parser skips such a body.
            raise self._refusal("a request for another protocol has no body here; send it without Upgrade")

    def _values(self, name: bytes) -> list[bytes]:
        return [value for each, value in self.headers if each == name]

    def _target(self, host: bytes) -> bytes:
        """The path and query of a request, which may be sent as a whole address of this host."""
        target = self.url
        if not target.startswith(b"/"):
            address = _ADDRESS.fullmatch(target)
            if address is None or address["host"] != host:
                raise self._refusal("a request is for a path of its host")
            target = b"/" + address["rest"].removeprefix(b"/")
        if b"#" in target:
            raise self._refusal("a request is for a path of its host")
        return target

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body."""
        self._is_told = True
        self._body_bytes += len(body)
        super().on_body(body)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request, and close the connection behind what is still answered."""
        if self.is_answering:
            self.cycle.keep_alive = False
        elif self._is_half_answered:
            self.transport.close()
        elif not self.transport.is_closing():
            super().send_400_response(self._fault or msg)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Have a request answered."""
        self._begun = cycle
        super()._start_asgi_task(cycle, app)

    def _unsupported_upgrade_warning(self) -> None:
        """Log nothing: uvicorn recommends libraries for a protocol that is not spoken here."""

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        super().on_response_complete()
        self._expect_request()

    @property
    def is_answering(self) -> bool:
        """Whether a whole request has arrived whose answer is not sent yet."""
        if self.cycle is None:  # as before the first request, whatever uvicorn's annotation says
            return False  # type: ignore[unreachable]
        return bool(self.pipeline) or (not self.cycle.more_body and not self.cycle.response_complete)

    @property
    def holds_an_answer(self) -> bool:
        """Whether its client has yet to take an answer."""
        return self.transport.get_write_buffer_size() > 0

    @property
    def _is_half_answered(self) -> bool:
        """Whether an answer has begun whose request still arrives."""
        if self._is_in_head or self.cycle is None:  # as in `is_answering`
            return False
        return self.cycle.more_body and self.cycle.response_started

    @property
    def _is_bringing_much(self) -> bool:
        """Whether a body arrives that only a file can have, and fast enough."""
        if self.cycle is None:  # as in `is_answering`
            return False  # type: ignore[unreachable]
        is_in_body = self.cycle.more_body and not self.cycle.response_complete
        return is_in_body and self._body_bytes >= self._limits.arrival_bytes

    def _count_head(self, more_bytes: int) -> None:
        self._is_told = True
        self._head_bytes += more_bytes
        if self._head_bytes > self._limits.head_bytes:
            most = self._limits.head_bytes
            raise self._refusal(f"the request line and headers are longer than {most} bytes")

    def _refusal(self, fault: str) -> _Refused:
        # The parser hides which error ended it.
        self._fault = fault
        return _Refused(fault)

    def _make_room(self) -> None:
        """Close the connection that has waited longest for a request, be it this one."""
        # Not simply the newcomer: clients that send nothing would keep out all others.
        ours = [each for each in self.connections if isinstance(each, Connection)]
        is_open = [each for each in ours if each.holds_an_answer or not each.transport.is_closing()]
        if len(is_open) <= self._limits.connections:
            return
        waiting = [each for each in is_open if not each.is_answering or each.transport.is_closing()]
        oldest = min(waiting, key=lambda each: each._waiting_since, default=self)  # noqa: SLF001 - of this class
        self.logger.warning("%d connections are open; closing the one that waits longest", len(is_open))
        oldest.transport.abort()

    def _expect_request(self) -> None:
        self._stop_waiting()
        self._is_being_answered = False
        self._body_bytes = 0
        self._waiting_since = next(_waits)
        self._deadline = self.loop.call_later(self._limits.arrival_seconds, self._out_of_time)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _out_of_time(self) -> None:
        """Close a connection whose request, or whose answer, has had its time."""
        is_taken = self.transport.get_write_buffer_size() == 0
        if self.is_answering and (is_taken or not self._is_being_answered):
            self._is_being_answered = True
            self._deadline = self.loop.call_later(self._limits.answer_seconds, self._out_of_time)
        elif self._is_bringing_much:
            self._body_bytes = 0
            self._deadline = self.loop.call_later(self._limits.arrival_seconds, self._out_of_time)
        else:
            # Not closed in order: a client that reads nothing would never let the buffer run empty.
            self.transport.abort()
