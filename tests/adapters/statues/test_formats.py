"""STL, 3MF and GLB files: what other programs read."""

from __future__ import annotations

import io
import json
import random
import struct
import zipfile
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from attrs import evolve

from adapters.statues.solids import box
from commitcollect_adapters.statues import glb, stl, threemf
from commitcollect_adapters.statues.materials import Material
from commitcollect_adapters.statues.meshes import chained, mesh
from commitcollect_adapters.statues.placing import Lying, Placement, lay
from commitcollect_core.errors import InvalidInput

BOX = box(10, 20, 30, (-5, 0, 2))
MATERIALS = (Material("Stone", "#6B6966"), Material("Gold & <silver>", "#F2B329", is_metal=True))
NAMESPACE = {"m": "http://schemas.microsoft.com/3dmanufacturing/core/2015/02"}


def test_stl_holds_every_triangle_in_millimetres() -> None:
    """What is written is read back: the same box, at the same place, of the same volume."""
    read = stl.read(stl.write("Box", BOX))
    assert read.bounds_mm() == BOX.bounds_mm() == ((-5, 0, 2), (5, 20, 32))
    assert read.volume_mm3() == BOX.volume_mm3() == 6000
    assert read.triangles_total == 12
    assert read.vertices_total == 8


def test_stl_facets_point_outwards() -> None:
    """The normal of each facet leads away from the middle of the box."""
    data = stl.write("Box", BOX)
    for x, y, z, *corners, _ in struct.iter_unpack("<12fH", data[84:]):
        assert x * x + y * y + z * z == pytest.approx(1)
        away = (corners[0] - 0, corners[1] - 10, corners[2] - 17)
        assert x * away[0] + y * away[1] + z * away[2] > 0


def test_stl_names_are_plain_text() -> None:
    """A name that is long or has other letters still leaves a header of 80 bytes."""
    data = stl.write("Flügel " * 20, BOX)
    assert len(data) == 84 + 50 * 12
    assert data.startswith(b"CommitCollect Fl?gel")


@pytest.mark.parametrize("cut", [0, 1, 83, 84, 100, 84 + 50 * 12 - 1])
def test_cut_stl_is_refused(cut: int) -> None:
    """The count in the header and the length of the file have to agree."""
    with pytest.raises(InvalidInput, match="cannot be used"):
        stl.read(stl.write("Box", BOX)[:cut])


def test_stl_of_other_kinds_is_refused_with_the_way_out() -> None:
    """ASCII files are common; the error says what to do."""
    with pytest.raises(InvalidInput, match="export it as binary"):
        stl.read(b"solid box\n facet normal 0 0 1\n" + b" " * 100)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), 1e30, -1001.0])
def test_stl_with_impossible_numbers_is_refused(number: float) -> None:
    """No vertex is infinitely far away or no number at all."""
    data = bytearray(stl.write("Box", BOX))
    struct.pack_into("<f", data, 84 + 12, number)
    with pytest.raises(InvalidInput, match="not a number"):
        stl.read(bytes(data))


