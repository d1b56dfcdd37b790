"""The rock on its plinth: hollow below, the year in front."""

from __future__ import annotations

import numpy as np
from manifold3d import Manifold

from commitcollect_adapters.statues.sculpting.dragon.lines import TOP
from commitcollect_adapters.statues.sculpting.fields import Array, Samples
from commitcollect_adapters.statues.sculpting.shapes import boulder, hull, lettering, revolved, union

_PLINTH = ((0, 0), (80, 0), (81, 2), (81, 10.5), (78.5, 13), (0, 13))
_SLAB = (
    (-43, 8), (-40, -26), (-26, -47), (4, -50), (27, -46), (42, -26), (43, 10), (36, 30), (14, 38), (-16, 38),
    (-36, 30),
)  # fmt: skip
_Rock = tuple[tuple[int, int, int], tuple[int, int, int], int, int]
_ROCKS: tuple[_Rock, ...] = (
    ((0, -4, 22), (50, 46, 27), 5, 30), ((-4, 6, 20), (53, 38, 30), 11, 26),
    ((26, -24, 22), (27, 30, 26), 3, 22), ((-26, -26, 22), (28, 28, 26), 8, 22),
    ((-30, 20, 22), (28, 24, 27), 21, 22), ((30, 18, 20), (22, 22, 26), 33, 22),
    ((0, -38, 18), (34, 20, 25), 41, 22), ((36, -14, 14), (18, 22, 20), 56, 16),
    ((-56, -6, 14), (13, 15, 14), 51, 16), ((-46, -42, 13), (15, 12, 12), 52, 16),
    ((-58, 26, 12), (10, 12, 10), 53, 14), ((-30, 52, 13), (17, 13, 15), 54, 16),
    ((-12, -58, 12), (12, 8, 9), 55, 14),
)  # fmt: skip
_HOLLOW_RADIUS, _HOLLOW_HEIGHT = 41.0, 42.0
_GROOVE = ((52, -1), (72, -1), (72, 0), (62, 9.8), (52, 0))
_PLAQUE = [(x, y, z) for x, y, z in (
    (-27, -83, 0), (27, -83, 0), (-25.5, -84.5, 2), (25.5, -84.5, 2), (-25.5, -84.5, 13), (25.5, -84.5, 13),
    (-24, -83, 15), (24, -83, 15), (-24, -72, 15), (24, -72, 15), (-27, -72, 0), (27, -72, 0),
)]  # fmt: skip


def rock(shadow: Manifold) -> Manifold:
    """Everything but the year; the tail's room is left open above, so that the tail comes down into it."""
    slab = hull([x, y, z] for x, y in _SLAB for z in (20, TOP))
    stones = union(boulder(*each) for each in _ROCKS).trim_by_plane((0, 0, -1), -TOP) + slab
    room = union(shadow.translate((0, 0, 7.0 * step)) for step in range(6))
    outside = revolved(_PLINTH, 72) + (stones.trim_by_plane((0, 0, 1), 6.0) - room) + hull(_PLAQUE)
    return outside.trim_by_plane((0, 0, 1), 0) - hollow()


def hollow() -> Manifold:
    """A cone and a ring, whose roofs are at 45 degrees: they print without supports."""
    cone = Manifold.cylinder(_HOLLOW_HEIGHT + 1, _HOLLOW_RADIUS + 1, 0.5, 48).translate((0, -5, -1))
    return cone + revolved(_GROOVE, 72)


def year(text: str) -> Manifold:
    """The digits on the plaque."""
    return lettering(text, 9.6, 2.0, 2.2).translate((0, -83.6, 7.5))


def on_year(at: Samples) -> Array:
    """Negative on the faces of the digits: in front of the plaque, up to its rim."""
    return np.asarray(np.maximum.reduce([at.y + 84.9, np.abs(at.x) - 25, np.abs(at.z - 7.5) - 6.5]))
