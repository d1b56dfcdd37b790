"""The statue in a terminal: half blocks in colour, or plain characters where there is none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum
from functools import cache

from attrs import frozen

from commitcollect_adapters.statues.pictures.raster import NOTHING, Frame, Layer, fitted, layers
from commitcollect_adapters.statues.pictures.scene import Color, Scene

_ACROSS, _DOWN = 2, 4
"""Samples in a character; a half block is half of one."""
_HALVES = 2
_RAMP = "-+=oaO#%@"
_GHOST_RAMP = ".:"
"""Characters from dark to bright, of solid parts and of ghosts."""
_DARK, _BRIGHT = 0.15, 1.1
"""The light of the first and of the last character."""
_EDGE_MM = 20.0
"""How much nearer a neighbour is where it casts a shadow."""
_DIM = 0.5
"""How much of its light a ghost keeps: dim on dark and on light ground."""
_RESET = "\x1b[0m"
_UPPER, _LOWER = HALF_BLOCKS = "\N{UPPER HALF BLOCK}\N{LOWER HALF BLOCK}"
_CUBE = (0, 95, 135, 175, 215, 255)
_PALETTE_START = 16
_PALETTE: tuple[Color, ...] = (
    *((red, green, blue) for red in _CUBE for green in _CUBE for blue in _CUBE),
    *((level, level, level) for level in range(8, 247, 10)),
)


class Style(Enum):
    """What a terminal can show."""

    TRUECOLOR = "truecolor"
    PALETTE = "256"
    ASCII = "ascii"


@frozen
class _Cell:
    """What the samples of a half block show in the mean."""

    color: Color
    light: float
    nearness: float
    is_solid: bool


def drawn(scene: Scene, columns: int, rows: int, style: Style) -> list[str]:
    """The lines of the largest picture that fits into so many columns and rows."""
    frame = fitted(scene, columns * _ACROSS, rows * _DOWN, aspect=_DOWN / _ACROSS / 2)
    solid, ghost = layers(scene, frame)
    samples = _Samples(scene, frame, solid, ghost)
    if style is Style.ASCII:
        lines = list(_plain_lines([samples.cells(row * _DOWN, _DOWN) for row in range(rows)]))
    else:
        half = _DOWN // _HALVES
        cells = [samples.cells(row * half, half) for row in range(rows * _HALVES)]
        lines = [_colored(*pair, style) for pair in zip(cells[::2], cells[1::2], strict=True)]
    return _trimmed(lines)


def _trimmed(lines: list[str]) -> list[str]:
    """Without empty lines above and below."""
    filled = [number for number, line in enumerate(lines) if line]
    return lines[filled[0] : filled[-1] + 1] if filled else []


@frozen
class _Samples:
    scene: Scene
    frame: Frame
    solid: Layer
    ghost: Layer

    def cells(self, top: int, height: int) -> list[_Cell | None]:
        """The cells of that many rows of samples; None where most of one is empty."""
        width = self.frame.width
        cells: list[_Cell | None] = []
        for left in range(0, width, _ACROSS):
            places = [row * width + left + x for row in range(top, top + height) for x in range(_ACROSS)]
            cells.append(self._cell(places))
        return cells

    def _cell(self, places: Sequence[int]) -> _Cell | None:
        solid = [each for each in places if self.solid.facets[each] != NOTHING]
        if 2 * len(solid) >= len(places):
            return self._mean(self.solid, solid, 1.0)
        ghost = [each for each in places if self.ghost.facets[each] != NOTHING]
        if ghost and 2 * (len(ghost) + len(solid)) >= len(places):
            return self._mean(self.ghost, ghost, _DIM)
        return None

    def _mean(self, layer: Layer, places: Sequence[int], share: float) -> _Cell:
        facets = [self.scene.facets[layer.facets[each]] for each in places]
        colors = zip(*(each.color for each in facets), strict=True)
        red, green, blue = (round(sum(channel) / len(places) * share) for channel in colors)
        light = sum(each.light for each in facets) / len(places)
        nearness = sum(layer.nearness[each] for each in places) / len(places)
        return _Cell((red, green, blue), light, nearness, facets[0].is_solid)


def _plain_lines(cells: Sequence[Sequence[_Cell | None]]) -> Iterator[str]:
    for row, line in enumerate(cells):
        around = (cells[max(0, row - 1)], line, cells[min(len(cells) - 1, row + 1)])
        chars = (
            _char(cell, [each for near in around for each in near[max(0, column - 1) : column + 2]])
            for column, cell in enumerate(line)
        )
        yield "".join(chars).rstrip()


def _char(cell: _Cell | None, around: Sequence[_Cell | None]) -> str:
    """Brighter is denser; darkest where something near stands before it, which parts limbs from body."""
    if cell is None:
        return " "
    ramp = _RAMP if cell.is_solid else _GHOST_RAMP
    front = max(each.nearness for each in around if each and each.is_solid >= cell.is_solid)
    if front - cell.nearness > _EDGE_MM:
        return ramp[0]
    step = int((cell.light - _DARK) / (_BRIGHT - _DARK) * len(ramp))
    return ramp[min(max(step, 0), len(ramp) - 1)]


def _colored(upper: Sequence[_Cell | None], lower: Sequence[_Cell | None], style: Style) -> str:
    """One line; a colour is named only where it changes."""
    pairs = list(zip(upper, lower, strict=True))
    while pairs and pairs[-1] == (None, None):
        pairs.pop()
    return "".join(_pieces(pairs, style)) + (_RESET if pairs else "")


def _pieces(pairs: Sequence[tuple[_Cell | None, _Cell | None]], style: Style) -> Iterator[str]:
    pen = ""
    for top, bottom in pairs:
        codes, char = _half_block(top, bottom, style)
        if codes != pen:
            yield f"{_RESET}{codes}" if "48;" in pen else codes or _RESET
            pen = codes
        yield char


def _half_block(top: _Cell | None, bottom: _Cell | None, style: Style) -> tuple[str, str]:
    """The codes of a character's colours, and the character."""
    if top is None:
        return ("", " ") if bottom is None else (_code(38, bottom.color, style), _LOWER)
    behind = "" if bottom is None else _code(48, bottom.color, style)
    return _code(38, top.color, style) + behind, _UPPER


def _code(layer: int, color: Color, style: Style) -> str:
    if style is Style.TRUECOLOR:
        return "\x1b[{};2;{};{};{}m".format(layer, *color)
    return f"\x1b[{layer};5;{palette_index(color)}m"


@cache
def palette_index(color: Color) -> int:
    """The nearest of xterm's 256 colours, its 16 basic ones aside: terminals redefine those."""
    return min(range(len(_PALETTE)), key=lambda index: _difference(_PALETTE[index], color)) + _PALETTE_START


def _difference(one: Color, other: Color) -> int:
    """How different two colours look: a wrong hue is worse than a wrong brightness."""
    red, green, blue = (a - b for a, b in zip(one, other, strict=True))
    return (red - green) ** 2 + (green - blue) ** 2 + (blue - red) ** 2 + (red + green + blue) ** 2 // 3
