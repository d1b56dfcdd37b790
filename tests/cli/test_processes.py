"""The command line in processes of its own: terminals, pipes, encodings, interruptions."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from cli.console import COMMAND, PATIENCE_SECONDS, activity, environment, run_process, write_history
from commitcollect_cli.output import columns_of

BASH = shutil.which("bash") or "bash"
DEMO = ("simulate", "--demo", "--activities", "60")


def _on_a_terminal(*arguments: str, **changes: str) -> tuple[int, str]:
    """Run a command on a pseudo-terminal; returns its exit code and everything it printed."""
    reader, terminal = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env=environment(TERM="xterm-256color", **changes),
    ) as process:
        os.close(terminal)
        printed = b""
        while True:
            try:
                chunk = os.read(reader, 65_536)
            except OSError:  # Linux's way to say that the other end is closed
                break
            if not chunk:
                break
            printed += chunk
    os.close(reader)
    return process.returncode, printed.decode()


def test_module_runs_and_ends_with_its_exit_code() -> None:
    """``python -m commitcollect_cli`` is the command, with data on stdout and its exit code."""
    done = run_process(*DEMO)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Dragon (DRAGON_2026)  ")
    assert "\x1b" not in done.out
    assert run_process("milestone", "show", "x", "--store", "/no/such.db").code == 3


def test_a_terminal_gets_colour() -> None:
    """On a terminal the statue is coloured."""
    code, printed = _on_a_terminal(*DEMO)
    assert code == 0
    assert "\x1b[32m  ◆" in printed


def test_no_color_is_honoured() -> None:
    """With NO_COLOR set, a terminal gets the same text without one escape; set empty, it means nothing."""
    code, plain = _on_a_terminal(*DEMO, NO_COLOR="1")
    assert code == 0
    assert "\x1b" not in plain
    assert "  ◆  1  Base" in plain
    assert "\x1b[32m" in _on_a_terminal(*DEMO, NO_COLOR="")[1]


_INTERRUPTED_AT = """
import atexit, os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
moment = sys.argv[1]

class Interrupting:
    def find_spec(self, name, path, target=None):
        if name == moment:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
if moment == "end":
    atexit.register(os.kill, os.getpid(), signal.SIGINT)
from commitcollect_cli.start import run
sys.argv[1:] = ["statue", "list"]
run()
"""


@pytest.mark.parametrize(
    "moment",
    ["click", "commitcollect_cli.output", "commitcollect_cli.statue", "commitcollect_core.policy", "end"],
)
def test_ctrl_c_shows_no_traceback_at_any_moment(moment: str, tmp_path: Path) -> None:
    """While the program is imported, while a command is, and when all is done."""
    done = subprocess.run(
        [sys.executable, "-c", _INTERRUPTED_AT, moment],
        cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False,
        timeout=PATIENCE_SECONDS,
    )  # fmt: skip
    assert done.returncode in {-signal.SIGINT, 130}
    assert done.stderr.strip() in {"", "Error: interrupted; what was written before stays"}


def test_a_pipe_of_the_shell_is_read(tmp_path: Path) -> None:
    """``<(…)`` is a path to an open pipe, and is read like standard input."""
    history = write_history(tmp_path / "history.json", activity(1), activity(2))
    command = f"{' '.join(COMMAND)} import <(cat {history}) --json"
    done = subprocess.run(
        [BASH, "-c", command], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["workouts"]["changed"] == 2
    piped = f"cat {history} | {' '.join(COMMAND)} import /dev/stdin --store b.db"
    assert subprocess.run([BASH, "-c", piped], cwd=tmp_path, env=environment(), check=False).returncode == 0


LISTS = (
    ("workout", "list"), ("workout", "list", "--name", "長"), ("milestone", "list"),
    ("summary", "--year", "2024"), ("milestone", "explain", "Spring"), ("statue", "show", "DRAGON_2026"),
)  # fmt: skip
SEEN = {"workout": "1000001", "milestone": "40 km", "summary": "5.0 h"}


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A store with long names to show, as options name it."""
    folder = tmp_path_factory.mktemp("listed")
    store = ("--store", str(folder / "store.db"))
    rides = [activity(number, name="長い川沿いの道をゆっくり走った朝 " * 3) for number in range(1, 7)]
    run_process("import", str(write_history(folder / "history.json", *rides)), *store)
    goal = ("--target", "distance=40km", "--year", "2024", "--name", "Spring")
    run_process("milestone", "create", *goal, *store)
    return store


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_tables_fit_the_terminal(listed: tuple[str, str], columns: int) -> None:
    """No row is wrapped, in any script; ids, goals and sums are seen at every width."""
    for command in LISTS:
        code, printed = _on_a_terminal(*command, *listed, COLUMNS=str(columns), NO_COLOR="1")
        lines = printed.replace("\r", "").splitlines()
        wide = [line for line in lines if columns_of(line) > columns and "workouts count" not in line]
        assert (code, wide) == (0, []), command
        assert command[1] == "explain" or SEEN.get(command[0], "") in printed


def test_tables_are_whole_in_a_pipe(listed: tuple[str, str]) -> None:
    """Where no width is known nothing is left out."""
    for command in LISTS:
        assert SEEN.get(command[0], "") in run_process(*command, *listed).out


