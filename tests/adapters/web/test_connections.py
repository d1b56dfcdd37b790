"""What is an HTTP request, and how much of one is taken. All over real sockets."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from threading import Event
from urllib.parse import urlsplit

import pytest
from attrs import define, field
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from commitcollect_adapters.web.connections import Limits
from commitcollect_adapters.web.serving import serving

pytestmark = pytest.mark.usefixtures("each_loop")

PATIENCE_SECONDS = 60
"""Whatever takes longer hangs."""

LONG = 10_000_000
"""Bytes; more than the system keeps for a client that reads nothing."""

LIMITS = Limits(head_bytes=1_000, pipelined=4)
GET = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@define
class Site:
    """An application that is served.

    Attributes:
        seen: the path and the body of each call that reached it.
        begun: set once a call waits for its client to leave.
        left: set once the client has left.
    """

    address: tuple[str, int] = ("", 0)
    seen: list[tuple[str, bytes]] = field(factory=list)
    begun: Event = field(factory=Event)
    left: Event = field(factory=Event)

    async def answer(self, request: Request) -> Response:
        """Tell the path, or a note that was sent; some paths are answered early, or at length."""
        if request.url.path == "/early":
            self.seen.append((request.url.path, b"unread"))
            return PlainTextResponse("too long", 413)
        if request.url.path == "/waits":
            while (await request.receive())["type"] == "http.request":
                self.begun.set()
            self.left.set()
            return PlainTextResponse("for no one")
        if request.url.path == "/long":
            return PlainTextResponse("x" * LONG)
        self.seen.append((request.url.path, await request.body()))
        return PlainTextResponse(request.headers.get("x-note", request.url.path))

    def exchange(self, pieces: Iterable[bytes]) -> list[bytes]:
        """Send pieces on one connection; each answer until the server closes it, from its status on."""
        received = b""
        with socket.create_connection(self.address, timeout=PATIENCE_SECONDS) as connection:
            try:
                for each in pieces:
                    connection.sendall(each)
                while piece := connection.recv(65_536):
                    received += piece
            except (ConnectionResetError, BrokenPipeError):
                pass
        return received.split(b"HTTP/1.1 ")[1:]


def all_of(connection: socket.socket) -> int:
    """How many bytes still come until the server closes the connection."""
    length = 0
    with suppress(ConnectionResetError):
        while piece := connection.recv(1_000_000):
            length += len(piece)
    return length


def paced(*pieces: bytes) -> Iterator[bytes]:
    """Pieces, each after the server had time to answer the one before."""
    for each in pieces:
        yield each
        Event().wait(0.3)


@contextmanager
def site(limits: Limits = LIMITS) -> Iterator[Site]:
    """A site that answers everything."""
    made = Site()
    routes = [Route("/{path:path}", made.answer, methods=["GET", "HEAD", "POST", "OPTIONS"])]
    with serving(Starlette(routes=routes), limits) as base:
        address = urlsplit(base)
        made.address = (address.hostname or "", address.port or 0)
        yield made


def post(headers: str, body: bytes = b"") -> bytes:
    """A request with headers of its own."""
    return f"POST /a HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode() + body


def cut(sent: bytes) -> list[bytes]:
    """Its single bytes."""
    return [sent[place : place + 1] for place in range(len(sent))]


def statuses(answers: list[bytes]) -> list[int]:
    """The statuses of answers."""
    return [int(each.split()[0]) for each in answers]


@pytest.mark.parametrize(
    ("request_", "body"),
    [
        (GET, b""),
        (b"GET http://x/a HTTP/1.1\r\nHost: x\r\n\r\n", b""),
        (b"GET https://x:1/a?b=c HTTP/1.1\r\nHost: x:1\r\n\r\n", b""),
        (post("Content-Length: 3\r\n", b"abc"), b"abc"),
        (post("Transfer-Encoding: chunked\r\n", b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"), b"abc"),
        (post("transfer-encoding: CHUNKED\r\n", b"1;x=y\r\na\r\n0\r\n\r\n"), b"a"),
    ],
    ids=["no body", "a whole address", "one with a port", "a length", "chunks", "an extension of a chunk"],
)
@pytest.mark.parametrize("sent", ["whole", "by bytes"])
def test_a_request_is_taken_however_it_is_cut(request_: bytes, body: bytes, sent: str) -> None:
    """And the next one on its connection."""
    both = request_ + LAST
    pieces = [both] if sent == "whole" else cut(both)
    with site() as served:
        assert statuses(served.exchange(pieces)) == [200, 200]
        assert served.seen == [("/a", body), ("/last", b"")]


SMUGGLED = GET.replace(b"/a", b"/smuggled")


@pytest.mark.parametrize(
    "request_",
    [
        b"\x16\x03\x01\x02\x00\x01\r\n\r\n",
        b"GET /a\r\n\r\n",
        b"BREW /a HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /a HTTP/0.9\r\nHost: x\r\n\r\n",
        b"GET /a HTTP/2.0\r\nHost: x\r\n\r\n",
        b"GET /a HTTP/3.7\r\nHost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET ?a HTTP/1.1\r\nHost: x\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://y/a HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://x.y/a HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://x#/a HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET ftp://x/a HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://x/a HTTP/1.0\r\n\r\n",
        b"GET /a HTTP/1.1\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: x\r\nHOST: y\r\n\r\n",
        b"GET /a HTTP/1.0\r\nHost: x\r\nHost: x\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: x\r\nNo colon\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: x\r\nX: a\r\n folded\r\n\r\n",
        post("Content-Length : 3\r\n", b"abc"),
        post("Content-Length: +3\r\n", b"abc"),
        post("Content-Length: 3, 3\r\n", b"abc"),
        post("Content-Length: 3\r\nContent-Length: 3\r\n", b"abc"),
        post(f"Content-Length: {10**30}\r\n", b"abc"),
        post("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
        post("Transfer-Encoding: chunked\r\nContent-Length: 6\r\n", b"0\r\n\r\n"),
        post("transfer-encoding: Chunked\r\nCONTENT-LENGTH: 0\r\n", b"0\r\n\r\n"),
        post("Transfer-Encoding: gzip\r\n", b"0\r\n\r\n"),
        post("Transfer-Encoding: chunked, gzip\r\n", b"0\r\n\r\n"),
        post("Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n"),
        post("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
        post("Transfer-Encoding: ,chunked\r\n", b"0\r\n\r\n"),
        post("Transfer-Encoding: chunked\r\n", b"0\r\n\r\n").replace(b"/1.1", b"/1.0"),
        post("Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n", b"abc"),
        post("Connection: Upgrade\r\nUpgrade: h2c\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
        b"GET /a HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 100 + b"\r\n",
        post("Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n"),
        post("Transfer-Encoding: \x0bchunked\r\n", b"0\r\n\r\n"),
    ],
)
def test_what_is_no_request_is_refused_and_its_connection_closed(request_: bytes) -> None:
    """Nothing of it, and nothing behind it, reaches the application: a proxy may have read it otherwise."""
    with site() as served:
        (answer,) = served.exchange([request_ + SMUGGLED])
        assert statuses([answer]) == [400]
        assert b"connection: close" in answer.lower()
        assert served.seen == []


@pytest.mark.parametrize("chunk", [b"zz\r\nab\r\n", b"0x2\r\nab\r\n", b"-1\r\nab\r\n", b"f" * 20 + b"\r\n"])
def test_a_chunk_without_a_size_ends_the_connection(chunk: bytes) -> None:
    """What was read of the body is no call."""
    with site() as served:
        answers = served.exchange([post("Transfer-Encoding: chunked\r\n", b"1\r\na\r\n" + chunk), SMUGGLED])
        assert statuses(answers) == [400]
        assert served.seen == []


def test_headers_behind_a_body_are_refused() -> None:
    """They would be added to those that were checked."""
    with site() as served:
        chunks = b"1\r\na\r\n0\r\nX-Correlation-Id: late\r\n\r\n"
        (answer,) = served.exchange([post("Transfer-Encoding: chunked\r\n", chunks)])
        assert answer.endswith(b"headers behind a body are not taken")
        assert served.seen == []


# How much


def padded(length: int, name: str = "X-Long") -> bytes:
    """A request whose target and headers are so long by the server's count."""
    return b"GET /a HTTP/1.1\r\nHost: x\r\n" + f"{name}: {'y' * (length - 21)}\r\n\r\n".encode()


