"""Items of a ledger that are as large as the default policy allows, in every field.

Texts and ids tell their number at the end, so that those that are cut differ from what was written or run
into each other. What the policy and the core set no limit for, such as the name of a part, is as long as the
name of a workout.
"""

from __future__ import annotations

from datetime import timedelta

from commitcollect_adapters.testing.strategies import SEASON_END_AT, SEASON_START_AT
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.training.awards import Award, Crossing
from commitcollect_core.training.folds import BestWindow, Counter, Fold, LongestRun, ReachedBuckets
from commitcollect_core.training.goals import Aim, Goal
from commitcollect_core.training.ledger import LedgerHead, UntrackedMilestone
from commitcollect_core.training.local_time import ZONE_CHARS_MAX, Bucket, LocalTime
from commitcollect_core.training.milestones import NAME_CHARS_MAX, UNIT_CHARS_MAX, Milestone, Progress
from commitcollect_core.training.recurrence import Every, RecurringGoal
from commitcollect_core.training.sports import SPORT_TYPES, SportSelection
from commitcollect_core.training.workouts import ActivitySnapshot, Workout
from commitcollect_core.values import (
    ID_CHARS_MAX,
    ActivityId,
    AthleteId,
    MilestoneId,
    ModelId,
    Source,
    TargetType,
    UserId,
    WorkoutKey,
)

_LIMITS = DEFAULT_POLICY.training
_WIDE = "\U0001f6b4"
"""A character of four bytes."""
_GENERATION = "fedcba9876543210"
_SPORTS = SportSelection(sorted(SPORT_TYPES.values(), key=len)[-_LIMITS.milestone_sports_max :])
_MINIMUM = _LIMITS.total_target_max
_BUCKETS = _LIMITS.milestone_buckets_max
_FOLDS: tuple[Fold, ...] = (
    LongestRun(bucket=Bucket.DAY, minimum=_MINIMUM, rest=_BUCKETS),
    ReachedBuckets(bucket=Bucket.DAY, minimum=_MINIMUM),
    BestWindow(bucket=Bucket.DAY, length=_BUCKETS),
)
_END_AT = SEASON_START_AT + timedelta(days=_BUCKETS - 2)
"""The place of a goal may be a day ahead of UTC, or behind."""


def _text(number: int, chars: int) -> str:
    return f"{number:03}".rjust(chars, _WIDE)


def long_id(start: str, number: int) -> str:
    """An id as long as one may be."""
    end = f"-{number:03}"
    return start.ljust(ID_CHARS_MAX - len(end), "x") + end


def user(start: UserId, number: int) -> UserId:
    """A user id as long as one may be."""
    return UserId(long_id(start, number))


def _place() -> LocalTime:
    most = _LIMITS.utc_offset_seconds_max
    first = int(SEASON_START_AT.timestamp())
    offsets = [(first + n * 86_400, most - n if n % 2 else n - most) for n in range(24)]
    return LocalTime("Zone/".ljust(ZONE_CHARS_MAX, "x"), offsets)


def _aim(number: int) -> Aim:
    fold = _FOLDS[number % len(_FOLDS)]
    most = _LIMITS.total_target_max if isinstance(fold, BestWindow) else _BUCKETS
    return Aim(sports=_SPORTS, target_type=TargetType.ELEVATION_METERS, fold=fold, total_target=most)


def _aims() -> tuple[Aim, ...]:
    return tuple(map(_aim, range(_LIMITS.goal_aims_max)))


def _goal(number: int, *, is_combined: bool) -> Goal:
    one = _aim(number)
    return Goal(
        model_id=ModelId(long_id("MODEL", number)),
        parts_total=_LIMITS.statue_parts_max,
        period_start_at=SEASON_START_AT,
        period_end_at=_END_AT,
        local_time=_place(),
        # A combination has its sports and folds in its aims.
        target_type=TargetType.ALL_OF if is_combined else one.target_type,
        total_target=_LIMITS.total_target_max if is_combined else one.total_target,
        **{"all_of": _aims()} if is_combined else {"sports": one.sports, "fold": one.fold},
    )


def _counter(aim: int) -> Counter:
    first = SEASON_START_AT.toordinal()
    sums = {first + n: _LIMITS.total_target_max - n - aim * _BUCKETS for n in range(_BUCKETS)}
    return Counter(sums, is_stale=True)


def _crossing(number: int) -> Crossing:
    return Crossing(
        key=_key(number), earned_at=SEASON_END_AT, progress_value=_LIMITS.total_target_max - number
    )


