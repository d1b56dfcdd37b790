"""Serves an ASGI application. Needs the extra ``commitcollect[web]``."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from starlette.applications import Starlette

from commitcollect_core.errors import InvalidInput

LOCALHOST = "127.0.0.1"
START_SECONDS_MAX = 10
STOP_SECONDS_MAX = 10
_POLL_SECONDS = 0.01


def listening(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 picks a free port.

    Connections wait until the socket is served.

    Raises:
        InvalidInput: the address is in use or not allowed.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Without the protocol asyncio does not recognise TCP and leaves Nagle's algorithm on, which delays
    # every answer by 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()
    except OSError as refused:
        listener.close()
        raise InvalidInput(
            f"cannot listen on {host}, port {port}: {refused.strerror}", field="port"
        ) from refused
    return listener


def address_of(listener: socket.socket) -> str:
    """The base address of a listening socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def run(application: Starlette, listener: socket.socket, on_ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or Ctrl-C; calls in progress are finished first."""
    server = _server(application)
    with _stopped_by_signals(server):
        on_ready(address_of(listener))
        server.run(sockets=[listener])


@contextmanager
def _stopped_by_signals(server: uvicorn.Server) -> Iterator[None]:
    """Stop a server on SIGTERM and SIGINT, without a failing exit code."""

    # uvicorn handles signals only while it runs, and raises them again afterwards. These handlers cover the
    # time before, and swallow the repetition.
    def stop(_number: int, _frame: FrameType | None) -> None:
        server.should_exit = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def serving(application: Starlette) -> Iterator[str]:
    """Serve in a thread on a free loopback port; yield the address."""
    listener = listening(LOCALHOST, 0)
    server = _server(application)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        _wait_for(server, thread)
        yield address_of(listener)
    finally:
        server.should_exit = True
        thread.join(STOP_SECONDS_MAX)
        listener.close()


def _server(application: Starlette) -> uvicorn.Server:
    config = uvicorn.Config(
        application, log_level="warning", access_log=False, timeout_graceful_shutdown=STOP_SECONDS_MAX
    )
    return uvicorn.Server(config)


def _wait_for(server: uvicorn.Server, thread: threading.Thread) -> None:
    pause = threading.Event()
    for _ in range(int(START_SECONDS_MAX / _POLL_SECONDS)):
        if server.started:
            return
        if not thread.is_alive():
            break
        pause.wait(_POLL_SECONDS)
    raise RuntimeError(f"the server did not start within {START_SECONDS_MAX} seconds")
