"""Cards to share: what they say, how large they are, and that they are what they claim to be."""

from __future__ import annotations

import re
import struct
import zlib
from functools import cache
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commitcollect_adapters.statues import Detail, load, shipped_catalog
from commitcollect_adapters.statues.pictures import card, lettering
from commitcollect_adapters.statues.pictures.card import CardText, layout, svg_card, svg_picture
from commitcollect_adapters.statues.pictures.png import png_card
from commitcollect_adapters.statues.pictures.raster import fitted
from commitcollect_adapters.statues.pictures.scene import Facet, Scene, scene
from commitcollect_core.values import ModelId

MODELS = [model.model_id for model in shipped_catalog().models()]
SVG_BYTES_MAX = 200_000
SVG = "{http://www.w3.org/2000/svg}"
NOTHING = Scene((Facet(1, 1.0, (9, 9, 9), True, (0, 1, 1), (0, 0, 1), (0, 0, 0)),), 0, 0, 1, 1)
texts = st.builds(
    CardText,
    title=st.text(max_size=80),
    goal=st.text(max_size=200),
    count=st.just("4 of 12 parts earned"),
    steps=st.lists(st.booleans(), max_size=99).map(tuple),
)


def text_of(earned: int, total: int) -> CardText:
    """What an ordinary card says."""
    steps = tuple(number < earned for number in range(total))
    return CardText(title="Dragon 2026", goal="1,000 km · RUN", count=f"{earned} of {total}", steps=steps)


@cache
def seen(model_id: ModelId, earned: int, detail: Detail = Detail.LOW) -> Scene:
    """A shipped statue with its first parts earned."""
    statue = load(model_id)
    return scene(statue.meshes(detail), statue.materials, range(1, earned + 1))


@pytest.mark.parametrize("model_id", MODELS)
@pytest.mark.parametrize("share", [0.0, 0.4, 0.75, 1.0])
def test_a_card_is_small_and_draws_every_part_that_shows(model_id: ModelId, share: float) -> None:
    """Both pictures stay under the limit; ghosts are there exactly while parts are missing."""
    total = len(load(model_id).parts)
    earned = int(total * share)
    view = seen(model_id, earned)
    for drawing in (svg_card(view, text_of(earned, total)), svg_picture(view, 640, 700)):
        assert len(drawing.encode()) < SVG_BYTES_MAX
        root = ET.fromstring(drawing)  # noqa: S314 - our own drawing
        groups = [each for each in root.iter(f"{SVG}g") if each[0].tag == f"{SVG}path"]
        assert any("opacity" not in group.attrib for group in groups) == (earned > 0)
        assert any("opacity" in group.attrib for group in groups) == (earned < total)


def test_the_picture_of_a_page_has_no_edges_to_smooth() -> None:
    """Smooth edges of four thousand facets took seconds of a processor, before the page could draw more."""
    view = seen(MODELS[0], 3)
    _, statue = ET.fromstring(svg_picture(view, 640, 700))  # noqa: S314 - our own drawing
    assert statue.attrib["shape-rendering"] == "crispEdges"
    assert [each.tag for each in statue.iter() if "stroke" in each.attrib] == []
    assert "stroke" in svg_card(view, text_of(3, 12))


