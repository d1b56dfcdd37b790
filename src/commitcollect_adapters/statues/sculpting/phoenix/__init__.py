"""PHOENIX_2027: a phoenix that rises from its flames, in eight parts."""

from __future__ import annotations

import numpy as np
from manifold3d import Manifold
from numpy.typing import ArrayLike

from commitcollect_adapters.statues.sculpting.fields import Array, applied, dot
from commitcollect_adapters.statues.sculpting.fitting import SKIN_MM, Joint, insertable
from commitcollect_adapters.statues.sculpting.painting import Paint, solids
from commitcollect_adapters.statues.sculpting.phoenix import bird, fire
from commitcollect_adapters.statues.sculpting.phoenix.lines import (
    CREST_AT,
    CREST_WAY,
    FLOOR,
    NECK_AT,
    NECK_WAY,
    SIDES,
    TAIL_AT,
    TAIL_WAY,
    TOP,
    tail_axes,
    wing_axes,
)
from commitcollect_adapters.statues.sculpting.sculptures import Part, Sculpture
from commitcollect_adapters.statues.sculpting.shapes import disc, largest, simplified, unit

ASH, PLUMAGE, FLAME, GOLD = range(4)
_YEAR = "2027"
_PARTS = ("base", "flames", "body", "tail", "left_wing", "right_wing", "head", "crest")
_WING_PEG = np.array([-5.0, -2.0, 5.2, 1.0])


def _sculpt(clearance: float) -> list[Part]:
    parts = {"base": fire.rock(_YEAR), "flames": fire.flames(), "crest": bird.crest()}
    _cut_trunk(parts)
    _join(parts, clearance)
    flat = bird.flat_wing()
    for name, side in SIDES.items():
        _join_wing(parts, f"{name}_wing", bird.wing(flat, side), side, clearance)
    tidied = {name: largest(simplified(largest(parts[name]), 0.05)) for name in _PARTS}
    fitted = insertable(tidied, {name: _way(name) for name in _PARTS})
    return [_finished(name, part) for name, part in fitted.items()]


def _cut_trunk(parts: dict[str, Manifold]) -> None:
    """Body and head's neck come from one surface; the rump is cut flat for the tail."""
    whole = bird.trunk().trim_by_plane((0, 0, 1), TOP + 2 * SKIN_MM)
    above, behind = unit(NECK_WAY), unit(TAIL_WAY)
    body = whole.trim_by_plane(tuple(-above), SKIN_MM - dot(above, NECK_AT))
    parts["body"] = body - disc(TAIL_AT - behind * SKIN_MM, behind, 14, 30)
    head = bird.head(whole.trim_by_plane(tuple(above), dot(above, NECK_AT) + SKIN_MM))
    crown = unit(CREST_WAY)
    parts["head"] = head - disc(CREST_AT - crown * SKIN_MM, crown, 6.0, 20, 32)
    tail = bird.tail().trim_by_plane(tuple(behind), dot(behind, TAIL_AT) + SKIN_MM)
    parts["tail"] = largest(tail - parts["body"])


def _join(parts: dict[str, Manifold], clearance: float) -> None:
    def peg(earlier: str, later: str, *joint: ArrayLike) -> None:
        at, way, length, side = joint
        made = Joint(at, way, float(np.asarray(length)), float(np.asarray(side)), clearance)
        parts[earlier], parts[later] = made.between(parts[earlier], parts[later])

    for side in SIDES.values():
        peg("base", "body", (side * 13, -1, TOP), (0, 0, 1), 6, 6.5)
        peg("base", "flames", (side * 49.5, 0, FLOOR), (0, 0, 1), 4.0, 6.0)
    peg("body", "tail", TAIL_AT - unit(TAIL_WAY) * SKIN_MM, TAIL_WAY, 7, 8)
    peg("body", "head", NECK_AT - unit(NECK_WAY) * SKIN_MM, NECK_WAY, 8, 9)
    peg("head", "crest", CREST_AT - unit(CREST_WAY) * SKIN_MM, CREST_WAY, 4, 4.4)


def _join_wing(parts: dict[str, Manifold], name: str, wing: Manifold, side: int, clearance: float) -> None:
    axes = wing_axes(side)
    for way in (axes[:, 0], axes[:, 2]):
        for far in (-0.12, 0.0, 0.25):
            wing = wing - parts["body"].translate(tuple(far * way))
    shoulder = Joint(applied(axes, _WING_PEG), axes[:, 0], 9.0, 5.6, clearance)
    parts["body"], parts[name] = shoulder.between(parts["body"], largest(wing))


def _way(name: str) -> Array:
    """The direction from which a part comes."""
    if name.endswith("wing"):
        return np.asarray(wing_axes(SIDES[name.split("_", maxsplit=1)[0]])[:, 0])
    ways = {"tail": TAIL_WAY, "head": NECK_WAY, "crest": CREST_WAY}
    return unit(ways.get(name, (0, 0, 1)))


def _finished(name: str, part: Manifold) -> Part:
    side = SIDES.get(name.split("_", maxsplit=1)[0], 1)
    kind = name.removeprefix("left_").removeprefix("right_")
    at: dict[str, ArrayLike] = {
        "base": (0, 0, 0), "flames": (0, 0, FLOOR), "body": (0, -1, TOP), "tail": TAIL_AT,
        "wing": applied(wing_axes(side), _WING_PEG), "head": NECK_AT, "crest": CREST_AT,
    }  # fmt: skip
    up: dict[str, ArrayLike] = {
        "tail": tail_axes()[:, 2], "wing": wing_axes(side)[:, 2], "head": NECK_WAY, "crest": CREST_WAY,
    }  # fmt: skip
    return Part(
        solid=part,
        material={"base": ASH, "flames": FLAME}.get(kind, PLUMAGE),
        at=at[kind],
        comes_from=_way(name),
        up=up.get(kind, (0, 0, 1)),
        right=wing_axes(side)[:, 0] if kind == "wing" else (1, 0, 0),
        paints=tuple(_paints(kind, side)),
    )


def _paints(kind: str, side: int) -> list[Paint]:
    paints = {
        "base": [Paint(GOLD, fire.on_year)],
        "flames": [Paint(GOLD, fire.hot)],
        "body": [
            Paint(FLAME, bird.breast),
            Paint(GOLD, bird.on_feet),
            Paint(ASH, solids(claw for each in SIDES.values() for claw in bird.claws(each))),
        ],
        "tail": [Paint(FLAME, bird.tail_beyond(34)), Paint(GOLD, bird.tail_beyond(82))],
        "wing": [Paint(FLAME, bird.wing_beyond(side, 27)), Paint(GOLD, bird.wing_beyond(side, 60))],
        "head": [Paint(GOLD, bird.beak), Paint(GOLD, bird.eyes)],
        "crest": [Paint(GOLD, bird.tips)],
    }
    return paints[kind]


SCULPTURE = Sculpture("PHOENIX_2027", _sculpt)
