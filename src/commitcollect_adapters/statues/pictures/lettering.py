"""Letters made of strokes, for pictures without a font: lines and arcs that a round pen follows.

A capital is 7 units high, ``x`` is 4.8, and y runs up from the baseline. In the table each letter has its
width and its strokes: ``L x y x y …`` is a line through points, ``A cx cy rx ry from to`` an arc in degrees,
counterclockwise from the right.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator

CAPITAL_UNITS = 7.0
PEN_UNITS = 0.95
"""The pen's width of ordinary text."""
_GAP_UNITS = 2.1
_SPACE_UNITS = 2.4
_ARC_STEP_DEGREES = 15

_BOWL = "A 2.1 2.4 2.1 2.4 0 360"
_LETTERS = {
    "A": "5: L 0 0 2.5 7 5 0; L .9 2.4 4.1 2.4",
    "B": "4.6: L 2.6 3.6 0 3.6; A 2.6 5.3 1.7 1.7 -90 90; L 2.6 7 0 7 0 0 2.7 0; A 2.7 1.8 1.9 1.8 -90 90",
    "C": "5.2: A 3.1 3.5 3.1 3.5 48 312",
    "D": "5.2: L 2 0 0 0 0 7 2 7; A 2 3.5 3.2 3.5 -90 90",
    "E": "4: L 4 7 0 7 0 0 4 0; L 0 3.7 3.4 3.7",
    "F": "4: L 4 7 0 7 0 0; L 0 3.6 3.3 3.6",
    "G": "6: A 3.1 3.5 3.1 3.5 48 360; L 6.2 3.5 3.7 3.5",
    "H": "5: L 0 0 0 7; L 5 0 5 7; L 0 3.6 5 3.6",
    "I": "0: L 0 0 0 7",
    "J": "3: L 3 7 3 2; A 1.5 2 1.5 2 200 360",
    "K": "4.6: L 0 0 0 7; L 4.4 7 0 2.8; L 1.5 4.2 4.6 0",
    "L": "3.8: L 0 7 0 0 3.8 0",
    "M": "6: L 0 0 0 7 3 2.2 6 7 6 0",
    "N": "5: L 0 0 0 7 5 0 5 7",
    "O": "6.4: A 3.2 3.5 3.2 3.5 0 360",
    "P": "4.6: L 0 0 0 7 2.7 7; A 2.7 5.15 1.9 1.85 -90 90; L 2.7 3.3 0 3.3",
    "Q": "6.4: A 3.2 3.5 3.2 3.5 0 360; L 4 1.8 6.2 -.4",
    "R": "4.7: L 0 0 0 7 2.7 7; A 2.7 5.15 1.9 1.85 -90 90; L 2.7 3.3 0 3.3; L 2.4 3.3 4.7 0",
    "S": "4.4: A 2.2 5.25 1.95 1.75 30 270; A 2.2 1.75 2.15 1.75 -150 90",
    "T": "5: L 0 7 5 7; L 2.5 7 2.5 0",
    "U": "5: L 0 7 0 2.5; A 2.5 2.5 2.5 2.5 180 360; L 5 2.5 5 7",
    "V": "5: L 0 7 2.5 0 5 7",
    "W": "7.6: L 0 7 1.9 0 3.8 7 5.7 0 7.6 7",
    "X": "4.8: L 0 0 4.8 7; L 0 7 4.8 0",
    "Y": "5: L 0 7 2.5 3.4 5 7; L 2.5 3.4 2.5 0",
    "Z": "4.6: L 0 7 4.6 7 0 0 4.6 0",
    "a": f"4.2: {_BOWL}; L 4.2 4.8 4.2 0",
    "b": f"4.2: {_BOWL}; L 0 7 0 0",
    "c": "3.7: A 2.1 2.4 2.1 2.4 48 312",
    "d": f"4.2: {_BOWL}; L 4.2 7 4.2 0",
    "e": "4.2: A 2.1 2.4 2.1 2.4 0 318; L 0 2.4 4.2 2.4",
    "f": "2.4: A 2.3 5.5 1.4 1.5 80 180; L .9 5.5 .9 0; L 0 4.8 2.4 4.8",
    "g": f"4.2: {_BOWL}; L 4.2 4.8 4.2 0; A 2.1 0 2.1 2.1 210 360",
    "h": "3.8: L 0 7 0 0; A 1.9 2.9 1.9 1.9 0 180; L 3.8 2.9 3.8 0",
    "i": "0: L 0 4.8 0 0; L 0 6.8 0 6.8",
    "j": "1: L 1 4.8 1 -.7; A -.2 -.7 1.2 1.4 270 360; L 1 6.8 1 6.8",
    "k": "3.6: L 0 7 0 0; L 3.4 4.8 0 1.7; L 1.3 2.9 3.6 0",
    "l": "0: L 0 7 0 0",
    "m": "6: L 0 4.8 0 0; A 1.5 3.3 1.5 1.5 0 180; L 3 3.3 3 0; A 4.5 3.3 1.5 1.5 0 180; L 6 3.3 6 0",
    "n": "3.8: L 0 4.8 0 0; A 1.9 2.9 1.9 1.9 0 180; L 3.8 2.9 3.8 0",
    "o": "4.4: A 2.2 2.4 2.2 2.4 0 360",
    "p": f"4.2: {_BOWL}; L 0 4.8 0 -2.2",
    "q": f"4.2: {_BOWL}; L 4.2 4.8 4.2 -2.2",
    "r": "2.4: L 0 4.8 0 0; A 2.1 2.6 2.1 2.2 80 180",
    "s": "3.3: A 1.65 3.55 1.5 1.25 30 270; A 1.65 1.15 1.65 1.15 -150 90",
    "t": "2.4: L .9 6.4 .9 1.4; A 2.2 1.4 1.3 1.4 180 280; L 0 4.8 2.4 4.8",
    "u": "3.8: L 0 4.8 0 1.9; A 1.9 1.9 1.9 1.9 180 360; L 3.8 4.8 3.8 0",
    "v": "4: L 0 4.8 2 0 4 4.8",
    "w": "6: L 0 4.8 1.5 0 3 4.8 4.5 0 6 4.8",
    "x": "3.6: L 0 0 3.6 4.8; L 0 4.8 3.6 0",
    "y": "4: L 0 4.8 2 0; L 4 4.8 2 0 1.1 -2.2",
    "z": "3.6: L 0 4.8 3.6 4.8 0 0 3.6 0",
    "0": "4.6: A 2.3 3.5 2.3 3.5 0 360",
    "1": "2: L .2 5.6 2 7 2 0",
    "2": "4.4: A 2.2 4.9 2.1 2.1 -28 165; L 4.05 3.9 0 0 4.4 0",
    "3": "4.2: A 2.1 5.3 1.8 1.7 -90 150; A 2.1 1.8 2.1 1.8 -150 90",
    "4": "4.6: L 3.4 0 3.4 7 0 2 4.6 2",
    "5": "4.3: L 4 7 .8 7 .5 3.7; A 2.1 2.25 2.1 2.25 -150 140",
    "6": "4.4: A 2.2 2.2 2.2 2.2 0 360; L .35 3.4 2.8 7",
    "7": "4.3: L 0 7 4.3 7 1.5 0",
    "8": "4.4: A 2.2 5.3 1.8 1.7 0 360; A 2.2 1.8 2.2 1.8 0 360",
    "9": "4.4: A 2.2 4.8 2.2 2.2 0 360; L 4.05 3.6 1.6 0",
    ".": "0: L 0 0 0 0",
    ",": "0: L 0 0 -.5 -1.4",
    ":": "0: L 0 0 0 0; L 0 4.2 0 4.2",
    ";": "0: L 0 0 -.5 -1.4; L 0 4.2 0 4.2",
    "!": "0: L 0 7 0 2.2; L 0 0 0 0",
    "?": "3.6: A 1.8 5.2 1.8 1.8 -60 170; L 2.7 3.6 1.8 2.2; L 1.8 0 1.8 0",
    "\N{MIDDLE DOT}": "1: L .5 3 .5 3",
    "-": "2.2: L 0 2.6 2.2 2.6",
    "+": "4: L 0 3 4 3; L 2 1 2 5",
    "/": "3: L 0 -.6 3 7.4",
    "'": "0: L 0 7 0 5.4",
    '"': "1.4: L 0 7 0 5.4; L 1.4 7 1.4 5.4",
    "(": "1.4: A 3.4 3.1 3.4 5 130 230",
    ")": "1.4: A -2 3.1 3.4 5 -50 50",
    "%": "6: A 1.3 5.6 1.3 1.4 0 360; A 4.7 1.4 1.3 1.4 0 360; L 4.8 7 1.2 0",
    "&": "5.2: L 5.2 0 1.2 4.6; A 2.1 5.6 1.3 1.4 -40 210; A 2 1.8 2 1.8 90 330; L 3.7 .9 5 3",
}
_UNKNOWN = "3.6: L 0 0 3.6 0 3.6 7 0 7 0 0"

