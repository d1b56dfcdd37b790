"""What Strava's webhooks say, and what to do about it.

An event is a hint, never an order: it carries no signature one can rely on, comes up to three times, and in
any order. So it names only what to look at. Strava itself is asked before anything is changed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from attrs import field, frozen

from commitcollect_core.errors import InvalidInput
from commitcollect_core.jobs.jobs import Job, JobEvent
from commitcollect_core.policy import Policy
from commitcollect_core.strava.jobs import activity_job, authorization_job
from commitcollect_core.values import ActivityId, AthleteId, utc

_FIRST_EVENT_SECONDS = datetime(2009, 1, 1, tzinfo=UTC).timestamp()
"""Strava began in 2009; no event is older."""

_MILLISECONDS_FROM = 10**11
"""From here on a time is in milliseconds: as seconds it would lie after the year 5000."""

_SECONDS = re.compile(r"[0-9]{1,20}(\.[0-9]{1,9})?")
_SECONDS_MAX = 10**20
_EXACT_FLOAT_MAX = 2**53


class ObjectType(StrEnum):
    """What an event is about."""

    ACTIVITY = "activity"
    ATHLETE = "athlete"


class Aspect(StrEnum):
    """What is said to have happened."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


_OBJECT_TYPES = {each.value: each for each in ObjectType}
_ASPECTS = {each.value: each for each in Aspect}


@frozen(kw_only=True)
class WebhookEvent:
    """One event as Strava sends it, as far as it can be read.

    Attributes:
        subscription_id: None if it cannot be read.
        object_id: of the activity or athlete.
        aspect: None if it cannot be read.
        owner_id: the athlete.
        event_time: when it happened, by Strava's clock; when it was read, if the event does not say.
        updates: what changed, sorted by name; None if it cannot be read.
    """

    subscription_id: int | None
    object_type: ObjectType
    object_id: int
    aspect: Aspect | None
    owner_id: int
    event_time: datetime = field(converter=utc)
    updates: tuple[tuple[str, str], ...] | None = ()


def parse_event(document: object, *, now: datetime, policy: Policy) -> WebhookEvent:
    """Read an event from a JSON document.

    An event is a hint, so only its kind, id and owner must be readable. Everything else is used if it can be.

    Raises:
        InvalidInput: one of the three is missing or not plausible; `field` names it.
    """
    if not isinstance(document, Mapping):
        raise InvalidInput("an event is a JSON object", code="invalid_event")
    object_type = _object_type(document)
    return WebhookEvent(
        subscription_id=_number(document.get("subscription_id"), policy),
        object_type=object_type,
        object_id=_required_number(document, "object_id", policy),
        aspect=_aspect(document),
        owner_id=_required_number(document, "owner_id", policy),
        event_time=_event_time(document.get("event_time"), now, policy),
        updates=_updates(document.get("updates"), policy),
    )


def _invalid(name: str, why: str) -> InvalidInput:
    return InvalidInput(f"{name} {why}", code="invalid_event", field=name)


def _required_number(document: Mapping[str, Any], name: str, policy: Policy) -> int:
    number = _number(document.get(name), policy)
    if number is None:
        raise _invalid(
            name, f"must be a positive whole number of at most {policy.strava.strava_id_digits_max} digits"
        )
    return number


def _number(value: object, policy: Policy) -> int | None:
    """A positive whole number, which may come as a text or float."""
    digits_max = policy.strava.strava_id_digits_max
    if isinstance(value, str):
        digits = value.strip()
        if not digits.isascii() or not digits.isdigit() or len(digits) > digits_max:
            return None
        value = int(digits)
    # Beyond 2**53 a float names several numbers, so it names none.
    if isinstance(value, float) and value.is_integer() and value <= _EXACT_FLOAT_MAX:
        value = int(value)
    return value if type(value) is int and 0 < value < 10**digits_max else None


