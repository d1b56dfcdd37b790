"""From a sculpture to what is shipped: three packs, and the geometry in the definition."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from attrs import evolve, frozen
from manifold3d import Manifold
from numpy.typing import ArrayLike

from commitcollect_adapters.statues import pack, stl
from commitcollect_adapters.statues.definitions import Detail
from commitcollect_adapters.statues.meshes import Area, Mesh, chained, mesh
from commitcollect_adapters.statues.placing import Lying
from commitcollect_adapters.statues.printing import needs_supports
from commitcollect_adapters.statues.sculpting import coupon
from commitcollect_adapters.statues.sculpting.fitting import apart
from commitcollect_adapters.statues.sculpting.judging import placed
from commitcollect_adapters.statues.sculpting.painting import SNAP_MM, Painted, painted
from commitcollect_adapters.statues.sculpting.sculptures import Part, Sculpture
from commitcollect_adapters.statues.sculpting.shading import shades
from commitcollect_adapters.statues.sculpting.shapes import simplified, unit

_COARSE_MM = {Detail.WEB: 0.3, Detail.LOW: 1.0}
"""How far the surface of a mesh that is only drawn may be from the exact one."""
_SNAP_MM = {Detail.EXACT: SNAP_MM, Detail.WEB: 0.4, Detail.LOW: 2.0}
"""How exactly the borders of colours are cut."""
_UNIT_MICROMETRES = {Detail.EXACT: 1, Detail.WEB: 10, Detail.LOW: 100}
_SUFFIX = {Detail.EXACT: ".ccm", Detail.WEB: ".web.ccm", Detail.LOW: ".low.ccm"}


@frozen(eq=False)
class Baked:
    """A statue ready to be shipped.

    Attributes:
        packs: file names and their bytes.
        definition: the text of the definition with the geometry in it.
    """

    packs: Mapping[str, bytes]
    definition: str


def bake(sculpture: Sculpture, definition: Mapping[str, Any], clearance: float) -> Baked:
    """Sculpt, paint, simplify and pack; the definition keeps all that is not geometry."""
    parts = sculpture.sculpt(clearance)
    packs, entries = packed(sculpture.model_id, {each: _meshes(parts, each) for each in Detail})
    exact = pack.decode(packs[entries[Detail.EXACT.value]["file"]])
    geometry = [
        {**entry, **_geometry(entry["partName"], part, mesh)}
        for entry, part, mesh in zip(definition["parts"], parts, exact, strict=True)
    ]
    return Baked(packs, _text({**definition, **entries, "parts": geometry}))


def packed(
    model_id: str, meshes: Mapping[Detail, Sequence[Mesh]]
) -> tuple[dict[str, bytes], dict[str, dict[str, str]]]:
    """The packs by file name, and the entries of the definition that name them."""
    packs, entries = {}, {}
    for detail, of_parts in meshes.items():
        data = pack.encode(of_parts, unit_micrometres=_UNIT_MICROMETRES[detail])
        name = model_id.lower() + _SUFFIX[detail]
        packs[name] = data
        entries[detail.value] = {"file": name, "sha256": hashlib.sha256(data).hexdigest()}
    return packs, entries


def drawn(meshes: Sequence[Mesh]) -> dict[Detail, list[Mesh]]:
    """Coarser meshes to draw, of exact ones of one material each that have passed every gate."""
    solids = (placed("", each).solid for each in meshes)
    parts = [
        Part(solid=solid, material=each.areas[0].material, at=(0, 0, 0))
        for solid, each in zip(solids, meshes, strict=True)
    ]
    return {detail: _meshes(parts, detail) for detail in _COARSE_MM}


def bake_coupon() -> bytes:
    """The pack of the clearance coupon."""
    return pack.encode(_meshes(coupon.sculpt(), Detail.EXACT))


def _meshes(parts: Sequence[Part], detail: Detail) -> list[Mesh]:
    solids = [_simplified(part.solid, detail) for part in parts]
    surfaces = [
        painted(solid, part.material, part.paints, _SNAP_MM[detail])
        for solid, part in zip(solids, parts, strict=True)
    ]
    if detail is not Detail.WEB:
        return [chained(_mesh(each)) for each in surfaces]
    shaded = shades([part.solid for part in parts], [(each.vertices, each.triangles) for each in surfaces])
    return [
        chained(evolve(_mesh(surface), shades=shade.tobytes()))
        for surface, shade in zip(surfaces, shaded, strict=True)
    ]


def _simplified(solid: Manifold, detail: Detail) -> Manifold:
    if detail not in _COARSE_MM:
        return solid
    coarse = simplified(solid, _COARSE_MM[detail])
    # Of a thin plate nothing would be left.
    return solid if coarse.is_empty() else coarse


def _mesh(surface: Painted) -> Mesh:
    points = np.round(apart(surface.vertices, surface.triangles) * 1000).astype(int)
    materials, counts = np.unique(surface.materials, return_counts=True)
    areas = [Area(int(material), int(count)) for material, count in zip(materials, counts, strict=True)]
    triangles = [(int(a), int(b), int(c)) for a, b, c in surface.triangles]
    return mesh(points.tolist(), triangles, areas)


def _geometry(name: str, part: Part, mesh: Mesh) -> dict[str, Any]:
    low, high = mesh.bounds_mm()
    lying = Lying(_rounded(unit(part.up)), _rounded(unit(part.right)))
    return {
        "meshSha256": hashlib.sha256(stl.write(name, mesh)).hexdigest(),
        "triangles": mesh.triangles_total,
        "volumeMm3": round(mesh.volume_mm3()),
        "boundsMm": [low, high],
        "attach": {"at": _rounded(part.at), "direction": _rounded(unit(part.comes_from))},
        "bed": {"up": lying.up, "right": lying.right, "needsSupports": needs_supports(mesh, lying)},
    }


def _rounded(vector: ArrayLike) -> tuple[float, float, float]:
    x, y, z = (round(float(each), 6) + 0.0 for each in np.asarray(vector, float))
    return x, y, z


def _text(definition: Mapping[str, Any]) -> str:
    """JSON with a line for each part, so that a change of one part is a change of one line."""
    head = json.dumps({key: value for key, value in definition.items() if key != "parts"}, indent=2)
    lines = ",\n".join(f"    {json.dumps(part)}" for part in definition["parts"])
    return f'{head[:-2]},\n  "parts": [\n{lines}\n  ]\n}}\n'


def write(baked: Baked, folder: Path, name: str) -> None:
    """Write the packs and the definition into a folder."""
    for file, data in baked.packs.items():
        (folder / file).write_bytes(data)
    (folder / name).write_text(baked.definition, encoding="utf-8")
