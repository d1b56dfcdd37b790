"""Slow clients, many clients, a busy store: none of them stops the receiver. All over real sockets."""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import socket
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from time import monotonic
from urllib.parse import urlsplit

import pytest
from attrs import frozen
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from commitcollect_adapters.memory.jobs import MemoryQueue
from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.jobs import SqliteQueue
from commitcollect_adapters.system import ManualClock, NoBackoff, SequentialIds
from commitcollect_adapters.web import connections, serving
from commitcollect_adapters.web.connections import LOG_SECONDS, Limits, Throttle
from commitcollect_adapters.web.receiver import PATH, Receiver
from commitcollect_core.context import Context
from commitcollect_core.jobs.ports import EventQueue
from commitcollect_core.strava.webhook_intake import WebhookIntake, WebhookSecrets

pytestmark = pytest.mark.usefixtures("each_loop")

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PATIENCE_SECONDS = 60
"""Whatever takes longer hangs."""

WAIT_SECONDS = 10
CROWD, FEW = 200, 32
THREADS_OF_PAGES = 40
"""As many as anyio has for `run_in_threadpool`."""

EVENT = json.dumps(
    {"object_type": "activity", "object_id": 7, "aspect_type": "create", "owner_id": 42, "subscription_id": 1}
).encode()
HEAD = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
QUICK = Limits(arrival_seconds=0.2, answer_seconds=0.2)
PATIENT = Limits(arrival_seconds=10 * PATIENCE_SECONDS, answer_seconds=10 * PATIENCE_SECONDS)


@frozen
class Site:
    """A receiver that is served."""

    address: tuple[str, int]
    receiver: Receiver

    def connect(self) -> socket.socket:
        """A connection on which nothing is sent yet."""
        return socket.create_connection(self.address, timeout=PATIENCE_SECONDS)

    def call(self, body: bytes, head: str = HEAD) -> bytes:
        """Post a body on a connection of its own; returns all that is answered until it is closed."""
        with self.connect() as connection:
            connection.sendall(
                f"{head}Connection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
            )
            return rest_of(connection)


def rest_of(connection: socket.socket) -> bytes:
    """All that still comes, until the server closes the connection; a hanging one fails the test."""
    received = b""
    try:
        while chunk := connection.recv(65_536):
            received += chunk
    except ConnectionResetError:
        pass
    return received


def address_of(base: str) -> tuple[str, int]:
    """Host and port of a base address."""
    address = urlsplit(base)
    return address.hostname or "", address.port or 0


def status_of(answer: bytes) -> int:
    """The status of an answer."""
    return int(answer.split()[1])


def receiver_on(queue: EventQueue, *, writers_max: int = 4) -> Receiver:
    """A receiver that puts events into a queue."""
    context = Context(clock=ManualClock(NOW), ids=SequentialIds(), backoff=NoBackoff())
    secrets = WebhookSecrets(verify_token="t", subscription_id=1)  # noqa: S106 - of no app
    intake = WebhookIntake(queue=queue, secrets=secrets, context=context)
    return Receiver(intake, writers_max=writers_max)


@contextmanager
def site(
    queue: EventQueue | None = None, limits: Limits | None = None, *, writers_max: int = 4
) -> Iterator[Site]:
    """A receiver on a queue in memory, unless another is given."""
    receiver = receiver_on(queue or MemoryQueue(), writers_max=writers_max)
    with serving.serving(receiver.application(), limits) as base:
        yield Site(address_of(base), receiver)


def dribble(connection: socket.socket) -> None:
    """Send a byte now and then until the server closes the connection."""
    connection.settimeout(0.02)
    for _ in range(10_000):
        try:
            connection.sendall(b" ")
            if not connection.recv(1):
                return
        except TimeoutError:
            continue
        except (ConnectionResetError, BrokenPipeError):
            return
    pytest.fail("the server reads on and on")


# Slow


