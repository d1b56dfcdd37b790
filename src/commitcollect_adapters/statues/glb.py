"""GLB files (glTF 2.0, binary): what browsers and model viewers show.

One node and one mesh for each part, one primitive for each of its colours. Positions, normals and shades are
quantised (KHR_mesh_quantization), which makes the file a third as large. glTF measures metres with Y up, so
the root node turns and scales.
"""

from __future__ import annotations

import json
import math
import struct
from array import array
from collections.abc import Mapping, Sequence
from itertools import starmap
from typing import Any

from attrs import define, field, frozen

from commitcollect_adapters.statues.materials import Material
from commitcollect_adapters.statues.meshes import Mesh, Vector
from commitcollect_adapters.statues.normals import Corners, shaded_corners

_INT16_MAX = 32767
_VERTICES, _INDICES = 34962, 34963
# Padded, as every vertex has to begin at a multiple of four bytes.
_POSITION, _NORMAL = struct.Struct("<3h2x"), struct.Struct("<3bx")
_BYTE, _UNSIGNED_BYTE, _SHORT, _UNSIGNED_INT = 5120, 5121, 5122, 5125
_QUARTER_TURN = [-math.sqrt(0.5), 0, 0, math.sqrt(0.5)]
_METRES_PER_MM = 0.001
_SRGB_LINEAR_MAX = 0.04045
_MAGIC, _VERSION, _JSON, _BIN = 0x46546C67, 2, 0x4E4F534A, 0x004E4942


@frozen
class Item:
    """A part in the file."""

    part_index: int
    name: str
    mesh: Mesh


@define
class _Buffer:
    """The binary chunk, and what describes it."""

    data: bytearray = field(factory=bytearray)
    views: list[dict[str, Any]] = field(factory=list)
    accessors: list[dict[str, Any]] = field(factory=list)

    def add(self, data: bytes, target: int, stride: int | None, accessor: dict[str, Any]) -> int:
        """Append data with its accessor; the accessor's number."""
        view = {"buffer": 0, "byteOffset": len(self.data), "byteLength": len(data), "target": target}
        self.views.append(view if stride is None else {**view, "byteStride": stride})
        self.accessors.append({"bufferView": len(self.views) - 1, **accessor})
        self.data += data
        self.data += b"\0" * (-len(self.data) % 4)
        return len(self.accessors) - 1


def write(title: str, items: Sequence[Item], materials: Sequence[Material]) -> bytes:
    """One file of all items and the materials they use; the same items give the same bytes."""
    buffer = _Buffer()
    used = sorted({area.material for item in items for area in item.mesh.areas})
    numbers = {material: number for number, material in enumerate(used)}
    meshes = []
    nodes: list[dict[str, Any]] = [{"name": title, "rotation": _QUARTER_TURN, "scale": [_METRES_PER_MM] * 3}]
    for item in items:
        centre, scale = _box(item.mesh)
        meshes.append(
            {"name": item.name, "primitives": _primitives(buffer, item.mesh, centre, scale, numbers)}
        )
        extras = {"partIndex": item.part_index}
        place = {"translation": list(centre), "scale": [scale] * 3}
        nodes.append({"name": item.name, "mesh": len(meshes) - 1, **place, "extras": extras})
    nodes[0]["children"] = list(range(1, len(nodes)))
    return _file(
        {
            "asset": {"version": "2.0", "generator": "CommitCollect"},
            "extensionsUsed": ["KHR_mesh_quantization"],
            "extensionsRequired": ["KHR_mesh_quantization"],
            "scene": 0,
            "scenes": [{"nodes": [0]}],
            "nodes": nodes,
            "meshes": meshes,
            "materials": [_material(materials[each]) for each in used],
            "accessors": buffer.accessors,
            "bufferViews": buffer.views,
            "buffers": [{"byteLength": len(buffer.data)}],
        },
        bytes(buffer.data),
    )


def _box(mesh: Mesh) -> tuple[Vector, float]:
    """The middle of the mesh, and how many millimetres one step of 16 bits is."""
    low, high = mesh.bounds_mm()
    x, y, z = ((bottom + top) / 2 for bottom, top in zip(low, high, strict=True))
    return (x, y, z), max(top - bottom for bottom, top in zip(low, high, strict=True)) / 2 / _INT16_MAX


def _primitives(
    buffer: _Buffer, mesh: Mesh, centre: Vector, scale: float, materials: Mapping[int, int]
) -> list[dict[str, Any]]:
    corners = shaded_corners(mesh)
    cx, cy, cz = centre
    placed = [
        (round((x - cx) / scale), round((y - cy) / scale), round((z - cz) / scale))
        for x, y, z in mesh.points_mm()
    ]
    steps = [placed[vertex] for vertex in corners.vertices]
    attributes = _attributes(buffer, mesh, corners, steps)
    primitives, start = [], 0
    for area in mesh.areas:
        indices = corners.indices[3 * start : 3 * (start + area.triangles)]
        start += area.triangles
        accessor = {"componentType": _UNSIGNED_INT, "count": len(indices), "type": "SCALAR"}
        number = buffer.add(_little(indices), _INDICES, None, accessor)
        primitives.append({"attributes": attributes, "indices": number, "material": materials[area.material]})
    return primitives


def _attributes(
    buffer: _Buffer, mesh: Mesh, corners: Corners, steps: list[tuple[int, int, int]]
) -> dict[str, int]:
    count = len(steps)
    bounds = {
        name: [of(axis) for axis in zip(*steps, strict=True)] for name, of in (("min", min), ("max", max))
    }
    position = b"".join(starmap(_POSITION.pack, steps))
    normal = b"".join(starmap(_NORMAL.pack, corners.normals))
    names = {
        "POSITION": buffer.add(
            position, _VERTICES, 8, {"componentType": _SHORT, "count": count, "type": "VEC3", **bounds}
        ),
        "NORMAL": buffer.add(
            normal, _VERTICES, 4, {"componentType": _BYTE, "normalized": True, "count": count, "type": "VEC3"}
        ),
    }
    if mesh.shades:
        greys = [bytes((grey, grey, grey, 255)) for grey in range(256)]
        shade = b"".join([greys[mesh.shades[vertex]] for vertex in corners.vertices])
        accessor = {"componentType": _UNSIGNED_BYTE, "normalized": True, "count": count, "type": "VEC4"}
        names["COLOR_0"] = buffer.add(shade, _VERTICES, 4, accessor)
    return names


def _little(indices: array[int]) -> bytes:
    return struct.pack(f"<{len(indices)}I", *indices)


def _material(material: Material) -> dict[str, Any]:
    surface = {"metallicFactor": 0.6 if material.is_metal else 0.0, "roughnessFactor": 0.5}
    return {
        "name": material.name,
        "pbrMetallicRoughness": {"baseColorFactor": [*map(_linear, material.rgb), 1.0], **surface},
    }


def _linear(share: float) -> float:
    """glTF wants light, not the number on the screen (sRGB)."""
    return round(share / 12.92 if share <= _SRGB_LINEAR_MAX else ((share + 0.055) / 1.055) ** 2.4, 6)


def _file(document: dict[str, Any], binary: bytes) -> bytes:
    text = json.dumps(document, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    total = 12 + 8 + len(text) + 8 + len(binary)
    head = struct.pack("<III", _MAGIC, _VERSION, total)
    return b"".join(
        (head, struct.pack("<II", len(text), _JSON), text, struct.pack("<II", len(binary), _BIN), binary)
    )
