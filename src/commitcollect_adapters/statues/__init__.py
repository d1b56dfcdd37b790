"""Statues: the catalogues of models, and their meshes.

A shipped model is one JSON file in this folder, named after its id, with the packed meshes it names; adding
them adds a statue. `load` gives one that can be drawn and printed, and `statue_of` any model of a catalogue.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from commitcollect_core.errors import NotFound

if TYPE_CHECKING:
    from commitcollect_adapters.statues.definitions import Detail, Part, Statue
    from commitcollect_core.training.awards import StatueModel
    from commitcollect_core.training.ports import StatueCatalog
    from commitcollect_core.values import ModelId

__all__ = [
    "Detail", "FixedCatalog", "LayeredCatalog", "Part", "Statue", "load", "shipped_catalog", "statue_of",
]  # fmt: skip


_FOLDER = Path(__file__).parent


def __getattr__(name: str) -> object:
    if name not in {"Detail", "Part", "Statue"}:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # The catalogue alone, which every command opens, needs no meshes.
    from commitcollect_adapters.statues import definitions  # noqa: PLC0415 - that is the point

    return getattr(definitions, name)


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


class _ShippedCatalog:
    """The catalogue of the models shipped with this package, read when it is asked for."""

    @cached_property
    def _known(self) -> FixedCatalog:
        from commitcollect_adapters.statues.models import read_model  # noqa: PLC0415 - costs an import

        return FixedCatalog(read_model(_FOLDER / f"{each}.json") for each in _shipped_ids())

    def model(self, model_id: ModelId) -> StatueModel | None:
        return self._known.model(model_id)

    def models(self) -> Sequence[StatueModel]:
        return self._known.models()

    def geometry(self, model_id: ModelId) -> bytes | None:
        return self._known.geometry(model_id)


def shipped_catalog() -> StatueCatalog:
    """The catalogue of the models shipped with this package."""
    return _ShippedCatalog()


def load(model_id: ModelId) -> Statue:
    """A shipped statue with its geometry; its meshes are read when they are asked for.

    Raises:
        NotFound: no such statue is shipped (``model_not_found``).
        CorruptItem: its definition is not valid.
    """
    from commitcollect_adapters.statues.definitions import read_statue  # noqa: PLC0415 - costs an import

    known = _shipped_ids()
    if model_id not in known:
        raise NotFound(
            f"there is no statue model {model_id!r}; there are: {', '.join(known)}", code="model_not_found"
        )
    return read_statue(_FOLDER / f"{model_id}.json", _FOLDER)


def _shipped_ids() -> list[str]:
    return sorted(each.stem for each in _FOLDER.glob("*.json"))


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
