"""The phoenix's lines. Its left is +X, and it looks to -Y."""

from __future__ import annotations

import numpy as np

from commitcollect_adapters.statues.sculpting.fields import Array, curve
from commitcollect_adapters.statues.sculpting.shapes import panel_axes, unit

STEP = 1.0
"""Between the samples of a field, in millimetres."""
TOP = 42.0
"""The height of the rock that it stands on."""
FLOOR = 13.0
"""The height of the plinth."""
SIDES = {"left": 1, "right": -1}

SPINE = curve(
    [
        (0, 36, 78, 9), (0, 26, 86, 14.5), (0, 10, 98, 20), (0, -5, 114, 21), (0, -11, 130, 16.5),
        (0, -8, 145, 11.8), (0, -1, 158, 9.6), (0, -2, 171, 9.0), (0, -8, 182, 9.4),
    ],
    5,
)  # fmt: skip
NECK_AT, NECK_WAY = np.array([0, -8.0, 145.0]), np.array([0, 0.35, 0.94])
HEAD = np.array([0, -13.0, 186.0])
CREST_AT, CREST_WAY = np.array([0, -8.5, 196.5]), np.array([0, 0.35, 0.94])
TAIL_AT, TAIL_WAY = np.array([0, 37.0, 78.5]), np.array([0, 0.9, -0.43])
SHOULDER = np.array([17.0, 6.0, 122.0])


def wing_axes(side: int) -> Array:
    """The frame of the flat back of a wing."""
    x, y, z = SHOULDER
    return panel_axes((side * 0.90, 0.42, 0.10), (side * -0.10, 0.12, 0.98), (side * x, y + 9.0, z))


def tail_axes() -> Array:
    """The frame of the tail's fan: to its left, towards its end, and away from its flat underside."""
    v = unit((0, 0.7, -0.71))
    w = np.array([0, -v[2], v[1]])
    return np.stack([np.array([1.0, 0, 0]), v, w, np.array([0, 40.0, 69.0])], 1)
