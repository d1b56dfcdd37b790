"""Reads the documents of successful answers: tokens, activities, subscriptions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import field, frozen

from commitcollect_adapters.readers.activities import activity_of_api, start_of
from commitcollect_adapters.readers.fields import clean_text, shown, strava_id
from commitcollect_core.errors import InvalidInput
from commitcollect_core.policy import Policy
from commitcollect_core.strava.ports import ActivityList, ListedActivity, PushSubscription, TokenGrant
from commitcollect_core.strava.rates import RateReading
from commitcollect_core.values import AthleteId, optional_utc

TOKEN = re.compile(r"[\x21-\x7e]{1,1000}")
"""What a header can hold; Strava's tokens have 40 characters."""

_ADDRESS_CHARS_MAX = 1_000
_OVERLAP = timedelta(seconds=1)


def grant_from(document: object) -> TokenGrant:
    """Tokens.

    Raises:
        InvalidInput: one is missing, or the time they end.
    """
    grant = _object(document)
    return TokenGrant(
        access_token=_token(grant, "access_token"),
        refresh_token=_token(grant, "refresh_token"),
        expires_at=_moment(grant.get("expires_at")),
        athlete_id=None if grant.get("athlete") is None else _athlete_id(grant),
    )


def _object(document: object) -> Mapping[str, Any]:
    if not isinstance(document, dict):
        raise InvalidInput(f"a JSON object is expected, not {shown(document)}")
    return document


def _token(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not TOKEN.fullmatch(value):
        raise InvalidInput(f"{name} is missing or no token", field=name)
    return value


def _moment(value: object) -> datetime:
    if type(value) is int:
        try:
            return datetime.fromtimestamp(value, UTC)
        except (ValueError, OverflowError, OSError):
            pass
    raise InvalidInput("expires_at is missing or no time", field="expires_at")


def _athlete_id(payload: Mapping[str, Any]) -> AthleteId:
    athlete = payload.get("athlete")
    try:
        return AthleteId(str(strava_id(athlete.get("id") if isinstance(athlete, dict) else None, "athlete")))
    except InvalidInput:
        raise InvalidInput("athlete.id is missing, so the owner is unknown", field="athlete") from None


def is_activity(payload: object) -> bool:
    """Whether a document has the id and owner of an activity."""
    if not isinstance(payload, dict):
        return False
    try:
        strava_id(payload.get("id"), "id")
        _athlete_id(payload)
    except InvalidInput:
        return False
    return True


def listed_activity(document: object, policy: Policy) -> ListedActivity:
    """One activity and its owner.

    Raises:
        InvalidInput: its id, start or owner is missing or not of its kind; `field` names it.
    """
    payload = _object(document)
    activity = activity_of_api(payload, policy)
    return ListedActivity(
        athlete_id=_athlete_id(payload), snapshot=activity.snapshot, set_aside=activity.set_aside
    )


@frozen(kw_only=True)
class Span:
    """The requested part of a list.

    Attributes:
        after, before: the first start in it, and the first start behind it.
        limit: the size of a page.
    """

    after: datetime | None = field(converter=optional_utc)
    before: datetime | None = field(converter=optional_utc)
    limit: int

    def holds(self, start_at: datetime) -> bool:
        """Whether an activity with this start was requested."""
        is_late_enough = self.after is None or start_at >= self.after
        return is_late_enough and (self.before is None or start_at < self.before)

    def is_through(self, count: int, starts: Sequence[datetime]) -> bool:
        """Whether a page of `count` rows with these starts is the last."""
        # Strava leaves private rows out of a page, so a short page is not the end. The end is an empty
        # page, one that reaches back before `after`, or one with nothing but the second of the overlap.
        if self.after is not None and any(each < self.after for each in starts):
            return True
        if self.before is None or count >= self.limit:
            return count == 0
        return len(starts) == count and all(each >= self.before - _OVERLAP for each in starts)


def activity_list(
    rows: Sequence[object], span: Span, *, policy: Policy, rates: RateReading | None
) -> ActivityList:
    """A page. A row that cannot be read is rejected alone."""
    activities: list[ListedActivity] = []
    rejected: list[str] = []
    starts: list[datetime] = []
    for row in rows:
        start_at = _start_of(row)
        if start_at is not None:
            starts.append(start_at)
            if not span.holds(start_at):
                continue
        try:
            activities.append(listed_activity(row, policy))
        except InvalidInput as invalid:
            rejected.append(f"activity {_shown_id(row)}: {invalid.message}")
    return ActivityList(
        activities=tuple(activities),
        rejected=tuple(rejected),
        is_last=span.is_through(len(rows), starts),
        is_short=len(rows) < span.limit,
        oldest_start_at=min(filter(span.holds, starts), default=None),
        rates=rates,
    )


def _start_of(row: object) -> datetime | None:
    try:
        return start_of(row) if isinstance(row, dict) else None
    except InvalidInput:
        return None


def _shown_id(row: object) -> str:
    return shown(row.get("id")) if isinstance(row, dict) else "without an id"


def subscriptions_from(document: object) -> Sequence[PushSubscription]:
    """Push subscriptions.

    Raises:
        InvalidInput: a subscription has no id or no address.
    """
    if not isinstance(document, list):
        raise InvalidInput(f"a list of subscriptions is expected, not {shown(document)}")
    return tuple(map(_subscription, document))


def _subscription(document: object) -> PushSubscription:
    subscription = _object(document)
    address = subscription.get("callback_url")
    if not isinstance(address, str) or len(address) > _ADDRESS_CHARS_MAX:
        raise InvalidInput("callback_url is missing", field="callback_url")
    return PushSubscription(
        subscription_id=subscription_id_from(subscription),
        callback_url=clean_text(address),
        created_at=_created_at(subscription.get("created_at")),
    )


def subscription_id_from(document: object) -> int:
    """The id of a push subscription.

    Raises:
        InvalidInput: the document has none.
    """
    return int(strava_id(_object(document).get("id"), "id"))


def _created_at(value: object) -> datetime | None:
    """The time of creation, which is optional and at times has nanoseconds."""
    try:
        return start_of({"start_date": value})
    except InvalidInput:
        return None
