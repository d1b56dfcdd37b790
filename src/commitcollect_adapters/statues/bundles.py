"""Bundles: all that an added statue is drawn and printed from, as one file for a store to keep.

A ZIP archive of a definition and its packs, as they are shipped of other statues. A pack is deflated already,
so the archive is not.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

from attrs import frozen

from commitcollect_adapters.statues import stl
from commitcollect_adapters.statues.definitions import Detail, Statue, read_statue
from commitcollect_adapters.statues.meshes import Mesh
from commitcollect_core.errors import CorruptItem
from commitcollect_core.training.awards import StatueModel

DEFINITION = "statue.json"
_FIXED_DATE = (1980, 1, 1, 0, 0, 0)
"""The same statue gives the same bundle, and so the same digest, whenever it is written."""
_UNREADABLE = (zipfile.BadZipFile, EOFError, NotImplementedError, OSError, RuntimeError, ValueError)
"""How reading an archive ends that is none, or uses what this one does not."""


@frozen(kw_only=True)
class AddedStatue(Statue):
    """A statue from a store: its meshes are what the catalogue pins, or an error."""

    def meshes(self, detail: Detail) -> tuple[Mesh, ...]:
        """See `Statue`; exact meshes are compared with the digests of the parts."""
        meshes = super().meshes(detail)
        for part, mesh in zip(self.parts, meshes, strict=True) if detail is Detail.EXACT else ():
            if hashlib.sha256(stl.write(part.name, mesh)).hexdigest() != part.entry.mesh_sha256:
                raise CorruptItem(
                    f"the mesh of {part.name} of {self.model.model_id} in the store is not the one that the "
                    "catalogue pins; restore the store from a backup"
                )
        return meshes


def write(definition: Mapping[str, Any], packs: Mapping[str, bytes]) -> bytes:
    """The bundle of a definition and the packs it names."""
    members = {DEFINITION: json.dumps(definition).encode(), **packs}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, _FIXED_DATE), content)
    return file.getvalue()


def read(content: bytes, model: StatueModel) -> AddedStatue:
    """The statue of a bundle; `model` is what the catalogue says of it.

    Raises:
        CorruptItem: it is no bundle, or one of another model.
    """
    where = f"the geometry of statue model {model.model_id!r} in the store"
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        # Members are read whole. Without compression they are no larger than the archive.
        if any(each.compress_type != zipfile.ZIP_STORED for each in archive.infolist()):
            raise ValueError("a member is compressed")
        damaged = archive.testzip()
        if damaged is not None:
            raise ValueError(f"{damaged!r:.80} is damaged")
        folder = zipfile.Path(archive)
        statue = read_statue(folder / DEFINITION, folder)
    except _UNREADABLE as broken:
        raise CorruptItem(
            f"{where} cannot be read: {broken}; add the statue again under another id"
        ) from broken
    if (statue.model.model_id, statue.model.parts) != (model.model_id, model.parts):
        raise CorruptItem(f"{where} has other parts; restore the store from a backup")
    return AddedStatue(model=model, materials=statue.materials, parts=statue.parts, packs=statue.packs)
