"""The commands for those who make statues."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import sqlite3
import zipfile
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from adapters.statues.solids import box, merged
from cli.console import Console, activity, write_history
from commitcollect_adapters.settings import load_settings
from commitcollect_adapters.statues import bundles, pack, stl
from commitcollect_adapters.statues.meshes import Area, Mesh, chained
from commitcollect_cli.statue_export import showing_of
from commitcollect_cli.statue_view import Pages
from commitcollect_core.values import MilestoneId

pytest.importorskip("manifold3d", reason="needs the extra sculpt")

UP = [0, 0, 1]
PART = {"partIndex": 1, "partName": "Base", "meshFile": "base.stl", "attachPoint": "ground"}


def _statue(folder: Path, *meshes: Mesh, **changes: Any) -> Path:
    """A folder with a statue of these parts, each put on from above."""
    folder.mkdir(exist_ok=True)
    parts = [
        {
            "partIndex": index,
            "partName": f"Block {index}",
            "meshFile": f"block_{index}.stl",
            "attachPoint": "below",
            **({"attach": {"at": [0, 0, 0], "direction": UP}} if index > 1 else {}),
        }
        for index in range(1, len(meshes) + 1)
    ]
    definition = {"modelId": "TOWER_2028", "name": "Tower", "year": 2028, "parts": parts, **changes}
    (folder / "statue.json").write_text(json.dumps(definition), encoding="utf-8")
    for part, mesh in zip(parts, meshes, strict=True):
        (folder / str(part["meshFile"])).write_bytes(stl.write(str(part["partName"]), mesh))
    return folder


GOAL = (
    "milestone", "create", "--target", "distance=100km", "--sport", "Ride", "--from", "2028-01-01",
    "--model", "TOWER_2028",
)  # fmt: skip
GOOD = (box(20, 20, 20), box(20, 20, 20, (0, 0, 20.2)))


@pytest.fixture
def tower(tmp_path: Path) -> Path:
    """A good statue."""
    return _statue(tmp_path / "tower", *GOOD)


def test_good_parts_pass(console: Console, tower: Path) -> None:
    """A folder, or its files one by one."""
    assert console("statue", "check", tower).out == "2 parts pass every gate.\n"
    assert console("statue", "check", *sorted(tower.glob("*.stl"))).out == "2 parts pass every gate.\n"


def test_what_is_wrong_is_named(console: Console, tmp_path: Path) -> None:
    """Part, gate and reason; the exit code tells as well, in words and in JSON."""
    folder = _statue(tmp_path / "bad", merged(box(20, 20, 20), box(1, 1, 1, (40, 0, 0))), GOOD[1])
    run = console("statue", "check", folder)
    assert run.code == 1
    assert "Block 1: it consists of 2 bodies that do not touch (one_body)" in run.out
    answer = json.loads(console("statue", "check", folder, "--json").out)
    assert [each["gate"] for each in answer["findings"]] == ["one_body"]


def test_a_part_in_the_way_is_found(console: Console, tmp_path: Path) -> None:
    """The order of the folder counts: what comes later has to get past what is there."""
    folder = _statue(tmp_path / "lid", box(20, 20, 20, (0, 0, 40)), GOOD[0])
    run = console("statue", "check", folder)
    assert run.code == 1
    assert "Block 2: Block 1 is in its way" in run.out


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("text.stl", b"solid text\n" * 20, "export it as binary"),
        ("empty.stl", b"", "too short"),
        ("cut.stl", stl.write("Cut", GOOD[0])[:-1], "cut or altered"),
    ],
)
def test_files_that_cannot_be_used_are_named(
    console: Console, tmp_path: Path, name: str, data: bytes, said: str
) -> None:
    """One line: the file, what is wrong, and what to do."""
    (tmp_path / name).write_bytes(data)
    run = console("statue", "check", tmp_path / name)
    assert run.code != 0
    assert name in run.err
    assert said in run.err
    assert "Traceback" not in run.err


def test_a_statue_is_added_and_retired(console: Console, tower: Path) -> None:
    """Draft, checked, published; then it can be a milestone's, and after that it never changes."""
    said = console("statue", "add", tower).out.splitlines()
    assert said == [
        "TOWER_2028 is DRAFT (version 1).",
        "TOWER_2028 is CHECKED (version 2).",
        "TOWER_2028 is PUBLISHED (version 3).",
    ]
    assert console(*GOAL).code == 0
    again = console("statue", "add", tower)
    assert again.code != 0
    assert "is published, and its parts are fixed" in again.err
    assert console("statue", "retire", "TOWER_2028").out == "TOWER_2028 is RETIRED (version 4).\n"
    refused = console(*GOAL)
    assert refused.code != 0
    assert "not offered any more" in refused.err


