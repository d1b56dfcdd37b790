"""Files of a statue to keep, print or share: which parts, in which format, and notes for printing."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Sequence
from enum import Enum

from attrs import frozen

from commitcollect_adapters.statues import glb, stl, threemf
from commitcollect_adapters.statues.definitions import Detail, Part, Statue
from commitcollect_adapters.statues.meshes import Mesh, Vector
from commitcollect_adapters.statues.placing import Laid, Placement, lay
from commitcollect_adapters.statues.plates import Bed, Spot, share_out
from commitcollect_core.errors import CorruptItem

_STL_COUNT_AT = stl.HEADER_BYTES
_STL_FACETS_AT = stl.HEADER_BYTES + 4


class Format(Enum):
    """What a slicer or a viewer reads."""

    STL = "stl"
    THREEMF = "3mf"
    GLB = "glb"


class Layout(Enum):
    """How the parts lie in the file: put together, or on printer beds."""

    ASSEMBLED = "assembled"
    PLATES = "plates"


@frozen
class File:
    """A file to write."""

    name: str
    content: bytes


@frozen
class Shape:
    """A part with its mesh."""

    part: Part
    mesh: Mesh

    @property
    def index(self) -> int:
        """The part's number."""
        return self.part.entry.part_index

    @property
    def laid(self) -> Laid:
        """The part on a bed."""
        return lay(self.mesh, self.part.lying)


def shapes(statue: Statue, indices: Sequence[int], detail: Detail) -> tuple[Shape, ...]:
    """The parts with these numbers, in order, in that detail.

    Raises:
        CorruptItem: the statue's mesh file is missing or altered.
    """
    meshes = statue.meshes(detail)
    return tuple(Shape(statue.parts[index - 1], meshes[index - 1]) for index in sorted(indices))


def height_mm(chosen: Sequence[Shape]) -> float:
    """How tall parts are when they are put together."""
    bounds = [shape.mesh.bounds_mm() for shape in chosen]
    return max(high[2] for _, high in bounds) - min(low[2] for low, _ in bounds)


def size_mm(mesh: Mesh) -> Vector:
    """Width, depth and height in the statue."""
    low, high = mesh.bounds_mm()
    return high[0] - low[0], high[1] - low[1], high[2] - low[2]


def files(
    statue: Statue, chosen: Sequence[Shape], kind: Format, layout: Layout, bed: Bed
) -> tuple[File, ...]:
    """The files of these parts: one, or one for each part or plate.

    Raises:
        InvalidInput: a part does not fit the bed (``bed_too_small``).
        CorruptItem: a part's STL file would not be the one that the catalogue pins.
    """
    stem = statue.model.model_id.lower()
    if layout is Layout.PLATES:
        return tuple(_plate_files(statue, chosen, kind, bed, stem))
    match kind:
        case Format.STL:
            return tuple(File(shape.part.entry.mesh_file, _pinned_stl(shape)) for shape in chosen)
        case Format.THREEMF:
            items = [threemf.Item(shape.part.name, shape.mesh) for shape in chosen]
            return (File(f"{stem}.3mf", threemf.write(statue.title, items, statue.materials)),)
        case Format.GLB:
            return (File(f"{stem}.glb", glb_file(statue, chosen)),)


def _pinned_stl(shape: Shape) -> bytes:
    """The part's STL file, which must be the one that the catalogue promises."""
    content = stl.write(shape.part.name, shape.mesh)
    pin = shape.part.entry.mesh_sha256
    if pin is not None and hashlib.sha256(content).hexdigest() != pin:
        raise CorruptItem(
            f"the mesh of {shape.part.name} is not the one that the catalogue pins; install again"
        )
    return content


def glb_file(statue: Statue, chosen: Sequence[Shape]) -> bytes:
    """These parts as one GLB file."""
    items = [glb.Item(shape.index, shape.part.name, shape.mesh) for shape in chosen]
    return glb.write(statue.title, items, statue.materials)


def _plate_files(
    statue: Statue, chosen: Sequence[Shape], kind: Format, bed: Bed, stem: str
) -> Iterator[File]:
    laid = [shape.laid for shape in chosen]
    for number, spots in enumerate(share_out(laid, bed, [shape.part.name for shape in chosen]), 1):
        placed = [(chosen[spot.item], _on_spot(laid[spot.item], spot)) for spot in spots]
        name = f"{stem}_plate_{number}.{kind.value}"
        if kind is Format.STL:
            yield File(name, _joined(placed))
        else:
            items = [threemf.Item(shape.part.name, shape.mesh, place) for shape, place in placed]
            yield File(name, threemf.write(f"{statue.title}, plate {number}", items, statue.materials))


def _on_spot(laid: Laid, spot: Spot) -> Placement:
    return laid.placement.shifted(spot.x, spot.y)


def _joined(placed: Sequence[tuple[Shape, Placement]]) -> bytes:
    """Several parts in one STL file: it knows no parts, so their triangles follow one another."""
    names = ", ".join(shape.part.name for shape, _ in placed)
    single = [stl.write(names, shape.mesh, place) for shape, place in placed]
    total = sum(shape.mesh.triangles_total for shape, _ in placed)
    facets = b"".join(each[_STL_FACETS_AT:] for each in single)
    return single[0][:_STL_COUNT_AT] + struct.pack("<I", total) + facets
