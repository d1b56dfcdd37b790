"""Jobs: work of any kind that waits in a queue.

The assembly of a service registers a handler for each kind.

A job names its subject and never what was seen of it, so doing it twice, late or in another order changes
nothing. Jobs of the same key that wait at the same time become one. A worker holds a job under a lease with a
token; completing, giving back and parking are conditional on the token.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from attrs import evolve, field, frozen

from commitcollect_core.clocks import is_ahead
from commitcollect_core.errors import CommitCollectError, InvalidInput, NotFound
from commitcollect_core.flows import current_flow
from commitcollect_core.policy import Policy
from commitcollect_core.training.committing import NOTHING_COMMITTED, Committed
from commitcollect_core.values import UserId, optional_utc, require_id, utc


@frozen
class JobEvent:
    """An event a job was put for.

    Attributes:
        key: the request id under which the event is marked once it is dealt with.
        occurred_at: when it happened, in whole seconds by the clock of its sender.
        is_deletion: whether it says that what the job is about was deleted.
    """

    key: str
    occurred_at: datetime = field(converter=utc)
    is_deletion: bool = False

    def is_over_at(self, looked_at: datetime) -> bool:
        """Whether a look at this moment came after the whole second of the event.

        Only then has the look seen what the event told of, and what all others of the same key told: an event
        is marked only for such a look. One that was forged for later must not take the place of a true one.
        """
        return self.occurred_at < utc(looked_at)


_KIND = re.compile(r"[a-z][a-z0-9-]{0,31}/[a-z][a-z0-9-]{0,31}\Z")


def names_one_of_many(key: str) -> bool:
    """Whether the job of a key is `Job.is_one_of_many`."""
    # Provider and task, the group's id, and then more.
    return key.count("/") > _SLASHES_OF_GROUP


_SLASHES_OF_GROUP = 2


def group_in(key: str) -> str:
    """The `Job.group` of the job of a key."""
    provider, _task, *ids = f"{key}/".split("/")
    return "/".join((provider, *filter(None, ids[:1])))


def _check_kind(_job: Any, _attribute: Any, kind: Any) -> None:
    if not isinstance(kind, str) or not _KIND.match(kind):
        raise InvalidInput(
            f"the kind of job {kind!r} is not valid: name a provider and a task, such as strava/activity",
            field="kind",
        )


def _copied(subject: Mapping[str, str]) -> dict[str, str]:
    return dict(subject)


def _check_subject(_job: Any, _attribute: Any, subject: Mapping[str, str]) -> None:
    # The values are parts of the key. An id holds no slash, so no two jobs of a kind share a key by chance.
    for name, value in subject.items():
        require_id(value, name)


@frozen(kw_only=True)
class Job:
    """Something to do.

    Attributes:
        kind: names the handler; an open set: provider and task, such as ``strava/activity``.
        subject: what it is about: names and ids, in the order in which they stand in the key.
        events: what it was put for, the newest `JobsPolicy.job_events_max`; marked as completed afterwards.
        enqueued_at: when it was first put.
        correlation_id: of the flow it was put in.
        key: names what is to be done; waiting jobs of one key become one. It follows from the rest.
    """

    kind: str = field(validator=_check_kind)
    subject: Mapping[str, str] = field(converter=_copied, validator=_check_subject)
    events: tuple[JobEvent, ...] = ()
    enqueued_at: datetime = field(converter=utc)
    correlation_id: str = field(factory=current_flow)
    key: str = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Put the key together, which queues ask for many times."""
        object.__setattr__(self, "key", "/".join((self.kind, *self.subject.values())))

    @property
    def group(self) -> str:
        """Whose job it is: the provider and the first id of the subject, such as ``strava/42``.

        Leasing is fair between groups, and the number of a group's jobs is bounded (`EventQueue.put`).
        """
        return group_in(self.key)

    @property
    def is_one_of_many(self) -> bool:
        """Whether its group may have any number of such jobs, as it is about more than the group."""
        return names_one_of_many(self.key)

    def named(self, name: str) -> str:
        """A text of the subject.

        Raises:
            InvalidInput: the subject does not have it.
        """
        value = self.subject.get(name)
        if value is None:
            raise InvalidInput(f"the job {self.key!r} names no {name}", field=name)
        return value