@pytest.fixture
def milestone_id(console: Console, tmp_path: Path, tower: Path) -> str:
    """A milestone on an added statue, whose folder is gone; one of two parts is earned."""
    assert console("statue", "add", tower).code == 0
    shutil.rmtree(tower)
    console.json("workout", "import", write_history(tmp_path / "runs.json", activity(1)))
    goal = ("--target", "distance=20km", "--sport", "RUN", "--from", "2024-01-01", "--model", "TOWER_2028")
    created: str = console.json("milestone", "create", *goal)["milestoneId"]
    return created


def test_an_added_statue_is_drawn_and_printed_from_the_store(
    console: Console, milestone_id: str, tmp_path: Path
) -> None:
    """List, show, every format and the page know it; the STL files have the digests of the awards."""
    assert "TOWER_2028" in console("statue", "list").out
    drawn = console("statue", "show", "TOWER_2028").out.splitlines()
    assert len([line for line in drawn if "====" in line]) > 5
    shown = console("milestone", "show", milestone_id).out
    assert [line for line in shown.splitlines() if ".." in line]
    for subject, parts in ((("--milestone", milestone_id), 1), (("--model", "TOWER_2028"), 2)):
        for kind in ("stl", "3mf", "glb", "svg", "png", "html"):
            out = tmp_path / f"{kind}_{parts}"
            document = console.json("statue", "export", *subject, "--format", kind, "--out", out)
            assert len(document["parts"]) == (parts if kind in {"stl", "3mf", "glb"} else 0)
    pinned = [part["meshSha256"] for part in console.json("statue", "show", "TOWER_2028")["parts"]]
    assert [_digest(tmp_path / "stl_2" / f"block_{number}.stl") for number in (1, 2)] == pinned
    (award,) = console.json("milestone", "show", milestone_id)["awards"]
    assert _digest(tmp_path / "stl_1" / "block_1.stl") == award["meshSha256"] == pinned[0]
    assert console("statue", "check", *(tmp_path / "stl_2").iterdir()).code == 0


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_the_page_shows_an_added_statue(milestone_id: str) -> None:
    """Its meshes and its picture come from the store."""
    settings, _ = load_settings({}, os.environ, Path())
    site = Pages(partial(showing_of, settings, MilestoneId(milestone_id), None)).site
    assert b"1 of 2 parts earned" in site["/"]().content
    assert site["/statue.glb"]().content.startswith(b"glTF")
    assert site["/statue.svg"]().content.startswith(b"<svg")


def _altering(statement: str, *values: object) -> None:
    settings, _ = load_settings({}, os.environ, Path())
    with closing(sqlite3.connect(settings.store)) as connection, connection:
        connection.execute(statement, values)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DELETE FROM statueGeometry", "the geometry of statue model 'TOWER_2028' is missing in the store"),
        ("UPDATE statueGeometry SET content = x'00'", "'TOWER_2028' was altered in the store"),
        ("UPDATE statueModel SET geometrySha256 = NULL", "was published without its meshes"),
        ("UPDATE statuePart SET meshSha256 = NULL", "has other parts; restore the store"),
    ],
)
def test_missing_and_altered_meshes_are_named(
    console: Console, milestone_id: str, statement: str, said: str
) -> None:
    """One line for the athlete who wants to print; what is earned is still told."""
    _altering(statement)
    for kind in ("stl", "3mf", "html"):
        refused = console("statue", "export", "--milestone", milestone_id, "--format", kind)
        assert refused.code != 0
        assert said in refused.err
        assert "Traceback" not in refused.err
    shown = console("milestone", "show", milestone_id)
    assert shown.code == 0
    assert "Next: Block 2 in 10.0 km." in shown.out
    assert not [line for line in shown.out.splitlines() if ".." in line]


def test_a_mesh_that_the_catalogue_does_not_pin_is_not_printed(console: Console, milestone_id: str) -> None:
    """Whatever digests were altered along with it: the parts' own digests decide."""
    settings, _ = load_settings({}, os.environ, Path())
    with closing(sqlite3.connect(settings.store)) as connection:
        ((stored,),) = connection.execute("SELECT content FROM statueGeometry").fetchall()
    with zipfile.ZipFile(io.BytesIO(stored)) as archive:
        packs = {name: archive.read(name) for name in archive.namelist()}
    definition = json.loads(packs.pop("statue.json"))
    taller = (GOOD[0], box(20, 20, 21, (0, 0, 20.2)))
    packs["statue.ccm"] = pack.encode([chained(evolve(each, areas=(Area(0, 12),))) for each in taller])
    definition["meshPack"]["sha256"] = hashlib.sha256(packs["statue.ccm"]).hexdigest()
    forged = bundles.write(definition, packs)
    digest = hashlib.sha256(forged).hexdigest()
    _altering("UPDATE statueGeometry SET content = ?, sha256 = ?", forged, digest)
    _altering("UPDATE statueModel SET geometrySha256 = ?", digest)
    for kind in ("stl", "3mf"):
        refused = console("statue", "export", "--milestone", milestone_id, "--format", kind)
        assert "the mesh of Block 2 of TOWER_2028 in the store is not the one" in refused.err