def test_a_head_has_a_limit() -> None:
    """Whether it comes at once or bit by bit; one byte more is too much, and the limit is told."""
    with site() as served:
        for pieces in ([padded(1_000), LAST], cut(padded(1_000) + LAST)):
            assert statuses(served.exchange(pieces)) == [200, 200]
        (answer,) = served.exchange([padded(1_001)])
        assert statuses([answer]) == [400]
        assert answer.endswith(b"the request line and headers are longer than 1000 bytes")
        # What is still on its way when a connection is closed takes the answer with it.
        assert statuses(served.exchange(cut(padded(1_001) + LAST))) in ([], [400])


@pytest.mark.parametrize(
    "begun",
    [
        b"GET /",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: ",
        b"GET / HTTP/1.1\r\nHost: x\r\nX",
        post("Transfer-Encoding: chunked\r\n", b"1\r\na\r\n0\r\nX: "),
        post("Transfer-Encoding: chunked\r\n", b"1;"),
    ],
    ids=["an address", "a value", "a name", "a value behind a body", "a note beside a chunk"],
)
def test_what_never_ends_is_not_kept(begun: bytes) -> None:
    """A parser that waits for the end of a name would keep it all."""
    with site(Limits(arrival_seconds=10 * PATIENCE_SECONDS)) as served:
        assert statuses(served.exchange([begun, *[b"x" * 10_000] * 1_000])) in ([], [400])


