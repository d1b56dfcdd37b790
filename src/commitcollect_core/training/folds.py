"""Folds: how the workouts of a goal become one number.

Law: a fold never falls when a workout is added. A workout changes the sum of its own bucket, and every fold
here is monotonic in these sums. So progress, the high-water mark, follows every order of arrival (law 5).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from attrs import field, frozen

from commitcollect_core.training.local_time import Bucket
from commitcollect_core.values import member, require_whole

Sums = Mapping[int, int]
"""What the workouts of each bucket add up to, by number of bucket. Empty buckets are left out."""

WHOLE_PERIOD = 0
"""The number of the only bucket of a fold over the whole period."""


def _bucket(value: Bucket | str) -> Bucket:
    return member(Bucket, value, "bucket")


def _one_or_more(_fold: Any, attribute: Any, value: Any) -> None:
    require_whole(value, attribute.name, least=1)


def _zero_or_more(_fold: Any, attribute: Any, value: Any) -> None:
    require_whole(value, attribute.name, least=0)


@frozen
class Sum:
    """All workouts of the period added up."""

    bucket: ClassVar[Bucket | None] = None

    def value(self, sums: Sums) -> int:
        """The sum."""
        return sums.get(WHOLE_PERIOD, 0)

    def standing(self, sums: Sums, number: int) -> int:
        """The sum so far."""
        return sums.get(number, 0)


@frozen
class BestWorkout:
    """The largest single workout of the period."""

    bucket: ClassVar[Bucket | None] = None

    def value(self, sums: Sums) -> int:
        """The measure of the largest workout."""
        return sums.get(WHOLE_PERIOD, 0)

    def standing(self, sums: Sums, number: int) -> int:
        """The largest workout so far."""
        return sums.get(number, 0)


@frozen(kw_only=True)
class BestWindow:
    """The largest sum of consecutive buckets.

    Attributes:
        length: buckets in the window; 1 for the best single bucket.
    """

    bucket: Bucket = field(converter=_bucket)
    length: int = field(default=1, validator=_one_or_more)

    def value(self, sums: Sums) -> int:
        """The sum of the best window."""
        numbers = sorted(sums)
        best = inside = first = 0
        # A best window can always be moved so that it ends with a bucket that holds something.
        for number in numbers:
            inside += sums[number]
            while numbers[first] <= number - self.length:
                inside -= sums[numbers[first]]
                first += 1
            best = max(best, inside)
        return best

    def standing(self, sums: Sums, number: int) -> int:
        """The sum of the window that ends with a bucket."""
        return sum(sums.get(each, 0) for each in range(number - self.length + 1, number + 1))


@frozen(kw_only=True)
class ReachedBuckets:
    """How many buckets reach a minimum."""

    bucket: Bucket = field(converter=_bucket)
    minimum: int = field(default=1, validator=_one_or_more)

    def value(self, sums: Sums) -> int:
        """The number of buckets that reach it."""
        return sum(each >= self.minimum for each in sums.values())

    def standing(self, sums: Sums, number: int) -> int:
        """How many buckets up to this one reach it."""
        return sum(each <= number and amount >= self.minimum for each, amount in sums.items())


@frozen(kw_only=True)
class LongestRun:
    """The longest run of buckets that reach a minimum.

    Attributes:
        rest: buckets below the minimum that may lie between two of a run; they are not counted.
    """

    bucket: Bucket = field(converter=_bucket)
    minimum: int = field(default=1, validator=_one_or_more)
    rest: int = field(default=0, validator=_zero_or_more)

    def value(self, sums: Sums) -> int:
        """How many buckets of the longest run reach the minimum."""
        return max(self._places(sums).values(), default=0)

    def standing(self, sums: Sums, number: int) -> int:
        """The place of a bucket in its run; 0 for one below the minimum."""
        return self._places(sums).get(number, 0)

    def _places(self, sums: Sums) -> dict[int, int]:
        """The place in its run of every bucket that reaches the minimum."""
        places: dict[int, int] = {}
        previous = None
        for number in sorted(each for each, amount in sums.items() if amount >= self.minimum):
            is_next = previous is not None and number - previous <= self.rest + 1
            places[number] = places[previous] + 1 if is_next and previous is not None else 1
            previous = number
        return places


Fold = Sum | BestWorkout | BestWindow | ReachedBuckets | LongestRun

SUM = Sum()

FOLDS = (Sum, BestWorkout, BestWindow, ReachedBuckets, LongestRun)
"""The classes of `Fold`."""


def counts_buckets(fold: Fold) -> bool:
    """Whether a fold's value is a number of buckets, not an amount of what is measured."""
    return isinstance(fold, ReachedBuckets | LongestRun)


@frozen
class Counter:
    """What one fold works on.

    Attributes:
        sums: per bucket; for `BestWorkout` the largest workout.
        is_stale: the largest workout shrank, so a smaller one may be the largest now; a recount says.
    """

    sums: Sums = field(factory=dict, repr=lambda sums: repr(dict(sorted(sums.items()))))
    is_stale: bool = False

    def moved(self, fold: Fold, before: Share, after: Share) -> Counter:
        """The counter after one workout's share changed."""
        if before == after:
            return self
        if isinstance(fold, BestWorkout):
            return self._best(before.amount, after.amount)
        sums = dict(self.sums)
        for share, sign in ((before, -1), (after, 1)):
            if amount := sums.pop(share.bucket, 0) + sign * share.amount:
                sums[share.bucket] = amount
        return Counter(sums, self.is_stale)

    def _best(self, before: int, after: int) -> Counter:
        best = self.sums.get(WHOLE_PERIOD, 0)
        if after >= best:
            return Counter({WHOLE_PERIOD: after}, self.is_stale)
        if before != best:
            return self
        # No other workout is remembered. What is left is a lower bound until the recount.
        return Counter({WHOLE_PERIOD: after} if after else {}, is_stale=True)


EMPTY = Counter()


@frozen
class Share:
    """What one workout gives to a fold: an amount in a bucket."""

    amount: int = 0
    bucket: int = WHOLE_PERIOD


NO_SHARE = Share()