def test_usage_error_on_a_terminal() -> None:
    """A mistake on a terminal is told without a traceback."""
    code, printed = _on_a_terminal("simulate")
    assert code == 2
    assert "give one or more FILES, or --demo" in printed


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_plain_characters_where_the_encoding_has_no_others(encoding: str) -> None:
    """A stream that cannot take the drawing gets it in ASCII, in columns as wide; JSON stays whole."""
    done = run_process(*DEMO, "--target", "distance=2000km", PYTHONIOENCODING=encoding, PYTHONUTF8="0")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    bar = lines[1].split(" ")[0]
    assert len(bar) == 30
    assert set(bar) == {"#", "-"}
    assert any(line.startswith("  *  1  Base") for line in lines)
    assert any(line.startswith("  o 12  Crown") for line in lines)
    failed = run_process("milestone", "list", "--store", "ü.db", "--json", PYTHONIOENCODING=encoding)
    assert "ü.db" in failed.document["message"]


def test_names_of_any_script_survive_any_encoding(tmp_path: Path) -> None:
    """A name that stdout cannot encode is escaped in text, exact in JSON, and never an error."""
    name = "Läuft \U0001f3c3 走"
    store = tmp_path / "s.db"
    write_history(tmp_path / "h.json", activity(1, name=name))
    assert run_process("workout", "import", tmp_path / "h.json", "--store", store).code == 0
    for encoding, shown in (("ascii", "L\\xe4uft \\U0001f3c3 \\u8d70"), ("utf-8", name)):
        text = run_process("workout", "list", "--store", store, PYTHONIOENCODING=encoding)
        assert (text.code, text.err) == (0, "")
        assert shown in text.out
        listed = run_process("workout", "list", "--store", store, "--json", PYTHONIOENCODING=encoding)
        assert listed.document["workouts"][0]["activityName"] == name


def test_reader_that_goes_away_is_met_with_silence(tmp_path: Path) -> None:
    """``| head -1`` gets its line, and no complaint follows."""
    store = str(tmp_path / "s.db")
    history = write_history(tmp_path / "h.json", *(activity(number) for number in range(1, 3_000)))
    goal = ("--target", "count=12", "--from", "2010-01-01", "--store", store)
    assert run_process("workout", "import", history, "--store", store).code == 0
    milestone_id = run_process("milestone", "create", *goal, "--json").document["milestoneId"]
    with subprocess.Popen(
        [*COMMAND, "milestone", "explain", milestone_id, "--store", store],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"20")
        process.stdout.close()
        complaint = process.stderr.read()
    assert complaint == b""
    assert process.returncode == 1


@pytest.mark.parametrize(
    "arguments",
    [("statue", "list"), ("statue", "show", "x", "--json"), ("statue", "melt", "--json"), ("-h",)],
)
def test_a_closed_pipe_is_met_with_silence(arguments: tuple[str, ...]) -> None:
    """A pipe that was closed before the first word, be it data or an error, is no reason to complain."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*COMMAND, *arguments], stdout=writer, stderr=subprocess.PIPE, env=environment(), check=False
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_full_disk_is_told() -> None:
    """Output that cannot be written is an error with a message, not a traceback."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*COMMAND, "statue", "list"], stdout=full, stderr=subprocess.PIPE, env=environment(), check=False
        )
    assert (done.returncode, done.stderr) == (1, b"Error: No space left on device\n")


def _stored_workouts(store: Path) -> int:
    """How many workouts are in a store that another process may just be making."""
    try:
        with closing(sqlite3.connect(f"{store.as_uri()}?mode=ro", uri=True)) as connection:
            row = connection.execute("SELECT workoutCount FROM ledgerHead").fetchone()
    except sqlite3.OperationalError:  # no file, or no tables yet
        return 0
    return 0 if row is None else int(row[0])


def _heed_interrupts() -> None:
    """A shell may have tests in the background ignore Ctrl-C, and children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_interruption_leaves_a_sound_store(tmp_path: Path, flags: tuple[str, ...]) -> None:
    """Ctrl-C in the middle of an import ends with 130; the store is sound, and a re-run brings the rest."""
    store = tmp_path / "s.db"
    count = 8_000
    history = write_history(tmp_path / "h.json", *(activity(number) for number in range(1, count + 1)))
    on_store = ("--store", str(store))
    goal = ("--target", "distance=60000km", "--from", "1999-01-01")
    milestone_id = run_process("milestone", "create", *goal, *on_store, "--json").document["milestoneId"]

    with subprocess.Popen(
        [*COMMAND, "workout", "import", str(history), *on_store, *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        preexec_fn=_heed_interrupts,  # noqa: PLW1509 - this test starts no threads
    ) as process:
        while not _stored_workouts(store):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 130
    assert b"Traceback" not in err
    if flags:
        assert json.loads(out)["error"] == "interrupted"
    else:
        assert err.strip() == b"Error: interrupted; what was written before stays"

    stored = _stored_workouts(store)
    assert 0 < stored < count
    assert run_process("doctor", *on_store).code == 0
    shown = run_process("milestone", "show", milestone_id, *on_store, "--json").document
    assert shown["progressValue"] == stored * 10_000
    again = run_process("workout", "import", history, *on_store, "--json").document
    assert again["workouts"]["changed"] == count - stored
    assert _stored_workouts(store) == count


def test_group_of_commands_is_imported_alone() -> None:
    """One command does not pay for the others: showing a statue imports neither readers nor SQLite."""
    script = (
        "import sys; from commitcollect_cli.main import _exit_code;"
        "_exit_code(['statue', 'show', 'DRAGON_2026']);"
        "others = {'commitcollect_adapters.readers', 'sqlite3', 'commitcollect_cli.simulate'};"
        "assert not others & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, env=environment(), check=False)
    assert (done.returncode, done.stderr) == (0, b"")
