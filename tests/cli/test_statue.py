"""``commitcollect statue`` draws and exports what is earned, and nothing else."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from attrs import evolve

from cli.console import COMMAND, Console, activity, environment, write_history
from commitcollect_adapters.settings import load_settings
from commitcollect_adapters.statues import Detail, FixedCatalog, Statue, load
from commitcollect_adapters.statues import stl as stl_files
from commitcollect_adapters.statues.exporting import Format, Layout, shapes
from commitcollect_adapters.statues.exporting import files as export_files
from commitcollect_adapters.statues.pictures.terminal import HALF_BLOCKS, Style
from commitcollect_adapters.statues.plates import Bed
from commitcollect_adapters.web.statue_files import check_pins
from commitcollect_cli.drawing import picture_lines, style_of
from commitcollect_cli.statue_export import showing_of
from commitcollect_core.errors import Conflict, CorruptItem
from commitcollect_core.training.awards import ModelPart, StatueModel
from commitcollect_core.values import MilestoneId, ModelId

MODEL = "DRAGON_2026"
NAMESPACE = "{http://schemas.microsoft.com/3dmanufacturing/core/2015/02}"
GOAL = ("--target", "distance=120km", "--sport", "RUN", "--from", "2024-01-01")
INK = set("-+=oaO#%@")


@pytest.fixture
def milestone_id(console: Console, tmp_path: Path) -> str:
    """A milestone with four of twelve parts earned."""
    runs = [activity(number) for number in range(1, 5)]
    console.json("workout", "import", write_history(tmp_path / "runs.json", *runs))
    created: str = console.json("milestone", "create", *GOAL)["milestoneId"]
    return created


def exported(console: Console, *options: object) -> list[Path]:
    """The files of an export that must succeed."""
    document = console.json("statue", "export", *options)
    made = [Path(each["path"]) for each in document["files"]]
    assert [file.stat().st_size for file in made] == [each["bytes"] for each in document["files"]]
    return made


def named_in_3mf(path: Path) -> dict[str, int]:
    """The objects of a 3MF file, each with its number of triangles."""
    with zipfile.ZipFile(path) as archive:
        root = ET.fromstring(archive.read("3D/3dmodel.model"))  # noqa: S314 - our own file
    assert root.get("unit") == "millimeter"
    objects = root.iter(f"{NAMESPACE}object")
    return {each.get("name", ""): len(list(each.iter(f"{NAMESPACE}triangle"))) for each in objects}


def named_in_glb(path: Path) -> list[str]:
    """The parts of a GLB file."""
    data = path.read_bytes()
    assert data[:4] == b"glTF"
    (length,) = struct.unpack_from("<I", data, 12)
    return [node["name"] for node in json.loads(data[20 : 20 + length])["nodes"] if "mesh" in node]


@pytest.mark.slow
def test_each_format_holds_the_earned_parts_of_a_milestone(console: Console, milestone_id: str) -> None:
    """STL, 3MF and GLB have the four parts that are earned; STL bytes are those that the catalogue pins."""
    statue = load(ModelId(MODEL))
    earned = [part.entry for part in statue.parts[:4]]
    stl = exported(console, "--milestone", milestone_id, "--format", "stl")
    assert [path.name for path in stl] == [part.mesh_file for part in earned]
    pinned = [part.mesh_sha256 for part in earned]
    assert [hashlib.sha256(path.read_bytes()).hexdigest() for path in stl] == pinned
    (threemf,) = exported(console, "--milestone", milestone_id, "--format", "3mf")
    counts = [mesh.triangles_total for mesh in statue.meshes(Detail.EXACT)[:4]]
    assert named_in_3mf(threemf) == dict(zip([part.part_name for part in earned], counts, strict=True))
    (glb,) = exported(console, "--milestone", milestone_id, "--format", "glb")
    assert named_in_glb(glb) == [part.part_name for part in earned]


def test_a_statue_is_found_as_its_milestone_is(console: Console, milestone_id: str) -> None:
    """By the beginning of the id and by the name; what is unknown is answered with what there is."""
    console.json("milestone", "edit", milestone_id, "--name", "Spring runs")
    by_name = console.json("statue", "show", "--milestone", "spring runs")
    assert by_name == console.json("statue", "show", "--milestone", milestone_id[:6])
    assert by_name["milestoneId"] == milestone_id
    assert console("statue", "export", "--milestone", "Spring Runs", "--format", "svg").code == 0
    refused = console("statue", "export", "--milestone", "autumn", "--format", "svg")
    assert (refused.code, f"{milestone_id} (Spring runs)" in refused.err) == (3, True)


def test_another_mesh_than_the_one_earned_is_not_printed(milestone_id: str) -> None:
    """A redesign since the award, or a mesh that the catalogue does not pin, is an error, never silent."""
    settings, _ = load_settings({}, os.environ, Path())
    showing = showing_of(settings, MilestoneId(milestone_id), None)
    check_pins(showing, {1, 2, 3, 4})
    assert showing.view is not None
    awards = [evolve(award, mesh_sha256="0" * 64) for award in showing.view.awards[1:2]]
    redesigned = evolve(showing, view=evolve(showing.view, awards=(showing.view.awards[0], *awards)))
    check_pins(redesigned, {1})
    with pytest.raises(Conflict, match="Tail was earned with another mesh"):
        check_pins(redesigned, {1, 2})
    (base,) = shapes(showing.statue, [1], Detail.EXACT)
    altered = evolve(base, part=evolve(base.part, entry=evolve(base.part.entry, mesh_sha256="0" * 64)))
    with pytest.raises(CorruptItem, match="the mesh of Base is not the one that the catalogue pins"):
        export_files(showing.statue, [altered], Format.STL, Layout.ASSEMBLED, Bed())


@pytest.mark.slow
def test_chosen_parts_of_a_model_and_of_a_milestone(console: Console, milestone_id: str) -> None:
    """Numbers, ranges and all choose parts; one part goes into one file."""
    (two,) = exported(
        console, "--milestone", milestone_id, "--parts", "2", "--format", "stl", "--out", "tail.stl"
    )
    assert two.name == "tail.stl"
    (some,) = exported(console, "--model", MODEL, "--parts", "12,1-2", "--format", "3mf")
    assert list(named_in_3mf(some)) == ["Base", "Tail", "Crown"]
    (every,) = exported(console, "--model", MODEL, "--parts", "all", "--format", "glb")
    assert len(named_in_glb(every)) == 12
    assert len(exported(console, "--model", MODEL, "--format", "stl", "--out", "whole")) == 12


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["stl", "3mf"])
def test_plates_hold_every_part_once_and_fit_the_bed(console: Console, kind: str) -> None:
    """Each plate is a file that fits; together they have all triangles of the parts."""
    made = exported(console, "--model", MODEL, "--format", kind, "--layout", "plates", "--bed", "250x210")
    statue = load(ModelId(MODEL))
    total = sum(mesh.triangles_total for mesh in statue.meshes(Detail.EXACT))
    if kind == "3mf":
        plates = [named_in_3mf(file) for file in made]
        assert sorted(name for plate in plates for name in plate) == sorted(
            part.name for part in statue.parts
        )
        assert sum(count for plate in plates for count in plate.values()) == total
        return
    meshes = [stl_files.read(file.read_bytes()) for file in made]
    assert sum(mesh.triangles_total for mesh in meshes) == total
    for mesh in meshes:
        low, high = mesh.bounds_mm()
        assert min(low) >= 0
        assert high[0] <= 250
        assert high[1] <= 210


@pytest.mark.slow
def test_pictures_tell_the_goal_and_nothing_of_workouts(console: Console, milestone_id: str) -> None:
    """Cards and page of a milestone name the goal and the count, and no day or progress of a workout."""
    (svg,) = exported(console, "--milestone", milestone_id, "--format", "svg")
    (page,) = exported(console, "--milestone", milestone_id, "--format", "html")
    (png,) = exported(console, "--milestone", milestone_id, "--format", "png")
    assert png.read_bytes().startswith(b"\x89PNG")
    for text in (svg.read_text(encoding="utf-8"), page.read_text(encoding="utf-8")):
        assert "120 km" in text
        assert "4 of 12 parts earned" in text
        assert not re.search(r"[234] Jan 2024|Run [1-4]\b|10000(0[1-4])", text)


def test_pictures_tell_the_goal_in_the_unit_it_was_given_in(console: Console, tmp_path: Path) -> None:
    """Of a length and of a duration; --units takes precedence."""
    for target, units, shown in (
        ("distance=100mi", (), "100 mi"),
        ("distance=100mi", ("--units", "metric"), "160.934 km"),
        ("time=3:58:48", ("--units", "metric"), "3:58:48"),
    ):
        made = console.json("milestone", "create", "--target", target, "--from", "2024-01-01")["milestoneId"]
        out = ("--out", tmp_path / made)
        (svg,) = exported(console, "--milestone", made, "--format", "svg", *units, *out)
        assert f"{shown} · any sport" in svg.read_text(encoding="utf-8")


def test_print_notes_are_told(console: Console, milestone_id: str) -> None:
    """Sizes, weight, supports, height and the order of assembly; JSON has the same."""
    lines = console("statue", "export", "--milestone", milestone_id, "--format", "3mf").out.splitlines()
    assert re.fullmatch(r"Wrote dragon_2026\.3mf \([0-9]+ kB\)", lines[0])
    assert [line.split()[0] for line in lines[3:7]] == ["1", "2", "3", "4"]
    assert re.match(r"4 parts, [0-9]+ mm high when put together; about [0-9]+ g of PLA", lines[8])
    options = ("--milestone", milestone_id, "--format", "3mf", "--out", "b.3mf")
    document = console.json("statue", "export", *options)
    assert [part["partIndex"] for part in document["parts"]] == [1, 2, 3, 4]
    assert all(part["grams"] > 1 and max(part["bedMm"]) <= 180 for part in document["parts"])
    assert document["heightMm"] > 50


REFUSED: dict[str, tuple[Sequence[str], str]] = {
    "all of a milestone": (("--milestone", "@", "--parts", "all"), "here 4 of 12 parts"),
    "not earned": (("--milestone", "@", "--parts", "4,5"), "not earned yet: 5 (Body)"),
    "earned of a model": (("--model", MODEL, "--parts", "earned"), "of a model nothing is earned"),
    "no such part": (
        ("--model", MODEL, "--parts", "13"),
        "there is no part 13; this statue has parts 1 to 12",
    ),
    "part 0": (("--model", MODEL, "--parts", "0"), "there is no part 0"),
    "backwards": (("--model", MODEL, "--parts", "4-2"), "there is no part 4-2"),
    "no number": (("--model", MODEL, "--parts", "head"), "'head' names no parts"),
    "a hole": (("--model", MODEL, "--parts", "1,,2"), "'1,,2' names no parts"),
    "endless": (("--model", MODEL, "--parts", "1," * 500 + "1"), "names no parts"),
    "no such model": (("--model", "UNICORN"), "there is no statue model 'UNICORN'"),
    "no such milestone": (("--milestone", "ms-none"), "ms-none"),
    "both": (("--model", MODEL, "--milestone", "@"), "one of the two"),
    "neither": ((), "one of the two"),
    "bed alone": (("--model", MODEL, "--bed", "200x200"), "--bed is for --layout plates"),
    "small bed": (("--model", MODEL, "--layout", "plates", "--bed", "90x90"), "and the bed has 90 x 90 mm"),
    "tiny bed": (("--model", MODEL, "--layout", "plates", "--bed", "9x9"), "50 to 1000 each"),
    "no bed": (("--model", MODEL, "--layout", "plates", "--bed", "big"), "'big' is not the size of a bed"),
    "no folder": (("--model", MODEL, "--parts", "1", "--out", "no/a/b.stl"), "cannot write no/a/b.stl"),
    "no parts named": (("--model", MODEL, "--parts", ""), "'' names no parts"),
    "long name": (("--model", MODEL, "--parts", "1", "--out", "a" * 300), f"cannot write {'a' * 300}"),
    "file for many": (("--model", MODEL, "--out", "all.stl"), "these are 12 files"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_makes_no_sense_is_refused(
    console: Console, milestone_id: str, tmp_path: Path, case: str
) -> None:
    """One line that names the thing, the limit and the way out; nothing is written."""
    options, reason = REFUSED[case]
    before = sorted(tmp_path.iterdir())
    given = [milestone_id if option == "@" else option for option in options]
    outcome = console("statue", "export", "--format", "stl", *given)
    assert outcome.code in {1, 2, 3}
    assert reason in outcome.err
    assert outcome.out == ""
    assert sorted(tmp_path.iterdir()) == before


def test_a_milestone_without_parts_shows_its_ghost_and_prints_nothing(console: Console) -> None:
    """There is nothing to print yet, and still something to look at."""
    made = console.json("milestone", "create", *GOAL)["milestoneId"]
    refused = console("statue", "export", "--milestone", made, "--format", "3mf")
    assert (refused.code, "nothing is earned yet" in refused.err) == (2, True)
    assert exported(console, "--milestone", made, "--format", "svg")


@pytest.mark.slow
def test_nothing_is_overwritten_unasked(console: Console, tmp_path: Path) -> None:
    """A file that is there stays as it is, also if only one of several is; --force replaces files only."""
    (tmp_path / "whole").mkdir()
    last = tmp_path / "whole" / load(ModelId(MODEL)).parts[-1].entry.mesh_file
    last.write_text("mine")
    several = ("--model", MODEL, "--format", "stl", "--out", "whole")
    refused = console("statue", "export", *several)
    assert (refused.code, f"whole/{last.name} exists" in refused.err) == (1, True)
    assert [(path.name, path.read_text()) for path in (tmp_path / "whole").iterdir()] == [(last.name, "mine")]
    assert len(exported(console, *several, "--force")) == 12
    os.mkfifo(tmp_path / "pipe")
    single = ("--model", MODEL, "--parts", "1", "--format", "stl", "--out", "pipe", "--force")
    assert "is not a plain file" in console("statue", "export", *single).err
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize("options", [("--format", "stl"), ("--format", "3mf", "--layout", "plates")])
def test_one_file_of_a_kind_that_may_be_several_goes_into_a_folder(
    console: Console, tmp_path: Path, options: tuple[str, ...]
) -> None:
    """The export after the next earned part goes to the same place, so the first must not be a file there."""
    for parts in ("1", "1-2"):
        exported(console, "--model", MODEL, "--parts", parts, *options, "--out", "mine", "--force")
        assert (tmp_path / "mine").is_dir()
    (single,) = exported(console, "--model", MODEL, "--parts", "1", "--format", "stl", "--out", "base.stl")
    assert (tmp_path / single).is_file()


def test_a_coupon_overwrites_nothing_unasked(console: Console, tmp_path: Path) -> None:
    """The files of an athlete stay as they are, and nothing is written through a link."""
    (tmp_path / "coupon_peg.stl").write_text("mine")
    refused = console("statue", "coupon")
    assert (refused.code, "coupon_peg.stl exists" in refused.err) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["coupon_peg.stl"]
    assert (tmp_path / "coupon_peg.stl").read_text() == "mine"
    assert console("statue", "coupon", "--force").code == 0
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / "coupon_peg.stl").symlink_to(tmp_path / "elsewhere")
    assert "is not a plain file" in console("statue", "coupon", "--out", "link", "--force").err
    assert not (tmp_path / "elsewhere").exists()


def test_what_never_ends_is_no_mesh(console: Console, tmp_path: Path) -> None:
    """A device or a pipe is refused before it is read, by itself and as the part of a statue."""
    os.mkfifo(tmp_path / "pipe.stl")
    part = {"partIndex": 1, "partName": "Base", "meshFile": "pipe.stl", "attachPoint": "ground"}
    definition = {"modelId": "TOWER_2028", "name": "Tower", "year": 2028, "parts": [part]}
    (tmp_path / "statue.json").write_text(json.dumps(definition))
    for given in ("pipe.stl", "/dev/zero", tmp_path):
        refused = console("statue", "check", given)
        assert (refused.code, "is not a regular file" in refused.err) == (2, True)


@pytest.mark.parametrize("text", ['{"modelId":', "[" * 1_000_001, "[]", '{"modelId": "../x"}'])
def test_a_definition_that_is_none_is_the_input_of_its_artist(
    console: Console, tmp_path: Path, text: str
) -> None:
    """The store is not at fault: one line names the folder and the file, once."""
    (tmp_path / "statue.json").write_text(text)
    for command in ("check", "add"):
        refused = console("statue", command, tmp_path)
        assert (refused.code, refused.err.count("the statue statue.json")) == (2, 1)


def test_show_draws_a_model_and_a_milestone(console: Console, milestone_id: str) -> None:
    """A model is whole; of a milestone the parts that are earned are dense and the others thin."""
    whole = console("statue", "show", MODEL).out
    drawing = "".join(whole.splitlines()[:-14])
    assert set(drawing) <= INK | {" "}
    assert len(drawing.replace(" ", "")) > 500
    part = console("statue", "show", "--milestone", milestone_id).out
    assert console("milestone", "show", milestone_id).out.partition("\n")[2].startswith(part)
    drawn = [line for line in part.splitlines() if ":." in line or ".." in line]
    assert len(drawn) > 8
    assert console.json("statue", "show", "--milestone", milestone_id) == console.json(
        "milestone", "show", milestone_id
    )
    for wrong in ((), (MODEL, "--milestone", milestone_id)):
        assert console("statue", "show", *wrong).code == 2


def test_show_can_be_told_how_to_draw(console: Console) -> None:
    """A style that is asked for is taken, though click strips colours where nothing shows them."""
    assert HALF_BLOCKS[0] in console("statue", "show", MODEL, "--style", "truecolor").out
    assert HALF_BLOCKS[0] not in console("statue", "show", MODEL, "--style", "ascii").out


def test_without_a_mesh_or_room_the_text_has_to_do(
    console: Console, milestone_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model without meshes, a terminal too narrow and an altered mesh leave the drawing out, no more."""
    owl = ModelPart(part_index=1, part_name="Owl", mesh_file="owl.stl", attach_point="ground")
    model = StatueModel(model_id=ModelId("OWL_1"), name="Owl", parts=(owl,))
    assert picture_lines(FixedCatalog([model]), model, ()) == []
    drawn = [line for line in console("milestone", "show", milestone_id).out.splitlines() if ".." in line]
    assert drawn
    monkeypatch.setenv("COLUMNS", "12")
    text = console("milestone", "show", milestone_id)
    assert not [line for line in text.out.splitlines() if ".." in line]
    monkeypatch.delenv("COLUMNS")

    def altered(_statue: Statue, _detail: Detail) -> None:
        raise CorruptItem("the mesh file was altered; install again")

    monkeypatch.setattr(Statue, "meshes", altered)
    outcome = console("milestone", "show", milestone_id)
    assert (outcome.code, outcome.out) == (0, text.out)
    assert "was altered; install again" in outcome.err