@pytest.mark.parametrize("sent", ["", "POST /webh", HEAD, f"{HEAD}Content-Length: 500\r\n\r\n"])
def test_a_request_that_does_not_arrive_is_not_waited_for(sent: str) -> None:
    """Nothing, half a header or half a request: the server closes the connection by itself."""
    with site(limits=QUICK) as served, served.connect() as connection:
        connection.sendall(sent.encode())
        rest_of(connection)


@pytest.mark.parametrize("sent", ["", HEAD + "X-Slow: ", f"{HEAD}Content-Length: 60000\r\n\r\n"])
def test_a_byte_now_and_then_gains_no_time(sent: str) -> None:
    """The time is that of the whole request, and not of each piece of it."""
    with site(limits=QUICK) as served, served.connect() as connection:
        connection.sendall(sent.encode())
        dribble(connection)


def test_a_client_that_was_answered_gains_no_more_time() -> None:
    """Neither for its next request, nor for the rest of a body that was refused."""
    with site(limits=QUICK) as served:
        for head in (
            f"{HEAD}Content-Length: 2\r\n\r\n{{}}",
            f"{HEAD}Content-Length: 70000\r\n\r\n" + " " * 65_537,
        ):
            with served.connect() as connection:
                connection.sendall(head.encode())
                assert status_of(connection.recv(65_536)) in {400, 413}
                dribble(connection)


