"""Every promise of `StatueCatalog`, for a catalogue that is only read."""
# ruff: noqa: S101 - a suite asserts, though it does not live under tests/

from __future__ import annotations

from contextlib import AbstractContextManager

from commitcollect_adapters.testing.contracts.checks import THREADS, assert_same, race, undefined
from commitcollect_core.training.ports import StatueCatalog
from commitcollect_core.values import ModelId


class ReadOnlyCatalogContract:
    """Subclass it, call the class ``Test…`` and run pytest; the catalogue has one model at least."""

    def open_catalog(self) -> AbstractContextManager[StatueCatalog]:
        """The catalogue under test, ready until the context ends."""
        undefined("open_catalog")

    def test_models_are_listed_once_in_order_of_id(self) -> None:
        """The same each time, as milestones keep the id of theirs for good."""
        with self.open_catalog() as catalog:
            ids = [each.model_id for each in catalog.models()]
            assert ids
            assert ids == sorted(set(ids))
            assert_same(list(catalog.models()), list(catalog.models()))

    def test_a_model_that_is_listed_is_found_whole(self) -> None:
        """By its id, with the same parts, numbered from 1."""
        with self.open_catalog() as catalog:
            for model in catalog.models():
                assert_same(catalog.model(model.model_id), model)
                assert [each.part_index for each in model.parts] == list(range(1, model.parts_total + 1))

    def test_an_id_that_is_not_there_is_no_error(self) -> None:
        """Nor is one that looks like another; it has neither model nor geometry."""
        with self.open_catalog() as catalog:
            known = {each.model_id for each in catalog.models()}
            alike = {
                text
                for each in (*known, "none")
                for text in (each, each.lower(), each.upper(), each[:-1], f"{each}0", each.replace("_", "x"))
            }
            for model_id in map(ModelId, sorted(alike - known - {""})):
                assert catalog.model(model_id) is None
                assert catalog.geometry(model_id) is None

    def test_a_geometry_is_the_same_each_time(self) -> None:
        """Where there is one."""
        with self.open_catalog() as catalog:
            for model in catalog.models():
                geometry = catalog.geometry(model.model_id)
                assert geometry is None or isinstance(geometry, bytes)
                assert catalog.geometry(model.model_id) == geometry

    def test_many_read_at_once(self) -> None:
        """A catalogue is thread-safe, also when it is read for the first time."""
        with self.open_catalog() as catalog:
            lists = race([lambda: list(catalog.models())] * THREADS)
            assert lists == [list(catalog.models())] * THREADS
