"""Jobs as messages: one JSON object each, with the names of the item catalogue.

An unreadable message is a value of its own and set aside whole: a newer program may have sent it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from attrs import evolve, field, frozen

from commitcollect_adapters.readers.strict_json import parse_document
from commitcollect_adapters.records.columns import Record, epoch, moment
from commitcollect_adapters.records.jobs import JOB, PARKED
from commitcollect_core.errors import CorruptItem, InvalidInput
from commitcollect_core.jobs.jobs import Job, LeasedJob, ParkedJob

_WAITING_COLUMNS = (*JOB.columns, "dueAtUtc", "attempts")
_JOB_END = len(JOB.columns)
_NUMBERS = frozenset({"enqueuedAtUtc", "dueAtUtc", "parkedAtUtc", "attempts"})
_UNREADABLE = "sqs/unreadable"
"""The kind of what is no job; it is set aside and never done."""


@frozen(kw_only=True)
class Message:
    """A message as it was received.

    Attributes:
        message_id: stays the same however often it is received.
        handle: proves to SQS that it was received this time.
        receives: how often it was received, this time included.
        sent_at: when it came into the queue it was sent to first.
    """

    message_id: str
    handle: str = field(repr=False)
    body: str = field(repr=False)
    receives: int
    sent_at: datetime

    @classmethod
    def of(cls, received: Mapping[str, Any]) -> Message:
        """A message out of an answer of SQS."""
        attributes = received.get("Attributes", {})
        return cls(
            message_id=received["MessageId"],
            handle=received["ReceiptHandle"],
            body=received["Body"],
            receives=int(attributes.get("ApproximateReceiveCount", 1)),
            sent_at=moment(int(attributes.get("SentTimestamp", 0)) // 1000),
        )

    @classmethod
    def of_event(cls, delivered: Mapping[str, Any]) -> Message:
        """A message out of an event of Lambda, which writes the outer names in another way."""
        names = {"MessageId": "messageId", "ReceiptHandle": "receiptHandle", "Body": "body"}
        received = {name: delivered[there] for name, there in names.items()}
        return cls.of({**received, "Attributes": delivered.get("attributes", {})})


@frozen(kw_only=True)
class Waiting:
    """A job that waits.

    Attributes:
        attempts: how often it was tried before it was sent.
    """

    job: Job
    due_at: datetime
    attempts: int


@frozen
class Unreadable:
    """No job, and why not."""

    reason: str


def token_of(handles: Sequence[str]) -> str:
    """The lease of a job that is made of these messages."""
    return " ".join(handles)


def handles_of(leased: LeasedJob) -> Sequence[str]:
    """The handles of the messages that a leased job is made of."""
    return leased.token.split(" ")


def waiting_body(waiting: Waiting) -> str:
    """A waiting job as the text of a message."""
    record = (*JOB.encode(waiting.job), epoch(waiting.due_at), waiting.attempts)
    return _body(_WAITING_COLUMNS, record)


def waiting(message: Message) -> Waiting | Unreadable:
    """The job in a message."""
    # Strict: a message that is almost a job may come from a newer program, and is set aside.
    try:
        record = _record(message.body, _WAITING_COLUMNS)
        due_at, attempts = record[_JOB_END:]
        return Waiting(job=JOB.decode(record[:_JOB_END]), due_at=moment(due_at), attempts=attempts)
    except _NO_JOB as unreadable:
        return Unreadable(_line(unreadable))


def uncounted_body(message: Message) -> str:
    """The text to send so that receiving this message now counts as no try; those before do."""
    match waiting(message):
        case Waiting() as job:
            return waiting_body(evolve(job, attempts=job.attempts + message.receives - 1))
        case Unreadable():
            return message.body


def parked_body(parked: ParkedJob) -> str:
    """A job that is set aside as the text of a message."""
    return _body(PARKED.columns, PARKED.encode(parked))


def parked(message: Message) -> ParkedJob:
    """What a message that is set aside tells: a failed job, one that SQS moved there, or no job at all."""
    try:
        return PARKED.decode(_record(message.body, PARKED.columns))
    except _NO_JOB:
        return _moved(message)


def _moved(message: Message) -> ParkedJob:
    """The same for what was moved as it is."""
    match waiting(message):
        case Waiting(job=job, attempts=attempts):
            return ParkedJob(
                job=job,
                attempts=attempts + message.receives,
                reason="every worker that took it ended before it was done",
                parked_at=message.sent_at,
            )
        case Unreadable(reason=why):
            sent_at = message.sent_at
            job = _no_job(message)
            reason = f"this message is no job: {why}"
            return ParkedJob(job=job, attempts=0, reason=reason, parked_at=sent_at)


def released_body(message: Message, *, now: datetime) -> str:
    """The text to send so that what was set aside waits again; what is no job, as it came."""
    job = parked(message).job
    # Sent back as it came, for the program that can read it.
    if job.kind == _UNREADABLE:
        return message.body
    return waiting_body(Waiting(job=job, due_at=now, attempts=0))


def _no_job(message: Message) -> Job:
    """What stands for a message that is no job, under a key of its own."""
    return Job(kind=_UNREADABLE, subject={"messageId": message.message_id}, enqueued_at=message.sent_at)


_NO_JOB = (CorruptItem, InvalidInput, OSError, OverflowError, RecursionError, ValueError)
"""How reading ends on what is no job."""


def _body(columns: Sequence[str], record: Record) -> str:
    # Escaped, as SQS refuses some characters.
    return json.dumps(dict(zip(columns, record, strict=True)), separators=(",", ":"))


def _record(body: str, columns: Sequence[str]) -> Record:
    """The values of these columns, which are all there are, each of the right type."""
    document = parse_document(body.encode())
    if isinstance(document, dict):
        # Messages of before jobs had a flow are jobs as well.
        document.setdefault("correlationId", "")
    if not isinstance(document, dict) or document.keys() != set(columns):
        raise ValueError("it is not an object with the names of a job")
    for name, value in document.items():
        if not _is_right(name, value):
            raise ValueError(f"{name} is not what it should be")
    return tuple(document[name] for name in columns)


def _is_right(name: str, value: object) -> bool:
    if name in _NUMBERS:
        return type(value) is int and value >= 0
    return isinstance(value, str)


def _line(said: Exception) -> str:
    return " ".join(str(said).split())
