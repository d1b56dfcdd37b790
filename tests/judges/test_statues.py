"""Programs of others judge the shipped statues.

trimesh, lib3mf in its strict mode, Khronos' glTF-Validator, admesh, and at night PrusaSlicer.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from commitcollect_adapters import statues
from commitcollect_adapters.statues import Detail, load, pack, shipped_catalog, stl, threemf
from commitcollect_adapters.statues.definitions import Statue
from commitcollect_adapters.statues.exporting import glb_file, shapes
from commitcollect_adapters.statues.meshes import Mesh
from commitcollect_adapters.statues.placing import Lying, lay
from commitcollect_adapters.statues.plates import Bed, share_out
from commitcollect_core.values import ModelId
from engines import running
from needs import missing, program

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=["DRAGON_2026", "PHOENIX_2027"])
def statue(request: pytest.FixtureRequest) -> Statue:
    """Each shipped statue."""
    return load(ModelId(request.param))


@pytest.fixture(scope="module")
def parts(statue: Statue, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The STL files of a statue's parts."""
    folder = tmp_path_factory.mktemp("parts")
    files = [folder / part.entry.mesh_file for part in statue.parts]
    for part, mesh, file in zip(statue.parts, statue.meshes(Detail.EXACT), files, strict=True):
        file.write_bytes(stl.write(part.name, mesh))
    return files


def test_trimesh_finds_every_part_watertight(parts: list[Path]) -> None:
    """Closed, consistently wound, a positive volume."""
    trimesh = pytest.importorskip("trimesh", reason="needs the dependency group test")
    for file in parts:
        mesh = trimesh.load(file)
        facts = (mesh.is_watertight, mesh.is_winding_consistent, mesh.is_volume)
        assert facts == (True, True, True), file.name


def _packages(statue: Statue) -> list[bytes]:
    """The assembled statue, and its plates."""
    meshes = statue.meshes(Detail.EXACT)
    assembled = [threemf.Item(part.name, mesh) for part, mesh in zip(statue.parts, meshes, strict=True)]
    laid = [lay(mesh, part.lying) for part, mesh in zip(statue.parts, meshes, strict=True)]
    plates = [
        [
            threemf.Item(statue.parts[i].name, meshes[i], laid[i].placement.shifted(spot.x, spot.y))
            for spot in plate
            for i in [spot.item]
        ]
        for plate in share_out(laid, Bed(), [part.name for part in statue.parts])
    ]
    return [threemf.write(statue.title, items, statue.materials) for items in (assembled, *plates)]


def test_lib3mf_has_nothing_to_say(statue: Statue) -> None:
    """In strict mode it reads the statue and each plate without a warning; every object is a solid."""
    lib3mf = pytest.importorskip("lib3mf", reason="needs the dependency group test")
    wrapper = lib3mf.get_wrapper()
    counts = []
    for package in _packages(statue):
        model = wrapper.CreateModel()
        reader = model.QueryReader("3mf")
        reader.SetStrictModeActive(True)
        reader.ReadFromBuffer(package)
        assert reader.GetWarningCount() == 0
        objects = model.GetMeshObjects()
        count = 0
        while objects.MoveNext():
            assert objects.GetCurrentMeshObject().IsManifoldAndOriented()
            count += 1
        counts.append(count)
    assert counts[0] == sum(counts[1:]) == len(statue.parts)


_VALIDATE = """
const fs = require("fs"), validator = require(process.argv[2]);
(async () => {
    for (const file of process.argv.slice(3)) {
        const options = { maxIssues: 0, writeTimestamp: false };
        const content = new Uint8Array(fs.readFileSync(file));
        const { issues, info } = await validator.validateBytes(content, options);
        console.log(JSON.stringify({ ...issues, triangles: info.totalTriangleCount }));
    }
})();
"""
"""Prints a line of JSON for each file."""


def _validated(folder: Path, contents: Sequence[bytes]) -> list[dict[str, Any]]:
    """What glTF-Validator says of each file."""
    script, node = running.require(running.FOLDER / "gltf_validator.js"), shutil.which("node")
    if node is None:
        missing("glTF-Validator needs Node.js, which is not installed")
    (folder / "validate.js").write_text(_VALIDATE, encoding="utf-8")
    files = [folder / f"{number}.glb" for number in range(len(contents))]
    for file, content in zip(files, contents, strict=True):
        file.write_bytes(content)
    command = [node, str(folder / "validate.js"), str(script), *map(str, files)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in said.splitlines()]


