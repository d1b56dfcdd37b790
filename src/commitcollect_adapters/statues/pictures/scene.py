"""A statue seen by a camera: the facets that face it, lit and in perspective."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from attrs import frozen

from commitcollect_adapters.statues.materials import Material
from commitcollect_adapters.statues.meshes import Mesh, Vector

Color = tuple[int, int, int]

GHOST: Color = (148, 160, 170)
"""Of a part that is not earned yet, in full light."""

_DISTANCE_HEIGHTS = 4.0
"""How far the camera stands away, in heights of the statue."""
_KEY = (-0.66, 0.62, 0.42)
_FILL = (0.9, 0.1, 0.4)
"""Where the light comes from: right, up, and towards the camera."""
_GAMMA = 2.2


@frozen
class Camera:
    """Where the statue is seen from: turned to its left, and from above, in radians."""

    yaw: float = 0.62
    pitch: float = 0.14


class Facet(NamedTuple):
    """One triangle of the picture; x to the right, y down, z towards the camera, in millimetres."""

    part: int
    light: float
    color: Color
    is_solid: bool
    x: tuple[float, float, float]
    y: tuple[float, float, float]
    z: tuple[float, float, float]


@frozen
class Scene:
    """The facets, and the box they fill."""

    facets: tuple[Facet, ...]
    left: float
    top: float
    width: float
    height: float


@frozen
class _Axes:
    right: Vector
    up: Vector
    back: Vector


def scene(
    meshes: Sequence[Mesh],
    materials: Sequence[Material],
    earned: Collection[int],
    camera: Camera | None = None,
) -> Scene:
    """The picture of a statue.

    Args:
        meshes: of all parts, in order.
        materials: those the meshes name.
        earned: numbers of the parts that are solid, from 1.
        camera: where it is seen from.
    """
    axes = _axes(camera or Camera())
    heights = [z for mesh in meshes for z in (min(mesh.z), max(mesh.z))]
    distance = _DISTANCE_HEIGHTS * (max(heights) - min(heights)) / 1000
    facets = tuple(
        facet
        for number, mesh in enumerate(meshes, 1)
        for facet in _facets(number, mesh, materials, number in earned, axes, distance)
    )
    xs = [x for facet in facets for x in facet.x]
    ys = [y for facet in facets for y in facet.y]
    left, top = min(xs), min(ys)
    return Scene(facets, left, top, max(xs) - left, max(ys) - top)


def _axes(camera: Camera) -> _Axes:
    yaw = camera.yaw - math.pi / 2
    cos_yaw, sin_yaw = math.cos(yaw), math.sin(yaw)
    cos_pitch, sin_pitch = math.cos(camera.pitch), math.sin(camera.pitch)
    return _Axes(
        right=(-sin_yaw, cos_yaw, 0.0),
        up=(-sin_pitch * cos_yaw, -sin_pitch * sin_yaw, cos_pitch),
        back=(cos_pitch * cos_yaw, cos_pitch * sin_yaw, sin_pitch),
    )


def _facets(
    number: int, mesh: Mesh, materials: Sequence[Material], is_solid: bool, axes: _Axes, distance: float
) -> Iterator[Facet]:
    """The facets of one part that face the camera."""
    seen = [_seen(point, axes) for point in mesh.points_mm()]
    flat = [(x * distance / (distance - z), -y * distance / (distance - z)) for x, y, z in seen]
    triangles = mesh.triangles()
    for area in mesh.areas:
        shades = _Shades(materials[area.material], is_solid)
        for _ in range(area.triangles):
            a, b, c = next(triangles)
            (ax, ay), (bx, by), (cx, cy) = flat[a], flat[b], flat[c]
            if (bx - ax) * (cy - ay) - (cx - ax) * (by - ay) < 0:
                openness = (mesh.shades[a] + mesh.shades[b] + mesh.shades[c]) / 765 if mesh.shades else 1.0
                light = _light(seen[a], seen[b], seen[c], openness)
                depths = (seen[a][2], seen[b][2], seen[c][2])
                yield Facet(number, light, shades.of(light), is_solid, (ax, bx, cx), (ay, by, cy), depths)


def _seen(point: Vector, axes: _Axes) -> Vector:
    x, y, z = point
    (rx, ry, rz), (ux, uy, uz), (bx, by, bz) = axes.right, axes.up, axes.back
    return x * rx + y * ry + z * rz, x * ux + y * uy + z * uz, x * bx + y * by + z * bz


class _Shades:
    """The colours of one material by how much light falls on it; few, so that neighbours share them."""

    _STEPS = 24

    def __init__(self, material: Material, is_solid: bool) -> None:
        if is_solid:
            linear = [channel**_GAMMA for channel in material.rgb]
            gleam = 0.5 if material.is_metal else 0.25
            self._colors = [_toned(linear, step / self._STEPS, gleam) for step in range(2 * self._STEPS)]
        else:
            self._colors = [_dimmed(step / self._STEPS) for step in range(2 * self._STEPS)]

    def of(self, light: float) -> Color:
        """The colour in that much light."""
        return self._colors[min(int(light * self._STEPS), 2 * self._STEPS - 1)]


def _light(a: Vector, b: Vector, c: Vector, openness: float) -> float:
    """How much light falls on a facet; `openness` is how much of the light around reaches it."""
    x, y, z = _normal(a, b, c)
    key = max(0.0, x * _KEY[0] + y * _KEY[1] + z * _KEY[2])
    fill = max(0.0, x * _FILL[0] + y * _FILL[1] + z * _FILL[2])
    around = 0.1 + 0.12 * (1 + y) + 0.2 * fill
    return around * openness + 1.05 * key * min(1.0, 0.3 + openness)


def _normal(a: Vector, b: Vector, c: Vector) -> Vector:
    ux, uy, uz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    wx, wy, wz = c[0] - a[0], c[1] - a[1], c[2] - a[2]
    x, y, z = uy * wz - uz * wy, uz * wx - ux * wz, ux * wy - uy * wx
    length = math.sqrt(x * x + y * y + z * z) or 1.0
    return x / length, y / length, z / length


def _toned(linear: Sequence[float], light: float, gleam: float) -> Color:
    """Light on a colour, as the eye sees it: the brightest places turn paler."""
    shine = gleam * max(0.0, light - 0.95) ** 2
    red, green, blue = (_byte((1.7 * channel * light + shine) ** (1 / _GAMMA)) for channel in linear)
    return red, green, blue


def _dimmed(light: float) -> Color:
    red, green, blue = (_byte(channel / 255 * (0.35 + 0.75 * light)) for channel in GHOST)
    return red, green, blue


def _byte(share: float) -> int:
    return min(255, round(255 * share))
