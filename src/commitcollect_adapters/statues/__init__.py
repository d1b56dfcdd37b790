"""Statue catalogues: the models shipped with the package, or any given ones.

A model is one JSON file in this folder, named after its id; adding a file adds a statue.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable

from commitcollect_adapters.documents import statue_from_document
from commitcollect_core.errors import CorruptItem
from commitcollect_core.training.awards import StatueModel
from commitcollect_core.training.ports import StatueCatalog
from commitcollect_core.values import ModelId


class FixedCatalog:
    """A catalogue of the models it is given. Implements `StatueCatalog`."""

    def __init__(self, models: Iterable[StatueModel]) -> None:
        self._models = {model.model_id: model for model in sorted(models, key=lambda each: each.model_id)}

    def model(self, model_id: ModelId) -> StatueModel | None:
        return self._models.get(model_id)

    def models(self) -> Sequence[StatueModel]:
        return tuple(self._models.values())


class LayeredCatalog:
    """Two catalogues as one; where both know a model, the first has the say. Implements `StatueCatalog`."""

    def __init__(self, first: StatueCatalog, second: StatueCatalog) -> None:
        self._first = first
        self._second = second

    def model(self, model_id: ModelId) -> StatueModel | None:
        return self._first.model(model_id) or self._second.model(model_id)

    def models(self) -> Sequence[StatueModel]:
        return FixedCatalog((*self._second.models(), *self._first.models())).models()


def shipped_catalog() -> FixedCatalog:
    """The catalogue of the models shipped with this package."""
    folder = files(__package__)
    return FixedCatalog(_read(each) for each in folder.iterdir() if each.name.endswith(".json"))


def _read(file: Traversable) -> StatueModel:
    try:
        return statue_from_document(json.loads(file.read_text(encoding="utf-8")))
    except ValueError as broken:
        raise CorruptItem(f"the statue {file.name} is not JSON: {broken}") from broken
