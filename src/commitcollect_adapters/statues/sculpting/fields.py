"""Signed distance fields, sampled on a grid: negative inside, in millimetres."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from attrs import frozen
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

FAR = 14.0
"""A tube's field is exact only nearer than this, in millimetres: farther samples are not computed."""
_RADIUS_MIN = 0.45
_TINY = 1e-9


def dot(a: ArrayLike, b: ArrayLike) -> float:
    """The scalar product. numpy's own goes through BLAS, whose last bits depend on the processor."""
    return float(sum(x * y for x, y in zip(np.asarray(a, float), np.asarray(b, float), strict=True)))


def applied(matrix: ArrayLike, vector: ArrayLike) -> Array:
    """A matrix times a vector, or times a matrix, column by column; not through BLAS either."""
    rows, columns = np.asarray(matrix, float), np.asarray(vector, float)
    if columns.ndim > 1:
        return np.stack([applied(rows, column) for column in columns.T], 1)
    return np.array([dot(row, columns) for row in rows])


@frozen(eq=False)
class Samples:
    """Where a field is sampled: coordinates that broadcast against one another."""

    x: Array
    y: Array
    z: Array

    def seen_from(self, axes: Array, origin: ArrayLike) -> Samples:
        """The same places in a frame whose axes are the columns of `axes`."""
        at = np.asarray(origin, float)
        across = (self.x - at[0], self.y - at[1], self.z - at[2])
        x, y, z = (sum(axes[row, column] * across[row] for row in range(3)) for column in range(3))
        return Samples(np.asarray(x), np.asarray(y), np.asarray(z))


@frozen(eq=False)
class Grid(Samples):
    """A box of samples, `step` millimetres apart."""

    low: Array
    step: float
    counts: tuple[int, int, int]

    @classmethod
    def over(cls, low: ArrayLike, high: ArrayLike, step: float) -> Grid:
        """The grid that covers a box; its samples lie on multiples of the step."""
        start = np.floor(np.asarray(low, float) / step) * step
        counts = np.ceil((np.asarray(high, float) - start) / step).astype(int) + 1
        axes = [start[axis] + step * np.arange(counts[axis]) for axis in range(3)]
        x, y, z = axes[0][:, None, None], axes[1][None, :, None], axes[2][None, None, :]
        return cls(x, y, z, start, step, (int(counts[0]), int(counts[1]), int(counts[2])))

    def near(self, a: Array, b: Array, margin: float) -> tuple[slice, ...]:
        """The samples in the box around a segment, `margin` wider on all sides."""
        first = ((np.minimum(a, b)[:3] - margin - self.low) / self.step).astype(int)
        last = ((np.maximum(a, b)[:3] + margin - self.low) / self.step).astype(int) + 1
        return tuple(slice(max(int(i), 0), max(int(j), 0)) for i, j in zip(first, last, strict=True))


def curve(points: ArrayLike, steps: int = 6) -> Array:
    """A smooth polyline (Catmull-Rom) through rows of x, y, z and radius."""
    p = np.asarray(points, float)
    p = np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    rows = []
    for a, b, c, d in zip(p[:-3], p[1:-2], p[2:-1], p[3:], strict=True):
        for step in range(steps):
            t = step / steps
            bent = (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - a - 3 * c + d) * t * t * t
            rows.append(0.5 * (2 * b + (c - a) * t + bent))
    rows.append(p[-2])
    smooth = np.array(rows)
    if smooth.shape[1] > 3:
        smooth[:, 3] = np.maximum(smooth[:, 3], _RADIUS_MIN)
    return smooth


def union(a: Array, b: Array, blend: float) -> Array:
    """Both, with a fillet about `blend` wide."""
    h = np.maximum(blend - np.abs(a - b), 0.0) / blend
    return np.asarray(np.minimum(a, b) - h * h * blend * 0.25)


def overlap(a: Array, b: Array, blend: float) -> Array:
    """What is in both, with a rounded edge."""
    return -union(-a, -b, blend)


def ball(at: Samples, centre: Sequence[float], radii: float | Sequence[float]) -> Array:
    """An ellipsoid; nearly a distance."""
    r = np.broadcast_to(np.asarray(radii, float), (3,))
    x, y, z = (at.x - centre[0]) / r[0], (at.y - centre[1]) / r[1], (at.z - centre[2]) / r[2]
    k0 = np.sqrt(x * x + y * y + z * z)
    x, y, z = x / r[0], y / r[1], z / r[2]
    k1 = np.sqrt(x * x + y * y + z * z)
    return np.asarray(k0 * (k0 - 1.0) / np.maximum(k1, _TINY))


