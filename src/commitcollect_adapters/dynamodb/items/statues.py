"""Items of published statue models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from commitcollect_adapters.dynamodb.items.encoding import Item, ItemKind, Key, key_of, prefix_query, text
from commitcollect_adapters.records import statues as records
from commitcollect_core.training.awards import StatueModel
from commitcollect_core.training.publications import GEOMETRY_BYTES_MAX, Publication
from commitcollect_core.values import ModelId

_MODELS = "MODELS"
_MODEL_PREFIX = "MODEL#"
_GEOMETRY_PREFIX = "GEOMETRY#"
_PIECE_BYTES = 390_000
"""An item may have 400 KiB with its key."""

MODEL = ItemKind(records.MODEL)
MODEL_PART = ItemKind(records.MODEL_PART)


def model_key(model_id: ModelId) -> Key:
    """The key of a statue model."""
    return key_of(f"{_MODEL_PREFIX}{model_id}", "META")


def model_items_of(model_id: ModelId) -> dict[str, Any]:
    """The query of a model, which comes first, and its parts in order."""
    return {
        "KeyConditionExpression": "PK = :pk",
        "ExpressionAttributeValues": {":pk": text(f"{_MODEL_PREFIX}{model_id}")},
    }


def publication_of_items(model: Item, *parts: Item) -> Publication:
    """The model of its stored items, and its stage.

    Raises:
        CorruptItem: one cannot be read, or a part is missing.
    """
    return records.MODEL.decode((*MODEL.values(model), *map(MODEL_PART.values, parts)))


def model_part_key(model_id: ModelId, part_index: int) -> Key:
    """The key of a part of a model."""
    return key_of(f"{_MODEL_PREFIX}{model_id}", f"PART#{part_index:02}")


def part_items(model: StatueModel) -> list[Item]:
    """The items of a model's parts."""
    return [MODEL_PART.item(model_part_key(model.model_id, part.part_index), part) for part in model.parts]


def geometry_items(model_id: ModelId, sha256: str, content: bytes) -> Iterator[Item]:
    """The items of a geometry: its bytes in pieces that an item can hold."""
    for number, start in enumerate(range(0, len(content), _PIECE_BYTES)):
        key = key_of(f"{_GEOMETRY_PREFIX}{model_id}", f"{sha256}#{number:03}")
        yield {**key, "content": {"B": content[start : start + _PIECE_BYTES]}}


def geometry_items_of(model_id: ModelId, sha256: str) -> dict[str, Any]:
    """The query of the items of a geometry, in order."""
    return prefix_query(text(f"{_GEOMETRY_PREFIX}{model_id}"), f"{sha256}#")


def geometry_of_items(items: Iterable[Item]) -> bytes:
    """The bytes of a geometry, as far as they are stored; no more than there may be."""
    content = b""
    for piece in islice(items, GEOMETRY_BYTES_MAX // _PIECE_BYTES + 1):
        content += piece.get("content", {}).get("B", b"")
    return content


def listed_model(model_id: ModelId) -> Item:
    """The item of a model in the list of all models."""
    return {**key_of(_MODELS, f"{_MODEL_PREFIX}{model_id}"), "modelId": text(model_id)}


def listed_models() -> dict[str, Any]:
    """The query of the list of all models, in order of id."""
    return prefix_query(text(_MODELS), _MODEL_PREFIX)


def listed_model_id(item: Item) -> ModelId:
    """The model that an item of the list names."""
    return ModelId(item["modelId"]["S"])
