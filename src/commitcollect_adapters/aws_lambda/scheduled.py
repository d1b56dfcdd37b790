"""What runs on a schedule, or because an operator asks for it.

An event names its task: ``{"task": "sweep-deletions"}``. Each may be repeated, and run at any time.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from attrs import frozen

from commitcollect_adapters.aws_lambda.keeping import (
    Event,
    Handler,
    Invocation,
    Kept,
    Working,
    open_working,
)
from commitcollect_adapters.documents import Document, error_document
from commitcollect_adapters.observing.metrics import EmfMetrics, Metrics
from commitcollect_core.errors import CommitCollectError, InvalidInput, http_status

_log = logging.getLogger(__name__)

_OK = 200


@frozen(kw_only=True)
class _Run:
    """One task under way."""

    working: Working
    metrics: Metrics


def _reconcile(run: _Run) -> Document:
    """Begin a round over every connected athlete; workers go through it."""
    run.working.service.strava.rounds.begin()
    return {"begun": True}


def _sweep(run: _Run) -> Document:
    """Put a job for every deletion that is not done."""
    pending = run.working.service.accounts.deleting.sweep()
    run.metrics.count("deletions_late", pending.late)
    return {"pending": pending.total, "late": pending.late}


def _expire(run: _Run) -> Document:
    """Remove what has expired, where the store does not do so itself."""
    working = run.working
    return {"removed": working.backend.tidy(working.service.app.context.now())}


def _report(run: _Run) -> Document:
    """How the service stands: jobs, deletions and connected athletes, as metrics as well."""
    working = run.working
    counts = working.queue.counts(now=working.service.app.context.now())
    pending = working.service.accounts.deleting.pending()
    report = {
        "jobs_waiting": counts.waiting,
        "jobs_parked": counts.parked,
        "deletions_pending": pending.total,
        "deletions_late": pending.late,
        "athletes_connected": sum(1 for _ in working.service.strava.rounds.athletes()),
    }
    for name, value in report.items():
        run.metrics.count(name, value)
    return report


TASKS: Mapping[str, Callable[[_Run], Document]] = {
    "reconcile": _reconcile,
    "sweep-deletions": _sweep,
    "expire": _expire,
    "report": _report,
}


def make_scheduled_handler(environ: Mapping[str, str]) -> Handler:
    """The function that runs tasks; behind a route of an HTTP API as well as on a schedule.

    Raises:
        CommitCollectError: as in `Kept`.
    """
    kept = Kept(open_working, environ)
    metrics = EmfMetrics()

    def run(name: object) -> Document:
        task = TASKS.get(name) if isinstance(name, str) else None
        if task is None:
            raise InvalidInput(f"there is no such task; name one of {', '.join(TASKS)}", field="task")
        result = task(_Run(working=kept.opened(), metrics=metrics))
        _log.info("%s: %s", name, json.dumps(result))
        return result

    def handle(event: Event, _invocation: Invocation) -> Any:
        if "requestContext" not in event:
            return run(event.get("task"))
        try:
            result = run(event.get("pathParameters", {}).get("task"))
        except CommitCollectError as failed:
            return _response(http_status(failed), error_document(failed))
        return _response(_OK, result)

    return handle


def _response(status: int, document: Document) -> dict[str, Any]:
    headers = {"content-type": "application/json", "cache-control": "no-store"}
    return {"statusCode": status, "headers": headers, "body": json.dumps(document)}