@frozen(kw_only=True)
class ComingJob:
    """A job on its way into a queue; see `EventQueue.put`."""

    job: Job
    visible_at: datetime = field(converter=utc)
    otherwise: Job | None = None


@frozen(kw_only=True)
class JobOutcome:
    """What a handler came to.

    Attributes:
        result: in a word, for counts and logs; empty if there is nothing to say.
        committed: what it wrote to ledgers.
        has_more: the job is to be put again, as only a step of it is done.
        user_id: whose job it was, where the commits do not tell.
    """

    result: str = ""
    committed: Committed = NOTHING_COMMITTED
    has_more: bool = False
    user_id: UserId | None = None


@frozen(kw_only=True)
class LeasedJob:
    """A job a worker is busy with.

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
    """A job that failed too often, set aside until an operator retries or drops it."""

    job: Job
    attempts: int
    reason: str
    parked_at: datetime = field(converter=utc)


@frozen(kw_only=True)
class QueuedJob:
    """A job that waits, or is under way.

    Attributes:
        due_at: when it may be taken.
        last_error: why the try before failed; empty if none did, or the queue does not keep it.
    """

    job: Job
    due_at: datetime = field(converter=utc)
    attempts: int
    last_error: str = ""


@frozen(kw_only=True)
class QueueCounts:
    """How many jobs wait, are being worked on, and are parked; a remote queue may only estimate them."""

    waiting: int
    leased: int
    parked: int


def merged(waiting: Job, coming: Job, policy: Policy) -> Job:
    """One job for two of the same key, behind it the newest events of both."""
    keys = {each.key for each in coming.events}
    older = (each for each in waiting.events if each.key not in keys)
    return evolve(
        waiting,
        events=(*older, *coming.events)[-policy.jobs.job_events_max :],
        enqueued_at=min(waiting.enqueued_at, coming.enqueued_at),
        correlation_id=waiting.correlation_id or coming.correlation_id,
    )


def _is_news(coming: Job, waiting: Job) -> bool:
    """Whether a job was put for an event that the waiting one does not know, or for none."""
    known = {each.key for each in waiting.events}
    return not coming.events or any(each.key not in known for each in coming.events)


@frozen
class Defer:
    """Give the job back for no fault of its own, to be done at `at`; this was no attempt."""

    at: datetime


@frozen
class TryAgain:
    """Give the job back, to be tried again at `at`."""

    at: datetime


@frozen
class Park:
    """Set the job aside: it failed too often."""


@frozen
class Drop:
    """Forget the job: nothing will come of it as things are."""


def after_failure(leased: LeasedJob, *, now: datetime, policy: Policy) -> TryAgain | Park:
    """What becomes of a job that failed, this attempt included: longer and longer waits, then parking."""
    # Longer each time: what is down is not called more often than it can bear, and an outage of hours costs
    # only a few of the tries.
    attempts = leased.attempts + 1
    if attempts >= policy.jobs.job_attempts_max:
        return Park()
    wait = min(policy.jobs.job_retry_seconds_first * 2 ** (attempts - 1), policy.jobs.job_retry_seconds_max)
    return TryAgain(now + timedelta(seconds=wait))


def after_error(
    leased: LeasedJob, error: CommitCollectError, *, now: datetime, policy: Policy
) -> Defer | TryAgain | Park | Drop:
    """What becomes of a job whose handler raised `error`; the error's class and `retry_at` decide."""
    if error.retry_at is not None and not error.is_attempt:
        return Defer(error.retry_at)
    # A job is put before what it is about is written, so that no crash in between loses it. A worker that is
    # quicker than the writer finds nothing yet, and must not drop the job for that.
    is_first = not leased.attempts
    if error.ends_job and not (is_first and isinstance(error, NotFound)):
        return Drop()
    failed = after_failure(leased, now=now, policy=policy)
    # An attempt counts also where the error knows its time: a job cannot be tried again for ever.
    return TryAgain(error.retry_at) if error.retry_at is not None and isinstance(failed, TryAgain) else failed


