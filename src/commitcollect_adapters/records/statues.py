"""Records of statue models."""

from __future__ import annotations

from typing import Any

from attrs import evolve

from commitcollect_adapters.records.columns import FLAG, Column, Record, RecordKind, record_kind
from commitcollect_core.training.awards import ModelPart, StatueModel

MODEL_PART = record_kind(
    "part of a statue model",
    ModelPart,
    Column("partIndex", "part_index"),
    Column("partName", "part_name"),
    Column("meshFile", "mesh_file"),
    Column("attachPoint", "attach_point"),
    Column("meshSha256", "mesh_sha256"),
)
_MODEL: RecordKind[Any] = record_kind(
    "statue model",
    dict,
    Column("modelId", "model_id"),
    Column("name", "name"),
    Column("year", "year"),
    Column("isActive", "is_active", FLAG),
    Column("partsTotal", "parts_total"),
)
_MODEL_END = len(_MODEL.columns)


def _model(record: Record) -> StatueModel:
    own, parts = _MODEL.build(record[:_MODEL_END]), record[_MODEL_END:]
    parts_total = own.pop("parts_total")
    # A model that lost a part would be a smaller statue, complete sooner.
    if len(parts) != parts_total:
        raise ValueError(f"{len(parts)} of its {parts_total} parts are stored")
    return StatueModel(**own, parts=tuple(map(MODEL_PART.decode, parts)))


MODEL: RecordKind[StatueModel] = evolve(_MODEL, build=_model)
"""To be decoded it is followed by the record of each part, in order."""
