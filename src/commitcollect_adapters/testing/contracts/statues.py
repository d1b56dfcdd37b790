"""Every promise of `StatueCatalog` and `StatueStore`."""
# ruff: noqa: S101 - a suite asserts, though it does not live under tests/

from __future__ import annotations

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
from commitcollect_core.errors import Conflict
from commitcollect_core.training.awards import PART_INDEX_MAX, ModelPart, StatueModel
from commitcollect_core.values import ModelId


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
        """Every field of it and of its parts comes back as it was."""
        with self.open_stores() as stores:
            model = evolve(model, model_id=_new_model().model_id)
            stores.catalog.publish(model)
            assert_read_back(stores.catalog.model(model.model_id), model)

    def test_a_model_may_have_as_many_parts_as_there_are_numbers(self) -> None:
        """The largest model is published whole."""
        with self.open_stores() as stores:
            model = _new_model(_parts(PART_INDEX_MAX))
            stores.catalog.publish(model)
            assert stores.catalog.model(model.model_id) == model

    def test_models_are_listed_in_order_of_id(self) -> None:
        """Every model once and whole, in whatever order they were published."""
        with self.open_stores() as stores:
            models = [_new_model(_parts(count)) for count in (1, 12, 3)]
            for model in models:
                stores.catalog.publish(model)
            listed = stores.catalog.models()
            ids = [each.model_id for each in listed]
            assert ids == sorted(set(ids))
            ours = sorted(models, key=lambda each: each.model_id)
            assert [each for each in listed if each in models] == ours

    def test_what_is_said_of_a_model_may_change(self) -> None:
        """Its name, its year and whether it is on offer; its parts stay as they are."""
        with self.open_stores() as stores:
            model = _new_model()
            for changed in (model, evolve(model, name="Egret", year=None, is_active=False), model):
                stores.catalog.publish(changed)
                assert_read_back(stores.catalog.model(model.model_id), changed)

    def test_the_parts_of_a_model_never_change(self) -> None:
        """Milestones were promised those: other parts are refused, and nothing of it is written."""
        with self.open_stores() as stores:
            model = _new_model()
            stores.catalog.publish(model)
            renamed = evolve(model.parts[-1], part_name="Tail")
            for parts in (_parts(13), model.parts[:-1], (*model.parts[:-1], renamed)):
                with pytest.raises(Conflict) as refused:
                    stores.catalog.publish(evolve(model, name="Other", parts=parts))
                assert refused.value.code == "model_exists"
                assert stores.catalog.model(model.model_id) == model

    def test_models_never_see_each_others_parts(self) -> None:
        """Two ids of which one begins the other are two models."""
        with self.open_stores() as stores:
            model = _new_model()
            longer = evolve(model, model_id=ModelId(model.model_id + "0"), parts=_parts(1))
            stores.catalog.publish(longer)
            assert stores.catalog.model(model.model_id) is None
            stores.catalog.publish(model)
            assert stores.catalog.model(model.model_id) == model
            assert stores.catalog.model(longer.model_id) == longer

    def test_of_models_published_at_once_under_one_id_one_stays(self) -> None:
        """The one that is taken is whole, and the others are refused."""
        with self.open_stores() as stores:
            first = _new_model()
            rivals = [evolve(first, name=f"{n}", parts=_parts(n + 1)) for n in range(THREADS)]
            results = race([lambda each=each: stores.catalog.publish(each) for each in rivals])  # type: ignore[misc]  # mypy infers no type for a lambda with a default
            winner = rivals[winner_of(results, refusal=Conflict)]
            assert stores.catalog.model(first.model_id) == winner
