"""``commitcollect audit`` and ``session``: what an operator sees, and what was changed behind the program."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from attrs import evolve

from cli.console import Console
from commitcollect_adapters.backend import open_backend
from commitcollect_adapters.ciphers.keys import new_key
from commitcollect_adapters.services import auditing_of
from commitcollect_adapters.settings import Settings
from commitcollect_adapters.system import SystemClock
from commitcollect_adapters.testing import service_samples as service
from commitcollect_core.accounts.audit import AuditType
from commitcollect_core.values import UserId

ME = UserId("me")
STORE = "commitcollect.db"


@pytest.fixture
def log(console: Console) -> Console:
    """A store with five entries about one person and one about another."""
    settings = Settings()
    now = SystemClock().now()
    with open_backend(STORE) as backend:
        auditing = auditing_of(settings, backend)
        for number in range(5):
            at = now - timedelta(minutes=5 - number)
            auditing.append(service.audit_event(ME, f"r{number}", occurred_at=at, correlation_id="flow-1"))
        other = service.audit_event(UserId("other"), "r9", occurred_at=now, event_type=AuditType.DATA_EXPORT)
        auditing.append(other)
    return console


def edit(statement: str) -> None:
    """Change the store behind the program's back."""
    with closing(sqlite3.connect(STORE)) as connection:
        assert connection.execute(statement).rowcount
        connection.commit()


def test_entries_are_listed_by_person_flow_and_type(log: Console) -> None:
    """The newest that were asked for, the oldest of them first."""
    found = log.json("audit", "list", "--limit", 2)["entries"]
    assert [each["requestId"] for each in found] == ["r3", "r4"]
    assert len(log.json("audit", "list")["entries"]) == 5
    assert len(log.json("audit", "trace", "flow-1")["entries"]) == 5
    exports = log.json("audit", "list", "--type", "DATA_EXPORT")["entries"]
    assert [each["userId"] for each in exports] == ["other"]
    assert log.json("audit", "list", "--type", "DATA_EXPORT", "--month", "200001")["entries"] == []
    shown = log("audit", "list")
    assert "AUTH_LOGIN" in shown.out
    assert shown.err == "5 entries.\n"


def test_a_month_is_reported_by_type(log: Console) -> None:
    """Of everyone."""
    counts = log.json("audit", "report")["counts"]
    assert {each["eventType"] for each in counts} == {"AUTH_LOGIN", "DATA_EXPORT"}
    assert "DATA_EXPORT" in log("audit", "report").out
    written = [f"{datetime.now(UTC):{form}}" for form in ("%Y-%m", "%Y%m")]
    first, second = (log.json("audit", "report", "--month", each) for each in written)
    assert first == second
    assert first["counts"] == counts
    wrong = log("audit", "report", "--month", "2026-13").err
    assert "'2026-13' is not a month; write it as 2026-11" in wrong


def test_a_log_as_it_was_written_gives_a_checkpoint(log: Console) -> None:
    """Which a later verification can be given."""
    found = log.json("audit", "verify")
    assert (found["isAsWritten"], found["entries"], found["firstBad"]) == (True, 5, None)
    assert log("audit", "verify", "--checkpoint", found["checkpoint"]).code == 0
    beyond = f"9:{'0' * 64}"
    assert log("audit", "verify", "--checkpoint", beyond).code == 1
    assert "5 entries, as written. Checkpoint: 5:" in log("audit", "verify").out


@pytest.mark.parametrize(
    ("statement", "sequence", "fault"),
    [
        ("UPDATE audit SET eventType = 'DATA_EXPORT' WHERE requestId = 'r2'", 3, "edited"),
        ("UPDATE audit SET occurredAtUtc = occurredAtUtc - 1 WHERE requestId = 'r0'", 1, "edited"),
        ("DELETE FROM audit WHERE requestId = 'r1'", 2, "missing"),
        ("DELETE FROM audit WHERE requestId IN ('r3', 'r4')", 4, "missing"),
        ("UPDATE audit SET sequence = 6 - sequence WHERE userId = 'me'", 1, "edited"),
        ("UPDATE auditHead SET sequence = 3 WHERE userId = 'me'", 6, "head_edited"),
        ("DELETE FROM auditHead WHERE userId = 'me'", 1, "head_missing"),
    ],
)
def test_a_change_behind_the_program_is_found(
    log: Console, statement: str, sequence: int, fault: str
) -> None:
    """Exit code 1, and the first bad entry named; the log of others is as it was."""
    edit(statement)
    outcome = log("audit", "verify", "--json")
    assert outcome.code == 1
    bad = outcome.document["firstBad"]
    assert (bad["sequence"], bad["fault"]) == (sequence, fault)
    assert f"number {sequence}" in log("audit", "verify").out
    assert log("audit", "verify", "--user", "other").code == 0


