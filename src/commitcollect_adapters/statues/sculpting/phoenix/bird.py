"""Body, head, wings, tail and crest of the phoenix."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from manifold3d import Manifold

from commitcollect_adapters.statues.sculpting import fields
from commitcollect_adapters.statues.sculpting.fields import (
    Array,
    Grid,
    Samples,
    applied,
    ball,
    curve,
    dot,
    tube,
)
from commitcollect_adapters.statues.sculpting.fitting import SKIN_MM
from commitcollect_adapters.statues.sculpting.phoenix.feathers import Feather, fan, reach
from commitcollect_adapters.statues.sculpting.phoenix.lines import (
    CREST_AT,
    CREST_WAY,
    HEAD,
    SPINE,
    STEP,
    TOP,
    tail_axes,
    wing_axes,
)
from commitcollect_adapters.statues.sculpting.shapes import disc, panel_axes, solid, spike, union, unit

_TOES = ((-6, -13), (1, -16), (8, -13), (1, 13))
_ARM = np.array([(-3, -4, 0, 9.0), (14, 8, 0, 7.5), (30, 26, 0, 7.0), (42, 48, 0, 7.4), (46, 68, 0, 5.4)])
_BEAK = curve([(0, -22, 187, 5.4), (0, -31, 185.5, 4.2), (0, -38, 181.5, 2.6), (0, -40, 177, 0.9)], 4)
_EYE = (7.6, -19.5, 190.0)


def trunk() -> Manifold:
    """Body and neck in one, with feathers like scales; to be cut apart later."""
    grid = Grid.over((-34, -44, 36), (34, 52, 204), STEP)
    spine = fields.tube_with_arc(grid, SPINE)
    back = spine.offset[1] * 0.8 + spine.offset[2] * 0.5
    feathers = fields.scales(spine.arc, spine.offset[0], back, 11.0, 7.4, 1.4)
    shape = spine.distance
    for side in (1, -1):
        shape = fields.union(shape, ball(grid, (side * 10, 4, 116), (11, 13, 13)), 7)
    for side in (1, -1):
        shape = fields.union(shape, _leg(grid, side), 5)
    return solid(grid, shape - feathers, 0.12) + union(claw for side in (1, -1) for claw in claws(side))


def _leg(at: Samples, side: int) -> Array:
    """Feathered down to the foot."""
    thigh = curve(
        [(side * 10, 6, 92, 13), (side * 13, 2, 78, 11), (side * 13, -1, 64, 8.2), (side * 13, -2, 53, 6.8)]
    )
    shape = fields.union(tube(at, thigh), ball(at, (side * 13, -2, 47), (8, 9, 7)), 3)
    for x, y in _TOES:
        toe = [(side * (13 + x * 0.3), -2 + y * 0.4, 47, 4.2), (side * (13 + x), -2 + y, 45.2, 3.0)]
        shape = fields.union(shape, tube(at, toe), 2)
    return shape


def claws(side: int) -> list[Manifold]:
    """On every toe."""
    return [
        spike((side * (13 + x), -2 + y, 45.6), (side * (13 + x * 1.4), -2 + y * 1.45, 43.4), 2.2)
        for x, y in _TOES
    ]


def breast(at: Samples) -> Array:
    """Negative in front."""
    narrowing = np.clip(at.z - 112, 0, 99) * 0.33 + np.clip(88 - at.z, 0, 99) * 0.5
    behind = np.clip(at.y + 9 - (140 - at.z) * 0.16, 0, 40) * 2
    return np.asarray(np.abs(at.x) - 13 + narrowing + behind)


def on_feet(at: Samples) -> Array:
    """Negative below the feathers of the legs."""
    return np.asarray(at.z - TOP - 8.5)


def head(neck: Manifold) -> Manifold:
    """The head on the neck, with a hooked beak."""
    grid = Grid.over((-22, -50, 160), (22, 16, 206), 0.8)
    shape = fields.union(ball(grid, tuple(HEAD), (10.5, 13, 10.8)), tube(grid, SPINE[-8:], 1.0), 5)
    shape = fields.union(shape, _beak(grid), 1.5)
    for side in (1, -1):
        x, y, z = side * _EYE[0], _EYE[1], _EYE[2]
        brow = curve(
            [(x * 0.8, y - 6, z + 2.4, 1.6), (x * 1.15, y, z + 4.2, 2.2), (x * 1.2, y + 9, z + 4.4, 1.4)], 4
        )
        shape = fields.union(shape, ball(grid, (x, y, z), 3.1), 0.6)
        shape = fields.union(shape, tube(grid, brow), 1.4)
    return neck + solid(grid, shape, 0.05)


def _beak(at: Samples) -> Array:
    lower = curve([(0, -22, 182.6, 3.6), (0, -29, 179.6, 2.6), (0, -33.5, 177.6, 1.3)], 4)
    return np.minimum(tube(at, _BEAK, 0.9), tube(at, lower, 0.9))


def beak(at: Samples) -> Array:
    """Negative on the beak."""
    return np.maximum(_beak(at) - 0.5, at.y + 24.0)


def eyes(at: Samples) -> Array:
    """Negative on the eyes."""
    left, right = (ball(at, (side * _EYE[0], *_EYE[1:]), 3.35) for side in (1, -1))
    return np.minimum(left, right)


def _wing_feathers() -> list[Feather]:
    """Three rows: flight feathers, and two rows of coverts on them."""
    rows = []
    for row, (length, width) in enumerate(((1.0, 15.0), (0.52, 13.0), (0.27, 11.0))):
        for k in range(9):
            share = k / 8
            root = _on_arm(0.25 * share)
            rows.append(Feather(root, 84 - 86 * share, (76 - 9 * share) * length, width, -9 + 4 * share, row))
        for k in range(7):
            share = k / 6
            root = _on_arm(0.25 + 0.62 * share)
            rows.append(Feather(root, -6 - 44 * share, (72 - 32 * share) * length, width, -4, row))
    return rows


def _on_arm(share: float) -> tuple[float, float]:
    """A place a little behind the arm's line, counted from the wrist."""
    stations = np.linspace(0, 1, len(_ARM))
    x, y = (float(np.interp(share, stations, _ARM[::-1, axis])) for axis in (0, 1))
    return x + 2.5, y - 1.5


