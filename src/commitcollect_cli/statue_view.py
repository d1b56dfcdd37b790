"""``commitcollect statue view``: the statue in a browser on this machine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property, lru_cache, partial
from signal import SIGINT, SIGTERM, getsignal, signal
from types import FrameType
from typing import TYPE_CHECKING

import click
from attrs import define, field

from commitcollect_cli.options import PORT_MAX
from commitcollect_cli.output import print_json, say
from commitcollect_cli.statue_export import showing_of, subject_options
from commitcollect_cli.store import store_options

if TYPE_CHECKING:
    from commitcollect_adapters.settings import Settings
    from commitcollect_adapters.statues import Statue
    from commitcollect_adapters.statues.exporting import Shape
    from commitcollect_adapters.web.loopback import Resource, Site
    from commitcollect_adapters.web.showing import Showing
    from commitcollect_core.values import ModelId

PORT = 8471
PICTURES_KEPT = 8
_MESH, _PICTURE = "statue.glb", "statue.svg"


@click.command(short_help="Show the statue in a browser on this machine.")
@subject_options
@click.option(
    "--port",
    type=click.IntRange(0, PORT_MAX),
    default=PORT,
    show_default=True,
    help="Port on this machine; 0 for any that is free.",
)
@store_options
def view(
    *,
    settings: Settings,
    wanted: str | None,
    model_id: ModelId | None,
    port: int,
    as_json: bool,
) -> None:
    """Serve the statue's page to browsers on this machine, until Ctrl-C.

    A part that is earned meanwhile flies in. Other machines cannot reach it.
    """
    from commitcollect_adapters.web.loopback import open_site

    pages = Pages(partial(showing_of, settings, wanted, model_id))
    with open_site(port, pages.site) as server, _stopping(server.shutdown):
        if as_json:
            print_json({"address": server.address})
        else:
            say(f"{pages.first.statue.title} is at {server.address}; Ctrl-C stops it.")
        server.serve_forever()


@contextmanager
def _stopping(stop: Callable[[], None]) -> Iterator[None]:
    """Have Ctrl-C and SIGTERM stop a server. From a thread: it waits until the loop has ended."""

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        threading.Thread(target=stop).start()

    before = {number: getsignal(number) for number in (SIGINT, SIGTERM)}
    for number in before:
        signal(number, on_signal)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal(number, handler)


@define(slots=False)
class Pages:
    """The page and its files; the page is read anew each time it is asked for."""

    _read: Callable[..., Showing]
    first: Showing = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.first = self._read()

    @property
    def statue(self) -> Statue:
        """The statue; unlike what is earned, it never changes."""
        return self.first.statue

    @property
    def site(self) -> Site:
        """What each address answers with."""
        from commitcollect_adapters.web.page import ASSETS

        return {
            "/": self._page,
            f"/{_MESH}": lambda: self._mesh,
            f"/{_PICTURE}": self._picture,
            **{f"/{name}": partial(_asset, name) for name in ASSETS},
        }

    def _page(self) -> Resource:
        from commitcollect_adapters.web.loopback import Resource
        from commitcollect_adapters.web.page import PAGE_TYPE, served_page
        from commitcollect_adapters.web.showing import page_of

        showing = self._read(known=self.statue)
        page = page_of(showing, showing.earned, self._shapes, tells_workouts=True)
        text = served_page(page, mesh=_MESH, picture=_PICTURE, is_live=showing.view is not None)
        return Resource(text.encode(), PAGE_TYPE)

    def _picture(self) -> Resource:
        return self._drawn(self._read(known=self.statue).earned)

    @cached_property
    def _shapes(self) -> tuple[Shape, ...]:
        """All parts; reading them takes a while."""
        from commitcollect_adapters.statues import Detail
        from commitcollect_adapters.statues.exporting import shapes

        return shapes(self.statue, range(1, self.statue.model.parts_total + 1), Detail.WEB)

    @cached_property
    def _mesh(self) -> Resource:
        from commitcollect_adapters.statues.exporting import glb_file
        from commitcollect_adapters.web.loopback import Resource
        from commitcollect_adapters.web.page import MESH_TYPE

        return Resource(glb_file(self.statue, self._shapes), MESH_TYPE)

    @cached_property
    def _drawn(self) -> Callable[[frozenset[int]], Resource]:
        return lru_cache(PICTURES_KEPT)(partial(_drawn, self.statue))


def _drawn(statue: Statue, earned: frozenset[int]) -> Resource:
    from commitcollect_adapters.statues import Detail
    from commitcollect_adapters.statues.pictures.card import svg_picture
    from commitcollect_adapters.statues.pictures.scene import scene
    from commitcollect_adapters.web.loopback import Resource
    from commitcollect_adapters.web.page import PICTURE_TYPE
    from commitcollect_adapters.web.showing import PICTURE_HEIGHT, PICTURE_WIDTH

    picture = scene(statue.meshes(Detail.LOW), statue.materials, earned)
    return Resource(svg_picture(picture, PICTURE_WIDTH, PICTURE_HEIGHT).encode(), PICTURE_TYPE)


def _asset(name: str) -> Resource:
    from commitcollect_adapters.web.loopback import Resource
    from commitcollect_adapters.web.page import ASSETS, asset

    return Resource(asset(name), ASSETS[name])
