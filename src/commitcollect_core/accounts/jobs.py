"""The jobs of accounts: go on with a deletion."""

from __future__ import annotations

from datetime import datetime

from commitcollect_core.jobs.jobs import Job

DELETE = "accounts/delete"

_REQUEST_ID = "requestId"


def deletion_job(request_id: str, *, now: datetime) -> Job:
    """The job to go on with a deletion."""
    return Job(kind=DELETE, subject={_REQUEST_ID: request_id}, enqueued_at=now)


def request_of(job: Job) -> str:
    """The deletion a job is about; errors as in `Job.named`."""
    return job.named(_REQUEST_ID)
