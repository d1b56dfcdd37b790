"""``commitcollect queue``: jobs that were set aside."""

from __future__ import annotations

import io
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.console import Console
from cli.stravas import Person
from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.jobs import SqliteQueue
from commitcollect_adapters.strava.fake import CallKind, Fault
from commitcollect_adapters.system import SystemClock
from commitcollect_core.strava.jobs import activity_job
from commitcollect_core.values import ActivityId, AthleteId

STORE = Path("commitcollect.db")
REASON = "invalid_input: distance -5000 is negative"
PARKED_AT = datetime(2026, 1, 31, 7, 0, tzinfo=UTC)


def park(number: str) -> None:
    """Set a job aside, as a worker does after too many tries."""
    now = SystemClock().now()
    with closing(Database(STORE)) as database:
        queue = SqliteQueue(database)
        queue.put(activity_job(AthleteId("42"), ActivityId(number), now=now), visible_at=now)
        [leased] = queue.lease(now=now, seconds=60, limit=1)
        assert queue.park(leased, reason=REASON, now=PARKED_AT)


@pytest.fixture
def parked(console: Console) -> Console:
    """A console in a folder whose store has two jobs that were set aside."""
    for number in ("7", "8"):
        park(number)
    return console


def test_what_was_set_aside_is_listed_with_its_reason(parked: Console) -> None:
    """One line per job, the others counted on stderr; ``--json`` says the same and more."""
    outcome = parked("queue", "list")
    assert outcome.code == 0
    header, *rows = outcome.out.splitlines()
    assert header.split() == ["Job", "Set", "aside", "Tries", "Why"]
    assert [row.split("  ")[0] for row in rows] == ["strava/activity/42/7", "strava/activity/42/8"]
    assert all(row.endswith(f"2026-01-31 07:00  1      {REASON}") for row in rows)
    assert outcome.err == "0 jobs wait, 0 under way, 2 set aside.\n"
    document = parked.json("queue", "list")
    assert (document["waiting"], document["leased"], document["parked"]) == (0, 0, 2)
    assert document["jobs"][0] == {
        "job": "strava/activity/42/7",
        "kind": "strava/activity",
        "subject": {"athleteId": "42", "activityId": "7"},
        "attempts": 1,
        "reason": REASON,
        "parkedAtUtc": int(PARKED_AT.timestamp()),
        "parkedAt": "2026-01-31T07:00:00Z",
    }


def test_doctor_counts_what_was_set_aside(person: Person) -> None:
    """A job that was set aside is a finding, with the command that shows it."""
    park("7")
    outcome = person.console("doctor")
    assert outcome.code == 1
    assert "FAILED  queue       1 set aside; look at them with 'commitcollect queue list'" in outcome.out


def test_all_jobs_are_listed_with_tries_and_the_last_error(parked: Console, person: Person) -> None:
    """Those that wait stand above those that were set aside; the doctor counts those that fail."""
    person.connect()
    for number in ("7", "8"):
        parked("queue", "drop", f"strava/activity/42/{number}")
    person.fake.inject(Fault.SERVER_ERROR, CallKind.ACTIVITIES)
    assert "1 to be tried again" in parked("worker", "--once").out
    park("9")
    outcome = parked("queue", "list", "--all")
    header, waiting, *others = outcome.out.splitlines()
    assert header.split() == ["Job", "Due", "Tries", "Last", "error"]
    assert waiting.split()[0] == "strava/backfill/42"
    assert "  1      strava_unavailable: " in waiting
    assert others[1].startswith("strava/activity/42/9")
    (job,) = parked.json("queue", "list", "--all")["waitingJobs"]
    assert (job["attempts"], job["lastError"].partition(":")[0]) == (1, "strava_unavailable")
    assert job["dueAt"].endswith("Z")
    parked("queue", "drop", "strava/activity/42/9")
    assert "1 waiting, 1 failing ('commitcollect queue list --all' says why)" in person.console("doctor").out


def test_a_job_is_tried_again_or_dropped(parked: Console) -> None:
    """One of them waits again, the other is forgotten; neither is among those set aside any more."""
    assert parked("queue", "retry", "strava/activity/42/7").out == "strava/activity/42/7 waits again.\n"
    drop = ("queue", "drop", "strava/activity/42/8")
    assert parked(*drop, "--dry-run").out == "strava/activity/42/8 would be deleted.\n"
    assert parked("queue", "drop", "strava/activity/42/77", "--dry-run").code == 3
    dropped = parked.json("queue", "drop", "strava/activity/42/8")
    assert dropped == {"job": "strava/activity/42/8", "state": "dropped"}
    empty = parked("queue", "list")
    assert (empty.out, empty.err) == ("", "1 job waits, 0 under way, 0 set aside.\n")


@pytest.mark.parametrize("command", ["retry", "drop"])
def test_jobs_that_were_not_set_aside(parked: Console, command: str) -> None:
    """An unknown job is not found, nor is one a second time; nor is a store that is not there."""
    first = parked("queue", command, "strava/activity/42/7")
    assert first.code == 0
    for key in ("strava/activity/42/7", "nonsense"):
        outcome = parked("queue", command, key)
        assert outcome.code == 3
        assert "'commitcollect queue list' shows those that were" in outcome.err
        assert parked("queue", command, key, "--json").document["error"] == "job_not_found"
    assert parked("queue", command, "x", "--store", "no.db").code == 3


