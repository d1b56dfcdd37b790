"""``commitcollect statue export``: files to print, to view and to share."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from commitcollect_cli.catalogs import known_model, open_catalog
from commitcollect_cli.choosing import milestone_id_of, milestone_option
from commitcollect_cli.completing import complete_model
from commitcollect_cli.options import NamedPath, chained
from commitcollect_cli.output import print_result
from commitcollect_cli.render import show_count, table
from commitcollect_cli.saving import save
from commitcollect_cli.store import open_to_read, store_options
from commitcollect_core.errors import InvalidInput
from commitcollect_core.values import ModelId

if TYPE_CHECKING:
    from commitcollect_adapters.documents import Document
    from commitcollect_adapters.settings import Settings
    from commitcollect_adapters.statues import Statue
    from commitcollect_adapters.statues.exporting import File, Shape
    from commitcollect_adapters.statues.plates import Bed
    from commitcollect_adapters.web.showing import Showing

PRINTED = ("stl", "3mf", "glb")
FORMATS = (*PRINTED, "svg", "png", "html")
PLATED = ("stl", "3mf")
ASSEMBLED, PLATES = "assembled", "plates"
BED_MM_MIN, BED_MM_MAX = 50, 1000
PARTS_CHARS_MAX = 400
EARNED, ALL = "earned", "all"
_BED = re.compile(r"(?P<width>[0-9]{1,4}(?:\.[0-9]+)?)x(?P<depth>[0-9]{1,4}(?:\.[0-9]+)?)")
_RANGE = re.compile(r"(?P<first>[0-9]{1,4})(?:-(?P<last>[0-9]{1,4}))?")
_MEGABYTE = 1_000_000


class BedSize(click.ParamType["Bed"]):
    """A bed such as 220x220, in millimetres."""

    name = "WIDTHxDEPTH"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Bed:
        """Read the size, or fail with what a size looks like."""
        from commitcollect_adapters.statues.plates import Bed

        if isinstance(value, Bed):
            return value
        found = _BED.fullmatch(value)
        sizes = [float(each) for each in found.groups()] if found else []
        if not sizes or not all(BED_MM_MIN <= each <= BED_MM_MAX for each in sizes):
            self.fail(
                f"{value[:40]!r} is not the size of a bed; write width x depth in millimetres, "
                f"{BED_MM_MIN} to {BED_MM_MAX} each, such as 220x220",
                param,
                ctx,
            )
        return Bed(*sizes)


subject_options = chained(
    milestone_option,
    click.option(
        "--model",
        "model_id",
        metavar="MODEL",
        type=ModelId,
        shell_complete=complete_model,
        help="Or a whole model.",
    ),
)
"""What a statue is of."""


@click.command("export", short_help="Write files to print, to view or to share.")
@subject_options
@click.option(
    "--parts",
    metavar="PARTS",
    help="earned, all, or numbers such as 1,2 or 1-4.  [default: earned of a milestone, all of a model]",
)
@click.option("--format", "kind", type=click.Choice(FORMATS), required=True, help="What to write.")
@click.option(
    "--layout",
    type=click.Choice((ASSEMBLED, PLATES)),
    default=ASSEMBLED,
    show_default=True,
    help="Put together, or lying on printer beds (stl and 3mf).",
)
@click.option(
    "--bed", type=BedSize(), help="The printer's bed for plates, in millimetres.  [default: 180x180]"
)
@click.option(
    "--out",
    type=NamedPath(),
    metavar="PATH",
    help="File, or folder of parts or plates.",
)
@click.option("--force", is_flag=True, help="Overwrite files that exist.")
@store_options
def export(
    *,
    settings: Settings,
    wanted: str | None,
    model_id: ModelId | None,
    parts: str | None,
    kind: str,
    layout: str,
    bed: Bed | None,
    out: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Write the parts of a statue as files.

    stl, 3mf and glb hold the parts asked for. svg and png are a card to share, and html is the viewer in one
    file: there the parts asked for are solid, and the others ghosts.
    """
    plan = _Plan(kind, layout, bed)
    plan.check()
    showing = showing_of(settings, wanted, model_id)
    chosen = chosen_parts(showing, parts)
    made, shown = _made(plan, showing, chosen)
    folder, paths = _places(plan, made, out, plan.stem(showing))
    save({path: file.content for path, file in zip(paths, made, strict=True)}, folder=folder, force=force)
    written = (f"Wrote {path} ({_size(len(file.content))})" for path, file in zip(paths, made, strict=True))
    document = _document(paths, made, shown)
    print_result(document, chain(written, _notes(document)), as_json=as_json)


