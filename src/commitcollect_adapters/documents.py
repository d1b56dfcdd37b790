"""Documents: how the core's values look in JSON, and how statue models are read from it.

Names are camelCase and those of the item catalogue, times are epoch seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import fields
from cattrs import BaseValidationError, Converter, transform_error
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from commitcollect_adapters.records.columns import epoch
from commitcollect_core.errors import CorruptItem
from commitcollect_core.training.awards import Award, ModelPart, StatueModel
from commitcollect_core.training.goals import Explanation
from commitcollect_core.training.milestones import Milestone
from commitcollect_core.training.workouts import Workout

_Value = TypeVar("_Value")
Document = dict[str, Any]


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _make_converter() -> Converter:
    converter = Converter()
    for model in (ModelPart, StatueModel):
        names = {each.name: override(rename=_camel_case(each.name)) for each in fields(model)}
        # A hook per class; cattrs types its factories for one class at a time.
        structure_hook = make_dict_structure_fn(model, converter, **names)  # type: ignore[arg-type]  # cattrs types its factories for one class at a time
        converter.register_structure_hook(model, structure_hook)
        unstructure_hook = make_dict_unstructure_fn(model, converter, **names)  # type: ignore[arg-type]  # cattrs types its factories for one class at a time
        converter.register_unstructure_hook(model, unstructure_hook)
    return converter


_converter = _make_converter()


def statue_from_document(document: Mapping[str, Any]) -> StatueModel:
    """Read a statue model; unknown names are passed over.

    Raises:
        CorruptItem: a name is missing or holds the wrong kind of value.
    """
    try:
        return _converter.structure(document, StatueModel)
    except BaseValidationError as invalid:
        raise CorruptItem(f"not a statue model: {'; '.join(transform_error(invalid))}") from invalid


def statue_document(model: StatueModel) -> Document:
    """A statue model with its parts."""
    document: Document = _converter.unstructure(model)
    return {**document, "partsTotal": model.parts_total}


def workout_document(workout: Workout) -> Document:
    """A stored workout."""
    snapshot = workout.snapshot
    return {
        "source": snapshot.source.value,
        "activityId": snapshot.activity_id,
        "activityName": snapshot.name,
        "sportType": snapshot.sport_type,
        "startDateUtc": epoch(snapshot.started_at),
        "utcOffsetSeconds": snapshot.utc_offset_seconds,
        "distanceMeters": snapshot.distance_meters,
        "totalElevationGainMeters": snapshot.elevation_meters,
        "movingTimeSeconds": snapshot.moving_seconds,
        "elapsedTimeSeconds": snapshot.elapsed_seconds,
        "isFlagged": snapshot.is_flagged,
        "isDeleted": workout.is_deleted,
        "deletedAtUtc": epoch(workout.deleted_at),
        "fetchedAtUtc": epoch(workout.fetched_at),
        "version": workout.version,
    }


def milestone_document(milestone: Milestone) -> Document:
    """A milestone, its goal and how far it has come."""
    goal = milestone.goal
    return {
        "milestoneId": milestone.milestone_id,
        "modelId": goal.model_id,
        "sport": str(goal.sports),
        "targetType": goal.target_type.value,
        "totalTarget": goal.total_target,
        "partTarget": goal.part_target,
        "partsTotal": goal.parts_total,
        "progressValue": milestone.progress.progress_value,
        "currentValue": milestone.progress.current_value,
        "percentComplete": milestone.percent_complete,
        "partsEarned": milestone.parts_earned,
        "remainingToNextPart": milestone.remaining_to_next_part,
        "status": milestone.status.value,
        "periodStartAtUtc": epoch(goal.period_start_at),
        "periodEndAtUtc": epoch(goal.period_end_at),
        "createdAtUtc": epoch(milestone.created_at),
        "completedAtUtc": epoch(milestone.completed_at),
    }


def award_document(award: Award) -> Document:
    """An awarded part."""
    return {
        "partIndex": award.part_index,
        "partName": award.part_name,
        "meshFile": award.mesh_file,
        "attachPoint": award.attach_point,
        "progressValueAtAward": award.progress_value_at_award,
        "awardedAtUtc": epoch(award.awarded_at),
        "earnedAtUtc": epoch(award.earned_at),
        "source": award.workout.source.value,
        "activityId": award.workout.activity_id,
    }


def explanation_document(explanation: Explanation) -> Document:
    """Whether and how much a workout counts."""
    return {
        **workout_document(explanation.workout),
        "isCounted": explanation.exclusion is None,
        "amount": explanation.amount,
        "reason": None if explanation.exclusion is None else explanation.exclusion.value,
    }
