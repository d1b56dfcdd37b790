"""Finding the statue models that milestones refer to."""

from __future__ import annotations

from collections.abc import Iterable

from commitcollect_core.errors import CorruptItem, InvalidInput, NotFound
from commitcollect_core.training.awards import StatueModel
from commitcollect_core.training.milestones import Milestone
from commitcollect_core.training.ports import StatueCatalog
from commitcollect_core.values import ModelId


def model_on_offer(catalog: StatueCatalog, model_id: ModelId) -> StatueModel:
    """The model for a new milestone.

    Raises:
        NotFound: there is no such model.
        InvalidInput: it is no longer offered.
    """
    model = catalog.model(model_id)
    if model is None:
        known = ", ".join(each.model_id for each in catalog.models() if each.is_active)
        raise NotFound(f"there is no statue model {model_id!r}; there are: {known}", code="model_not_found")
    if not model.is_active:
        raise InvalidInput(f"statue model {model_id!r} is not offered any more", code="model_not_active")
    return model


def model_of(catalog: StatueCatalog, milestone: Milestone) -> StatueModel:
    """The model of a stored milestone, still offered or not.

    Raises:
        CorruptItem: the catalogue lost the model, or the number of its parts has changed.
    """
    goal = milestone.goal
    model = catalog.model(goal.model_id)
    if model is None or model.parts_total != goal.parts_total:
        raise CorruptItem(
            f"milestone {milestone.milestone_id!r} needs statue model {goal.model_id!r} with "
            f"{goal.parts_total} parts, which the catalogue does not have; restore it"
        )
    return model


def models_of(catalog: StatueCatalog, milestones: Iterable[Milestone]) -> dict[ModelId, StatueModel]:
    """The models of stored milestones, by id; errors as in `model_of`."""
    return {each.goal.model_id: model_of(catalog, each) for each in milestones}
