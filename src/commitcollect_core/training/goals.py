"""Goals: which workouts count, and how many parts they earn.

A goal is a measure, a bucket and a fold: what is measured of each workout, which of them are added up
together, and how these sums become one number.

Law 2: parts are exact: ``floor(progress * parts_total / total_target)``, capped, in integers
(`Goal.parts_earned`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from operator import attrgetter

from attrs import field, frozen

from commitcollect_core.errors import InvalidInput
from commitcollect_core.policy import Policy, TrainingPolicy
from commitcollect_core.training.folds import (
    EMPTY,
    FOLDS,
    NO_SHARE,
    SUM,
    BestWorkout,
    Counter,
    Fold,
    Share,
    Sum,
    counts_buckets,
)
from commitcollect_core.training.local_time import UTC_TIME, Bucket, LocalTime, local_day
from commitcollect_core.training.sports import ANY, ANY_SPORT, SportSelection, selection
from commitcollect_core.training.workouts import ActivitySnapshot, Workout
from commitcollect_core.values import (
    ModelId,
    TargetType,
    check_id,
    check_whole,
    items,
    member,
    optional_utc,
    require_kind,
    require_whole,
    shown,
    utc,
)


class Exclusion(StrEnum):
    """Why a workout does not count towards a milestone.

    Checked in this order; the first one is given.
    """

    DELETED = "deleted"
    FLAGGED = "flagged"
    BEFORE_START = "before_start"
    AFTER_END = "after_end"
    OTHER_SPORT = "other_sport"
    NOTHING_TO_COUNT = "nothing_to_count"


_MEASURES: Mapping[TargetType, Callable[[ActivitySnapshot], int]] = {
    TargetType.DISTANCE_METERS: attrgetter("distance_meters"),
    TargetType.ELEVATION_METERS: attrgetter("elevation_meters"),
    TargetType.MOVING_TIME_SECONDS: attrgetter("moving_seconds"),
    TargetType.ACTIVITY_COUNT: lambda _snapshot: 1,
}


def target_type_of(value: TargetType | str) -> TargetType:
    """A target type, also given as its text."""
    return member(TargetType, value, "targetType", code="unsupported_targetType")


def check_target(_owner: object, _attribute: object, value: int) -> None:
    """Refuse a target that is no whole number; `Goal.check` knows the limits."""
    require_whole(value, "totalTarget")


def check_fold(_owner: object, _attribute: object, fold: Fold) -> None:
    """Refuse what is no fold."""
    require_kind(fold, FOLDS, "fold")


def check_place(_owner: object, _attribute: object, place: LocalTime | None) -> None:
    """Refuse what is neither a place nor None."""
    require_kind(place, (LocalTime, type(None)), "localTime")


PERIOD_YEAR_MIN, PERIOD_YEAR_MAX = 1900, 2200
"""Of a new goal. Days and months around it stay within what a calendar can hold."""
_PERIOD_AT_MIN = datetime(PERIOD_YEAR_MIN, 1, 1, tzinfo=UTC) - timedelta(days=1)
_PERIOD_AT_MAX = datetime(PERIOD_YEAR_MAX + 1, 1, 1, tzinfo=UTC) + timedelta(days=1)
"""The years begin and end up to a day earlier or later in other places."""


def period_start(value: datetime) -> datetime:
    """The start of a period in UTC."""
    return utc(value, "periodStartAtUtc")


def period_end(value: datetime | None) -> datetime | None:
    """The end of a period in UTC, or None."""
    return optional_utc(value, "periodEndAtUtc")


def new_period_start(value: datetime) -> datetime:
    """The start of a new goal's period, which lies where workouts can be."""
    return _near(period_start(value), "the period starts", "periodStartAtUtc")


def new_first_instant(value: datetime | None) -> datetime | None:
    """An instant of a recurring goal's first period, or None."""
    at = optional_utc(value, "startAtUtc")
    return None if at is None else _near(at, "the first period starts", "startAtUtc")


def new_period_end(value: datetime | None) -> datetime | None:
    """The end of a new goal's period, or None."""
    at = period_end(value)
    return None if at is None else _near(at, "the period ends", "periodEndAtUtc")


def _near(at: datetime, what: str, name: str) -> datetime:
    if _PERIOD_AT_MIN <= at <= _PERIOD_AT_MAX:
        return at
    raise InvalidInput(
        f"{what} in the year {at.year}; a period lies within {PERIOD_YEAR_MIN} to {PERIOD_YEAR_MAX}",
        field=name,
    )


