"""Gates that need solids, on the shipped statues and on parts that do not pass."""

from __future__ import annotations

import pytest

from adapters.statues.solids import box
from commitcollect_adapters.statues import Detail, load, stl
from commitcollect_adapters.statues.definitions import Statue
from commitcollect_core.values import ModelId

pytest.importorskip("manifold3d", reason="needs the extra sculpt")
from commitcollect_adapters.statues.sculpting import judging

BOX = box(10, 20, 30)
UP = (0.0, 0.0, 1.0)


@pytest.fixture(scope="module", params=["DRAGON_2026", "PHOENIX_2027"])
def statue(request: pytest.FixtureRequest) -> Statue:
    """Each shipped statue."""
    return load(ModelId(request.param))


@pytest.mark.slow
def test_shipped_parts_fit_together(statue: Statue) -> None:
    """Judged on the STL bytes: none overlaps another, each slides in in its turn, walls are thick enough."""
    meshes = [
        stl.read(stl.write(part.name, mesh))
        for part, mesh in zip(statue.parts, statue.meshes(Detail.EXACT), strict=True)
    ]
    parts = [
        (part.name, mesh, None if part.entry.part_index == 1 else part.direction)
        for part, mesh in zip(statue.parts, meshes, strict=True)
    ]
    assert judging.check(parts) == []


def test_overlapping_parts_are_found() -> None:
    """Two boxes that share a corner."""
    parts = [judging.placed("Low", BOX), judging.placed("High", box(10, 20, 30, (5, 10, 29)))]
    (finding,) = judging.overlaps(parts)
    assert (finding.part, finding.gate) == ("Low, High", "overlap")
    assert "50.00 mm3" in finding.reason


def test_a_part_that_cannot_come_in_is_found() -> None:
    """In its place it cuts nothing; on its way from above it meets the lid."""
    lid = box(10, 20, 5, (0, 0, 41))
    parts = [judging.placed("Lid", lid), judging.placed("Inside", box(10, 20, 30, (0, 0, 10)), UP)]
    assert list(judging.overlaps(parts)) == []
    (finding,) = judging.ways_in(parts)
    assert (finding.part, finding.gate) == ("Inside", "way_in")
    assert "Lid is in its way" in finding.reason


def test_the_order_of_earning_counts() -> None:
    """A part is not stopped by one that comes after it."""
    lid = box(10, 20, 5, (0, 0, 41))
    parts = [judging.placed("Inside", box(10, 20, 30, (0, 0, 10)), UP), judging.placed("Lid", lid, UP)]
    assert list(judging.ways_in(parts)) == []


def test_thin_walls_are_found() -> None:
    """A sheet of half a millimetre is thin all over, a box of ten nowhere."""
    sheet = box(30, 30, 0.5)
    (finding,) = judging.walls([judging.placed("Sheet", sheet)], [sheet])
    assert finding.gate == "walls"
    assert list(judging.walls([judging.placed("Box", BOX)], [BOX])) == []
