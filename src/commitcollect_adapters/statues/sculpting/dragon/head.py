"""The head with its horns and teeth, and the crown."""

from __future__ import annotations

import itertools
import math

import numpy as np
from attrs import frozen
from manifold3d import Manifold
from numpy.typing import ArrayLike

from commitcollect_adapters.statues.sculpting import fields
from commitcollect_adapters.statues.sculpting.dragon.lines import (
    HEAD_AT,
    HEAD_ORIGIN,
    HEAD_WAY,
    SPINE,
    from_head,
    head_axes,
)
from commitcollect_adapters.statues.sculpting.fields import Array, Grid, Samples, applied, ball, curve, tube
from commitcollect_adapters.statues.sculpting.fitting import SKIN_MM
from commitcollect_adapters.statues.sculpting.shapes import (
    disc,
    frame,
    hull,
    revolved,
    ring,
    solid,
    spike,
    union,
    unit,
)

_STEP = 0.9
_EYE = (8.1, -13.2, 3.0)
_SPIKES = (
    ((10, 5, -3), (21, 20, -3), 3.6),
    ((10, 5, -9), (18, 19, -13), 3.2),
    ((9.5, 7, 3), (19, 21, 6), 3.0),
)
"""Behind the cheeks: from, to, and radius."""
_UPPER_TEETH = (
    (-43, -8.6, 3.6, 5.4),
    (-37.5, -8.0, 5.0, 3.2),
    (-31.5, -7.8, 5.9, 3.8),
    (-25, -7.6, 6.9, 2.8),
)
_LOWER_TEETH = ((-36.5, -21.5, 3.3, 4.8), (-29.5, -18.8, 4.9, 3.0))
"""y, z, x and length."""
BOSS_AT = from_head((0, -2.0, 10.0))
"""Where the crown sits."""


def _skull(at: Samples) -> Array:
    field = ball(at, (0, -1, 0), (12.5, 15, 11))
    snout = curve([(0, -6, 0, 10), (0, -18, -1.0, 8.6), (0, -32, -3.0, 6.8), (0, -43, -4.4, 6.0)])
    field = fields.union(field, tube(at, snout, 1.08), 5)
    for s in (1, -1):
        brow = curve(
            [
                (s * 4.6, -24, 3.8, 1.8),
                (s * 7.6, -14, 7.4, 3.0),
                (s * 10.5, -4, 9.0, 3.0),
                (s * 12, 5, 8, 2.2),
            ],
            4,
        )
        field = fields.union(field, ball(at, (s * 8.5, -1, -5), (6, 11, 7)), 4)
        field = fields.union(field, tube(at, brow), 2.2)
        field = fields.union(field, ball(at, (s * 3.9, -44.5, 0.2), (2.8, 3.6, 2.6)), 2.5)
    return fields.union(field, tube(at, [(0, -22, 6.2, 1.5), (0, -40, 1.4, 1.4)]), 2.5)


def _with_eyes_and_nostrils(at: Samples, field: Array) -> Array:
    for s in (1, -1):
        field = fields.overlap(field, -ball(at, (s * 10.2, -13.5, 3.2), (3.6, 4.6, 2.9)), 1.0)
        field = fields.union(field, ball(at, (s * _EYE[0], *_EYE[1:]), 3.0), 0.6)
        field = fields.overlap(
            field, -tube(at, [(s * 4.4, -48.5, 0.4, 1.3), (s * 4.6, -44.5, 1.0, 0.9)]), 0.6
        )
    return field


def _jaw(at: Samples) -> Array:
    """With the tongue in it."""
    bone = curve([(0, 2, -9.5, 7.5), (0, -8, -13, 6.0), (0, -22, -18.5, 4.6), (0, -36, -23.0, 3.8)])
    tongue = curve([(0, -9, -10.5, 3.0), (0, -20, -13.4, 2.5), (0, -31, -17.0, 1.6)])
    trough = [(0, -14, -11.4, 3.2), (0, -36, -19.6, 2.2)]
    field = fields.overlap(tube(at, bone, 1.25), -tube(at, trough, 1.3), 1.5)
    return fields.union(field, tube(at, tongue, 1.3), 1.0)


def _flesh() -> Manifold:
    """Skull, jaw and the beginning of the neck."""
    grid = Grid.over((-40, -78, 166), (40, 34, 232), _STEP)
    local = grid.seen_from(head_axes(), HEAD_ORIGIN)
    field = fields.union(_with_eyes_and_nostrils(local, _skull(local)), _jaw(local), 2.5)
    for s in (1, -1):
        field = fields.union(field, ball(local, (s * 8.6, 1, -9), (4.5, 6.5, 6)), 3)
    above = sum((axis - HEAD_AT[i]) * HEAD_WAY[i] for i, axis in enumerate((grid.x, grid.y, grid.z)))
    neck = fields.overlap(tube(grid, SPINE[-22:], 0.9), np.asarray(-above - 1.5), 0.2)
    return solid(grid, fields.union(field, neck, 6), 0.05)


