"""Every promise of `StatueCatalog` and `StatueStore`."""
# ruff: noqa: S101 - a suite asserts, though it does not live under tests/

from __future__ import annotations

import hashlib
import random
from functools import partial

import pytest
from attrs import evolve
from hypothesis import given

from commitcollect_adapters.testing import service_samples as service
from commitcollect_adapters.testing.contracts.checks import (
    THREADS,
    assert_read_back,
    property_test,
    race,
    winner_of,
)
from commitcollect_adapters.testing.contracts.stores import StoresContract
from commitcollect_adapters.testing.samples import HERON
from commitcollect_adapters.testing.strategies import statue_models
from commitcollect_core.errors import Conflict, CorruptItem, VersionConflict
from commitcollect_core.training.awards import PART_INDEX_MAX, ModelPart, StatueModel
from commitcollect_core.training.publications import Stage, draft
from commitcollect_core.values import ModelId

GEOMETRY_BYTES = 2_100_000


def _new_model(parts: tuple[ModelPart, ...] = HERON.parts) -> StatueModel:
    return evolve(HERON, model_id=ModelId(service.new_name("MODEL")), parts=parts)


def _parts(count: int) -> tuple[ModelPart, ...]:
    return tuple(evolve(HERON.parts[0], part_index=index) for index in range(1, count + 1))


