"""Torso and neck in one field, to be cut apart later, and the tail."""

from __future__ import annotations

import numpy as np
from manifold3d import Manifold

from commitcollect_adapters.statues.sculpting import fields
from commitcollect_adapters.statues.sculpting.dragon.lines import SPINE, STEP, TAIL, TAIL_ROOT
from commitcollect_adapters.statues.sculpting.fields import Array, Grid, Samples, Tube, ball, tube
from commitcollect_adapters.statues.sculpting.fitting import SKIN_MM, box
from commitcollect_adapters.statues.sculpting.shapes import fins, hull, solid

_NARROW = 0.88
_BELLY_FROM = 0.3
_STEPS = SPINE[1:, :3] - SPINE[:-1, :3]
_LENGTHS = np.sqrt((_STEPS * _STEPS).sum(axis=1))
_ARCS = np.cumsum(_LENGTHS) - _LENGTHS / 2
_FRONTS = (-_STEPS[:, 2] / _LENGTHS, _STEPS[:, 1] / _LENGTHS)
"""The y and z of the direction to the front, at the middle of each piece of the spine."""


def torso(at: Samples) -> Array:
    """Torso and neck without scales."""
    return _with_muscles(at, tube(at, SPINE, _NARROW))


def scaled_torso(at: Samples) -> Array:
    """Torso and neck with plates on the belly and scales elsewhere."""
    spine = fields.tube_with_arc(at, SPINE, _NARROW)
    front = _front(spine)
    plates = 1.6 * front * fields.ridges(spine.arc, 8.2) * np.clip((spine.arc - 6) / 20, 0, 1)
    back = spine.offset[1] * 0.93 + spine.offset[2] * 0.37
    rough = fields.scales(spine.arc, spine.offset[0], back, 12.0, 6.2, 0.75)
    return np.asarray(_with_muscles(at, spine.distance) - plates - np.clip(1 - front * 1.6, 0, 1) * rough)


def belly(at: Samples) -> Array:
    """Negative where the plates are."""
    spine = fields.tube_with_arc(at, SPINE, _NARROW)
    return np.where(spine.distance < 8, _BELLY_FROM - _front(spine), 1.0)


def _front(spine: Tube) -> Array:
    """1 on the belly, 0 on the back, smooth between."""
    x, y, z = spine.offset
    length = np.sqrt(x * x + y * y + z * z) + 1e-9
    # The front is across the spine, which bends: so it is looked up by how far along it a sample is.
    forwards, upwards = (np.interp(spine.arc, _ARCS, each) for each in _FRONTS)
    share = np.clip((y * forwards + z * upwards) / length * 1.8 - 0.55, 0, 1)
    return np.asarray(share * share * (3 - 2 * share))


def _with_muscles(at: Samples, field: Array) -> Array:
    """Breast and shoulder blades."""
    for side in (1, -1):
        field = fields.union(field, ball(at, (side * 8.5, -19, 112), (11, 12, 13)), 7)
        field = fields.union(field, ball(at, (side * 12, 8, 120), (8, 11, 12)), 8)
    return field


def spine_fins() -> list[Manifold]:
    """Fins along the back and the neck."""
    return fins(
        SPINE,
        (4, 42, 15),
        lambda share: 9.5 + 5.0 * (4 * share * (1 - share)) - 3.5 * share,
        lambda p: (0, 1, 0.55 if p[2] < 130 else 0.15),
    )


def tail_fins() -> list[Manifold]:
    """Fins along the tail, and the blade at its end."""
    row = fins(
        TAIL,
        (6.5, 51, 18),
        lambda share: 9.0 - 5.2 * share,
        lambda p: (0, 0.8, 0.6) if p[1] > 30 and p[2] > 34 else (p[0] * 0.004, p[1] * 0.004, 1),
    )
    blade = [
        (2, -66.5, 20), (2, -66.5, 24), (-8, -62, 22.7), (-7, -74, 22.2), (-22, -66, 25.7), (-8, -62, 20.5),
        (-7, -74, 20), (-21, -66, 24.3), (-22, -65, 25), (-22, -67, 25),
    ]  # fmt: skip
    return [*row, hull(blade)]


def bare_tail() -> Manifold:
    """The tail with its scales, as far as the body, without fins."""
    grid = Grid.over((-24, -84, 8), (84, 82, 86), STEP)
    line = fields.tube_with_arc(grid, TAIL)
    x, y, z = line.offset
    around = np.sqrt(x * x + y * y)
    outwards = np.where(x * grid.x + y * (grid.y - 10) > 0, around, -around)
    rough = solid(grid, line.distance - fields.scales(line.arc, outwards, z, 8.0, 5.4, 0.7))
    near = Grid.over((-24, 14, 34), (24, 82, 100), STEP)
    fillet = fields.union(tube(near, TAIL[:14]), torso(near), 8)
    root = solid(near, fields.overlap(fillet, 36.0 - near.y, 0.1))
    return (rough + root) - box((-30, -60, 38), (30, TAIL_ROOT + SKIN_MM, 128))


def tail_shadow() -> Manifold:
    """The tail a little swollen: the room that the rock leaves for it."""
    grid = Grid.over((-24, -84, 8), (84, 82, 86), STEP)
    return solid(grid, tube(grid, TAIL) - 1.2, 0.1)
