"""Items of a ledger: head, workouts, milestones and awards."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from commitcollect_adapters.dynamodb.items.encoding import (
    NEW,
    Condition,
    Item,
    ItemKind,
    Key,
    absent_or,
    athlete_key,
    holding,
    number,
    partition,
    prefix_query,
    text,
)
from commitcollect_adapters.records import ledger as records
from commitcollect_core.training.ledger import LedgerHead, LedgerState
from commitcollect_core.training.milestones import Milestone
from commitcollect_core.training.ports import WorkoutQuery
from commitcollect_core.training.workouts import Workout
from commitcollect_core.values import ActivityId, MilestoneId, Source, UserId, WorkoutKey

WORKOUTS_BY_START = "LSI1"
WORKOUT_PREFIX = "WORKOUT#"
_MILESTONE_PREFIX = "MILESTONE#"
_AWARD_INFIX = "#AWARD#"


def _milestone_derived(milestone: Milestone) -> dict[str, object]:
    return {
        "partTarget": milestone.goal.part_target,
        "percentComplete": milestone.percent_complete,
        "partsEarned": milestone.parts_earned,
        "status": milestone.status.value,
    }


def _workout_derived(workout: Workout) -> dict[str, object]:
    return {"isDeleted": workout.is_deleted}


HEAD = ItemKind(records.HEAD)
WORKOUT = ItemKind(records.WORKOUT, _workout_derived)
MILESTONE = ItemKind(records.MILESTONE, _milestone_derived)
AWARD = ItemKind(records.AWARD)

_ACTIVE = LedgerState.ACTIVE.value
UNFENCED = absent_or(holding(state=_ACTIVE))
"""Of a head: the ledger was never written, or is not fenced."""


def admitting(generation: str) -> Condition:
    """Of a head: the ledger is not fenced, and takes in what the connection of this generation brings."""
    condition = holding(state=_ACTIVE, connectionGeneration=generation or None)
    # A connection of before there were generations may have brought nothing yet.
    return condition if generation else absent_or(condition)


def admission(generation: str) -> dict[str, Any]:
    """The update of a head that has its ledger take in what the connection of a generation brings."""
    return _head_update({"connectionGeneration": text(generation) if generation else None})


def fencing(now: datetime) -> dict[str, Any]:
    """The update of a head that fences its ledger."""
    return _head_update(
        {"state": text(LedgerState.DELETING.value), "fencedAtUtc": number(int(now.timestamp()))}
    )


def _head_update(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The update of a head, whatever it is, that changes some attributes; None removes one."""
    # The version rises, so that a commit decided before loses its race and looks at the head again. All else
    # is set only where there is no head yet.
    first = HEAD.attributes(LedgerHead())
    rest = {
        name: value
        for name, value in first.items()
        if value is not None and name not in {"version", *changes}
    }
    names = {f"#{place}": name for place, name in enumerate(rest)}
    values = {f":{place}": value for place, value in enumerate(rest.values())}
    sets = [f"#{place} = if_not_exists(#{place}, :{place})" for place in range(len(rest))]
    sets.append("#version = if_not_exists(#version, :zero) + :one")
    changed = {f"#new{place}": name for place, name in enumerate(changes)}
    given = {f":new{place}": value for place, value in enumerate(changes.values()) if value is not None}
    sets += [f"#{name[1:]} = {name}" for name in given]
    removed = [f"#new{place}" for place, value in enumerate(changes.values()) if value is None]
    return {
        "UpdateExpression": f"SET {', '.join(sets)}" + (f" REMOVE {', '.join(removed)}" if removed else ""),
        "ExpressionAttributeNames": {**names, **changed, "#version": "version"},
        "ExpressionAttributeValues": {**values, **given, ":zero": number(0), ":one": number(1)},
    }


def head_follows(version: int) -> Condition:
    """The stored head is one version behind and not fenced; for version 1 there is none."""
    return NEW if version == 1 else holding(version=version - 1, state=_ACTIVE)


def head_key(user_id: UserId) -> Key:
    """The key of an athlete's ledger head."""
    return athlete_key(user_id, "LEDGER#HEAD")


def workout_key(user_id: UserId, key: WorkoutKey) -> Key:
    """The key of a workout."""
    return athlete_key(user_id, f"{WORKOUT_PREFIX}{key.source.value}#{key.activity_id}")


def milestone_key(user_id: UserId, milestone_id: MilestoneId) -> Key:
    """The key of a milestone."""
    return athlete_key(user_id, f"{_MILESTONE_PREFIX}{milestone_id}")


def award_key(user_id: UserId, milestone_id: MilestoneId, part_index: int) -> Key:
    """The key of an award."""
    return athlete_key(user_id, f"{award_prefix(milestone_id)}{part_index:02}")


def award_prefix(milestone_id: MilestoneId) -> str:
    """What the sort keys of a milestone's awards begin with."""
    return f"{_MILESTONE_PREFIX}{milestone_id}{_AWARD_INFIX}"


def awards_at(user_id: UserId, milestone_id: MilestoneId) -> tuple[str, str]:
    """The partition of a milestone's awards, and what their sort keys begin with."""
    return athlete_key(user_id, "")["PK"]["S"], award_prefix(milestone_id)


def key_of(item: Item) -> Key:
    """The key of a stored item."""
    return {"PK": item["PK"], "SK": item["SK"]}


def workout_of(item: Item) -> WorkoutKey:
    """The workout a stored item is of, from its key alone."""
    _, source, activity_id = item["SK"]["S"].split("#", 2)
    return WorkoutKey(Source(source), ActivityId(activity_id))


def milestone_of(item: Item) -> MilestoneId:
    """The milestone a stored item is of, from its key alone."""
    return MilestoneId(item["SK"]["S"].removeprefix(_MILESTONE_PREFIX))


def all_workouts_of(user_id: UserId) -> dict[str, Any]:
    """The query of an athlete's workouts in order of key, those without a start included."""
    return prefix_query(partition(user_id), WORKOUT_PREFIX)


def is_milestone(item: Item) -> bool:
    """Whether an item under the milestone prefix is a milestone, not an award."""
    return _AWARD_INFIX not in item["SK"]["S"]


def milestones_of(user_id: UserId) -> dict[str, Any]:
    """The query of an athlete's milestones and their awards, in order of id."""
    return prefix_query(partition(user_id), _MILESTONE_PREFIX)


def awards_of(user_id: UserId, milestone_id: MilestoneId) -> dict[str, Any]:
    """The query of a milestone's awards, in order of part."""
    return prefix_query(partition(user_id), award_prefix(milestone_id))


def behind_milestone_key(user_id: UserId, milestone_id: MilestoneId) -> Key:
    """A key behind a milestone and its awards and before the next milestone; "~" sorts behind digits."""
    return athlete_key(user_id, f"{award_prefix(milestone_id)}~")


def workouts_of(user_id: UserId, query: WorkoutQuery) -> dict[str, Any]:
    """The query of an athlete's workouts in a span of time, over the index by start."""
    condition, values = ["PK = :pk"], {":pk": partition(user_id)}
    if query.start_at is not None:
        values[":low"] = number(int(query.start_at.timestamp()))
    if query.end_at is not None:
        # BETWEEN includes both bounds, and the end of a span is excluded.
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
    """Where a walk over the index by start continues."""
    return {**workout_key(user_id, key), "startDateUtc": number(int(started_at.timestamp()))}
