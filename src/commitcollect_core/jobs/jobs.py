"""Work that waits in a queue: to look at an activity, at a permission, or to go on with a backfill.

A job names what to look at and never what was seen, so doing it twice, late or in another order changes
nothing. Jobs of the same key that wait at the same time become one. Whoever takes a job holds it under a
lease with a token; finishing, giving back and parking are conditional on it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from attrs import evolve, field, frozen

from commitcollect_core.policy import Policy
from commitcollect_core.values import ActivityId, AthleteId, optional_utc, utc


class JobKind(StrEnum):
    """What there is to do."""

    ACTIVITY = "ACTIVITY"
    AUTHORIZATION = "AUTHORIZATION"
    BACKFILL = "BACKFILL"


@frozen(kw_only=True)
class Job:
    """Something to look at.

    Attributes:
        key: names what is looked at; waiting jobs of one key become one.
        activity_id: for `JobKind.ACTIVITY` only.
        request_ids: the events behind it, the newest `JobsPolicy.job_events_max`; marked as
            completed afterwards.
        enqueued_at: when the first of them came.
    """

    key: str
    kind: JobKind
    athlete_id: AthleteId
    activity_id: ActivityId | None = None
    request_ids: tuple[str, ...] = ()
    enqueued_at: datetime = field(converter=utc)


@frozen(kw_only=True)
class LeasedJob:
    """A job somebody is working on.

    Attributes:
        token: proves the lease to the queue.
        attempts: how often it was tried before, deferrals not counted.
    """

    job: Job
    token: str = field(repr=False)
    until: datetime = field(converter=utc)
    attempts: int = 0


@frozen(kw_only=True)
class ParkedJob:
    """A job that failed too often, set aside until somebody looks."""

    job: Job
    attempts: int
    reason: str
    parked_at: datetime = field(converter=utc)


@frozen(kw_only=True)
class QueueCounts:
    """How many jobs wait, are being worked on, and are parked; a remote queue may only estimate them."""

    waiting: int
    leased: int
    parked: int


def job_key(kind: JobKind, athlete_id: AthleteId, activity_id: ActivityId | None = None) -> str:
    """The key under which jobs become one."""
    return "/".join(filter(None, (kind.value.lower(), athlete_id, activity_id)))


def backfill_job(athlete_id: AthleteId, *, now: datetime) -> Job:
    """The job to begin or go on with an athlete's backfill."""
    kind = JobKind.BACKFILL
    return Job(key=job_key(kind, athlete_id), kind=kind, athlete_id=athlete_id, enqueued_at=now)


def activity_job(athlete_id: AthleteId, activity_id: ActivityId, *, now: datetime) -> Job:
    """The job to look at one activity, for no event's sake."""
    key = job_key(JobKind.ACTIVITY, athlete_id, activity_id)
    return Job(
        key=key, kind=JobKind.ACTIVITY, athlete_id=athlete_id, activity_id=activity_id, enqueued_at=now
    )


def merged(waiting: Job, coming: Job, policy: Policy) -> Job:
    """One job for two of the same key, behind it the newest events of both."""
    older = (each for each in waiting.request_ids if each not in coming.request_ids)
    return evolve(
        waiting,
        request_ids=(*older, *coming.request_ids)[-policy.jobs.job_events_max :],
        enqueued_at=min(waiting.enqueued_at, coming.enqueued_at),
    )


@frozen
class TryAgain:
    """Give the job back, to be tried again at `at`."""

    at: datetime


@frozen
class Park:
    """Set the job aside: it failed too often."""


def after_failure(leased: LeasedJob, *, now: datetime, policy: Policy) -> TryAgain | Park:
    """What becomes of a job that failed, this attempt included: longer and longer waits, then the side."""
    attempts = leased.attempts + 1
    if attempts >= policy.jobs.job_attempts_max:
        return Park()
    wait = min(policy.jobs.job_retry_seconds_first * 2 ** (attempts - 1), policy.jobs.job_retry_seconds_max)
    return TryAgain(now + timedelta(seconds=wait))


@frozen(kw_only=True)
class QueueEntry:
    """A job in a queue and how it stands there: what every queue that keeps its own entries does with one.

    Attributes:
        due_at: when it may be taken: a waiting one, or one whose lease runs out then.
        attempts: how often it was taken, deferrals not counted.
        token: of the lease; empty while it waits.
        renewed: what was put while it was being worked on, to be done afterwards.
        renewed_due_at: when that may be taken.
    """

    job: Job
    due_at: datetime = field(converter=utc)
    attempts: int = 0
    token: str = field(default="", repr=False)
    renewed: Job | None = None
    renewed_due_at: datetime | None = field(default=None, converter=optional_utc)

    def put(self, job: Job, *, visible_at: datetime, policy: Policy) -> QueueEntry:
        """The entry after a job of its key was put: one with the waiting, or behind the one under way."""
        if not self.token:
            return evolve(self, job=merged(self.job, job, policy))
        if self.renewed is not None:
            return evolve(self, renewed=merged(self.renewed, job, policy))
        return evolve(self, renewed=job, renewed_due_at=visible_at)

    def taken(self, token: str, *, until: datetime, policy: Policy) -> QueueEntry:
        """The entry once somebody has taken it, with all that was put meanwhile if a lease ran out."""
        job = self.job if self.renewed is None else merged(self.job, self.renewed, policy)
        return QueueEntry(job=job, due_at=until, attempts=self.attempts + 1, token=token)

    def leased(self) -> LeasedJob:
        """What whoever took it is given."""
        return LeasedJob(job=self.job, token=self.token, until=self.due_at, attempts=self.attempts - 1)

    def after_end(self) -> QueueEntry | None:
        """What is left once the job is done or set aside: what was put meanwhile, or nothing."""
        if self.renewed is None:
            return None
        return QueueEntry(job=self.renewed, due_at=self.renewed_due_at or self.due_at)

    def given_back(self, *, visible_at: datetime, is_attempt: bool, policy: Policy) -> QueueEntry:
        """The entry once it waits again, with all that was put meanwhile."""
        job = self.job if self.renewed is None else merged(self.job, self.renewed, policy)
        return QueueEntry(job=job, due_at=visible_at, attempts=self.attempts - (not is_attempt))
