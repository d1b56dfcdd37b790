"""Published statue models in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from threading import Lock

from commitcollect_adapters import conflicts
from commitcollect_adapters.records.statues import published_geometry
from commitcollect_core.training.awards import StatueModel
from commitcollect_core.training.publications import OFFERED, Publication
from commitcollect_core.values import ModelId


class MemoryCatalog:
    """Implements `StatueStore`."""

    def __init__(self) -> None:
        self._publications: dict[ModelId, Publication] = {}
        self._geometries: dict[tuple[ModelId, str], bytes] = {}
        self._lock = Lock()

    def publication(self, model_id: ModelId) -> Publication | None:
        return self._publications.get(model_id)

    def model(self, model_id: ModelId) -> StatueModel | None:
        stored = self.publication(model_id)
        return stored.model if stored is not None and stored.stage in OFFERED else None

    def models(self) -> Sequence[StatueModel]:
        with self._lock:
            found = map(self.model, sorted(self._publications))
            return tuple(each for each in found if each is not None)

    def geometry(self, model_id: ModelId) -> bytes | None:
        stored = self.publication(model_id)
        if stored is None or stored.geometry_sha256 is None:
            return None
        return published_geometry(stored, self._geometries.get((model_id, stored.geometry_sha256), b""))

    def save_geometry(self, model_id: ModelId, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        self._geometries[model_id, digest] = content
        return digest

    def save(self, publication: Publication) -> None:
        model_id = publication.model.model_id
        with self._lock:
            conflicts.check_saves(self._publications.get(model_id), publication)
            self._publications[model_id] = publication
