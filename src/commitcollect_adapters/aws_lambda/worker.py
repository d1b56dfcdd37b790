"""The worker, behind an event source on SQS or invoked directly."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import field, frozen

from commitcollect_adapters.aws.sqs.messages import Message, handles_of
from commitcollect_adapters.aws_lambda.keeping import (
    Event,
    Handler,
    Invocation,
    Kept,
    Working,
    open_working,
    seconds_left,
)
from commitcollect_adapters.observing.logs import log_jobs
from commitcollect_core.errors import InvalidInput, StorageError
from commitcollect_core.flows import flow
from commitcollect_core.jobs.jobs import Job, LeasedJob
from commitcollect_core.jobs.worker import JobEnd, WorkReport

_log = logging.getLogger(__name__)

JOB_SECONDS = 20.0
"""No job is begun with less time than this; it waits for the next call."""

DIRECT_JOBS_MAX = 1_000


def make_worker_handler(environ: Mapping[str, str]) -> Handler:
    """The function that works through the queue of the settings.

    Raises:
        CommitCollectError: as in `Kept`.
    """
    kept = Kept(open_working, environ)

    def handle(event: Event, invocation: Invocation) -> dict[str, Any]:
        working = kept.opened()
        if "Records" in event:
            return _delivered(working, event["Records"], invocation)
        return _direct(working, event, invocation)

    return handle


@frozen(kw_only=True)
class _Failures:
    """The messages that SQS keeps; Lambda deletes all others of its batch."""

    messages: Mapping[str, str]
    ids: list[str] = field(factory=list)

    def add(self, leased: LeasedJob) -> None:
        """Have SQS deliver a job once more."""
        self.ids.extend(self.messages[handle] for handle in handles_of(leased))


def _delivered(
    working: Working, records: Iterable[Mapping[str, Any]], invocation: Invocation
) -> dict[str, Any]:
    messages = [Message.of_event(each) for each in records]
    failures = _Failures(messages={each.handle: each.message_id for each in messages})
    for leased in _leased(working, messages):
        if seconds_left(invocation) < JOB_SECONDS:
            failures.add(leased)
            continue
        try:
            report = _worked(working, [leased])
        except StorageError as failed:
            # The queue was told nothing: neither what is given back nor what is done may be deleted.
            _log.warning("job %s is left to the queue: %s", leased.job.key, failed.message)
            failures.add(leased)
            continue
        # Of a lost lease another worker may have the message: Lambda must not delete it meanwhile.
        if report.ends[JobEnd.LEASE_LOST]:
            failures.add(leased)
    _flush(working)
    return {"batchItemFailures": [{"itemIdentifier": each} for each in failures.ids]}


def _leased(working: Working, messages: Sequence[Message]) -> Sequence[LeasedJob]:
    from commitcollect_adapters.aws.sqs.queue import SqsQueue  # noqa: PLC0415 - boto3 is slow to import

    if not isinstance(working.queue, SqsQueue):
        raise InvalidInput("messages of SQS came, and the settings name no queue there", field="queue")
    worker = working.service.worker
    return working.queue.delivered(
        messages,
        now=worker.context.now(),
        seconds=worker.context.policy.jobs.job_lease_seconds,
        held=worker.held(),
    )


def _direct(working: Working, event: Event, invocation: Invocation) -> dict[str, Any]:
    """Put the job of an event, if it names one, and work on what is due."""
    worker = working.service.worker
    if event:
        job = _job(event, working)
        worker.queue.put(job, visible_at=worker.context.now())
    done: list[str] = []
    while seconds_left(invocation) >= JOB_SECONDS and len(done) < DIRECT_JOBS_MAX:
        report = worker.run_once()
        if not report.jobs:
            break
        _record(working, report)
        done += [each.end.value for each in report.worked]
    _flush(working)
    return {"jobs": {each.value: done.count(each.value) for each in JobEnd}}


def _job(event: Event, working: Working) -> Job:
    kind, subject = event.get("kind"), event.get("subject")
    is_job = isinstance(kind, str) and isinstance(subject, dict)
    if not is_job or event.keys() != {"kind", "subject"}:
        raise InvalidInput(
            'the event is no job; send {"kind": "strava/activity", "subject": {"athleteId": "1", '
            '"activityId": "2"}}, or {} to work on what is due',
            field="kind",
        )
    return Job(kind=str(kind), subject=dict(subject or {}), enqueued_at=working.service.worker.context.now())


def _worked(working: Working, taken: Sequence[LeasedJob]) -> WorkReport:
    report = working.service.worker.work(taken)
    log_jobs(report)
    _record(working, report)
    return report


def _record(working: Working, report: WorkReport) -> None:
    if working.trail is None:
        return
    for worked in report.worked:
        with flow(worked.job.correlation_id):
            working.trail.record(working.trail.caller("worker"), worked)


def _flush(working: Working) -> None:
    # Before the answer: nothing runs in a container between two calls.
    if working.trail is not None:
        working.trail.flush()
