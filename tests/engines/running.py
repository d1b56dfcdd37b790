"""Starts engines on free loopback ports and stops them."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from needs import missing

FOLDER = Path(os.environ.get("COMMITCOLLECT_ENGINES", Path(__file__).parents[2] / ".engines"))
READY_SECONDS_MAX = 120
STARTS_MAX = 5
HOST = "127.0.0.1"


def require(program: Path) -> Path:
    """The program of an engine; skips where it is not installed, or fails where it has to be."""
    if not program.exists():
        missing(f"{program.name} is not installed; nox -s tests fetches it where it can")
    return program


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def dynoxide(*, database: Path | None = None) -> Iterator[str]:
    """A running dynoxide, in memory or on a file; yields its address."""
    program = require(FOLDER / "dynoxide")
    where = [] if database is None else ["--db-path", str(database)]

    def start(port: int) -> subprocess.Popen[bytes]:
        return _start([str(program), "serve", "--host", HOST, "--port", str(port), *where], {})

    with _running(start) as address:
        yield address


@contextmanager
def ministack(**more: str) -> Iterator[str]:
    """A running ministack, with more settings in its environment; yields its address."""
    program = require(FOLDER / "ministack" / "bin" / "ministack")
    settings = {
        "BIND_HOST": HOST,
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        **more,
    }

    def start(port: int) -> subprocess.Popen[bytes]:
        return _start([str(program)], {**settings, "GATEWAY_PORT": str(port)})

    with _running(start) as address:
        yield address


def _start(command: Sequence[str], environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command, env={**os.environ, **environ}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


@contextmanager
def _running(start: Callable[[int], subprocess.Popen[bytes]]) -> Iterator[str]:
    for _ in range(STARTS_MAX):
        port = _free_port()
        address = f"http://{HOST}:{port}"
        process = start(port)
        try:
            # Another process may have taken the port since it was found free; then the engine ends at once.
            if _is_ready(address, process):
                yield address
                return
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    raise RuntimeError(f"the engine ended before it was ready, {STARTS_MAX} times")


def _is_ready(address: str, process: subprocess.Popen[bytes]) -> bool:
    """Wait until the engine answers; false if it ends instead."""
    deadline = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return False
        try:
            with urllib.request.urlopen(address, timeout=1):  # noqa: S310 - our own loopback address
                return True
        except urllib.error.HTTPError as answered:
            answered.close()
            return True
        except OSError:
            time.sleep(0.02)
    raise RuntimeError(f"the engine was not ready within {READY_SECONDS_MAX} seconds")
