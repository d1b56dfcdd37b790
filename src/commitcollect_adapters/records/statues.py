"""Records of statue models."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from attrs import evolve

from commitcollect_adapters.records.columns import FLAG, Codec, Column, Record, RecordKind, record_kind
from commitcollect_core.errors import CorruptItem
from commitcollect_core.training.awards import ModelPart, StatueModel
from commitcollect_core.training.publications import Publication, Stage

MODEL_PART = record_kind(
    "part of a statue model",
    ModelPart,
    Column("partIndex", "part_index"),
    Column("partName", "part_name"),
    Column("meshFile", "mesh_file"),
    Column("attachPoint", "attach_point"),
    Column("meshSha256", "mesh_sha256"),
)
_STAGE = Codec(attrgetter("value"), lambda name: None if name is None else Stage(name))
_MODEL: RecordKind[Any] = record_kind(
    "statue model",
    dict,
    Column("modelId", "model.model_id"),
    Column("name", "model.name"),
    Column("year", "model.year"),
    Column("isActive", "model.is_active", FLAG),
    Column("partsTotal", "model.parts_total"),
    Column("stage", "stage", _STAGE),
    Column("version", "version"),
    Column("geometrySha256", "geometry_sha256"),
)
_MODEL_END = len(_MODEL.columns)


def _publication(record: Record) -> Publication:
    values, parts = _MODEL.build(record[:_MODEL_END]), record[_MODEL_END:]
    own = {name.removeprefix("model."): value for name, value in values.items()}
    parts_total, stage, version = own.pop("parts_total"), own.pop("stage"), own.pop("version")
    geometry_sha256 = own.pop("geometry_sha256")
    # A model that lost a part would be a smaller statue, complete sooner.
    if len(parts) != parts_total:
        raise ValueError(f"{len(parts)} of its {parts_total} parts are stored")
    model = StatueModel(**own, parts=tuple(map(MODEL_PART.decode, parts)))
    # An older CommitCollect stored neither: it knew published models only.
    assumed = Stage.PUBLISHED if model.is_active else Stage.RETIRED
    return Publication(
        model=model, stage=stage or assumed, version=version or 1, geometry_sha256=geometry_sha256
    )


MODEL: RecordKind[Publication] = evolve(_MODEL, build=_publication)
"""To be decoded it is followed by the record of each part, in order."""


def published_geometry(publication: Publication, stored: bytes) -> bytes:
    """The geometry of a publication, once it is known to be what was published.

    Raises:
        CorruptItem: nothing is stored, or something else.
    """
    import hashlib  # noqa: PLC0415 - most statues that are drawn are shipped

    if hashlib.sha256(stored).hexdigest() != publication.geometry_sha256:
        what = "was altered" if stored else "is missing"
        raise CorruptItem(
            f"the geometry of statue model {publication.model.model_id!r} {what} in the store; "
            "restore the store from a backup"
        )
    return stored
