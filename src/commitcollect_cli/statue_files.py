"""``commitcollect statue check``, ``add``, ``retire`` and ``coupon``: for those who make statues."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commitcollect_cli.completing import complete_model
from commitcollect_cli.options import NamedPath, json_option
from commitcollect_cli.output import print_json, print_result, show
from commitcollect_cli.saving import save
from commitcollect_cli.store import store_options
from commitcollect_core.errors import InvalidInput, NotFound
from commitcollect_core.values import ModelId

if TYPE_CHECKING:
    from commitcollect_adapters.documents import Document
    from commitcollect_adapters.settings import Settings
    from commitcollect_adapters.statues.gates import Finding
    from commitcollect_adapters.statues.submissions import Piece
    from commitcollect_core.training.publications import Publication

COUPON_PARTS = ("block", "peg")
STAGES = ("DRAFT", "CHECKED", "PUBLISHED")
"""The values of `Stage` that a submission may reach."""


@click.command()
@click.argument(
    "paths", metavar="FILE…", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)
@json_option
@click.pass_context
def check(ctx: click.Context, *, paths: tuple[Path, ...], as_json: bool) -> None:
    """Check that parts can be printed: STL files, or a folder with statue.json and its STL files.

    A folder also says in which order and direction parts are put on, so that this is checked as well.
    """
    from commitcollect_adapters.statues import submissions

    pieces = [piece for path in paths for piece in _pieces(path)]
    found = submissions.surface_findings(pieces)
    unchecked = "" if found else _check_solids(pieces, found)
    if as_json:
        findings = [{"part": each.part, "gate": each.gate, "reason": each.reason} for each in found]
        print_json({"parts": len(pieces), "findings": findings, "notChecked": unchecked or None})
    else:
        for each in found:
            show(f"{each.part}: {each.reason} ({each.gate})")
        show(unchecked or _verdict(len(pieces), found))
    ctx.exit(1 if found else 0)


def _pieces(path: Path) -> Sequence[Piece]:
    from commitcollect_adapters.statues import submissions

    return submissions.read_folder(path).pieces if path.is_dir() else [submissions.read_file(path)]


def _check_solids(pieces: Sequence[Piece], found: list[Finding]) -> str:
    """Add what the gates for solids find; says so where they cannot be asked."""
    from commitcollect_adapters.statues import submissions

    try:
        found += submissions.solid_findings(pieces)
    except ModuleNotFoundError as missing:
        return (
            f"The surfaces of {len(pieces)} parts pass. Overlaps, the way in and walls were not checked: "
            f"that needs {missing.name}; install it with: pip install 'commitcollect[sculpt]'"
        )
    return ""


def _verdict(parts: int, found: Sequence[Finding]) -> str:
    return f"{len(found)} findings in {parts} parts." if found else f"{parts} parts pass every gate."


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--until",
    type=click.Choice(STAGES, case_sensitive=False),
    default=STAGES[-1],
    show_default=True,
    help="How far to go.",
)
@store_options
def add(*, settings: Settings, folder: Path, until: str, as_json: bool) -> None:
    """Add the statue in FOLDER to the store's catalogue: draft, checked, published.

    FOLDER has statue.json and the STL files it names. A published statue never changes; the store keeps its
    meshes, so that it can be drawn and printed wherever the store is opened.
    """
    from commitcollect_adapters import statues
    from commitcollect_adapters.backend import open_backend
    from commitcollect_adapters.statues import submissions
    from commitcollect_core.training.publications import Stage

    submission = submissions.read_folder(folder)
    submissions.refuse_shipped(submission.model, statues.shipped_catalog().models())
    with open_backend(settings.store, settings.policy) as backend, _sculpt_extra():
        for entry in submissions.add(
            backend.stores().catalog, submission, Stage(until.upper()), settings.policy.training
        ):
            if not as_json:
                show(_line(entry))
    if as_json:
        print_json(_document(entry))


def _line(entry: Publication) -> str:
    return f"{entry.model.model_id} is {entry.stage.value} (version {entry.version})."


def _document(entry: Publication) -> Document:
    return {"modelId": entry.model.model_id, "stage": entry.stage.value, "version": entry.version}


@contextmanager
def _sculpt_extra() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as missing:
        raise InvalidInput(
            f"it stays a draft: checking it needs {missing.name}; "
            "install it with: pip install 'commitcollect[sculpt]'"
        ) from missing


@click.command()
@click.argument("model_id", metavar="MODEL", type=ModelId, shell_complete=complete_model)
@store_options
def retire(*, settings: Settings, model_id: ModelId, as_json: bool) -> None:
    """Take a published statue off the offer; milestones on it go on."""
    from commitcollect_adapters import statues
    from commitcollect_adapters.backend import open_backend
    from commitcollect_core.training.publications import Stage

    if statues.shipped_catalog().model(model_id) is not None:
        raise InvalidInput(
            f"{model_id} is shipped with CommitCollect and is always on offer; only a statue that was added "
            "to the store can be retired",
            field="model_id",
        )
    with open_backend(settings.store, settings.policy, must_exist=True) as backend:
        catalog = backend.stores().catalog
        entry = catalog.publication(model_id)
        if entry is None:
            added = ", ".join(each.model_id for each in catalog.models()) or "none"
            raise NotFound(
                f"the store has no statue {model_id!r}; added to it: {added}", code="model_not_found"
            )
        retired = entry.moved_to(Stage.RETIRED)
        catalog.save(retired)
    print_result(_document(retired), [_line(retired)], as_json=as_json)


@click.command()
@click.option(
    "--out",
    "folder",
    type=NamedPath(file_okay=False),
    default=Path(),
    show_default="this folder",
    help="Where to write the STL files.",
)
@click.option("--force", is_flag=True, help="Overwrite files that exist.")
@json_option
def coupon(*, folder: Path, force: bool, as_json: bool) -> None:
    """Write a clearance coupon: print it first, and see which socket fits your printer.

    Its sockets have 1 to 5 notches, for a room of 0.10, 0.15, 0.20, 0.25 and 0.30 mm on each side of the peg.
    The statues have 0.20 mm.
    """
    from commitcollect_adapters import statues
    from commitcollect_adapters.statues import pack, stl

    meshes = pack.decode((files(statues) / "coupon.ccm").read_bytes())
    contents = {
        folder / f"coupon_{name}.stl": stl.write(f"coupon {name}", mesh)
        for name, mesh in zip(COUPON_PARTS, meshes, strict=True)
    }
    save(contents, folder=folder, force=force)
    written = [str(file) for file in contents]
    print_result({"files": written}, (f"Wrote {file}" for file in written), as_json=as_json)
