"""Small meshes for tests."""

from __future__ import annotations

from commitcollect_adapters.statues.meshes import Area, Mesh, Triangle, mesh

BOX_TRIANGLES: tuple[Triangle, ...] = (
    (0, 2, 1), (1, 2, 3), (4, 5, 6), (5, 7, 6), (0, 1, 4), (1, 5, 4),
    (2, 6, 3), (3, 6, 7), (0, 4, 2), (2, 4, 6), (1, 3, 5), (3, 7, 5),
)  # fmt: skip
"""Wound outwards; vertex number = x + 2 y + 4 z."""


def box(width: float, depth: float, height: float, at: tuple[float, float, float] = (0, 0, 0)) -> Mesh:
    """A box in millimetres whose top is of material 1."""
    size = (width, depth, height)
    points = [
        tuple(round(1000 * (at[axis] + size[axis] * (vertex >> axis & 1))) for axis in range(3))
        for vertex in range(8)
    ]
    top = BOX_TRIANGLES[2:4]
    rest = tuple(each for each in BOX_TRIANGLES if each not in top)
    return mesh(points, (*rest, *top), (Area(0, len(rest)), Area(1, len(top))))


def merged(*parts: Mesh) -> Mesh:
    """Several meshes as one of one material."""
    points: list[tuple[int, int, int]] = []
    triangles: list[Triangle] = []
    for part in parts:
        first = len(points)
        points += zip(part.x, part.y, part.z, strict=True)
        triangles += [(a + first, b + first, c + first) for a, b, c in part.triangles()]
    return mesh(points, triangles)
