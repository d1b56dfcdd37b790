"""Ids and times, the vocabulary of every other module."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple, NewType

from commitcollect_core.errors import InvalidInput

UserId = NewType("UserId", str)
ActivityId = NewType("ActivityId", str)
MilestoneId = NewType("MilestoneId", str)
ModelId = NewType("ModelId", str)
AthleteId = NewType("AthleteId", str)
"""Strava's id of an athlete; a `UserId` is ours."""

ID_CHARS_MAX = 64
ID_FORM = f"1 to {ID_CHARS_MAX} letters, digits, '.', '_', '@' or '-', starting with a letter or digit"
"""How an id looks, for messages."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}\Z")


class Source(StrEnum):
    """Where a workout came from. Part of a workout's identity."""

    STRAVA = "STRAVA"
    MANUAL = "MANUAL"
    FILE = "FILE"

    # Of the text it is: the hash of an enum is a call, and every look-up of a workout by its key makes it.
    __hash__ = str.__hash__


class TargetType(StrEnum):
    """What a milestone adds up.

    A workout's share depends on that workout alone. ALL_OF is a combination of several targets.
    """

    DISTANCE_METERS = "DISTANCE_METERS"
    ELEVATION_METERS = "ELEVATION_METERS"
    MOVING_TIME_SECONDS = "MOVING_TIME_SECONDS"
    ACTIVITY_COUNT = "ACTIVITY_COUNT"
    ALL_OF = "ALL_OF"

    __hash__ = str.__hash__


class WorkoutKey(NamedTuple):
    """Identifies one workout within an athlete's ledger."""

    source: Source
    activity_id: ActivityId


def utc(value: datetime) -> datetime:
    """Return `value` in UTC, whole seconds.

    Raises:
        InvalidInput: `value` has no time zone (guessing one is how training ends up on the wrong day), or is
            outside the calendar in UTC.
    """
    if value.tzinfo is UTC and not value.microsecond:
        return value
    if value.utcoffset() is None:
        raise InvalidInput(f"{value.isoformat()} has no time zone; give one, such as +00:00")
    try:
        return value.astimezone(UTC).replace(microsecond=0)
    except OverflowError as beyond:
        raise InvalidInput(f"{value.isoformat()} is beyond the years 1 to 9999 in UTC") from beyond


def optional_utc(value: datetime | None) -> datetime | None:
    """`utc`, letting None through."""
    return None if value is None else utc(value)


def is_id(value: object) -> bool:
    """Whether a value is a valid id.

    A value that is none cannot name anything stored.
    """
    return isinstance(value, str) and _ID.match(value) is not None


def require_id(value: object, name: str) -> None:
    """Refuse a value that is no valid id.

    Ids are parts of keys and addresses, so they stay plain.

    Args:
        value: perhaps an id.
        name: of the input, for the message.

    Raises:
        InvalidInput: the id is empty, too long or holds other than letters, digits and ``. _ @ -``.
    """
    if not is_id(value):
        shown = repr(value[:ID_CHARS_MAX] if isinstance(value, str) else value)
        raise InvalidInput(
            f"{name} {shown} is not an id: use {ID_FORM}",
            field=name,
        )


def check_id(_instance: Any, attribute: Any, value: Any) -> None:
    """`require_id` as an attrs validator."""
    # Asked here first: this runs for every activity that is read, and nearly every id is one.
    if not (type(value) is str and _ID.match(value)):
        require_id(value, attribute.name)
