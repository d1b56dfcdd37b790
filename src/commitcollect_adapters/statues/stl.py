"""STL files, binary: what slicers read, and the bytes that pin a part."""

from __future__ import annotations

import math
import re
import struct

from commitcollect_adapters.statues.meshes import (
    COORDINATE_MICROMETRES_MAX,
    MICROMETRES_PER_MM,
    TRIANGLES_MAX,
    Mesh,
    broken,
    cross,
    welded,
)
from commitcollect_adapters.statues.placing import Placement

HEADER_BYTES = 80
_COUNT = struct.Struct("<I")
_FACET = struct.Struct("<12fH")
_START = HEADER_BYTES + _COUNT.size


def write(name: str, mesh: Mesh, placement: Placement | None = None) -> bytes:
    """One part in millimetres; the same mesh and name always give the same bytes."""
    points = mesh.points_mm()
    if placement is not None:
        points = placement.moved(points)
    data = bytearray(_START + _FACET.size * mesh.triangles_total)
    title = re.sub(r"[^ -~]", "?", f"CommitCollect {name}, millimetres")
    data[:HEADER_BYTES] = title.encode()[:HEADER_BYTES].ljust(HEADER_BYTES)
    _COUNT.pack_into(data, HEADER_BYTES, mesh.triangles_total)
    at = _START
    for first, second, third in mesh.triangles():
        a, b, c = points[first], points[second], points[third]
        x, y, z = cross(a, b, c)
        length = math.sqrt(x * x + y * y + z * z) or 1.0
        _FACET.pack_into(data, at, x / length, y / length, z / length, *a, *b, *c, 0)
        at += _FACET.size
    return bytes(data)


def read(data: bytes) -> Mesh:
    """The mesh of a binary STL file, its vertices rounded to micrometres and welded.

    Raises:
        InvalidInput: the bytes are not such a file, were cut, or exceed a limit (``mesh_broken``).
    """
    if len(data) < _START:
        raise broken("it is too short to be a binary STL file")
    (count,) = _COUNT.unpack_from(data, HEADER_BYTES)
    expected = _START + _FACET.size * count
    if len(data) != expected:
        what = "ASCII STL is not read; export it as binary" if data.startswith(b"solid") else "cut or altered"
        raise broken(f"{count} triangles take {expected} bytes and it has {len(data)}: {what}")
    if not 1 <= count <= TRIANGLES_MAX:
        raise broken(f"it has {count} triangles; 1 to {TRIANGLES_MAX} are read")
    numbers = [facet[3:12] for facet in _FACET.iter_unpack(memoryview(data)[_START:])]
    limit = COORDINATE_MICROMETRES_MAX // MICROMETRES_PER_MM
    if not all(-limit <= number <= limit for facet in numbers for number in facet):
        raise broken("a vertex is not a number, or lies more than a metre away from the statue")
    whole = ([round(number * MICROMETRES_PER_MM) for number in facet] for facet in numbers)
    return welded(facet[at : at + 3] for facet in whole for at in (0, 3, 6))
