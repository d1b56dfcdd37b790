"""Serves an ASGI application. Needs the extra ``commitcollect[web]``."""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from commitcollect_adapters.web.connections import (
    ACCEPTED_AT_ONCE_MAX,
    Connection,
    Limits,
    Throttle,
)
from commitcollect_core.errors import InvalidInput

LOCALHOST = "127.0.0.1"
START_SECONDS_MAX = 10
STOP_SECONDS_MAX = 10
THREAD_NAME = "serving"
_POLL_SECONDS = 0.01
_TASKS_STOP_SECONDS = 3
WAITING_MAX = 1_024
"""Connections that wait to be accepted; they take no descriptor of this process."""

_OUT_OF_RESOURCES = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


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


def run(application: ASGIApp, listener: socket.socket, on_ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or Ctrl-C; calls in progress have a few seconds to end."""
    server = _server(application, Limits())
    # What is loaded by now stays. Collecting garbage would look through all of it, in the time of requests.
    gc.freeze()
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
def serving(application: ASGIApp, limits: Limits | None = None) -> Iterator[str]:
    """Serve in a thread on a free loopback port; yield the address."""
    listener = listening(LOCALHOST, 0)
    server = _server(application, limits or Limits())
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, name=THREAD_NAME, daemon=True
    )
    thread.start()
    try:
        _wait_for(server, thread)
        yield address_of(listener)
    finally:
        server.should_exit = True
        thread.join(STOP_SECONDS_MAX)
        listener.close()


class _Server(uvicorn.Server):
    """A server that no client can keep from stopping, nor make fill the log."""

    def __init__(self, config: uvicorn.Config, *, stop_seconds: float, logger: logging.Logger) -> None:
        super().__init__(config)
        self._stop_seconds = stop_seconds
        self._logger = logger

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        asyncio.get_running_loop().set_exception_handler(self._note)
        await super().startup(sockets)
        for each in sockets or ():
            # asyncio takes one number for what it accepts in one go and for what waits in the kernel, which
            # drops the packets of all others: their clients try again after a second.
            each.listen(WAITING_MAX)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let calls in progress end, for a while."""
        asyncio.get_running_loop().call_later(self._stop_seconds, self._abort_connections)
        await super().shutdown(sockets)

    def _abort_connections(self) -> None:
        for each in list(self.server_state.connections):
            each.transport.abort()

    def _note(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Log what went wrong outside of a call."""
        failed = context.get("exception")
        if isinstance(failed, OSError) and failed.errno in _OUT_OF_RESOURCES:
            # asyncio tells it for each connection that waits, many times a second.
            self._logger.error("no connection can be accepted: %s", failed.strerror)
        else:
            loop.default_exception_handler(context)


def _server(application: ASGIApp, limits: Limits) -> uvicorn.Server:
    logger = logging.Logger(__name__)
    logger.parent = logging.getLogger(__name__)
    logger.addFilter(Throttle())
    config = uvicorn.Config(
        application,
        # uvicorn calls it as it calls a class.
        http=partial(Connection, limits=limits, logger=logger),  # type: ignore[arg-type]
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=True,
        backlog=ACCEPTED_AT_ONCE_MAX,
        timeout_graceful_shutdown=_TASKS_STOP_SECONDS,
    )
    return _Server(config, stop_seconds=limits.stop_seconds, logger=logger)


def _wait_for(server: uvicorn.Server, thread: threading.Thread) -> None:
    pause = threading.Event()
    for _ in range(int(START_SECONDS_MAX / _POLL_SECONDS)):
        if server.started:
            return
        if not thread.is_alive():
            break
        pause.wait(_POLL_SECONDS)
    raise RuntimeError(f"the server did not start within {START_SECONDS_MAX} seconds")
