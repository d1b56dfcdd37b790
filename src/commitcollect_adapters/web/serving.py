"""Running an ASGI application, alone or beside other work. Needs the extra ``commitcollect[web]``."""

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
    """A socket that listens; port 0 is any that is free. Whoever calls before it is served waits.

    Raises:
        InvalidInput: the address cannot be listened on.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, or asyncio does not see that it is, and every answer waits 40 ms for the other side.
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
    """Where a listening socket can be reached."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def run(application: Starlette, listener: socket.socket, on_ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or Ctrl-C; what is being answered is finished, and the call returns."""
    server = _server(application)
    with _stopped_by_signals(server):
        on_ready(address_of(listener))
        server.run(sockets=[listener])


@contextmanager
def _stopped_by_signals(server: uvicorn.Server) -> Iterator[None]:
    """Have signals stop a server.

    It sees to them itself while it runs, but not before; and afterwards it raises them again, which would end
    the process with the code of a failure.
    """

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
    """Serve in a thread on a free port of this machine, until the context ends; yields the address."""
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
