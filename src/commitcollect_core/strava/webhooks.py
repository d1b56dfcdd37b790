"""What Strava's webhooks say, and what to do about it.

An event is a hint, never an order: it carries no signature one can rely on, comes up to three times, and in
any order. So it names only what to look at. Strava itself is asked before anything is changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar

from attrs import field, frozen

from commitcollect_core.errors import InvalidInput
from commitcollect_core.jobs.jobs import Job, JobKind, job_key
from commitcollect_core.policy import Policy
from commitcollect_core.values import ActivityId, AthleteId, utc

_FIRST_EVENT_AT = datetime(2009, 1, 1, tzinfo=UTC)
"""Strava began in 2009; an event before that is none of its own."""


class ObjectType(StrEnum):
    """What an event is about."""

    ACTIVITY = "activity"
    ATHLETE = "athlete"


class Aspect(StrEnum):
    """What is said to have happened."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@frozen(kw_only=True)
class WebhookEvent:
    """One event as Strava sends it.

    Attributes:
        object_id: of the activity or athlete.
        owner_id: the athlete.
        event_time: when it happened, by Strava's clock.
        updates: what changed, sorted by name; names and values as received.
    """

    subscription_id: int
    object_type: ObjectType
    object_id: int
    aspect: Aspect
    owner_id: int
    event_time: datetime = field(converter=utc)
    updates: tuple[tuple[str, str], ...] = ()


def parse_event(document: object, *, now: datetime, policy: Policy) -> WebhookEvent:
    """Read an event from a JSON document.

    Raises:
        InvalidInput: something is missing, of the wrong kind or beyond belief; `field` names it.
    """
    if not isinstance(document, Mapping):
        raise InvalidInput("an event is a JSON object", code="invalid_event")
    return WebhookEvent(
        subscription_id=_number(document, "subscription_id", policy),
        object_type=_one_of(document, "object_type", ObjectType),
        object_id=_number(document, "object_id", policy),
        aspect=_one_of(document, "aspect_type", Aspect),
        owner_id=_number(document, "owner_id", policy),
        event_time=_event_time(document, now, policy),
        updates=_updates(document, policy),
    )


def _invalid(name: str, why: str) -> InvalidInput:
    return InvalidInput(f"{name} {why}", code="invalid_event", field=name)


def _number(document: Mapping[str, Any], name: str, policy: Policy) -> int:
    value = document.get(name)
    if type(value) is not int or not 0 < value < 10**policy.strava.strava_id_digits_max:
        raise _invalid(
            name, f"must be a positive whole number of at most {policy.strava.strava_id_digits_max} digits"
        )
    return value


_Choice = TypeVar("_Choice", ObjectType, Aspect)


def _one_of(document: Mapping[str, Any], name: str, choices: type[_Choice]) -> _Choice:
    value = document.get(name)
    for each in choices:
        if value == each.value:
            return each
    raise _invalid(name, f"must be one of {', '.join(choices)}")


def _event_time(document: Mapping[str, Any], now: datetime, policy: Policy) -> datetime:
    value = document.get("event_time")
    latest = now + timedelta(seconds=policy.training.clock_skew_seconds_max)
    if type(value) is not int or not _FIRST_EVENT_AT.timestamp() <= value <= latest.timestamp():
        raise _invalid(
            "event_time", "must be a time in whole seconds since 1970, not before 2009 nor in the future"
        )
    return datetime.fromtimestamp(value, UTC)


def _updates(document: Mapping[str, Any], policy: Policy) -> tuple[tuple[str, str], ...]:
    value = document.get("updates")
    if value is None:
        return ()
    if not isinstance(value, Mapping) or len(value) > policy.strava.event_updates_max:
        raise _invalid("updates", f"must be an object of at most {policy.strava.event_updates_max} names")
    texts = {name: _update_text(each, policy) for name, each in value.items()}
    if any(len(name) + len(text) > policy.strava.event_update_chars_max for name, text in texts.items()):
        raise _invalid(
            "updates", f"must hold texts of at most {policy.strava.event_update_chars_max} characters"
        )
    return tuple(sorted(texts.items()))


def _update_text(value: object, policy: Policy) -> str:
    """What an update says; Strava sends texts, and a number or truth value would be no surprise."""
    if isinstance(value, str):
        return value
    # Bounded before it is written out: Python refuses to spell numbers of thousands of digits.
    if isinstance(value, int) and abs(value) < 10**policy.strava.strava_id_digits_max:
        return str(value)
    raise _invalid("updates", "must hold texts")


_SECOND = -2
"""Where in an event's key its second stands."""


def idempotency_key(event: WebhookEvent) -> str:
    """The request id under which an event is marked: equal for every delivery of it, and no other.

    The owner is part of it, so that an event forged in another athlete's name cannot pass for a true one.
    """
    from hashlib import sha256  # noqa: PLC0415 - loads OpenSSL, which nothing else in the core needs

    updates = sha256(repr(event.updates).encode()).hexdigest()[:16]
    facts = (
        event.subscription_id,
        event.owner_id,
        event.object_type.value,
        event.object_id,
        event.aspect.value,
        int(event.event_time.timestamp()),
        updates,
    )
    return "-".join(map(str, facts))


def is_over_at(request_id: str, looked_at: datetime) -> bool:
    """Whether a look at this moment came after the whole second of an event.

    Only then has it seen what the event told of, and all others of the same key: an event may be marked only
    for such a look. One that was forged for later must not take the place of the true one.
    """
    event_second = int(request_id.split("-")[_SECOND])
    return event_second < int(looked_at.timestamp())


def interpret(event: WebhookEvent, *, now: datetime) -> Job | None:
    """What to look at because of an event; None if there is nothing to see."""
    athlete_id = AthleteId(str(event.owner_id))
    request_id = idempotency_key(event)
    match event.object_type:
        case ObjectType.ACTIVITY:
            activity_id = ActivityId(str(event.object_id))
            return Job(
                key=job_key(JobKind.ACTIVITY, athlete_id, activity_id),
                kind=JobKind.ACTIVITY,
                athlete_id=athlete_id,
                activity_id=activity_id,
                request_ids=(request_id,),
                enqueued_at=now,
            )
        case ObjectType.ATHLETE if _may_be_deauthorisation(event):
            return Job(
                key=job_key(JobKind.AUTHORIZATION, athlete_id),
                kind=JobKind.AUTHORIZATION,
                athlete_id=athlete_id,
                request_ids=(request_id,),
                enqueued_at=now,
            )
        case _:
            return None


def _may_be_deauthorisation(event: WebhookEvent) -> bool:
    if event.aspect is Aspect.DELETE:
        return True
    return event.aspect is Aspect.UPDATE and dict(event.updates).get("authorized", "").lower() == "false"
