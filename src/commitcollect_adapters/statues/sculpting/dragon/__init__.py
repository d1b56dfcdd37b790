"""DRAGON_2026: a seated dragon with raised wings, in twelve parts."""

from __future__ import annotations

import numpy as np
from attrs import define, field
from manifold3d import Manifold

from commitcollect_adapters.statues.sculpting import fields
from commitcollect_adapters.statues.sculpting.dragon import base, head, legs, trunk, wings
from commitcollect_adapters.statues.sculpting.dragon.lines import (
    HEAD_AT,
    HEAD_WAY,
    HIP,
    NECK_AT,
    NECK_WAY,
    SHOULDER,
    SIDES,
    STEP,
    TAIL,
    TAIL_ROOT,
    TOP,
    head_axes,
    wing_axes,
)
from commitcollect_adapters.statues.sculpting.fields import Array, Grid, applied, dot, tube
from commitcollect_adapters.statues.sculpting.fitting import SKIN_MM, Joint, insertable
from commitcollect_adapters.statues.sculpting.painting import Paint, solids
from commitcollect_adapters.statues.sculpting.sculptures import Part, Sculpture
from commitcollect_adapters.statues.sculpting.shapes import largest, simplified, solid, union, unit

STONE, SCALES, MEMBRANE, GOLD, BELLY, HORN = range(6)
_PARTS = (
    "base", "tail", "left_hind_leg", "right_hind_leg", "body", "left_foreleg", "right_foreleg", "left_wing",
    "right_wing", "neck", "head", "crown",
)  # fmt: skip
_YEAR = "2026"


@define(eq=False)
class _Carcass:
    """The parts while they are fitted to one another."""

    clearance: float
    legs: dict[str, legs.Leg]
    parts: dict[str, Manifold] = field(factory=dict)

    def peg(self, earlier: str, later: str, joint: Joint) -> None:
        """Join two parts."""
        self.parts[earlier], self.parts[later] = joint.between(self.parts[earlier], self.parts[later])

    def channel(self, earlier: str, later: str, joint: Joint, way: tuple[float, float, float]) -> None:
        """Join a part that comes across the peg, through a channel that is open that way."""
        self.parts[earlier] = self.parts[earlier] + joint.peg
        self.parts[later] = self.parts[later] - joint.channel(way)


def _sculpt(clearance: float) -> list[Part]:
    carcass = _Carcass(
        clearance,
        {f"{name}_{kind}": legs.leg(legs.KINDS[kind], s) for name, s in SIDES.items() for kind in legs.KINDS},
    )
    for name, each in carcass.legs.items():
        carcass.parts[name] = each.solid
    _cut_trunk(carcass)
    _make_room_for_hind_legs(carcass)
    carcass.parts["base"] = base.rock(trunk.tail_shadow()) + base.year(_YEAR)
    carcass.parts["head"] = head.head() - carcass.parts["neck"]
    _join_middle(carcass)
    flat_wing = wings.flat_wing()
    for name, side in SIDES.items():
        _join_side(carcass, name, side, wings.wing(flat_wing, side))
    carcass.parts["crown"] = head.crown(clearance) - carcass.parts["head"]
    tidied = {name: largest(simplified(largest(carcass.parts[name]), 0.05)) for name in _PARTS}
    fitted = insertable(tidied, {name: _way(name) for name in _PARTS})
    return [_finished(name, part) for name, part in fitted.items()]


def _cut_trunk(carcass: _Carcass) -> None:
    """One field for body and neck, so that their surfaces run on from one to the other."""
    grid = Grid.over((-26, -46, 40), (26, 60, 214), STEP)
    shape = trunk.scaled_torso(grid)
    for side in SIDES.values():
        shape = fields.union(shape, legs.hind_leg(grid, side), 7)
        shape = fields.union(shape, legs.fore_leg(grid, side), 7)
    shape = fields.union(shape, tube(grid, TAIL[:14]), 8)
    whole = (solid(grid, shape) + union(trunk.spine_fins())).trim_by_plane((0, 0, 1), TOP + 2 * SKIN_MM)
    whole = whole - union(each.region for each in carcass.legs.values())
    whole = whole.trim_by_plane((0, -1, 0), -(TAIL_ROOT - SKIN_MM))
    below, above = unit(NECK_WAY), unit(HEAD_WAY)
    carcass.parts["body"] = whole.trim_by_plane(tuple(-below), SKIN_MM - dot(below, NECK_AT))
    neck = whole.trim_by_plane(tuple(below), dot(below, NECK_AT) + SKIN_MM)
    carcass.parts["neck"] = neck.trim_by_plane(tuple(-above), SKIN_MM - dot(above, HEAD_AT))


def _make_room_for_hind_legs(carcass: _Carcass) -> None:
    """Tail and forelegs give way to the thighs."""
    tail = trunk.bare_tail() + union(trunk.tail_fins())
    tail = tail.trim_by_plane((0, 0, 1), 13.0 + 2 * SKIN_MM)
    for name in SIDES:
        fat = carcass.legs[f"{name}_hind_leg"].fat
        tail = tail - fat
        carcass.parts[f"{name}_foreleg"] = carcass.parts[f"{name}_foreleg"] - fat
    carcass.parts["tail"] = tail


