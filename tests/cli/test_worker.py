"""``commitcollect worker``: jobs are done, signals are heeded, and what has expired goes."""

from __future__ import annotations

import io
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest
from attrs import evolve

from cli.console import COMMAND, PATIENCE_SECONDS, Console, environment
from cli.stravas import ATHLETE, Person, settings_for
from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.stores import sqlite_stores
from commitcollect_adapters.strava import Answer, Request
from commitcollect_adapters.strava.fake import CallKind, Fault
from commitcollect_adapters.testing import service_samples as service
from commitcollect_cli.worker import Occasional
from commitcollect_core.values import UserId

STOPPING = "Stopping after the job at hand; once more stops at once.\n"
STORE = Path("commitcollect.db")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """As a terminal does."""
        return True


def test_one_run_does_all_that_is_due(person: Person) -> None:
    """The history is brought in, a step at a time; then nothing is due, and the sums are told."""
    person.connect()
    outcome = person.console("worker", "--once")
    assert (outcome.code, outcome.out) == (0, "Worked 3 times: 2 with more to do, 1 done.\n")
    assert person.console.json("strava", "status")["workoutCount"] == 3
    done = person.console.json("worker", "--once")
    assert set(done["jobs"].values()) == set(done["outcomes"].values()) == {0}


def test_a_job_that_fails_ends_no_run(person: Person) -> None:
    """Strava failing puts the job off; the run ends well, and says so."""
    person.connect()
    person.fake.inject(Fault.SERVER_ERROR, CallKind.ACTIVITIES)
    outcome = person.console("worker", "--once")
    assert (outcome.code, outcome.out) == (0, "Worked 1 time: 1 to be tried again.\n")


def test_each_job_makes_a_line_of_the_log(person: Person) -> None:
    """JSON where no terminal reads it, text where that is set; -q leaves only what went wrong."""
    person.connect()
    lines = [json.loads(each) for each in person.console("worker", "--once").err.splitlines()]
    assert [each["end"] for each in lines] == ["goes_on", "goes_on", "done"]
    assert len({each["correlationId"] for each in lines}) == 1
    assert lines[0]["message"] == f"job strava/backfill/{ATHLETE}: goes on"
    person.monkeypatch.setenv("COMMITCOLLECT_LOG_FORMAT", "text")
    person.console("strava", "disconnect", "--yes")
    person.connect()
    person.fake.inject(Fault.SERVER_ERROR, CallKind.ACTIVITIES)
    warned = person.console("worker", "--once", "-q").err
    assert "WARNING job strava/backfill/42: to be tried again (strava_unavailable" in warned
    assert len(warned.splitlines()) == 1


def test_a_terminal_shows_what_the_worker_does(person: Person) -> None:
    """A line is overwritten by the next, log lines stand above it, and at the end it is gone."""
    person.connect()
    person.monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    assert person.console("worker", "--once").code == 0
    said = terminal.getvalue()
    assert "\rWorked 1 time: 1 with more to do." in said
    assert re.search(r"\r *\r?[0-9T:-]+Z INFO +job strava/backfill/42: done", said)
    assert said.endswith("\r")


def test_idle_workers_forget_what_has_expired(person: Person) -> None:
    """A session of long ago is gone after a run; one that is good stays."""
    person.connect()
    session = service.session(UserId("me"))
    with closing(Database(STORE)) as database:
        sessions = sqlite_stores(database).sessions
        for name, year in (("over", 2020), ("good", 2090)):
            sessions.write(evolve(session, session_id=name, expires_at=datetime(year, 1, 1, tzinfo=UTC)))
    assert person.console("worker", "--once").code == 0
    with closing(Database(STORE)) as database:
        sessions = sqlite_stores(database).sessions
        assert sessions.read("over") is None
        assert sessions.read("good") is not None


def test_what_is_done_now_and_then_is_done_no_more_often() -> None:
    """The first time at once, and after that only when the time has passed."""
    times = iter([5.0, 6.0, 14.9, 15.0, 16.0])
    done: list[int] = []
    occasional = Occasional(lambda: done.append(1), every_seconds=10.0, monotonic=lambda: next(times))
    counts = []
    for _ in range(5):
        occasional.run()
        counts.append(len(done))
    assert counts == [1, 1, 1, 2, 2]


def test_a_store_that_cannot_be_opened_is_told(console: Console, person: Person) -> None:
    """A file of another program ends the worker before it begins."""
    STORE.write_text("something else entirely, and long enough to be no empty file")
    outcome = person.console("worker", "--once")
    assert outcome.code == 1
    assert outcome.err.startswith("Error: ")
    assert console("worker", "--once", "--json").document["error"] == "storage_error"


class Gate:
    """Lets lists of activities through once it is opened.

    Attributes:
        is_reached: a request has come.
        is_open: they are answered.
    """

    def __init__(self, person: Person) -> None:
        self.is_reached, self.is_open = Event(), Event()
        self._answer = person.fake.answer
        person.monkeypatch.setattr(person.fake, "answer", self._held)

    def _held(self, request: Request) -> Answer:
        if "/athlete/activities" in request.address:
            self.is_reached.set()
            self.is_open.wait(PATIENCE_SECONDS)
        return self._answer(request)


@contextmanager
def working(person: Person, *flags: str) -> Iterator[subprocess.Popen[str]]:
    """A worker in a process of its own, once it has begun."""
    with subprocess.Popen(
        [*COMMAND, "worker", *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(**settings_for(person.fake, person.address)),
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509 - no locks are held
    ) as process:
        try:
            assert process.stderr is not None
            assert process.stderr.readline() == "Working; stop with Ctrl-C.\n"
            yield process
        finally:
            process.kill()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_worker_stops_when_told(person: Person, number: signal.Signals) -> None:
    """Waiting for jobs ends at once and well, however long the wait was to be."""
    with working(person, "--idle", "3600") as process:
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, out, err) == (0, "Worked 0 times.\n", STOPPING)


@pytest.mark.slow
def test_a_worker_that_is_told_to_stop_finishes_its_job(person: Person) -> None:
    """SIGTERM in the middle of a step: the step is done and kept, no other is begun, the exit code is 0."""
    person.connect()
    gate = Gate(person)
    with working(person) as process:
        assert gate.is_reached.wait(PATIENCE_SECONDS)
        process.send_signal(signal.SIGTERM)
        assert process.poll() is None
        gate.is_open.set()
        out, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, out) == (0, "Worked 1 time: 1 with more to do.\n")
    backfill = person.console.json("strava", "status")["backfill"]
    assert (backfill["phase"], backfill["activitiesListed"]) == ("LISTING", 3)
    counts = person.console.json("queue", "list")
    assert (counts["waiting"], counts["leased"]) == (1, 0)


@pytest.mark.slow
def test_a_second_interrupt_ends_it_at_once(person: Person) -> None:
    """A second Ctrl-C ends the worker in the middle of its job, which is not lost."""
    person.connect()
    gate = Gate(person)
    with working(person) as process:
        assert gate.is_reached.wait(PATIENCE_SECONDS)
        process.send_signal(signal.SIGINT)
        # Two signals that arrive before the process has seen the first are one.
        assert process.stderr is not None
        assert process.stderr.readline() == STOPPING
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_SECONDS) == 130
    gate.is_open.set()
    assert person.console.json("queue", "list")["leased"] == 1