def test_another_key_verifies_nothing(log: Console, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Which the message says; the key file is its own, and for its owner alone."""
    path = tmp_path / "commitcollect.db.audit.key"
    assert path.stat().st_mode & 0o077 == 0
    monkeypatch.setenv("COMMITCOLLECT_AUDIT_KEYS", new_key())
    outcome = log("audit", "verify")
    assert outcome.code == 1
    assert "another audit key" in outcome.out
    monkeypatch.setenv("COMMITCOLLECT_AUDIT_KEYS", f"{new_key()},{path.read_text().strip()}")
    assert log("audit", "verify").code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("trace", "a b"),
        ("trace",),
        ("list", "--month", "2026-13"),
        ("list", "--type", "NOTHING"),
        ("list", "--limit", "0"),
        ("verify", "--checkpoint", "5"),
        ("verify", "--checkpoint", "x:y"),
    ],
)
def test_bad_input_is_a_usage_error(log: Console, arguments: tuple[str, ...]) -> None:
    """With what is wanted instead."""
    assert log("audit", *arguments).code == 2


def test_keys_that_are_none_are_refused(log: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    """The setting is named; on a store without a file it has to be set."""
    monkeypatch.setenv("COMMITCOLLECT_AUDIT_KEYS", "canary")
    outcome = log("audit", "verify", "--json")
    assert (outcome.code, outcome.document["field"]) == (2, "audit_keys")
    assert "canary" not in outcome.out
    monkeypatch.delenv("COMMITCOLLECT_AUDIT_KEYS")
    outcome = log("audit", "verify", "--store", "memory:")
    assert "COMMITCOLLECT_AUDIT_KEYS" in outcome.err


# Sessions


def test_sessions_are_listed_and_revoked(console: Console) -> None:
    """One by its id, or all; another person's session is not found."""
    now = SystemClock().now()
    made = [
        evolve(
            service.session(ME),
            created_at=now - timedelta(minutes=9 - number),
            last_seen_at=now,
            expires_at=now + timedelta(days=29),
            user_agent=f"Browser {number}\x1b[31m",
        )
        for number in range(3)
    ]
    with open_backend(STORE) as backend:
        for each in made:
            backend.stores().sessions.write(each)
    found = console.json("session", "list")["sessions"]
    assert [each["sessionId"] for each in found] == [each.session_id for each in made]
    shown = console("session", "list")
    assert "Browser 2" in shown.out
    assert "\x1b" not in shown.out
    for dry, count in ((("--all",), "3 sessions"), ((made[0].session_id,), "1 session")):
        assert console("session", "revoke", *dry, "--dry-run").out == f"Would end {count}.\n"
    assert console("session", "revoke", "unknown", "--dry-run").code == 3
    assert len(console.json("session", "list")["sessions"]) == 3
    assert console("session", "revoke", made[0].session_id, "--user", "other").code == 3
    assert console("session", "revoke", made[0].session_id).out == "Ended 1 session.\n"
    assert console("session", "revoke", made[0].session_id).code == 3
    assert console.json("session", "revoke", "--all")["revoked"] == [each.session_id for each in made[1:]]
    assert console("session", "list").err == "me has 0 sessions.\n"


@pytest.mark.parametrize("arguments", [(), ("x", "--all")])
def test_what_to_revoke_is_said_once(console: Console, arguments: tuple[str, ...]) -> None:
    """Neither nothing nor two things."""
    assert console("session", "revoke", *arguments).code == 2


def test_commands_are_recorded_where_keys_are_set(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a milestone, a workout by hand and a recurring goal came to; nothing without a key."""
    ride = ("workout", "add", "--sport-type", "Ride", "--distance", "100km", "--start", "2026-01-05T07:00Z")
    console("milestone", "create", "--target", "distance=1200km", "--from", "2026-01-01")
    assert console.json("audit", "list")["entries"] == []
    monkeypatch.setenv("COMMITCOLLECT_AUDIT_KEYS", new_key())
    console("milestone", "create", "--target", "distance=100km", "--from", "2026-01-01", "--name", "whole")
    assert console(*ride).code == 0
    console("recurring", "begin", "--every", "year", "--target", "count=4")
    entries = console.json("audit", "list", "--limit", "100")["entries"]
    types = [each["eventType"] for each in entries]
    assert types.count("MILESTONE_CREATED") == 2
    assert types.count("MILESTONE_COMPLETED") == 1
    assert types.count("MILESTONE_PART_MINTED") > 12
    assert {each["actor"] for each in entries} == {"operator"}
    assert console("audit", "verify").code == 0
