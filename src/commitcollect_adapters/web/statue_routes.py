"""The routes of statues: what is on offer, how it looks, and files of what is earned."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from threading import Semaphore

from attrs import define, field

from commitcollect_adapters.documents import Document, statue_document, statue_summary_document
from commitcollect_adapters.statues import Detail, Statue, statue_of
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
from commitcollect_adapters.statues.pictures.card import svg_picture
from commitcollect_adapters.statues.pictures.scene import scene
from commitcollect_adapters.statues.plates import Bed
from commitcollect_adapters.statues.printing import grams
from commitcollect_adapters.web import schemas
from commitcollect_adapters.web.calls import OK, Answer, Call, Endpoint
from commitcollect_adapters.web.page import MESH_TYPE, PAGE_TYPE, PICTURE_TYPE
from commitcollect_adapters.web.showing import PICTURE_HEIGHT, PICTURE_WIDTH, Showing
from commitcollect_adapters.web.statue_files import PICTURES, check_pins
from commitcollect_core.app import CommitCollect
from commitcollect_core.errors import InvalidInput, NotFound, StorageUnavailable
from commitcollect_core.training.statues import model_of
from commitcollect_core.values import ModelId, is_id

STATUES_KEPT = 8
FILES_AT_ONCE = 2
"""Files that are made at once: each keeps a processor busy for a second or two."""

FILE_SECONDS_MAX = 20.0
_TYPES = {
    "stl": "application/zip",
    "3mf": "model/3mf",
    "glb": MESH_TYPE,
    "svg": PICTURE_TYPE,
    "png": "image/png",
    "html": PAGE_TYPE,
}
_KEPT_BY_BROWSERS = {"Cache-Control": "public, max-age=86400"}
_PACKING = 6
_FIXED_DATE = (1980, 1, 1, 0, 0, 0)


@define(kw_only=True, eq=False)
class StatueRoutes:
    """Statues over HTTP."""

    app: CommitCollect
    _turns: Semaphore = field(factory=lambda: Semaphore(FILES_AT_ONCE))
    _statue: Callable[[ModelId], Statue] = field(init=False)
    _shapes: Callable[[ModelId], Sequence[Shape]] = field(init=False)
    _mesh: Callable[[ModelId], Answer] = field(init=False)
    _about: Callable[[ModelId], Document] = field(init=False)

    def __attrs_post_init__(self) -> None:
        # A statue never changes; one that is retired later only stops to be on offer.
        self._statue = lru_cache(STATUES_KEPT)(self._read_statue)
        self._shapes = lru_cache(STATUES_KEPT)(self._read_shapes)
        self._mesh = lru_cache(STATUES_KEPT)(self._make_mesh)
        self._about = lru_cache(STATUES_KEPT)(self._make_document)

    def endpoints(self) -> Iterator[Endpoint]:
        """The rows of the route table."""
        one = "/statues/{modelId}"
        yield Endpoint(
            method="GET", path="/statues", act=self._list, needs_session=False,
            about="The statues on offer.", answers={OK: schemas.STATUES},
        )  # fmt: skip
        yield Endpoint(
            method="GET", path=one, act=self._show, needs_session=False,
            about="A statue with its parts, their sizes and weights.",
            answers={OK: schemas.STATUE}, fails_with=(404,),
        )  # fmt: skip
        yield Endpoint(
            method="GET", path=f"{one}/mesh", act=self._mesh_file, needs_session=False,
            about="The whole statue as GLB.", answers={OK: None}, fails_with=(404,),
        )  # fmt: skip
        yield Endpoint(
            method="GET", path=f"{one}/picture", act=self._picture, query=(schemas.SOLID,),
            needs_session=False, about="A still picture as SVG; the parts named are solid.",
            answers={OK: None}, fails_with=(400, 404),
        )  # fmt: skip
        yield Endpoint(
            method="GET", path="/milestones/{milestoneId}/files/{format}", act=self._file,
            query=(schemas.LAYOUT,),
            about="What is earned as a file: stl (a ZIP), 3mf or glb to print, svg, png or html to share.",
            answers={OK: None}, fails_with=(400, 404, 409),
        )  # fmt: skip

    def warm_up(self) -> None:
        """Read the first statue on offer, so that the first browser does not wait for it."""
        for model in self.app.ports.catalog.models():
            if model.is_active:
                self._mesh(model.model_id)
                self._about(model.model_id)
                return

    def _read_statue(self, model_id: ModelId) -> Statue:
        catalog = self.app.ports.catalog
        model = catalog.model(model_id) if is_id(model_id) else None
        if model is None:
            raise NotFound("there is no such statue", code="model_not_found")
        return statue_of(catalog, model)

    def _read_shapes(self, model_id: ModelId) -> Sequence[Shape]:
        statue = self._statue(model_id)
        return shapes(statue, range(1, statue.model.parts_total + 1), Detail.WEB)

    def _make_mesh(self, model_id: ModelId) -> Answer:
        content = glb_file(self._statue(model_id), self._shapes(model_id))
        return _kept(content, MESH_TYPE)

    def _list(self, _call: Call) -> Answer:
        models = [each for each in self.app.ports.catalog.models() if each.is_active]
        return Answer(document={"statues": [statue_summary_document(each) for each in models]})

    def _make_document(self, model_id: ModelId) -> Document:
        document = statue_document(self._statue(model_id).model)
        about = map(_part_document, self._shapes(model_id))
        parts = [{**of, **more} for of, more in zip(document["parts"], about, strict=True)]
        return {**document, "parts": parts}

    def _show(self, call: Call) -> Answer:
        return Answer(document=self._about(call.model_id), headers=_KEPT_BY_BROWSERS)

    def _mesh_file(self, call: Call) -> Answer:
        return self._mesh(call.model_id)

    def _picture(self, call: Call) -> Answer:
        statue = self._statue(call.model_id)
        solid = frozenset(_numbers(call.query.get("solid", ""), statue.model.parts_total))
        picture = scene(statue.meshes(Detail.LOW), statue.materials, solid)
        return _kept(svg_picture(picture, PICTURE_WIDTH, PICTURE_HEIGHT).encode(), PICTURE_TYPE)

    def _file(self, call: Call) -> Answer:
        kind = call.path["format"]
        if kind not in _TYPES:
            raise NotFound("there is no such format", code="format_not_found")
        layout = call.query.get("layout", Layout.ASSEMBLED.value)
        if layout not in {each.value for each in Layout}:
            raise InvalidInput("layout is assembled or plates", field="layout")
        view = self.app.tracking.view(call.user_id, call.milestone_id)
        model_of(self.app.ports.catalog, view.milestone)
        showing = Showing(self._statue(view.milestone.goal.model_id), view)
        if not self._turns.acquire(timeout=FILE_SECONDS_MAX):
            raise StorageUnavailable("other files are being made; try again in a moment", code="busy")
        try:
            made = _made(showing, kind, Layout(layout))
        finally:
            self._turns.release()
        disposition = f'attachment; filename="{made.name}"'
        return Answer(
            content=made.content,
            media_type="application/zip" if made.name.endswith(".zip") else _TYPES[kind],
            headers={"Content-Disposition": disposition},
        )


def _kept(content: bytes, media_type: str) -> Answer:
    """A file that browsers may keep for a day, and that says nothing of anyone."""
    packed = gzip.compress(content, _PACKING, mtime=0)
    return Answer(content=content, packed=packed, media_type=media_type, headers=_KEPT_BY_BROWSERS)


def _made(showing: Showing, kind: str, layout: Layout) -> File:
    """One file of what is earned; several in a ZIP archive."""
    statue, earned = showing.statue, sorted(showing.earned)
    stem = str(statue.model.model_id).lower()
    if kind in PICTURES:
        return File(f"{stem}.{kind}", PICTURES[kind](showing, earned))
    if not earned:
        raise NotFound("nothing is earned yet, so there is nothing to print", code="nothing_earned")
    check_pins(showing, earned)
    detail = Detail.WEB if kind == Format.GLB.value else Detail.EXACT
    if layout is Layout.PLATES and kind == Format.GLB.value:
        raise InvalidInput("plates are for stl and 3mf", field="layout")
    made = files(statue, shapes(statue, earned, detail), Format(kind), layout, Bed())
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


def _part_document(shape: Shape) -> Document:
    return {
        "direction": list(shape.part.direction),
        "sizeMm": [round(each) for each in size_mm(shape.mesh)],
        "grams": round(grams(shape.mesh)),
        "needsSupports": shape.part.needs_supports,
    }


def _numbers(text: str, total: int) -> Iterator[int]:
    """Part numbers with commas between."""
    for each in filter(None, text.split(",", total)):
        if not (each.isascii() and each.isdecimal() and len(each) <= len(str(total))):
            raise InvalidInput("solid holds numbers of parts with commas between", field="solid")
        yield int(each)
