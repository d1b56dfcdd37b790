"""Statues of other artists: a folder with ``statue.json`` and the STL files that it names."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from stat import S_ISREG

from attrs import evolve, frozen

from commitcollect_adapters.statues import gates, stl
from commitcollect_adapters.statues.definitions import Place, read_model, read_places
from commitcollect_adapters.statues.gates import Finding
from commitcollect_adapters.statues.meshes import TRIANGLES_MAX, Mesh
from commitcollect_core.errors import Conflict, CorruptItem, InvalidInput
from commitcollect_core.training.awards import StatueModel
from commitcollect_core.training.ports import StatueStore
from commitcollect_core.training.publications import Publication, Stage, draft

DEFINITION = "statue.json"
STL_BYTES_MAX = 84 + 50 * TRIANGLES_MAX
_ORDER = (Stage.DRAFT, Stage.CHECKED, Stage.PUBLISHED)


@frozen
class Piece:
    """A part to be judged: its surface, and what is known of its place."""

    name: str
    mesh: Mesh
    place: Place


@frozen
class Submission:
    """A statue as its artist hands it in; the model has the digests of the STL files."""

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
    contents = [_read(folder / part.mesh_file) for part in model.parts]
    digests = [hashlib.sha256(data).hexdigest() for data in contents]
    parts = (evolve(part, mesh_sha256=digest) for part, digest in zip(model.parts, digests, strict=True))
    pieces = (
        Piece(part.part_name, _mesh(data, folder / part.mesh_file), place)
        for part, data, place in zip(model.parts, contents, places, strict=True)
    )
    return Submission(evolve(model, parts=tuple(parts)), tuple(pieces))


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


def add(store: StatueStore, submission: Submission, until: Stage) -> Iterator[Publication]:
    """Bring a statue into a store's catalogue, step by step; what was saved after each.

    Every step is saved by itself: a draft stays if it does not pass, and is replaced by the next one.

    Raises:
        InvalidInput: it does not pass a gate (``gates_not_passed``).
        Conflict: it is published already, or another process saved it meanwhile.
        ModuleNotFoundError: it cannot be checked without the extra ``sculpt``.
    """
    entry = draft(submission.model, store.publication(submission.model.model_id))
    store.save(entry)
    yield entry
    for stage in _ORDER[1 : _ORDER.index(until) + 1]:
        if stage is Stage.CHECKED:
            _check(submission)
        entry = entry.moved_to(stage)
        store.save(entry)
        yield entry


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
