"""The packed format: exact, and closed to damaged or hostile bytes."""

from __future__ import annotations

import json
import struct
import zlib
from array import array
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from adapters.statues.solids import box
from commitcollect_adapters.statues import pack
from commitcollect_adapters.statues.meshes import Mesh, chained, mesh
from commitcollect_core.errors import InvalidInput

BOX = chained(box(10, 20, 30))
SHIPPED = ("DRAGON_2026", "PHOENIX_2027")


@st.composite
def meshes(draw: st.DrawFn) -> Mesh:
    """Any triangles over any points; they need not be a surface."""
    limit = 1_000_000
    points = draw(st.lists(st.tuples(*[st.integers(-limit, limit)] * 3), min_size=3, max_size=12))
    corner = st.integers(0, len(points) - 1)
    distinct = st.tuples(corner, corner, corner).filter(lambda each: len(set(each)) == 3)
    made = mesh(points, draw(st.lists(distinct, min_size=1, max_size=20)))
    shades = bytes(draw(st.lists(st.integers(0, 255), min_size=len(points), max_size=len(points))))
    return chained(evolve(made, shades=draw(st.sampled_from([b"", shades]))))


@given(st.lists(meshes(), min_size=1, max_size=4))
def test_packing_loses_nothing(parts: list[Mesh]) -> None:
    """Every vertex, triangle, area and shade comes back, and packs to the same bytes again."""
    data = pack.encode(parts)
    assert pack.decode(data) == parts
    assert pack.encode(pack.decode(data)) == data


@given(meshes())
def test_an_order_that_packs_well_is_the_same_surface(source: Mesh) -> None:
    """The same points and the same triangles with the same winding, whatever their order."""

    def surface(of: Mesh) -> list[tuple[tuple[int, ...], ...]]:
        points = list(zip(of.x, of.y, of.z, strict=True))
        corners = ([points[each] for each in triangle] for triangle in of.triangles())
        return sorted(min(tuple(c[k:] + c[:k]) for k in range(3)) for c in corners)

    assert surface(chained(source)) == surface(source)


def test_coordinates_may_be_rounded() -> None:
    """Meshes that are only drawn are packed to a tenth of a millimetre."""
    (coarse,) = pack.decode(pack.encode([chained(box(10.04, 20, 30))], unit_micrometres=100))
    assert max(coarse.x) == 10_000


def _packed(header: object, body: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return pack.MAGIC + zlib.compress(struct.pack("<I", len(text)) + text + body)


def _header(**part: Any) -> dict[str, Any]:
    given = {"vertices": 8, "areas": [[0, 10], [1, 2]], "shaded": False, **part}
    return {"unitMicrometres": 1, "parts": [given]}


@pytest.mark.parametrize(
    "header",
    [
        _header(vertices=2**31),
        _header(vertices=-8),
        _header(vertices=8.0),
        _header(vertices=True),
        _header(vertices=9),
        _header(areas=[[0, 2**40]]),
        _header(areas=[[0, 400_000]] * 16),
        _header(areas=[[16, 12]]),
        _header(areas=[]),
        _header(areas=[[0, 0], [0, 12]]),
        _header(areas=[[0]]),
        _header(shaded=True),
        {"unitMicrometres": 0, "parts": _header()["parts"]},
        {"unitMicrometres": 1, "parts": []},
        {"unitMicrometres": 1, "parts": _header()["parts"] * 100},
        {"unitMicrometres": 1},
        [],
        None,
    ],
)
def test_counts_that_cannot_be_are_refused(header: object) -> None:
    """Nothing is allocated for what a header claims before it was compared with what is there."""
    body = zlib.decompress(pack.encode([BOX])[4:])[-4 * (36 + 24) :]
    with pytest.raises(InvalidInput, match="cannot be used"):
        pack.decode(_packed(header, body))


def test_the_header_of_a_good_pack_is_taken() -> None:
    """The test above refuses what it says, and not its way of packing."""
    body = zlib.decompress(pack.encode([BOX])[4:])[-4 * (36 + 24) :]
    assert pack.decode(_packed(_header(areas=[[0, 10], [1, 2]]), body)) == [BOX]


@pytest.mark.parametrize(
    "corners", [[0, 1, 3], [0, 0, 1, 2], [0, 1, 1]], ids=["beyond the last", "unused", "twice"]
)
def test_indices_out_of_range_are_refused(corners: list[int]) -> None:
    """A triangle of vertices that are not there, or of one twice, is an error and not a crash."""
    codes = array("I")
    unused = 0
    for corner in corners[:3]:
        codes.append(max(unused - corner, 0) if corner <= unused else 2**32 - 1)
        unused += corner == unused
    numbers = array("I", [*codes, *[0] * 9])
    data = numbers.tobytes()
    body = b"".join(data[plane::4] for plane in range(4))
    with pytest.raises(InvalidInput, match=r"cannot be used: a (triangle|vertex)"):
        pack.decode(_packed(_header(vertices=3, areas=[[0, 1]]), body))


def test_a_vertex_far_away_is_refused() -> None:
    """Coordinates stay within a metre, so that no sum over them grows beyond measure."""
    far = evolve(BOX, x=array("i", [2_000_000, *BOX.x[1:]]))
    with pytest.raises(InvalidInput, match="more than a metre"):
        pack.decode(pack.encode([far]))


def test_a_small_file_that_inflates_beyond_measure_is_refused() -> None:
    """A megabyte of zeros takes a kilobyte; inflating stops at the limit."""
    bomb = pack.MAGIC + zlib.compress(bytes(pack.INFLATED_BYTES_MAX + 1), 9)
    with pytest.raises(InvalidInput, match="more than"):
        pack.decode(bomb)


@pytest.mark.parametrize(
    "data", [b"", b"CCM1", b"CCM2" + zlib.compress(b""), b"PK\x03\x04", b"CCM1" + zlib.compress(b"\0")]
)
def test_other_files_are_refused(data: bytes) -> None:
    """What is no pack at all is an error as well."""
    with pytest.raises(InvalidInput, match="cannot be used"):
        pack.decode(data)


def test_nothing_may_follow_a_pack() -> None:
    """Appended bytes are no part of what was published."""
    with pytest.raises(InvalidInput, match="cut or something was added"):
        pack.decode(pack.encode([BOX]) + b"\0")
