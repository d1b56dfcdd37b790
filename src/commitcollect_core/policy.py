"""Every limit and lifetime, each with its unit in its name."""

from __future__ import annotations

from datetime import UTC, datetime

from attrs import fields, frozen

from commitcollect_core.errors import InvalidInput

_COUNTS = ("_items_max", "_attempts_max", "_tracked_max", "_parts_max", "_sports_max")
"""Limits under which nothing at all would work if they were not positive end in one of these."""


@frozen(kw_only=True)
class Policy:
    """The limits the core works within. Hosts may pass their own.

    Attributes:
        commit_items_max: items one atomic write may hold, the head included (DynamoDB takes 100).
        commit_attempts_max: how often a use case decides again after losing a race.
        milestones_tracked_max: milestones per athlete that new workouts can still move.
        milestone_settle_seconds: how long after its period's end, and after it last moved, a milestone keeps
            its place when that is needed.
        workouts_inspected_max: workouts of a period that may be counted inside one request.
        page_items_max: items a store returns at once.
        total_target_max: the largest target of a milestone, in the unit of its target type.
        statue_parts_max: parts of one statue model; a milestone and all its awards fit one commit.
        milestone_sports_max: sports one milestone may name.
        activity_name_chars_max: longer names are cut.
        sport_type_chars_max: longer sport types are refused.
        distance_meters_max, elevation_meters_max, duration_seconds_max: the most one workout may claim.
        utc_offset_seconds_max: how far from UTC, either way, a place may be.
        workout_started_at_min, workout_started_at_max: starts outside are refused. The first is the epoch
            of GPS time, before which no receiver wrote a track.
        clock_ahead_seconds_max: how far in the future a workout may start, for clocks that disagree.
        store_deadline_seconds: how long a call to a remote store is repeated while it fails in passing.
        rejections_kept_max: rejected rows an import lists; beyond that it only counts them.
    """

    commit_items_max: int = 100
    commit_attempts_max: int = 64
    milestones_tracked_max: int = 20
    milestone_settle_seconds: int = 30 * 86_400
    workouts_inspected_max: int = 3_000
    page_items_max: int = 500
    total_target_max: int = 10**12
    statue_parts_max: int = 50
    milestone_sports_max: int = 20
    activity_name_chars_max: int = 200
    sport_type_chars_max: int = 64
    distance_meters_max: int = 10_000_000
    elevation_meters_max: int = 200_000
    duration_seconds_max: int = 60 * 86_400
    utc_offset_seconds_max: int = 18 * 3_600
    workout_started_at_min: datetime = datetime(1980, 1, 6, tzinfo=UTC)
    workout_started_at_max: datetime = datetime(2099, 12, 31, tzinfo=UTC)
    clock_ahead_seconds_max: int = 86_400
    store_deadline_seconds: int = 20
    rejections_kept_max: int = 1_000

    def __attrs_post_init__(self) -> None:
        for name in (each.name for each in fields(Policy) if each.name.endswith(_COUNTS)):
            if (value := getattr(self, name)) < 1:
                raise InvalidInput(f"{name} {value} must be at least 1", field=name)
        needed = 2 + max(self.milestones_tracked_max, self.statue_parts_max)
        if self.commit_items_max < needed:
            raise InvalidInput(
                f"commit_items_max {self.commit_items_max} is too small: a head, a workout and every tracked "
                f"milestone, or a milestone and all its parts, need {needed}",
                field="commit_items_max",
            )


DEFAULT_POLICY = Policy()
