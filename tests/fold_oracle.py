"""What days, weeks, runs and best efforts add up to, by the simplest means.

Written apart from the engine: calendar dates instead of numbers, and every bucket of a span written out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta, timezone
from fractions import Fraction
from typing import NamedTuple

Contribution = tuple[int, int | None, int]
"""When an activity started, the UTC offset of its place if known, and how much it counts."""


class Place(NamedTuple):
    """From when on which UTC offset holds, in order of time; the first one holds before, too."""

    offsets: tuple[tuple[int, int], ...]


class Fold(NamedTuple):
    """How activities become one number."""

    name: str
    bucket: str = ""
    minimum: int = 1
    rest: int = 0
    length: int = 1


def day_of(start: int, offset: int | None, place: Place | None) -> date:
    """The date on the athlete's wall calendar."""
    if place is None:
        offset = 0
    elif offset is None:
        begun = [each for since, each in place.offsets if since <= start]
        offset = begun[-1] if begun else place.offsets[0][1]
    return datetime.fromtimestamp(start, timezone(timedelta(seconds=offset))).date()


def label_of(day: date, bucket: str) -> str:
    """The name of a day's bucket."""
    return {"DAY": day.isoformat(), "WEEK": day.strftime("%G-W%V"), "MONTH": day.strftime("%Y-%m")}[bucket]


def by_bucket(contributions: Iterable[Contribution], bucket: str, place: Place | None) -> list[int]:
    """What each bucket from the first to the last adds up to, the empty ones included."""
    dated = [(day_of(start, offset, place), amount) for start, offset, amount in contributions]
    if not dated:
        return []
    first, last = min(dated)[0], max(dated)[0]
    days = [first + timedelta(days=each) for each in range((last - first).days + 1)]
    sums = {label_of(day, bucket): 0 for day in days}
    for day, amount in dated:
        sums[label_of(day, bucket)] += amount
    return list(sums.values())


def longest_run(sums: Sequence[int], minimum: int, rest: int) -> int:
    """Try every beginning, and walk on until too many rest days come in a row."""
    best = 0
    for begin in range(len(sums)):
        reached = missed = 0
        for amount in sums[begin:]:
            if amount >= minimum:
                reached, missed = reached + 1, 0
            else:
                missed += 1
            if missed > rest:
                break
        best = max(best, reached)
    return best


def value(contributions: Sequence[Contribution], fold: Fold, place: Place | None) -> int:
    """The number that activities make; contributions of nothing are left out before."""
    amounts = [amount for _, _, amount in contributions]
    if fold.name == "Sum":
        return sum(amounts)
    if fold.name == "BestWorkout":
        return max(amounts, default=0)
    sums = by_bucket(contributions, fold.bucket, place)
    if fold.name == "ReachedBuckets":
        return len([each for each in sums if each >= fold.minimum])
    if fold.name == "LongestRun":
        return longest_run(sums, fold.minimum, fold.rest)
    windows = [sums[begin : begin + fold.length] for begin in range(len(sums))]
    return max(map(sum, windows), default=0)


def combined(reached: Sequence[tuple[int, int]], shares: int) -> int:
    """The least share of several targets, given as value and target, in whole shares of the total."""
    least = min(min(Fraction(value, target), Fraction(1)) for value, target in reached)
    return int(least * shares)
