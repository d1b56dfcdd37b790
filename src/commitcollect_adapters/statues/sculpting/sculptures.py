"""What a statue's module offers to be baked."""

from __future__ import annotations

from collections.abc import Callable

from attrs import field, frozen
from manifold3d import Manifold
from numpy.typing import ArrayLike

from commitcollect_adapters.statues.sculpting.painting import Paint


@frozen(eq=False, kw_only=True)
class Part:
    """One part in its place in the statue: millimetres, Z up, the creature looks to -Y.

    Attributes:
        material: of what is not painted otherwise.
        at: where it is joined to the parts before it.
        comes_from: the direction it comes from when it is put on.
        up, right: the directions that point up and to the right where it lies on a printer's bed.
    """

    solid: Manifold
    material: int
    at: ArrayLike
    comes_from: ArrayLike = (0.0, 0.0, 1.0)
    up: ArrayLike = (0.0, 0.0, 1.0)
    right: ArrayLike = (1.0, 0.0, 0.0)
    paints: tuple[Paint, ...] = field(default=())


@frozen(eq=False)
class Sculpture:
    """A statue as a program.

    Attributes:
        model_id: names the definition in the catalogue.
        sculpt: makes the parts, in the order they are earned, for a clearance in millimetres.
    """

    model_id: str
    sculpt: Callable[[float], list[Part]]