def _horn(side: int) -> list[Manifold]:
    """Convex pieces of a horn with rings."""
    axes = head_axes()
    line = curve(
        [
            (side * 7.5, 7, 6, 4.9), (side * 11, 17, 13, 4.3), (side * 15.5, 28, 17, 3.5),
            (side * 19, 38, 24.5, 2.4), (side * 19.5, 44, 33, 1.1),
        ],
        4,
    )  # fmt: skip
    last = len(line) - 1
    ways = [applied(axes, (line[min(i + 1, last)] - line[max(i - 1, 0)])[:3]) for i in range(len(line))]
    rings = [ring(from_head(row)[:3], way, row[3], 10) for row, way in zip(line, ways, strict=True)]
    pieces = [hull(a + b) for a, b in itertools.pairwise(rings)]
    for k in range(2, last - 4, 2):
        a, b = line[k], line[k] * 0.6 + line[k + 1] * 0.4
        way = applied(axes, (line[k + 1] - line[k])[:3])
        pieces.append(
            hull(ring(from_head(a)[:3], way, a[3] + 0.55, 10) + ring(from_head(b)[:3], way, b[3], 10))
        )
    return pieces


def _spike(
    base: ArrayLike, tip: ArrayLike, radius: float, flat: float, along: ArrayLike, sides: int = 8
) -> Manifold:
    axes = head_axes()
    return spike(from_head(base), from_head(tip), radius, flat, applied(axes, along), sides)


def horns() -> list[Manifold]:
    """Horns, spikes and teeth, as convex pieces."""
    pieces = [_spike((0, -37, 2.6), (0, -41.5, 9.5), 2.4, 0.7, (0, 1, 0))]
    for s in (1, -1):
        pieces += _horn(s)
        for (ax, ay, az), (bx, by, bz), radius in _SPIKES:
            pieces.append(_spike((s * ax, ay, az), (s * bx, by, bz), radius, 0.5, (0, 0.3, 1)))
        for y, z, x, length in _UPPER_TEETH:
            pieces.append(_spike((s * x, y, z), (s * x, y - 0.4, z - length), 1.9, 1, (0, 1, 0), 6))
        for y, z, x, length in _LOWER_TEETH:
            pieces.append(_spike((s * x, y, z), (s * x, y - 0.5, z + length), 1.6, 1, (0, 1, 0), 6))
        pieces.append(_spike((s * 3.0, -32, -24), (s * 5.0, -28, -31), 1.9, 1, (0, 1, 0)))
    return pieces


def eyes(at: Samples) -> Array:
    """Negative on the eyes."""
    local = at.seen_from(head_axes(), HEAD_ORIGIN)
    left, right = (ball(local, (s * _EYE[0], *_EYE[1:]), 3.4) for s in (1, -1))
    return np.minimum(left, right)


def mouth(at: Samples) -> Array:
    """Negative on the tongue and the palate."""
    local = at.seen_from(head_axes(), HEAD_ORIGIN)
    tongue = curve([(0, -9, -10.5, 3.0), (0, -20, -13.4, 2.5), (0, -31, -17.0, 1.6)])
    return tube(local, tongue, 1.3) - 0.15


def _boss(radius: float, tip: float, low: float, high: float) -> Manifold:
    up = head_axes()[:, 2]
    rings = ((low, radius), (high - 0.8, radius), (high, tip))
    return hull(point for at, r in rings for point in ring(BOSS_AT + up * at, up, r, 24))


def head() -> Manifold:
    """Cut flat where it meets the neck, with a boss for the crown."""
    way, up = unit(HEAD_WAY), head_axes()[:, 2]
    below = disc(HEAD_AT + way * SKIN_MM, -way, 15.5, 14)
    boss = _boss(6.6, 5.8, -4, 4.2)
    seat = disc(BOSS_AT, up, 10.3, 9, 40)
    return (union([_flesh(), *horns()]) - below + boss) - (seat - boss)


@frozen
class _Point:
    height: float
    radius: float


_TALL, _SHORT = _Point(9.0, 10.9), _Point(5.0, 10.4)
_INNER, _OUTER = 6.6, 9.4
_BAND = 4.6


def crown(clearance: float) -> Manifold:
    """A ring with five tall and five low points, each with a pearl."""
    inner = _INNER + clearance + 0.05
    band = (
        (inner, 0),
        (_OUTER, 0),
        (_OUTER + 0.5, 1.2),
        (_OUTER, 2.4),
        (_OUTER + 0.5, _BAND),
        (inner, _BAND),
    )
    parts = [revolved(band, 40)]
    for k in range(10):
        turn = 2 * math.pi * (k + 0.5) / 10
        parts += _crown_point(_SHORT if k % 2 else _TALL, turn, inner)
    _, u, v = frame(head_axes()[:, 2])
    axes = np.stack([u, -v, head_axes()[:, 2], BOSS_AT], 1)
    if np.linalg.det(axes[:, :3]) < 0:
        axes[:, 1] = -axes[:, 1]
    return union(parts).transform(axes)


def _crown_point(point: _Point, turn: float, inner: float) -> list[Manifold]:
    out, across = (
        np.array([math.cos(turn), math.sin(turn), 0]),
        np.array([-math.sin(turn), math.cos(turn), 0]),
    )
    up = np.array([0, 0, 1.0])
    foot = [
        out * r + across * e + up * z for r in (inner + 0.1, 9.8) for e in (-2.55, 2.55) for z in (3.6, _BAND)
    ]
    top = up * (_BAND + point.height)
    tip = [out * r + top + across * e for r in (point.radius - 0.9, point.radius + 0.1) for e in (-0.5, 0.5)]
    pearl, place = (1.5, out * (point.radius - 0.4) + top + up * 0.5) if point is _TALL else (
        1.25, out * (_OUTER + 0.5) + up * 2.4
    )  # fmt: skip
    return [hull(foot + tip), Manifold.sphere(pearl, 12).translate(tuple(place))]
