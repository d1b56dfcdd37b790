"""THE item catalogue: keys, attribute names, indexes and encodings. Nothing else knows a key prefix.

Attribute names come from `records`. An attribute without a value is absent. Readers pass over attributes they
do not know, and writers touch only their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from attrs import frozen

from commitcollect_adapters import records
from commitcollect_core.errors import CorruptItem
from commitcollect_core.milestones import Milestone
from commitcollect_core.ports import WorkoutQuery
from commitcollect_core.values import MilestoneId, UserId, WorkoutKey
from commitcollect_core.workouts import Workout

Key = dict[str, Any]
Item = Mapping[str, Any]
"""An item as the low-level client gives it: attribute name -> {type: value}."""

WORKOUTS_BY_START = "LSI1"
_MILESTONE_PREFIX = "MILESTONE#"
_AWARD_INFIX = "#AWARD#"


def text(value: str) -> dict[str, str]:
    """A string attribute."""
    return {"S": value}


def number(value: int) -> dict[str, str]:
    """A number attribute."""
    return {"N": str(value)}


def _attribute(value: object) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"BOOL": value}
    return number(value) if isinstance(value, int) else text(str(value))


def _plain(name: str, attribute: Mapping[str, Any]) -> object:
    match attribute:
        case {"S": str(value)}:
            return value
        case {"BOOL": bool(value)}:
            return value
        case {"N": str(value)} if value.lstrip("-").isdigit():
            return int(value)
    shown = str(attribute)[:60]
    raise CorruptItem(f"attribute {name} holds {shown}, which is no text, whole number or truth value")


def partition(user_id: UserId) -> dict[str, str]:
    """The partition of one athlete."""
    return text(f"USER#{user_id}")


@frozen
class ItemKind:
    """One kind of item in an athlete's partition.

    Attributes:
        columns: the names of its record, in order.
        encode: makes the record.
        derived: further attributes for readers of the catalogue, made from the value.
    """

    columns: Sequence[str]
    encode: Callable[[Any], records.Record]
    derived: Callable[[Any], Mapping[str, object]] = lambda _value: {}

    def attributes(self, value: object) -> dict[str, dict[str, Any] | None]:
        """Every attribute this kind owns; None where the value has none."""
        plain = {**dict(zip(self.columns, self.encode(value), strict=True)), **self.derived(value)}
        return {name: None if each is None else _attribute(each) for name, each in plain.items()}

    def record(self, item: Item) -> records.Record:
        """The record of a stored item."""
        return tuple(_plain(name, item[name]) if name in item else None for name in self.columns)


def _milestone_derived(milestone: Milestone) -> dict[str, object]:
    return {
        "partTarget": milestone.goal.part_target,
        "percentComplete": milestone.percent_complete,
        "partsEarned": milestone.parts_earned,
        "status": milestone.status.value,
    }


def _workout_derived(workout: Workout) -> dict[str, object]:
    return {"isDeleted": workout.is_deleted}


HEAD = ItemKind(records.HEAD_COLUMNS, records.head_record)
WORKOUT = ItemKind(records.WORKOUT_COLUMNS, records.workout_record, _workout_derived)
MILESTONE = ItemKind(records.MILESTONE_COLUMNS, records.milestone_record, _milestone_derived)
AWARD = ItemKind(records.AWARD_COLUMNS, records.award_record)


def head_key(user_id: UserId) -> Key:
    """The key of an athlete's ledger head."""
    return {"PK": partition(user_id), "SK": text("LEDGER#HEAD")}


def workout_key(user_id: UserId, key: WorkoutKey) -> Key:
    """The key of a workout."""
    return {"PK": partition(user_id), "SK": text(f"WORKOUT#{key.source.value}#{key.activity_id}")}


def milestone_key(user_id: UserId, milestone_id: MilestoneId) -> Key:
    """The key of a milestone."""
    return {"PK": partition(user_id), "SK": text(f"{_MILESTONE_PREFIX}{milestone_id}")}


def award_key(user_id: UserId, milestone_id: MilestoneId, part_index: int) -> Key:
    """The key of an award."""
    return {"PK": partition(user_id), "SK": text(f"{award_prefix(milestone_id)}{part_index:02}")}


def award_prefix(milestone_id: MilestoneId) -> str:
    """What the sort keys of a milestone's awards begin with."""
    return f"{_MILESTONE_PREFIX}{milestone_id}{_AWARD_INFIX}"


