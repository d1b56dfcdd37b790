"""Solids: hulls, frusta, fins and pegs, in millimetres."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from manifold3d import CrossSection, Error, FillRule, Manifold, Mesh64, OpType
from numpy.typing import ArrayLike

from commitcollect_adapters.statues.sculpting.fields import Array, Grid, dot
from commitcollect_adapters.statues.sculpting.polygonising import Index, surface

SIMPLIFY_MM = 0.08
"""How far simplifying may move a surface."""
PEG_TIP_MM = 0.8
PEG_SPARE_MM = 0.6
"""A socket is deeper than its peg by this, for glue and for what a printer leaves behind."""
_TIP_RADIUS_MM = 0.62
"""Tips are blunt: nothing is thinner than two lines of a 0.4 mm nozzle."""


def as_manifold(vertices: Array, triangles: Index) -> Manifold:
    """A solid of triangles, which must be closed."""
    solid = Manifold(Mesh64(vertices, triangles.astype(np.uint64)))
    if solid.status() != Error.NoError:
        raise ValueError(f"these triangles are no solid: {solid.status()}")
    return solid


def as_arrays(solid: Manifold) -> tuple[Array, Index]:
    """Vertices and triangles of a solid."""
    mesh = solid.to_mesh64()
    return np.array(mesh.vert_properties)[:, :3].copy(), np.array(mesh.tri_verts).astype(np.int64)


def solid(grid: Grid, field: Array, tolerance: float = SIMPLIFY_MM) -> Manifold:
    """What a field encloses."""
    return as_manifold(*surface(grid, field)).simplify(tolerance)


def hull(points: Iterable[ArrayLike]) -> Manifold:
    """The convex hull."""
    return Manifold.hull_points(np.asarray([np.asarray(each, float) for each in points]))


def union(parts: Iterable[Manifold]) -> Manifold:
    """All of them as one."""
    return Manifold.batch_boolean(list(parts), OpType.Add)


def largest(part: Manifold) -> Manifold:
    """The largest piece: booleans leave crumbs."""
    return max(part.decompose(), key=lambda piece: piece.volume())


def simplified(part: Manifold, tolerance: float) -> Manifold:
    """Fewer triangles; the edges where solids were joined may go as well."""
    return part.as_original().simplify(tolerance)


def unit(vector: ArrayLike) -> Array:
    """The same direction, one long."""
    v = np.asarray(vector, float)
    return np.asarray(v / math.sqrt(dot(v, v)))


def frame(direction: ArrayLike) -> tuple[Array, Array, Array]:
    """A direction and two unit vectors across it."""
    d = unit(direction)
    across = np.cross(d, [0, 0, 1.0])
    u = unit(across) if dot(across, across) > 1e-6 else np.array([1.0, 0, 0])
    return d, u, np.cross(u, d)


def panel_axes(out: ArrayLike, up: ArrayLike, origin: ArrayLike) -> Array:
    """The frame of a flat panel as a 3 x 4 matrix: outwards, up, and the normal that looks forwards (-Y)."""
    u = unit(out)
    v = np.asarray(up, float)
    v = unit(v - u * dot(u, v))
    w = np.cross(u, v)
    return np.stack([u, v, -w if w[1] > 0 else w, np.asarray(origin, float)], 1)


def ring(centre: ArrayLike, direction: ArrayLike, radius: float, sides: int = 8) -> list[Array]:
    """Points on a circle across a direction."""
    _, u, v = frame(direction)
    turns = [2 * math.pi * k / sides for k in range(sides)]
    return [np.asarray(centre) + radius * (math.cos(t) * u + math.sin(t) * v) for t in turns]


def disc(centre: ArrayLike, direction: ArrayLike, radius: float, depth: float, sides: int = 24) -> Manifold:
    """A cylinder that begins at the centre."""
    end = np.asarray(centre) + unit(direction) * depth
    return hull(ring(centre, direction, radius, sides) + ring(end, direction, radius, sides))


def horn(points: ArrayLike, sides: int = 9) -> Manifold:
    """A chain of frusta through rows of x, y, z and radius."""
    p = np.asarray(points, float)
    last = len(p) - 1
    ways = [p[min(i + 1, last), :3] - p[max(i - 1, 0), :3] for i in range(len(p))]
    rings = [ring(row[:3], way, row[3], sides) for row, way in zip(p, ways, strict=True)]
    return union(hull(a + b) for a, b in itertools.pairwise(rings))


def spike(
    base: ArrayLike,
    tip: ArrayLike,
    radius: float,
    flat: float = 1.0,
    along: ArrayLike = (0, 1, 0),
    sides: int = 8,
) -> Manifold:
    """A claw or fin with a blunt tip; its foot is `flat` times as wide across `along`."""
    start, end = np.asarray(base, float), np.asarray(tip, float)
    d = unit(end - start)
    a = np.asarray(along, float)
    a = unit(a - d * dot(a, d))
    b = np.cross(d, a)
    turns = [2 * math.pi * k / sides for k in range(sides)]
    foot = [start - d + radius * (math.cos(t) * a + flat * math.sin(t) * b) for t in turns]
    point = [end + _TIP_RADIUS_MM * (math.cos(t) * a + math.sin(t) * b) for t in turns[::2]]
    return hull(foot + point)


def fins(
    line: Array,
    where: tuple[float, float, int],
    height: Callable[[float], float],
    up: Callable[[Array], ArrayLike],
) -> list[Manifold]:
    """A row of fins on a curve: from and to in its points, and how many; `height` by the share of the row."""
    start, end, count = where
    shares = [k / (count - 1) for k in range(count)]
    return [_fin(line, start + (end - start) * share, height(share), up) for share in shares]


def _fin(line: Array, at: float, height: float, up: Callable[[Array], ArrayLike]) -> Manifold:
    i, last = int(at), len(line) - 1
    p = line[i] * (1 - at + i) + line[min(i + 1, last)] * (at - i)
    d = unit(line[min(i + 1, last)][:3] - line[max(i - 1, 0)][:3])
    u = np.asarray(up(p), float)
    u = unit(u - d * dot(u, d))
    base = p[:3] + u * (p[3] - 1.5)
    return spike(base, base + u * (height + 1.5) - d * height * 0.55, height * 0.62, 0.46, d)


def peg(at: ArrayLike, direction: ArrayLike, length: float, side: float, grow: float = 0.0) -> Manifold:
    """A square peg that stands on its corner; with `grow`, the socket for it.

    On its corner all undersides are at 45 degrees, so it prints without supports, and it cannot twist.
    """
    d, u, v = frame(direction)
    radius = side / math.sqrt(2) + grow * math.sqrt(2)
    end = length + (PEG_SPARE_MM if grow else 0.0)
    corners = [u, v, -u, -v]
    rings = ((-3.0, radius), (end - 0.9, radius), (end, radius - PEG_TIP_MM))
    return hull(np.asarray(at, float) + d * x + r * corner for x, r in rings for corner in corners)


def _chance(seed: int) -> Iterator[float]:
    state = seed
    while True:
        state = (state * 1103515245 + 12345) % 2**31
        yield state / 2**31


def boulder(centre: Sequence[float], radii: Sequence[float], seed: int, points: int = 22) -> Manifold:
    """A rock: the hull of points strewn over an ellipsoid."""
    chance = _chance(seed)
    found = []
    for k in range(points):
        z = 1 - 2 * (k + 0.5) / points
        turn = k * 2.399963 + next(chance) * 0.9
        level, swell = math.sqrt(1 - z * z), 0.86 + 0.28 * next(chance)
        way = np.array([level * math.cos(turn), level * math.sin(turn), z])
        found.append(np.asarray(centre) + np.asarray(radii) * swell * way * np.array([1, 1, 1 / swell]))
    return hull(found)


_STROKES: dict[str, tuple[tuple[tuple[float, float], ...], ...]] = {
    "0": (((0, 1), (0, 4), (1, 5), (2, 5), (3, 4), (3, 1), (2, 0), (1, 0), (0, 1)),),
    "2": (((0, 4), (1, 5), (2, 5), (3, 4), (3, 3.1), (0, 0), (3, 0)),),
    "6": (
        ((2.8, 4.6), (2, 5), (1, 5), (0, 4), (0, 1), (1, 0), (2, 0), (3, 1), (3, 2), (2, 3), (1, 3), (0, 2)),
    ),
    "7": (((0, 5), (3, 5), (1, 0)),),
}


def lettering(text: str, height: float, width: float, depth: float) -> Manifold:
    """Digits of strokes `width` wide, standing in the x-z plane and centred; raised towards -y."""
    scale = (height - width) / 5
    pen = CrossSection.circle(width / 2, 12)
    parts = []
    for place, digit in enumerate(text):
        left = (place - len(text) / 2) * 4.4 * scale + 0.7 * scale
        for stroke in _STROKES[digit]:
            spots = [pen.translate((left + x * scale, y * scale)) for x, y in stroke]
            parts += [CrossSection.batch_hull([a, b]) for a, b in itertools.pairwise(spots)]
    flat = CrossSection.batch_boolean(parts, OpType.Add)
    turned = np.array([[1, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, -height / 2 + width / 2]])
    return flat.extrude(depth).transform(turned)


def revolved(profile: Sequence[tuple[float, float]], sides: int) -> Manifold:
    """A profile of radius and height, turned around the z axis."""
    return CrossSection([list(profile)], FillRule.Positive).revolve(sides)
