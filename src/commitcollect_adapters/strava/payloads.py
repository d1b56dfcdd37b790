"""Reads the documents of successful answers: tokens, activities, subscriptions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
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
_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,9})?")
_MILLISECONDS_FROM = 10**11
"""From here on a time is in milliseconds: as seconds it would lie after the year 5000."""

_SECONDS_MAX = 10**15
_EXPIRES_IN_SECONDS_MAX = 366 * 86_400


def grant_from(document: object, refresh_token: str | None = None) -> TokenGrant:
    """Tokens, as much of them as can be used.

    Strava may have replaced the refresh token already, so nothing usable is thrown away.

    Args:
        document: the answer.
        refresh_token: the one that was sent; it stays valid if the answer has none (RFC 6749, section 6).

    Raises:
        InvalidInput: no refresh token is known, or an exchange brought no access token.
    """
    grant = _object(document)
    access_token = _token(grant.get("access_token"))
    known = _token(grant.get("refresh_token")) or refresh_token
    if not known:
        raise InvalidInput("refresh_token is missing or no token", field="refresh_token")
    # Without either token nothing was renewed. With a new refresh token alone, that one has to be kept.
    if not access_token and (refresh_token is None or known == refresh_token):
        raise InvalidInput("access_token is missing or no token", field="access_token")
    return TokenGrant(
        access_token=access_token,
        refresh_token=known,
        expires_at=_expires_at(grant.get("expires_at")),
        expires_in_seconds=_expires_in(grant.get("expires_in")),
        athlete_id=_optional_athlete_id(grant),
    )


def _token(value: object) -> str:
    """A token that a header can hold, or an empty text."""
    return value if isinstance(value, str) and TOKEN.fullmatch(value) else ""


def _expires_at(value: object) -> datetime | None:
    seconds = _seconds(value)
    if seconds is None or seconds <= 0:
        return None
    if seconds >= _MILLISECONDS_FROM:
        seconds /= 1_000
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _expires_in(value: object) -> int | None:
    seconds = _seconds(value)
    return None if seconds is None else int(min(max(seconds, 0), _EXPIRES_IN_SECONDS_MAX))


def _seconds(value: object) -> float | None:
    """A number, which may come as a text."""
    if isinstance(value, str):
        return float(value) if _NUMBER.fullmatch(value.strip()) else None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    # Compared first: a float of an int with 400 digits does not exist.
    return float(value) if is_number and abs(value) < _SECONDS_MAX else None  # type: ignore[arg-type]


def _optional_athlete_id(grant: Mapping[str, Any]) -> AthleteId | None:
    try:
        return _athlete_id(grant)
    except InvalidInput:
        return None


def _object(document: object) -> Mapping[str, Any]:
    if not isinstance(document, dict):
        raise InvalidInput(f"a JSON object is expected, not {shown(document)}")
    return document


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

    def is_through(self, starts: Iterable[datetime]) -> bool:
        """Whether rows with these starts reach back before `after`."""
        return self.after is not None and any(each < self.after for each in starts)


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
        is_last=span.is_through(starts),
        missing=max(span.limit - len(rows), 0),
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
        InvalidInput: a subscription has no id.
    """
    if not isinstance(document, list):
        raise InvalidInput(f"a list of subscriptions is expected, not {shown(document)}")
    return tuple(map(_subscription, document))


def _subscription(document: object) -> PushSubscription:
    subscription = _object(document)
    address = subscription.get("callback_url")
    return PushSubscription(
        subscription_id=subscription_id_from(subscription),
        # The id is what events carry; an address is only shown.
        callback_url=clean_text(address)[:_ADDRESS_CHARS_MAX] if isinstance(address, str) else "",
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
