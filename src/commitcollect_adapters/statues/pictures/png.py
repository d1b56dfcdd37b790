"""The card as a PNG file: drawn twice as large and averaged, which smooths every edge."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator, Sequence
from itertools import pairwise

from commitcollect_adapters.statues.pictures import lettering
from commitcollect_adapters.statues.pictures.card import (
    BOTTOM,
    GHOST_ALPHA,
    HEIGHT,
    STATUE_LEFT,
    STATUE_MARGIN,
    STATUE_WIDTH,
    TEXT_LEFT,
    TOP,
    VEIL_ALPHA,
    WIDTH,
    Bar,
    CardText,
    Line,
    layout,
)
from commitcollect_adapters.statues.pictures.raster import NOTHING, fitted, layers
from commitcollect_adapters.statues.pictures.scene import Color, Scene

_OVER = 2
"""Pixels drawn, across and down, for each pixel of the file."""
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_TRUECOLOR = 2
_BOLD = 1.35
"""How much broader the pen of a title is."""


class Canvas:
    """Pixels of three bytes, row by row; coordinates are those of the card."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width * _OVER, height * _OVER
        shades = [_mixed(BOTTOM, TOP, row / self.height) for row in range(self.height)]
        self.rows = [bytearray(bytes(shade) * self.width) for shade in shades]
        self.grounds = shades

    def span(self, row: int, first: float, last: float, color: Color) -> None:
        """Fill a row from one place to another, in drawn pixels."""
        start, end = max(0, round(first)), min(self.width, round(last))
        if start < end and 0 <= row < self.height:
            self.rows[row][3 * start : 3 * end] = bytes(color) * (end - start)

    def pixels(self) -> list[bytes]:
        """The rows of the file."""
        return [_merged(_mean(self.rows[row], self.rows[row + 1])) for row in range(0, self.height, _OVER)]


def png_card(scene: Scene, text: CardText) -> bytes:
    """The card as PNG."""
    canvas = Canvas(WIDTH, HEIGHT)
    _draw_statue(canvas, scene)
    placed = layout(text)
    for line in placed.lines:
        _draw_line(canvas, line)
    for bar in placed.bars:
        _draw_bar(canvas, bar)
    return encode(canvas.pixels())


def encode(rows: Sequence[bytes]) -> bytes:
    """A PNG file of rows of red, green and blue bytes."""
    header = struct.pack(">2I5B", len(rows[0]) // 3, len(rows), 8, _TRUECOLOR, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    chunks = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    return _SIGNATURE + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


def _draw_statue(canvas: Canvas, scene: Scene) -> None:
    frame = fitted(scene, STATUE_WIDTH * _OVER, HEIGHT * _OVER, STATUE_MARGIN * _OVER)
    solid, ghost = layers(scene, frame)
    blend = _Blend(scene)
    start = STATUE_LEFT * _OVER
    for row in range(frame.height):
        part = slice(row * frame.width, (row + 1) * frame.width)
        drawn = blend.row(solid.facets[part], ghost.facets[part], canvas.grounds[row])
        canvas.rows[row][3 * start : 3 * (start + frame.width)] = drawn


class _Blend:
    """What facets look like over one another; each pair of colours is worked out once."""

    def __init__(self, scene: Scene) -> None:
        self._colors = [facet.color for facet in scene.facets]
        # The last place is that of the ground: it is where NOTHING, which is -1, leads.
        self._bytes = [*map(bytes, self._colors), b""]
        self._known: dict[tuple[Color, bytes, float], bytes] = {}

    def row(self, solid: Sequence[int], ghost: Sequence[int], ground: Color) -> bytes:
        """One row of pixels."""
        plain = self._bytes
        plain[NOTHING] = bytes(ground)
        if max(ghost) == NOTHING:
            return b"".join(map(plain.__getitem__, solid))
        pairs = zip(ghost, solid, strict=True)
        return b"".join(plain[under] if over == NOTHING else self._over(over, under) for over, under in pairs)

    def _over(self, over: int, under: int) -> bytes:
        alpha = GHOST_ALPHA if under == NOTHING else VEIL_ALPHA
        key = (self._colors[over], self._bytes[under], alpha)
        known = self._known.get(key)
        if known is None:
            red, green, blue = key[1]
            known = self._known[key] = bytes(_mixed(key[0], (red, green, blue), alpha))
        return known


def _mixed(over: Color, under: Color, alpha: float) -> Color:
    red, green, blue = (round(top * alpha + low * (1 - alpha)) for top, low in zip(over, under, strict=True))
    return red, green, blue


def _draw_bar(canvas: Canvas, bar: Bar) -> None:
    left, right = bar.x * _OVER, (bar.x + bar.width) * _OVER
    for row in range(round(bar.y * _OVER), round((bar.y + bar.height) * _OVER)):
        canvas.span(row, left, right, bar.color)


def _draw_line(canvas: Canvas, line: Line) -> None:
    unit = line.capital / lettering.CAPITAL_UNITS * _OVER
    weight = _BOLD if line.is_title else 1.0
    radius = lettering.PEN_UNITS * unit * weight / 2
    for stroke in lettering.strokes(line.text, TEXT_LEFT * _OVER + radius, line.y * _OVER, unit):
        for start, end in pairwise(stroke):
            _draw_segment(canvas, start, end, radius, line.color)


def _draw_segment(
    canvas: Canvas, start: lettering.Point, end: lettering.Point, radius: float, color: Color
) -> None:
    """A straight piece with round ends: in each row it is one span."""
    top, bottom = min(start[1], end[1]) - radius, max(start[1], end[1]) + radius
    outline = _sides(start, end, radius)
    for row in range(math.floor(top), math.ceil(bottom) + 1):
        y = row + 0.5
        reach = [*_disc(start, radius, y), *_disc(end, radius, y), *_crossings(outline, y)]
        if reach:
            canvas.span(row, min(reach), max(reach), color)


def _sides(start: lettering.Point, end: lettering.Point, radius: float) -> tuple[lettering.Stroke, ...]:
    length = math.dist(start, end) or 1.0
    across, down = (end[1] - start[1]) / length * radius, (start[0] - end[0]) / length * radius
    return tuple(
        ((start[0] + side * across, start[1] + side * down), (end[0] + side * across, end[1] + side * down))
        for side in (1, -1)
    )


def _disc(centre: lettering.Point, radius: float, y: float) -> Iterator[float]:
    square = radius * radius - (y - centre[1]) ** 2
    if square > 0:
        half = math.sqrt(square)
        yield from (centre[0] - half, centre[0] + half)


def _crossings(sides: Sequence[lettering.Stroke], y: float) -> Iterator[float]:
    for (ax, ay), (bx, by) in sides:
        if (ay <= y) != (by <= y):
            yield ax + (bx - ax) * (y - ay) / (by - ay)


def _mean(a: bytes | bytearray, b: bytes | bytearray) -> bytes:
    """The mean of two rows, byte by byte, as one sum of long numbers: what both share, and half the rest."""
    one, other = int.from_bytes(a, "little"), int.from_bytes(b, "little")
    no_carry = int.from_bytes(b"\xfe" * len(a), "little")
    return ((one & other) + (((one ^ other) & no_carry) >> 1)).to_bytes(len(a), "little")


def _merged(row: bytes) -> bytes:
    """The means of neighbours in a row."""
    merged = bytearray(len(row) // 2)
    for channel in range(3):
        merged[channel::3] = _mean(row[channel::6], row[channel + 3 :: 6])
    return bytes(merged)
