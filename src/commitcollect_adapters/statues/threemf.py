"""3MF files: named parts with their colours, in millimetres.

The core specification knows no plates, so each plate is a file of its own.
"""

from __future__ import annotations

import html
import io
import zipfile
from collections.abc import Iterator, Sequence
from itertools import chain, islice

from attrs import frozen

from commitcollect_adapters.statues.materials import Material
from commitcollect_adapters.statues.meshes import Mesh
from commitcollect_adapters.statues.placing import Placement

_NAMESPACE = "http://schemas.microsoft.com/3dmanufacturing/core/2015/02"
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_MODEL_TYPE = "application/vnd.ms-package.3dmanufacturing-3dmodel+xml"
_MODEL_RELATION = "http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"
_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
_CONTENT_TYPES = (
    f'{_XML}<Types xmlns="{_TYPES}">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Default Extension="model" ContentType="{_MODEL_TYPE}"/></Types>'
)
_RELS = (
    f'{_XML}<Relationships xmlns="{_RELATIONS}">'
    f'<Relationship Id="model" Target="/3D/3dmodel.model" Type="{_MODEL_RELATION}"/></Relationships>'
)
_FIXED_DATE = (1980, 1, 1, 0, 0, 0)
"""The same parts give the same file, whenever it is written."""
_MATERIALS_ID = 1


@frozen
class Item:
    """A part in the file: where `placement` puts it, or else where it is in the statue."""

    name: str
    mesh: Mesh
    placement: Placement | None = None


def write(title: str, items: Sequence[Item], materials: Sequence[Material]) -> bytes:
    """One file of all items."""
    members = (
        ("[Content_Types].xml", _CONTENT_TYPES),
        ("_rels/.rels", _RELS),
        ("3D/3dmodel.model", model_xml(title, items, materials)),
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, text in members:
            member = zipfile.ZipInfo(name, _FIXED_DATE)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            archive.writestr(member, text)
    return file.getvalue()


def model_xml(title: str, items: Sequence[Item], materials: Sequence[Material]) -> str:
    """The member that holds the meshes; unlike the file, its bytes do not depend on the version of zlib."""
    return "".join(_model(title, items, materials))


def _model(title: str, items: Sequence[Item], materials: Sequence[Material]) -> Iterator[str]:
    yield f'{_XML}<model unit="millimeter" xml:lang="en-US" xmlns="{_NAMESPACE}">'
    yield f'<metadata name="Title">{_text(title)}</metadata>'
    yield '<metadata name="Application">CommitCollect</metadata>'
    yield f'<resources><basematerials id="{_MATERIALS_ID}">'
    for each in materials:
        yield f'<base name="{_text(each.name)}" displaycolor="{each.color}"/>'
    yield "</basematerials>"
    for number, item in enumerate(items, _MATERIALS_ID + 1):
        yield from _object(number, item)
    yield "</resources><build>"
    for number, item in enumerate(items, _MATERIALS_ID + 1):
        yield f'<item objectid="{number}"{_transform(item.placement)}/>'
    yield "</build></model>"


def _text(text: str) -> str:
    return html.escape(text)


def _object(number: int, item: Item) -> Iterator[str]:
    main = item.mesh.areas[0].material
    yield f'<object id="{number}" type="model" name="{_text(item.name)}" pid="{_MATERIALS_ID}"'
    yield f' pindex="{main}"><mesh><vertices>'
    # Three decimals are exact, as vertices lie on whole micrometres.
    points = item.mesh.points_mm()
    yield '<vertex x="%.3f" y="%.3f" z="%.3f"/>' * len(points) % tuple(chain.from_iterable(points))
    yield "</vertices><triangles>"
    corners = iter(item.mesh.corners)
    for area in item.mesh.areas:
        colour = "" if area.material == main else f' pid="{_MATERIALS_ID}" p1="{area.material}"'
        here = tuple(islice(corners, 3 * area.triangles))
        yield f'<triangle v1="%d" v2="%d" v3="%d"{colour}/>' * area.triangles % here
    yield "</triangles></mesh></object>"


def _transform(placement: Placement | None) -> str:
    """3MF multiplies row vectors, so the rotation is written by columns."""
    if placement is None:
        return ""
    rows = placement.rows
    numbers = (*(row[column] for column in range(3) for row in rows), *placement.shift)
    return f' transform="{" ".join(f"{number:.9g}" for number in numbers)}"'
