"""Files of an athlete's statue: cards to share, the viewer as one file, and what may be printed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from commitcollect_adapters.statues import Detail
from commitcollect_adapters.statues.exporting import glb_file, shapes
from commitcollect_adapters.statues.pictures.card import svg_card, svg_picture
from commitcollect_adapters.statues.pictures.png import png_card
from commitcollect_adapters.statues.pictures.scene import scene
from commitcollect_adapters.web.page import standalone_page
from commitcollect_adapters.web.showing import PICTURE_HEIGHT, PICTURE_WIDTH, Showing, card_text, page_of
from commitcollect_core.errors import Conflict


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
    every = shapes(statue, range(1, statue.model.parts_total + 1), Detail.WEB)
    picture = scene(statue.meshes(Detail.LOW), statue.materials, chosen)
    return standalone_page(
        page_of(showing, chosen, every, tells_workouts=False),
        mesh=glb_file(statue, every),
        picture=svg_picture(picture, PICTURE_WIDTH, PICTURE_HEIGHT).encode(),
    ).encode()


PICTURES: Mapping[str, Callable[[Showing, Collection[int]], bytes]] = {
    "svg": svg_file,
    "png": png_file,
    "html": html_file,
}
"""What is no mesh: name of the format -> what makes the file."""
