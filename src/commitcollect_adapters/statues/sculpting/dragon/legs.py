"""The legs: the right ones are the mirror of the left."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen
from manifold3d import Manifold

from commitcollect_adapters.statues.sculpting import fields
from commitcollect_adapters.statues.sculpting.dragon.lines import HIP, SHOULDER, STEP, TOP
from commitcollect_adapters.statues.sculpting.dragon.trunk import torso
from commitcollect_adapters.statues.sculpting.fields import Array, Grid, Samples, ball, curve, tube
from commitcollect_adapters.statues.sculpting.fitting import SKIN_MM
from commitcollect_adapters.statues.sculpting.shapes import solid, spike, union

_HIND_TOES = ((-6, -22), (2, -26), (10, -22))
_FORE_TOES = ((-7, -46), (0, -49), (7, -46))


def hind_leg(at: Samples, side: int) -> Array:
    """Thigh, shank and foot."""
    field = ball(at, (side * 21, 15, 71), (13, 22, 23))
    thigh = curve([(side * 25, 8, 72, 15), (side * 31, -3, 68, 11.5), (side * 33, -8, 62, 9.5)])
    shank = curve([(side * 33, -7, 63, 9), (side * 33, 6, 56, 7.5), (side * 32, 20, 51, 6.5)])
    foot = [(side * 32, 20, 50, 6.8), (side * 33, 2, 49, 7.2), (side * 34, -16, 49, 7.5)]
    field = fields.union(field, tube(at, thigh), 6)
    field = fields.union(field, tube(at, shank), 4)
    field = fields.union(field, tube(at, foot, 1.15), 4)
    for x, y in _HIND_TOES:
        toe = [
            (side * (34 + x * 0.5), -16, 50, 5),
            (side * (34 + x * 0.9), -22, 51.5, 4.4),
            (side * (34 + x), y, 48.5, 3.6),
        ]
        field = fields.union(field, tube(at, curve(toe, 3)), 2)
    return field


def fore_leg(at: Samples, side: int) -> Array:
    """Upper arm, forearm and paw."""
    upper = curve([(side * 17, -9, 110, 12.5), (side * 23.5, -14, 100, 10.3), (side * 27, -15, 89, 8.2)])
    lower = curve(
        [
            (side * 27, -15, 89, 8),
            (side * 26, -25, 76, 7.1),
            (side * 22.5, -33, 61, 5.8),
            (side * 22, -34, 52, 5.6),
        ]
    )
    field = fields.union(tube(at, upper), tube(at, lower), 4)
    field = fields.union(field, ball(at, (side * 22, -36, 48.5), (8, 8.5, 7)), 4)
    for x, y in _FORE_TOES:
        toe = [
            (side * (22 + x * 0.5), -38, 51, 4.4),
            (side * (22 + x * 0.9), -43, 52, 3.9),
            (side * (22 + x), y, 48.6, 3.3),
        ]
        field = fields.union(field, tube(at, curve(toe, 3)), 1.8)
    return field


def _hind_claws(side: int) -> list[Manifold]:
    return [
        spike((side * (34 + x), y + 1, 49.2), (side * (34 + x * 1.15), y - 7.5, 46.8), 2.7)
        for x, y in _HIND_TOES
    ]


def _fore_claws(side: int) -> list[Manifold]:
    """And a spur at the elbow."""
    claws = [
        spike((side * (22 + x), y + 1, 49.2), (side * (22 + x * 1.15), y - 6.5, 46.8), 2.5)
        for x, y in _FORE_TOES
    ]
    return [*claws, spike((side * 28.5, -9, 89), (side * 32, 2, 87), 3.2)]


@frozen(eq=False)
class Kind:
    """What hind legs and forelegs differ in."""

    field: Callable[[Samples, int], Array]
    claws: Callable[[int], list[Manifold]]
    low: tuple[float, float, float]
    high: tuple[float, float, float]
    inner: float


KINDS = {
    "hind_leg": Kind(hind_leg, _hind_claws, (4, -48, 40), (56, 48, 106), HIP),
    "foreleg": Kind(fore_leg, _fore_claws, (4, -60, 40), (46, 22, 134), SHOULDER),
}


@frozen(eq=False)
class Leg:
    """A leg, and the room that others leave for it.

    Attributes:
        solid: the leg with its share of the fillet to the body.
        region: what the body leaves out.
        fat: the leg a little swollen, which other parts leave out.
    """

    solid: Manifold
    claws: list[Manifold]
    region: Manifold
    fat: Manifold


def leg(kind: Kind, side: int) -> Leg:
    """A leg that ends where it meets the body."""
    low, high = kind.low, kind.high
    if side < 0:
        low, high = (-high[0], *low[1:]), (-low[0], *high[1:])
    grid = Grid.over(low, high, STEP)
    bare = kind.field(grid, side)
    whole = fields.overlap(fields.union(bare, torso(grid), 7), bare - 4.4, 0.1)
    claws = kind.claws(side)
    outer = solid(grid, whole) + union(claws)
    outwards, inner = (side, 0, 0), kind.inner
    return Leg(
        solid=outer.trim_by_plane((0, 0, 1), TOP + 2 * SKIN_MM).trim_by_plane(outwards, inner + SKIN_MM),
        claws=claws,
        region=solid(grid, bare - 4.9, 0.05).trim_by_plane(outwards, inner - SKIN_MM),
        fat=solid(grid, whole - 0.35, 0.05).trim_by_plane(outwards, inner - SKIN_MM) + union(claws),
    )
