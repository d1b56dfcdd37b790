"""Starts engines on free loopback ports and stops them."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("COMMITCOLLECT_ENGINES", Path(__file__).parents[2] / ".engines"))
READY_SECONDS_MAX = 30
HOST = "127.0.0.1"


def require(program: Path) -> Path:
    """The program of an engine; skips where it is not installed, or fails where it has to be."""
    if not program.exists():
        reason = (
            f"{program.name} is not installed; nox -s tests fetches it where the registries are reachable"
        )
        if os.environ.get("COMMITCOLLECT_REQUIRE_ENGINES"):
            pytest.fail(reason)
        pytest.skip(reason)
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
    port = _free_port()
    where = [] if database is None else ["--db-path", str(database)]
    with _running([str(program), "serve", "--host", HOST, "--port", str(port), *where], port, {}) as address:
        yield address


@contextmanager
def ministack() -> Iterator[str]:
    """A running ministack; yields its address."""
    program = require(FOLDER / "ministack" / "bin" / "ministack")
    port = _free_port()
    environ = {
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(port),
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
    }
    with _running([str(program)], port, environ) as address:
        yield address


@contextmanager
def _running(command: Sequence[str], port: int, environ: Mapping[str, str]) -> Iterator[str]:
    address = f"http://{HOST}:{port}"
    process = subprocess.Popen(
        command, env={**os.environ, **environ}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_until_ready(address, process)
        yield address
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the engine ended with {process.returncode} before it was ready")
        try:
            with urllib.request.urlopen(address, timeout=1):  # noqa: S310 - our own loopback address
                return
        except urllib.error.HTTPError as answered:
            answered.close()
            return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError(f"the engine was not ready within {READY_SECONDS_MAX} seconds")
