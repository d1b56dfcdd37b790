"""The dragon's lines: where its spine, tail and head run. Its left is +X, and it looks to -Y."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from commitcollect_adapters.statues.sculpting.fields import Array, applied, curve
from commitcollect_adapters.statues.sculpting.shapes import panel_axes

STEP = 1.0
"""Between the samples of a field, in millimetres."""
TOP = 46.0
"""The height of the rock that it sits on."""
SIDES = {"left": 1, "right": -1}

SPINE = curve(
    [
        (0, 30, 58, 17), (0, 24, 70, 22.5), (0, 12, 88, 23), (0, -4, 106, 24), (0, -12, 124, 19.5),
        (0, -5, 141, 14.5), (0, 7, 157, 12.4), (0, 11, 174, 11.2), (0, 2, 190, 10.4), (0, -10, 199, 10.2),
    ],
    5,
)  # fmt: skip
TAIL = curve(
    [
        (0, 22, 66, 19), (0, 38, 60, 16.8), (1, 53.5, 44, 13.0), (11, 64.5, 26.5, 10.6), (34, 63, 21, 9.2),
        (55, 46, 20, 8.4), (66, 20, 19.5, 7.6), (67, -8, 19.4, 6.8), (58, -34, 19.2, 6.0),
        (41, -53, 19.4, 5.0), (20, -64, 20, 3.9), (2, -66.5, 22, 2.8),
    ],
    5,
)  # fmt: skip
NECK_AT, NECK_WAY = np.array([0, -6.5, 139.5]), np.array([0, 0.2, 0.98])
HEAD_AT, HEAD_WAY = np.array([0, 5.5, 186.0]), np.array([0, -0.62, 0.78])
HEAD_ORIGIN = np.array([0, -15, 203.0])
_YAW, _PITCH = math.radians(14), math.radians(13)
HIP, SHOULDER = 13.5, 13.0
"""How far from the middle the hind legs and the forelegs meet the body."""
TAIL_ROOT = 41.0
"""Where, going back, the body ends and the tail begins."""


def head_axes() -> Array:
    """Columns: the head's own x (its left), y (backwards) and z (up), in the world."""
    cos_yaw, sin_yaw, cos_pitch, sin_pitch = (
        math.cos(_YAW),
        math.sin(_YAW),
        math.cos(_PITCH),
        math.sin(_PITCH),
    )
    pitch = np.array([[1, 0, 0], [0, cos_pitch, -sin_pitch], [0, sin_pitch, cos_pitch]])
    yaw = np.array([[cos_yaw, -sin_yaw, 0], [sin_yaw, cos_yaw, 0], [0, 0, 1]])
    return applied(yaw, pitch)


def from_head(row: ArrayLike) -> Array:
    """A place in the head's own frame, in the world; what follows x, y and z stays."""
    place = np.asarray(row, float)
    return np.concatenate([applied(head_axes(), place[:3]) + HEAD_ORIGIN, place[3:]])


def wing_axes(side: int) -> Array:
    """The frame of the flat back of a wing."""
    return panel_axes((side * 0.90, 0.43, 0.08), (side * -0.10, 0.14, 0.98), (side * 20.0, 17.0, 121.0))