def showing_of(
    settings: Settings,
    wanted: str | None,
    model_id: ModelId | None,
    known: Statue | None = None,
) -> Showing:
    """The statue of a milestone or of a model.

    Args:
        settings: name the store.
        wanted: the milestone: its id, the beginning of one, or its name.
        model_id: the model.
        known: the statue of an earlier call; it never changes.

    Raises:
        UsageError: neither or both are named.
        NotFound: there is no such milestone, or no such model, or it has no meshes.
    """
    from commitcollect_adapters.statues import statue_of
    from commitcollect_adapters.web.showing import Showing
    from commitcollect_core.training.statues import model_of

    if (wanted is None) == (model_id is None):
        raise click.UsageError("give --milestone ID or --model MODEL, one of the two")
    if wanted is None:
        with open_catalog(settings, model_id) as catalog:
            return Showing(known or statue_of(catalog, known_model(catalog, model_id or ModelId(""))), None)
    with open_to_read(settings) as app:
        view = app.tracking.view(settings.user, milestone_id_of(app, settings.user, wanted))
        catalog = app.ports.catalog
        return Showing(known or statue_of(catalog, model_of(catalog, view.milestone)), view)


class _Plan(NamedTuple):
    """What was asked for."""

    kind: str
    layout: str
    bed: Bed | None

    def check(self) -> None:
        """Refuse what does not go together."""
        on_plates = self.layout == PLATES
        if on_plates and self.kind not in PLATED:
            raise click.UsageError(f"--layout plates is for stl and 3mf; {self.kind} is always assembled")
        if self.bed is not None and not on_plates:
            raise click.UsageError("--bed is for --layout plates; leave it out, or add that")

    @property
    def may_be_several(self) -> bool:
        """Whether there is a file for each part or plate."""
        return self.layout == PLATES or self.kind == "stl"

    def stem(self, showing: Showing) -> str:
        """What the files are called where nothing is said."""
        name = str(showing.statue.model.model_id).lower()
        return f"{name}_plates" if self.layout == PLATES else name


def chosen_parts(showing: Showing, text: str | None) -> tuple[int, ...]:
    """The numbers of the parts asked for.

    Raises:
        InvalidInput: there is no such part, it is not earned, or the text names no parts.
    """
    model = showing.statue.model
    default = ALL if showing.view is None else EARNED
    wish = (default if text is None else text).strip().lower()
    every = tuple(range(1, model.parts_total + 1))
    if wish == EARNED:
        if showing.view is None:
            raise _refused(f"of a model nothing is earned; give --milestone ID, or --parts {ALL} or numbers")
        return tuple(sorted(showing.earned))
    if wish != ALL:
        chosen = tuple(sorted(set(_numbers(wish, model.parts_total))))
    elif showing.view is not None:
        raise _refused(
            f"of a milestone only what is earned is exported, here {len(showing.earned)} of {len(every)} "
            f"parts; for the whole statue give --model {model.model_id} --parts {ALL}"
        )
    else:
        chosen = every
    missing = [each for each in chosen if showing.view is not None and each not in showing.earned]
    if missing:
        names = ", ".join(f"{each} ({model.parts[each - 1].part_name})" for each in missing)
        earned = ", ".join(map(str, sorted(showing.earned))) or "none"
        raise _refused(f"not earned yet: {names}; earned so far: {earned}; give --parts {EARNED}")
    return chosen


def _numbers(text: str, total: int) -> Iterator[int]:
    for piece in text[:PARTS_CHARS_MAX].split(","):
        found = _RANGE.fullmatch(piece.strip())
        if found is None or len(text) > PARTS_CHARS_MAX:
            raise _refused(
                f"{text[:40]!r} names no parts; write {EARNED}, {ALL}, or numbers such as 1,2 or 1-4"
            )
        first, last = int(found["first"]), int(found["last"] or found["first"])
        if not 1 <= first <= last <= total:
            raise _refused(f"there is no part {piece.strip()}; this statue has parts 1 to {total}")
        yield from range(first, last + 1)


