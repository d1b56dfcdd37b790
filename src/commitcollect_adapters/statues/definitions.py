"""Statue definitions: one JSON file each, and the packed meshes beside it.

The catalogue holds what milestones need, the id, the parts and their names. The same file also describes the
geometry: colours, where each part goes in, how it lies on a printer's bed, and the digests of the packs.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from enum import Enum
from importlib.resources.abc import Traversable
from typing import Any

from attrs import frozen

from commitcollect_adapters.statues import pack
from commitcollect_adapters.statues.materials import Material
from commitcollect_adapters.statues.meshes import MATERIALS_MAX, Mesh, Vector
from commitcollect_adapters.statues.models import FILE, Form, check_name, match, read_document, read_model
from commitcollect_adapters.statues.placing import Lying, dot
from commitcollect_core.errors import CorruptItem
from commitcollect_core.training.awards import ModelPart, StatueModel

NUMBER_MAX = 1000
"""Of a direction or of a place in millimetres."""
UNIT_ERROR_MAX = 0.001
PARALLEL_MIN = 0.99
STONE = "#A39C90"
"""The colour of a part whose artist names none."""


_COLOR = Form(re.compile("#[0-9A-F]{6}"), "a colour such as #C84A1B, with capital letters")
_SHA256 = Form(re.compile("[0-9a-f]{64}"), "a SHA-256 digest of 64 hexadecimal digits")


class Detail(Enum):
    """How fine a mesh is; the value is the name of its pack in the definition."""

    EXACT = "meshPack"
    """For printing: every STL file is made from it."""
    WEB = "webPack"
    """For the page and for GLB files, with shades."""
    LOW = "lowPack"
    """For pictures and the terminal."""


@frozen
class Pack:
    """A packed mesh file and the digest it must have."""

    file: Traversable
    sha256: str

    def read(self) -> list[Mesh]:
        """Decode the file.

        Raises:
            CorruptItem: it is missing, or is not the file that was published.
        """
        try:
            data = self.file.read_bytes()
        except OSError as missing:
            raise CorruptItem(f"the mesh file {self.file.name} cannot be read; install again") from missing
        if hashlib.sha256(data).hexdigest() != self.sha256:
            raise CorruptItem(f"the mesh file {self.file.name} was altered; install again")
        return pack.decode(data)


@frozen
class Place:
    """Where a part goes, as far as its artist says so.

    Attributes:
        comes_from: the direction it comes from; None for one that is there first.
        lying: how it lies on the bed.
        at: where it is joined to the parts before it, in millimetres.
        color: ``#RRGGBB``.
    """

    comes_from: Vector | None = None
    lying: Lying | None = None
    at: Vector = (0.0, 0.0, 0.0)
    color: str = STONE


@frozen(kw_only=True)
class Part:
    """One part: its entry in the catalogue, and its geometry.

    Attributes:
        at: where it is joined to the parts before it, in millimetres.
        direction: from there, the unit vector to where it comes from when it is put on.
        lying: how it lies on the bed.
        needs_supports: whether it prints only with supports.
    """

    entry: ModelPart
    at: Vector
    direction: Vector
    lying: Lying
    needs_supports: bool

    @property
    def name(self) -> str:
        """The part's name."""
        return self.entry.part_name


@frozen(kw_only=True)
class Statue:
    """A statue that can be drawn and printed."""

    model: StatueModel
    materials: tuple[Material, ...]
    parts: tuple[Part, ...]
    packs: Mapping[Detail, Pack]

    @property
    def title(self) -> str:
        """Its name and its year."""
        return self.model.name if self.model.year is None else f"{self.model.name} {self.model.year}"

    def meshes(self, detail: Detail) -> tuple[Mesh, ...]:
        """The meshes of all parts, in order. Reads and decodes the file at each call.

        Raises:
            CorruptItem: the file is missing, altered, or not this statue's.
        """
        meshes = self.packs[detail].read()
        used = {area.material for mesh in meshes for area in mesh.areas}
        if len(meshes) != len(self.parts) or max(used) >= len(self.materials):
            name = self.packs[detail].file.name
            raise CorruptItem(f"{name} does not have the parts and materials of {self.model.model_id}")
        return tuple(meshes)


