"""The card to share: the statue as earned, its name, the goal and the count; nothing about any workout."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import groupby

from attrs import frozen

from commitcollect_adapters.statues.pictures import lettering
from commitcollect_adapters.statues.pictures.raster import NOTHING, Frame, fitted, layers
from commitcollect_adapters.statues.pictures.scene import Color, Facet, Scene

WIDTH, HEIGHT = 1200, 630
STATUE_LEFT, STATUE_WIDTH, STATUE_MARGIN = 560, 600, 24
TEXT_LEFT, TEXT_WIDTH = 72, 470
TITLE_CAPITAL, TITLE_CAPITAL_MIN, LINE_CAPITAL = 52.0, 24.0, 19.0
LINES_MAX = 4
TITLE_BASELINE, LINE_STEP = 250, 40
_BETWEEN_PHRASES = " \N{MIDDLE DOT} "

TOP: Color = (43, 50, 57)
BOTTOM: Color = (13, 15, 17)
INK: Color = (239, 236, 229)
SOFT: Color = (167, 172, 177)
DONE: Color = (111, 211, 180)
OPEN: Color = (62, 70, 78)

GHOST_ALPHA = 0.42
VEIL_ALPHA = 0.3
"""How dense ghosts are, alone and before a solid part."""
_SLAB_MM = 4.0
_SVG_SCALE = 2
"""Steps in a unit of the picture; whole numbers keep the file small."""
_SEAM_WIDTH = 1.4
"""Smooth edges leave seams between facets; a line of this width around each covers them."""
_SMOOTH = f'stroke="currentColor" stroke-width="{_SEAM_WIDTH}"'
_CRISP = 'id="smooth" shape-rendering="crispEdges"'
_CRISP_UNLESS_ASKED = (
    f"<style>#smooth:target{{shape-rendering:auto;stroke:currentColor;stroke-width:{_SEAM_WIDTH}}}</style>"
)
_FONT = "ui-serif,Georgia,'Noto Serif','DejaVu Serif',serif"
_FONT_SMALL = "system-ui,'Segoe UI',Roboto,'Noto Sans',sans-serif"
_SERIF_SHARE = 1.12
"""How much wider a font with serifs runs than our lettering."""
_FONT_PER_CAPITAL = 1.39
"""The size of an ordinary font whose capitals are 1 high."""


@frozen(kw_only=True)
class CardText:
    """What the card says.

    Attributes:
        title: the statue's name and year.
        goal: the goal in words; empty for a model.
        count: how far it has come, in words.
        steps: for each part whether it is earned.
    """

    title: str
    goal: str
    count: str
    steps: tuple[bool, ...]


@frozen
class Line:
    """A line of text in its place.

    Attributes:
        capital: the height of its capital letters.
    """

    text: str
    y: float
    capital: float
    color: Color
    is_title: bool = False


@frozen
class Bar:
    """A rectangle: one part of the progress."""

    x: float
    y: float
    width: float
    height: float
    color: Color


@frozen
class Layout:
    """Everything on the card but the statue."""

    lines: tuple[Line, ...]
    bars: tuple[Bar, ...]


def layout(text: CardText) -> Layout:
    """Place the text, smaller or shorter where it is long."""
    capital = min(TITLE_CAPITAL, _capital_that_fits(text.title))
    units = TEXT_WIDTH / _SERIF_SHARE / capital * lettering.CAPITAL_UNITS
    title = Line(_cut(text.title, units), TITLE_BASELINE, capital, INK, is_title=True)
    wrapped = list(_wrapped(text.goal, TEXT_WIDTH / LINE_CAPITAL * lettering.CAPITAL_UNITS))
    if len(wrapped) > LINES_MAX:
        wrapped = [*wrapped[: LINES_MAX - 1], wrapped[LINES_MAX - 1] + "..."]
    goal = [
        Line(each, TITLE_BASELINE + 54 + LINE_STEP * row, LINE_CAPITAL, SOFT)
        for row, each in enumerate(wrapped)
    ]
    y = TITLE_BASELINE + 80 + LINE_STEP * len(wrapped)
    count = Line(text.count, y, LINE_CAPITAL * 1.1, INK)
    return Layout((title, *goal, count), tuple(_bars(text.steps, y + 28)))


def _capital_that_fits(text: str) -> float:
    return max(
        TITLE_CAPITAL_MIN,
        TEXT_WIDTH / _SERIF_SHARE / max(1.0, lettering.width(text)) * lettering.CAPITAL_UNITS,
    )


def _cut(text: str, units: float) -> str:
    if lettering.width(text) <= units + 1e-6:
        return text
    while text and lettering.width(text + "...") > units:
        text = text[:-1]
    return text + "..."


def _wrapped(text: str, units: float) -> Iterator[str]:
    """Lines that break between the phrases of a goal, or else between words."""
    line = ""
    for phrase in text.split(_BETWEEN_PHRASES):
        longer = f"{line}{_BETWEEN_PHRASES}{phrase}" if line else phrase
        if lettering.width(longer) <= units:
            line = longer
            continue
        *full, line = filter(None, [line, *_wrapped_words(phrase, units)])
        yield from full
    if line:
        yield line


def _wrapped_words(phrase: str, units: float) -> Iterator[str]:
    line = ""
    for word in phrase.split():
        longer = f"{line} {word}".strip()
        if line and lettering.width(longer) > units:
            yield line
            longer = word
        line = _cut(longer, units)
    yield line


def _bars(steps: Sequence[bool], y: float) -> Iterator[Bar]:
    step = TEXT_WIDTH / max(12, len(steps))
    gap = min(8.0, step / 4)
    for place, is_done in enumerate(steps):
        yield Bar(TEXT_LEFT + place * step, y, step - gap, 12, DONE if is_done else OPEN)


def svg_card(scene: Scene, text: CardText) -> str:
    """The card as SVG."""
    placed = layout(text)
    statue = _statue(scene, fitted(scene, STATUE_WIDTH, HEIGHT, STATUE_MARGIN), STATUE_LEFT, _SMOOTH)
    label = escape(". ".join(filter(None, (text.title, text.goal, text.count))))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" role="img" aria-label="{label}"><defs><linearGradient id="b" x2="0" y2="1">'
        f'<stop stop-color="{_hex(TOP)}"/><stop offset="1" stop-color="{_hex(BOTTOM)}"/>'
        "</linearGradient></defs>"
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="url(#b)"/>{statue}'
        f"{''.join(map(_svg_line, placed.lines))}{''.join(map(_svg_bar, placed.bars))}</svg>\n"
    )


def svg_picture(scene: Scene, width: int, height: int) -> str:
    """The statue alone, on nothing.

    Its edges are crisp, quick to draw on a page that draws the statue itself. With ``#smooth`` behind its
    address they are smooth.
    """
    statue = _statue(scene, fitted(scene, width, height, 4), 0, _CRISP)
    box = f'viewBox="0 0 {width} {height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {box}>{_CRISP_UNLESS_ASKED}{statue}</svg>\n'


def _svg_line(line: Line) -> str:
    font = f'"{_FONT}" font-weight="600"' if line.is_title else f'"{_FONT_SMALL}"'
    return (
        f'<text x="{TEXT_LEFT}" y="{line.y:g}" fill="{_hex(line.color)}" font-family={font} '
        f'font-size="{line.capital * _FONT_PER_CAPITAL:.1f}">{escape(line.text)}</text>'
    )


def _svg_bar(bar: Bar) -> str:
    return (
        f'<rect x="{bar.x:.1f}" y="{bar.y:g}" width="{bar.width:.1f}" height="{bar.height:g}" rx="4" '
        f'fill="{_hex(bar.color)}"/>'
    )


def _statue(scene: Scene, frame: Frame, left: float, edges: str) -> str:
    """Ghosts, then solid parts, then the ghosts before them once more as a veil.

    A group fades as a whole, so facets that overlap in it do not add up.
    """
    solid, ghost = layers(scene, frame)
    shown = set(solid.facets) - {NOTHING}
    veil = {
        over for over, under in zip(ghost.facets, solid.facets, strict=True) if NOTHING not in (over, under)
    }
    alone = set(ghost.facets) - {NOTHING}
    styles = ((alone, f' opacity="{GHOST_ALPHA}"'), (shown, ""), (veil, f' opacity="{VEIL_ALPHA}"'))
    groups = (
        f"<g{style}>{''.join(_paths([scene.facets[each] for each in facets], frame))}</g>"
        for facets, style in styles
        if facets
    )
    place = f'transform="translate({left:g}) scale({1 / _SVG_SCALE:g})"'
    return f'<g {place} fill="currentColor" {edges}>{"".join(groups)}</g>'


def _paths(facets: Iterable[Facet], frame: Frame) -> Iterator[str]:
    """The far facets first; those of one colour that are about as far are one path."""
    ordered = sorted(facets, key=lambda each: (sum(each.z) // _SLAB_MM, each.color))
    for color, run in groupby(ordered, key=lambda each: each.color):
        yield f'<path color="{_hex(color)}" d="{"".join(_outline(each, frame) for each in run)}"/>'


def _outline(facet: Facet, frame: Frame) -> str:
    scale = frame.scale * _SVG_SCALE
    x = [round((each - frame.left) * scale) for each in facet.x]
    y = [round((each - frame.top) * scale) for each in facet.y]
    return f"M{x[0]} {y[0]}l{x[1] - x[0]} {y[1] - y[0]} {x[2] - x[1]} {y[2] - y[1]}z".replace(" -", "-")


def _hex(color: Color) -> str:
    return f"#{bytes(color).hex()}"
