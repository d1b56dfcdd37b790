"""The packed mesh format: all parts of a statue in one small file, exactly.

A file is the four bytes ``CCM1`` and one zlib stream. Inflated, that is the length of a JSON header, the
header, and a body for each part. A body holds unsigned numbers of 32 bits. First comes, for each corner, how
far its vertex number is below the next unused one; 0 is that new vertex. Then come the x, y and z of each
vertex as differences from a guess: the middle of the corners before it in the triangle that first uses it.

Signed numbers are zigzag coded. The numbers are split in four planes of bytes, because small numbers leave
the upper planes almost empty. A byte of shade for each vertex may follow.

Decoding expects hostile bytes: every length, count and index is checked before it is used, and the inflated
size has a limit.
"""

from __future__ import annotations

import json
import struct
import sys
import zlib
from array import array
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from operator import eq, gt, sub
from typing import Any

from attrs import frozen

from commitcollect_adapters.statues.meshes import (
    COORDINATE_MICROMETRES_MAX,
    MATERIALS_MAX,
    TRIANGLES_MAX,
    Area,
    Mesh,
    broken,
)
from commitcollect_core.training.awards import PART_INDEX_MAX

MAGIC = b"CCM1"
HEADER_BYTES_MAX = 65_536
INFLATED_BYTES_MAX = 12 * TRIANGLES_MAX + 13 * TRIANGLES_MAX + HEADER_BYTES_MAX + 4
"""Of the most triangles, with as many vertices, all shaded."""
_LENGTH = struct.Struct("<I")
_NEW = 0


@frozen
class _Counts:
    """What the header says of one part."""

    vertices: int
    areas: tuple[Area, ...]
    is_shaded: bool

    @property
    def triangles(self) -> int:
        return sum(area.triangles for area in self.areas)

    @property
    def numbers(self) -> int:
        return 3 * self.triangles + 3 * self.vertices

    @property
    def body_bytes(self) -> int:
        return 4 * self.numbers + (self.vertices if self.is_shaded else 0)


def encode(parts: Iterable[Mesh], *, unit_micrometres: int = 1) -> bytes:
    """Pack meshes in order; coordinates are rounded to a multiple of the unit.

    Vertices are numbered by first use, as `meshes.chained` leaves them. Packing what was decoded gives the
    same numbers again.
    """
    meshes = list(parts)
    header = {"unitMicrometres": unit_micrometres, "parts": [_header_of(each) for each in meshes]}
    text = json.dumps(header, separators=(",", ":")).encode()
    bodies = [_body(each, unit_micrometres) for each in meshes]
    return MAGIC + zlib.compress(b"".join((_LENGTH.pack(len(text)), text, *bodies)), 9)


def _header_of(mesh: Mesh) -> dict[str, Any]:
    areas = [[area.material, area.triangles] for area in mesh.areas]
    return {"vertices": mesh.vertices_total, "areas": areas, "shaded": bool(mesh.shades)}


def _body(mesh: Mesh, unit: int) -> bytes:
    unused = 0
    codes = []
    for corner in mesh.corners:
        codes.append(unused - corner)
        unused += corner == unused
    axes = ([round(each / unit) for each in axis] for axis in (mesh.x, mesh.y, mesh.z))
    guesses = list(_guesses(mesh.corners))
    for axis in axes:
        codes.extend(
            _zigzag(axis[vertex] - (_guess(axis, by) if vertex else 0)) for vertex, by in enumerate(guesses)
        )
    return _planes(array("I", codes)) + mesh.shades


def _zigzag(number: int) -> int:
    return 2 * number if number >= 0 else -2 * number - 1


def _guesses(corners: array[int]) -> Iterator[tuple[int, int]]:
    """For each vertex, in order of first use, the two vertices whose middle is the guess."""
    unused = 0
    for index, corner in enumerate(corners):
        if corner == unused:
            place = index % 3
            if place == 0:
                yield (unused - 1, unused - 1)
            else:
                yield corners[index - 1], corners[index - place]
            unused += 1


def _guess(axis: list[int], by: tuple[int, int]) -> int:
    return (axis[by[0]] + axis[by[1]]) // 2


def _planes(numbers: array[int]) -> bytes:
    if sys.byteorder == "big":
        numbers.byteswap()
    data = numbers.tobytes()
    return b"".join(data[plane::4] for plane in range(4))


