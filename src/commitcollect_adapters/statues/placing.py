"""Turning a part from its place in the statue to its place on a printer's bed."""

from __future__ import annotations

import math
from collections.abc import Iterable

from attrs import frozen

from commitcollect_adapters.statues.meshes import Mesh, Vector


@frozen
class Placement:
    """A rotation and then a shift, in millimetres.

    Attributes:
        rows: the rotation matrix by rows.
        shift: what is added to the rotated point.
    """

    rows: tuple[Vector, Vector, Vector] = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    shift: Vector = (0.0, 0.0, 0.0)

    def moved(self, points: Iterable[Vector]) -> list[Vector]:
        """Move points."""
        (ax, ay, az), (bx, by, bz), (cx, cy, cz) = self.rows
        dx, dy, dz = self.shift
        return [
            (
                ax * x + ay * y + az * z + dx,
                bx * x + by * y + bz * z + dy,
                cx * x + cy * y + cz * z + dz,
            )
            for x, y, z in points
        ]

    def shifted(self, x: float, y: float, z: float = 0.0) -> Placement:
        """The same rotation, shifted further."""
        dx, dy, dz = self.shift
        return Placement(self.rows, (dx + x, dy + y, dz + z))


@frozen
class Lying:
    """How a part lies on the bed.

    Attributes:
        up: the direction, in the statue, that points up from the bed.
        right: the direction, in the statue, that points along the bed's x; only its share across `up` counts.
    """

    up: Vector = (0.0, 0.0, 1.0)
    right: Vector = (1.0, 0.0, 0.0)


@frozen
class Laid:
    """A part on the bed, its box beginning at the origin.

    Attributes:
        placement: what takes it there.
        size: width, depth and height of its box, in millimetres.
    """

    placement: Placement
    size: Vector


def lay(mesh: Mesh, lying: Lying) -> Laid:
    """Turn a part as it lies, and shift it so that its box begins at the origin."""
    turned = Placement(_rows(lying))
    points = turned.moved(mesh.points_mm())
    low, high = ([of(axis) for axis in zip(*points, strict=True)] for of in (min, max))
    size = tuple(top - bottom for top, bottom in zip(high, low, strict=True))
    return Laid(turned.shifted(-low[0], -low[1], -low[2]), (size[0], size[1], size[2]))


def _rows(lying: Lying) -> tuple[Vector, Vector, Vector]:
    up = _unit(lying.up)
    along = dot(lying.right, up)
    x, y, z = (each - along * share for each, share in zip(lying.right, up, strict=True))
    right = _unit((x, y, z))
    back = (
        up[1] * right[2] - up[2] * right[1],
        up[2] * right[0] - up[0] * right[2],
        up[0] * right[1] - up[1] * right[0],
    )
    return right, back, up


def _unit(vector: Vector) -> Vector:
    length = math.hypot(*vector)
    return vector[0] / length, vector[1] / length, vector[2] / length


def dot(a: Vector, b: Vector) -> float:
    """The scalar product."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
