"""Statues: the catalogues of models, and the meshes of those that are shipped.

A model is one JSON file in this folder, named after its id, with the packed meshes it names; adding them adds
a statue. `load` gives one that can be drawn and printed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.resources import files

from commitcollect_adapters.statues.definitions import Detail, Part, Statue, read_model, read_statue
from commitcollect_core.errors import NotFound
from commitcollect_core.training.awards import StatueModel
from commitcollect_core.training.ports import StatueCatalog
from commitcollect_core.values import ModelId

__all__ = ["Detail", "FixedCatalog", "LayeredCatalog", "Part", "Statue", "load", "shipped_catalog"]


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
    return FixedCatalog(read_model(each) for each in folder.iterdir() if each.name.endswith(".json"))


def load(model_id: ModelId) -> Statue:
    """A shipped statue with its geometry; its meshes are read when they are asked for.

    Raises:
        NotFound: no such statue is shipped (``model_not_found``).
        CorruptItem: its definition is not valid.
    """
    folder = files(__package__)
    names = (each.name for each in folder.iterdir())
    known = sorted(name.removesuffix(".json") for name in names if name.endswith(".json"))
    if model_id not in known:
        raise NotFound(
            f"there is no statue model {model_id!r}; there are: {', '.join(known)}", code="model_not_found"
        )
    return read_statue(folder / f"{model_id}.json", folder)
