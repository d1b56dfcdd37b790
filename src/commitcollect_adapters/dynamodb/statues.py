"""Published statue models."""

from __future__ import annotations

from collections.abc import Sequence

from commitcollect_adapters import conflicts
from commitcollect_adapters.dynamodb import items
from commitcollect_adapters.dynamodb.client import Client
from commitcollect_adapters.dynamodb.items import service
from commitcollect_adapters.dynamodb.tabling import Put, Table, Update
from commitcollect_adapters.records import statues
from commitcollect_core.errors import VersionConflict
from commitcollect_core.training.awards import PART_INDEX_MAX, StatueModel
from commitcollect_core.values import ModelId

_ITEMS_PER_PAGE = PART_INDEX_MAX + 1


class DynamoCatalog:
    """Implements `StatueStore`."""

    def __init__(self, client: Client) -> None:
        self._table = Table(client, items.ledger_table(client.address.prefix))

    def model(self, model_id: ModelId) -> StatueModel | None:
        """See `StatueCatalog`."""
        found = list(self._table.query(service.model_items_of(model_id), page_items=_ITEMS_PER_PAGE))
        if not found:
            return None
        head, *parts = found
        return statues.model(
            (*service.MODEL.record(head), *(service.MODEL_PART.record(each) for each in parts))
        )

    def models(self) -> Sequence[StatueModel]:
        """See `StatueCatalog`."""
        listed = self._table.query(service.listed_models(), page_items=_ITEMS_PER_PAGE)
        found = (self.model(service.listed_model_id(each)) for each in listed)
        return [each for each in found if each is not None]

    def publish(self, model: StatueModel) -> None:
        """See `StatueStore`.

        A model and as many parts as there may be are all that one transaction holds. So a new one is listed
        first: a name in the list without a model behind it is passed over.
        """
        stored = self.model(model.model_id)
        if stored is None:
            stored = self._add(model)
        conflicts.check_replaces(stored, model)
        if stored != model:
            key = service.model_key(model.model_id)
            self._table.write(Update(key=key, attributes=service.MODEL.attributes(model)))

    def _add(self, model: StatueModel) -> StatueModel | None:
        """Add a model; what is stored then, which may be somebody else's."""
        listed = service.listed_model_key(model.model_id)
        self._table.write(Put(item=service.LISTED_MODEL.item(listed, model)))
        head = Put(item=service.MODEL.item(service.model_key(model.model_id), model), condition=items.NEW)
        parts = [Put(item=each) for each in service.part_items(model)]
        try:
            self._table.transact([head, *parts])
        except VersionConflict:
            return self.model(model.model_id)
        return model