async def _much(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("x" * 10**6)


def test_a_client_that_does_not_take_its_answers_is_let_go() -> None:
    """It asks again and again on one connection and reads nothing: its buffers fill, then it is closed."""
    application = Starlette(routes=[Route("/", _much)])
    with serving.serving(application, QUICK) as base, socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
        connection.settimeout(PATIENCE_SECONDS)
        connection.connect(address_of(base))
        with suppress(ConnectionResetError, BrokenPipeError):
            for _ in range(1_000_000):
                connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            pytest.fail("the server reads on and on")


async def _in_pieces(_request: Request) -> StreamingResponse:
    async def pieces() -> AsyncIterator[str]:
        for _ in range(8):
            yield "piece "
            await asyncio.sleep(QUICK.answer_seconds / 2)

    return StreamingResponse(pieces())


def test_a_client_that_takes_what_is_written_is_not_let_go() -> None:
    """A stream of events goes on beyond the time of an answer, as long as it is read."""
    application = Starlette(routes=[Route("/", _in_pieces)])
    with (
        serving.serving(application, QUICK) as base,
        socket.create_connection(address_of(base)) as connection,
    ):
        connection.settimeout(PATIENCE_SECONDS)
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert rest_of(connection).count(b"piece ") == 8


async def _length(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"got {len(await request.body())}")


def test_a_large_file_may_take_longer_than_a_request() -> None:
    """As long as enough of it arrives in each stretch of time; otherwise its connection is closed."""
    limits = Limits(arrival_seconds=1.0, arrival_bytes=1_000)
    application = Starlette(routes=[Route("/", _length, methods=["POST"])])
    piece, pause = b"x" * 5_000, Event()
    head = f"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {12 * len(piece)}\r\n\r\n"
    with serving.serving(application, limits) as base:
        for pieces, answer in ((12, b"got 60000"), (6, b"")):
            with socket.create_connection(address_of(base)) as connection:
                connection.settimeout(PATIENCE_SECONDS)
                connection.sendall(head.encode())
                for _ in range(pieces):
                    connection.sendall(piece)
                    pause.wait(limits.arrival_seconds / 5)
                received = rest_of(connection)
                assert received.endswith(answer)
                assert bool(received) == bool(answer)


# Many


def test_silent_connections_keep_no_other_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit the one that has waited longest makes room, and real events are taken.

    Also where the clock of the loop tells none of them apart, as that of uvloop does within a millisecond.
    """
    monkeypatch.setattr(asyncio.BaseEventLoop, "time", lambda _loop: float(int(monotonic())))
    limits = Limits(arrival_seconds=10 * PATIENCE_SECONDS, connections=8)
    with site(limits=limits) as served, ExitStack() as stack:
        silent = [stack.enter_context(served.connect()) for _ in range(40)]
        assert status_of(served.call(EVENT)) == 200
        for each in silent[:32]:
            assert rest_of(each) == b""
        assert status_of(served.call(EVENT)) == 200


@pytest.mark.parametrize(("descriptors", "most"), [(1_024, 448), (256, 64), (64, 8), (10**6, 512), (-1, 512)])
def test_the_limit_follows_the_descriptors(
    monkeypatch: pytest.MonkeyPatch, descriptors: int, most: int
) -> None:
    """Room is left for those just accepted, for those being closed, and for the store."""
    resource = pytest.importorskip("resource")
    limit = resource.RLIM_INFINITY if descriptors < 0 else descriptors
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: (limit, limit))
    assert Limits().connections == most
    if 64 < descriptors < 10**6:
        assert 2 * most + connections.ACCEPTED_AT_ONCE_MAX < descriptors


def test_a_failure_to_accept_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    """asyncio tells of it for each connection that waits, with a traceback; all of that fills a disk."""
    with site() as served:
        server = serving._server(served.receiver.application(), Limits())  # noqa: SLF001 - what asyncio is told

    async def exhaust() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(server._note)  # type: ignore[attr-defined]  # noqa: SLF001 - the same
        for _ in range(1_000):
            failed = OSError(errno.EMFILE, "Too many open files")
            loop.call_exception_handler(
                {"message": "socket.accept() out of system resource", "exception": failed}
            )
        loop.call_exception_handler({"message": "something else"})

    asyncio.run(exhaust())
    assert [each.getMessage() for each in caplog.records] == [
        "no connection can be accepted: Too many open files",
        "something else",
    ]


def test_a_message_is_logged_once_a_minute() -> None:
    """Each message of its own; clients decide how often one is due."""
    now = [100.0]
    throttle = Throttle(lambda: now[0])

    def passes(message: str, *arguments: object) -> bool:
        return throttle.filter(logging.LogRecord("x", logging.ERROR, "x", 1, message, arguments, None))

    assert [passes("%d open", 1), passes("%d open", 2), passes("other")] == [True, False, True]
    now[0] += LOG_SECONDS
    assert [passes("%d open", 3), passes("%d open", 4)] == [True, False]


def test_invalid_requests_do_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """A thousand clients that speak no HTTP, or want another protocol, are a line or two."""
    with site() as served:
        for number in range(60):
            with served.connect() as connection:
                sent = b"\x16\x03\x01\r\n\r\n" if number % 2 else b"GET / HTTP/1.1\r\nHost: x\r\n"
                connection.sendall(sent + b"Connection: upgrade, close\r\nUpgrade: websocket\r\n\r\n")
                rest_of(connection)
    assert len(caplog.records) <= 3


# A busy store


def test_what_is_no_event_never_waits_for_the_store(tmp_path: Path) -> None:
    """While the file is locked and every writer waits: no event is refused at once, an event is put off."""
    with (
        closing(Database(tmp_path / "store.db", busy_timeout_seconds=PATIENCE_SECONDS)) as database,
        closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as rival,
        site(SqliteQueue(database), PATIENT, writers_max=1) as served,
        ThreadPoolExecutor(1) as pool,
    ):
        rival.execute("BEGIN IMMEDIATE")
        waiting = pool.submit(served.call, EVENT)
        while not served.receiver._writers.are_busy:  # noqa: SLF001 - nothing else tells that it waits
            pass
        assert status_of(served.call(b"{}")) == 400
        assert status_of(served.call(EVENT)) == 503
        assert not waiting.done()
        rival.execute("ROLLBACK")
        assert status_of(waiting.result()) == 200


def test_every_event_gets_its_turn() -> None:
    """One writer is enough for any number of events, one after the other."""
    with site(writers_max=1) as served:
        assert [status_of(served.call(EVENT)) for _ in range(3)] == [200] * 3


def test_calls_of_pages_keep_no_event_waiting() -> None:
    """Page calls that wait use every thread there is for them; an event is kept by a thread of its own."""
    is_over, begun = Event(), threading.Semaphore(0)

    def wait() -> None:
        begun.release()
        is_over.wait(PATIENCE_SECONDS)

    async def page(_request: Request) -> PlainTextResponse:
        await run_in_threadpool(wait)
        return PlainTextResponse("late")

    receiver = receiver_on(MemoryQueue())
    application = receiver.before(Starlette(routes=[Route("/page", page)]))
    with ExitStack() as stack:
        served = Site(address_of(stack.enter_context(serving.serving(application, PATIENT))), receiver)
        stack.callback(is_over.set)
        for _ in range(THREADS_OF_PAGES + 1):
            connection = stack.enter_context(served.connect())
            connection.sendall(b"GET /page HTTP/1.1\r\nHost: x\r\n\r\n")
        for _ in range(THREADS_OF_PAGES):
            assert begun.acquire(timeout=PATIENCE_SECONDS)
        event = stack.enter_context(served.connect())
        event.settimeout(WAIT_SECONDS)
        event.sendall(f"{HEAD}Content-Length: {len(EVENT)}\r\n\r\n".encode() + EVENT)
        assert status_of(event.recv(65_536)) == 200


def test_clients_that_come_at_once_wait_without_being_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the server does something else, more connect than it accepts in one go; few of them are open."""
    is_over, begun = Event(), Event()
    limits = Limits(arrival_seconds=PATIENCE_SECONDS, connections=8)
    open_at_once: list[int] = []
    make_room = connections.Connection._make_room  # noqa: SLF001 - nothing else tells how many are open

    async def busy(_request: Request) -> PlainTextResponse:
        begun.set()
        is_over.wait(PATIENCE_SECONDS)  # holds the loop, and with it every connection
        return PlainTextResponse("late")

    def counted(self: connections.Connection) -> None:
        open_at_once.append(len(self.connections))
        make_room(self)

    monkeypatch.setattr(connections.Connection, "_make_room", counted)
    with ExitStack() as stack:
        application = Starlette(routes=[Route("/busy", busy)])
        address = address_of(stack.enter_context(serving.serving(application, limits)))
        stack.callback(is_over.set)
        # Without room the kernel drops the packet, and the client tries again after a second.
        first = stack.enter_context(socket.create_connection(address, timeout=WAIT_SECONDS))
        first.sendall(b"GET /busy HTTP/1.1\r\nHost: x\r\n\r\n")
        assert begun.wait(PATIENCE_SECONDS)
        *_, last = [
            stack.enter_context(socket.create_connection(address, timeout=WAIT_SECONDS)) for _ in range(CROWD)
        ]
        is_over.set()
        last.sendall(b"GET /none HTTP/1.1\r\nHost: x\r\n\r\n")
        assert last.recv(65_536).startswith(b"HTTP/1.1 404")
    assert max(open_at_once) <= limits.connections + FEW


# The end


def test_what_is_open_does_not_keep_the_server_from_stopping() -> None:
    """Silent clients, half a request, a writer that hangs: all are closed soon after the signal."""
    blocked, is_over = Event(), Event()

    class Hanging(MemoryQueue):
        def put(self, *_arguments: object, **_named: object) -> None:
            blocked.set()
            is_over.wait(PATIENCE_SECONDS)

    try:
        with ExitStack() as stack:
            served = stack.enter_context(site(Hanging(), PATIENT))
            open_ones = []
            whole = f"{HEAD}Content-Length: {len(EVENT)}\r\n\r\n".encode() + EVENT
            for sent in (b"", HEAD.encode(), f"{HEAD}Content-Length: 99\r\n\r\n".encode(), whole):
                connection = served.connect()
                connection.sendall(sent)
                open_ones.append(connection)
            assert blocked.wait(PATIENCE_SECONDS)
            servers = [each for each in threading.enumerate() if each.name == serving.THREAD_NAME]
        assert not any(each.is_alive() for each in servers)
        for connection in open_ones:
            rest_of(connection)
            connection.close()
    finally:
        is_over.set()