def _join_middle(carcass: _Carcass) -> None:
    room = carcass.clearance
    carcass.peg("body", "neck", Joint(NECK_AT, NECK_WAY, 9, 11, room))
    carcass.peg("neck", "head", Joint(HEAD_AT, HEAD_WAY, 7, 8, room))
    carcass.peg("base", "tail", Joint((60, 35, 13), (0, 0, 1), 4.5, 5.5, room))
    carcass.peg("base", "tail", Joint((64, -18, 13), (0, 0, 1), 4.0, 4.5, room))
    carcass.channel(
        "tail", "body", Joint((0, TAIL_ROOT + SKIN_MM, 62.0), (0, -1, 0), 6, 8, room), (0, 0, -50)
    )


def _join_side(carcass: _Carcass, name: str, side: int, wing: Manifold) -> None:
    """The body comes down over the pegs of the hind legs; forelegs and wings come from the side."""
    room, axes = carcass.clearance, wing_axes(side)
    hind, fore = f"{name}_hind_leg", f"{name}_foreleg"
    carcass.peg("base", hind, Joint((side * 33, 4, TOP), (0, 0, 1), 5, 7.5, room))
    carcass.channel(
        hind, "body", Joint((side * (HIP + SKIN_MM), 16, 72), (-side, 0, 0), 7, 8, room), (0, 0, -60)
    )
    carcass.peg("body", fore, Joint((side * (SHOULDER - SKIN_MM), -7, 106), (side, 0, 0), 6, 7.5, room))
    nudges = [(0.0, axes[:, 0]), *((c, axes[:, k]) for c in (-0.12, 0.25) for k in (0, 2))]
    body = union(carcass.parts["body"].translate(tuple(c * way)) for c, way in nudges)
    carcass.parts[f"{name}_wing"] = largest(wing - body - carcass.legs[fore].fat)
    shoulder = Joint(applied(axes, [-6.5, -2.0, 5.4, 1.0]), axes[:, 0], 9.0, 5.6, room)
    carcass.peg("body", f"{name}_wing", shoulder)
    carcass.parts[fore] = carcass.parts[fore] - shoulder.socket


def _way(name: str) -> Array:
    """The direction from which a part comes."""
    side = SIDES.get(name.split("_", maxsplit=1)[0], 0)
    if name.endswith("foreleg"):
        return np.array([side, 0.0, 0.0])
    if name.endswith("wing"):
        return np.asarray(wing_axes(side)[:, 0])
    ways = {"neck": NECK_WAY, "head": HEAD_WAY, "crown": head_axes()[:, 2]}
    return unit(ways.get(name, (0, 0, 1)))


_AT = {
    "base": (0, 0, 0),
    "tail": (60, 35, 13),
    "hind_leg": (33, 4, TOP),
    "body": (0, 16, 72),
    "foreleg": (SHOULDER, -7, 106),
    "wing": tuple(applied(wing_axes(1), [-6.5, -2.0, 5.4, 1.0])),
    "neck": tuple(NECK_AT),
    "head": tuple(HEAD_AT),
    "crown": tuple(head.BOSS_AT),
}


def _finished(name: str, part: Manifold) -> Part:
    side = SIDES.get(name.split("_", maxsplit=1)[0], 1)
    kind = name.removeprefix("left_").removeprefix("right_")
    x, y, z = _AT[kind]
    up, right = _lying(kind, side)
    material = {"base": STONE, "crown": GOLD, "wing": MEMBRANE}.get(kind, SCALES)
    paints = tuple(_paints(kind, side))
    way = _way(name)
    return Part(
        solid=part, material=material, at=(side * x, y, z), comes_from=way, up=up, right=right, paints=paints
    )


def _lying(kind: str, side: int) -> tuple[Array, Array]:
    """Every part lies on its largest flat face."""
    axes, x = wing_axes(side), np.array([1.0, 0, 0])
    if kind == "foreleg":
        return np.array([side, 0.0, 0.0]), np.array([0.0, 1.0, 0.0])
    if kind == "wing":
        return axes[:, 2], axes[:, 0]
    ups = {"neck": NECK_WAY, "head": HEAD_WAY, "crown": head_axes()[:, 2]}
    return unit(ups.get(kind, (0, 0, 1))), x


def _paints(kind: str, side: int) -> list[Paint]:
    if kind == "base":
        return [Paint(GOLD, base.on_year)]
    if kind == "tail":
        return [Paint(HORN, solids(trunk.tail_fins()))]
    if kind in legs.KINDS:
        return [Paint(HORN, solids(legs.KINDS[kind].claws(side)))]
    if kind in ("body", "neck"):
        return [Paint(BELLY, trunk.belly), Paint(HORN, solids(trunk.spine_fins()))]
    if kind == "wing":
        return [Paint(SCALES, wings.bones(side)), Paint(HORN, wings.thumb(side))]
    if kind == "head":
        horns = Paint(HORN, solids(head.horns()))
        return [Paint(MEMBRANE, head.mouth), horns, Paint(GOLD, head.eyes)]
    return []


SCULPTURE = Sculpture("DRAGON_2026", _sculpt)
