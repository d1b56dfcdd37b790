"""``commitcollect serve`` in a process of its own, among clients that are many and slow."""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import pytest

from cli.console import COMMAND, PATIENCE_SECONDS, Console, environment

SETTINGS = {
    "COMMITCOLLECT_STRAVA_CLIENT_ID": "1",
    "COMMITCOLLECT_STRAVA_CLIENT_SECRET": "s",
    "COMMITCOLLECT_STRAVA_VERIFY_TOKEN": "v",
    "COMMITCOLLECT_STRAVA_SUBSCRIPTION_ID": "1",
}
EVENT = json.dumps(
    {"object_type": "activity", "object_id": 7, "aspect_type": "create", "owner_id": 42, "subscription_id": 1}
).encode()
LOG_LINES_MAX = 5
WAITING = 400
CALLERS, EVENTS_BEFORE_THE_END = 16, 100
PATH = "/webhooks/strava"


class Served:
    """A running ``serve``."""

    def __init__(self, process: subprocess.Popen[str], address: str) -> None:
        self.process = process
        parts = urlsplit(address)
        self._host, self._port, self._path = parts.hostname or "", parts.port or 0, parts.path

    def connect(self) -> socket.socket:
        """A connection on which nothing is sent yet."""
        return socket.create_connection((self._host, self._port), timeout=PATIENCE_SECONDS)

    def post(self, body: bytes) -> int:
        """Deliver an event; returns the status."""
        with self.connect() as connection:
            head = (
                f"POST {self._path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}"
            )
            connection.sendall(head.encode() + b"\r\n\r\n" + body)
            return int(connection.makefile("rb").readline().split()[1])

    def half_a_request(self) -> socket.socket:
        """A connection whose body never comes."""
        connection = self.connect()
        connection.sendall(f"POST {self._path} HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n".encode())
        return connection


@contextmanager
def serve(folder: Path, *, descriptors: int, identity: str = "") -> Iterator[Served]:
    """Run it with so many descriptors, with the page if identities are set; it must end on SIGTERM."""
    command = ["sh", "-c", f'ulimit -n {descriptors}; exec "$@"', "sh", *COMMAND]
    arguments: list[Any] = ["serve", "--port", "0", "--store", folder / "s.db"]
    with subprocess.Popen(
        [*command, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(**SETTINGS, COMMITCOLLECT_IDENTITY=identity),
    ) as process:
        try:
            assert process.stderr is not None
            line = ""
            while not line.startswith("Listening on "):
                line = process.stderr.readline()
                assert line, "it ended before it listened"
            address = line.removeprefix("Listening on ").strip()
            yield Served(process, address if address.endswith(PATH) else f"{address.rstrip('/')}{PATH}")
        finally:
            process.kill()


@pytest.mark.slow
@pytest.mark.parametrize("identity", ["", "local:"])
def test_slow_clients_in_crowds_stop_nothing_and_fill_no_disk(tmp_path: Path, identity: str) -> None:
    """More slow bodies than descriptors: events are taken, few lines are logged, and SIGTERM ends it.

    Of a receiver alone, and of the whole site.
    """
    with serve(tmp_path, descriptors=256, identity=identity) as served, ExitStack() as stack:
        for _ in range(3):
            for _ in range(200):
                stack.enter_context(served.half_a_request())
            assert served.post(EVENT) == 200
        served.process.send_signal(signal.SIGTERM)
        _, said = served.process.communicate(timeout=PATIENCE_SECONDS)
        assert served.process.returncode == 0
    told = [each for each in said.splitlines() if "event of" not in each]
    assert len(told) <= LOG_LINES_MAX, said
    assert "Traceback" not in said


@pytest.mark.slow
def test_a_crowd_that_waited_takes_no_descriptor_of_others(tmp_path: Path) -> None:
    """Connections that came while the process stood still are taken a few at a time: files can be opened."""
    with serve(tmp_path, descriptors=256, identity="local:") as served, ExitStack() as stack:
        assert served.post(EVENT) == 200  # From here on it takes connections.
        served.process.send_signal(signal.SIGSTOP)
        for _ in range(WAITING):
            stack.enter_context(served.half_a_request())
        served.process.send_signal(signal.SIGCONT)
        assert served.post(EVENT) == 200
        served.process.send_signal(signal.SIGTERM)
        _, said = served.process.communicate(timeout=PATIENCE_SECONDS)
    assert "are open; closing" in said
    assert "no connection can be accepted" not in said


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_what_was_answered_is_kept_when_it_is_ended_among_events(tmp_path: Path, number: int) -> None:
    """Many callers at once, and a signal in the middle: each event that got its 200 is in the queue."""
    with serve(tmp_path, descriptors=256) as served:
        enough, numbers = Event(), count(1)

        def call_on() -> Iterator[int]:
            for athlete in numbers:
                event = {**json.loads(EVENT), "object_id": athlete, "owner_id": athlete}
                try:
                    status = served.post(json.dumps(event).encode())
                except (OSError, IndexError):  # the connection was closed without an answer
                    return
                assert status == 200
                yield athlete
                if athlete >= EVENTS_BEFORE_THE_END:
                    enough.set()

        with ThreadPoolExecutor(CALLERS) as pool:
            called = [pool.submit(lambda: list(call_on())) for _ in range(CALLERS)]
            assert enough.wait(PATIENCE_SECONDS)
            served.process.send_signal(number)
            answered = {athlete for each in called for athlete in each.result(PATIENCE_SECONDS)}
        assert served.process.wait(PATIENCE_SECONDS) == (0 if number == signal.SIGTERM else -number)
    assert len(answered) >= EVENTS_BEFORE_THE_END - CALLERS
    with closing(sqlite3.connect(tmp_path / "s.db")) as store:
        kept = {json.loads(subject)["athleteId"] for (subject,) in store.execute("SELECT subject FROM job")}
    assert set(map(str, answered)) <= kept


@pytest.mark.slow
def test_a_locked_store_is_told_before_strava_gives_up(tmp_path: Path) -> None:
    """503 for an event, 400 for what is none; once the store is free again events are kept."""
    with serve(tmp_path, descriptors=256) as served:
        assert served.post(EVENT) == 200
        with closing(sqlite3.connect(tmp_path / "s.db", isolation_level=None)) as rival:
            rival.execute("BEGIN IMMEDIATE")
            assert served.post(EVENT) == 503
            assert served.post(b"{}") == 400
            rival.execute("ROLLBACK")
        assert served.post(EVENT) == 200
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(PATIENCE_SECONDS) == 0


def test_a_site_that_cannot_be_opened_says_only_why(console: Console) -> None:
    """Not also that Strava refused: nothing subscribes for a site that is not there."""
    failed = console("serve", "--port", "0", "--store", "memory:")
    told = [line for line in failed.err.splitlines() if line.startswith("Error")]
    assert (failed.code, len(told)) == (2, 1)
    assert "SEAL_KEYS" in told[0]
