"""A queue on SQS: a standard queue where jobs wait, and a second one where they are set aside.

SQS passes messages on and knows no jobs. What follows from that:

- Every `put` is a message of its own. Messages of one key become one job when they are received together, and
  several jobs otherwise, which costs one look at Strava each and changes nothing.
- Jobs come in about the order in which they were put.
- A lease is a message's visibility time-out. Once it is over by our own clock, the job is left alone.
- SQS delays a message by a quarter of an hour at most. One that is received before it is due is sent again.
- SQS itself sets a message aside that was received `provisioning.RECEIVES_MAX` times.
- A message that is no job, or one of another version's form, is set aside as it is, under a key with its id.
- Every process bounds a group's jobs by itself, by counting those it has sent (`crowds`). Groups take no
  turns, so only these bounds keep one group from delaying others.
- Jobs of one group are found by receiving all messages. SQS counts that as it counts a try, so each is sent
  again with its tries and counts from none. What SQS delays, or a worker holds, is not found.
- Listing the jobs set aside hides them from others for some seconds, and may miss some. Counts are of
  messages, and approximate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from attrs import define, field

from commitcollect_adapters.aws.sqs.crowds import Crowds
from commitcollect_adapters.aws.sqs.messages import (
    Message,
    Unreadable,
    Waiting,
    handles_of,
    parked,
    parked_body,
    released_body,
    token_of,
    uncounted_body,
    waiting,
    waiting_body,
)
from commitcollect_adapters.aws.sqs.queues import BATCH_MAX, Queue, Queues, parse
from commitcollect_core.clocks import is_ahead
from commitcollect_core.context import Clock
from commitcollect_core.errors import StorageError, StorageUnavailable
from commitcollect_core.jobs.jobs import ComingJob, Job, LeasedJob, ParkedJob, QueueCounts, QueuedJob, merged
from commitcollect_core.policy import DEFAULT_POLICY, Policy

DELAY_SECONDS_MAX = 900
LOOK_SECONDS = 30
"""How long a listing hides the jobs set aside from other readers."""

_USELESS_RECEIVES_MAX = 20
"""How many receives may bring nothing due before `lease` returns empty."""


@define
class _Taken:
    """A job and the messages it is made of."""

    job: Job
    attempts: int
    handles: list[str] = field(factory=list)


class SqsQueue:
    """Implements `EventQueue`."""

    def __init__(self, queues: Queues, clock: Clock, policy: Policy = DEFAULT_POLICY) -> None:
        self._queues = queues
        self._clock = clock
        self._policy = policy
        self._crowds = Crowds(policy.jobs.group_jobs_max)

    def put(self, job: Job, *, visible_at: datetime, otherwise: Job | None = None) -> None:
        self._put(ComingJob(job=job, visible_at=visible_at, otherwise=otherwise))

    def _put(self, coming: ComingJob) -> None:
        now = self._clock.now()
        message = self._to_send(coming, now)
        if message is not None:
            self._send(message)
            self._note_sent(coming, message, now)

    def _failure(self, coming: ComingJob) -> StorageError | None:
        """Put one job; returns why it could not be kept."""
        # By a call of its own, as nearly every event comes alone.
        try:
            self._put(coming)
        except StorageError as failed:
            return failed
        return None

    def put_all(self, jobs: Sequence[ComingJob]) -> Sequence[StorageError | None]:
        if len(jobs) == 1:
            return [self._failure(*jobs)]
        now = self._clock.now()
        messages: dict[str, Waiting] = {}
        places: list[str] = []
        for number, coming in enumerate(jobs):
            message = self._to_send(coming, now)
            # One message for all that the same job stands for: the latest, as it has to come after them.
            place = message.job.key if message and message.job is coming.otherwise else str(number)
            places.append(place)
            if message and (place not in messages or messages[place].due_at < message.due_at):
                messages[place] = message
        sent = self._queues.waiting.send_all([self._message(each) for each in messages.values()])
        failures = dict(zip(messages, sent, strict=True))
        for coming, place in zip(jobs, places, strict=True):
            if place in messages and failures[place] is None:
                self._note_sent(coming, messages[place], now)
        return [failures.get(place) for place in places]

    def _to_send(self, coming: ComingJob, now: datetime) -> Waiting | None:
        """A job, or the one in its place; None if that is on its way already."""
        group = coming.job.group
        if coming.otherwise is None or self._crowds.has_room(group, now):
            return Waiting(job=coming.job, due_at=coming.visible_at, attempts=0)
        due_at = self._crowds.stand_in_at(group, now, delay=coming.visible_at - now)
        return None if due_at is None else Waiting(job=coming.otherwise, due_at=due_at, attempts=0)

    def _note_sent(self, coming: ComingJob, message: Waiting, now: datetime) -> None:
        if message.job is coming.otherwise:
            self._crowds.sent(coming.job.group, now, due_at=message.due_at)

    def lease(
        self, *, now: datetime, seconds: int, limit: int, held: Mapping[str, datetime] | None = None
    ) -> Sequence[LeasedJob]:
        taken: dict[str, _Taken] = {}
        for _ in range(limit + _USELESS_RECEIVES_MAX):
            wanted = min(limit - len(taken), BATCH_MAX)
            received = self._received(wanted, seconds, is_enough=bool(taken))
            for message in received:
                self._take(message, taken, now, held or {})
            # A short answer after something was taken: the worker has work, and more would only wait leased.
            if not received or len(taken) >= limit or (taken and len(received) < wanted):
                break
        return _leased(taken, now + timedelta(seconds=seconds))

    def delivered(
        self,
        messages: Iterable[Message],
        *,
        now: datetime,
        seconds: int,
        held: Mapping[str, datetime] | None = None,
    ) -> Sequence[LeasedJob]:
        """The jobs in messages that SQS has handed to this process by itself, as `lease` gives its own.

        SQS hides them for the queue's visibility time-out, which must be longer than `seconds`.
        """
        taken: dict[str, _Taken] = {}
        for message in messages:
            self._take(message, taken, now, held or {})
        return _leased(taken, now + timedelta(seconds=seconds))

    def _received(self, limit: int, seconds: int, *, is_enough: bool) -> list[Message]:
        """Messages to take; none if receiving fails after others were taken, which are leased already."""
        try:
            return self._queues.waiting.receive(limit=limit, seconds=seconds)
        except StorageUnavailable:
            if is_enough:
                return []
            raise

    def _take(
        self, message: Message, taken: dict[str, _Taken], now: datetime, held: Mapping[str, datetime]
    ) -> None:
        """Take the job in a message, unless there is none, or it is not due or held."""
        match waiting(message):
            case Unreadable():
                self._queues.parked.send(message.body)
                self._queues.waiting.delete([message.handle])
            case Waiting(job=job, due_at=due_at, attempts=attempts):
                attempts += message.receives - 1
                due_at = max(due_at, held.get(job.kind, due_at))
                # Sent again with its tries: a job may wait longer than SQS's longest delay.
                longest = self._policy.jobs.job_wait_seconds_max
                if is_ahead(due_at, now=now, span_seconds=longest, policy=self._policy):
                    self._send(Waiting(job=job, due_at=due_at, attempts=attempts))
                    self._queues.waiting.delete([message.handle])
                    return
                one = taken.get(job.key)
                if one is None:
                    one = taken[job.key] = _Taken(job, attempts)
                else:
                    one.job = merged(one.job, job, self._policy)
                    one.attempts = max(one.attempts, attempts)
                one.handles.append(message.handle)

    def complete(self, leased: LeasedJob) -> bool:
        return not self._is_lost(leased) and self._delete(leased)

    def give_back(
        self,
        leased: LeasedJob,
        *,
        visible_at: datetime,
        is_attempt: bool,
        reason: str = "",  # noqa: ARG002 - messages of older programs have no place for it, and must stay readable
    ) -> bool:
        if self._is_lost(leased):
            return False
        attempts = leased.attempts + is_attempt
        # Sent before it is deleted: a worker that dies in between leaves the job twice and not lost (law 6).
        self._send(Waiting(job=leased.job, due_at=visible_at, attempts=attempts))
        return self._delete(leased)

    def park(self, leased: LeasedJob, *, reason: str, now: datetime) -> bool:
        if self._is_lost(leased):
            return False
        aside = ParkedJob(job=leased.job, attempts=leased.attempts + 1, reason=reason, parked_at=now)
        self._queues.parked.send(parked_body(aside))  # before the delete, as in `give_back`
        return self._delete(leased)

    def waiting(self, group: str | None, *, limit: int) -> Sequence[QueuedJob]:
        with self._looked_at(self._queues.waiting, group) as messages:
            found = [each for _, each in _of_group(messages.values(), group)]
        found.sort(key=lambda each: (each.due_at, each.job.key))
        return [QueuedJob(job=each.job, due_at=each.due_at, attempts=each.attempts) for each in found[:limit]]

    def drop_waiting(self, group: str) -> int:
        with self._looked_at(self._queues.waiting, group) as messages:
            found = [message for message, _ in _of_group(messages.values(), group)]
            self._delete_of(messages, found, self._queues.waiting)
        return len(found)

    def parked(self, *, limit: int, group: str | None = None) -> Sequence[ParkedJob]:
        # Of several messages of one key the newest counts: a job may fail again before it is released.
        with self._looked_at(self._queues.parked, group) as messages:
            found = [each for each in map(parked, messages.values()) if group in {None, each.job.group}]
        found.sort(key=lambda each: (each.parked_at, each.job.key))
        newest = {each.job.key: each for each in found}
        return [each for each in found if newest[each.job.key] is each][:limit]

    def unpark(self, key: str, *, now: datetime) -> bool:
        return self._let_go(key, is_to_wait=True, now=now)

    def drop(self, key: str) -> bool:
        return self._let_go(key, is_to_wait=False, now=self._clock.now())

    def drop_parked(self, group: str) -> int:
        with self._looked_at(self._queues.parked, group) as messages:
            found = [each for each in messages.values() if parked(each).job.group == group]
            self._delete_of(messages, found, self._queues.parked)
        return len({parked(each).job.key for each in found})

    def _let_go(self, key: str, *, is_to_wait: bool, now: datetime) -> bool:
        with self._looked_at(self._queues.parked) as messages:
            found = [each for each in messages.values() if parked(each).job.key == key]
            for message in found:
                # Sent before it is deleted, as in `give_back`.
                if is_to_wait:
                    self._queues.waiting.send(released_body(message, now=now))
                self._queues.parked.delete([message.handle])
                del messages[message.message_id]
        return bool(found)

    def counts(self, *, now: datetime) -> QueueCounts:  # noqa: ARG002 - SQS counts by its own clock
        visible, hidden, delayed = (
            f"ApproximateNumberOfMessages{which}" for which in ("", "NotVisible", "Delayed")
        )
        here = self._queues.waiting.attributes(visible, hidden, delayed)
        aside = self._queues.parked.attributes(visible, hidden)
        return QueueCounts(
            waiting=int(here[visible]) + int(here[delayed]),
            leased=int(here[hidden]),
            parked=int(aside[visible]) + int(aside[hidden]),
        )

    def _send(self, job: Waiting) -> None:
        body, delay_seconds = self._message(job)
        self._queues.waiting.send(body, delay_seconds=delay_seconds)

    def _message(self, job: Waiting) -> tuple[str, int]:
        """The body of a job, and by how many seconds SQS delays it."""
        delay = int((job.due_at - self._clock.now()).total_seconds())
        return waiting_body(job), min(max(delay, 0), DELAY_SECONDS_MAX)

    def _is_lost(self, leased: LeasedJob) -> bool:
        """Whether another worker may have the job by now; SQS does not tell."""
        return self._clock.now() >= leased.until

    def _delete(self, leased: LeasedJob) -> bool:
        return self._queues.waiting.delete(handles_of(leased))

    def _delete_of(self, messages: dict[str, Message], found: Sequence[Message], queue: Queue) -> None:
        """Delete some of the messages that were looked at."""
        queue.delete([each.handle for each in found])
        for message in found:
            del messages[message.message_id]

    @contextmanager
    def _looked_at(self, queue: Queue, group: str | None = None) -> Iterator[dict[str, Message]]:
        """The messages of a queue by id; those still there at the end become visible again, uncounted.

        For a group, all messages, among which its own may be the last; otherwise as many as are listed.

        Raises:
            StorageUnavailable: there are more for a group than one look can hide from itself.
        """
        messages: dict[str, Message] = {}
        try:
            while group is not None or len(messages) < self._policy.jobs.jobs_parked_listed_max:
                received = queue.receive(limit=BATCH_MAX, seconds=LOOK_SECONDS)
                if not received:
                    break
                is_round = all(each.message_id in messages for each in received)
                messages |= {each.message_id: each for each in received}
                if is_round:
                    # Those seen first are visible again, and what is behind may never come.
                    raise StorageUnavailable(
                        f"{queue.name} has more jobs than one look sees in {LOOK_SECONDS} s; try again later"
                    )
            yield messages
        finally:
            # Also after an error, or the operator would look at an empty list for half a minute.
            self._show([*messages.values()], queue)

    def _show(self, messages: Sequence[Message], queue: Queue) -> None:
        """Let other receivers have messages that were only looked at."""
        if queue is self._queues.waiting:
            # At once and not when they are due: a delay would hide them from the next look.
            queue.send_again(messages, uncounted_body)
        else:
            queue.release([each.handle for each in messages])


def _leased(taken: Mapping[str, _Taken], until: datetime) -> list[LeasedJob]:
    return [
        LeasedJob(job=each.job, token=token_of(each.handles), until=until, attempts=each.attempts)
        for each in taken.values()
    ]


def _of_group(messages: Iterable[Message], group: str | None) -> list[tuple[Message, Waiting]]:
    read = ((each, waiting(each)) for each in messages)
    return [(each, job) for each, job in read if isinstance(job, Waiting) and group in {None, job.job.group}]


def open_sqs(address: str, clock: Clock, policy: Policy = DEFAULT_POLICY) -> SqsQueue:
    """The queue at ``sqs://NAME?endpoint=…&region=…``; nothing is sent yet.

    Raises:
        InvalidInput: the address has another form.
        StorageError: AWS is set up on this machine in a way that cannot work.
    """
    queues = Queues(parse(address), deadline_seconds=policy.training.store_deadline_seconds)
    return SqsQueue(queues, clock, policy)
