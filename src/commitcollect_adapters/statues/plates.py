"""Parts shared out to printer beds: shelves, the deepest parts first."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define, field, frozen

from commitcollect_adapters.statues.meshes import Vector
from commitcollect_adapters.statues.placing import Laid
from commitcollect_core.errors import InvalidInput

GAP_MM = 6.0
"""Between two parts on a bed; leaves room for a brim."""
_DUST = 1e-6


@frozen
class Bed:
    """A printer's bed, in millimetres."""

    width: float = 180.0
    depth: float = 180.0


@frozen
class Spot:
    """Where one part goes: the near left corner of its box, in millimetres.

    Attributes:
        item: index into the parts that were given.
    """

    item: int
    x: float
    y: float


@define
class _Shelf:
    y: float
    depth: float
    used: float = 0.0
    spots: list[Spot] = field(factory=list)


def share_out(parts: Sequence[Laid], bed: Bed, names: Sequence[str]) -> list[tuple[Spot, ...]]:
    """One tuple of spots for each bed that is needed.

    Raises:
        InvalidInput: a part is larger than the bed (``bed_too_small``).
    """
    sizes = [each.size for each in parts]
    plates: list[list[_Shelf]] = []
    for item in sorted(range(len(sizes)), key=lambda each: (-sizes[each][1], each)):
        if sizes[item][0] > bed.width + _DUST or sizes[item][1] > bed.depth + _DUST:
            raise _too_small(bed, names[item], sizes[item])
        if not any(_add(plate, item, sizes[item], bed) for plate in plates):
            plates.append([])
            _add(plates[-1], item, sizes[item], bed)
    return [tuple(spot for shelf in plate for spot in shelf.spots) for plate in plates]


def _add(plate: list[_Shelf], item: int, size: Vector, bed: Bed) -> bool:
    """Put the part on the first shelf with room, or on a new one behind the last."""
    for shelf in plate:
        if size[1] <= shelf.depth + _DUST and shelf.used + size[0] <= bed.width + _DUST:
            return _put(shelf, item, size[0])
    back = plate[-1].y + plate[-1].depth + GAP_MM if plate else 0.0
    if back + size[1] > bed.depth + _DUST:
        return False
    plate.append(_Shelf(back, size[1]))
    return _put(plate[-1], item, size[0])


def _put(shelf: _Shelf, item: int, width: float) -> bool:
    shelf.spots.append(Spot(item, shelf.used, shelf.y))
    shelf.used += width + GAP_MM
    return True


def _too_small(bed: Bed, name: str, size: Vector) -> InvalidInput:
    return InvalidInput(
        f"{name} needs {size[0]:.0f} x {size[1]:.0f} mm, and the bed has "
        f"{bed.width:.0f} x {bed.depth:.0f} mm; give the size of a larger bed",
        code="bed_too_small",
        field="bed",
    )
