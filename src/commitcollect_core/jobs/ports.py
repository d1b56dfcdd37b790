"""What working through jobs needs from the world: a queue, and marks of what is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from commitcollect_core.errors import StorageError
from commitcollect_core.jobs.idempotency import IdempotencyRecord
from commitcollect_core.jobs.jobs import ComingJob, Job, LeasedJob, ParkedJob, QueueCounts, QueuedJob


class IdempotencyStore(Protocol):
    """Which requests and events were dealt with."""

    def read(self, request_id: str) -> IdempotencyRecord | None:
        """What is known of a request, or None; it may have expired. Reads one item, strongly consistently."""
        ...

    def begin(self, record: IdempotencyRecord, *, replaces: IdempotencyRecord | None) -> None:
        """Claim a request.

        Raises:
            VersionConflict: what is stored is not `replaces` (its owner and status), or nothing for None.
        """
        ...

    def complete(self, record: IdempotencyRecord) -> None:
        """Keep the answer of a request that was begun.

        Raises:
            VersionConflict: it is not in progress under the record's owner any more.
        """
        ...

    def release(self, request_id: str, owner_token: str) -> None:
        """Give up a request that was begun; if it is another owner's by now, nothing happens."""
        ...

    def mark(self, record: IdempotencyRecord) -> None:
        """Mark an event as completed, whatever was known of it."""
        ...


class EventQueue(Protocol):
    """Jobs that wait, are worked on, or are parked. Durable, for several workers at once."""

    def put(self, job: Job, *, visible_at: datetime, otherwise: Job | None = None) -> None:
        """Add a job, in one durable write.

        If the job is new and its group (`Job.group`) has `JobsPolicy.group_jobs_max` jobs already, under way
        or not, `otherwise` is put in its place: one job that stands for all that come then.

        A job of the same key that waits becomes one with it (`jobs.merged`), due when the first of the two
        is, its tries forgotten; unless it was put for the same events, or put off, when it stays due as it
        was. One that is being worked on is done once more afterwards.
        """
        ...

    def put_all(self, jobs: Sequence[ComingJob]) -> Sequence[StorageError | None]:
        """Add jobs as `put` does, in as few durable writes as this queue can.

        Returns:
            For each job why it could not be kept, or None. One that could not keeps no other out.
        """
        ...

    def lease(
        self, *, now: datetime, seconds: int, limit: int, held: Mapping[str, datetime] | None = None
    ) -> Sequence[LeasedJob]:
        """Take jobs that are due, and those whose lease has run out. May be none.

        The job due longest comes first, but groups take turns: one whose job was taken before waits as if its
        next job had become due then. This is compared among `JobsPolicy.due_jobs_compared_max` jobs.

        Args:
            now: the present.
            seconds: how long the leases last.
            limit: take no more.
            held: kinds of jobs that cannot be done before a moment, and stay.
        """
        ...

    def complete(self, leased: LeasedJob) -> bool:
        """Remove a job that is done; False if the lease was lost, and then nothing happens.

        If it was put again meanwhile it stays, to be done once more.
        """
        ...

    def give_back(
        self, leased: LeasedJob, *, visible_at: datetime, is_attempt: bool, reason: str = ""
    ) -> bool:
        """Let a job wait again; False if the lease was lost, and then nothing happens.

        Args:
            leased: the job.
            visible_at: when it is due.
            is_attempt: whether this counts as one, or the job was only put off and no event makes it due
                sooner.
            reason: why, for an operator; a queue may not keep it.
        """
        ...

    def park(self, leased: LeasedJob, *, reason: str, now: datetime) -> bool:
        """Set a job aside; False if the lease was lost, and then nothing happens."""
        ...

    def waiting(self, group: str | None, *, limit: int) -> Sequence[QueuedJob]:
        """Jobs of a group, or of all, that are not parked, the first due first."""
        ...

    def drop_waiting(self, group: str) -> int:
        """Forget the jobs of a group that wait; returns how many there were.

        One that is being worked on stays.
        """
        ...

    def parked(self, *, limit: int, group: str | None = None) -> Sequence[ParkedJob]:
        """Jobs set aside of a group, or of all, the oldest first.

        Those of a group are found among any number of others.
        """
        ...

    def unpark(self, key: str, *, now: datetime) -> bool:
        """Let a parked job wait again, all attempts forgotten; False if there is none of this key."""
        ...

    def drop(self, key: str) -> bool:
        """Forget a parked job; False if there is none of this key."""
        ...

    def drop_parked(self, group: str) -> int:
        """Forget the parked jobs of a group, however many; returns how many there were."""
        ...

    def counts(self, *, now: datetime) -> QueueCounts:
        """How many jobs there are of each kind."""
        ...