def test_meshes_that_are_too_large_are_not_published(
    console: Console, tower: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit is the operator's; the statue stays checked."""
    monkeypatch.setenv("COMMITCOLLECT_POLICY_STATUE_GEOMETRY_BYTES_MAX", "1000")
    run = console("statue", "add", tower)
    assert run.out.splitlines()[-1] == "TOWER_2028 is CHECKED (version 2)."
    assert "1,000 are allowed (statue_geometry_bytes_max); simplify the meshes" in run.err


def test_parts_have_their_colours(console: Console, tmp_path: Path) -> None:
    """Of each its own, and stone where the artist names none."""
    folder = _statue(tmp_path / "tower", *GOOD)
    definition = json.loads((folder / "statue.json").read_text(encoding="utf-8"))
    definition["parts"][1]["color"] = "#C84A1B"
    (folder / "statue.json").write_text(json.dumps(definition), encoding="utf-8")
    assert console("statue", "add", folder).code == 0
    out = tmp_path / "tower.3mf"
    assert console("statue", "export", "--model", "TOWER_2028", "--format", "3mf", "--out", out).code == 0
    with zipfile.ZipFile(out) as archive:
        model = archive.read("3D/3dmodel.model").decode()
    assert re.findall('displaycolor="(.*?)"', model) == ["#A39C90", "#C84A1B"]
    assert re.findall('pindex="(.*?)"', model) == ["0", "1"]


def test_what_is_shipped_is_never_retired(console: Console) -> None:
    """Only what was added can be; the error says so, with or without a store."""
    refused = console("statue", "retire", "DRAGON_2026")
    assert (refused.code, "DRAGON_2026 is shipped with CommitCollect" in refused.err) == (2, True)


def test_a_statue_that_does_not_pass_stays_a_draft(console: Console, tmp_path: Path) -> None:
    """The next attempt replaces it."""
    folder = _statue(tmp_path / "tower", GOOD[0], box(20, 20, 20, (0, 0, 15)))
    run = console("statue", "add", folder)
    assert run.code != 0
    assert run.out == "TOWER_2028 is DRAFT (version 1).\n"
    assert "it stays a draft, as it does not pass: Block 1, Block 2 (overlap)" in run.err
    _statue(folder, *GOOD)
    assert console("statue", "add", folder).out.endswith("is PUBLISHED (version 4).\n")


def test_a_statue_can_be_left_a_draft(console: Console, tower: Path) -> None:
    """It is not on offer yet."""
    assert console("statue", "add", tower, "--until", "draft").out == "TOWER_2028 is DRAFT (version 1).\n"
    assert "there is no statue model" in console(*GOAL).err


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"modelId": "DRAGON_2026"}, "shipped with CommitCollect"),
        ({"name": "<script>"}, "the name '<script>' is not"),
        ({"modelId": ""}, "statue.json"),
        ({"parts": []}, "statue.json"),
        ({"parts": [{**PART, "meshFile": "../a.stl"}]}, "'../a.stl' is not the name of a file"),
        ({"parts": [{**PART, "meshFile": "Base.STL"}]}, "of small letters, digits and _"),
        ({"parts": [{**PART, "color": "red"}]}, "'red' is not a colour such as #C84A1B"),
        ({"parts": [{**PART, "attach": [0, 0, 1]}]}, "'attach' of a part is not an object"),
        ({"parts": [{**PART, "bed": {"up": UP}}]}, "statue.json has no 'right'"),
    ],
)
def test_a_definition_that_cannot_be_is_refused(
    console: Console, tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    """Before anything is stored."""
    run = console("statue", "add", _statue(tmp_path / "tower", *GOOD, **changes))
    assert run.code != 0
    assert said in run.err
    assert run.out == ""


def test_a_missing_file_is_named(console: Console, tower: Path) -> None:
    """As is a missing definition."""
    (tower / "block_2.stl").unlink()
    assert "block_2.stl cannot be read" in console("statue", "add", tower).err
    (tower / "statue.json").unlink()
    assert "has no statue.json" in console("statue", "add", tower).err


def test_a_definition_that_may_not_be_read_is_named(
    console: Console, tower: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system's reason is told; tests may run as root, who may read everything."""

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert "statue.json cannot be read: Permission denied" in console("statue", "check", tower).err


def test_the_coupon_passes_its_own_gates(console: Console, tmp_path: Path) -> None:
    """Two files, which can be printed."""
    folder = tmp_path / "new" / "coupon"
    assert console("statue", "coupon", "--out", folder).code == 0
    files = sorted(folder.iterdir())
    assert [file.name for file in files] == ["coupon_block.stl", "coupon_peg.stl"]
    assert console("statue", "check", *files).out == "2 parts pass every gate.\n"


def test_a_folder_that_cannot_be_written_to_is_named(console: Console, tmp_path: Path) -> None:
    """A file is in the way."""
    (tmp_path / "taken").write_text("", encoding="utf-8")
    assert "taken" in console("statue", "coupon", "--out", tmp_path / "taken" / "in").err