def decode(data: bytes) -> list[Mesh]:
    """The meshes of a packed file.

    Raises:
        InvalidInput: the bytes are no packed mesh, were cut or altered, or exceed a limit (``mesh_broken``).
    """
    raw = _inflated(data)
    (length,) = _LENGTH.unpack_from(raw)
    if length > min(HEADER_BYTES_MAX, len(raw) - 4):
        raise broken(f"its header claims {length} bytes")
    unit, counts = _header(raw[4 : 4 + length])
    at, meshes = 4 + length, []
    if at + sum(each.body_bytes for each in counts) != len(raw):
        raise broken("its length does not match its counts")
    for each in counts:
        meshes.append(_mesh(raw[at : at + each.body_bytes], each, unit))
        at += each.body_bytes
    return meshes


def _inflated(data: bytes) -> bytes:
    if data[:4] != MAGIC:
        raise broken("it does not begin as a packed mesh does")
    inflater = zlib.decompressobj()
    try:
        raw = inflater.decompress(data[4:], INFLATED_BYTES_MAX)
    except zlib.error as damaged:
        raise broken(f"its bytes were altered ({damaged})") from damaged
    if inflater.unconsumed_tail:
        raise broken(f"it has more than {INFLATED_BYTES_MAX} bytes")
    if not inflater.eof or inflater.unused_data or len(raw) < _LENGTH.size:
        raise broken("its bytes were cut or something was added")
    return raw


def _header(text: bytes) -> tuple[int, list[_Counts]]:
    try:
        header = json.loads(text)
        unit = _whole(header["unitMicrometres"], 1, 1000)
        counts = [_counts(each) for each in header["parts"]]
    except (ValueError, KeyError, TypeError, RecursionError) as malformed:
        raise broken("its header is malformed") from malformed
    if not 1 <= len(counts) <= PART_INDEX_MAX:
        raise broken(f"it has {len(counts)} parts; a statue has 1 to {PART_INDEX_MAX}")
    if sum(each.triangles for each in counts) > TRIANGLES_MAX:
        raise broken(f"it has more than {TRIANGLES_MAX} triangles")
    return unit, counts


def _counts(part: Mapping[str, Any]) -> _Counts:
    areas = tuple(
        Area(_whole(material, 0, MATERIALS_MAX - 1), _whole(triangles, 1, TRIANGLES_MAX))
        for material, triangles in part["areas"]
    )
    counts = _Counts(_whole(part["vertices"], 3, TRIANGLES_MAX), areas, part["shaded"] is True)
    if not 1 <= len(areas) <= MATERIALS_MAX or counts.vertices > 3 * counts.triangles:
        raise ValueError("the counts contradict one another")
    return counts


def _whole(number: object, low: int, high: int) -> int:
    if type(number) is not int or not low <= number <= high:
        raise ValueError(f"not a number from {low} to {high}")
    return number


def _mesh(body: bytes, counts: _Counts, unit: int) -> Mesh:
    numbers = _numbers(body, counts.numbers)
    corners = _corners(numbers[: 3 * counts.triangles], counts.vertices)
    guesses = list(_guesses(corners))
    starts = range(3 * counts.triangles, counts.numbers, counts.vertices)
    x, y, z = (_axis(numbers[at : at + counts.vertices], guesses, unit) for at in starts)
    return Mesh(x, y, z, corners, counts.areas, body[4 * counts.numbers :])


def _numbers(body: bytes, count: int) -> array[int]:
    data = bytearray(4 * count)
    for plane in range(4):
        data[plane::4] = body[plane * count : (plane + 1) * count]
    numbers = array("I", bytes(data))
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _corners(codes: array[int], vertices: int) -> array[int]:
    used = array("i", accumulate((code == _NEW for code in codes), initial=0))
    if any(map(gt, codes, used)) or used[-1] > vertices:
        raise broken("a triangle names a vertex that does not exist")
    if used[-1] != vertices:
        raise broken("a vertex belongs to no triangle")
    corners = array("i", map(sub, used, codes))
    a, b, c = corners[::3], corners[1::3], corners[2::3]
    if any(map(eq, a, b)) or any(map(eq, b, c)) or any(map(eq, c, a)):
        raise broken("a triangle names one vertex twice")
    return corners


def _axis(codes: array[int], guesses: list[tuple[int, int]], unit: int) -> array[int]:
    axis: list[int] = []
    for code, (one, other) in zip(codes, guesses, strict=True):
        # Written out: a call for every coordinate is half of the time that decoding takes.
        guess = (axis[one] + axis[other]) // 2 if axis else 0
        axis.append(guess + ((code >> 1) ^ -(code & 1)))
    limit = COORDINATE_MICROMETRES_MAX // unit
    if min(axis) < -limit or max(axis) > limit:
        raise broken("a vertex lies more than a metre away from the statue")
    return array("i", [each * unit for each in axis])