class Stream:
    """A stream that claims to be a terminal, or not."""

    def __init__(self, encoding: str = "utf-8", *, is_terminal: bool = True) -> None:
        self.encoding = encoding
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        """As it claims."""
        return self._is_terminal


TRUE = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}


@pytest.mark.parametrize(
    ("stream", "environ", "style"),
    [
        (Stream(), TRUE, Style.TRUECOLOR),
        (Stream(), {"TERM": "xterm-direct"}, Style.TRUECOLOR),
        (Stream(), {"WT_SESSION": "1"}, Style.TRUECOLOR),
        (Stream(), {"TERM": "xterm-256color"}, Style.PALETTE),
        (Stream(), {"TERM": "screen-256color", "COLORTERM": ""}, Style.PALETTE),
        (Stream(), {"TERM": "vt100"}, Style.ASCII),
        (Stream(), {}, Style.ASCII),
        (Stream(), {**TRUE, "TERM": "dumb"}, Style.ASCII),
        (Stream(), {**TRUE, "NO_COLOR": "1"}, Style.ASCII),
        (Stream(), {**TRUE, "NO_COLOR": ""}, Style.TRUECOLOR),
        (Stream(is_terminal=False), TRUE, Style.ASCII),
        (Stream("ascii"), TRUE, Style.ASCII),
        (Stream("latin-1"), TRUE, Style.ASCII),
        (Stream("unheard-of"), TRUE, Style.ASCII),
    ],
)
def test_the_style_is_what_the_terminal_shows(stream: Stream, environ: dict[str, str], style: Style) -> None:
    """Colour only where it is certain to be understood and wanted."""
    assert style_of(stream, environ) is style  # type: ignore[arg-type]  # two methods of a stream are enough