def _key(number: int) -> WorkoutKey:
    return WorkoutKey(Source.STRAVA, ActivityId(long_id("activity", number)))


def milestone(milestone_id: MilestoneId, number: int) -> Milestone:
    """A milestone, of a combination of targets or, if the number is odd, of a single one."""
    goal = _goal(number, is_combined=number % 2 == 0)
    return Milestone(
        milestone_id=milestone_id,
        goal=goal,
        progress=Progress(
            _LIMITS.total_target_max - number,
            _LIMITS.total_target_max,
            tuple(map(_counter, range(len(goal.aims)))),
        ),
        parts_awarded=_LIMITS.statue_parts_max,
        owed=_crossing(number),
        version=1,
        created_at=SEASON_START_AT,
        updated_at=SEASON_END_AT,
        progress_updated_at=SEASON_END_AT - timedelta(days=1),
        last_awarded_at=SEASON_END_AT - timedelta(days=2),
        completed_at=SEASON_END_AT - timedelta(days=3),
        name=_text(number, NAME_CHARS_MAX),
        unit=_text(number, UNIT_CHARS_MAX),
        archived_at=SEASON_END_AT - timedelta(days=4),
    )


def awards(milestone_id: MilestoneId) -> list[Award]:
    """As many awards as a statue has parts."""
    chars = _LIMITS.activity_name_chars_max
    return [
        Award(
            milestone_id=milestone_id,
            model_id=ModelId(long_id("MODEL", part)),
            part_index=part,
            part_name=_text(part, chars),
            mesh_file=_text(part, chars - len(".stl")) + ".stl",
            attach_point=_text(part, chars),
            mesh_sha256=f"{part:064x}",
            progress_value_at_award=_LIMITS.total_target_max - part,
            awarded_at=SEASON_END_AT,
            earned_at=SEASON_END_AT - timedelta(seconds=part),
            workout=_key(part),
        )
        for part in range(1, _LIMITS.statue_parts_max + 1)
    ]


def workout(number: int) -> Workout:
    """A workout, deleted since."""
    return Workout(
        snapshot=ActivitySnapshot(
            source=_key(number).source,
            activity_id=_key(number).activity_id,
            sport_type=_text(number, _LIMITS.sport_type_chars_max),
            started_at=_LIMITS.workout_started_at_max - timedelta(seconds=number),
            distance_meters=_LIMITS.distance_meters_max,
            elevation_meters=_LIMITS.elevation_meters_max,
            moving_seconds=_LIMITS.duration_seconds_max - 1,
            elapsed_seconds=_LIMITS.duration_seconds_max,
            name=_text(number, _LIMITS.activity_name_chars_max),
            utc_offset_seconds=-_LIMITS.utc_offset_seconds_max,
            is_flagged=True,
        ),
        version=1,
        fetched_at=SEASON_END_AT,
        deleted_at=SEASON_END_AT + timedelta(days=1),
        shown_to=AthleteId(f"{number}".rjust(DEFAULT_POLICY.strava.strava_id_digits_max, "9")),
    )


def _recurring(number: int) -> RecurringGoal:
    return RecurringGoal(
        recurring_id=MilestoneId(long_id("recurring", number)),
        every=list(Every)[number % len(Every)],
        model_id=ModelId(long_id("MODEL", number)),
        aims=_aims(),
        local_time=_place(),
        first_period=100_000,
        opened=tuple(100_000 + number + each for each in range(_LIMITS.recurring_periods_kept_max)),
        unit=_text(number, UNIT_CHARS_MAX),
    )


def head(version: int) -> LedgerHead:
    """A head that tracks, has given up and repeats as much as an athlete may have."""
    return LedgerHead(
        version=version,
        tracked_milestone_ids=tuple(
            MilestoneId(long_id("tracked", each)) for each in range(_LIMITS.milestones_tracked_max)
        ),
        workout_count=10**6,
        untracked=tuple(
            UntrackedMilestone(
                milestone_id=MilestoneId(long_id("untracked", each)),
                period_start_at=SEASON_START_AT - timedelta(days=each),
                period_end_at=_END_AT - timedelta(days=each),
                is_stale=each % 2 == 0,
            )
            for each in range(_LIMITS.milestones_untracked_max)
        ),
        connection_generation=_GENERATION,
        recurring=tuple(map(_recurring, range(_LIMITS.recurring_goals_max))),
    )
