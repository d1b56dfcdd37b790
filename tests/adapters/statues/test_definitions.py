"""Definitions of statues: what is shipped is what was published, and what is altered is refused."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from commitcollect_adapters import statues
from commitcollect_adapters.statues import Detail, load, stl
from commitcollect_adapters.statues.definitions import Statue, read_statue
from commitcollect_adapters.statues.gates import STATUE_TRIANGLES_MAX, check_statue
from commitcollect_core.errors import CorruptItem, NotFound
from commitcollect_core.values import ModelId

SHIPPED = ("DRAGON_2026", "PHOENIX_2027")
FOLDER = Path(str(files(statues)))
WHEEL_BYTES_MAX = 2_000_000


@pytest.fixture(scope="module", params=SHIPPED)
def statue(request: pytest.FixtureRequest) -> Statue:
    """Each shipped statue."""
    return load(ModelId(request.param))


def test_stl_bytes_are_those_that_the_catalogue_pins(statue: Statue) -> None:
    """An award can be checked against the file: its digest, triangles, volume and box are published."""
    document = json.loads((FOLDER / f"{statue.model.model_id}.json").read_text(encoding="utf-8"))
    for entry, part, mesh in zip(document["parts"], statue.parts, statue.meshes(Detail.EXACT), strict=True):
        data = stl.write(part.name, mesh)
        assert hashlib.sha256(data).hexdigest() == entry["meshSha256"]
        assert mesh.triangles_total == entry["triangles"]
        assert round(mesh.volume_mm3()) == entry["volumeMm3"]
        assert [list(corner) for corner in mesh.bounds_mm()] == entry["boundsMm"]


@pytest.mark.slow
def test_shipped_parts_pass_every_gate_of_surfaces(statue: Statue) -> None:
    """Judged on the STL bytes: closed, wound, one body, not inside out, within 180 mm and the budget."""
    meshes = [
        stl.read(stl.write(part.name, mesh))
        for part, mesh in zip(statue.parts, statue.meshes(Detail.EXACT), strict=True)
    ]
    named = [(part.name, mesh, part.lying) for part, mesh in zip(statue.parts, meshes, strict=True)]
    assert check_statue(named) == []
    assert sum(mesh.triangles_total for mesh in meshes) <= STATUE_TRIANGLES_MAX


def test_drawings_show_the_same_statue(statue: Statue) -> None:
    """The coarser meshes fill the same box within their tolerance, with fewer triangles."""
    exact = statue.meshes(Detail.EXACT)
    for detail, tolerance in ((Detail.WEB, 0.7), (Detail.LOW, 2.5)):
        for fine, coarse in zip(exact, statue.meshes(detail), strict=True):
            for mine, theirs in zip(fine.bounds_mm(), coarse.bounds_mm(), strict=True):
                assert mine == pytest.approx(theirs, abs=tolerance)
            assert coarse.triangles_total < fine.triangles_total
    assert all(mesh.shades for mesh in statue.meshes(Detail.WEB))


def test_the_statues_are_small_enough_to_ship() -> None:
    """All packs together stay below two megabytes."""
    assert sum(file.stat().st_size for file in FOLDER.glob("*.ccm")) < WHEEL_BYTES_MAX


def test_an_unknown_statue_is_named_with_those_there_are() -> None:
    """The error lists what may be asked for, and a path is no model."""
    for wrong in ("UNICORN_2026", "../DRAGON_2026", ""):
        with pytest.raises(NotFound, match="DRAGON_2026, PHOENIX_2027"):
            load(ModelId(wrong))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder with the smallest statue, to be altered."""
    for file in FOLDER.glob("phoenix_2027*"):
        shutil.copy(file, tmp_path)
    shutil.copy(FOLDER / "PHOENIX_2027.json", tmp_path)
    return tmp_path


def _altered(folder: Path, change: Callable[[dict[str, Any]], Any]) -> Statue:
    file = folder / "PHOENIX_2027.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    change(document)
    file.write_text(json.dumps(document), encoding="utf-8")
    return read_statue(file, folder)


