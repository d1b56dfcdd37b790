"""The fake Strava on a real HTTP address. Needs the extra ``commitcollect[web]``.

::

    with serving(application(fake)) as base, HttpStrava(fake.app_at(base)) as api:
        ...
"""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as WebRequest
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from commitcollect_adapters.strava import Request
from commitcollect_adapters.strava.fake.desk import NoAnswer
from commitcollect_adapters.strava.fake.strava import FakeStrava

HANG_SECONDS_MAX = 60.0
"""How long a call hangs whose caller does not give up."""

_LOOK_SECONDS = 0.05
_METHODS = ["GET", "POST", "PUT", "DELETE"]


def application(fake: FakeStrava) -> Starlette:
    """The ASGI application: every address, whatever its path, is the fake's to answer."""

    async def answer(web: WebRequest) -> Response:
        request = Request(
            method=web.method,
            address=str(web.url),
            query=dict(web.query_params),
            form=dict(parse_qsl((await web.body()).decode("utf-8", "replace"))),
            headers=dict(web.headers),
        )
        try:
            # In a thread: a handshake waits for its answer, and whoever is to give it may call meanwhile.
            answered = await run_in_threadpool(fake.answer, request)
        except NoAnswer as lost:
            if lost.hangs:
                await _hang(web)
            return _Broken()
        return Response(answered.body, answered.status, dict(answered.headers))

    return Starlette(routes=[Route("/{path:path}", answer, methods=_METHODS)])


async def _hang(web: WebRequest) -> None:
    """Wait until the caller gives up."""
    for _ in range(int(HANG_SECONDS_MAX / _LOOK_SECONDS)):
        if await web.is_disconnected():
            return
        await asyncio.sleep(_LOOK_SECONDS)


class _Broken(Response):
    """An answer that breaks off behind its headers."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's
        """See ASGI; it promises a body, and ends."""
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})
