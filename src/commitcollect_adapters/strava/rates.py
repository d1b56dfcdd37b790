"""Reads the rate limit headers of an answer."""

from __future__ import annotations

from collections.abc import Mapping

from commitcollect_core.strava.rates import Meter, RateReading

ALL_LIMIT, ALL_USAGE = "x-ratelimit-limit", "x-ratelimit-usage"
READ_LIMIT, READ_USAGE = "x-readratelimit-limit", "x-readratelimit-usage"

_METERS = 2
_DIGITS_MAX = 9


def rates_of(headers: Mapping[str, str]) -> RateReading | None:
    """The rate limits and usage of an answer; malformed values are ignored.

    Args:
        headers: by name in lower case.
    """
    reading = RateReading(
        limit=_meter(headers.get(ALL_LIMIT, "")),
        used=_meter(headers.get(ALL_USAGE, "")),
        read_limit=_meter(headers.get(READ_LIMIT, "")),
        read_used=_meter(headers.get(READ_USAGE, "")),
    )
    return None if reading == RateReading() else reading


def _meter(text: str) -> Meter:
    """The counts of window and day. One recorded value is `,`."""
    parts = text.split(",")
    return Meter(*map(_count, parts)) if len(parts) == _METERS else Meter()


def _count(text: str) -> int | None:
    digits = text.strip()
    is_count = digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS_MAX
    return int(digits) if is_count else None
