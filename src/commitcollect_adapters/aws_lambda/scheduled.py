"""What runs on a schedule, or because an operator asks for it.

An event names its task: ``{"task": "sweep-deletions"}``. Each may be repeated, and run at any time.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from attrs import frozen

from commitcollect_adapters.aws_lambda.keeping import (
    Event,
    Handler,
    Invocation,
    Kept,
    Working,
    open_working,
    seconds_left,
)
from commitcollect_adapters.documents import Document, error_document
from commitcollect_adapters.observing.metrics import EmfMetrics, Metrics
from commitcollect_core.errors import CommitCollectError, InvalidInput, StorageError, http_status
from commitcollect_core.values import AthleteId, is_id

_log = logging.getLogger(__name__)

ATHLETE_SECONDS = 10.0
"""No athlete is begun with less time than this."""

DAY_SECONDS = 86_400
_OK = 200


@frozen(kw_only=True)
class _Run:
    """One task under way.

    Attributes:
        after: go on behind this athlete.
    """

    working: Working
    metrics: Metrics
    after: AthleteId | None
    invocation: Invocation


def _reconcile(run: _Run) -> Document:
    """Begin a round over every connected athlete; workers go through it."""
    run.working.service.strava.rounds.begin()
    return {"begun": True}


def _sweep(run: _Run) -> Document:
    """Put a job for every deletion that is not done."""
    return {"pending": run.working.service.accounts.deleting.sweep(), "late": _late_deletions(run)}


def _expire(run: _Run) -> Document:
    """Remove what has expired, where the store does not do so itself."""
    working = run.working
    return {"removed": working.backend.tidy(working.service.app.context.now())}


def _open_recurring(run: _Run) -> Document:
    """Open the milestones of the present periods; `after` tells where to go on if time ran out."""
    service, opened, failed = run.working.service, 0, 0
    latest = run.after
    for athlete in service.strava.rounds.athletes(after=run.after):
        if seconds_left(run.invocation) < ATHLETE_SECONDS:
            _log.warning("no time is left for the athletes after %s", latest or "the beginning")
            return {"opened": opened, "failed": failed, "after": latest}
        latest = athlete.athlete_id
        try:
            found = service.app.recurring_goals.open_present(athlete.user_id)
        except StorageError:
            raise
        except CommitCollectError as refused:
            # One athlete's limits keep no other's milestone from being opened.
            _log.warning("no milestone is opened: %s", refused.message)
            failed += 1
        else:
            for message in found.refused.values():
                _log.warning("no milestone is opened: %s", message)
            failed += len(found.refused)
            opened += sum(len(each.milestones) for each in found.committed.commits)
    return {"opened": opened, "failed": failed}


def _report(run: _Run) -> Document:
    """How the service stands: jobs, deletions and connected athletes, as metrics as well."""
    working = run.working
    counts = working.queue.counts(now=working.service.app.context.now())
    pending = sum(1 for each in working.service.accounts.deleting.walk() if each.completed_at is None)
    athletes = sum(1 for _ in working.service.strava.rounds.athletes())
    report = {
        "jobs_waiting": counts.waiting,
        "jobs_parked": counts.parked,
        "deletions_pending": pending,
        "athletes_connected": athletes,
    }
    for name, value in report.items():
        run.metrics.count(name, value)
    return {**report, "deletions_late": _late_deletions(run)}


def _late_deletions(run: _Run) -> int:
    """How many deletions are under way for longer than any outage elsewhere excuses; as a metric as well."""
    service = run.working.service
    limit = service.app.policy.accounts.deletion_outage_seconds + DAY_SECONDS
    begun_before = service.app.context.now() - timedelta(seconds=limit)
    late = sum(
        1
        for each in service.accounts.deleting.walk()
        if each.completed_at is None and each.requested_at < begun_before
    )
    run.metrics.count("deletions_late", late)
    return late


TASKS: Mapping[str, Callable[[_Run], Document]] = {
    "reconcile": _reconcile,
    "sweep-deletions": _sweep,
    "expire": _expire,
    "open-recurring": _open_recurring,
    "report": _report,
}


def make_scheduled_handler(environ: Mapping[str, str]) -> Handler:
    """The function that runs tasks; behind a route of an HTTP API as well as on a schedule.

    Raises:
        CommitCollectError: as in `Kept`.
    """
    kept = Kept(open_working, environ)
    metrics = EmfMetrics()

    def run(name: object, after: object, invocation: Invocation) -> Document:
        task = TASKS.get(name) if isinstance(name, str) else None
        if task is None:
            raise InvalidInput(f"there is no such task; name one of {', '.join(TASKS)}", field="task")
        if after is not None and not (isinstance(after, str) and is_id(after)):
            raise InvalidInput("after names no athlete", field="after")
        behind = None if after is None else AthleteId(after)
        result = task(_Run(working=kept.opened(), metrics=metrics, after=behind, invocation=invocation))
        _log.info("%s: %s", name, json.dumps(result))
        return result

    def handle(event: Event, invocation: Invocation) -> Any:
        if "requestContext" not in event:
            return run(event.get("task"), event.get("after"), invocation)
        try:
            query = event.get("queryStringParameters") or {}
            result = run(event.get("pathParameters", {}).get("task"), query.get("after"), invocation)
        except CommitCollectError as failed:
            return _response(http_status(failed), error_document(failed))
        return _response(_OK, result)

    return handle


def _response(status: int, document: Document) -> dict[str, Any]:
    headers = {"content-type": "application/json", "cache-control": "no-store"}
    return {"statusCode": status, "headers": headers, "body": json.dumps(document)}
