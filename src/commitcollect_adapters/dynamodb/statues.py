"""Published statue models."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from commitcollect_adapters import conflicts
from commitcollect_adapters.dynamodb.client import Client
from commitcollect_adapters.dynamodb.items import statues as items
from commitcollect_adapters.dynamodb.items.definitions import ledger_table
from commitcollect_adapters.dynamodb.items.encoding import NEW, THERE, Condition, Item, holding
from commitcollect_adapters.dynamodb.requests import Member, delete, put, update
from commitcollect_adapters.dynamodb.table import Table
from commitcollect_adapters.records.statues import published_geometry
from commitcollect_core.training.awards import PART_INDEX_MAX, StatueModel
from commitcollect_core.training.publications import OFFERED, Publication, Stage
from commitcollect_core.values import ModelId

_ITEMS_PER_PAGE = PART_INDEX_MAX + 1
_READS_MAX = 10
_CHANGING = {each.value for each in Stage if each not in OFFERED}


class DynamoCatalog:
    """Implements `StatueStore`."""

    def __init__(self, client: Client) -> None:
        self._table = Table(client, ledger_table(client.address.name))

    def publication(self, model_id: ModelId) -> Publication | None:
        # A query is no snapshot: while it reads a draft, another writer may replace the parts.
        for _ in range(_READS_MAX):
            found = list(self._table.query(items.model_items_of(model_id), page_items=_ITEMS_PER_PAGE))
            if not found:
                return None
            if self._still_is(found[0]):
                return items.publication_of_items(*found)
        raise conflicts.stale()

    def _still_is(self, head: Item) -> bool:
        """Whether parts read after a head are its own; those of a published model never change."""
        if head.get("stage", {}).get("S") not in _CHANGING:
            return True
        return self._table.get({"PK": head["PK"], "SK": head["SK"]}) == head

    def model(self, model_id: ModelId) -> StatueModel | None:
        stored = self.publication(model_id)
        return stored.model if stored is not None and stored.stage in OFFERED else None

    def models(self) -> Sequence[StatueModel]:
        listed = self._table.query(items.listed_models(), page_items=_ITEMS_PER_PAGE)
        found = (self.model(items.listed_model_id(each)) for each in listed)
        return [each for each in found if each is not None]

    def geometry(self, model_id: ModelId) -> bytes | None:
        stored = self.publication(model_id)
        if stored is None or stored.geometry_sha256 is None:
            return None
        pieces = self._table.query(
            items.geometry_items_of(model_id, stored.geometry_sha256), page_items=_ITEMS_PER_PAGE
        )
        return published_geometry(stored, items.geometry_of_items(pieces))

    def save_geometry(self, model_id: ModelId, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        # Unconditional: a piece is always the same under its key, which holds the digest.
        for piece in items.geometry_items(model_id, digest, content):
            self._table.write(put(piece))
        return digest

    def save(self, publication: Publication) -> None:
        model = publication.model
        stored = self.publication(model.model_id)
        conflicts.check_saves(stored, publication)
        if stored is None:
            # Listed first, in a write of its own: a model with as many parts as there may be fills a
            # transaction. Readers ignore a name in the list without a model.
            self._table.write(put(items.listed_model(model.model_id)))
        head = update(
            items.model_key(model.model_id), items.MODEL.attributes(publication), _unchanged(stored)
        )
        is_same = stored is not None and stored.model.parts == model.parts
        members = [head] if is_same else [head, *_replacing(stored, model)]
        self._table.transact(members, has_landed=lambda: self.publication(model.model_id) == publication)


def _unchanged(stored: Publication | None) -> Condition:
    """What was read is still stored; a model that an older CommitCollect stored has no version."""
    if stored is None:
        return NEW
    same = holding(version=stored.version)
    if stored.version > 1:
        return same
    first = f"attribute_not_exists(#is0) AND {THERE.expression}"
    return Condition(f"({first}) OR ({same.expression})", same.names, same.values)


def _replacing(stored: Publication | None, model: StatueModel) -> list[Member]:
    surplus = () if stored is None else stored.model.parts[model.parts_total :]
    return [
        *map(put, items.part_items(model)),
        *(delete(items.model_part_key(model.model_id, each.part_index)) for each in surplus),
    ]