def card_without_statue(text: CardText) -> str:
    """The card with a dot for a statue, which is drawn at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(card, "fitted", lambda scene, *_: fitted(scene, 8, 8))
        return svg_card(NOTHING, text)


@given(texts)
def test_a_card_says_its_text_and_nothing_else(text: CardText) -> None:
    """Whatever the names hold stays text: the file parses, has no other elements, and says nothing more."""
    allowed = set("".join((text.title, text.goal, text.count))) | {"."}
    text = CardText(
        title=re.sub(r"[^\x20-\ud7ff]", "", text.title),
        goal=re.sub(r"[^\x20-\ud7ff]", "", text.goal),
        count=text.count,
        steps=text.steps,
    )
    root = ET.fromstring(card_without_statue(text))  # noqa: S314 - our own drawing
    kinds = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert kinds <= {"svg", "defs", "linearGradient", "stop", "rect", "g", "path", "text"}
    said = "".join(element.text or "" for element in root.iter(f"{SVG}text"))
    assert set(said) <= allowed
    bars = [element for element in root.iter(f"{SVG}rect") if "rx" in element.attrib]
    assert len(bars) == len(text.steps)


@given(texts)
def test_what_is_written_fits_beside_the_statue(text: CardText) -> None:
    """However long the names are, each line ends before the statue, and lines and bars stay on the card."""
    placed = layout(text)
    for line in placed.lines:
        width = lettering.width(line.text) * line.capital / lettering.CAPITAL_UNITS
        assert width <= card.TEXT_WIDTH + 1e-6
    baselines = [line.y for line in placed.lines]
    assert all(a < b for a, b in pairwise(baselines))
    assert len(placed.lines) <= card.LINES_MAX + 2
    assert all(bar.width > 0 and bar.x + bar.width <= card.TEXT_LEFT + card.TEXT_WIDTH for bar in placed.bars)
    assert max([*baselines, *(bar.y + bar.height for bar in placed.bars)]) < card.HEIGHT


def decoded(data: bytes) -> list[bytes]:
    """The rows of a PNG file of ours, each check sum verified."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, chunks = 8, {}
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", data, at + 8 + length)[0] == zlib.crc32(kind + body)
        chunks[kind] = body
        at += 12 + length
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    width, height, *rest = struct.unpack(">2I5B", chunks[b"IHDR"])
    assert (width, height, rest) == (card.WIDTH, card.HEIGHT, [8, 2, 0, 0, 0])
    raw = zlib.decompress(chunks[b"IDAT"])
    step = 1 + 3 * width
    assert len(raw) == height * step
    assert all(raw[row * step] == 0 for row in range(height))
    return [raw[row * step + 1 : (row + 1) * step] for row in range(height)]


def vivid(rows: list[bytes]) -> int:
    """How many pixels of the statue's half have a strong colour."""
    start = 3 * card.STATUE_LEFT
    return sum(
        max(row[at : at + 3]) - min(row[at : at + 3]) > 60 for row in rows for at in range(start, len(row), 3)
    )


@pytest.mark.slow
def test_a_png_card_fills_with_colour_as_parts_are_earned() -> None:
    """The file is a valid PNG of 1200 x 630; its ghosts are pale, and each half of the statue adds colour."""
    counts = [
        vivid(decoded(png_card(seen(MODELS[0], earned, Detail.WEB), text_of(earned, 12))))
        for earned in (0, 6, 12)
    ]
    assert counts[0] == 0
    assert 10_000 < counts[1] < counts[2]


def test_a_png_card_has_the_letters_of_its_title() -> None:
    """Two cards that differ in their title differ in its line, and nowhere near the statue."""
    one, other = (
        decoded(png_card(NOTHING, CardText(title=title, goal="", count="", steps=())))
        for title in ("Dragon", "Phoenix")
    )
    changed = [row for row, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
    assert 180 < min(changed) < max(changed) <= 272
    assert all(
        a[3 * card.STATUE_LEFT :] == b[3 * card.STATUE_LEFT :] for a, b in zip(one, other, strict=True)
    )


def test_every_letter_that_goals_are_made_of_can_be_drawn() -> None:
    """Letters, digits, and the signs of goals and names have strokes of their own."""
    unknown = list(lettering.strokes("\u20ac", 0, 0, 1))
    for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.,:;!?·-+/'\"()%&":
        assert list(lettering.strokes(letter, 0, 0, 1)) != unknown, letter
    assert list(lettering.strokes("é", 0, 0, 1)) == list(lettering.strokes("e", 0, 0, 1))


@given(
    st.text(
        alphabet=st.characters(codec="latin-1", categories=("L", "N", "P", "Zs")), min_size=1, max_size=30
    )
)
def test_letters_stay_in_their_line(text: str) -> None:
    """No stroke reaches beyond the width that is announced, above a capital or below a descender."""
    points = [point for stroke in lettering.strokes(text, 0, 0, 1) for point in stroke]
    width = lettering.width(text)
    assert all(-0.6 <= x <= width + 0.6 for x, _ in points)
    assert all(-7.5 <= y <= 2.3 for _, y in points)