@frozen(kw_only=True)
class QueueEntry:
    """A job in a queue and its state there, for queues that keep their own entries.

    Attributes:
        due_at: when it may be taken: a waiting one, or one whose lease runs out then.
        attempts: how often it was taken since the newest event, deferrals not counted.
        is_put_off: whether it waits for a known moment, such as the end of a window, not for its next try.
        last_error: why it was given back; empty if it never was.
        token: of the lease; empty while it waits.
        renewed: what was put while a worker held it, to be done afterwards.
        renewed_due_at: when that may be taken.
    """

    job: Job
    due_at: datetime = field(converter=utc)
    attempts: int = 0
    is_put_off: bool = False
    last_error: str = ""
    token: str = field(default="", repr=False)
    renewed: Job | None = None
    renewed_due_at: datetime | None = field(default=None, converter=optional_utc)

    def is_leased(self, *, now: datetime, policy: Policy) -> bool:
        """Whether a worker holds it."""
        span = policy.jobs.job_lease_seconds
        return bool(self.token) and is_ahead(self.due_at, now=now, span_seconds=span, policy=policy)

    def is_due(self, *, now: datetime, policy: Policy) -> bool:
        """Whether it may be taken."""
        if self.token:
            return not self.is_leased(now=now, policy=policy)
        span = policy.jobs.job_wait_seconds_max
        return not is_ahead(self.due_at, now=now, span_seconds=span, policy=policy)

    def put(self, job: Job, *, visible_at: datetime, policy: Policy) -> QueueEntry:
        """The entry after a job of its key was put: one with the waiting, or behind the one under way."""
        # A leased job may have been looked at already, so what comes now stands behind it and is done once
        # more: no event is lost (law 6).
        if not self.token:
            return self._merged(job, visible_at, policy)
        if self.renewed is not None:
            return evolve(self, renewed=merged(self.renewed, job, policy))
        return evolve(self, renewed=job, renewed_due_at=visible_at)

    def taken(self, token: str, *, until: datetime, policy: Policy) -> QueueEntry:
        """The entry once a worker has taken it, with all that was put meanwhile if a lease ran out."""
        # Counted when it is taken and not when it fails: a job that kills its worker has to be counted too.
        job = self.job if self.renewed is None else merged(self.job, self.renewed, policy)
        return QueueEntry(
            job=job, due_at=until, attempts=self.attempts + 1, last_error=self.last_error, token=token
        )

    def listed(self) -> QueuedJob:
        """What an operator is shown."""
        return QueuedJob(job=self.job, due_at=self.due_at, attempts=self.attempts, last_error=self.last_error)

    def leased(self) -> LeasedJob:
        """What the worker that took it is given."""
        return LeasedJob(job=self.job, token=self.token, until=self.due_at, attempts=self.attempts - 1)

    def after_end(self) -> QueueEntry | None:
        """What is left once the job is done or set aside: what was put meanwhile, or nothing."""
        if self.renewed is None:
            return None
        return QueueEntry(job=self.renewed, due_at=self.renewed_due_at or self.due_at)

    def given_back(
        self, *, visible_at: datetime, is_attempt: bool, policy: Policy, reason: str = ""
    ) -> QueueEntry:
        """The entry once it waits again, with all that was put meanwhile."""
        waiting = QueueEntry(
            job=self.job,
            due_at=visible_at,
            attempts=self.attempts - (not is_attempt),
            is_put_off=not is_attempt,
            last_error=reason,
        )
        if self.renewed is None:
            return waiting
        return waiting.put(self.renewed, visible_at=self.renewed_due_at or visible_at, policy=policy)

    def _merged(self, job: Job, visible_at: datetime, policy: Policy) -> QueueEntry:
        """A waiting entry with another job of its key taken in."""
        both = evolve(self, job=merged(self.job, job, policy))
        if not _is_news(job, self.job):
            return both
        # The next try, in half an hour perhaps, was set for what came before this event, and so were the
        # tries counted. But no event makes a window end sooner: a job that was put off stays so.
        due_at = self.due_at if self.is_put_off else min(self.due_at, visible_at)
        return evolve(both, due_at=due_at, attempts=0)
