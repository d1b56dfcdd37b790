"""What happens to a person's ledger and imports, as server-sent events.

The stores are asked twice a second: so events that another process works on show, too.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from attrs import define, field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from commitcollect_adapters.web.calls import OK, Endpoint
from commitcollect_adapters.web.cookies import SESSION, cookie_of
from commitcollect_adapters.web.imports import Imports
from commitcollect_adapters.web.problems import HEADERS, RETRY_SECONDS, UNAVAILABLE, answer_to, problem
from commitcollect_core.accounts.session_keeping import SessionKeeping
from commitcollect_core.errors import CommitCollectError, Unauthenticated
from commitcollect_core.training.ports import Ledger
from commitcollect_core.values import UserId

PATH = "/events"
STREAMS_MAX, OF_ONE_MAX = 100, 10
"""Of all people, and of one: who opens many pages shuts out no one else."""

STREAM_SECONDS_MAX = 600
"""Then the browser connects again, which looks at its session anew."""

_EACH_SECONDS = 0.5
_HEARTBEAT_ROUNDS = 20
_EVENT_STREAM = "text/event-stream"
ROW = Endpoint(
    method="GET",
    path=PATH,
    about="Server-sent events: `ledger` when workouts, milestones or parts changed, `import` for progress.",
    answers={OK: None},
    media_types=(_EVENT_STREAM,),
    fails_with=(503,),
)


@define(kw_only=True, eq=False)
class Events:
    """Streams of events.

    Attributes:
        stream_seconds: how long one lasts; at 0 it tells of the moment and ends.
    """

    ledger: Ledger
    sessions: SessionKeeping
    imports: Imports
    stream_seconds: float = STREAM_SECONDS_MAX
    each_seconds: float = _EACH_SECONDS
    _open: Counter[UserId] = field(factory=Counter, init=False)
    _is_stopping: bool = field(default=False, init=False)

    def route(self) -> Route:
        """The route."""
        return Route(PATH, self._answer, methods=["GET"])

    def stop(self) -> None:
        """End every stream."""
        self._is_stopping = True

    async def _answer(self, request: Request) -> Response:
        secret = cookie_of(request, SESSION)
        try:
            if not secret:
                raise Unauthenticated("sign in first", code="missing_session")
            session = await run_in_threadpool(self.sessions.authenticate, secret)
        except CommitCollectError as failed:
            return answer_to(failed)
        if self._open.total() >= STREAMS_MAX or self._open[session.user_id] >= OF_ONE_MAX:
            return problem(UNAVAILABLE, "busy", {"Retry-After": str(RETRY_SECONDS)})
        if request.method == "HEAD":
            return Response(headers=HEADERS, media_type=_EVENT_STREAM)
        stream = self._stream(session.user_id, secret)
        return StreamingResponse(stream, headers=HEADERS, media_type=_EVENT_STREAM)

    async def _stream(self, user_id: UserId, secret: str) -> AsyncIterator[str]:
        self._open[user_id] += 1
        seen: dict[str, Any] = {}
        try:
            yield "retry: 2000\n\n"
            for turn in range(max(1, int(self.stream_seconds / self.each_seconds))):
                if self._is_stopping:
                    return
                now = await run_in_threadpool(partial(self._state, user_id))
                for name, data in now.items():
                    if seen.get(name) != data:
                        yield f"event: {name.partition(' ')[0]}\ndata: {json.dumps(data)}\n\n"
                if turn % _HEARTBEAT_ROUNDS == 0:
                    if not await run_in_threadpool(partial(self._goes_on, secret)):
                        return
                    yield ": here\n\n"
                seen = now
                if self.stream_seconds:
                    await asyncio.sleep(self.each_seconds)
        finally:
            self._open[user_id] -= 1
            self._open += Counter()  # without those who have none left

    def _goes_on(self, secret: str) -> bool:
        """Whether the session was not ended meanwhile, as by its user elsewhere."""
        try:
            self.sessions.read(secret)
        except Unauthenticated:
            return False
        except CommitCollectError:
            return True  # the next look tells
        return True

    def _state(self, user_id: UserId) -> dict[str, Any]:
        """What the page shows of the moment: name of the event -> data."""
        try:
            version = self.ledger.read_head(user_id).version
        except CommitCollectError:
            return {}  # the next look tells
        imports = {f"import {each.import_id}": each.progress for each in self.imports.of(user_id)[:1]}
        return {"ledger": {"version": version}, **imports}
