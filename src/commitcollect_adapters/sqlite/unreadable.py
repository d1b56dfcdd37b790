"""Jobs that stand for rows of the queue that cannot be read, as after a downgrade.

The key of a row tells its kind, its group and how to drop it, so an operator and the deletion of an account
find it. A key that is none is named by its digest.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

from commitcollect_adapters.records.columns import Record, moment
from commitcollect_adapters.records.jobs import ENTRY, PARKED
from commitcollect_core.errors import CorruptItem, InvalidInput
from commitcollect_core.jobs.jobs import Job, ParkedJob, QueuedJob

UNREADABLE = "sqlite/unreadable"
"""The kind of a row whose key is none; it is never done."""

_DIGEST_CHARS = 32
_DUE = ENTRY.columns.index("dueAtUtc")
_PARKED_AT = PARKED.columns.index("parkedAtUtc")


def parked(row: Record) -> ParkedJob:
    """The parked job of a row, or what stands for it."""
    try:
        return PARKED.decode(row)
    except CorruptItem as unreadable:
        at = row[_PARKED_AT]
        return ParkedJob(job=_job(row[0], at), attempts=0, reason=_reason(unreadable), parked_at=_moment(at))


def waiting(row: Record) -> QueuedJob:
    """The waiting job of a row, or what stands for it."""
    try:
        return ENTRY.decode(row).listed()
    except CorruptItem as unreadable:
        at = row[_DUE]
        return QueuedJob(job=_job(row[0], at), due_at=_moment(at), attempts=0, last_error=_reason(unreadable))


def key_of(stored: object) -> str:
    """The key under which a row is listed if it cannot be read."""
    return _job(stored, 0).key


def _job(stored: object, at: object) -> Job:
    kind, *ids = _parts(stored)
    subject = {f"id{place}": each for place, each in enumerate(ids, start=1)}
    try:
        return Job(kind=kind, subject=subject, enqueued_at=_moment(at), correlation_id="")
    except InvalidInput:
        digest = sha256(repr(stored).encode(errors="replace")).hexdigest()[:_DIGEST_CHARS]
        return Job(kind=UNREADABLE, subject={"digest": digest}, enqueued_at=_moment(at), correlation_id="")


def _parts(stored: object) -> list[str]:
    """The kind and the ids in a key."""
    provider, _, rest = str(stored).partition("/")
    task, *ids = rest.split("/")
    return [f"{provider}/{task}", *ids]


def _moment(stored: object) -> datetime:
    """The moment of a column; the beginning of 1970 if it holds none."""
    try:
        return moment(stored)  # type: ignore[arg-type]  # what it holds is tried out
    except (OSError, OverflowError, TypeError, ValueError):
        return moment(0)


def _reason(unreadable: CorruptItem) -> str:
    why = " ".join(str(unreadable.__cause__).split())
    return f"this version cannot read it ({why}); use the one that wrote it, or drop it"
