"""The sizes of items as DynamoDB counts them, and rather large samples in the catalogue's encoding."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from math import ceil
from typing import Any

from commitcollect_adapters.dynamodb.capacity import STATUE_PARTS
from commitcollect_adapters.dynamodb.items import ledger as items
from commitcollect_adapters.dynamodb.items.definitions import table_definitions
from commitcollect_adapters.dynamodb.items.encoding import Item
from commitcollect_core.training.awards import Award
from commitcollect_core.training.goals import Goal
from commitcollect_core.training.ledger import LedgerHead
from commitcollect_core.training.milestones import Milestone, Progress
from commitcollect_core.training.workouts import ActivitySnapshot, Workout
from commitcollect_core.values import ActivityId, MilestoneId, ModelId, Source, TargetType, UserId

ITEM_OVERHEAD_BYTES = 100
"""What storage is billed for each item, and each entry of an index, on top of names and values."""

_USER = UserId("0f8fad5b-d9cb-469f-a165-70867728950e")
_MILESTONE = MilestoneId("ms-0123456789abcdef")
_MOMENT = datetime(2026, 1, 1, 7, 30, 1, tzinfo=UTC)
_RIDE = Workout(
    snapshot=ActivitySnapshot(
        source=Source.STRAVA,
        activity_id=ActivityId("12345678901"),
        sport_type="MountainBikeRide",
        started_at=_MOMENT,
        distance_meters=42_195,
        elevation_meters=1_234,
        moving_seconds=12_345,
        elapsed_seconds=13_456,
        name="Morning Mountain Bike Ride around the lake",
        utc_offset_seconds=7_200,
    ),
    version=1,
    fetched_at=_MOMENT,
)


def item_bytes(item: Item) -> int:
    """The size of an item: its names and values in UTF-8, and two digits of a number to the byte."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(attribute: Mapping[str, Any]) -> int:
    match attribute:
        case {"S": str(text)}:
            return len(text.encode())
        case {"N": str(digits)}:
            return 1 + ceil(len(digits.strip("-0")) / 2) + digits.startswith("-")
        case _:
            return 1


def billed_bytes(item: Item) -> int:
    """What storage is billed for an item."""
    return item_bytes(item) + ITEM_OVERHEAD_BYTES


def workout_item(user_id: UserId, workout: Workout) -> Item:
    """A workout as it is stored."""
    return items.WORKOUT.item(items.workout_key(user_id, workout.key), workout)


def index_entry(workout: Item) -> Item:
    """What the index by start holds of a workout."""
    (definition,) = (each for each in table_definitions("any") if "LocalSecondaryIndexes" in each)
    (index,) = definition["LocalSecondaryIndexes"]
    keys = {each["AttributeName"] for each in (*definition["KeySchema"], *index["KeySchema"])}
    held = keys | set(index["Projection"]["NonKeyAttributes"])
    return {name: value for name, value in workout.items() if name in held}


def sample_head() -> Item:
    """The head of a ledger with one milestone."""
    head = LedgerHead(
        version=1_234,
        tracked_milestone_ids=(_MILESTONE,),
        workout_count=1_234,
        connection_generation="0123456789abcdef",
    )
    return items.HEAD.item(items.head_key(_USER), head)


def sample_workout() -> Item:
    """A workout with all that a ride has, and a long name."""
    return workout_item(_USER, _RIDE)


def sample_milestone() -> Item:
    """A milestone that is complete."""
    milestone = Milestone(
        milestone_id=_MILESTONE,
        goal=Goal(
            model_id=ModelId("DRAGON_2026"),
            target_type=TargetType.DISTANCE_METERS,
            total_target=1_234_567,
            parts_total=STATUE_PARTS,
            period_start_at=_MOMENT,
            period_end_at=_MOMENT.replace(year=2027),
        ),
        progress=Progress(1_234_567, 1_234_567),
        parts_awarded=STATUE_PARTS,
        version=1_234,
        created_at=_MOMENT,
        updated_at=_MOMENT,
        progress_updated_at=_MOMENT,
        last_awarded_at=_MOMENT,
        completed_at=_MOMENT,
    )
    return items.MILESTONE.item(items.milestone_key(_USER, _MILESTONE), milestone)


def sample_award() -> Item:
    """An award of a part with a long name."""
    award = Award(
        milestone_id=_MILESTONE,
        model_id=ModelId("DRAGON_2026"),
        part_index=STATUE_PARTS,
        part_name="Right Hind Leg",
        mesh_file="dragon_2026_12_right_hind_leg.stl",
        attach_point="body_shoulder_right",
        progress_value_at_award=1_234_567,
        awarded_at=_MOMENT,
        earned_at=_MOMENT,
        workout=_RIDE.key,
        mesh_sha256="0" * 64,
    )
    return items.AWARD.item(items.award_key(_USER, award.milestone_id, award.part_index), award)
