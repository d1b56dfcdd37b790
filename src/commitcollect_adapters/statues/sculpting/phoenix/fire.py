"""What the phoenix rises from: a rock on a plinth, and a ring of flames."""

from __future__ import annotations

import math

import numpy as np
from manifold3d import Manifold

from commitcollect_adapters.statues.sculpting import fields
from commitcollect_adapters.statues.sculpting.fields import Array, Grid, Samples, curve, tube
from commitcollect_adapters.statues.sculpting.fitting import SKIN_MM
from commitcollect_adapters.statues.sculpting.phoenix.lines import FLOOR, STEP, TOP
from commitcollect_adapters.statues.sculpting.shapes import boulder, hull, lettering, revolved, solid, union

_PLINTH = ((0, 0), (68, 0), (70, 2), (70, 10.5), (67.5, FLOOR), (0, FLOOR))
_ROCKS = (
    ((0, 0, 20), (36, 34, 27), 7, 30), ((12, -14, 18), (22, 18, 25), 3, 22),
    ((-14, -12, 18), (22, 19, 26), 19, 22), ((14, 12, 18), (20, 20, 26), 12, 22),
    ((-13, 14, 18), (20, 18, 27), 25, 22),
)  # fmt: skip
_STEP_STONE = ((-24, -14), (-14, -25), (14, -25), (24, -14), (24, 12), (12, 22), (-12, 22), (-24, 12))
_PLAQUE = [(x, y, z) for x, y, z in (
    (-26, -72, 0), (26, -72, 0), (-24.5, -73.5, 2), (24.5, -73.5, 2), (-24.5, -73.5, 12), (24.5, -73.5, 12),
    (-23, -72, 14), (23, -72, 14), (-23, -63, 14), (23, -63, 14), (-26, -60, 0), (26, -60, 0),
)]  # fmt: skip
_RING_INNER, _RING_OUTER, _RING_HEIGHT = 41.0, 58.0, 7.0
_TONGUES = 15
_HEIGHTS = (30, 19, 36, 22, 27, 40, 20, 33, 24, 38, 18, 29, 22, 35, 25)
_BACK_HEIGHT_MAX = 26
"""Behind, the tail hangs over the flames."""


def rock(year: str) -> Manifold:
    """A plinth with the year, and a rock, hollow below."""
    step = hull([x, y, z] for x, y in _STEP_STONE for z in (18, TOP))
    stones = union(boulder(*each) for each in _ROCKS).trim_by_plane((0, 0, -1), -TOP) + step
    near = Manifold.cylinder(TOP + 2, _RING_INNER - 0.4, _RING_INNER - 0.4, 72)
    outside = revolved(_PLINTH, 72) + (stones.trim_by_plane((0, 0, 1), 6.0) ^ near) + hull(_PLAQUE)
    digits = lettering(year, 9.2, 2.0, 2.2).translate((0, -72.6, 7.0))
    return outside.trim_by_plane((0, 0, 1), 0) - _hollow() + digits


def _hollow() -> Manifold:
    """Roofs at 45 degrees print without supports."""
    cone = Manifold.cylinder(32, 31, 0.5, 48).translate((0, 0, -1))
    return cone + revolved(((38, -1), (58, -1), (58, 0), (48, 9.8), (38, 0)), 72)


def on_year(at: Samples) -> Array:
    """Negative on the faces of the digits."""
    return np.asarray(np.maximum.reduce([at.y + 73.9, np.abs(at.x) - 24, np.abs(at.z - 7.0) - 6.0]))


def _tongue(place: int) -> Array:
    """A curl of fire that narrows upwards."""
    turn = 2 * math.pi * (place + 0.5) / _TONGUES
    out, across = np.array([math.cos(turn), math.sin(turn)]), np.array([-math.sin(turn), math.cos(turn)])
    height = min(_HEIGHTS[place], _BACK_HEIGHT_MAX if out[1] > 0.3 else 99)
    lean = 1 if place % 2 else -1
    middle = (_RING_INNER + _RING_OUTER) / 2
    stations = (
        (0.0, 0, 0, 7.4),
        (0.25, 1.5, 1, 7.6),
        (0.55, -1.5, 4, 5.2),
        (0.82, -4, 1, 2.6),
        (1.0, -3, -3, 0.9),
    )
    rows = [
        (*(out * (middle + away) + across * aside * lean), FLOOR + 2 + height * share, radius)
        for share, away, aside, radius in stations
    ]
    return curve(rows, 4)


def flames() -> Manifold:
    """Tongues on a ring that lies on the plinth."""
    grid = Grid.over((-72, -72, FLOOR - 6), (72, 72, 62), STEP)
    around = np.sqrt(grid.x * grid.x + grid.y * grid.y)
    band = np.maximum(np.abs(around - (_RING_INNER + _RING_OUTER) / 2) - 7.5, grid.z - FLOOR - _RING_HEIGHT)
    shape = np.array(np.broadcast_to(band, grid.counts))
    for place in range(_TONGUES):
        shape = fields.union(shape, tube(grid, _tongue(place)), 3.0)
    shape = fields.overlap(shape, np.asarray(_RING_INNER - around), 0.5)
    return solid(grid, shape, 0.12).trim_by_plane((0, 0, 1), FLOOR + 2 * SKIN_MM)


def hot(at: Samples) -> Array:
    """Negative on the bright upper parts of the flames."""
    around = np.sqrt(at.x * at.x + at.y * at.y)
    return np.asarray(FLOOR + 17 + np.abs(around - 49) * 0.8 - at.z)
