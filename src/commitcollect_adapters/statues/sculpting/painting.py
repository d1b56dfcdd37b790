"""A second colour on a part.

Triangles are split where a field is zero, and what is inside gets another material.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from attrs import frozen
from manifold3d import Manifold

from commitcollect_adapters.statues.sculpting.fields import Array, Samples
from commitcollect_adapters.statues.sculpting.polygonising import Index
from commitcollect_adapters.statues.sculpting.shapes import as_arrays

SNAP_MM = 0.15
"""An edge that is crossed nearer to its end than this is not split; its end becomes the border."""
_HALVINGS = 5
_LONG_MM, _BENT_MM = 6.0, 0.4
"""Longer edges are halved near a border that bends by more than this between their ends."""
_NEAR_MM = 4.0
"""Farther from a painted solid its field is not computed."""
_SKIN_MM = 0.4
"""How far a border lies outside the solid that is painted."""


@frozen(eq=False)
class Paint:
    """A material, and the field that is negative where it goes."""

    material: int
    field: Callable[[Samples], Array]


@frozen(eq=False)
class Painted:
    """A surface of several materials, one number for each triangle."""

    vertices: Array
    triangles: Index
    materials: Index


def painted(part: Manifold, main: int, paints: Iterable[Paint], snap: float = SNAP_MM) -> Painted:
    """The surface of a part; later paints cover earlier ones."""
    vertices, triangles = as_arrays(part)
    surface = Painted(vertices, triangles, np.full(len(triangles), main))
    for paint in paints:
        for _ in range(_HALVINGS if snap < _LONG_MM / 4 else 0):
            surface = _refined(surface, paint)
        surface = _cover(surface, paint, snap)
    order = np.argsort(surface.materials, kind="stable")
    return Painted(surface.vertices, surface.triangles[order], surface.materials[order])


def solids(parts: Iterable[Manifold]) -> Callable[[Samples], Array]:
    """The field of convex solids, a little outside them: for claws, horns and fins."""
    planes = [_planes(part) for part in parts]

    def field(at: Samples) -> Array:
        points = np.stack([at.x, at.y, at.z], 1)
        nearest = np.full(len(points), _NEAR_MM)
        for (low, high), normals, offsets in planes:
            close = np.flatnonzero(((points > low) & (points < high)).all(axis=1))
            distance = _heights(points[close], normals, offsets).max(axis=1, initial=-np.inf)
            nearest[close] = np.minimum(nearest[close], distance)
        return np.asarray(nearest - _SKIN_MM)

    return field


def _heights(points: Array, normals: Array, offsets: Array) -> Array:
    """How far each point is above each plane; not through BLAS, see `fields.dot`."""
    return np.asarray(sum(points[:, axis, None] * normals[None, :, axis] for axis in range(3)) - offsets)


def _planes(part: Manifold) -> tuple[tuple[Array, Array], Array, Array]:
    """The box around a convex solid, and the planes of its faces."""
    vertices, triangles = as_arrays(part)
    box = vertices.min(axis=0) - _NEAR_MM, vertices.max(axis=0) + _NEAR_MM
    corners = vertices[triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    length = np.sqrt((normals * normals).sum(axis=1))
    normals, corners = normals[length > 1e-6] / length[length > 1e-6, None], corners[length > 1e-6]
    return box, normals, (normals * corners[:, 0]).sum(axis=1)


def _refined(surface: Painted, paint: Paint) -> Painted:
    """Halve long edges near a bent border: a field is only known at the vertices, and flat faces have few."""
    edges, of_triangle = _edges(surface.triangles)
    a, b = surface.vertices[edges[:, 0]], surface.vertices[edges[:, 1]]
    length = np.sqrt(((b - a) ** 2).sum(axis=1))
    start, middle, end = (paint.field(Samples(*points.T)) for points in (a, (a + b) / 2, b))
    bent = np.abs(middle - (start + end) / 2) > _BENT_MM
    near = np.minimum.reduce([np.abs(start), np.abs(middle), np.abs(end)]) < length
    halved = (length > _LONG_MM) & bent & near
    cut = np.full(len(edges), -1)
    cut[halved] = len(surface.vertices) + np.arange(halved.sum())
    vertices = np.concatenate([surface.vertices, ((a + b) / 2)[halved]])
    triangles, source = _split(surface.triangles, cut[of_triangle])
    return Painted(vertices, triangles, surface.materials[source])


def _cover(surface: Painted, paint: Paint, snap: float) -> Painted:
    x, y, z = surface.vertices.T
    values = np.array(paint.field(Samples(x, y, z)), float)
    edges, of_triangle = _edges(surface.triangles)
    values = _snapped(surface.vertices, edges, values, snap)
    crossed = values[edges[:, 0]] * values[edges[:, 1]] < 0
    cut = np.full(len(edges), -1)
    cut[crossed] = len(values) + np.arange(crossed.sum())
    a, b = edges[crossed].T
    share = (values[a] / (values[a] - values[b]))[:, None]
    vertices = np.concatenate(
        [surface.vertices, surface.vertices[a] * (1 - share) + surface.vertices[b] * share]
    )
    triangles, source = _split(surface.triangles, cut[of_triangle])
    # The corners of a large flat triangle may all lie in the colour while the triangle does not.
    x, y, z = vertices[triangles].mean(axis=1).T
    inside = paint.field(Samples(x, y, z)) < 0
    materials = np.where(inside, paint.material, surface.materials[source])
    return Painted(vertices, triangles, materials)


def _edges(triangles: Index) -> tuple[Index, Index]:
    """Every edge once, and for each triangle the numbers of its three edges."""
    pairs = np.sort(
        np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=1
    )
    edges, number = np.unique(pairs, axis=0, return_inverse=True)
    return edges, number.reshape(3, -1).T


def _snapped(vertices: Array, edges: Index, values: Array, snap: float) -> Array:
    """Vertices so near to the border that a split would leave a sliver are put on it."""
    a, b = edges.T
    crossed = values[a] * values[b] < 0
    a, b = a[crossed], b[crossed]
    span = vertices[b] - vertices[a]
    length = np.sqrt((span * span).sum(axis=1))
    share = values[a] / (values[a] - values[b])
    snapped = values.copy()
    snapped[a[share * length < snap]] = 0.0
    snapped[b[(1 - share) * length < snap]] = 0.0
    return snapped


def _split(triangles: Index, cuts: Index) -> tuple[Index, Index]:
    """Triangles cut along new vertices on their edges (-1 for none), and the one each came from."""
    done: list[tuple[int, int, int]] = []
    source: list[int] = []
    whole = (cuts < 0).all(axis=1)
    for index in np.flatnonzero(~whole):
        pieces = _pieces(*map(int, triangles[index]), *map(int, cuts[index]))
        done.extend(pieces)
        source.extend([int(index)] * len(pieces))
    new = np.array(done, np.int64).reshape(-1, 3)
    return (
        np.concatenate([triangles[whole], new]),
        np.concatenate([np.flatnonzero(whole), np.array(source, np.int64)]),
    )


def _pieces(a: int, b: int, c: int, ab: int, bc: int, ca: int) -> list[tuple[int, int, int]]:
    """A border crosses one edge and the opposite vertex, or two edges; halving may cut all three."""
    if min(ab, bc, ca) >= 0:
        return [(a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)]
    for _ in range(3):
        if ab >= 0 and bc < 0 and ca < 0:
            return [(a, ab, c), (ab, b, c)]
        if ab >= 0 and ca >= 0:
            return [(a, ab, ca), (ab, b, c), (ab, c, ca)]
        a, b, c, ab, bc, ca = b, c, a, bc, ca, ab
    return [(a, b, c)]
