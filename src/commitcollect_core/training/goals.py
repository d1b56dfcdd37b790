"""Goals: which workouts count, and how many parts they earn.

Law 2: parts are exact: ``floor(progress * parts_total / total_target)``, capped, in integers
(`Goal.parts_earned`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from operator import attrgetter

from attrs import Factory, field, frozen

from commitcollect_core.errors import InvalidInput
from commitcollect_core.policy import Policy
from commitcollect_core.training.awards import Crossing
from commitcollect_core.training.sports import ANY, ANY_SPORT, SportSelection
from commitcollect_core.training.workouts import ActivitySnapshot, Workout
from commitcollect_core.values import ModelId, TargetType, check_id, optional_utc, utc


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


@frozen(kw_only=True)
class Goal:
    """What an athlete set out to do. It never changes.

    Attributes:
        total_target: in the unit of `target_type`.
        parts_total: parts of the statue, copied from the model.
        period_start_at: workouts that start before this instant do not count.
        period_end_at: workouts that start at or after this instant do not count; None for no end.
    """

    model_id: ModelId = field(validator=check_id)
    sports: SportSelection = ANY_SPORT
    target_type: TargetType
    total_target: int
    parts_total: int
    period_start_at: datetime = field(converter=utc)
    period_end_at: datetime | None = field(default=None, converter=optional_utc)

    def check(self, policy: Policy) -> None:
        """Refuse a goal that cannot be kept.

        Raises:
            InvalidInput: the target is outside its limits, there are too many sports, the period ends before
                it starts, or the statue has more parts than fit one atomic write.
        """
        if len(self.sports.names) > policy.training.milestone_sports_max:
            raise InvalidInput(
                f"a milestone names 1 to {policy.training.milestone_sports_max} sports, not "
                f"{len(self.sports.names)}; use {ANY} for every sport",
                code="sport_required",
                field="sport",
            )
        if not 1 <= self.total_target <= policy.training.total_target_max:
            raise InvalidInput(
                f"totalTarget {self.total_target} is outside 1 to {policy.training.total_target_max:,}",
                field="totalTarget",
            )
        if self.parts_total > policy.training.statue_parts_max:
            raise InvalidInput(
                f"statue model {self.model_id!r} has {self.parts_total} parts; at most "
                f"{policy.training.statue_parts_max} are allowed here",
                field="modelId",
            )
        if self.period_end_at is not None and self.period_end_at <= self.period_start_at:
            raise InvalidInput(
                f"the period ends at {self.period_end_at.isoformat()}, which is not after its start "
                f"{self.period_start_at.isoformat()}",
                field="periodEndAtUtc",
            )

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
        if not self.sports.covers(snapshot.sport_type):
            return Exclusion.OTHER_SPORT
        if not _MEASURES[self.target_type](snapshot):
            return Exclusion.NOTHING_TO_COUNT
        return None

    def amount(self, snapshot: ActivitySnapshot) -> int:
        """What an activity adds to the live sum while it is not deleted.

        That is its measure if it counts, else 0.
        """
        return 0 if self._exclusion(snapshot) is not None else _MEASURES[self.target_type](snapshot)

    def contribution(self, workout: Workout | None) -> int:
        """What a workout adds to the live sum; nothing if there is none, or it is deleted."""
        if workout is None or workout.deleted_at is not None:
            return 0
        return self.amount(workout.snapshot)


@frozen(kw_only=True)
class Tally:
    """A goal's sum over stored workouts, added up from nothing.

    Attributes:
        crossings: the workout that crossed the threshold of part i + 1 stands at index i.
        counted: workouts that count.
        excluded: how many do not, by reason.
    """

    current_value: int
    crossings: tuple[Crossing, ...]
    counted: int
    excluded: Mapping[Exclusion, int] = Factory(dict)


def tally(goal: Goal, workouts: Iterable[Workout]) -> Tally:
    """Add up `workouts`, given in order of start time.

    Reads them once and keeps none.
    """
    current = counted = 0
    crossings: list[Crossing] = []
    excluded: dict[Exclusion, int] = {}
    for workout in workouts:
        if (reason := goal.exclusion(workout)) is not None:
            excluded[reason] = excluded.get(reason, 0) + 1
            continue
        counted += 1
        current += goal.contribution(workout)
        if (gained := goal.parts_earned(current) - len(crossings)) > 0:
            crossings += [Crossing.by(workout, current)] * gained
    return Tally(current_value=current, crossings=tuple(crossings), counted=counted, excluded=excluded)


@frozen(kw_only=True)
class Explanation:
    """Whether and how much one workout counts towards a milestone.

    Attributes:
        amount: in the unit of the target type; 0 if it does not count.
        exclusion: why it does not count, None if it does.
    """

    workout: Workout
    amount: int
    exclusion: Exclusion | None


def explain(goal: Goal, workouts: Iterable[Workout]) -> Iterator[Explanation]:
    """Say of each workout how much it counts, or why not."""
    for workout in workouts:
        yield Explanation(
            workout=workout, amount=goal.contribution(workout), exclusion=goal.exclusion(workout)
        )
