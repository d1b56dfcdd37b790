"""Making parts that can be put together, and surfaces that survive a file without indices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from attrs import frozen
from manifold3d import Manifold
from numpy.typing import ArrayLike

from commitcollect_adapters.statues.sculpting.fields import Array
from commitcollect_adapters.statues.sculpting.polygonising import Index
from commitcollect_adapters.statues.sculpting.shapes import hull, largest, peg, simplified, union

CLEARANCE_MM = 0.2
"""Room on each side of a peg in its socket; the coupon helps to find what suits a printer."""
SKIN_MM = 0.08
"""Half of the gap between two mating faces."""
_SWEEP_MM = (0.25, 0.5, 1, 1.5, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 17, 20, 24, 28, 33, 38, 44)
_TOUCH_MM3 = 1e-4
_SMOOTH_MM = 0.02
_MICROMETRES = 1000.0


@frozen(eq=False)
class Joint:
    """A peg on the part that is there first, and a socket in the one that comes.

    The later part then lies on its flat mating face where it is printed.
    """

    at: ArrayLike
    direction: ArrayLike
    length: float
    side: float
    clearance: float = CLEARANCE_MM

    @property
    def peg(self) -> Manifold:
        """What is added to the earlier part."""
        return peg(self.at, self.direction, self.length, self.side)

    @property
    def socket(self) -> Manifold:
        """What is taken from the later part."""
        return peg(self.at, self.direction, self.length, self.side, self.clearance)

    def channel(self, way: ArrayLike) -> Manifold:
        """A socket that is open along a way, for a part that does not come along the peg."""
        shift = np.asarray(way, float)
        return union([self.socket, self.socket.translate(tuple(shift))]).hull()

    def between(self, earlier: Manifold, later: Manifold) -> tuple[Manifold, Manifold]:
        """Both parts with their halves of the joint."""
        return earlier + self.peg, later - self.socket


def insertable(parts: Mapping[str, Manifold], ways: Mapping[str, ArrayLike]) -> dict[str, Manifold]:
    """Carve from every part, in order, what it would pass through on its way in."""
    done: dict[str, Manifold] = {}
    for name, part in parts.items():
        way = np.asarray(ways[name], float)
        smooth = simplified(_carved(part, done.values(), way), _SMOOTH_MM)
        # Simplifying moves the surface, perhaps back into the way.
        done[name] = largest(_carved(smooth, done.values(), way))
    return done


def _carved(part: Manifold, others: Iterable[Manifold], way: Array) -> Manifold:
    for other in others:
        swept = [
            other.translate(tuple(-way * far))
            for far in _SWEEP_MM
            if (part.translate(tuple(way * far)) ^ other).volume() > _TOUCH_MM3
        ]
        if swept:
            part = part - union(swept)
    return part


def apart(vertices: Array, triangles: Index) -> Array:
    """The vertices in whole micrometres, no two at one place.

    Booleans may leave two vertices of one solid in the same place. In STL, which has no indices, they would
    become one, and the surface would no longer be a manifold. So they move inwards, by different amounts.
    """
    moved = vertices
    for _ in range(8):
        moved = np.round(moved * _MICROMETRES) / _MICROMETRES
        _, place, count = np.unique(moved, axis=0, return_inverse=True, return_counts=True)
        shared = np.flatnonzero(count[place.ravel()] > 1)
        if not len(shared):
            break
        inwards = -vertex_normals(moved, triangles)[shared]
        moved[shared] += inwards * (0.004 + 0.003 * (np.arange(len(shared)) % 5))[:, None]
    return moved


def vertex_normals(vertices: Array, triangles: Index) -> Array:
    """A unit vector outwards for each vertex."""
    corners = vertices[triangles]
    faces = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    sums = np.zeros_like(vertices)
    for corner in range(3):
        for axis in range(3):
            sums[:, axis] += np.bincount(
                triangles[:, corner], weights=faces[:, axis], minlength=len(vertices)
            )
    return np.asarray(sums / np.maximum(np.sqrt((sums * sums).sum(axis=1, keepdims=True)), 1e-12))


def box(low: ArrayLike, high: ArrayLike) -> Manifold:
    """A box between two corners."""
    ends = np.asarray([low, high], float)
    return hull([ends[i, 0], ends[j, 1], ends[k, 2]] for i in (0, 1) for j in (0, 1) for k in (0, 1))