Point = tuple[float, float]
Stroke = tuple[Point, ...]


def plain(text: str) -> str:
    """The text with letters that can be drawn: accents are left out."""
    return "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))


def width(text: str) -> float:
    """How wide a line is, in units."""
    advances = [_SPACE_UNITS if each == " " else _glyph(each)[0] for each in plain(text)]
    return sum(advances) + _GAP_UNITS * max(0, len(advances) - 1)


def strokes(text: str, x: float, y: float, unit: float) -> Iterator[Stroke]:
    """The strokes of a line of text; y runs down.

    Args:
        text: what to write.
        x: where it begins.
        y: its baseline.
        unit: the size of a unit.
    """
    for each in plain(text):
        if each == " ":
            x += (_SPACE_UNITS + _GAP_UNITS) * unit
            continue
        advance, parts = _glyph(each)
        for points in parts:
            yield tuple((x + right * unit, y - up * unit) for right, up in points)
        x += (advance + _GAP_UNITS) * unit


def _glyph(letter: str) -> tuple[float, list[Stroke]]:
    advance, _, parts = _LETTERS.get(letter, _UNKNOWN).partition(":")
    return float(advance), [_points(part.split()) for part in parts.split(";")]


def _points(words: list[str]) -> Stroke:
    numbers = [float(word) for word in words[1:]]
    if words[0] == "L":
        return tuple(zip(numbers[::2], numbers[1::2], strict=True))
    centre_x, centre_y, radius_x, radius_y, start, end = numbers
    steps = math.ceil((end - start) / _ARC_STEP_DEGREES)
    angles = (math.radians(start + (end - start) * step / steps) for step in range(steps + 1))
    return tuple((centre_x + radius_x * math.cos(a), centre_y + radius_y * math.sin(a)) for a in angles)
