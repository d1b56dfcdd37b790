"""Marching tetrahedra: the triangles of a field's surface.

Each cube is cut into the six tetrahedra around its diagonal (Freudenthal), the same way in every cube, so
that faces always meet. Unlike marching cubes it has no ambiguous case:
the surface is always a closed manifold.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from commitcollect_adapters.statues.sculpting.fields import Array, Grid

Index = NDArray[np.int64]

_CUBE = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 1], [1, 0, 1], [0, 1, 1], [1, 1, 1]])
_TETRAHEDRA = ((0, 1, 3, 7), (0, 3, 2, 7), (0, 2, 6, 7), (0, 6, 4, 7), (0, 4, 5, 7), (0, 5, 1, 7))
_OTHERS = np.array([[1, 2, 3], [0, 3, 2], [0, 1, 3], [0, 2, 1]])
"""For each corner of a tetrahedron the three others, so that turning keeps the handedness."""
_PAIRS = (
    ((0, 1), (2, 3)),
    ((0, 2), (3, 1)),
    ((0, 3), (1, 2)),
    ((1, 2), (0, 3)),
    ((1, 3), (2, 0)),
    ((2, 3), (0, 1)),
)
_NEAR_SAMPLE = 1e-3
"""A surface nearer to a sample than this share of the step is moved away: no vertex lies on a sample."""
_ON_EDGE_MIN = 0.02


def surface(grid: Grid, field: Array) -> tuple[Array, Index]:
    """Vertices and triangles where the field is 0, wound outwards."""
    values = _closed(grid, field)
    edges = np.concatenate([_cut(values, each) for each in _tetrahedra(values)])
    edges.sort(axis=2)
    flat, size = values.ravel(), values.size
    keys, numbers = np.unique((edges[:, :, 0] * size + edges[:, :, 1]).ravel(), return_inverse=True)
    first, second = keys // size, keys % size
    share = np.clip(flat[first] / (flat[first] - flat[second]), _ON_EDGE_MIN, 1 - _ON_EDGE_MIN)[:, None]
    start, end = _places(grid, first), _places(grid, second)
    vertices = start + share * (end - start)
    triangles = numbers.reshape(-1, 3).astype(np.int64)
    corners = vertices[triangles]
    # All tetrahedra have the same handedness, so the whole surface is right or the whole of it is inside out.
    volume = np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum()
    return vertices, triangles if volume > 0 else triangles[:, ::-1]


def _closed(grid: Grid, field: Array) -> Array:
    """A copy that is outside on the border and nowhere zero."""
    values = np.array(np.broadcast_to(field, grid.counts), float)
    for axis in range(3):
        for end in (0, -1):
            border = np.moveaxis(values, axis, 0)[end]
            np.maximum(border, grid.step * 0.5, out=border)
    values[np.abs(values) < _NEAR_SAMPLE * grid.step] = _NEAR_SAMPLE * grid.step
    return values


def _tetrahedra(values: Array) -> list[Index]:
    """Corner numbers of the tetrahedra of every cube that the surface crosses."""
    nx, ny, nz = values.shape
    inside = values < 0
    views = [inside[x : nx - 1 + x, y : ny - 1 + y, z : nz - 1 + z] for x, y, z in _CUBE]
    crossed = np.logical_or.reduce(views) & ~np.logical_and.reduce(views)
    cubes = np.arange(values.size).reshape(values.shape)[:-1, :-1, :-1][crossed]
    steps = _CUBE @ np.array([ny * nz, nz, 1])
    return [cubes[:, None] + steps[list(each)][None, :] for each in _TETRAHEDRA]


def _cut(values: Array, corners: Index) -> Index:
    """Triangles of one kind of tetrahedron; each corner of a triangle is an edge between two samples."""
    inside = values.ravel()[corners] < 0
    count = inside.sum(axis=1)
    found = [np.empty((0, 3, 2), np.int64)]
    for alone, outwards in ((1, True), (3, False)):
        rows, marks = corners[count == alone], inside[count == alone]
        which = (marks if outwards else ~marks).argmax(axis=1)
        tip = rows[np.arange(len(rows)), which]
        others = np.take_along_axis(rows, _OTHERS[which], 1)
        triangle = np.stack([np.stack([tip, others[:, each]], 1) for each in range(3)], 1)
        found.append(triangle if outwards else triangle[:, ::-1])
    rows, marks = corners[count == 2], inside[count == 2]
    for (i, j), (k, m) in _PAIRS:
        a, b, c, d = (rows[marks[:, i] & marks[:, j]][:, each] for each in (i, j, k, m))
        quad = [np.stack(edge, 1) for edge in ((a, c), (a, d), (b, d), (b, c))]
        found += [np.stack([quad[0], quad[1], quad[2]], 1), np.stack([quad[0], quad[2], quad[3]], 1)]
    return np.concatenate(found)


def _places(grid: Grid, samples: Index) -> Array:
    _, ny, nz = grid.counts
    return np.stack([samples // (ny * nz), (samples // nz) % ny, samples % nz], 1) * grid.step + grid.low