def test_what_is_no_part_of_a_body_gains_no_time() -> None:
    """A note beside the size of a chunk may be of any length, and nothing counts it."""

    def pieces() -> Iterator[bytes]:
        yield post("Transfer-Encoding: chunked\r\n", b"1;")
        for _ in range(1_000):
            Event().wait(0.01)
            yield b"x" * 100
        pytest.fail("the server reads on and on")

    with site(Limits(arrival_seconds=0.2, arrival_bytes=1_000)) as served:
        assert served.exchange(pieces()) == []


def test_a_new_request_begins_at_nothing() -> None:
    """The limit is that of one request."""
    with site() as served:
        assert statuses(served.exchange([padded(900) * 3 + LAST])) == [200] * 4


# One behind the other


def test_requests_may_be_sent_before_answers_are_there() -> None:
    """They are answered in order."""
    with site() as served:
        sent = b"".join(GET.replace(b"/a", f"/{each}".encode()) for each in range(4)) + LAST
        answers = served.exchange([sent])
        assert [each.rpartition(b"/")[2] for each in answers] == [b"0", b"1", b"2", b"3", b"last"]


@pytest.mark.parametrize("behind", [b"", GET, GET + GET], ids=["alone", "one", "two"])
def test_a_call_learns_that_its_client_has_left(behind: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """Also with others behind it. It would go on for no one, and what it writes be logged as a fault."""
    with site() as served:
        with socket.create_connection(served.address, timeout=PATIENCE_SECONDS) as connection:
            connection.sendall(b"GET /waits HTTP/1.1\r\nHost: x\r\n\r\n" + behind)
            assert served.begun.wait(PATIENCE_SECONDS)
        assert served.left.wait(PATIENCE_SECONDS)
    assert caplog.messages == []


def test_more_of_them_than_are_kept_waiting_end_the_connection() -> None:
    """Those before are answered, so that a client knows which to send again."""
    with site() as served:
        assert statuses(served.exchange([GET * 10_000])) == [200] * 5
        assert len(served.seen) == 5


@pytest.mark.parametrize("behind", [b"\x16\x03\x01\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", padded(1_001)])
def test_what_is_good_is_answered_before_what_is_not(behind: bytes) -> None:
    """A refusal never takes the place of an answer that a client waits for."""
    with site() as served:
        assert statuses(served.exchange([GET + GET.replace(b"/a", b"/b") + behind])) == [200, 200]
        assert [path for path, _ in served.seen] == ["/a", "/b"]


def test_a_body_cut_short_behind_another_request_ends_the_connection() -> None:
    """It waits for its turn, and then for the rest."""
    with site(Limits(arrival_seconds=0.2)) as served:
        assert statuses(served.exchange([GET + post("Content-Length: 9\r\n", b"abc")])) == [200]
        broken = post("Transfer-Encoding: chunked\r\n", b"1\r\na\r\nzz\r\n")
        assert statuses(served.exchange([GET + broken])) == [200]
        assert [path for path, _ in served.seen] == ["/a", "/a"]


def test_an_answer_that_was_given_is_the_only_one() -> None:
    """A body that was refused may go on as it likes: no second answer comes of it, and the next is right."""
    with site() as served:
        early = post("Content-Length: 3\r\n").replace(b"/a", b"/early")
        assert statuses(served.exchange([early, b"abc" + LAST])) == [413, 200]
        assert statuses(served.exchange(paced(early, b"abc" + GET.replace(b"1.1", b"2.0")))) == [413, 400]
        chunked = post("Transfer-Encoding: chunked\r\n").replace(b"/a", b"/early")
        assert statuses(served.exchange(paced(chunked, b"5\r\nabcde\r\n", b"zz\r\n"))) == [413]


def test_a_body_that_was_not_asked_for_is_not_awaited() -> None:
    """The client may never send it, and its next request would be taken for it."""
    expecting = "Expect: 100-continue \r\nContent-Length: 3\r\n"
    with site() as served:
        (answer,) = served.exchange(paced(post(expecting).replace(b"/a", b"/early"), SMUGGLED))
        assert statuses([answer]) == [413]
        assert b"connection: close" in answer.lower()
        assert statuses(served.exchange(paced(post(expecting), b"abc"))) == [100, 200]
        old = post(expecting, b"abc").replace(b"HTTP/1.1", b"HTTP/1.0")
        assert statuses(served.exchange([old])) == [200]
        assert served.seen == [("/early", b"unread"), ("/a", b"abc"), ("/a", b"abc")]


def test_space_around_a_value_is_no_part_of_it() -> None:
    """Also behind it, where the parser leaves it."""
    with site() as served:
        padded_ = b"GET /a HTTP/1.1\r\nHost: x \t\r\nX-Note: \t a b\t \r\nConnection: close \r\n\r\n"
        (answer,) = served.exchange([padded_])
        assert answer.endswith(b"\r\n\r\na b")


def test_a_client_that_left_without_its_answer_makes_room() -> None:
    """Connections that are closing count as long as they hold an answer; the oldest of them goes."""
    limits = Limits(arrival_seconds=10 * PATIENCE_SECONDS, connections=4)
    asking = b"GET /long HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with site(limits) as served, ExitStack() as stack:
        clients = []
        for _ in range(12):
            client = stack.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
            client.settimeout(PATIENCE_SECONDS)
            client.connect(served.address)
            client.sendall(asking)
            assert client.recv(1)
            clients.append(client)
        assert sum(all_of(each) > LONG for each in clients) <= limits.connections


@pytest.mark.parametrize("protocol", ["websocket", "h2c"])
def test_another_protocol_is_not_spoken(protocol: str) -> None:
    """The request is answered as if it had not asked, and nothing behind it is read."""
    asking = f"GET /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: {protocol}\r\n\r\n".encode()
    with site() as served:
        (answer,) = served.exchange([asking + SMUGGLED])
        assert statuses([answer]) == [200]
        assert b"connection: close" in answer.lower()
        assert served.seen == [("/a", b"")]
