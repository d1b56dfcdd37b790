"""Ids and times, the vocabulary of every other module."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple, NewType, TypeVar

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


def utc(value: datetime, name: str = "time") -> datetime:
    """Return `value` in UTC, whole seconds.

    Raises:
        InvalidInput: `value` is no time, has no time zone (guessing one is how training ends up on the wrong
            day), or is outside the calendar in UTC.
    """
    if type(value) is datetime and value.tzinfo is UTC and not value.microsecond:
        return value
    if not isinstance(value, datetime):
        raise InvalidInput(f"{name} {shown(value)} is not a datetime", field=name)
    if value.utcoffset() is None:
        raise InvalidInput(f"{value.isoformat()} has no time zone; give one, such as +00:00", field=name)
    try:
        at = value.astimezone(UTC)
    except OverflowError as beyond:
        raise InvalidInput(
            f"{value.isoformat()} is beyond the years 1 to 9999 in UTC", field=name
        ) from beyond
    return datetime(at.year, at.month, at.day, at.hour, at.minute, at.second, tzinfo=UTC)


def optional_utc(value: datetime | None, name: str = "time") -> datetime | None:
    """`utc`, letting None through."""
    # Nearly every moment is in UTC already, and every event has a dozen.
    if value is None or (type(value) is datetime and value.tzinfo is UTC and not value.microsecond):
        return value
    return utc(value, name)


_SHOWN_CHARS_MAX = 80


def shown(value: object) -> str:
    """A value that is refused, as a message may repeat it."""
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARS_MAX else f"{text[:_SHOWN_CHARS_MAX]}…"


_Member = TypeVar("_Member", bound=StrEnum)


def member(kind: type[_Member], value: _Member | str, name: str, *, code: str | None = None) -> _Member:
    """The member of an enumeration, also given as its text.

    Raises:
        InvalidInput: there is none.
    """
    if type(value) is kind:
        return value
    if type(value) is str and value in kind._value2member_map_:
        return kind(value)
    raise InvalidInput(f"{name} {shown(value)} is not one of {', '.join(kind)}", code=code, field=name)


def require_whole(value: object, name: str, *, least: int | None = None) -> None:
    """Refuse what is no whole number; a truth value is an int to Python, and no number to a person.

    Raises:
        InvalidInput: the value is no int, or is too small.
    """
    if type(value) is not int:
        raise InvalidInput(f"{name} {shown(value)} is not a whole number", field=name)
    if least is not None and value < least:
        raise InvalidInput(f"{name} {shown(value)} is less than {least}", field=name)


def unfit_text(value: str) -> str | None:
    """What no store can keep of a text; None for a text that every store can."""
    if "\0" in value:
        return "with a NUL character, which no store can keep"
    if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
        return "half a character, which no store can keep"
    return None


def require_text(value: object, name: str, *, chars_max: int | None = None) -> None:
    """Refuse what is no text that every store can keep.

    Raises:
        InvalidInput: the value is no str, is too long, or holds a NUL or half a character.
    """
    if type(value) is not str:
        raise InvalidInput(f"{name} {shown(value)} is not a text", field=name)
    if chars_max is not None and len(value) > chars_max:
        raise InvalidInput(f"{name} of {len(value):,} characters is longer than {chars_max:,}", field=name)
    if (unfit := unfit_text(value)) is not None:
        raise InvalidInput(f"{name} {shown(value)} is {unfit}", field=name)


def require_flag(value: object, name: str) -> None:
    """Refuse what is neither True nor False.

    Raises:
        InvalidInput: the value is something else.
    """
    if value is not True and value is not False:
        raise InvalidInput(f"{name} {shown(value)} is neither True nor False", field=name)


def require_kind(value: object, kind: type | tuple[type, ...], name: str) -> None:
    """Refuse what is not exactly of a class, or of one of several.

    Raises:
        InvalidInput: the value is something else; stores know how to keep these classes alone.
    """
    kinds = kind if isinstance(kind, tuple) else (kind,)
    if type(value) not in kinds:
        known = " or ".join(each.__name__ for each in kinds)
        raise InvalidInput(f"{name} {shown(value)} is not of {known}", field=name)


def is_id(value: object) -> bool:
    """Whether a value is a valid id.

    A value that is none cannot name anything stored.
    """
    return type(value) is str and _ID.match(value) is not None


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
        found = repr(value[:ID_CHARS_MAX]) if type(value) is str else shown(value)
        raise InvalidInput(f"{name} {found} is not an id: use {ID_FORM}", field=name)


def check_id(_instance: Any, attribute: Any, value: Any) -> None:
    """`require_id` as an attrs validator."""
    # Asked here first: this runs for every activity that is read, and nearly every id is one.
    if not (type(value) is str and _ID.match(value)):
        require_id(value, attribute.name)


_Item = TypeVar("_Item")


def items(given: Iterable[_Item], name: str) -> tuple[_Item, ...]:
    """Several values as a tuple.

    Raises:
        InvalidInput: what was given cannot be walked through, or is one text.
    """
    require_items(given, name)
    return given if type(given) is tuple else tuple(given)


def require_items(given: object, name: str) -> None:
    """Refuse what holds no values that can be walked through.

    Raises:
        InvalidInput: what was given is no list, tuple or the like, or is one text.
    """
    if type(given) in (tuple, list):
        return  # asking for the abstract class takes ten times as long
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        raise InvalidInput(f"{name} {shown(given)} is not a list", field=name)


def check_whole(_instance: Any, attribute: Any, value: Any) -> None:
    """`require_whole` as an attrs validator."""
    require_whole(value, attribute.name)


def check_text(_instance: Any, attribute: Any, value: Any) -> None:
    """`require_text` as an attrs validator."""
    require_text(value, attribute.name)


def check_flag(_instance: Any, attribute: Any, value: Any) -> None:
    """`require_flag` as an attrs validator."""
    require_flag(value, attribute.name)


def check_key(_instance: Any, attribute: Any, value: Any) -> None:
    """Refuse what identifies no workout."""
    is_key = isinstance(value, WorkoutKey) and type(value.source) is Source
    if not is_key:
        raise InvalidInput(f"{attribute.name} {shown(value)} is not a WorkoutKey", field=attribute.name)
    require_id(value.activity_id, attribute.name)