def _refused(message: str) -> InvalidInput:
    return InvalidInput(message, field="parts")


def _made(plan: _Plan, showing: Showing, chosen: Sequence[int]) -> tuple[tuple[File, ...], tuple[Shape, ...]]:
    """The files, and the parts they hold to print."""
    from commitcollect_adapters.statues import Detail
    from commitcollect_adapters.statues.exporting import File, Format, Layout, files, shapes
    from commitcollect_adapters.statues.plates import Bed
    from commitcollect_adapters.web.statue_files import PICTURES, check_pins

    if plan.kind not in PRINTED:
        name = f"{plan.stem(showing)}.{plan.kind}"
        return (File(name, PICTURES[plan.kind](showing, chosen)),), ()
    if not chosen:
        raise _refused(
            "nothing is earned yet, so there is nothing to print; svg, png and html show the ghost"
        )
    check_pins(showing, chosen)
    kind = Format(plan.kind)
    detail = Detail.WEB if kind is Format.GLB else Detail.EXACT
    shown = shapes(showing.statue, chosen, detail)
    return files(showing.statue, shown, kind, Layout(plan.layout), plan.bed or Bed()), shown


def _places(
    plan: _Plan, made: Sequence[File], out: Path | None, stem: str
) -> tuple[Path | None, Sequence[Path]]:
    """The folder that several files need, and the path of each file.

    A kind that may be several takes a folder even for one file: the next part would need one of that name.
    """
    is_file_named = out is not None and out.suffix.lower().removeprefix(".") in FORMATS
    is_file_there = out is not None and os.path.lexists(out) and not os.path.isdir(out)  # noqa: PTH112
    if len(made) == 1 and (out is None or is_file_named or is_file_there or not plan.may_be_several):
        target = Path(made[0].name) if out is None else out
        return None, [target / made[0].name if os.path.isdir(target) else target]  # noqa: PTH112 - never raises
    if is_file_named:
        raise InvalidInput(
            f"these are {len(made)} files; give a folder as --out instead of {out}", field="out"
        )
    folder = Path(stem) if out is None else out
    return folder, [folder / file.name for file in made]


def _notes(document: Document) -> Iterator[str]:
    """What to know before printing."""
    parts = document["parts"]
    if not parts:
        return
    yield ""
    yield from table((" #", "Part", "On the bed", "Weight", "Supports"), map(_row, parts))
    yield ""
    count, weight = show_count(len(parts), "part", "parts"), sum(part["grams"] for part in parts)
    yield f"{count}, {document['heightMm']:.0f} mm high when put together; about {weight:.0f} g of PLA"
    yield "at 12 % infill with two perimeters, supports not counted. Put the parts together in this order."


def _row(part: Document) -> tuple[str, ...]:
    box = " x ".join(f"{side:.0f}" for side in part["bedMm"]) + " mm"
    supports = "yes" if part["needsSupports"] else "no"
    return f"{part['partIndex']:2}", part["partName"], box, f"{part['grams']:5.0f} g", supports


def _size(count: int) -> str:
    return f"{count / _MEGABYTE:.1f} MB" if count >= _MEGABYTE else f"{count / 1000:.0f} kB"


def _document(paths: Sequence[Path], made: Sequence[File], shown: Sequence[Shape]) -> Document:
    from commitcollect_adapters.statues.exporting import height_mm
    from commitcollect_adapters.statues.printing import grams

    return {
        "files": [
            {"path": str(path), "bytes": len(file.content)} for path, file in zip(paths, made, strict=True)
        ],
        "heightMm": round(height_mm(shown), 1) if shown else None,
        "parts": [
            {
                "partIndex": shape.index,
                "partName": shape.part.name,
                "bedMm": [round(each, 1) for each in shape.laid.size],
                "grams": round(grams(shape.mesh), 1),
                "needsSupports": shape.part.needs_supports,
            }
            for shape in shown
        ],
    }
