"""Catalogues of statues."""

from __future__ import annotations

from attrs import evolve

from commitcollect_adapters.statues import FixedCatalog, LayeredCatalog, shipped_catalog
from commitcollect_adapters.testing.strategies import STATUES
from commitcollect_core.values import ModelId

PEBBLE, HERON, WHALE = STATUES


def test_of_two_catalogues_the_first_has_the_say() -> None:
    """Publishing under a known id changes nothing; what only the second knows is there as well."""
    published = (evolve(HERON, name="Another heron"), WHALE)
    both = LayeredCatalog(FixedCatalog([PEBBLE, HERON]), FixedCatalog(published))
    assert both.model(HERON.model_id) == HERON
    assert both.model(PEBBLE.model_id) == PEBBLE
    assert both.model(WHALE.model_id) == WHALE
    assert both.model(ModelId("UNKNOWN")) is None
    assert list(both.models()) == [HERON, PEBBLE, WHALE]


def test_shipped_statues_are_numbered_through() -> None:
    """Every file in the folder is a model that can be listed and found."""
    catalog = shipped_catalog()
    assert catalog.models()
    assert [catalog.model(each.model_id) for each in catalog.models()] == list(catalog.models())
