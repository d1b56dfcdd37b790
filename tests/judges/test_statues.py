"""Programs of others judge the shipped statues: trimesh, lib3mf in its strict mode, and admesh."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from commitcollect_adapters.statues import Detail, load, stl, threemf
from commitcollect_adapters.statues.definitions import Statue
from commitcollect_adapters.statues.placing import lay
from commitcollect_adapters.statues.plates import Bed, share_out
from commitcollect_core.values import ModelId

pytestmark = pytest.mark.slow
ADMESH = shutil.which("admesh")


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


@pytest.mark.skipif(ADMESH is None, reason="admesh is not installed; apt-get install admesh brings it")
def test_admesh_has_nothing_to_repair(parts: list[Path]) -> None:
    """No degenerate facet, nothing fixed, added, removed or reversed."""
    for file in parts:
        # Its greeting has a name in Latin-1.
        run = subprocess.run([str(ADMESH), file], check=True, capture_output=True, encoding="latin-1")
        said = run.stdout
        for what in ("Degenerate facets", "Edges fixed", "Facets removed", "Facets added", "Facets reversed"):
            found = re.search(rf"{what}\s*:\s*(\d+)", said)
            assert found is not None, said
            assert int(found[1]) == 0, f"{file.name}: {what}"


@pytest.mark.skipif("COMMITCOLLECT_SLICER" not in os.environ, reason="nox -s slicing names a PrusaSlicer")
def test_prusaslicer_slices_every_part(statue: Statue, tmp_path: Path) -> None:
    """As it lies, on a bed of 180 mm, it becomes G-code without a warning."""
    for part, mesh in zip(statue.parts, statue.meshes(Detail.EXACT), strict=True):
        file = tmp_path / part.entry.mesh_file
        file.write_bytes(stl.write(part.name, mesh, lay(mesh, part.lying).placement))
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
        assert run.returncode == 0, f"{part.name}: {run.stderr}"
        assert not re.search("warn|repair|empty layer", run.stdout + run.stderr, re.IGNORECASE), part.name
        assert output.stat().st_size > 0
