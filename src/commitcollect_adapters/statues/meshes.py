"""Triangle meshes of printable parts, in whole micrometres.

Whole numbers make a mesh the same on every machine: sums, volumes and the bytes of its STL file do not depend
on rounding. One micrometre is far below what a printer can place.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator, Sequence

from attrs import frozen

from commitcollect_core.errors import InvalidInput

MICROMETRES_PER_MM = 1000
COORDINATE_MICROMETRES_MAX = 1_000_000
"""A statue lies within one metre of its origin."""
TRIANGLES_MAX = 500_000
"""Of one file. The shipped statues have about 100,000."""
MATERIALS_MAX = 16

Vector = tuple[float, float, float]
Triangle = tuple[int, int, int]


def broken(reason: str) -> InvalidInput:
    """The error for a mesh that cannot be used, whichever format it came in."""
    return InvalidInput(f"this mesh cannot be used: {reason}; get it or make it again", code="mesh_broken")


@frozen
class Area:
    """A run of consecutive triangles that share one material.

    Attributes:
        material: index into the materials of the statue.
        triangles: how many triangles the run has.
    """

    material: int
    triangles: int


@frozen
class Mesh:
    """The surface of one part, wound outwards.

    Attributes:
        x, y, z: coordinates of the vertices, in micrometres.
        corners: vertex indices, three for each triangle.
        areas: runs of triangles by material, in the order of the triangles.
        shades: how open to light each vertex is, 0 to 255; empty where nothing was measured.
    """

    x: array[int]
    y: array[int]
    z: array[int]
    corners: array[int]
    areas: tuple[Area, ...]
    shades: bytes = b""

    @property
    def vertices_total(self) -> int:
        """How many vertices there are."""
        return len(self.x)

    @property
    def triangles_total(self) -> int:
        """How many triangles there are."""
        return len(self.corners) // 3

    def triangles(self) -> Iterator[Triangle]:
        """The vertex indices of each triangle."""
        corners = iter(self.corners)
        return zip(corners, corners, corners, strict=True)

    def points_mm(self) -> list[Vector]:
        """The vertices in millimetres."""
        scale = MICROMETRES_PER_MM
        return [(x / scale, y / scale, z / scale) for x, y, z in zip(self.x, self.y, self.z, strict=True)]

    def bounds_mm(self) -> tuple[Vector, Vector]:
        """The lowest and the highest corner of the box around the mesh."""
        axes = (self.x, self.y, self.z)
        low, high = (tuple(of(axis) / MICROMETRES_PER_MM for axis in axes) for of in (min, max))
        return (low[0], low[1], low[2]), (high[0], high[1], high[2])

    def volume_mm3(self) -> float:
        """The enclosed volume; negative where the surface is wound inwards."""
        x, y, z = self.x, self.y, self.z
        six_times = sum(
            x[a] * (y[b] * z[c] - z[b] * y[c])
            + y[a] * (z[b] * x[c] - x[b] * z[c])
            + z[a] * (x[b] * y[c] - y[b] * x[c])
            for a, b, c in self.triangles()
        )
        return six_times / 6 / MICROMETRES_PER_MM**3

    def surface_mm2(self) -> float:
        """The area of the surface."""
        points = self.points_mm()
        return sum(math.hypot(*cross(points[a], points[b], points[c])) / 2 for a, b, c in self.triangles())


def cross(a: Vector, b: Vector, c: Vector) -> Vector:
    """The cross product of two edges: along the triangle's normal, twice its area long."""
    ux, uy, uz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    wx, wy, wz = c[0] - a[0], c[1] - a[1], c[2] - a[2]
    return (uy * wz - uz * wy, uz * wx - ux * wz, ux * wy - uy * wx)


def mesh(points: Iterable[Sequence[int]], triangles: Sequence[Triangle], areas: Iterable[Area] = ()) -> Mesh:
    """A mesh of points in micrometres; without areas all triangles are of material 0."""
    columns = list(zip(*points, strict=True)) or [(), (), ()]
    x, y, z = (array("i", column) for column in columns)
    corners = array("i", (corner for triangle in triangles for corner in triangle))
    return Mesh(x, y, z, corners, tuple(areas) or (Area(0, len(triangles)),))


def welded(corners: Iterable[Sequence[int]], areas: Iterable[Area] = ()) -> Mesh:
    """The mesh of loose triangles, where equal points in micrometres are one vertex."""
    index: dict[tuple[int, ...], int] = {}
    flat = [index.setdefault(tuple(corner), len(index)) for corner in corners]
    return mesh(index, list(zip(*[iter(flat)] * 3, strict=True)), areas)


def chained(source: Mesh) -> Mesh:
    """The same surface in an order that packs well: neighbours follow one another, vertices by first use."""
    order = list(_walk(source))
    number: dict[int, int] = {}
    triangles = [_known_first(triangle, number) for triangle in order]
    kept = list(number)
    x, y, z = (array("i", [axis[vertex] for vertex in kept]) for axis in (source.x, source.y, source.z))
    shades = bytes(source.shades[vertex] for vertex in kept) if source.shades else b""
    corners = array("i", (corner for triangle in triangles for corner in triangle))
    return Mesh(x, y, z, corners, source.areas, shades)


def _known_first(triangle: Triangle, number: dict[int, int]) -> Triangle:
    """Turn a triangle so that its new vertices come last, and number those."""
    a, b, c = triangle
    turned = max(((a, b, c), (b, c, a), (c, a, b)), key=lambda each: [vertex in number for vertex in each])
    first, second, third = (number.setdefault(vertex, len(number)) for vertex in turned)
    return first, second, third


def _walk(source: Mesh) -> Iterator[Triangle]:
    """Every triangle once, area by area, each next to one before it where there is one."""
    triangles = list(source.triangles())
    start = 0
    for area in source.areas:
        yield from _walk_area(triangles[start : start + area.triangles])
        start += area.triangles


def _walk_area(triangles: list[Triangle]) -> Iterator[Triangle]:
    beyond = {edge: index for index, each in enumerate(triangles) for edge in edges(each)}
    seen = bytearray(len(triangles))
    for start in range(len(triangles)):
        waiting = [start]
        while waiting:
            index = waiting.pop()
            if seen[index]:
                continue
            seen[index] = 1
            yield triangles[index]
            neighbours = (beyond.get((b, a)) for a, b in edges(triangles[index]))
            waiting.extend(each for each in neighbours if each is not None and not seen[each])


def edges(triangle: Triangle) -> tuple[tuple[int, int], ...]:
    """The three directed edges of a triangle."""
    a, b, c = triangle
    return (a, b), (b, c), (c, a)
