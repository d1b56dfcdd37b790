"""The wings: a flat back to print on, fingers and membranes in front."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
from manifold3d import Manifold

from commitcollect_adapters.statues.sculpting import fields
from commitcollect_adapters.statues.sculpting.dragon.lines import STEP, wing_axes
from commitcollect_adapters.statues.sculpting.fields import Array, Grid, Samples, ball, curve, dot, tube
from commitcollect_adapters.statues.sculpting.shapes import solid

Point = tuple[float, float]

_SCALE = 1.17
_ARM = ((-4, -3, 8.5), (14, 17, 7.0), (33, 36, 5.6), (41, 64, 5.0), (47, 92, 5.0))
_TIPS = ((112, 118), (118, 66), (98, 20), (64, -12))
_BULGES = ((10, 16), (22, 16), (20, 14), (14, 10))
_FINGER_RADII = (4.2, 3.8, 3.6, 3.4)
_HEEL = (8, -9)
_THUMB = curve([(53.8, 108.8, 1, 4), (50.3, 118.2, 2, 3), (42.1, 128.7, 2, 1)])
_MEMBRANE_MM, _SWELL_MM = 1.7, 1.2


def _bow(a: Point, b: Point, bulge: Point, steps: int = 9) -> Array:
    """A parabola from a to b."""
    start, end = np.asarray(a, float), np.asarray(b, float)
    middle = (start + end) / 2 + np.asarray(bulge, float)
    share = np.linspace(0, 1, steps + 1)[:, None]
    return np.asarray((1 - share) ** 2 * start + 2 * share * (1 - share) * middle + share**2 * end)


def _fingers() -> list[Array]:
    return [_SCALE * _bow((47, 92), tip, bulge) for tip, bulge in zip(_TIPS, _BULGES, strict=True)]


def _arm() -> Array:
    return np.array([(x * _SCALE, y * _SCALE, 0.0, r) for x, y, r in _ARM])


def _outline() -> list[Sequence[float]]:
    """Round the arm, along the first finger, and back over the scallops between the tips."""
    edge: list[Sequence[float]] = [(-4, -8), (-2, 4), *((x, y) for x, y, _ in _ARM[1:])]
    edge += [tuple(each / _SCALE) for each in _fingers()[0][1:]]
    ends = [*_TIPS, _HEEL]
    for a, b in itertools.pairwise(ends):
        inwards = np.array([44, 66]) - (np.asarray(a) + np.asarray(b)) / 2
        inwards = inwards / np.sqrt(dot(inwards, inwards)) * 22
        edge += [tuple(each) for each in _bow(a, b, (inwards[0], inwards[1]), 10)[1:]]
    return [(x * _SCALE, y * _SCALE) for x, y in edge]


def _raised(path: Array, height: float, first: float, last: float) -> Array:
    """A path in the wing's plane as rows of a tube that tapers."""
    radius = np.linspace(first, last, len(path))
    return np.column_stack([path, np.full(len(path), height), radius])


def _bones() -> list[Array]:
    fingers = zip(_fingers(), _FINGER_RADII, strict=True)
    return [_arm(), *(_raised(path, 0.4, radius, 1.9) for path, radius in fingers)]


def _veins() -> list[Array]:
    """Halfway between two fingers."""
    fingers = _fingers()
    return [_raised(((a + b) / 2)[2:6], 1.2, 1.5, 0.9) for a, b in itertools.pairwise(fingers)]


def _flat(at: Samples, path: Array) -> Array:
    """The distance to a path in the plane."""
    plane = Samples(at.x, at.y, np.zeros_like(at.z))
    return tube(plane, np.column_stack([path[:, :2], np.zeros((len(path), 2))]))


def flat_wing() -> Manifold:
    """In its own plane: x outwards, y up, z to the front, the flat back at 0."""
    grid = Grid.over((-22, -30, -4), (146, 152, 16), STEP)
    plane = Samples(grid.x, grid.y, np.zeros((1, 1, 1)))
    near = np.minimum.reduce([_flat(plane, path) for path in (*_fingers(), _arm())])
    thickness = _MEMBRANE_MM + _SWELL_MM / (1 + near * near / 40)
    panel = fields.polygon(grid.x, grid.y, _outline())
    field = fields.overlap(panel, grid.z - thickness, 0.6)
    for bone in _bones():
        field = fields.union(field, tube(grid, bone), 2.5)
    for vein in _veins():
        field = fields.union(field, tube(grid, vein), 1.5)
    field = fields.union(field, tube(grid, _THUMB), 1.5)
    field = fields.union(field, ball(grid, (-2.5, -2.5, 0), (13.5, 12.5, 11.5)), 2)
    for finger in _fingers():
        groove = _raised(finger[:-1], -1.6, 2.7, 2.3)
        field = fields.overlap(field, -tube(grid, groove), 0.2)
    return solid(grid, field, 0.12).trim_by_plane((0, 0, 1), 0)


def wing(flat: Manifold, side: int) -> Manifold:
    """The wing in its place."""
    return flat.transform(wing_axes(side))


def bones(side: int) -> Callable[[Samples], Array]:
    """The field, in the world, of what is bone and not membrane: in front, and in the grooves of the back."""
    axes = wing_axes(side)

    def field(at: Samples) -> Array:
        local = at.seen_from(axes[:, :3], axes[:, 3])
        near = [_flat(local, path) - 2.6 for path in _fingers()]
        arm = tube(Samples(local.x, local.y, np.zeros_like(local.z)), _arm() + np.array([0, 0, 0, 0.6]))
        close = np.minimum.reduce([*near, arm, ball(local, (-2.5, -2.5, 0), (14, 13, 13))])
        return np.maximum(close, 0.15 - local.z)

    return field


def thumb(side: int) -> Callable[[Samples], Array]:
    """The field, in the world, of the claw on the wrist."""
    axes = wing_axes(side)

    def field(at: Samples) -> Array:
        local = at.seen_from(axes[:, :3], axes[:, 3])
        return np.maximum(tube(local, _THUMB) - 0.4, 113 - local.y)

    return field
