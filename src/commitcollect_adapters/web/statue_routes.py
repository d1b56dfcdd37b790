"""The routes of statues: what is on offer, how it looks, and files of what is earned."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from attrs import define, field

from commitcollect_adapters.documents import Document, statue_document, statue_summary_document
from commitcollect_adapters.web import schemas
from commitcollect_adapters.web.bulkheads import Bulkhead, CostlyCache
from commitcollect_adapters.web.calls import OK, Answer, Call, Endpoint
from commitcollect_adapters.web.page import MESH_TYPE, PAGE_TYPE, PICTURE_TYPE
from commitcollect_core.app import CommitCollect
from commitcollect_core.errors import InvalidInput, NotFound
from commitcollect_core.training.statues import model_of
from commitcollect_core.values import ModelId, is_id

if TYPE_CHECKING:
    # What draws and prints is loaded with the first statue asked for: a host on Lambda begins without.
    from commitcollect_adapters.statues import Statue
    from commitcollect_adapters.statues.exporting import Shape

STATUES_KEPT = 8
PICTURES_KEPT = 64
"""Parts are earned in order, so a statue with its parts has as many pictures as parts, and one more."""

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
_LAYOUTS = ("assembled", "plates")


@define(kw_only=True, eq=False)
class StatueRoutes:
    """Statues over HTTP."""

    app: CommitCollect
    _bulkhead: Bulkhead = field(factory=Bulkhead)
    _statue: Callable[[ModelId], Statue] = field(init=False)
    _shapes: Callable[[ModelId], Sequence[Shape]] = field(init=False)
    _meshes: CostlyCache[Answer] = field(init=False)
    _documents: CostlyCache[Document] = field(init=False)
    _pictures: CostlyCache[Answer] = field(init=False)

    def __attrs_post_init__(self) -> None:
        # A statue never changes; one that is retired later is only not on offer any more.
        self._statue = lru_cache(STATUES_KEPT)(self._read_statue)
        self._shapes = lru_cache(STATUES_KEPT)(self._read_shapes)
        self._meshes = CostlyCache(bulkhead=self._bulkhead, kept_max=STATUES_KEPT)
        self._documents = CostlyCache(bulkhead=self._bulkhead, kept_max=STATUES_KEPT)
        self._pictures = CostlyCache(bulkhead=self._bulkhead, kept_max=PICTURES_KEPT)

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
            about="The whole statue as GLB.", answers={OK: None}, media_types=(MESH_TYPE,), fails_with=(404,),
        )  # fmt: skip
        yield Endpoint(
            method="GET", path=f"{one}/picture", act=self._picture, query=(schemas.SOLID,),
            needs_session=False, about="A still picture as SVG; the parts named are solid.",
            answers={OK: None}, media_types=(PICTURE_TYPE,), fails_with=(400, 404),
        )  # fmt: skip
        yield Endpoint(
            method="GET", path="/milestones/{milestoneId}/files/{format}", act=self._file,
            query=(schemas.LAYOUT,),
            about="What is earned as a file: stl (a ZIP), 3mf or glb to print, svg, png or html to share.",
            answers={OK: None}, media_types=tuple({each.partition(";")[0]: None for each in _TYPES.values()}),
            fails_with=(400, 404, 409),
        )  # fmt: skip

    def warm_up(self) -> None:
        """Read the first statue on offer, so that the first browser does not wait for it."""
        for model in self.app.ports.catalog.models():
            if model.is_active:
                self._mesh(model.model_id)
                self._about(model.model_id)
                return

    def _read_statue(self, model_id: ModelId) -> Statue:
        from commitcollect_adapters.statues import statue_of  # noqa: PLC0415 - see above

        catalog = self.app.ports.catalog
        model = catalog.model(model_id) if is_id(model_id) else None
        if model is None:
            raise NotFound("there is no such statue", code="model_not_found")
        return statue_of(catalog, model)

    def _read_shapes(self, model_id: ModelId) -> Sequence[Shape]:
        from commitcollect_adapters.web.statue_files import every_shape  # noqa: PLC0415 - see above

        return every_shape(self._statue(model_id))

    def _mesh(self, model_id: ModelId) -> Answer:
        return self._meshes.get(model_id, partial(self._make_mesh, model_id))

    def _make_mesh(self, model_id: ModelId) -> Answer:
        from commitcollect_adapters.statues.exporting import glb_file  # noqa: PLC0415 - see above

        content = glb_file(self._statue(model_id), self._shapes(model_id))
        return _kept(content, MESH_TYPE)

    def _list(self, _call: Call) -> Answer:
        models = [each for each in self.app.ports.catalog.models() if each.is_active]
        return Answer(document={"statues": [statue_summary_document(each) for each in models]})

    def _about(self, model_id: ModelId) -> Document:
        return self._documents.get(model_id, partial(self._make_document, model_id))

    def _make_document(self, model_id: ModelId) -> Document:
        from commitcollect_adapters.web.statue_files import part_document  # noqa: PLC0415 - see above

        document = statue_document(self._statue(model_id).model)
        about = map(part_document, self._shapes(model_id))
        parts = [{**of, **more} for of, more in zip(document["parts"], about, strict=True)]
        return {**document, "parts": parts}

    def _show(self, call: Call) -> Answer:
        return Answer(document=self._about(call.model_id), headers=_KEPT_BY_BROWSERS)

    def _mesh_file(self, call: Call) -> Answer:
        return self._mesh(call.model_id)

    def _picture(self, call: Call) -> Answer:
        statue = self._statue(call.model_id)
        solid = frozenset(_numbers(call.query.get("solid", ""), statue.model.parts_total))
        return self._pictures.get((call.model_id, solid), partial(_make_picture, statue, solid))

    def _file(self, call: Call) -> Answer:
        from commitcollect_adapters.web.statue_files import made_file  # noqa: PLC0415 - see above

        kind = call.path["format"]
        if kind not in _TYPES:
            raise NotFound("there is no such format", code="format_not_found")
        layout = call.query.get("layout", _LAYOUTS[0])
        if layout not in _LAYOUTS:
            raise InvalidInput("layout is assembled or plates", field="layout")
        view = self.app.tracking.view(call.user_id, call.milestone_id)
        model_of(self.app.ports.catalog, view.milestone)
        statue = self._statue(view.milestone.goal.model_id)
        with self._bulkhead.turn():
            made = made_file(statue, view, kind, layout)
        disposition = f'attachment; filename="{made.name}"'
        return Answer(
            content=made.content,
            media_type="application/zip" if made.name.endswith(".zip") else _TYPES[kind],
            headers={"Content-Disposition": disposition},
        )


def _make_picture(statue: Statue, solid: frozenset[int]) -> Answer:
    from commitcollect_adapters.web.statue_files import picture_file  # noqa: PLC0415 - see above

    return _kept(picture_file(statue, solid), PICTURE_TYPE)


def _kept(content: bytes, media_type: str) -> Answer:
    """A file that browsers may keep for a day, and that says nothing of anyone."""
    packed = gzip.compress(content, _PACKING, mtime=0)
    return Answer(content=content, packed=packed, media_type=media_type, headers=_KEPT_BY_BROWSERS)


def _numbers(text: str, total: int) -> Iterator[int]:
    """Part numbers with commas between."""
    for each in filter(None, text.split(",", total)):
        is_number = each.isascii() and each.isdecimal() and len(each) <= len(str(total))
        if not (is_number and 1 <= int(each) <= total):
            message = f"solid holds numbers of parts, 1 to {total}, with commas between"
            raise InvalidInput(message, field="solid")
        yield int(each)
