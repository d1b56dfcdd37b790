"""Records of statue models."""

from __future__ import annotations

from commitcollect_adapters.records.encoding import Record, reader
from commitcollect_core.training.awards import ModelPart, StatueModel
from commitcollect_core.values import ModelId

MODEL_COLUMNS = ("modelId", "name", "year", "isActive", "partsTotal")
MODEL_PART_COLUMNS = ("partIndex", "partName", "meshFile", "attachPoint")


def model_record(model: StatueModel) -> Record:
    """Columns as in `MODEL_COLUMNS`."""
    return (model.model_id, model.name, model.year, model.is_active, model.parts_total)


def model_part_record(part: ModelPart) -> Record:
    """Columns as in `MODEL_PART_COLUMNS`."""
    return (part.part_index, part.part_name, part.mesh_file, part.attach_point)


@reader
def model(record: Record) -> StatueModel:
    """Columns as in `MODEL_COLUMNS`, and then one record for each part, in order."""
    model_id, name, year, is_active, parts_total, *parts = record
    if len(parts) != parts_total:
        raise ValueError(f"{len(parts)} of its {parts_total} parts are stored")
    return StatueModel(
        model_id=ModelId(model_id),
        name=name,
        year=year,
        is_active=bool(is_active),
        parts=tuple(map(model_part, parts)),
    )


@reader
def model_part(record: Record) -> ModelPart:
    """Columns as in `MODEL_PART_COLUMNS`."""
    part_index, part_name, mesh_file, attach_point = record
    return ModelPart(
        part_index=part_index, part_name=part_name, mesh_file=mesh_file, attach_point=attach_point
    )
