"""What runs on a schedule: each task does its work, whatever starts it, and what is no task is refused."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from adapters.aws_lambda.invoking import Call, environ_in, request
from commitcollect_adapters.aws_lambda import make_scheduled_handler
from commitcollect_adapters.aws_lambda.keeping import Handler, Working, open_working
from commitcollect_adapters.aws_lambda.scheduled import TASKS
from commitcollect_adapters.settings import load_settings
from commitcollect_adapters.system import SystemClock
from commitcollect_adapters.testing.service_samples import connecting, connection, deletion, session
from commitcollect_core.errors import InvalidInput
from commitcollect_core.strava.jobs import ROUND
from commitcollect_core.training.goals import Aim
from commitcollect_core.training.recurrence import Every
from commitcollect_core.training.recurring_goals import NewRecurringGoal
from commitcollect_core.values import AthleteId, ModelId, TargetType, UserId

ADA, BOB = UserId("ada"), UserId("bob")
MONTHLY = NewRecurringGoal(
    model_id=ModelId("DRAGON_2026"),
    aims=(Aim(target_type=TargetType.DISTANCE_METERS, total_target=12_000),),
    every=Every.MONTH,
)


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """The environment of the function."""
    return environ_in(tmp_path)


@pytest.fixture
def handler(environ: dict[str, str]) -> Handler:
    """The function."""
    return make_scheduled_handler(environ)


@pytest.fixture
def working(environ: dict[str, str], tmp_path: Path) -> Any:
    """The same store, in the hands of the test."""
    settings, _ = load_settings({}, environ, tmp_path)
    with open_working(settings) as opened:
        yield opened


def connect(working: Working, user_id: UserId, athlete_id: str) -> None:
    """Connect an account to an athlete."""
    made = connection(user_id, AthleteId(athlete_id))
    working.backend.stores().connections.commit(connecting(made))


def metrics_of(printed: str) -> dict[str, int]:
    """The metrics among what was printed."""
    found: dict[str, int] = {}
    for line in filter(lambda each: '"_aws"' in each, printed.splitlines()):
        values = json.loads(line)
        found |= {name: value for name, value in values.items() if name != "_aws"}
    return found


def test_reconciling_begins_a_round(handler: Handler, working: Working) -> None:
    """A job that workers go through, as a round over many athletes outlasts every function."""
    assert handler({"task": "reconcile"}, Call()) == {"begun": True}
    (leased,) = working.queue.lease(now=SystemClock().now(), seconds=60, limit=10)
    assert leased.job.kind == ROUND


def test_a_sweep_goes_on_with_deletions(
    handler: Handler, working: Working, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each that is not done gets a job; those of weeks ago are counted for an alarm."""
    deletions = working.backend.stores().deletions
    old, young = deletions.id_of(ADA), deletions.id_of(BOB)
    now = SystemClock().now()
    deletions.write(evolve(deletion(old), requested_at=now - timedelta(days=30)))
    deletions.write(evolve(deletion(young), requested_at=now))
    assert handler({"task": "sweep-deletions"}, Call()) == {"pending": 2, "late": 1}
    assert working.queue.counts(now=SystemClock().now()).waiting == 2
    assert metrics_of(capsys.readouterr().out) == {"deletions_late": 1}


def test_what_has_expired_is_removed(handler: Handler, working: Working) -> None:
    """Where the engine does not do so by itself."""
    past = SystemClock().now() - timedelta(days=2)
    over = evolve(session(ADA), created_at=past, last_seen_at=past, expires_at=past + timedelta(days=1))
    working.backend.stores().sessions.write(over)
    assert handler({"task": "expire"}, Call())["removed"] >= 1
    assert handler({"task": "expire"}, Call()) == {"removed": 0}


def test_a_report_tells_how_the_service_stands(
    handler: Handler, working: Working, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the answer, and as metrics."""
    connect(working, ADA, "1")
    handler({"task": "reconcile"}, Call())
    report = handler({"task": "report"}, Call())
    assert report == {
        "jobs_waiting": 1,
        "jobs_parked": 0,
        "deletions_pending": 0,
        "athletes_connected": 1,
        "deletions_late": 0,
    }
    assert metrics_of(capsys.readouterr().out) == report


def operation(task: str) -> Any:
    """A request for a task as the operations route hands it over."""
    event = request("POST", f"/operations/{task}")
    return {**event, "pathParameters": {"task": task}}


def test_an_operator_asks_for_a_task(handler: Handler) -> None:
    """Over the route of the API; its answer is a response."""
    answer = handler(operation("expire"), Call())
    assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"removed": 0})
    refused = handler(operation("format"), Call())
    assert refused["statusCode"] == 400
    assert json.loads(refused["body"])["field"] == "task"


@pytest.mark.parametrize("event", [{}, {"task": "format"}, {"task": 1}, {"task": ["expire"]}, {"task": None}])
def test_what_is_no_task_is_refused(handler: Handler, event: dict[str, Any]) -> None:
    """With the names of all."""
    with pytest.raises(InvalidInput, match=", ".join(TASKS)):
        handler(event, Call())