def test_stl_with_flipped_bits_is_read_or_refused() -> None:
    """STL has no checksum: an altered file may be another mesh, and is never a crash."""
    data, chance = stl.write("Box", BOX), random.Random(3)
    for _ in range(200):
        flipped = bytearray(data)
        flipped[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        try:
            assert stl.read(bytes(flipped)).triangles_total == 12
        except InvalidInput as refused:
            assert refused.code == "mesh_broken"  # noqa: PT017 - either outcome is right


def _model(data: bytes) -> ET.Element:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert set(archive.namelist()) == {"[Content_Types].xml", "_rels/.rels", "3D/3dmodel.model"}
        return ET.fromstring(archive.read("3D/3dmodel.model"))  # noqa: S314 - our own file


def test_3mf_holds_named_objects_with_their_colours() -> None:
    """Millimetres; an object for each part; every index in range; names escaped, not trusted."""
    model = _model(threemf.write('A "title" & <more>', [threemf.Item("Box <1>", BOX)], MATERIALS))
    assert model.get("unit") == "millimeter"
    title = model.find("m:metadata[@name='Title']", NAMESPACE)
    assert title is not None
    assert title.text == 'A "title" & <more>'
    colours = [(each.get("name"), each.get("displaycolor")) for each in model.findall(".//m:base", NAMESPACE)]
    assert colours == [("Stone", "#6B6966"), ("Gold & <silver>", "#F2B329")]
    (part,) = model.findall(".//m:object", NAMESPACE)
    assert part.get("name") == "Box <1>"
    assert len(part.findall(".//m:vertex", NAMESPACE)) == 8
    triangles = part.findall(".//m:triangle", NAMESPACE)
    assert all(0 <= int(each.get(corner, "-1")) < 8 for each in triangles for corner in ("v1", "v2", "v3"))
    assert [each.get("p1") for each in triangles].count("1") == 2


def test_3mf_puts_a_part_where_its_placement_does() -> None:
    """The transform, applied to row vectors as the specification says, gives the placement's points."""
    laid = lay(BOX, Lying((0, 1, 0), (0, 0, 1)))
    model = _model(threemf.write("Box", [threemf.Item("Box", BOX, laid.placement)], MATERIALS))
    item = model.find(".//m:item", NAMESPACE)
    assert item is not None
    m = list(map(float, item.get("transform", "").split()))
    for x, y, z in BOX.points_mm():
        moved = tuple(x * m[k] + y * m[3 + k] + z * m[6 + k] + m[9 + k] for k in range(3))
        assert moved == pytest.approx(laid.placement.moved([(x, y, z)])[0])


def test_3mf_bytes_do_not_depend_on_when_they_are_written() -> None:
    """The same parts give the same file."""
    first, second = (threemf.write("Box", [threemf.Item("Box", BOX)], MATERIALS) for _ in range(2))
    assert first == second


def _glb(data: bytes) -> tuple[dict[str, Any], bytes]:
    magic, version, total, length, kind = struct.unpack_from("<5I", data)
    assert (magic, version, total, kind) == (0x46546C67, 2, len(data), 0x4E4F534A)
    size, kind = struct.unpack_from("<2I", data, 20 + length)
    assert (28 + length + size, kind) == (len(data), 0x004E4942)
    return json.loads(data[20 : 20 + length]), data[28 + length :]


def test_glb_holds_a_node_for_each_part_and_a_primitive_for_each_colour() -> None:
    """Indices are in range, positions scale back to the box, shades follow their vertices."""
    shaded = evolve(chained(BOX), shades=bytes(range(10, 18)))
    document, binary = _glb(glb.write("Statue", [glb.Item(7, "Box", shaded)], MATERIALS))
    node = document["nodes"][1]
    assert (node["name"], node["extras"]) == ("Box", {"partIndex": 7})
    primitives = document["meshes"][0]["primitives"]
    assert [each["material"] for each in primitives] == [0, 1]
    accessors = document["accessors"]
    position = accessors[primitives[0]["attributes"]["POSITION"]]
    low, high = (
        [c + s * q for c, s, q in zip(node["translation"], node["scale"], position[of], strict=True)]
        for of in ("min", "max")
    )
    assert low == pytest.approx([-5, 0, 2], abs=1e-3)
    assert high == pytest.approx([5, 20, 32], abs=1e-3)
    for primitive in primitives:
        accessor = accessors[primitive["indices"]]
        start = document["bufferViews"][accessor["bufferView"]]["byteOffset"]
        indices = struct.unpack_from(f"<{accessor['count']}I", binary, start)
        assert max(indices) < position["count"]
    colour = accessors[primitives[0]["attributes"]["COLOR_0"]]
    start = document["bufferViews"][colour["bufferView"]]["byteOffset"]
    assert {binary[start + 4 * k] for k in range(colour["count"])} == set(range(10, 18))


def test_glb_splits_a_box_at_its_creases() -> None:
    """The 8 vertices of a box have 3 directions each."""
    document, _ = _glb(glb.write("Statue", [glb.Item(1, "Box", BOX)], MATERIALS))
    assert document["accessors"][0]["count"] == 24


def test_glb_gives_a_sliver_a_direction() -> None:
    """Three points in a line have no normal of their own, and validators refuse one that is zero."""
    flat = mesh([(0, 0, 0), (10, 0, 0), (20, 0, 0)], [(0, 1, 2)])
    document, binary = _glb(glb.write("Statue", [glb.Item(1, "Line", flat)], MATERIALS))
    start = document["bufferViews"][1]["byteOffset"]
    assert struct.unpack_from("<4b", binary, start) == (0, 0, 127, 0)


def test_a_placement_turns_before_it_shifts() -> None:
    """Rotations are by rows."""
    turn = Placement(((0, -1, 0), (1, 0, 0), (0, 0, 1)), (100, 0, 0))
    assert turn.moved([(1, 0, 0)]) == [(100, 1, 0)]
