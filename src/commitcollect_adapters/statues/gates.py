"""What every part must be to be printed, judged on its surface alone, in plain Python.

`sculpting.judging` judges what needs solids: overlaps, the way in, and walls.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from attrs import frozen

from commitcollect_adapters.statues.meshes import MICROMETRES_PER_MM, Mesh, edges
from commitcollect_adapters.statues.placing import Lying, lay

SIDE_MM_MAX = 180.0
"""Of the box around a part as it lies: the build space of a small printer."""
PART_TRIANGLES_MAX = 50_000
STATUE_TRIANGLES_MAX = 200_000
VOLUME_MM3_MIN = 100.0
"""Less is lost on the bed; a part this small has most likely the wrong unit."""


@frozen
class Finding:
    """A gate that a part does not pass.

    Attributes:
        part: its name, or those of two parts.
        gate: a stable name: ``watertight``, ``wound``, ``one_body`` …
        reason: what is wrong and where, with figures.
    """

    part: str
    gate: str
    reason: str


Gate = Callable[[Mesh], Iterator[tuple[str, str]]]


def check_part(name: str, mesh: Mesh, lying: Lying | None = None) -> list[Finding]:
    """Every gate that one part can be judged by alone."""
    found = [Finding(name, gate, reason) for each in _GATES for gate, reason in each(mesh)]
    size = lay(mesh, lying or Lying()).size
    if max(size) > SIDE_MM_MAX:
        across = " x ".join(f"{side:.1f}" for side in size)
        found.append(
            Finding(name, "size", f"it takes {across} mm; a printer has {SIDE_MM_MAX:.0f} mm each way")
        )
    return found


def check_statue(parts: Sequence[tuple[str, Mesh, Lying | None]]) -> list[Finding]:
    """Every part alone, and what all of them are together."""
    found = [finding for part in parts for finding in check_part(*part)]
    total = sum(mesh.triangles_total for _, mesh, _ in parts)
    if total > STATUE_TRIANGLES_MAX:
        reason = f"its parts have {total} triangles together; {STATUE_TRIANGLES_MAX} are allowed"
        found.append(Finding("the statue", "triangles", reason))
    return found


def _distinct_corners(mesh: Mesh) -> Iterator[tuple[str, str]]:
    collapsed = sum(1 for a, b, c in mesh.triangles() if a in (b, c) or b == c)
    if collapsed:
        yield "degenerate", f"{collapsed} triangles have two corners in one place (within a micrometre)"


def _closed(mesh: Mesh) -> Iterator[tuple[str, str]]:
    """In a closed surface each edge is walked once in each direction."""
    walked = Counter(edge for triangle in mesh.triangles() for edge in edges(triangle))
    open_edges = [edge for edge in walked if (edge[1], edge[0]) not in walked]
    shared = [edge for edge, times in walked.items() if times > 1]
    if open_edges:
        yield (
            "watertight",
            f"{len(open_edges)} edges have a triangle on one side only, {_at(mesh, open_edges[0][0])}",
        )
    if shared:
        where = _at(mesh, shared[0][0])
        yield (
            "wound",
            f"{len(shared)} edges are walked twice in one direction, {where}: triangles face both ways",
        )


def _one_body(mesh: Mesh) -> Iterator[tuple[str, str]]:
    """Vertices that triangles connect are one body (disjoint sets)."""
    leader = list(range(mesh.vertices_total))

    def find(vertex: int) -> int:
        while leader[vertex] != vertex:
            leader[vertex] = leader[leader[vertex]]
            vertex = leader[vertex]
        return vertex

    for a, b, c in mesh.triangles():
        leader[find(b)] = leader[find(c)] = find(a)
    bodies = len({find(vertex) for vertex in mesh.corners})
    if bodies > 1:
        yield "one_body", f"it consists of {bodies} bodies that do not touch"


def _solid(mesh: Mesh) -> Iterator[tuple[str, str]]:
    volume = mesh.volume_mm3()
    if volume <= 0:
        yield "volume", f"its volume is {volume:.0f} mm3: it is inside out"
    elif volume < VOLUME_MM3_MIN:
        yield (
            "volume",
            f"its volume is {volume:.1f} mm3; below {VOLUME_MM3_MIN:.0f} mm3 the unit is most likely wrong",
        )


def _within_budget(mesh: Mesh) -> Iterator[tuple[str, str]]:
    if mesh.triangles_total > PART_TRIANGLES_MAX:
        yield "triangles", f"it has {mesh.triangles_total} triangles; {PART_TRIANGLES_MAX} are allowed"


def _at(mesh: Mesh, vertex: int) -> str:
    x, y, z = (axis[vertex] / MICROMETRES_PER_MM for axis in (mesh.x, mesh.y, mesh.z))
    return f"the first at x {x:.1f}, y {y:.1f}, z {z:.1f} mm"


_GATES: tuple[Gate, ...] = (_distinct_corners, _closed, _one_body, _solid, _within_budget)
