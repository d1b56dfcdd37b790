"""Local days, weeks and months: which one a workout falls on.

A `LocalTime` holds the UTC offsets of a place over a span. They are looked up once, where a goal is made. So
the core needs no time zone database, and a later change of a country's rules moves no day of a goal.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from attrs import Attribute, field, frozen

from commitcollect_core.errors import InvalidInput
from commitcollect_core.values import items, require_text, require_whole, shown

ZONE_CHARS_MAX = 64
"""Of the name of a time zone; the longest there is has 32."""

_DAY_SECONDS = 86_400
_DAYS_A_WEEK = 7
_MONTHS_A_YEAR = 12
_UNIX_DAY = date(1970, 1, 1).toordinal()
_START_MAX = 10**12
_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Bucket(StrEnum):
    """A stretch of local days whose workouts are added up together.

    Days are numbered as `date.toordinal` does. The buckets of a kind are numbered without gaps.
    """

    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"

    def number(self, day: int) -> int:
        """The number of the bucket that holds a day. Weeks begin on Monday."""
        if self is Bucket.DAY:
            return day
        if self is Bucket.WEEK:
            return (day - 1) // _DAYS_A_WEEK  # day 1 is a Monday
        on = date.fromordinal(day)
        return on.year * _MONTHS_A_YEAR + on.month - 1

    def span(self, first_day: int, last_day: int) -> int:
        """How many buckets the days from the first to the last touch."""
        return self.number(last_day) - self.number(first_day) + 1

    def first_day(self, number: int) -> int:
        """The first day of a bucket."""
        if self is Bucket.DAY:
            return number
        if self is Bucket.WEEK:
            return number * _DAYS_A_WEEK + 1
        year, month = divmod(number, _MONTHS_A_YEAR)
        return date(year, month + 1, 1).toordinal()


Offsets = tuple[tuple[int, int], ...]
"""From which epoch second on which UTC offset in seconds holds, in order of time."""


def _offsets(given: Iterable[Iterable[int]]) -> Offsets:
    pairs = tuple(items(each, "offsets") for each in items(given, "offsets"))
    if any(len(each) != 2 for each in pairs):  # noqa: PLR2004 - a start and an offset
        raise InvalidInput("an offset of a time zone is its start and its seconds", field="offsets")
    return tuple((start, offset) for start, offset in pairs)


def _check_offsets(_local_time: LocalTime, _attribute: Attribute[Offsets], offsets: Offsets) -> None:
    for start, offset in offsets:
        require_whole(start, "offsets")
        require_whole(offset, "offsets")
        if not (abs(start) <= _START_MAX and abs(offset) <= _DAY_SECONDS):
            raise InvalidInput(
                f"offsets {shown((start, offset))} is no UTC offset of up to a day since a moment of the "
                "calendar",
                field="offsets",
            )
    starts = [start for start, _ in offsets]
    if not offsets or starts != sorted(set(starts)):
        raise InvalidInput(
            "the offsets of a time zone need at least one start, in order of time", field="offsets"
        )


def _check_place(_local_time: LocalTime, _attribute: object, name: str) -> None:
    require_text(name, "name", chars_max=ZONE_CHARS_MAX)


@frozen
class LocalTime:
    """The time of a place.

    Attributes:
        name: of the time zone, such as ``Pacific/Auckland``.
        offsets: the first also holds before its start, the last for ever.
    """

    name: str = field(validator=_check_place)
    offsets: Offsets = field(converter=_offsets, validator=_check_offsets)

    def offset_seconds(self, at: datetime) -> int:
        """The UTC offset at an instant."""
        index = bisect_right(self.offsets, (int(at.timestamp()), _DAY_SECONDS)) - 1
        return self.offsets[max(index, 0)][1]

    def day(self, at: datetime) -> int:
        """The local day of an instant."""
        return local_day(at, self.offset_seconds(at))

    def start_of(self, day: int) -> datetime:
        """The first instant of a local day; of the next one where a place skipped it."""
        midnight = _UNIX_EPOCH + timedelta(days=day - _UNIX_DAY)
        # Each offset in force around that midnight gives a candidate; at a change of clocks there are two.
        nearby = {self.offset_seconds(midnight + timedelta(days=each)) for each in (-1, 0, 1)}
        candidates = sorted(midnight - timedelta(seconds=offset) for offset in nearby)
        second = timedelta(seconds=1)
        return next(each for each in candidates if self.day(each - second) < day <= self.day(each))


def local_day(at: datetime, utc_offset_seconds: int) -> int:
    """The day of an instant under a UTC offset."""
    return (int(at.timestamp()) + utc_offset_seconds) // _DAY_SECONDS + _UNIX_DAY


UTC_TIME = LocalTime("UTC", ((0, 0),))
