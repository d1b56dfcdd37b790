"""The gates see what is wrong with a part, and say where."""

from __future__ import annotations

from array import array

import pytest
from attrs import evolve

from adapters.statues.solids import BOX_TRIANGLES, box, merged
from commitcollect_adapters.statues.gates import Finding, check_part, check_statue
from commitcollect_adapters.statues.meshes import Area, Mesh, mesh
from commitcollect_adapters.statues.placing import Lying

BOX = box(10, 20, 30)


def _gates(part: Mesh, lying: Lying | None = None) -> list[str]:
    return [finding.gate for finding in check_part("Part", part, lying)]


def _without(part: Mesh, triangle: int) -> Mesh:
    corners = part.corners[: 3 * triangle] + part.corners[3 * triangle + 3 :]
    return evolve(part, corners=corners, areas=(Area(0, len(corners) // 3),))


def test_a_good_part_passes() -> None:
    """A box has nothing wrong."""
    assert check_part("Box", BOX) == []


@pytest.mark.parametrize("triangle", range(12))
def test_a_hole_is_found(triangle: int) -> None:
    """Whichever triangle is missing."""
    (finding,) = check_part("Box", _without(BOX, triangle))
    assert (finding.part, finding.gate) == ("Box", "watertight")
    assert "3 edges" in finding.reason
    assert "the first at x" in finding.reason


@pytest.mark.parametrize("triangle", range(12))
def test_a_triangle_that_faces_the_other_way_is_found(triangle: int) -> None:
    """One turned triangle walks its edges in the direction of its neighbours."""
    corners = array("i", BOX.corners)
    corners[3 * triangle], corners[3 * triangle + 1] = corners[3 * triangle + 1], corners[3 * triangle]
    assert "wound" in _gates(evolve(BOX, corners=corners))


def test_a_part_that_is_inside_out_is_found() -> None:
    """It is closed and wound, only its volume is negative."""
    (finding,) = check_part("Box", evolve(BOX, corners=BOX.corners[::-1], areas=(Area(0, 12),)))
    assert (finding.gate, finding.reason) == ("volume", "its volume is -6000 mm3: it is inside out")


def test_two_bodies_are_found() -> None:
    """A crumb beside the part is not the part."""
    assert _gates(merged(BOX, box(1, 1, 1, (50, 0, 0)))) == ["one_body"]


def test_bodies_that_share_an_edge_are_found() -> None:
    """Four triangles at one edge are no surface that a slicer can walk."""
    points = [(0, 0, 0), (10, 0, 0), (0, 10, 0), (10, 10, 0), (0, 0, 9), (10, 0, 9), (0, 10, 9), (10, 10, 9)]
    points = [(x * 1000, y * 1000, z * 1000) for x, y, z in points]
    shifted = [(x + 10_000, y + 10_000, z) for x, y, z in points]
    index = {point: number for number, point in enumerate(dict.fromkeys(points + shifted))}
    triangles = [
        (index[body[a]], index[body[b]], index[body[c]])
        for body in (points, shifted)
        for a, b, c in BOX_TRIANGLES
    ]
    assert _gates(mesh(index, triangles)) == ["wound"]


def test_collapsed_triangles_are_found() -> None:
    """Two corners in one place."""
    corners = BOX.corners + array("i", [0, 0, 1])
    assert "degenerate" in _gates(evolve(BOX, corners=corners, areas=(Area(0, 13),)))


def test_a_part_in_metres_is_found() -> None:
    """What is far too small has most likely the wrong unit."""
    assert _gates(box(0.01, 0.02, 0.03)) == ["volume"]


def test_a_part_is_measured_as_it_lies() -> None:
    """A long part may fit when it is turned."""
    long = box(200, 20, 20)
    assert _gates(long) == ["size"]
    assert _gates(long, Lying(up=(0, 0, 1), right=(1, 1, 0))) == []


def test_too_many_triangles_are_found() -> None:
    """A part has a budget, and so has the statue."""
    parts = [
        (f"Part {n}", merged(*[box(10, 10, 10, (0, 0, 12.0 * k)) for k in range(4)]), None) for n in range(3)
    ]
    assert {each.gate for each in check_statue(parts)} == {"one_body"}
    many = evolve(BOX, corners=BOX.corners * 4200, areas=(Area(0, 50_400),))
    assert "triangles" in _gates(many)
    total = [each for each in check_statue([("Box", many, None)] * 4) if each.part == "the statue"]
    assert total == [
        Finding("the statue", "triangles", "its parts have 201600 triangles together; 200000 are allowed")
    ]
