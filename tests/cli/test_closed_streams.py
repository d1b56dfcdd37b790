"""Commands that are started without standard input, output or error."""

from __future__ import annotations

import shlex
import sqlite3
import subprocess
from pathlib import Path

import pytest

from cli.console import COMMAND, PATIENCE_SECONDS, Outcome, environment, run_process

RUN = ("workout", "add", "--sport-type", "Run", "--start", "2026-01-05T07:00Z", "--distance", "5km")


def _run_closed(closing: str, *arguments: object) -> Outcome:
    """Run a command as a shell does that closes some of its streams."""
    command = f"{shlex.join([*COMMAND, *map(str, arguments)])} {closing}"
    done = subprocess.run(
        ["sh", "-c", command],  # noqa: S607 - of this machine
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with one workout."""
    path = tmp_path / "s.db"
    assert run_process(*RUN, "--store", path).code == 0
    return path


@pytest.mark.parametrize(
    "command",
    [
        ("workout", "list"), ("summary",), ("summary", "--json"), ("workout", "export", "-"), ("doctor",),
        ("milestone", "create", "--target", "count=5", "--year", "2026"),
        ("workout", "list", "--user", "x", "--json"),
    ],
)  # fmt: skip
def test_a_closed_output_is_one_line(store: Path, command: tuple[str, ...]) -> None:
    """What would be printed is an error of one line, and the store stays as readable as it was."""
    outcome = _run_closed(">&-", *command, "--store", store)
    assert outcome.code == 1
    assert "Error: standard output is closed" in outcome.err.splitlines()
    assert "Traceback" not in outcome.err
    assert "Exception ignored" not in outcome.err
    with sqlite3.connect(store) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize("command", [("--help",), ("--version",)])
def test_help_says_that_the_output_is_closed(command: tuple[str, ...]) -> None:
    """Also where no command runs."""
    outcome = _run_closed(">&-", *command)
    assert (outcome.code, outcome.err) == (1, "Error: standard output is closed\n")


@pytest.mark.parametrize(
    "command",
    [("workout", "import", "-"), ("simulate", "-"), ("account", "verify-receipt", "-", "--public-key", "x")],
)
def test_a_closed_input_is_one_line(tmp_path: Path, command: tuple[str, ...]) -> None:
    """What is read from standard input says that there is none."""
    outcome = (
        _run_closed("<&-", *command, "--store", tmp_path / "s.db")
        if command[0] != "account"
        else (_run_closed("<&-", *command))
    )
    assert outcome.code == 1
    assert outcome.err.endswith("standard input is closed\n")
    assert len(outcome.err.splitlines()) == 1


def test_a_question_without_an_input_names_the_option(store: Path) -> None:
    """As where the input ends, nothing is deleted."""
    outcome = _run_closed("<&-", "account", "delete", "--store", store)
    assert outcome.code == 2
    assert "give --yes if you are sure" in outcome.err
    assert "5.0 km" in run_process("workout", "list", "--store", store).out


def test_without_an_error_stream_the_exit_code_tells(store: Path) -> None:
    """Data still comes on stdout, and a failure still has its code."""
    assert "5.0 km" in _run_closed("2>&-", "workout", "list", "--store", store).out
    assert _run_closed("2>&-", "workout", "lost").code == 2
    assert _run_closed("<&- >&- 2>&-", "workout", "list", "--store", store).code == 1