def read_statue(file: Traversable, folder: Traversable) -> Statue:
    """A definition with its geometry; `folder` has the packs.

    Raises:
        CorruptItem: a value is missing, of the wrong kind, or out of range.
    """
    model = read_model(file)
    document = read_document(file)
    try:
        entries = document["parts"]
        return Statue(
            model=model,
            materials=_materials(document["materials"]),
            parts=tuple(_part(*pair) for pair in zip(model.parts, entries, strict=True)),
            packs={each: _pack(document[each.value], folder) for each in Detail},
        )
    except KeyError as missing:
        raise CorruptItem(f"the statue {file.name} has no {missing.args[0]!r}") from missing
    except (ValueError, TypeError) as invalid:
        raise CorruptItem(f"the geometry of the statue {file.name} is not valid: {invalid}") from invalid


def read_places(file: Traversable) -> list[Place]:
    """The places of a definition's parts, for statues without packs.

    Raises:
        CorruptItem: a value is missing, of the wrong kind, or out of range.
    """
    try:
        return [_place(entry) for entry in read_document(file)["parts"]]
    except KeyError as missing:
        raise CorruptItem(f"the statue {file.name} has no {missing.args[0]!r}") from missing
    except (ValueError, TypeError, AttributeError) as invalid:
        raise CorruptItem(f"the geometry of the statue {file.name} is not valid: {invalid}") from invalid


def _place(entry: Mapping[str, Any]) -> Place:
    attach, bed = entry.get("attach"), entry.get("bed")
    for name, value in (("attach", attach), ("bed", bed)):
        if value is not None and not isinstance(value, dict):
            raise ValueError(f"{name!r} of a part is not an object of names and values")
    return Place(
        None if attach is None else _direction(attach["direction"]),
        None if bed is None else _lying(_direction(bed["up"]), _direction(bed["right"])),
        (0.0, 0.0, 0.0) if attach is None else _vector(attach.get("at", [0, 0, 0])),
        match(_COLOR, entry.get("color", STONE)),
    )


def _materials(entries: Sequence[Mapping[str, Any]]) -> tuple[Material, ...]:
    if not isinstance(entries, list) or not 1 <= len(entries) <= MATERIALS_MAX:
        raise ValueError(f"a statue has 1 to {MATERIALS_MAX} materials")
    for each in entries:
        check_name(each["name"])
    return tuple(
        Material(each["name"], match(_COLOR, each["color"]), each.get("isMetal") is True) for each in entries
    )


def _part(entry: ModelPart, geometry: Mapping[str, Any]) -> Part:
    attach, bed = geometry["attach"], geometry["bed"]
    return Part(
        entry=entry,
        at=_vector(attach["at"]),
        direction=_direction(attach["direction"]),
        lying=_lying(_direction(bed["up"]), _direction(bed["right"])),
        needs_supports=bed["needsSupports"] is True,
    )


def _vector(numbers: object) -> Vector:
    match numbers:
        case [int() | float() as x, int() | float() as y, int() | float() as z] if all(
            abs(each) <= NUMBER_MAX for each in (x, y, z)
        ):
            return float(x), float(y), float(z)
    raise ValueError(f"{str(numbers)[:80]} is not three numbers up to {NUMBER_MAX}")


def _direction(numbers: object) -> Vector:
    vector = _vector(numbers)
    if abs(math.hypot(*vector) - 1) > UNIT_ERROR_MAX:
        raise ValueError(f"{vector} is not a direction of length 1")
    return vector


def _lying(up: Vector, right: Vector) -> Lying:
    if abs(dot(up, right)) > PARALLEL_MIN:
        raise ValueError(f"a part cannot lie with {up} up and {right} to the right: they are parallel")
    return Lying(up, right)


def _pack(entry: Mapping[str, Any], folder: Traversable) -> Pack:
    return Pack(folder / match(FILE, entry["file"]), match(_SHA256, entry["sha256"]))
