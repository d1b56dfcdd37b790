"""Statues of other artists: a folder with ``statue.json`` and the STL files that it names."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from stat import S_ISREG

from attrs import evolve, frozen

from commitcollect_adapters.documents import Document, statue_document
from commitcollect_adapters.statues import bundles, gates, stl
from commitcollect_adapters.statues.bundles import DEFINITION
from commitcollect_adapters.statues.definitions import Detail, Place, read_places
from commitcollect_adapters.statues.gates import Finding
from commitcollect_adapters.statues.meshes import MATERIALS_MAX, TRIANGLES_MAX, Area, Mesh, chained
from commitcollect_adapters.statues.models import read_model
from commitcollect_adapters.statues.placing import Lying
from commitcollect_adapters.statues.printing import needs_supports
from commitcollect_core.errors import Conflict, CorruptItem, InvalidInput, LimitExceeded
from commitcollect_core.policy import TrainingPolicy
from commitcollect_core.training.awards import StatueModel
from commitcollect_core.training.ports import StatueStore
from commitcollect_core.training.publications import Publication, Stage, draft

STL_BYTES_MAX = 84 + 50 * TRIANGLES_MAX
_UP = (0.0, 0.0, 1.0)


@frozen
class Piece:
    """A part to be judged: its surface, and what is known of its place."""

    name: str
    mesh: Mesh
    place: Place


@frozen
class Submission:
    """A statue as its artist hands it in."""

    model: StatueModel
    pieces: tuple[Piece, ...]


def read_folder(folder: Path) -> Submission:
    """Read a statue from a folder.

    Raises:
        InvalidInput: a file is missing or cannot be used, the definition included; the message names it.
    """
    file = folder / DEFINITION
    if not file.is_file():
        raise InvalidInput(
            f"{folder} has no {DEFINITION}, which names the statue and its parts", field="folder"
        )
    try:
        model, places = read_model(file), read_places(file)
    except CorruptItem as invalid:
        raise InvalidInput(f"{folder}: {invalid.message}; correct it", field="folder") from invalid
    files = (folder / part.mesh_file for part in model.parts)
    pieces = (
        Piece(part.part_name, _mesh(_read(file), file), place)
        for part, file, place in zip(model.parts, files, places, strict=True)
    )
    return Submission(model, tuple(pieces))


def read_file(file: Path) -> Piece:
    """A single STL file, of which nothing else is known.

    Raises:
        InvalidInput: it cannot be used; the message names it.
    """
    return Piece(file.name, _mesh(_read(file), file), Place())


def _read(file: Path) -> bytes:
    try:
        # A device or a pipe might never end, and opening one may already wait.
        if not S_ISREG(file.stat().st_mode):
            raise InvalidInput(f"{file} is not a regular file; give an STL file", field="file")
        with file.open("rb") as stream:
            data = stream.read(STL_BYTES_MAX + 1)
    except OSError as missing:
        raise InvalidInput(f"{file} cannot be read: {missing.strerror}", field="file") from missing
    if len(data) > STL_BYTES_MAX:
        raise InvalidInput(f"{file} has more than {STL_BYTES_MAX} bytes; simplify the mesh", field="file")
    return data


def _mesh(data: bytes, file: Path) -> Mesh:
    try:
        return stl.read(data)
    except InvalidInput as broken:
        raise InvalidInput(f"{file}: {broken.message}", code=broken.code, field="file") from broken


def surface_findings(pieces: Sequence[Piece]) -> list[Finding]:
    """What the gates in plain Python find."""
    return gates.check_statue([(each.name, each.mesh, each.place.lying) for each in pieces])


def solid_findings(pieces: Sequence[Piece]) -> list[Finding]:
    """What the gates for solids find; only for pieces that have passed the others.

    Raises:
        ModuleNotFoundError: the extra ``sculpt`` is not installed.
    """
    from commitcollect_adapters.statues.sculpting import judging  # noqa: PLC0415 - needs numpy and manifold3d

    return judging.check([(each.name, each.mesh, each.place.comes_from) for each in pieces])


def add(
    store: StatueStore, submission: Submission, until: Stage, policy: TrainingPolicy
) -> Iterator[Publication]:
    """Bring a statue into a store's catalogue, step by step; what was saved after each.

    Every step is saved by itself: a draft stays if it does not pass, and is replaced by the next one. It is
    published with its meshes, which the store keeps.

    Raises:
        InvalidInput: it does not pass a gate (``gates_not_passed``), or its parts have too many colours.
        LimitExceeded: its packed meshes are too large.
        Conflict: it is published already, or another process saved it meanwhile.
        ModuleNotFoundError: it cannot be checked without the extra ``sculpt``.
    """
    materials, meshes = _colored(submission.pieces)
    model = _pinned(submission.model, meshes)
    entry = draft(model, store.publication(model.model_id))
    store.save(entry)
    yield entry
    if until is Stage.DRAFT:
        return
    _check(submission)
    entry = entry.moved_to(Stage.CHECKED)
    store.save(entry)
    yield entry
    if until is Stage.CHECKED:
        return
    # Before the publication that names it: what is published can be printed, whatever fails in between.
    geometry = _bundle(evolve(submission, model=model), materials, meshes)
    _check_size(model, geometry, policy)
    entry = entry.moved_to(Stage.PUBLISHED, store.save_geometry(model.model_id, geometry))
    store.save(entry)
    yield entry


def _colored(pieces: Sequence[Piece]) -> tuple[list[str], list[Mesh]]:
    """The colours there are, and the meshes with theirs, in an order that packs well."""
    colors = sorted({piece.place.color for piece in pieces})
    if len(colors) > MATERIALS_MAX:
        raise InvalidInput(f"its parts have {len(colors)} colours; {MATERIALS_MAX} are allowed")
    areas = (Area(colors.index(piece.place.color), piece.mesh.triangles_total) for piece in pieces)
    return colors, [
        chained(evolve(piece.mesh, areas=(area,))) for piece, area in zip(pieces, areas, strict=True)
    ]


def _pinned(model: StatueModel, meshes: Sequence[Mesh]) -> StatueModel:
    """The model with the digests of the STL files that will be exported."""
    return evolve(
        model,
        parts=tuple(
            evolve(part, mesh_sha256=hashlib.sha256(stl.write(part.part_name, mesh)).hexdigest())
            for part, mesh in zip(model.parts, meshes, strict=True)
        ),
    )


def _bundle(submission: Submission, colors: Sequence[str], meshes: Sequence[Mesh]) -> bytes:
    from commitcollect_adapters.statues.sculpting import baking  # noqa: PLC0415 - needs numpy and manifold3d

    # A fixed name: a model's id may hold what a file's name must not.
    packs, entries = baking.packed("statue", {Detail.EXACT: meshes, **baking.drawn(meshes)})
    document = statue_document(submission.model)
    parts = [
        {**entry, **_geometry(piece.place, mesh)}
        for entry, piece, mesh in zip(document["parts"], submission.pieces, meshes, strict=True)
    ]
    materials = [{"name": color.removeprefix("#"), "color": color} for color in colors]
    return bundles.write({**document, **entries, "materials": materials, "parts": parts}, packs)


def _geometry(place: Place, mesh: Mesh) -> Document:
    lying = place.lying or Lying()
    return {
        "attach": {"at": place.at, "direction": place.comes_from or _UP},
        "bed": {"up": lying.up, "right": lying.right, "needsSupports": needs_supports(mesh, lying)},
    }


def _check_size(model: StatueModel, geometry: bytes, policy: TrainingPolicy) -> None:
    limit = policy.statue_geometry_bytes_max
    if len(geometry) > limit:
        raise LimitExceeded(
            f"it stays checked: the packed meshes of {model.model_id} have {len(geometry):,} bytes, and "
            f"{limit:,} are allowed (statue_geometry_bytes_max); simplify the meshes"
        )


def _check(submission: Submission) -> None:
    found = surface_findings(submission.pieces) or solid_findings(submission.pieces)
    if found:
        reasons = "; ".join(f"{each.part} ({each.gate}): {each.reason}" for each in found[:3])
        more = f"; and {len(found) - 3} more" if len(found) > 3 else ""  # noqa: PLR2004 - enough for one message
        raise InvalidInput(f"it stays a draft, as it does not pass: {reasons}{more}", code="gates_not_passed")


def refuse_shipped(model: StatueModel, shipped: Sequence[StatueModel]) -> None:
    """Refuse an id of a shipped statue, which would take precedence.

    Raises:
        Conflict: there is such a one (``model_exists``).
    """
    if any(each.model_id == model.model_id for each in shipped):
        raise Conflict(
            f"{model.model_id} is shipped with CommitCollect; give yours another id", code="model_exists"
        )