def test_gltf_validator_has_nothing_to_say(statue: Statue, tmp_path: Path) -> None:
    """No error, warning, info or hint on the assembled statue, nor on any part by itself."""
    every = shapes(statue, range(1, len(statue.parts) + 1), Detail.WEB)
    chosen = [every, *([each] for each in every)]
    reports = _validated(tmp_path, [glb_file(statue, each) for each in chosen])
    for some, report in zip(chosen, reports, strict=True):
        assert report["messages"] == [], [each.part.name for each in some]
        assert report["triangles"] == sum(each.mesh.triangles_total for each in some)


def test_gltf_validator_looks_closely(statue: Statue, tmp_path: Path) -> None:
    """It finds a normal of length zero: the test above can fail."""
    (crown,) = shapes(statue, [len(statue.parts)], Detail.WEB)
    good = glb_file(statue, [crown])
    document = json.loads(good[20 : 20 + int.from_bytes(good[12:16], "little")])
    views, accessors = document["bufferViews"], document["accessors"]
    (normals,) = (views[each["bufferView"]] for each in accessors if each["componentType"] == 5120)
    at = len(good) - document["buffers"][0]["byteLength"] + normals["byteOffset"]
    flat = good[:at] + bytes(3) + good[at + 3 :]
    (report,) = _validated(tmp_path, [flat])
    assert {each["code"] for each in report["messages"]} == {"ACCESSOR_VECTOR3_NON_UNIT"}


def test_admesh_has_nothing_to_repair(parts: list[Path]) -> None:
    """No degenerate facet, nothing fixed, added, removed or reversed."""
    admesh = program("admesh")
    for file in parts:
        # Its greeting has a name in Latin-1.
        run = subprocess.run([admesh, file], check=True, capture_output=True, encoding="latin-1")
        said = run.stdout
        for what in ("Degenerate facets", "Edges fixed", "Facets removed", "Facets added", "Facets reversed"):
            found = re.search(rf"{what}\s*:\s*(\d+)", said)
            assert found is not None, said
            assert int(found[1]) == 0, f"{file.name}: {what}"


PRINTED = [(model.model_id, part.part_index) for model in shipped_catalog().models() for part in model.parts]
COUPON = ModelId("coupon")


def _printed(name: ModelId, number: int) -> tuple[Mesh, Lying]:
    """A part, and how it lies."""
    if name == COUPON:
        return pack.decode((files(statues) / "coupon.ccm").read_bytes())[number - 1], Lying()
    statue = load(name)
    return statue.meshes(Detail.EXACT)[number - 1], statue.parts[number - 1].lying


@pytest.mark.skipif("COMMITCOLLECT_SLICER" not in os.environ, reason="nox -s slicing names a PrusaSlicer")
@pytest.mark.parametrize(("name", "number"), [*PRINTED, (COUPON, 1), (COUPON, 2)])
def test_prusaslicer_slices_every_part(name: ModelId, number: int, tmp_path: Path) -> None:
    """As it lies, on a bed of 180 mm, it becomes G-code without a warning."""
    file = tmp_path / "part.stl"
    mesh, lying = _printed(name, number)
    file.write_bytes(stl.write(name, mesh, lay(mesh, lying).placement))
    output = file.with_suffix(".gcode")
    run = subprocess.run(
        [
            os.environ["COMMITCOLLECT_SLICER"], "--export-gcode", "--layer-height", "0.2",
            "--bed-shape", "0x0,180x0,180x180,0x180", "--center", "90,90", "--max-print-height", "180",
            "--perimeters", "2", "--fill-density", "12%", "--support-material",
            "--output", str(output), str(file),
        ],
        check=False,
        capture_output=True,
        text=True,
    )  # fmt: skip
    said = run.stdout + run.stderr
    assert run.returncode == 0, said
    assert not re.search("warn|repair|error|empty layer|stability", said, re.IGNORECASE), said
    assert re.search("filament used .mm. = [1-9]", output.read_text(encoding="utf-8"))
