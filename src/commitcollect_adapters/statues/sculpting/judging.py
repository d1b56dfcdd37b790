"""Gates that need solids: parts that overlap, parts that cannot be put on, walls that are too thin."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
from attrs import frozen
from manifold3d import Manifold

from commitcollect_adapters.statues.gates import Finding
from commitcollect_adapters.statues.meshes import MICROMETRES_PER_MM, Mesh, Vector
from commitcollect_adapters.statues.sculpting.fields import Array
from commitcollect_adapters.statues.sculpting.polygonising import Index
from commitcollect_adapters.statues.sculpting.shapes import as_manifold

OVERLAP_MM3_MAX = 0.05
"""Two parts may cut each other by this: the rounding of their surfaces where they touch."""
SWEEP_MM = (0.5, 1.0, 2.0, 4.0, 6.0, 8.0, 12.0, 20.0, 40.0)
"""How far from its place a part is tried on its way in."""
WALL_MM_MIN = 0.8
"""Two lines of a 0.4 mm nozzle."""
THIN_SHARE_MAX = 0.01
"""Of the surface: the rims of sockets and the roots of fins end in thin lips."""
_FACING = -0.9
"""The cosine between the two sides of a wall: within 25 degrees of facing away from each other."""
_SAMPLES = 800
_REACH_MM = 60.0


@frozen(eq=False)
class Placed:
    """A part, and the direction it comes from."""

    name: str
    solid: Manifold
    comes_from: Vector | None


def placed(name: str, mesh: Mesh, comes_from: Vector | None = None) -> Placed:
    """The solid of a mesh that has passed the gates for surfaces."""
    return Placed(name, as_manifold(*_arrays(mesh)), comes_from)


def _arrays(mesh: Mesh) -> tuple[Array, Index]:
    vertices = np.stack([np.frombuffer(axis, np.int32) for axis in (mesh.x, mesh.y, mesh.z)], 1)
    triangles = np.frombuffer(mesh.corners, np.int32).reshape(-1, 3)
    return vertices / MICROMETRES_PER_MM, triangles.astype(np.int64)


def overlaps(parts: Sequence[Placed]) -> Iterator[Finding]:
    """Two parts cannot be in one place."""
    for a, b in itertools.combinations(parts, 2):
        common = (a.solid ^ b.solid).volume()
        if common > OVERLAP_MM3_MAX:
            yield Finding(f"{a.name}, {b.name}", "overlap", f"they have {common:.2f} mm3 in common")


def ways_in(parts: Sequence[Placed]) -> Iterator[Finding]:
    """Each part, in the order of earning, slides to its place past those that are there."""
    for index, part in enumerate(parts):
        if part.comes_from is None:
            continue
        for earlier in parts[:index]:
            cut, far = max(_cut(part, earlier, each) for each in SWEEP_MM)
            if cut > OVERLAP_MM3_MAX:
                reason = f"{earlier.name} is in its way: {cut:.2f} mm3 at {far} mm from its place"
                yield Finding(part.name, "way_in", reason)


def _cut(part: Placed, earlier: Placed, far: float) -> tuple[float, float]:
    x, y, z = part.comes_from or (0.0, 0.0, 0.0)
    return (part.solid.translate((x * far, y * far, z * far)) ^ earlier.solid).volume(), far


def thin_share(part: Placed, mesh: Mesh) -> float:
    """The share of the surface whose wall is thinner than it should be, sampled evenly by area."""
    vertices, triangles = _arrays(mesh)
    corners = vertices[triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    areas = np.sqrt((normals * normals).sum(axis=1))
    total = np.cumsum(areas)
    picks = np.searchsorted(total, (np.arange(_SAMPLES) + 0.5) / _SAMPLES * total[-1])
    thin = sum(
        _wall(part.solid, corners[pick].mean(axis=0), normals[pick] / areas[pick]) < WALL_MM_MIN
        for pick in picks
    )
    return float(thin) / _SAMPLES


def _wall(solid: Manifold, centre: Array, normal: Array) -> float:
    """From just below the surface straight inwards to the other side of the wall.

    The two sides of a wall face away from each other; those of an edge or of a tip do not.
    """
    start = centre - normal * 0.01
    hits = solid.ray_cast(tuple(start), tuple(start - normal * _REACH_MM))
    nearest = min(hits, key=lambda hit: hit.distance, default=None)
    if nearest is None or float(np.asarray(nearest.normal) @ normal) > _FACING:
        return _REACH_MM
    return float(nearest.distance) * _REACH_MM


def walls(parts: Sequence[Placed], meshes: Sequence[Mesh]) -> Iterator[Finding]:
    """No part has thin walls beyond its edges and tips."""
    for part, mesh in zip(parts, meshes, strict=True):
        share = thin_share(part, mesh)
        if share > THIN_SHARE_MAX:
            reason = f"{share:.1%} of its surface has walls under {WALL_MM_MIN} mm"
            yield Finding(part.name, "walls", reason)


def check(parts: Sequence[tuple[str, Mesh, Vector | None]]) -> list[Finding]:
    """All gates of this module; the meshes have passed those for surfaces."""
    solids = [placed(*part) for part in parts]
    return [*overlaps(solids), *ways_in(solids), *walls(solids, [mesh for _, mesh, _ in parts])]
