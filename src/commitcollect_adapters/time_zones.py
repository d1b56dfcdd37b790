"""The local time of places, from the time zone database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone

from commitcollect_core.errors import InvalidInput
from commitcollect_core.policy import Policy
from commitcollect_core.training.goals import Aim, latest_end, new_period_end, new_period_start
from commitcollect_core.training.local_time import UTC_TIME, LocalTime

_STEP = timedelta(days=1)
_MARGIN = timedelta(days=2)
_OPEN_END = timedelta(days=800)
"""How far ahead offsets are looked up for a goal without an end, which counts by no days."""

_BUCKET_DAYS_MAX = 31
_OF_ONE_MACHINE = {"localtime", "posixrules", "Factory"}
_COPIES = ("posix/", "right/")
"""Beside the time zone database: the second count leap seconds, which no other clock here does."""


def local_time(name: str, start_at: datetime, end_at: datetime) -> LocalTime:
    """The offsets of a time zone over a span.

    Args:
        name: of the time zone database, such as ``Europe/Berlin``.
        start_at: aware.
        end_at: aware; the offset in force a few days later holds for ever.

    Raises:
        InvalidInput: there is no such time zone.
    """
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones  # noqa: PLC0415 - few commands need it

    try:
        zone = ZoneInfo(name if _is_of_the_database(name) else "")
    except (ZoneInfoNotFoundError, ValueError, OSError) as unknown:
        from difflib import get_close_matches  # noqa: PLC0415 - for a mistake only

        close = get_close_matches(name, filter(_is_of_the_database, available_timezones()), n=1)
        hint = f"did you mean {close[0]}?" if close else "write it as Europe/Berlin or Pacific/Auckland"
        raise InvalidInput(f"there is no time zone {name[:60]!r}; {hint}", field="timeZone") from unknown

    def offset_at(moment: datetime) -> timedelta:
        return moment.astimezone(zone).utcoffset() or timedelta()

    moment, last = (start_at - _MARGIN).astimezone(UTC), end_at + _MARGIN
    offsets = [(int(moment.timestamp()), int(offset_at(moment).total_seconds()))]
    while moment < last:
        after = moment + _STEP
        if offset_at(after) != offset_at(moment):
            change = _change(moment, after, offset_at)
            offsets.append((int(change.timestamp()), int(offset_at(change).total_seconds())))
        moment = after
    return LocalTime(name, tuple(offsets))


def _is_of_the_database(name: str) -> bool:
    """Whether it names no file that only lies beside the database."""
    return name not in _OF_ONE_MACHINE and not name.startswith(_COPIES)


def goal_time(
    name: str, aims: Sequence[Aim], start_at: datetime, end_at: datetime | None, policy: Policy
) -> LocalTime:
    """The offsets of a time zone over the period of a goal, as far as its days can count.

    Raises:
        InvalidInput: there is no such time zone, or the period is beyond what a goal may have.
    """
    # First, as days around a period far off are in no calendar.
    new_period_start(start_at)
    new_period_end(end_at)
    end = end_at or latest_end(aims, start_at, UTC_TIME, policy) or start_at + _OPEN_END
    longest = timedelta(days=policy.training.milestone_buckets_max * _BUCKET_DAYS_MAX)
    return local_time(name, start_at, min(end, start_at + longest))


def at_wall_clock(wall: datetime, name: str) -> datetime:
    """The moment at which the clocks of a time zone show a time.

    Raises:
        InvalidInput: there is no such time zone, or the clocks show this time twice or not at all.
    """
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - few commands need it

    local_time(name, wall.replace(tzinfo=UTC), wall.replace(tzinfo=UTC))
    first, second = (wall.replace(tzinfo=ZoneInfo(name), fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return first
    times = " or ".join(
        each.astimezone(timezone(each.utcoffset() or timedelta())).isoformat(timespec="minutes")
        for each in sorted((first, second), key=datetime.timestamp)
    )
    raise InvalidInput(
        f"the clocks of {name} change at {wall:%Y-%m-%d %H:%M}; write which moment is meant, {times}",
        field="start",
    )


def _change(before: datetime, after: datetime, offset_at: Callable[[datetime], timedelta]) -> datetime:
    """The first second of the later offset. No zone changes its clocks twice within a day."""
    earlier = offset_at(before)
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=int((after - before).total_seconds()) // 2)
        if offset_at(middle) == earlier:
            before = middle
        else:
            after = middle
    return after