def test_a_dynamodb_store_names_the_way_out(console: Console) -> None:
    """Such a store keeps no queue, and says what to set."""
    outcome = console("queue", "list", "--store", "dynamodb://commitcollect")
    assert (outcome.code, "COMMITCOLLECT_QUEUE=sqs://NAME" in outcome.err) == (2, True)


def test_a_queue_in_the_store_needs_no_making(console: Console) -> None:
    """There is nothing to create, look at or delete: the message says where queues to manage are."""
    for command in ("create", "status", "delete"):
        outcome = console("queue", command)
        assert (outcome.code, "sqs://NAME" in outcome.err) == (2, True)


@pytest.mark.slow
def test_queues_on_sqs_are_made_shown_used_and_deleted(
    console: Console, monkeypatch: pytest.MonkeyPatch, ministack: str
) -> None:
    """Create and delete may be repeated; status tells by its exit code; a missing queue names the way out."""
    monkeypatch.setenv("COMMITCOLLECT_QUEUE", f"sqs://shown?endpoint={ministack}")
    missing = console("queue", "list")
    assert (missing.code, "commitcollect queue create" in missing.err) == (1, True)
    assert console("queue", "status").code == 1
    for _ in range(2):
        made = console.json("queue", "create")["queues"]
        assert [each["state"] for each in made] == ["ACTIVE", "ACTIVE"]
    assert console("queue", "status").code == 0
    assert console.json("queue", "list")["jobs"] == []
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    refused = console("queue", "delete")
    assert (refused.code, "Nothing was deleted" in refused.err) == (1, True)
    assert console("queue", "delete", "--dry-run").code == 0
    assert console("queue", "status").code == 0
    assert console("queue", "delete", "--yes").code == 0
    assert console("queue", "status").code == 1


@pytest.mark.slow
def test_deleting_queues_without_an_answer_is_refused(
    console: Console, monkeypatch: pytest.MonkeyPatch, ministack: str
) -> None:
    """At the end of the input nothing is deleted, and the way out is named, as with tables."""
    monkeypatch.setenv("COMMITCOLLECT_QUEUE", f"sqs://asked?endpoint={ministack}")
    assert console("queue", "create").code == 0
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    outcome = console("queue", "delete")
    assert (outcome.code, "--yes" in outcome.err) == (2, True)
    assert console("queue", "status").code == 0


def put(number: str, athlete: str = "42") -> None:
    """Have a job wait."""
    now = SystemClock().now()
    with closing(Database(STORE)) as database:
        job = activity_job(AthleteId(athlete), ActivityId(number), now=now)
        SqliteQueue(database).put(job, visible_at=now)


def test_waiting_jobs_of_an_athlete_are_listed_and_dropped(console: Console) -> None:
    """Theirs alone: neither those of others, nor those that were set aside."""
    park("7")
    for number, athlete in (("1", "42"), ("2", "42"), ("3", "420")):
        put(number, athlete)
    header, *rows = console("queue", "list", "--athlete", "42").out.splitlines()
    assert header.split() == ["Job", "Due", "Tries", "Last", "error"]
    assert [row.split()[0] for row in rows] == ["strava/activity/42/1", "strava/activity/42/2"]
    document = console.json("queue", "list", "--athlete", "420")["jobs"]
    assert [(each["job"], each["attempts"]) for each in document] == [("strava/activity/420/3", 0)]
    dry = console("queue", "drop", "--athlete", "42", "--dry-run").out
    assert dry == "Would delete 2 jobs; one that is under way stays.\n"
    assert console("queue", "drop", "--athlete", "42").out == "2 jobs are deleted.\n"
    assert console.json("queue", "drop", "--athlete", "42") == {"athleteId": "42", "dropped": 0}
    assert console("queue", "list", "--athlete", "42").err == "No job of athlete 42 waits.\n"
    assert console("queue", "list").err == "1 job waits, 0 under way, 1 set aside.\n"


@pytest.mark.parametrize(
    "arguments", [(), ("strava/activity/42/7", "--athlete", "42"), ("--athlete", "a/b")], ids=str
)
def test_what_to_drop_is_named_once(parked: Console, arguments: tuple[str, ...]) -> None:
    """Nothing is dropped by mistake."""
    assert parked("queue", "drop", *arguments).code == 2
    assert parked("queue", "list").err == "0 jobs wait, 0 under way, 2 set aside.\n"


def test_a_job_that_cannot_be_read_is_listed_and_dropped(parked: Console) -> None:
    """Its line says why, and the command that the doctor names works."""
    with closing(Database(STORE)) as database, database.transaction() as connection:
        connection.execute("UPDATE parkedJob SET events = 'newer' WHERE jobKey = 'strava/activity/42/7'")
    assert "this version cannot read it" in parked("queue", "list").out
    assert parked("queue", "drop", "strava/activity/42/7").code == 0
    assert "cannot read" not in parked("queue", "list").out
