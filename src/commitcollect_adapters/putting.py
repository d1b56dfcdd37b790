"""`EventQueue.put_all` of queues that write jobs one by one."""

from __future__ import annotations

from collections.abc import Sequence

from commitcollect_core.errors import StorageError
from commitcollect_core.jobs.jobs import ComingJob
from commitcollect_core.jobs.ports import EventQueue


def put_one_by_one(queue: EventQueue, jobs: Sequence[ComingJob]) -> Sequence[StorageError | None]:
    """Put each job; returns for each why it could not be kept, or None."""
    return [_put(queue, each) for each in jobs]


def _put(queue: EventQueue, coming: ComingJob) -> StorageError | None:
    try:
        queue.put(coming.job, visible_at=coming.visible_at, otherwise=coming.otherwise)
    except StorageError as failed:
        return failed
    return None
