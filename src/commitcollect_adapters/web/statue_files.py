"""Files of an athlete's statue: cards to share, the viewer as one file, and what may be printed."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Collection, Mapping, Sequence

from commitcollect_adapters.documents import Document
from commitcollect_adapters.statues import Detail, Statue
from commitcollect_adapters.statues.exporting import (
    File,
    Format,
    Layout,
    Shape,
    files,
    glb_file,
    shapes,
    size_mm,
)
from commitcollect_adapters.statues.pictures.card import svg_card, svg_picture
from commitcollect_adapters.statues.pictures.png import png_card
from commitcollect_adapters.statues.pictures.scene import scene
from commitcollect_adapters.statues.plates import Bed
from commitcollect_adapters.statues.printing import grams
from commitcollect_adapters.web.page import standalone_page
from commitcollect_adapters.web.showing import PICTURE_HEIGHT, PICTURE_WIDTH, Showing, card_text, page_of
from commitcollect_core.errors import Conflict, InvalidInput, NotFound
from commitcollect_core.training.tracking import MilestoneView

_PRINTED = {Format.STL.value, Format.THREEMF.value}
_FIXED_DATE = (1980, 1, 1, 0, 0, 0)
"""Of every file in an archive, so that the same parts are the same bytes."""


def check_pins(showing: Showing, chosen: Collection[int]) -> None:
    """Refuse to print another mesh than the one a part was earned with.

    Raises:
        Conflict: the statue was redesigned since (``mesh_changed``).
    """
    for award in showing.view.awards if showing.view is not None else ():
        here = showing.statue.model.parts[award.part_index - 1].mesh_sha256
        if award.part_index in chosen and award.mesh_sha256 not in {None, here}:
            raise Conflict(
                f"{award.part_name} was earned with another mesh than the one installed here; install the "
                f"version of that time, or export the new one with --model {award.model_id}",
                code="mesh_changed",
            )


def svg_file(showing: Showing, chosen: Collection[int]) -> bytes:
    """The card as SVG; `chosen` parts are solid."""
    statue = showing.statue
    view = scene(statue.meshes(Detail.LOW), statue.materials, chosen)
    return svg_card(view, card_text(showing, chosen)).encode()


def png_file(showing: Showing, chosen: Collection[int]) -> bytes:
    """The card as PNG; `chosen` parts are solid."""
    statue = showing.statue
    view = scene(statue.meshes(Detail.WEB), statue.materials, chosen)
    return png_card(view, card_text(showing, chosen))


def html_file(showing: Showing, chosen: Collection[int]) -> bytes:
    """The viewer as one file; `chosen` parts are solid."""
    statue = showing.statue
    every = every_shape(statue)
    return standalone_page(
        page_of(showing, chosen, every, tells_workouts=False),
        mesh=glb_file(statue, every),
        picture=picture_file(statue, chosen),
    ).encode()


PICTURES: Mapping[str, Callable[[Showing, Collection[int]], bytes]] = {
    "svg": svg_file,
    "png": png_file,
    "html": html_file,
}
"""What is no mesh: name of the format -> what makes the file."""


def every_shape(statue: Statue) -> Sequence[Shape]:
    """All parts of a statue, as a page shows them."""
    return shapes(statue, range(1, statue.model.parts_total + 1), Detail.WEB)


def picture_file(statue: Statue, solid: Collection[int]) -> bytes:
    """A still picture as SVG; `solid` parts are not ghosts."""
    view = scene(statue.meshes(Detail.LOW), statue.materials, solid)
    return svg_picture(view, PICTURE_WIDTH, PICTURE_HEIGHT).encode()


def made_file(statue: Statue, view: MilestoneView, kind: str, layout: str) -> File:
    """One file of what is earned; several in a ZIP archive.

    Raises:
        NotFound: nothing is earned, so there is nothing to print (``nothing_earned``).
        InvalidInput: this format has no such layout.
        Conflict: as in `check_pins`.
    """
    showing = Showing(statue, view)
    earned = sorted(showing.earned)
    stem = str(statue.model.model_id).lower()
    if Layout(layout) is Layout.PLATES and kind not in _PRINTED:
        raise InvalidInput("plates are for stl and 3mf", field="layout")
    if kind in PICTURES:
        return File(f"{stem}.{kind}", PICTURES[kind](showing, earned))
    if not earned:
        raise NotFound("nothing is earned yet, so there is nothing to print", code="nothing_earned")
    check_pins(showing, earned)
    detail = Detail.WEB if kind == Format.GLB.value else Detail.EXACT
    made = files(statue, shapes(statue, earned, detail), Format(kind), Layout(layout), Bed())
    if kind != Format.STL.value and len(made) == 1:
        return made[0]
    return File(f"{stem}_{kind}.zip", _zipped(made))


def _zipped(made: Sequence[File]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        for each in made:
            member = zipfile.ZipInfo(each.name, _FIXED_DATE)
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, each.content)
    return packed.getvalue()


def part_document(shape: Shape) -> Document:
    """How a part lies and what it takes to print it."""
    return {
        "direction": list(shape.part.direction),
        "sizeMm": [round(each) for each in size_mm(shape.mesh)],
        "grams": round(grams(shape.mesh)),
        "needsSupports": shape.part.needs_supports,
    }