class StatueCatalogContract(StoresContract):
    """Subclass it, call the class ``Test…`` and run pytest."""

    def test_a_model_never_published_is_not_there(self) -> None:
        """Reading is not an error."""
        with self.open_stores() as stores:
            assert stores.catalog.model(_new_model().model_id) is None

    @property_test
    @given(model=statue_models(parts_max=12))
    def test_a_model_is_read_back(self, model: StatueModel) -> None:
        """Every field is read back, those of the parts included."""
        with self.open_stores() as stores:
            model = evolve(model, model_id=_new_model().model_id)
            stores.catalog.save(service.published(model))
            assert_read_back(stores.catalog.model(model.model_id), model)

    def test_a_model_may_have_as_many_parts_as_there_are_numbers(self) -> None:
        """The largest model is published whole."""
        with self.open_stores() as stores:
            model = _new_model(_parts(PART_INDEX_MAX))
            stores.catalog.save(service.published(model))
            assert stores.catalog.model(model.model_id) == model

    def test_models_are_listed_in_order_of_id(self) -> None:
        """Every model once and whole, in whatever order they were published."""
        with self.open_stores() as stores:
            models = [_new_model(_parts(count)) for count in (1, 12, 3)]
            for model in models:
                stores.catalog.save(service.published(model))
            listed = stores.catalog.models()
            ids = [each.model_id for each in listed]
            assert ids == sorted(set(ids))
            ours = sorted(models, key=lambda each: each.model_id)
            assert [each for each in listed if each in models] == ours

    def test_what_is_said_of_a_model_may_change(self) -> None:
        """Name, year and offer may change; the parts may not."""
        with self.open_stores() as stores:
            model = _new_model()
            changes = (model, evolve(model, name="Egret", year=None, is_active=False), model)
            for version, changed in enumerate(changes, start=1):
                stores.catalog.save(service.published(changed, version))
                assert_read_back(stores.catalog.model(model.model_id), changed)

    def test_the_parts_of_a_model_never_change(self) -> None:
        """Other parts are refused, and nothing is written.

        Milestones rely on the published ones.
        """
        with self.open_stores() as stores:
            model = _new_model()
            stores.catalog.save(service.published(model))
            renamed = evolve(model.parts[-1], part_name="Tail")
            for parts in (_parts(13), model.parts[:-1], (*model.parts[:-1], renamed)):
                with pytest.raises(Conflict) as refused:
                    stores.catalog.save(service.published(evolve(model, name="Other", parts=parts), 2))
                assert refused.value.code == "model_exists"
                assert stores.catalog.model(model.model_id) == model

    def test_drafts_are_no_part_of_the_catalogue(self) -> None:
        """Drafts are read by id at every stage, and never listed."""
        with self.open_stores() as stores:
            model = _new_model()
            entry = draft(model, None)
            for each in (entry, entry.moved_to(Stage.CHECKED)):
                stores.catalog.save(each)
                assert stores.catalog.publication(model.model_id) == each
                assert stores.catalog.model(model.model_id) is None
                assert model.model_id not in [listed.model_id for listed in stores.catalog.models()]
            stores.catalog.save(each.moved_to(Stage.PUBLISHED))
            assert stores.catalog.model(model.model_id) == model

    def test_the_parts_of_a_draft_may_change(self) -> None:
        """The last version is read back whole, with more or fewer parts."""
        with self.open_stores() as stores:
            model = _new_model()
            stored = None
            for count in (12, 3, PART_INDEX_MAX, 1):
                stored = draft(evolve(model, parts=_parts(count)), stored)
                stores.catalog.save(stored)
                assert stores.catalog.publication(model.model_id) == stored

    def test_a_version_that_does_not_follow_is_refused(self) -> None:
        """Optimistic locking: of two writers at one version, the second is refused."""
        with self.open_stores() as stores:
            first = draft(_new_model(), None)
            with pytest.raises(VersionConflict):
                stores.catalog.save(evolve(first, version=2))
            stores.catalog.save(first)
            second = first.moved_to(Stage.CHECKED)
            stores.catalog.save(second)
            for late in (first, second, evolve(second, version=4)):
                with pytest.raises(VersionConflict):
                    stores.catalog.save(late)
            assert stores.catalog.publication(first.model.model_id) == second

    def test_of_versions_saved_at_once_one_stays(self) -> None:
        """Of several writers at one version, exactly one wins."""
        with self.open_stores() as stores:
            stored = draft(_new_model(), None)
            stores.catalog.save(stored)
            rivals = [draft(evolve(stored.model, parts=_parts(n + 1)), stored) for n in range(THREADS)]
            results = race([partial(stores.catalog.save, each) for each in rivals])
            winner = rivals[winner_of(results, refusal=Conflict)]
            assert stores.catalog.publication(stored.model.model_id) == winner

    def test_a_geometry_is_read_back_once_it_is_published(self) -> None:
        """Every byte, of one too large for an item of DynamoDB and for one of its answers."""
        with self.open_stores() as stores:
            content = random.Random(8).randbytes(GEOMETRY_BYTES)  # noqa: S311 - any bytes
            model, catalog = _new_model(), stores.catalog
            digest = catalog.save_geometry(model.model_id, content)
            assert digest == hashlib.sha256(content).hexdigest()
            assert catalog.geometry(model.model_id) is None
            entry = draft(model, None)
            catalog.save(entry)
            catalog.save(entry := entry.moved_to(Stage.CHECKED))
            assert catalog.geometry(model.model_id) is None
            catalog.save(entry := entry.moved_to(Stage.PUBLISHED, digest))
            assert catalog.publication(model.model_id) == entry
            assert catalog.geometry(model.model_id) == content
            catalog.save(entry.moved_to(Stage.RETIRED))
            assert catalog.geometry(model.model_id) == content

    def test_the_geometry_of_a_published_model_never_changes(self) -> None:
        """Neither by storing another, nor by publishing with another."""
        with self.open_stores() as stores:
            model, catalog = _new_model(), stores.catalog
            digest = catalog.save_geometry(model.model_id, b"first")
            entry = evolve(service.published(model), geometry_sha256=digest)
            catalog.save(entry)
            other = catalog.save_geometry(model.model_id, b"other")
            for wrong in (other, None):
                with pytest.raises(Conflict) as refused:
                    catalog.save(evolve(entry, version=2, geometry_sha256=wrong))
                assert refused.value.code == "model_exists"
            assert catalog.geometry(model.model_id) == b"first"
            assert catalog.save_geometry(model.model_id, b"first") == digest
            assert catalog.geometry(model.model_id) == b"first"

    def test_a_geometry_that_is_not_there_is_an_error(self) -> None:
        """One that a publication names was lost; a model published without one has none."""
        with self.open_stores() as stores:
            without, model = _new_model(), _new_model()
            stores.catalog.save(service.published(without))
            assert stores.catalog.geometry(without.model_id) is None
            digest = stores.catalog.save_geometry(without.model_id, b"of another")
            stores.catalog.save(evolve(service.published(model), geometry_sha256=digest))
            with pytest.raises(CorruptItem, match=f"geometry of statue model '{model.model_id}' is missing"):
                stores.catalog.geometry(model.model_id)

    def test_models_never_see_each_others_parts(self) -> None:
        """An id that is a prefix of another is another model."""
        with self.open_stores() as stores:
            model = _new_model()
            longer = evolve(model, model_id=ModelId(model.model_id + "0"), parts=_parts(1))
            stores.catalog.save(service.published(longer))
            assert stores.catalog.model(model.model_id) is None
            stores.catalog.save(service.published(model))
            assert stores.catalog.model(model.model_id) == model
            assert stores.catalog.model(longer.model_id) == longer

    def test_of_models_published_at_once_under_one_id_one_stays(self) -> None:
        """The one that is taken is whole, and the others are refused."""
        with self.open_stores() as stores:
            first = _new_model()
            rivals = [evolve(first, name=f"{n}", parts=_parts(n + 1)) for n in range(THREADS)]
            results = race([partial(stores.catalog.save, service.published(each)) for each in rivals])
            winner = rivals[winner_of(results, refusal=Conflict)]
            assert stores.catalog.model(first.model_id) == winner
