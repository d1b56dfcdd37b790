"""The contract of a catalogue that is only read, on every one that is shipped."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from commitcollect_adapters.memory.statues import MemoryCatalog
from commitcollect_adapters.statues import FixedCatalog, LayeredCatalog, shipped_catalog
from commitcollect_adapters.testing import samples
from commitcollect_adapters.testing import service_samples as service
from commitcollect_adapters.testing.contracts import ReadOnlyCatalogContract
from commitcollect_adapters.testing.strategies import STATUES
from commitcollect_core.training.ports import StatueCatalog


class TestShippedCatalog(ReadOnlyCatalogContract):
    def open_catalog(self) -> AbstractContextManager[StatueCatalog]:
        """The files of the distribution."""
        return nullcontext(shipped_catalog())


class TestFixedCatalog(ReadOnlyCatalogContract):
    def open_catalog(self) -> AbstractContextManager[StatueCatalog]:
        """Models in another order than that of their ids."""
        return nullcontext(FixedCatalog(STATUES[::-1]))


class TestLayeredCatalog(ReadOnlyCatalogContract):
    def open_catalog(self) -> AbstractContextManager[StatueCatalog]:
        """Both layers have a model of the same id."""
        published = MemoryCatalog()
        for model in STATUES:
            published.save(service.published(model))
        return nullcontext(LayeredCatalog(FixedCatalog([samples.HERON]), published))
