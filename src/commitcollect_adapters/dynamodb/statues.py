"""Published statue models."""

from __future__ import annotations

from collections.abc import Sequence

from commitcollect_adapters import conflicts
from commitcollect_adapters.dynamodb.client import Client
from commitcollect_adapters.dynamodb.items import statues as items
from commitcollect_adapters.dynamodb.items.definitions import ledger_table
from commitcollect_adapters.dynamodb.items.encoding import NEW
from commitcollect_adapters.dynamodb.requests import put, update
from commitcollect_adapters.dynamodb.table import Table
from commitcollect_core.errors import VersionConflict
from commitcollect_core.training.awards import PART_INDEX_MAX, StatueModel
from commitcollect_core.values import ModelId

_ITEMS_PER_PAGE = PART_INDEX_MAX + 1


class DynamoCatalog:
    """Implements `StatueStore`."""

    def __init__(self, client: Client) -> None:
        self._table = Table(client, ledger_table(client.address.name))

    def model(self, model_id: ModelId) -> StatueModel | None:
        found = list(self._table.query(items.model_items_of(model_id), page_items=_ITEMS_PER_PAGE))
        return items.model_of_items(*found) if found else None

    def models(self) -> Sequence[StatueModel]:
        listed = self._table.query(items.listed_models(), page_items=_ITEMS_PER_PAGE)
        found = (self.model(items.listed_model_id(each)) for each in listed)
        return [each for each in found if each is not None]

    def publish(self, model: StatueModel) -> None:
        stored = self.model(model.model_id)
        if stored is None:
            stored = self._add(model)
        conflicts.check_replaces(stored, model)
        if stored != model:
            self._table.write(update(items.model_key(model.model_id), items.MODEL.attributes(model)))

    def _add(self, model: StatueModel) -> StatueModel | None:
        """Add a model; returns what is stored then, which another writer may have added."""
        # Listed first, in a write of its own: a model with as many parts as there may be fills a transaction.
        # Readers ignore a name in the list without a model.
        self._table.write(put(items.listed_model(model.model_id)))
        head = put(items.MODEL.item(items.model_key(model.model_id), model), NEW)
        try:
            self._table.transact([head, *map(put, items.part_items(model))])
        except VersionConflict:
            return self.model(model.model_id)
        return model