@frozen(kw_only=True)
class Aim:
    """One thing to reach.

    Attributes:
        target_type: what is measured of each workout.
        total_target: in the unit of the fold: buckets where it counts buckets, else that of `target_type`.
    """

    sports: SportSelection = field(default=ANY_SPORT, converter=selection)
    target_type: TargetType = field(converter=target_type_of)
    fold: Fold = field(default=SUM, validator=check_fold)
    total_target: int = field(validator=check_target)

    def counts(self, snapshot: ActivitySnapshot) -> bool:
        """Whether an activity of the period gives something to this aim."""
        return _nothing_for(self, snapshot) is None

    def share(self, workout: Workout, local_time: LocalTime | None) -> Share:
        """What a workout of the goal's period gives to this aim."""
        amount = _MEASURES[self.target_type](workout.snapshot)
        if not amount or not self.sports.covers(workout.snapshot.sport_type):
            return NO_SHARE
        if self.fold.bucket is None:
            return Share(amount)
        return Share(amount, self.fold.bucket.number(day_of(workout, local_time)))


def day_of(workout: Workout, local_time: LocalTime | None) -> int:
    """The local day a workout falls on: by its own UTC offset, else by the goal's local time.

    Without a local time, days are those of UTC.
    """
    snapshot = workout.snapshot
    if local_time is None:
        return local_day(snapshot.started_at, 0)
    if snapshot.utc_offset_seconds is None:
        return local_time.day(snapshot.started_at)
    return local_day(snapshot.started_at, snapshot.utc_offset_seconds)


def combination(aims: Iterable[Aim]) -> tuple[Aim, ...]:
    """The aims of a combination."""
    return _aims(aims, "allOf")


def one_or_more(aims: Iterable[Aim]) -> tuple[Aim, ...]:
    """At least one aim."""
    found = _aims(aims, "aims")
    if not found:
        raise InvalidInput("aims is empty; give one thing to reach, or several", field="aims")
    return found


def _aims(given: Iterable[Aim], name: str) -> tuple[Aim, ...]:
    found = items(given, name)
    for each in found:
        require_kind(each, Aim, name)
    return found


