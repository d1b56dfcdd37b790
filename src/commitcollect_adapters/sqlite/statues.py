"""Published statue models in their tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from commitcollect_adapters import conflicts
from commitcollect_adapters.records.columns import Record
from commitcollect_adapters.records.statues import MODEL, MODEL_PART, published_geometry
from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.statements import insert, replace, select
from commitcollect_core.training.awards import StatueModel
from commitcollect_core.training.publications import OFFERED, Publication
from commitcollect_core.values import ModelId

_READ_MODEL = select("statueModel", MODEL.columns, "modelId = ?")
_READ_PARTS = select("statuePart", MODEL_PART.columns, "modelId = ? ORDER BY partIndex")
_READ_MODELS = select("statueModel", MODEL.columns, "modelId > '' ORDER BY modelId")
_WRITE_MODEL = replace("statueModel", MODEL.columns)
_DROP_PARTS = "DELETE FROM statuePart WHERE modelId = ?"
_READ_GEOMETRY = select("statueGeometry", ("content",), "modelId = ? AND sha256 = ?")
_WRITE_GEOMETRY = replace("statueGeometry", ("modelId", "sha256", "content"))
_WRITE_PART = insert("statuePart", ("modelId", *MODEL_PART.columns))


class SqliteCatalog:
    """Implements `StatueStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def publication(self, model_id: ModelId) -> Publication | None:
        with self._database.connection() as connection:
            return _publication(connection, model_id)

    def model(self, model_id: ModelId) -> StatueModel | None:
        stored = self.publication(model_id)
        return stored.model if stored is not None and stored.stage in OFFERED else None

    def models(self) -> Sequence[StatueModel]:
        with self._database.connection() as connection:
            rows = connection.execute(_READ_MODELS).fetchall()
            stored = [_with_parts(connection, row) for row in rows]
        return [each.model for each in stored if each.stage in OFFERED]

    def geometry(self, model_id: ModelId) -> bytes | None:
        with self._database.connection() as connection:
            stored = _publication(connection, model_id)
            if stored is None or stored.geometry_sha256 is None:
                return None
            row = connection.execute(_READ_GEOMETRY, (model_id, stored.geometry_sha256)).fetchone()
        return published_geometry(stored, b"" if row is None else bytes(row[0]))

    def save_geometry(self, model_id: ModelId, content: bytes) -> str:
        import hashlib  # noqa: PLC0415 - few stores are given a statue

        digest = hashlib.sha256(content).hexdigest()
        with self._database.transaction() as connection:
            connection.execute(_WRITE_GEOMETRY, (model_id, digest, content))
        return digest

    def save(self, publication: Publication) -> None:
        model = publication.model
        with self._database.transaction() as connection:
            conflicts.check_saves(_publication(connection, model.model_id), publication)
            connection.execute(_WRITE_MODEL, MODEL.encode(publication))
            # Those of a draft may be others, and fewer.
            connection.execute(_DROP_PARTS, (model.model_id,))
            parts = [(model.model_id, *MODEL_PART.encode(part)) for part in model.parts]
            connection.executemany(_WRITE_PART, parts)


def _publication(connection: sqlite3.Connection, model_id: ModelId) -> Publication | None:
    row = connection.execute(_READ_MODEL, (model_id,)).fetchone()
    return None if row is None else _with_parts(connection, row)


def _with_parts(connection: sqlite3.Connection, row: Record) -> Publication:
    return MODEL.decode((*row, *connection.execute(_READ_PARTS, (row[0],))))
