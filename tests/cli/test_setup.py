"""What every command has, and the commands that look after an installation."""

from __future__ import annotations

import ast
import io
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click
import pytest

from cli.console import Console, run_process
from commitcollect_adapters.sqlite import database
from commitcollect_cli import output
from commitcollect_cli.doctor import SQLITE_MIN
from commitcollect_cli.main import cli

NOBODY = 65_534


def _leaves(
    command: click.Command, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            yield from _leaves(child, (*path, name))
    else:
        yield path, command


LEAVES = dict(_leaves(cli))


def test_these_are_the_commands() -> None:
    """These commands, no more and no less."""
    assert {" ".join(path) for path in LEAVES} == {
        "simulate", "doctor", "completion", "config show", "config new-key", "statue list", "statue show",
        "statue export", "statue view", "statue check", "statue add", "statue retire", "statue coupon",
        "milestone create", "milestone list", "milestone show", "milestone explain", "milestone recompute",
        "recurring begin", "recurring end", "recurring list", "recurring open",
        "account delete", "account deletions", "account export", "account import", "account public-key",
        "account reapply-deletions", "account resume", "account verify-receipt",
        "backup", "summary", "workout edit", "workout export", "workout show", "workout undelete",
        "milestone edit", "milestone archive", "milestone delete",
        "workout import", "workout list", "workout add", "workout delete",
        "tables create", "tables status", "tables delete", "capacity",
        "strava connect", "strava disconnect", "strava status", "strava backfill", "strava reconcile",
        "strava limits", "strava subscribe", "strava subscriptions", "strava unsubscribe",
        "worker", "serve", "queue list", "queue retry", "queue drop",
        "queue create", "queue status", "queue delete", "fake-strava serve",
        "audit list", "audit trace", "audit report", "audit verify", "session list", "session revoke",
        "user list",
    }  # fmt: skip


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_every_command_explains_itself_and_speaks_json(console: Console, path: tuple[str, ...]) -> None:
    """``-h`` describes each command, and each has ``--json``."""
    outcome = console(*path, "-h")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith(f"Usage: commitcollect {' '.join(path)}")
    assert "--json" in outcome.out
    assert LEAVES[path].help


def test_statues_are_listed_and_shown(console: Console) -> None:
    """The dragon has twelve parts, the first of them its base, in the order they are earned."""
    listed = console.json("statue", "list")["statues"]
    assert listed[0] == {
        "modelId": "DRAGON_2026", "name": "Dragon", "year": 2026, "isActive": True, "partsTotal": 12,
    }  # fmt: skip
    shown = console.json("statue", "show", "DRAGON_2026")
    assert [part["partIndex"] for part in shown["parts"]] == list(range(1, 13))
    assert shown["parts"][0]["partName"] == "Base"
    assert console("statue", "list").out.splitlines()[1].split() == [
        "DRAGON_2026",
        "Dragon",
        "2026",
        "12",
        "yes",
    ]
    lines = console("statue", "show", "DRAGON_2026").out.splitlines()[-14:]
    assert lines[0] == "Dragon (DRAGON_2026), 12 parts"
    assert lines[2].split() == ["1", "Base", "ground", "dragon_2026_01_base.stl"]
    assert len(lines) == 14


def test_doctor_finds_a_sound_store_sound(console: Console, history: Path) -> None:
    """One line per check, all ok, exit 0; ``--json`` says the same."""
    console.json("workout", "import", history)
    console.json("milestone", "create", "--target", "count=12", "--from", "2024-01-01")
    outcome = console("doctor")
    checks = ["python", "sqlite", "catalogue", "settings", "store", "writable", "integrity", "milestone"]
    assert outcome.code == 0
    assert [line.split()[:2] for line in outcome.out.splitlines()] == [["ok", check] for check in checks]
    report = console.json("doctor")
    assert report["isHealthy"] is True
    assert [(each["check"], each["isOk"]) for each in report["checks"]] == [(check, True) for check in checks]


def test_doctor_finds_a_damaged_store(console: Console, history: Path) -> None:
    """Bytes overwritten in the store's file are found; it is no traceback."""
    console.json("workout", "import", history)
    store = Path("commitcollect.db")
    content = bytearray(store.read_bytes())
    content[4_096:] = b"\xa5" * (len(content) - 4_096)
    store.write_bytes(content)
    outcome = console("doctor", "--json")
    assert outcome.code == 1
    failed = [each for each in outcome.document["checks"] if not each["isOk"]]
    assert failed
    assert all("commitcollect.db" in each["detail"] for each in failed)


@pytest.mark.parametrize(
    "command",
    [("workout", "list"), ("summary", "--month", "2024-01"), ("backup", "b.db"), ("doctor", "--repair")],
)
def test_a_cut_store_is_called_damaged_with_the_way_out(
    console: Console, history: Path, command: tuple[str, ...]
) -> None:
    """By whichever command meets it."""
    console.json("workout", "import", history)
    store = Path("commitcollect.db")
    store.write_bytes(store.read_bytes()[: 3 * 4_096])
    outcome = console(*command)
    assert outcome.code == 1
    assert "commitcollect.db is damaged: " in outcome.err
    assert "restore it from a backup or import the history anew" in outcome.err


def test_doctor_finds_damage_that_reading_does_not_meet(console: Console, history: Path) -> None:
    """A page that the file has lost track of fails the integrity check alone."""
    console.json("workout", "import", history)
    with closing(sqlite3.connect("commitcollect.db")) as store, store:
        store.execute("PRAGMA writable_schema = ON")
        store.execute("DELETE FROM sqlite_master WHERE name = 'workoutByStart'")
    outcome = console("doctor")
    failed = [line for line in outcome.out.splitlines() if line.startswith("FAILED")]
    assert (outcome.code, len(failed)) == (1, 1)
    assert failed[0].startswith("FAILED  integrity   commitcollect.db is damaged: ")


SQLITE_SINCE = {
    r"WITHOUT ROWID": (3, 8), r"\(\w+, \w+[\w, ]*\) [<>=]+ \(": (3, 15), r"\b(TRUE|FALSE)\b": (3, 23),
    r"ON CONFLICT": (3, 24), r"OVER \(|RENAME COLUMN": (3, 25), r"FILTER \(|NULLS (FIRST|LAST)": (3, 30),
    r"GENERATED ALWAYS": (3, 31), r"\biif\(": (3, 32), r"SET [^(;]* FROM": (3, 33),
    r"RETURNING|DROP COLUMN|MATERIALIZED": (3, 35), r"\) STRICT": (3, 37), r"->>|unixepoch\(": (3, 38),
    r"IS (NOT )?DISTINCT FROM": (3, 39), r"string_agg\(": (3, 44),
}  # fmt: skip
"""What SQL may use, by the first version of SQLite that has it (https://sqlite.org/changes.html)."""


def test_doctor_asks_for_the_sqlite_that_the_statements_need() -> None:
    """The newest feature of any text of the store decides; a statement with a newer one raises the limit."""
    folder = Path(database.__file__).parent
    texts = [
        node.value
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    used = [
        since for feature, since in SQLITE_SINCE.items() if any(re.search(feature, each) for each in texts)
    ]
    assert max(used) == SQLITE_MIN


def test_doctor_asks_who_signs_people_in(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that does not answer, or a client that is not named, fails with the way out."""
    console("workout", "add", "--sport-type", "Run", "--start", "2026-01-01T10:00Z", "--distance", "1km")

    monkeypatch.setenv("COMMITCOLLECT_POLICY_STORE_DEADLINE_SECONDS", "0")

    def identity(address: str, client_id: str = "c") -> tuple[bool, str]:
        monkeypatch.setenv("COMMITCOLLECT_IDENTITY", address)
        monkeypatch.setenv("COMMITCOLLECT_IDENTITY_CLIENT_ID", client_id)
        outcome = console("doctor", "--json")
        [found] = [each for each in outcome.document["checks"] if each["check"] == "identity"]
        assert outcome.code == (0 if found["isOk"] else 1)
        return found["isOk"], found["detail"]

    assert identity("local:") == (True, "anyone at this machine signs in, without a password")
    for address in (
        "http://127.0.0.1:9/pool",
        "cognito://eu-central-1_Ab12Cd34E?endpoint=http://127.0.0.1:9",
    ):
        is_ok, detail = identity(address)
        assert not is_ok
        assert "the identity provider cannot be reached" in detail
    assert identity("http://127.0.0.1:9/pool", "")[1].startswith("set identity_client_id")
    assert not identity("ldap://people")[0]


def test_doctor_tells_bad_settings(console: Console) -> None:
    """Settings that cannot be used are one failed line; the store they would name is not looked at."""
    Path("commitcollect.toml").write_text("stroe = 1")
    outcome = console("doctor")
    assert outcome.code == 1
    last = outcome.out.splitlines()[-1]
    assert last.startswith("FAILED  settings    commitcollect.toml: unknown setting 'stroe'")


def test_doctor_names_variables_that_are_no_settings(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A misspelt variable has no effect, so it is named, with the one that may be meant; others are not."""
    monkeypatch.setenv("COMMITCOLLECT_STROE", "x")
    monkeypatch.setenv("COMMITCOLLECT_AUDIT_KEYS_FILE", "")
    monkeypatch.setenv("COMMITCOLLECT_POLICY_JOB_ATTEMPTS_MAX", "9")
    ran = console("doctor", "--store", "memory:")
    named = [line for line in ran.out.splitlines() if "variables" in line]
    assert named == [
        "FAILED  variables   COMMITCOLLECT_STROE is no setting; did you mean COMMITCOLLECT_STORE?"
    ]
    assert ran.code == 1


def test_doctor_looks_for_the_time_zone(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that looks right and does not exist is told with the setting, before every command refuses it."""
    details = []
    for zone, is_ok in (("Europe/Berlin", True), ("Mars/Base", False)):
        monkeypatch.setenv("COMMITCOLLECT_TIME_ZONE", zone)
        report = console("doctor", "--json", "--store", "memory:").document
        (found,) = (each for each in report["checks"] if each["check"] == "time zone")
        assert found["isOk"] is is_ok
        details.append(found["detail"])
    assert details[0] == "Europe/Berlin"
    assert "'Mars/Base'" in details[1]
    assert "COMMITCOLLECT_TIME_ZONE" in details[1]


def test_users_are_listed(console: Console, history: Path) -> None:
    """By id and page by page, with their workouts; a user without data is told so where data is read."""
    for user in ("bob", "ann", "cleo"):
        console("import", history, "--user", user)
    listed = console.json("user", "list", "--limit", "2")
    assert listed == {
        "users": [{"userId": "ann", "workoutCount": 7}, {"userId": "bob", "workoutCount": 7}],
        "next": "bob",
    }
    more = console("user", "list", "--after", "bob")
    assert more.out.splitlines()[1:] == ["cleo  7"]
    for command in (("workout", "list"), ("milestone", "list"), ("status",), ("summary",)):
        assert "The store has no data of user 'cloe'" in console(*command, "--user", "cloe").err
        assert "no data of user" not in console(*command, "--user", "cleo").err
    assert console("user", "list", "--store", "memory:").code == 0


def test_doctor_on_memory_needs_no_file(console: Console, tmp_path: Path) -> None:
    """The store in memory is as sound as any, and leaves nothing behind."""
    assert console("doctor", "--store", "memory:").code == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(console: Console, shell: str) -> None:
    """Each shell gets a script that asks this program; ``--json`` wraps the same text."""
    script = console("completion", shell).out
    assert f"_COMMITCOLLECT_COMPLETE={shell}_complete" in script
    assert console.json("completion", shell) == {"shell": shell, "script": script.removesuffix("\n")}


def test_completion_completes() -> None:
    """What the bash script asks the program for is answered with the commands that fit."""
    asked = {"COMP_WORDS": "commitcollect mil", "COMP_CWORD": "1", "_COMMITCOLLECT_COMPLETE": "bash_complete"}
    answered = run_process(**asked)
    assert answered.out.splitlines() == ["plain,milestone"]


def test_bash_takes_the_completion_script(console: Console) -> None:
    """The script is one that bash can run."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash on this machine")
    script = console("completion", "bash").out
    done = subprocess.run([bash, "-n"], input=script.encode(), capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_times_are_also_told_as_iso_8601(console: Console, history: Path) -> None:
    """Beside each time in epoch seconds, at any depth, in lists and where there is none."""
    document = {"sinceUtc": 0, "jobs": [{"dueAtUtc": None, "timesUtc": [-1, 1]}], "startDateUtc": 86_400}
    assert output.with_iso_times(document) == {
        "sinceUtc": 0,
        "sinceAt": "1970-01-01T00:00:00Z",
        "jobs": [
            {
                "dueAtUtc": None,
                "dueAt": None,
                "timesUtc": [-1, 1],
                "timesAt": ["1969-12-31T23:59:59Z", "1970-01-01T00:00:01Z"],
            }
        ],
        "startDateUtc": 86_400,
        "startAt": "1970-01-02T00:00:00Z",
    }
    console("import", history)
    workout = console.json("workout", "list")["workouts"][0]
    assert workout["startAt"] == "2024-01-07T07:00:00Z"


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        """Like a terminal."""
        return True


@pytest.mark.parametrize("columns", [20, 40, 60, 80, 120])
def test_progress_shows_on_a_terminal_when_it_takes_long(
    monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    """A bar fits any terminal once the work takes longer than the threshold, and is gone at the end."""
    monkeypatch.setattr(output, "PROGRESS_AFTER_SECONDS", -1.0)
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(sys, "stderr", terminal := _Terminal())
    with output.progress("Working", 1_200) as advance:
        for _ in range(1_200):
            advance(1)
        lines = terminal.getvalue().split("\r")
    written = terminal.getvalue()
    assert all(len(each) < columns for each in written.split("\r"))
    assert lines[-1].startswith("Working")
    assert ("[#" in lines[-1]) == (columns >= 40)
    assert columns < 40 or "100% 1,200/1,200" in lines[-1]
    assert "\n" not in written
    assert (_line_of(written).strip(), written[-1]) == ("", "\r")


@pytest.mark.parametrize(
    ("variables", "is_wanted"),
    [
        ({}, None),
        ({"TERM": "dumb"}, False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "0"}, None),
        ({"FORCE_COLOR": "3", "NO_COLOR": "1"}, False),
        ({"NO_COLOR": ""}, None),
    ],
)
def test_colors_are_as_the_environment_says(
    console: Console, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], is_wanted: bool | None
) -> None:
    """NO_COLOR takes precedence over FORCE_COLOR, and that over a dumb terminal; in a pipe there are none."""
    for name in ("TERM", "FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert output.wants_color(variables) is is_wanted
    assert ("\x1b[" in console("statue", "list").out) == bool(is_wanted)
    assert ("\x1b[" in console("statue", "show", "DRAGON_2026").out) == bool(is_wanted)


@pytest.mark.parametrize(("stream", "threshold"), [(_Terminal(), 3_600.0), (io.StringIO(), -1.0)])
def test_progress_is_silent_elsewhere(
    monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, threshold: float
) -> None:
    """There is no bar for quick work, nor where stderr is no terminal."""
    monkeypatch.setattr(output, "PROGRESS_AFTER_SECONDS", threshold)
    monkeypatch.setattr(sys, "stderr", stream)
    with output.progress("Working", 120) as advance:
        advance(120)
    assert stream.getvalue() == ""


@pytest.mark.parametrize("columns", [1, 2, 10, 80])
def test_a_status_line_fits_its_terminal_and_is_cleared(
    monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    """Each text overwrites the one before, whichever is longer, in one line; at the end none is left."""
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(sys, "stderr", terminal := _Terminal())
    with output.status_line() as shown:
        for text in ("listing: 1,200 activities", "done", "counting: 12 pages to go"):
            shown(text)
            assert _line_of(terminal.getvalue()).rstrip() == (
                text if len(text) < columns else f"{text[: columns - 2]}…"[: columns - 1]
            )
    written = terminal.getvalue()
    assert "\n" not in written
    assert all(len(each) < columns for each in written.split("\r"))
    assert (_line_of(written).strip(), written[-1]) == ("", "\r")


def _line_of(written: str) -> str:
    """What a terminal shows of it: what follows a carriage return overwrites."""
    line = ""
    for each in written.split("\r"):
        line = each + line[len(each) :]
    return line


def test_a_status_line_is_silent_in_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written, not even at the end."""
    monkeypatch.setattr(sys, "stderr", pipe := io.StringIO())
    with output.status_line() as shown:
        shown("listing")
    assert pipe.getvalue() == ""


def test_version_is_told(console: Console) -> None:
    """``--version`` prints the installed version."""
    assert console("--version").out.startswith("commitcollect, version 0.")


@contextmanager
def _as_nobody() -> Iterator[None]:
    """Root may write everything; so step down for a while, where there is anything to step down from."""
    user_id = os.geteuid()
    if user_id == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user_id)


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="needs file permissions")
def test_doctor_finds_a_store_that_may_not_be_written(
    console: Console, history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store whose file is read-only is reported, by the check made for it."""
    # Not in tmp_path, whose folders are closed to other users.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        monkeypatch.chdir(folder)
        store = Path(folder) / "s.db"
        console.json("workout", "import", history, "--store", store)
        # Once as who we are, so that everything is imported from folders that no other user may read.
        console("doctor", "--store", store)
        # Behind it: each opening makes the file private if it may.
        store.chmod(0o444)
        with _as_nobody():
            outcome = console("doctor", "--store", store)
    assert outcome.code == 1
    failed = [line for line in outcome.out.splitlines() if line.startswith("FAILED")]
    assert failed == [f"FAILED  writable    the store {store} may not be written; check its permissions"]