def in_terminal(columns: int, *arguments: str, **changes: str) -> str:
    """What a command prints on a terminal of that width."""
    leader, follower = pty.openpty()
    size = {"COLUMNS": str(columns), "LINES": "50"}
    with subprocess.Popen(
        [*COMMAND, *arguments], stdout=follower, stdin=follower, env=environment(**size, **changes)
    ) as process:
        os.close(follower)
        printed = b""
        while True:
            try:
                piece = os.read(leader, 65_536)
            except OSError:  # how Linux tells that the other side is gone
                break
            if not piece:
                break
            printed += piece
    os.close(leader)
    assert process.returncode == 0
    return printed.decode()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such terminals")
def test_on_a_real_terminal_the_statue_is_in_colour_and_fits() -> None:
    """24-bit colour, 256 colours and none, each as wide as the terminal and no wider."""
    for columns, changes, mark in (
        (70, {"TERM": "xterm-256color", "COLORTERM": "truecolor"}, "\x1b[38;2;"),
        (50, {"TERM": "xterm-256color", "COLORTERM": ""}, "\x1b[38;5;"),
        (40, {"TERM": "dumb", "COLORTERM": "truecolor"}, ""),
    ):
        printed = in_terminal(columns, "statue", "show", MODEL, **changes)
        drawing = printed.partition("Dragon (")[0]
        plain = re.sub("\x1b\\[[0-9;]*m", "", drawing)
        assert (HALF_BLOCKS[0] in drawing) == bool(mark)
        assert mark in drawing
        widths = [len(line) for line in plain.splitlines()]
        assert columns - 4 <= max(widths) < columns


@pytest.mark.slow
def test_view_serves_this_machine_until_it_is_stopped(console: Console, milestone_id: str) -> None:
    """The page answers with the milestone's parts, to its own name only, and Ctrl-C ends it well."""
    command = [*COMMAND, "statue", "view", "--milestone", milestone_id, "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment(PYTHONUNBUFFERED="1")) as process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, b"}\n")
        address = json.loads(b"".join(lines) + b"}")["address"]
        with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310 - our own loopback address
            page = answer.read().decode()
        assert "4 of 12 parts earned" in page
        assert page.count('<li class="earned"') == 4
        assert "1 Jan 2024, at 10.0 km" in page
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
    assert console("statue", "view", "--milestone", "ms-none").code == 3
