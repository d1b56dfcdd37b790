"""The commands for those who make statues."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.statues.solids import box, merged
from cli.console import Console
from commitcollect_adapters.statues import stl
from commitcollect_adapters.statues.meshes import Mesh

pytest.importorskip("manifold3d", reason="needs the extra sculpt")

UP = [0, 0, 1]


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
