"""Normals for drawing: smooth over round surfaces, sharp at creases."""

from __future__ import annotations

import math
from array import array

from attrs import frozen

from commitcollect_adapters.statues.meshes import Mesh, Vector, cross

_CREASE_COSINE = math.cos(math.radians(38))
_STEPS = 127
_SLIVER = (0, 0, _STEPS)
"""A triangle without area has no direction of its own, and formats ask for one."""

Normal = tuple[int, int, int]


@frozen
class Corners:
    """The mesh, its vertices split where the surface is creased.

    Attributes:
        vertices: for each new vertex, the vertex of the mesh it came from.
        normals: for each new vertex, its direction in steps of 1/127.
        indices: new vertices, three for each triangle, in the order of the mesh.
    """

    vertices: list[int]
    normals: list[Normal]
    indices: array[int]


def shaded_corners(mesh: Mesh) -> Corners:
    """Give each corner the mean normal of the triangles around its vertex that are within the crease."""
    points = mesh.points_mm()
    faces = [cross(points[a], points[b], points[c]) for a, b, c in mesh.triangles()]
    units = [_unit(face) for face in faces]
    around: list[list[int]] = [[] for _ in points]
    for index, corner in enumerate(mesh.corners):
        around[corner].append(index // 3)
    number: dict[tuple[int, Normal], int] = {}
    indices = array("I")
    for index, corner in enumerate(mesh.corners):
        normal = _smooth(units[index // 3], around[corner], units, faces)
        indices.append(number.setdefault((corner, normal), len(number)))
    return Corners([vertex for vertex, _ in number], [normal for _, normal in number], indices)


def _smooth(unit: Vector, around: list[int], units: list[Vector], faces: list[Vector]) -> Normal:
    """Large triangles count for more, as their cross products are longer."""
    ux, uy, uz = unit
    x = y = z = 0.0
    for face in around:
        vx, vy, vz = units[face]
        if ux * vx + uy * vy + uz * vz > _CREASE_COSINE:
            dx, dy, dz = faces[face]
            x, y, z = x + dx, y + dy, z + dz
    length = math.sqrt(x * x + y * y + z * z)
    if not length:
        return _SLIVER
    return round(x / length * _STEPS), round(y / length * _STEPS), round(z / length * _STEPS)


def _unit(vector: Vector) -> Vector:
    length = math.sqrt(vector[0] ** 2 + vector[1] ** 2 + vector[2] ** 2) or 1.0
    return vector[0] / length, vector[1] / length, vector[2] / length
