"""Parts on beds."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.statues.solids import box
from commitcollect_adapters.statues import Detail, load
from commitcollect_adapters.statues.placing import Lying, lay
from commitcollect_adapters.statues.plates import GAP_MM, Bed, share_out
from commitcollect_core.errors import InvalidInput
from commitcollect_core.values import ModelId

SIDES = st.floats(1, 180, allow_nan=False)


@given(st.lists(st.tuples(SIDES, SIDES), min_size=1, max_size=15))
def test_every_part_lies_on_a_bed_once_and_apart_from_others(sizes: list[tuple[float, float]]) -> None:
    """Whatever the sizes: none lost, none beyond the edge, none nearer than the gap."""
    laid = [lay(box(width, depth, 5), Lying()) for width, depth in sizes]
    plates = share_out(laid, Bed(), ["part"] * len(sizes))
    assert sorted(spot.item for plate in plates for spot in plate) == list(range(len(sizes)))
    for plate in plates:
        for spot in plate:
            width, depth, _ = laid[spot.item].size
            assert 0 <= spot.x <= 180.001 - width
            assert 0 <= spot.y <= 180.001 - depth
        for a, b in itertools.combinations(plate, 2):
            wide, deep = (laid[each.item].size for each in (a, b))
            beside = a.x + wide[0] + GAP_MM <= b.x + 1e-6 or b.x + deep[0] + GAP_MM <= a.x + 1e-6
            behind = a.y + wide[1] + GAP_MM <= b.y + 1e-6 or b.y + deep[1] + GAP_MM <= a.y + 1e-6
            assert beside or behind


def test_a_part_that_is_too_large_is_named_with_its_size() -> None:
    """The error says which, how large, and what would help."""
    with pytest.raises(InvalidInput, match=r"Wing needs 200 x 20 mm, and the bed has 180 x 180 mm"):
        share_out([lay(box(200, 20, 5), Lying())], Bed(), ["Wing"])


def test_lying_turns_the_part() -> None:
    """A tall box on its side is as high as it was deep, and begins at the origin."""
    laid = lay(box(10, 20, 30, (5, 5, 5)), Lying(up=(0, 1, 0), right=(0.3, 0.9, 1)))
    points = laid.placement.moved(box(10, 20, 30, (5, 5, 5)).points_mm())
    assert laid.size[2] == pytest.approx(20)
    assert [min(axis) for axis in zip(*points, strict=True)] == pytest.approx([0, 0, 0])


@pytest.mark.parametrize("model_id", ["DRAGON_2026", "PHOENIX_2027"])
def test_shipped_statues_fit_small_beds(model_id: str) -> None:
    """Every part lies on a bed of 180 mm; all of them take no more than six."""
    statue = load(ModelId(model_id))
    laid = [
        lay(mesh, part.lying) for part, mesh in zip(statue.parts, statue.meshes(Detail.EXACT), strict=True)
    ]
    assert len(share_out(laid, Bed(), [part.name for part in statue.parts])) <= 6
