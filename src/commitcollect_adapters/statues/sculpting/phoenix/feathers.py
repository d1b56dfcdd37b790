"""Flat fans of overlapping feathers: the phoenix's wings and tail. They print on their flat backs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
from attrs import frozen

from commitcollect_adapters.statues.sculpting import fields
from commitcollect_adapters.statues.sculpting.fields import Array, Grid, Samples

_THICKNESS_MM = 1.7
_ROOF_MM = 0.9
"""How much higher a feather is along its middle than at its edges."""
_TILT_MM = 0.45
"""How much one edge is higher than the other: the higher one covers its neighbour."""
_QUILL_MM, _QUILL_WIDTH_MM = 0.7, 1.3


@frozen
class Feather:
    """A feather in the plane of its fan.

    Attributes:
        root: where it begins.
        degrees: where it points, counted from x to y.
        bend: how far its tip is moved to its left.
        row: how many layers it lies above the back.
    """

    root: tuple[float, float]
    degrees: float
    length: float
    width: float
    bend: float = 0.0
    row: int = 0

    def line(self) -> Array:
        """Its quill, with half its width as the radius."""
        turn = math.radians(self.degrees)
        along, left = np.array([math.cos(turn), math.sin(turn)]), np.array([-math.sin(turn), math.cos(turn)])
        stations = ((0.0, 0.55), (0.3, 0.85), (0.65, 1.0), (0.88, 0.8), (1.0, 0.3))
        rows = [
            (
                *(np.array(self.root) + along * self.length * t + left * self.bend * t * t),
                0.0,
                self.width / 2 * w,
            )
            for t, w in stations
        ]
        return fields.curve(rows, 3)


def fan(grid: Grid, feathers: Sequence[Feather], rise: float = 1.0) -> Array:
    """All feathers, each row `rise` higher than the one below; not yet cut flat at 0."""
    whole = np.full(grid.counts, fields.FAR)
    for feather in feathers:
        whole = np.minimum(whole, _one(grid, feather, rise))
    return whole


def _one(grid: Grid, feather: Feather, rise: float) -> Array:
    line = feather.line()
    plane = Samples(grid.x, grid.y, np.zeros((1, 1, 1)))
    quill = fields.tube_with_arc(plane, line)
    turn = math.radians(feather.degrees)
    across = quill.offset[0] * -math.sin(turn) + quill.offset[1] * math.cos(turn)
    half = np.maximum(np.abs(across) - quill.distance, 0.5)
    share = np.clip(across / half, -1, 1)
    height = _THICKNESS_MM + feather.row * rise + _ROOF_MM * (1 - np.abs(share)) + _TILT_MM * share
    height = height + _QUILL_MM * np.clip(1 - np.abs(across) / _QUILL_WIDTH_MM, 0, 1)
    return fields.overlap(quill.distance, np.asarray(grid.z - height), 0.4)


def reach(at: Samples, line: Array) -> Array:
    """How far in the plane a place is from a line."""
    plane = Samples(at.x, at.y, np.zeros_like(at.z))
    return _far_distance(plane, np.asarray(line, float)[:, :2])


def _far_distance(at: Samples, points: Array) -> Array:
    """The distance to a polyline, however far."""
    square = np.full(at.x.shape, np.inf)
    for (ax, ay), (bx, by) in itertools.pairwise(points):
        dx, dy = bx - ax, by - ay
        t = np.clip(((at.x - ax) * dx + (at.y - ay) * dy) / (dx * dx + dy * dy), 0.0, 1.0)
        square = np.minimum(square, (at.x - ax - t * dx) ** 2 + (at.y - ay - t * dy) ** 2)
    return np.asarray(np.sqrt(square))
