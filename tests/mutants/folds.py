"""Breaks of folds, local days and combinations."""

from __future__ import annotations

from functools import partial

from mutants.mutant import Mutant

_TESTS = ("tests/training/test_folds.py",)
_FOLD = partial(Mutant, file="commitcollect_core/training/folds.py", tests=_TESTS)
_TIME = partial(Mutant, file="commitcollect_core/training/local_time.py", tests=_TESTS)
_GOAL = partial(Mutant, file="commitcollect_core/training/goals.py", tests=_TESTS)
_TALLY = partial(Mutant, file="commitcollect_core/training/tallies.py", tests=_TESTS)
_MILESTONE = partial(Mutant, file="commitcollect_core/training/milestones.py", tests=_TESTS)
_COMMITTED = partial(Mutant, file="commitcollect_core/training/committing.py", tests=_TESTS)
_WISH = partial(Mutant, file="commitcollect_core/training/tracking.py", tests=_TESTS)

_FALLS = "a fold never falls when a workout is added"
_DAYS = "a workout counts for the local day it falls on"

MUTANTS = (
    _FOLD(
        name="window-one-day-too-long",
        old="while numbers[first] <= number - self.length:",
        new="while numbers[first] < number - self.length:",
        law="a window holds no more buckets than its length",
    ),
    _FOLD(
        name="window-of-entries-not-days",
        old="while numbers[first] <= number - self.length:",
        new="while first <= numbers.index(number) - self.length:",
        law="empty days are days of a window",
    ),
    _FOLD(
        name="window-that-never-moves",
        old="inside -= sums[numbers[first]]",
        new="pass",
        law="what has left a window is not counted",
    ),
    _FOLD(
        name="last-window-instead-of-best",
        old="best = max(best, inside)",
        new="best = inside",
        law=_FALLS,
    ),
    _FOLD(
        name="standing-of-a-window-too-short",
        old="range(number - self.length + 1, number + 1)",
        new="range(number - self.length + 2, number + 1)",
        law="an explanation tells the sum of its window",
    ),
    _FOLD(
        name="minimum-just-missed",
        old="return sum(each >= self.minimum for each in sums.values())",
        new="return sum(each > self.minimum for each in sums.values())",
        law="the minimum itself is enough",
    ),
    _FOLD(
        name="run-minimum-just-missed",
        old="for each, amount in sums.items() if amount >= self.minimum):",
        new="for each, amount in sums.items() if amount > self.minimum):",
        law="the minimum itself is enough",
    ),
    _FOLD(
        name="one-rest-day-too-many",
        old="number - previous <= self.rest + 1",
        new="number - previous <= self.rest + 2",
        law="one rest day more than allowed ends a run",
    ),
    _FOLD(
        name="one-rest-day-too-few",
        old="number - previous <= self.rest + 1",
        new="number - previous <= max(self.rest, 1)",
        law="rest days do not end a run",
    ),
    _FOLD(
        name="rest-days-counted",
        old="places[number] = places[previous] + 1 if",
        new="places[number] = places[previous] + number - previous if",
        law="rest days are not counted",
    ),
    _FOLD(
        name="run-in-order-of-arrival",
        old="for number in sorted(each for",
        new="for number in list(each for",
        law="5: order does not matter",
    ),
    _FOLD(
        name="last-run-instead-of-longest",
        old="return max(self._places(sums).values(), default=0)",
        new="return list(self._places(sums).values() or [0])[-1]",
        law=_FALLS,
    ),
    _FOLD(
        name="share-added-and-not-replaced",
        old="for share, sign in ((before, -1), (after, 1)):",
        new="for share, sign in ((after, 1),):",
        law="5: a bucket moves by difference",
    ),
    _FOLD(
        name="empty-buckets-kept",
        old="if amount := sums.pop(share.bucket, 0) + sign * share.amount:",
        new="if (amount := sums.pop(share.bucket, 0) + sign * share.amount) is not None:",
        law="5: the same training gives the same state",
    ),
    _FOLD(
        name="best-not-found-again",
        old="return Counter({WHOLE_PERIOD: after} if after else {}, is_stale=True)",
        new="return Counter({WHOLE_PERIOD: after} if after else {})",
        law="the second best takes the place of a best that shrank",
    ),
    _FOLD(
        name="best-kept-that-shrank",
        old="        if before != best:\n            return self\n",
        new="        if before:\n            return self\n",
        law="the live value follows an edit",
    ),
    _FOLD(
        name="every-shrinking-recounts",
        old="        if before != best:\n            return self\n",
        new="",
        law="a workout that was not the best changes nothing",
    ),
    _FOLD(
        name="recount-forgotten-by-a-new-best",
        old="return Counter({WHOLE_PERIOD: after}, self.is_stale)",
        new="return Counter({WHOLE_PERIOD: after})",
        law="a best that shrank is looked for until it is found",
    ),
    _FOLD(
        name="best-workout-added-up",
        old="            return Counter({WHOLE_PERIOD: after}, self.is_stale)\n",
        new="            return Counter({WHOLE_PERIOD: best + after - before}, self.is_stale)\n",
        law="the best is one workout",
    ),
    _TIME(
        name="week-from-sunday",
        old="return (day - 1) // _DAYS_A_WEEK",
        new="return day // _DAYS_A_WEEK",
        law="weeks begin on Monday",
    ),
    _TIME(
        name="months-of-no-year",
        old="return on.year * _MONTHS_A_YEAR + on.month - 1",
        new="return on.month - 1",
        law="a month is of its year",
    ),
    _TIME(
        name="december-next-to-nothing",
        old="return on.year * _MONTHS_A_YEAR + on.month - 1",
        new="return on.year * 13 + on.month - 1",
        law="buckets are numbered without gaps",
    ),
    _TIME(
        name="offset-of-the-change-too-late",
        old="(int(at.timestamp()), _DAY_SECONDS)",
        new="(int(at.timestamp()), -_DAY_SECONDS)",
        law="the first second of summer time is summer time",
    ),
    _TIME(
        name="offset-before-the-first-is-the-last",
        old="self.offsets[max(index, 0)][1]",
        new="self.offsets[index][1]",
        law="the first offset also holds before its start",
        equivalent="a goal's offsets are looked up from two days before its period on",
    ),
    _TIME(
        name="offset-of-the-wrong-sign",
        old="(int(at.timestamp()) + utc_offset_seconds) // _DAY_SECONDS",
        new="(int(at.timestamp()) - utc_offset_seconds) // _DAY_SECONDS",
        law=_DAYS,
    ),
    _TIME(
        name="days-of-utc",
        old="return local_day(at, self.offset_seconds(at))",
        new="return local_day(at, 0)",
        law=_DAYS,
    ),
    _TIME(
        name="day-begins-with-the-new-offset",
        old="for each in (-1, 0, 1)}",
        new="for each in (1,)}",
        law="a day of a change of clocks begins at its midnight",
    ),
    _TIME(
        name="day-begins-with-the-old-offset",
        old="for each in (-1, 0, 1)}",
        new="for each in (-1,)}",
        law="a day behind a change of clocks begins at its midnight",
    ),
    _GOAL(
        name="own-offset-passed-over",
        old="if snapshot.utc_offset_seconds is None:\n        return local_time.day",
        new="if True:\n        return local_time.day",
        law="on a journey the day on the spot counts",
    ),
    _GOAL(
        name="unknown-place-is-utc",
        old="return local_time.day(snapshot.started_at)",
        new="return local_day(snapshot.started_at, 0)",
        law="a workout of unknown place counts by the goal's place",
    ),
    _GOAL(
        name="utc-goal-by-own-offset",
        old="if local_time is None:\n        return local_day(snapshot.started_at, 0)",
        new="if local_time is None:\n        return local_day(snapshot.started_at, snapshot.utc_offset_seconds or 0)",  # noqa: E501 - one line of the code
        law="a goal without a time zone counts days of UTC",
    ),
    _GOAL(
        name="combination-as-far-as-its-best",
        old="        return min(\n            min(value, each.total_target)",
        new="        return max(\n            min(value, each.total_target)",
        law="a combination is as far as its least part",
    ),
    _GOAL(
        name="combination-beyond-the-whole",
        old="min(value, each.total_target) * self.total_target // each.total_target",
        new="value * self.total_target // each.total_target",
        law="a part of a combination counts to its target",
    ),
    _GOAL(
        name="combination-rounded-first",
        old="min(value, each.total_target) * self.total_target // each.total_target",
        new="min(value, each.total_target) // each.total_target * self.total_target",
        law="2: shares are exact",
    ),
    _GOAL(
        name="combination-needs-every-sport",
        old="return None if None in reasons else",
        new="return None if reasons == [None] * len(reasons) else",
        law="a workout counts if it counts for one of the aims",
    ),
    _GOAL(
        name="other-sports-in-buckets",
        old="if not amount or not self.sports.covers(workout.snapshot.sport_type):",
        new="if not amount:",
        law="only the aim's sports count",
    ),
    _GOAL(
        name="moved-day-not-lowered",
        old="lowers |= old.amount > (0 if is_moved else new.amount)",
        new="lowers |= old.amount > new.amount",
        law="1: decreases come first, also of one of a goal's days",
    ),
    _GOAL(
        name="one-day-more-than-kept",
        old="if held is None or held > limits.milestone_buckets_max:",
        new="if held is None or held > limits.milestone_buckets_max + 1:",
        law="9: buckets are bounded",
    ),
    _GOAL(
        name="target-of-more-days-than-there-are",
        old="aim.total_target > held",
        new="aim.total_target > held + 1",
        law="a target that cannot be reached is refused",
    ),
    _GOAL(
        name="longest-period-one-short",
        old="days = [each.first_day(each.number(first_day) + held) for each in buckets]",
        new="days = [each.first_day(each.number(first_day) + held - 1) for each in buckets]",
        law="a goal without an end gets the longest period",
    ),
    _WISH(
        name="shares-that-do-not-divide",
        old="shares = COMBINATION_SHARES - COMBINATION_SHARES % model.parts_total",
        new="shares = COMBINATION_SHARES",
        law="2: shares are exact for every number of parts",
    ),
    _TALLY(
        name="filled-bucket-fills-again",
        old="self.bucket_value - self.amount < minimum <= self.bucket_value",
        new="minimum <= self.bucket_value",
        law="an explanation says when a day had counted already",
    ),
    _TALLY(
        name="counters-not-recounted",
        old="counters=() if goal.is_plain else goal.counters_of(progress.counters),",
        new="counters=(),",
        law="a recount sets the buckets right",
    ),
    _MILESTONE(
        name="unmoved-milestone-written",
        old="return progress if moved == counters else progress.at(goal.value(moved), moved)",
        new="return progress.at(goal.value(moved), moved)",
        law="5: the same snapshot again moves nothing",
    ),
    _COMMITTED(
        name="tracked-best-not-recounted",
        old="return (*self.head_after(before.head).stale_milestone_ids, *tracked)",
        new="return self.head_after(before.head).stale_milestone_ids",
        law="the second best takes the place of a best that shrank",
    ),
)
