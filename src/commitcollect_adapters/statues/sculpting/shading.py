"""How open to light each vertex is, for drawing: the statue as a grid of filled cells, blurred."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from attrs import frozen
from manifold3d import Manifold
from numpy.typing import NDArray

from commitcollect_adapters.statues.sculpting.fields import Array
from commitcollect_adapters.statues.sculpting.fitting import vertex_normals
from commitcollect_adapters.statues.sculpting.polygonising import Index

_CELL = 2.0
_MARGIN = 32.0
_REACHES = (1, 3, 6)
"""Blur radii in cells: creases, limbs, the whole."""
_STRENGTH = 1.55


@frozen(eq=False)
class _Cells:
    """Which cells of a box are filled."""

    low: Array
    filled: NDArray[np.float32]


def shades(parts: Sequence[Manifold], meshes: Sequence[tuple[Array, Index]]) -> list[NDArray[np.uint8]]:
    """0 (hidden) to 255 (open) for each vertex of each part's mesh.

    Half of it is measured among the parts that are there when this one is earned: a face that a later part
    will hide is not black before.
    """
    cells = _empty(meshes)
    measured = []
    for part, (vertices, triangles) in zip(parts, meshes, strict=True):
        _fill(cells, part)
        measured.append(_open(cells, vertices, vertex_normals(vertices, triangles)))
    both = (
        (first + _open(cells, vertices, vertex_normals(vertices, triangles))) / 2
        for first, (vertices, triangles) in zip(measured, meshes, strict=True)
    )
    return [np.round(255 * share).astype(np.uint8) for share in both]


def _empty(meshes: Sequence[tuple[Array, Index]]) -> _Cells:
    """All cells of the statue's box and around it; those below the table are filled."""
    points = np.concatenate([vertices for vertices, _ in meshes])
    low = points.min(axis=0) - _MARGIN
    counts = np.ceil((points.max(axis=0) + _MARGIN - low) / _CELL).astype(int)
    filled = np.zeros(counts, np.float32)
    filled[:, :, : int(-low[2] / _CELL)] = 1
    return _Cells(low, filled)


def _fill(cells: _Cells, part: Manifold) -> None:
    xs, ys = (cells.low[axis] + _CELL * np.arange(cells.filled.shape[axis]) for axis in (0, 1))
    box = part.bounding_box()
    for layer in range(cells.filled.shape[2]):
        z = cells.low[2] + _CELL * layer + 0.013
        if box[2] < z < box[5]:
            inside = np.zeros((len(xs), len(ys)), bool)
            for outline in part.slice(z).to_polygons():
                _toggle(inside, np.asarray(outline), xs, ys)
            cells.filled[:, :, layer] = np.maximum(cells.filled[:, :, layer], inside)


def _toggle(inside: NDArray[np.bool_], outline: Array, xs: Array, ys: Array) -> None:
    """Even-odd: every edge turns over all cells to the right of it."""
    for (ax, ay), (bx, by) in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        rows = np.flatnonzero((ys >= min(ay, by)) & (ys < max(ay, by)))
        if len(rows):
            crossing = ax + (ys[rows] - ay) / (by - ay) * (bx - ax)
            inside[:, rows] ^= xs[:, None] > crossing[None, :]


def _open(cells: _Cells, points: Array, normals: Array) -> Array:
    hidden = np.zeros(len(points))
    for reach in _REACHES:
        blurred = _blurred(_blurred(cells.filled, reach), reach)
        place = (points + normals * _CELL * (reach + 0.8) * 1.15 - cells.low) / _CELL
        hidden += _between(blurred, place)
    return np.asarray(np.clip(1 - hidden / len(_REACHES) * _STRENGTH, 0, 1))


def _blurred(values: NDArray[np.float32], reach: int) -> NDArray[np.float32]:
    """A box blur along each axis, by running sums."""
    for axis in range(3):
        start = np.zeros_like(values.take([0], axis))
        sums = np.cumsum(np.concatenate([start, values], axis), axis, dtype=np.float64)
        index = np.arange(values.shape[axis])
        end, begin = np.minimum(index + reach + 1, values.shape[axis]), np.maximum(index - reach, 0)
        values = ((sums.take(end, axis) - sums.take(begin, axis)) / (2 * reach + 1)).astype(np.float32)
    return values


def _between(values: NDArray[np.float32], place: Array) -> Array:
    """Trilinear interpolation."""
    cell = np.clip(np.floor(place).astype(int), 0, np.array(values.shape) - 2)
    share = place - cell
    total = np.zeros(len(place))
    for corner in np.ndindex(2, 2, 2):
        i, j, k = (cell + corner).T
        total += values[i, j, k] * np.abs(1 - np.array(corner) - share).prod(axis=1)
    return total
