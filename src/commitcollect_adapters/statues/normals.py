"""Normals for drawing: smooth over round surfaces, sharp at creases."""

from __future__ import annotations

import math
from array import array

from attrs import frozen

from commitcollect_adapters.statues.meshes import Mesh, Vector, cross

_CREASE_COSINE = math.cos(math.radians(38))
_HALF_CREASE_COSINE = math.cos(math.radians(19))
"""Triangles that are all this near to one direction are within the crease of one another."""
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
        around[corner].append(index)
    normals = [_SLIVER] * len(mesh.corners)
    for each in around:
        here = [index // 3 for index in each]
        found = _normals([units[face] for face in here], [faces[face] for face in here])
        for index, normal in zip(each, found, strict=True):
            normals[index] = normal
    number: dict[tuple[int, Normal], int] = {}
    pairs = zip(mesh.corners, normals, strict=True)
    indices = array("I", [number.setdefault(pair, len(number)) for pair in pairs])
    return Corners([vertex for vertex, _ in number], [normal for _, normal in number], indices)


def _normals(units: list[Vector], faces: list[Vector]) -> list[Normal]:
    """The normal at a vertex for each triangle around it; one for all where none meet in a crease."""
    x = y = z = 0.0
    for dx, dy, dz in faces:
        x, y, z = x + dx, y + dy, z + dz
    least = _HALF_CREASE_COSINE * math.sqrt(x * x + y * y + z * z)
    for vx, vy, vz in units:
        if vx * x + vy * y + vz * z <= least:
            return _smooth(units, faces)
    return [_steps(x, y, z)] * len(units)


def _smooth(units: list[Vector], faces: list[Vector]) -> list[Normal]:
    """For each triangle the sum of those within its crease. Large ones count for more: they are longer."""
    xs, ys, zs = [0.0] * len(units), [0.0] * len(units), [0.0] * len(units)
    for one, (ux, uy, uz) in enumerate(units):
        x, y, z = faces[one]
        for other in range(one):
            vx, vy, vz = units[other]
            # Each pair is looked at once, for both.
            if ux * vx + uy * vy + uz * vz > _CREASE_COSINE:
                dx, dy, dz = faces[other]
                xs[one], ys[one], zs[one] = xs[one] + dx, ys[one] + dy, zs[one] + dz
                xs[other], ys[other], zs[other] = xs[other] + x, ys[other] + y, zs[other] + z
        xs[one], ys[one], zs[one] = xs[one] + x, ys[one] + y, zs[one] + z
    return [_steps(*sums) for sums in zip(xs, ys, zs, strict=True)]


def _steps(x: float, y: float, z: float) -> Normal:
    length = math.sqrt(x * x + y * y + z * z)
    if not length:
        return _SLIVER
    return round(x / length * _STEPS), round(y / length * _STEPS), round(z / length * _STEPS)


def _unit(vector: Vector) -> Vector:
    x, y, z = vector
    length = math.sqrt(x * x + y * y + z * z) or 1.0
    return x / length, y / length, z / length