@frozen(kw_only=True)
class Goal:
    """What an athlete set out to do. It never changes.

    Attributes:
        target_type: what is measured; `TargetType.ALL_OF` for a combination.
        total_target: in the unit of `aims`; for a combination in equal shares of the whole.
        parts_total: parts of the statue, copied from the model.
        period_start_at: workouts that start before this instant do not count.
        period_end_at: workouts that start at or after this instant do not count; None for no end.
        fold: how workouts become one number; their sum unless said otherwise.
        local_time: the place whose days, weeks and months count; None for those of UTC.
        all_of: the aims of a combination, each of which has to be reached; empty otherwise.
    """

    model_id: ModelId = field(validator=check_id)
    sports: SportSelection = field(default=ANY_SPORT, converter=selection)
    target_type: TargetType = field(converter=target_type_of)
    total_target: int = field(validator=check_target)
    parts_total: int = field(validator=check_whole)
    period_start_at: datetime = field(converter=period_start)
    period_end_at: datetime | None = field(default=None, converter=period_end)
    fold: Fold = field(default=SUM, validator=check_fold)
    local_time: LocalTime | None = field(default=None, validator=check_place)
    all_of: tuple[Aim, ...] = field(default=(), converter=combination)

    @property
    def is_plain(self) -> bool:
        """Whether progress is the sum of all workouts, which needs one number and no counters."""
        return isinstance(self.fold, Sum) and not self.all_of

    @property
    def aims(self) -> tuple[Aim, ...]:
        """What has to be reached: one thing, or several at once."""
        return self.all_of or (
            Aim(
                sports=self.sports,
                target_type=self.target_type,
                fold=self.fold,
                total_target=self.total_target,
            ),
        )

    def check(self, policy: Policy) -> None:
        """Refuse a goal that cannot be kept.

        Raises:
            InvalidInput: a target is outside its limits or cannot be reached in the period, there are too
                many sports or aims, the period ends before it starts or holds more buckets than a milestone
                keeps, or the statue has more parts than fit one atomic write.
        """
        limits = policy.training
        if (self.target_type is TargetType.ALL_OF) != bool(self.all_of):
            raise InvalidInput(
                f"target type {TargetType.ALL_OF.value} is for a combination of targets, and only for that",
                code="unsupported_targetType",
                field="targetType",
            )
        if self.parts_total > limits.statue_parts_max:
            raise InvalidInput(
                f"statue model {self.model_id!r} has {self.parts_total} parts; at most "
                f"{limits.statue_parts_max} are allowed here",
                field="modelId",
            )
        if self.period_end_at is not None and self.period_end_at <= self.period_start_at:
            raise InvalidInput(
                f"the period ends at {self.period_end_at.isoformat()}, which is not after its start "
                f"{self.period_start_at.isoformat()}",
                field="periodEndAtUtc",
            )
        if self.all_of and not 2 <= len(self.all_of) <= limits.goal_aims_max:  # noqa: PLR2004 - a pair
            raise InvalidInput(
                f"a combination has 2 to {limits.goal_aims_max} targets, not {len(self.all_of)}",
                field="target",
            )
        for aim in self.aims:
            self._check_aim(aim, limits)

    def _check_aim(self, aim: Aim, limits: TrainingPolicy) -> None:
        if aim.target_type not in _MEASURES:
            raise InvalidInput(
                f"{aim.target_type.value} cannot be measured of a workout; use one of: "
                f"{', '.join(_MEASURES)}",
                code="unsupported_targetType",
                field="targetType",
            )
        if len(aim.sports.names) > limits.milestone_sports_max:
            raise InvalidInput(
                f"a milestone names 1 to {limits.milestone_sports_max} sports, not "
                f"{len(aim.sports.names)}; use {ANY} for every sport",
                code="sport_required",
                field="sport",
            )
        if not 1 <= aim.total_target <= limits.total_target_max:
            raise InvalidInput(
                f"totalTarget {shown(aim.total_target)} is outside 1 to {limits.total_target_max:,}",
                field="totalTarget",
            )
        _check_fold_limits(aim.fold, limits)
        if isinstance(aim.fold, BestWorkout):
            _check_best(aim, limits)
        if aim.fold.bucket is not None:
            self._check_buckets(aim, aim.fold.bucket, limits)

    def _check_buckets(self, aim: Aim, bucket: Bucket, limits: TrainingPolicy) -> None:
        unit = f"{bucket.value.lower()}s"
        held = self.bucket_count(bucket)
        if held is None or held > limits.milestone_buckets_max:
            found = "no end" if held is None else f"{held:,} {unit}"
            raise InvalidInput(
                f"a goal by {unit} keeps at most {limits.milestone_buckets_max} of them, and its period has "
                f"{found}; give an end within that",
                field="periodEndAtUtc",
            )
        if counts_buckets(aim.fold) and aim.total_target > held:
            raise InvalidInput(
                f"{aim.total_target:,} {unit} cannot be reached in a period that holds {held:,}; lower the "
                "target or lengthen the period",
                field="totalTarget",
            )

    def bucket_count(self, bucket: Bucket) -> int | None:
        """How many buckets the period touches; None if it has no end."""
        if self.period_end_at is None:
            return None
        place = self.local_time or UTC_TIME
        last_instant = self.period_end_at - timedelta(seconds=1)
        return bucket.span(place.day(self.period_start_at), place.day(last_instant))

    @property
    def part_target(self) -> int:
        """Progress per part, rounded up, for display.

        Never used to decide: see `threshold`.
        """
        return -(-self.total_target // self.parts_total)

    def parts_earned(self, progress_value: int) -> int:
        """How many parts this much progress earns (law 2)."""
        return min(progress_value * self.parts_total // self.total_target, self.parts_total)

    def threshold(self, part_index: int) -> int:
        """The least progress that earns part `part_index`."""
        return -(-part_index * self.total_target // self.parts_total)

    def exclusion(self, workout: Workout) -> Exclusion | None:
        """Why this workout does not count, or None if it does."""
        if workout.deleted_at is not None:
            return Exclusion.DELETED
        return self._exclusion(workout.snapshot)

    def _exclusion(self, snapshot: ActivitySnapshot) -> Exclusion | None:
        if snapshot.is_flagged:
            return Exclusion.FLAGGED
        if snapshot.started_at < self.period_start_at:
            return Exclusion.BEFORE_START
        if self.period_end_at is not None and snapshot.started_at >= self.period_end_at:
            return Exclusion.AFTER_END
        if not self.all_of:
            return _nothing_for(self, snapshot)
        reasons = [_nothing_for(each, snapshot) for each in self.all_of]
        return None if None in reasons else max(filter(None, reasons), key=_CHECK_ORDER.index)

    def amount(self, snapshot: ActivitySnapshot) -> int:
        """What an activity adds to the live sum of a plain goal while it is not deleted.

        That is its measure if it counts, else 0.
        """
        return 0 if self._exclusion(snapshot) is not None else _MEASURES[self.target_type](snapshot)

    def contribution(self, workout: Workout | None) -> int:
        """What a workout adds to the live sum; nothing if there is none, or it is deleted."""
        if workout is None or workout.deleted_at is not None:
            return 0
        return self.amount(workout.snapshot)

    def shares(self, workout: Workout | None) -> tuple[Share, ...]:
        """What a workout gives to each of the aims."""
        aims = self.aims
        if workout is None or self.exclusion(workout) is not None:
            return (NO_SHARE,) * len(aims)
        return tuple(each.share(workout, self.local_time) for each in aims)

    def counters_of(self, stored: tuple[Counter, ...]) -> tuple[Counter, ...]:
        """The counters of the aims; all empty before the first workout."""
        return stored or (EMPTY,) * len(self.aims)

    def moved(
        self, counters: tuple[Counter, ...], before: Workout | None, after: Workout | None
    ) -> tuple[Counter, ...]:
        """The counters after one workout changed."""
        shares = zip(self.shares(before), self.shares(after), strict=True)
        return tuple(
            counter.moved(aim.fold, *share)
            for aim, counter, share in zip(self.aims, counters, shares, strict=True)
        )

    def value(self, counters: Sequence[Counter]) -> int:
        """How far the counters of the aims have come.

        Of a combination: the least share that is reached of any of them, in whole units of `total_target`.
        """
        values = [each.fold.value(counter.sums) for each, counter in zip(self.aims, counters, strict=True)]
        if not self.all_of:
            return values[0]
        return min(
            min(value, each.total_target) * self.total_target // each.total_target
            for each, value in zip(self.all_of, values, strict=True)
        )

    def directions(self, before: Workout | None, after: Workout) -> tuple[bool, bool]:
        """Whether a change of a workout lowers, and whether it raises, what this goal adds up."""
        if self.is_plain:
            difference = self.contribution(after) - self.contribution(before)
            return difference < 0, difference > 0
        lowers = raises = False
        for old, new in zip(self.shares(before), self.shares(after), strict=True):
            is_moved = old.bucket != new.bucket
            lowers |= old.amount > (0 if is_moved else new.amount)
            raises |= new.amount > (0 if is_moved else old.amount)
        return lowers, raises


def most_of_one(target_type: TargetType, limits: TrainingPolicy) -> int:
    """The most of a target type that one activity can have."""
    most = {
        TargetType.DISTANCE_METERS: limits.distance_meters_max,
        TargetType.ELEVATION_METERS: limits.elevation_meters_max,
        TargetType.MOVING_TIME_SECONDS: limits.duration_seconds_max,
        TargetType.ACTIVITY_COUNT: 1,
    }
    return most[target_type]


def _check_best(aim: Aim, limits: TrainingPolicy) -> None:
    """Refuse what no single activity can reach."""
    most = most_of_one(aim.target_type, limits)
    if aim.total_target <= most:
        return
    if aim.target_type is TargetType.ACTIVITY_COUNT:
        found = f"one activity cannot be {aim.total_target:,} activities"
        way = f"count those of some days in a row, such as best-count={aim.total_target}/7d"
    else:
        found = f"one activity has at most {most:,} of {aim.target_type.value}, not {aim.total_target:,}"
        way = "lower the target, or give the best of some days in a row, such as …/7d"
    raise InvalidInput(f"{found}; {way}", field="totalTarget")


def _check_fold_limits(fold: Fold, limits: TrainingPolicy) -> None:
    """Refuse a fold whose numbers are beyond what any period can hold."""
    for name, most in (
        ("minimum", limits.total_target_max),
        ("length", limits.milestone_buckets_max),
        ("rest", limits.milestone_buckets_max),
    ):
        value = getattr(fold, name, 0)
        if value > most:
            raise InvalidInput(f"{name} {shown(value)} is more than {most:,}", field=name)


def _nothing_for(aim: Aim | Goal, snapshot: ActivitySnapshot) -> Exclusion | None:
    """Why a workout of the period gives nothing to one aim."""
    if not aim.sports.covers(snapshot.sport_type):
        return Exclusion.OTHER_SPORT
    return None if _MEASURES[aim.target_type](snapshot) else Exclusion.NOTHING_TO_COUNT


_CHECK_ORDER = tuple(Exclusion)


def latest_end(
    aims: Sequence[Aim], period_start_at: datetime, place: LocalTime, policy: Policy
) -> datetime | None:
    """The latest end that the buckets of some aims allow; None if they have none."""
    first_day = place.day(period_start_at)
    buckets = {each.fold.bucket for each in aims if each.fold.bucket is not None}
    held = policy.training.milestone_buckets_max
    days = [each.first_day(each.number(first_day) + held) for each in buckets]
    return place.start_of(min(days)) if days else None
