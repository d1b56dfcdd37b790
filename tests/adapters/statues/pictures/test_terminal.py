"""The statue in characters."""

from __future__ import annotations

import re
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commitcollect_adapters.statues import Detail, load, shipped_catalog
from commitcollect_adapters.statues.pictures.scene import Scene, scene
from commitcollect_adapters.statues.pictures.terminal import HALF_BLOCKS, Style, drawn, palette_index
from commitcollect_core.values import ModelId

MODELS = [model.model_id for model in shipped_catalog().models()]
CODES = re.compile("\x1b\\[[0-9;]*m")
GHOSTS = set(".:")


@cache
def seen(model_id: ModelId, earned: int) -> Scene:
    """A shipped statue with its first parts earned."""
    statue = load(model_id)
    return scene(statue.meshes(Detail.LOW), statue.materials, range(1, earned + 1))


@pytest.mark.parametrize("model_id", MODELS)
@pytest.mark.parametrize("style", Style)
@pytest.mark.parametrize(("columns", "rows"), [(16, 8), (17, 40), (90, 9), (79, 33)])
def test_a_picture_fits_and_fills_its_place(model_id: ModelId, columns: int, rows: int, style: Style) -> None:
    """No line is longer, no more lines than asked for; one of the two is used up but for a margin of one."""
    lines = drawn(seen(model_id, 3), columns, rows, style)
    plain = [CODES.sub("", line) for line in lines]
    widths = [len(line) for line in plain]
    assert max(widths) <= columns
    assert len(lines) <= rows
    used = max(widths) - min(len(line) - len(line.lstrip()) for line in plain)
    assert len(lines) >= rows - 1 or used >= columns - 1


@pytest.mark.parametrize("model_id", MODELS)
def test_earned_parts_are_dense_and_the_others_thin(model_id: ModelId) -> None:
    """Nothing earned is all ghost, a whole statue has no ghost, and both have the same outline."""
    total = len(load(model_id).parts)
    bare, half, whole = (
        drawn(seen(model_id, earned), 70, 34, Style.ASCII) for earned in (0, total // 2, total)
    )
    assert set("".join(bare)) - {" "} <= GHOSTS
    assert not set("".join(whole)) & GHOSTS
    assert set("".join(half)) & GHOSTS
    assert set("".join(half)) - GHOSTS - {" "}
    shapes = [[re.sub(r"\S", "x", line) for line in lines] for lines in (bare, whole)]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize("style", [Style.TRUECOLOR, Style.PALETTE])
def test_colour_is_half_blocks_and_is_switched_off_again(style: Style) -> None:
    """Between the codes are half blocks and spaces only; every line ends without a colour."""
    lines = drawn(seen(MODELS[0], 6), 60, 30, style)
    assert all(set(CODES.sub("", line)) <= {" ", *HALF_BLOCKS} for line in lines)
    assert all(line.endswith("\x1b[0m") for line in lines if line.strip())
    kind = "2" if style is Style.TRUECOLOR else "5"
    codes = {code for line in lines for code in CODES.findall(line)}
    assert all(code == "\x1b[0m" or re.match(f"\x1b\\[[34]8;{kind};", code) for code in codes)
    assert len(codes) > 20


def test_no_ground_shows_through_where_a_half_is_empty() -> None:
    """A space and a lone half block come after the ground's colour is switched off."""
    for line in drawn(seen(MODELS[0], 6), 60, 30, Style.TRUECOLOR):
        has_ground = False
        for code, char in re.findall("((?:\x1b\\[[0-9;]*m)*)(.)", line):
            if "[0m" in code:
                has_ground = "[48;" in code.rpartition("[0m")[2]
            else:
                has_ground = has_ground or "[48;" in code
            assert char != " " or not has_ground


@given(st.integers(16, 255))
def test_colours_of_the_palette_stand_for_themselves(index: int) -> None:
    """A colour that xterm has is shown as exactly that."""
    if index < 232:
        levels = (0, 95, 135, 175, 215, 255)
        red, green, blue = (index - 16) // 36, (index - 16) // 6 % 6, (index - 16) % 6
        color = (levels[red], levels[green], levels[blue])
    else:
        color = (8 + 10 * (index - 232),) * 3
    found = palette_index(color)
    assert found == index