def table_definitions(prefix: str) -> tuple[dict[str, Any], ...]:
    """The tables and their indexes, as CreateTable takes them."""
    keys = {"PK": "HASH", "SK": "RANGE"}
    return (
        {
            "TableName": ledger_table(prefix),
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [
                {"AttributeName": "PK", "AttributeType": "S"},
                {"AttributeName": "SK", "AttributeType": "S"},
                {"AttributeName": "startDateUtc", "AttributeType": "N"},
            ],
            "KeySchema": [{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()],
            "LocalSecondaryIndexes": [
                {
                    "IndexName": WORKOUTS_BY_START,
                    "KeySchema": [
                        {"AttributeName": "PK", "KeyType": "HASH"},
                        {"AttributeName": "startDateUtc", "KeyType": "RANGE"},
                    ],
                    "Projection": {
                        "ProjectionType": "INCLUDE",
                        "NonKeyAttributes": [
                            each for each in records.WORKOUT_COLUMNS if each != "startDateUtc"
                        ],
                    },
                }
            ],
        },
    )


def table_names(prefix: str) -> tuple[str, ...]:
    """The names of all tables."""
    return tuple(definition["TableName"] for definition in table_definitions(prefix))


def ledger_table(prefix: str) -> str:
    """The name of the table that holds ledgers."""
    return prefix


def update_of(attributes: Mapping[str, Mapping[str, Any] | None]) -> dict[str, Any]:
    """An update that sets what has a value and removes what has none. Other attributes are left alone."""
    names = {f"#{place}": name for place, name in enumerate(attributes)}
    values = {f":{place}": value for place, value in enumerate(attributes.values()) if value is not None}
    sets = [f"#{place} = :{place}" for place, value in enumerate(attributes.values()) if value is not None]
    removes = [f"#{place}" for place, value in enumerate(attributes.values()) if value is None]
    expression = f"SET {', '.join(sets)}" + (f" REMOVE {', '.join(removes)}" if removes else "")
    return {
        "UpdateExpression": expression,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }


def is_milestone(item: Item) -> bool:
    """Whether an item under the milestone prefix is a milestone, not an award."""
    return _AWARD_INFIX not in item["SK"]["S"]


def milestones_of(user_id: UserId) -> dict[str, Any]:
    """The query of an athlete's milestones and their awards, in order of id."""
    return _prefix_query(user_id, _MILESTONE_PREFIX)


def awards_of(user_id: UserId, milestone_id: MilestoneId) -> dict[str, Any]:
    """The query of a milestone's awards, in order of part."""
    return _prefix_query(user_id, award_prefix(milestone_id))


def _prefix_query(user_id: UserId, prefix: str) -> dict[str, Any]:
    return {
        "KeyConditionExpression": "PK = :pk AND begins_with(SK, :prefix)",
        "ExpressionAttributeValues": {":pk": partition(user_id), ":prefix": text(prefix)},
    }


def behind_milestone_key(user_id: UserId, milestone_id: MilestoneId) -> Key:
    """A key behind a milestone and its awards and before the next milestone; "~" sorts behind digits."""
    return {"PK": partition(user_id), "SK": text(f"{award_prefix(milestone_id)}~")}


def workouts_of(user_id: UserId, query: WorkoutQuery) -> dict[str, Any]:
    """The query of an athlete's workouts in a span of time, over the index by start."""
    condition, values = ["PK = :pk"], {":pk": partition(user_id)}
    if query.start_at is not None:
        values[":low"] = number(int(query.start_at.timestamp()))
    if query.end_at is not None:
        values[":high"] = number(int(query.end_at.timestamp()) - 1)
    match query.start_at is not None, query.end_at is not None:
        case True, True:
            condition.append("startDateUtc BETWEEN :low AND :high")
        case True, False:
            condition.append("startDateUtc >= :low")
        case False, True:
            condition.append("startDateUtc <= :high")
        case _:
            pass
    return {
        "IndexName": WORKOUTS_BY_START,
        "KeyConditionExpression": " AND ".join(condition),
        "ExpressionAttributeValues": values,
        "ScanIndexForward": not query.newest_first,
    }


def workout_position_key(user_id: UserId, key: WorkoutKey, started_at: datetime) -> Key:
    """Where a walk over the index by start goes on."""
    return {**workout_key(user_id, key), "startDateUtc": number(int(started_at.timestamp()))}