def test_a_pack_that_was_altered_is_refused(copy: Path) -> None:
    """The digest is compared before anything is decoded."""
    for detail in Detail:
        statue = _altered(copy, dict.copy)
        file = copy / statue.packs[detail].file.name
        file.write_bytes(file.read_bytes() + b"\0")
        with pytest.raises(CorruptItem, match=f"{file.name} was altered"):
            statue.meshes(detail)
        file.unlink()
        with pytest.raises(CorruptItem, match=f"{file.name} cannot be read"):
            statue.meshes(detail)


def test_a_pack_of_another_statue_is_refused(copy: Path) -> None:
    """A digest that fits is not enough: parts and materials are counted."""
    shutil.copy(FOLDER / "dragon_2026.low.ccm", copy)
    data = (copy / "dragon_2026.low.ccm").read_bytes()
    other = {"file": "dragon_2026.low.ccm", "sha256": hashlib.sha256(data).hexdigest()}
    statue = _altered(copy, lambda document: document.update(lowPack=other))
    with pytest.raises(CorruptItem, match="does not have the parts"):
        statue.meshes(Detail.LOW)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(name="<b>Phoenix</b>"),
        lambda d: d["parts"][0].update(partName="Base<script>"),
        lambda d: d["parts"][0].update(partName='Base"'),
        lambda d: d["parts"][0].update(partName="Base\x00"),
        lambda d: d["parts"][0].update(partName="Base\u202e"),
        lambda d: d["parts"][0].update(partName=""),
        lambda d: d["parts"][0].update(partName="B" * 61),
        lambda d: d["parts"][0].update(meshFile="../base.stl"),
        lambda d: d["parts"][0].update(meshFile="/etc/passwd"),
        lambda d: d["materials"][0].update(name="A&B"),
        lambda d: d["materials"][0].update(color="red"),
        lambda d: d["materials"][0].update(color="#FFFFFF;}"),
        lambda d: d.update(materials=[]),
        lambda d: d.update(materials=d["materials"] * 5),
        lambda d: d.update(meshPack={"file": "../x.ccm", "sha256": "0" * 64}),
        lambda d: d.update(meshPack={"file": "x.ccm", "sha256": "0" * 63}),
        lambda d: d.pop("lowPack"),
        lambda d: d["parts"][1].pop("attach"),
        lambda d: d["parts"][1]["attach"].update(direction=[0, 0]),
        lambda d: d["parts"][1]["attach"].update(direction=[0, 0, 0]),
        lambda d: d["parts"][1]["attach"].update(at=[0, 0, 1e9]),
        lambda d: d["parts"][1]["attach"].update(at=[0, 0, float("nan")]),
        lambda d: d["parts"][1]["attach"].update(at="origin"),
        lambda d: d["parts"][1]["bed"].update(up=[0, 0, 0]),
        lambda d: d["parts"][1]["bed"].update(up=[1, 0, 0], right=[1, 0, 0]),
        lambda d: d["parts"][1].update(meshSha256="short"),
        lambda d: d["parts"].pop(),
        lambda d: d["parts"].append(d["parts"][0]),
        lambda d: d.update(parts=d["parts"] * 20),
        lambda d: d.update(parts="many"),
        lambda d: d.update(year="soon"),
        lambda d: d.update(modelId="a b"),
    ],
)  # fmt: skip
def test_a_definition_that_cannot_be_is_refused(copy: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Markup in names, paths in file names, directions that are none: one clear error each."""
    with pytest.raises(CorruptItem, match=r"PHOENIX_2027\.json|does not have the parts"):
        _altered(copy, change).meshes(Detail.LOW)


def test_a_definition_that_is_too_large_is_refused(copy: Path) -> None:
    """Reading is bounded."""
    (copy / "PHOENIX_2027.json").write_bytes(b" " * 1_000_001)
    with pytest.raises(CorruptItem, match="more than 1000000 bytes"):
        read_statue(copy / "PHOENIX_2027.json", copy)


def test_a_nest_of_brackets_is_refused(copy: Path) -> None:
    """Deep nesting is an error of ours, not of the interpreter's stack."""
    (copy / "PHOENIX_2027.json").write_bytes(b"[" * 500_000)
    with pytest.raises(CorruptItem, match="not JSON"):
        read_statue(copy / "PHOENIX_2027.json", copy)