@frozen(eq=False)
class Tube:
    """A tapering tube around a polyline.

    Attributes:
        distance: its field.
        arc: for each sample, how far along the polyline its nearest point is.
        offset: the vector from that point to the sample.
    """

    distance: Array
    arc: Array
    offset: tuple[Array, Array, Array]


def tube(at: Samples, points: ArrayLike, widen: float = 1.0) -> Array:
    """The field of a tube through rows of x, y, z and radius, wider in x by a factor."""
    return tube_with_arc(at, points, widen).distance


def tube_with_arc(at: Samples, points: ArrayLike, widen: float = 1.0) -> Tube:
    """As `tube`, with what scales and ridges are drawn by."""
    rows = np.asarray(points, float)
    shape = np.broadcast_shapes(at.x.shape, at.y.shape, at.z.shape)
    found = Tube(np.full(shape, FAR), np.zeros(shape), (np.zeros(shape), np.zeros(shape), np.zeros(shape)))
    run = 0.0
    for a, b in itertools.pairwise(rows):
        run += _segment(at, found, a, b, widen, run)
    return found


def _segment(at: Samples, found: Tube, a: Array, b: Array, widen: float, run: float) -> float:
    """Fold one segment into what was found so far; its length."""
    window: Any = ...
    x, y, z = at.x, at.y, at.z
    if isinstance(at, Grid):
        window = at.near(a, b, max(a[3], b[3]) * max(widen, 1.0) + FAR)
        x, y, z = x[window[0]], y[:, window[1]], z[:, :, window[2]]
    squeeze = np.array([1 / widen, 1.0, 1.0])
    start, along = a[:3] * squeeze, (b[:3] - a[:3]) * squeeze
    square = dot(along, along)
    if square < _TINY:
        return 0.0
    px, py, pz = x / widen - start[0], y - start[1], z - start[2]
    t = np.clip((px * along[0] + py * along[1] + pz * along[2]) / square, 0.0, 1.0)
    offset = (px - t * along[0], py - t * along[1], pz - t * along[2])
    distance = np.sqrt(offset[0] ** 2 + offset[1] ** 2 + offset[2] ** 2) - (a[3] + t * (b[3] - a[3]))
    nearer = distance < found.distance[window]
    length = square**0.5
    found.distance[window] = np.where(nearer, distance, found.distance[window])
    found.arc[window] = np.where(nearer, run + t * length, found.arc[window])
    for kept, new in zip(found.offset, offset, strict=True):
        kept[window] = np.where(nearer, new, kept[window])
    return float(length)


def ridges(arc: Array, pitch: float) -> Array:
    """Overlapping plates along an arc: 0 to 1, rising slowly and falling sharply."""
    t = arc / pitch
    t = t - np.floor(t)
    return np.where(t < 0.8, t / 0.8, (1 - t) / 0.2)


def scales(arc: Array, side: Array, top: Array, radius: float, pitch: float, height: float) -> Array:
    """Overlapping round scales on a tube; side and top are the offset's components across it."""
    around = np.abs(side) + np.abs(top) + _TINY
    # A diamond angle, -2 to 2 and 0 on top: arctan2 would not give the same bits everywhere.
    angle = np.where(top >= 0, side / around, np.where(side >= 0, 2 - side / around, -2 - side / around))
    row = np.floor(arc / pitch)
    along = arc / pitch - row - 0.5
    across = angle * (radius / pitch * 1.75) + 0.5 * (row - 2 * np.floor(row / 2))
    across = across - np.floor(across) - 0.5
    square = (along * along + across * across) / (0.6 * 0.6)
    return np.asarray(height * np.sqrt(np.clip(1 - square, 0, 1)))


def polygon(x: Array, y: Array, corners: ArrayLike) -> Array:
    """The signed distance to a closed polygon in the plane."""
    points = np.asarray(corners, float)
    square = np.full(np.broadcast_shapes(x.shape, y.shape), np.inf)
    inside = np.zeros(square.shape, bool)
    for (ax, ay), (bx, by) in zip(points, np.roll(points, -1, axis=0), strict=True):
        dx, dy = bx - ax, by - ay
        t = np.clip(((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy), 0.0, 1.0)
        square = np.minimum(square, (x - ax - t * dx) ** 2 + (y - ay - t * dy) ** 2)
        if ay != by:
            crosses = (min(ay, by) <= y) & (y < max(ay, by))
            inside ^= crosses & (ax + (y - ay) / (by - ay) * (bx - ax) > x)
    return np.asarray(np.where(inside, -np.sqrt(square), np.sqrt(square)))
