"""The statue in this terminal: what it can show, and how large."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, TextIO

from commitcollect_cli.output import say, wants_color
from commitcollect_core.errors import CorruptItem, NotFound

if TYPE_CHECKING:
    # What draws is imported where something is drawn: most commands draw nothing.
    from commitcollect_adapters.statues.pictures.terminal import Style
    from commitcollect_core.training.awards import StatueModel
    from commitcollect_core.training.ports import StatueCatalog
    from commitcollect_core.training.tracking import MilestoneView

COLUMNS_MAX = 100
"""A statue wider than this is taller than most terminals."""
COLUMNS_MIN = 16
"""A narrower one shows nothing; the text has to do."""
COLUMNS_ELSEWHERE, ROWS_ELSEWHERE = 80, 32
"""Of what is not a terminal."""
_LINES_KEPT = 6
"""Of a terminal's height, for the text beside the statue."""
_ROWS_MIN = 14


def style_of(stream: TextIO, environ: Mapping[str, str]) -> Style:
    """The richest style that a stream shows for certain."""
    from commitcollect_adapters.statues.pictures.terminal import HALF_BLOCKS, Style

    terminal, color = environ.get("TERM", ""), wants_color(environ)
    if not (stream.isatty() if color is None else color):
        return Style.ASCII
    try:
        HALF_BLOCKS.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return Style.ASCII
    if environ.get("COLORTERM", "").lower() in {"truecolor", "24bit"} or terminal.endswith("-direct"):
        return Style.TRUECOLOR
    if "WT_SESSION" in environ:  # Windows Terminal sets neither of the two above
        return Style.TRUECOLOR
    return Style.PALETTE if "256color" in terminal or color else Style.ASCII


def earned_parts(view: MilestoneView) -> frozenset[int]:
    """Numbers of the parts that are earned."""
    return frozenset(award.part_index for award in view.awards)


def picture_lines(
    catalog: StatueCatalog, model: StatueModel, earned: Collection[int], style: Style | None = None
) -> list[str]:
    """The statue as lines of text; none where there is no room or no mesh.

    Args:
        catalog: where the model is from.
        model: whose statue it is.
        earned: numbers of the parts that are solid.
        style: what to draw with; None for what stdout shows.
    """
    columns, rows = _size()
    if columns < COLUMNS_MIN:
        return []
    from commitcollect_adapters.statues import Detail, statue_of
    from commitcollect_adapters.statues.pictures.scene import scene
    from commitcollect_adapters.statues.pictures.terminal import drawn

    try:
        statue = statue_of(catalog, model)
        meshes = statue.meshes(Detail.LOW)
    except NotFound:
        return []
    except CorruptItem as broken:
        # The picture is an addition: what is earned can be told without it.
        say(f"The statue is not drawn: {broken.message}.")
        return []
    view = scene(meshes, statue.materials, earned)
    return drawn(view, columns, rows, style or style_of(sys.stdout, os.environ))


def _size() -> tuple[int, int]:
    """The most columns and rows to fill."""
    width, height = shutil.get_terminal_size((COLUMNS_ELSEWHERE, ROWS_ELSEWHERE))
    # A line that fills the last column makes some terminals begin an empty one.
    columns = min(width - 1, COLUMNS_MAX)
    return columns, max(_ROWS_MIN, height - _LINES_KEPT) if sys.stdout.isatty() else ROWS_ELSEWHERE
