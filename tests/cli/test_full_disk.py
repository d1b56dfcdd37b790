"""Commands on a disk that is full: those that only read work, the others say so."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from cli.console import COMMAND, PATIENCE_SECONDS, environment, run_process

SETTINGS = {
    "COMMITCOLLECT_STRAVA_CLIENT_ID": "1",
    "COMMITCOLLECT_STRAVA_CLIENT_SECRET": "s",
    "COMMITCOLLECT_STRAVA_VERIFY_TOKEN": "v",
    "COMMITCOLLECT_STRAVA_SUBSCRIPTION_ID": "1",
}
FULL = "is full; make room, then try again"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Path]:
    """A store with a milestone on a disk of a megabyte, of which nothing is left."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)],  # noqa: S607 - of this machine
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"a full disk needs the right to mount one: {mounted.stderr.decode().strip()}")
    with ExitStack() as stack:
        stack.callback(subprocess.run, ["umount", str(disk)], check=True)
        path = disk / "s.db"
        made = run_process(
            "milestone", "create", "--target", "count=12", "--from", "2024-01-01", "--store", path
        )
        assert made.code == 0
        assert run_process("worker", "--once", "--store", path, **SETTINGS).code == 0
        fill(disk / "filling")
        yield path


def fill(path: Path) -> None:
    """Take all the room there is."""
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4_096))
        except OSError:
            return


@pytest.mark.slow
def test_what_only_reads_works(store: Path) -> None:
    """Nothing is written to look at the queue or at milestones."""
    assert run_process("queue", "list", "--store", store).code == 0
    listed = run_process("milestone", "list", "--store", store, "--json")
    assert [each["totalTarget"] for each in listed.document["milestones"]] == [12]


@pytest.mark.slow
def test_what_writes_says_that_the_disk_is_full(store: Path) -> None:
    """An unfinished command, a worker, a new store; once there is room all goes on."""
    for command in (
        ("milestone", "create", "--target", "count=12", "--from", "2024-01-01", "--store", store),
        ("worker", "--once", "--store", store),
        ("worker", "--once", "--store", store.with_name("new.db")),
    ):
        told = run_process(*command, **SETTINGS)
        assert (told.code, FULL in told.err, "Traceback" in told.err) == (5, True, False)
    store.with_name("filling").unlink()
    assert run_process("worker", "--once", "--store", store, **SETTINGS).code == 0


@pytest.mark.slow
@pytest.mark.parametrize("command", [("worker",), ("serve", "--port", "0")])
def test_what_runs_on_starts_all_the_same(store: Path, command: tuple[str, ...]) -> None:
    """A worker and a receiver wait for room, and end well when they are told to."""
    with subprocess.Popen(
        [*COMMAND, *command, "--store", str(store)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(**SETTINGS),
    ) as process:
        try:
            assert process.stderr is not None
            said = process.stderr.readline()
            if command == ("worker",):
                said += process.stderr.readline()
                assert FULL in said
            os.kill(process.pid, signal.SIGTERM)
            assert process.wait(PATIENCE_SECONDS) == 0
        finally:
            process.kill()
    assert said.startswith(("Working", "Listening on"))
