"""``commitcollect strava limits``: what is used up is shown, and a wrong count repaired."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

from attrs import evolve

from cli.stravas import ATHLETE, Person
from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.stores import sqlite_stores
from commitcollect_adapters.system import SystemClock
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.strava.rates import APP_SCOPE, Purpose, RateBudget, athlete_scope, fresh_budget
from commitcollect_core.values import AthleteId

STORE = Path("commitcollect.db")


def enter(scope: str, *, days_ahead: int, calls: int, why: str) -> None:
    """Enter calls as a machine so many days ahead does, and pause."""
    now = SystemClock().now() + timedelta(days=days_ahead)
    budget = fresh_budget(scope, DEFAULT_POLICY)
    for _ in range(calls):
        after = budget.reserve(Purpose.LIVE, now=now, policy=DEFAULT_POLICY)
        assert isinstance(after, RateBudget)
        budget = after
    budget = budget.paused(now + timedelta(hours=1), why)
    with closing(Database(STORE)) as database:
        sqlite_stores(database).rates.write(scope, evolve(budget, version=1))


def test_calls_and_pauses_are_shown_and_forgotten(person: Person) -> None:
    """The app, and the athlete who is connected; with ``--reset`` both begin anew."""
    assert person.console("strava", "limits").code == 3
    person.connect()
    person.console("strava", "disconnect", "--yes")
    unused = person.console.json("strava", "limits")["limits"]
    assert [(each["scope"], each["windowUsed"]) for each in unused] == [("app", 0)]
    person.connect()
    enter(APP_SCOPE, days_ahead=0, calls=7, why="Strava's limit is reached")
    enter(athlete_scope(ATHLETE), days_ahead=0, calls=2, why="")
    outcome = person.console("strava", "limits")
    header, app, athlete = outcome.out.splitlines()
    assert header.split()[:3] == ["Of", "This", "quarter"]
    assert app.split()[:7] == ["app", "7", "of", "100", "7", "of", "1,000"]
    assert app.endswith("UTC  Strava's limit is reached")
    assert athlete.split()[:7] == ["athlete-42", "2", "of", "30", "2", "of", "300"]
    reset = person.console("strava", "limits", "--reset")
    assert [line.split()[1:7] for line in reset.out.splitlines()[1:]] == [
        ["0", "of", "100", "0", "of", "1,000"],
        ["0", "of", "30", "0", "of", "300"],
    ]
    assert reset.err.startswith("Calls are counted from 0 again")
    assert person.console.json("strava", "limits")["limits"][0]["pausedUntilUtc"] is None


def test_what_a_clock_far_ahead_has_entered_is_not_shown(person: Person) -> None:
    """It blocks nothing either: the history comes in at once."""
    person.connect()
    for scope in (APP_SCOPE, athlete_scope(AthleteId("43"))):
        enter(scope, days_ahead=30, calls=3, why="off")
    shown = person.console.json("strava", "limits", "--athlete", "43", "--athlete", "43")["limits"]
    assert [(each["scope"], each["windowUsed"], each["pauseReason"]) for each in shown] == [
        ("app", 0, ""),
        ("athlete-43", 0, ""),
    ]
    assert person.console("strava", "backfill").code == 0
    assert person.console("strava", "limits", "--athlete", "a/b").code == 2
