"""The statues a command knows: those that are shipped, and those of the store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from commitcollect_core.errors import NotFound

if TYPE_CHECKING:
    from commitcollect_adapters.settings import Settings
    from commitcollect_core.training.awards import StatueModel
    from commitcollect_core.training.ports import StatueCatalog
    from commitcollect_core.values import ModelId


@contextmanager
def open_catalog(settings: Settings, model_id: ModelId | None = None) -> Iterator[StatueCatalog]:
    """Every statue there is; of a store that is not there, the shipped ones.

    Args:
        settings: name the store.
        model_id: the only model of interest; the store is not opened for one that is shipped.
    """
    from commitcollect_adapters.backend import catalog_on, open_backend
    from commitcollect_adapters.statues import shipped_catalog

    shipped: StatueCatalog = shipped_catalog()
    with ExitStack() as stack:
        catalog = shipped
        if model_id is None or shipped.model(model_id) is None:
            try:
                opened = open_backend(settings.store, settings.policy, must_exist=True)
                catalog = catalog_on(stack.enter_context(opened))
            except NotFound as missing:
                if missing.code != "store_not_found":
                    raise
        yield catalog


def known_model(catalog: StatueCatalog, model_id: ModelId) -> StatueModel:
    """A model, on offer or not.

    Raises:
        NotFound: there is no such model; the message lists those there are.
    """
    model = catalog.model(model_id)
    if model is None:
        known = ", ".join(each.model_id for each in catalog.models())
        raise NotFound(f"there is no statue model {model_id!r}; there are: {known}", code="model_not_found")
    return model