def _object_type(document: Mapping[str, Any]) -> ObjectType:
    found = _OBJECT_TYPES.get(_word(document.get("object_type")))
    if found is None:
        raise _invalid("object_type", f"must be one of {', '.join(ObjectType)}")
    return found


def _aspect(document: Mapping[str, Any]) -> Aspect | None:
    return _ASPECTS.get(_word(document.get("aspect_type")))


def _word(value: object) -> str:
    return value.strip().lower() if isinstance(value, str) else ""


def _event_time(value: object, now: datetime, policy: Policy) -> datetime:
    """The time of an event in seconds or milliseconds; `now` if it is not plausible."""
    seconds = _seconds(value)
    if seconds is not None and seconds >= _MILLISECONDS_FROM:
        seconds /= 1_000
    latest = now.timestamp() + policy.training.clock_skew_seconds_max
    # A time in the future is replaced: a look marks only events of seconds that have passed.
    if seconds is None or not _FIRST_EVENT_SECONDS <= seconds <= latest:
        return now
    return datetime.fromtimestamp(int(seconds), UTC)


def _seconds(value: object) -> float | None:
    if isinstance(value, str):
        return float(value) if _SECONDS.fullmatch(value.strip()) else None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    # Compared first: a float of an int with 400 digits does not exist.
    return float(value) if is_number and abs(value) < _SECONDS_MAX else None  # type: ignore[arg-type]


def _updates(value: object, policy: Policy) -> tuple[tuple[str, str], ...] | None:
    """The names and values that can be read, up to the policy's limits; None unless it is an object."""
    if not isinstance(value, Mapping):
        return None
    texts = [(name, _update_text(each, policy)) for name, each in value.items() if isinstance(name, str)]
    chars_max = policy.strava.event_update_chars_max
    fitting = [(name, text) for name, text in texts if text is not None and len(name + text) <= chars_max]
    return tuple(sorted(fitting)[: policy.strava.event_updates_max])


def _update_text(value: object, policy: Policy) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    # Compared before it is written out: Python refuses to write numbers of thousands of digits.
    if isinstance(value, int) and abs(value) < 10**policy.strava.strava_id_digits_max:
        return str(value)
    return None


def idempotency_key(event: WebhookEvent) -> str:
    """The request id under which an event is marked: equal for every delivery of it, and no other.

    The owner is part of it, so that an event forged in another athlete's name cannot pass for a true one. It
    is a digest, as a mark outlives the account of the athlete it would name.
    """
    from hashlib import sha256  # noqa: PLC0415 - loads OpenSSL, which nothing else in the core needs

    updates = sha256(repr(event.updates).encode()).hexdigest()[:16]
    facts = (
        event.subscription_id or 0,
        event.owner_id,
        event.object_type.value,
        event.object_id,
        event.aspect.value if event.aspect is not None else "unknown",
        int(event.event_time.timestamp()),
        updates,
    )
    return sha256("-".join(map(str, facts)).encode()).hexdigest()


def interpret(event: WebhookEvent, *, now: datetime) -> Job | None:
    """What to look at because of an event; None if there is nothing to see."""
    athlete_id = AthleteId(str(event.owner_id))
    is_deletion = event.aspect is Aspect.DELETE
    events = (JobEvent(idempotency_key(event), event.event_time, is_deletion=is_deletion),)
    match event.object_type:
        case ObjectType.ACTIVITY:
            return activity_job(athlete_id, ActivityId(str(event.object_id)), events=events, now=now)
        case ObjectType.ATHLETE if _may_be_deauthorisation(event):
            return authorization_job(athlete_id, events=events, now=now)
        case _:
            return None


def _may_be_deauthorisation(event: WebhookEvent) -> bool:
    if event.aspect in {Aspect.CREATE, Aspect.DELETE}:
        return event.aspect is Aspect.DELETE
    # Without readable updates it may be one. Looking costs one refresh; not looking would keep the data of
    # an athlete who has revoked the permission.
    if event.updates is None:
        return True
    return dict(event.updates).get("authorized", "").strip().lower() in {"false", "0"}