def flat_wing() -> Manifold:
    """In its own plane: x outwards, y up, z to the front, the flat back at 0."""
    grid = Grid.over((-20, -46, -4), (140, 168, 16), STEP)
    shape = fields.union(fan(grid, _wing_feathers()), tube(grid, _ARM), 2.0)
    shape = fields.union(shape, ball(grid, (-2, -4, 0), (12.5, 12, 11.5)), 2)
    return solid(grid, shape, 0.12).trim_by_plane((0, 0, 1), 0)


def wing(flat: Manifold, side: int) -> Manifold:
    """The wing in its place."""
    return flat.transform(wing_axes(side))


def beyond(axes: Array, line: Array, distance: float) -> Callable[[Samples], Array]:
    """The field of what is farther than a distance from a line, in the plane of a fan."""

    def field(at: Samples) -> Array:
        return distance - reach(at.seen_from(axes[:, :3], axes[:, 3]), line)

    return field


def wing_beyond(side: int, distance: float) -> Callable[[Samples], Array]:
    """What is farther than a distance from the arm."""
    return beyond(wing_axes(side), _ARM, distance)


def tail_beyond(distance: float) -> Callable[[Samples], Array]:
    """What is farther than a distance from the rump."""
    return beyond(tail_axes(), np.array([(0.0, -4.0), (0.0, 4.0)]), distance)


def tail() -> Manifold:
    """A fan of long feathers, and a short row on it."""
    feathers = [
        Feather((2.2 * k, 2.0), 90 - 9.5 * k, 98 - abs(k) * 5, 17.0, -3.0 * k / 4, 0)
        for k in (-4, 4, -3, 3, -2, 2, -1, 1, 0)
    ]
    feathers += [
        Feather((2.0 * k, 0.0), 90 - 10.5 * k, 52 - abs(k) * 3, 14.0, 0, 1) for k in (-3, 3, -2, 2, -1, 1, 0)
    ]
    grid = Grid.over((-92, -22, -4), (92, 124, 18), STEP)
    shape = fields.union(fan(grid, feathers), ball(grid, (0, -1, 0), (12.5, 13, 10.5)), 3)
    return solid(grid, shape, 0.12).trim_by_plane((0, 0, 1), 0).transform(tail_axes())


_PLUMES = ((-52, 24), (-27, 32), (0, 40), (27, 32), (52, 24))
"""Degrees to the side, and length."""


def crest() -> Manifold:
    """Plumes on a round foot; it prints standing."""
    way = unit(CREST_WAY)
    grid = Grid.over((-34, -24, 190), (34, 40, 248), 0.8)
    shape = np.full(grid.counts, fields.FAR)
    for line in _plumes():
        shape = fields.union(shape, tube(grid, line, 1.0), 1.5)
    foot = disc(CREST_AT + way * SKIN_MM, way, 5.4, 5.0, 32)
    return (solid(grid, shape, 0.05) + foot).trim_by_plane(tuple(way), dot(way, CREST_AT) + SKIN_MM)


def _plumes() -> list[Array]:
    axes = panel_axes((1, 0, 0), CREST_WAY, CREST_AT)
    lines = []
    for degrees, length in _PLUMES:
        turn = math.radians(degrees)
        rows = [
            (
                *applied(
                    axes, [math.sin(turn) * s * length, math.cos(turn) * s * length, -14.0 * s * s, 1.0]
                ),
                radius,
            )
            for s, radius in ((0.0, 2.4), (0.4, 1.5), (0.68, 2.2), (0.84, 2.9), (1.0, 0.9))
        ]
        lines.append(curve(rows, 4))
    return lines


def tips(at: Samples) -> Array:
    """Negative on the drops at the ends of the plumes."""
    way = unit(CREST_WAY)
    height = (at.x - CREST_AT[0]) * way[0] + (at.y - CREST_AT[1]) * way[1] + (at.z - CREST_AT[2]) * way[2]
    return np.asarray(17.0 - np.sqrt(height * height + at.x * at.x))
