"""Statues: the catalogues of models, and their meshes.

A shipped model is one JSON file in this folder, named after its id, with the packed meshes it names; adding
them adds a statue. `load` gives one that can be drawn and printed, and `statue_of` any model of a catalogue.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.resources import files

from commitcollect_adapters.statues.definitions import Detail, Part, Statue, read_model, read_statue
from commitcollect_core.errors import NotFound
from commitcollect_core.training.awards import StatueModel
from commitcollect_core.training.ports import StatueCatalog
from commitcollect_core.values import ModelId

__all__ = [
    "Detail", "FixedCatalog", "LayeredCatalog", "Part", "Statue", "load", "shipped_catalog", "statue_of",
]  # fmt: skip


class FixedCatalog:
    """A catalogue of the models it is given. Implements `StatueCatalog`."""

    def __init__(self, models: Iterable[StatueModel]) -> None:
        self._models = {model.model_id: model for model in sorted(models, key=lambda each: each.model_id)}

    def model(self, model_id: ModelId) -> StatueModel | None:
        return self._models.get(model_id)

    def models(self) -> Sequence[StatueModel]:
        return tuple(self._models.values())

    def geometry(self, model_id: ModelId) -> bytes | None:  # noqa: ARG002 - as the port names it
        return None


class LayeredCatalog:
    """Two catalogues as one; where both know a model, the first has the say. Implements `StatueCatalog`."""

    def __init__(self, first: StatueCatalog, second: StatueCatalog) -> None:
        self._first = first
        self._second = second

    def model(self, model_id: ModelId) -> StatueModel | None:
        return self._first.model(model_id) or self._second.model(model_id)

    def models(self) -> Sequence[StatueModel]:
        return FixedCatalog((*self._second.models(), *self._first.models())).models()

    def geometry(self, model_id: ModelId) -> bytes | None:
        knows = self._second if self._first.model(model_id) is None else self._first
        return knows.geometry(model_id)


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
    folder, known = files(__package__), _shipped_ids()
    if model_id not in known:
        raise NotFound(
            f"there is no statue model {model_id!r}; there are: {', '.join(known)}", code="model_not_found"
        )
    return read_statue(folder / f"{model_id}.json", folder)


def _shipped_ids() -> list[str]:
    names = (each.name for each in files(__package__).iterdir())
    return sorted(name.removesuffix(".json") for name in names if name.endswith(".json"))


def statue_of(catalog: StatueCatalog, model: StatueModel) -> Statue:
    """The geometry of a catalogue's model, whether it is shipped or was added to a store.

    Raises:
        NotFound: it was published without its meshes.
        CorruptItem: what was published is missing or altered.
    """
    if model.model_id in _shipped_ids():
        return load(model.model_id)
    content = catalog.geometry(model.model_id)
    if content is None:
        raise NotFound(
            f"statue model {model.model_id!r} was published without its meshes, as older versions of "
            "CommitCollect did; its files are with its artist only"
        )
    from commitcollect_adapters.statues import bundles  # noqa: PLC0415 - few catalogues have added statues

    return bundles.read(content, model)
