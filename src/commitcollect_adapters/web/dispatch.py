"""Serves the rows of the route table: reads a call, lets it act in a thread, and answers."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence, Set
from contextlib import nullcontext
from functools import partial
from itertools import groupby
from typing import IO

from attrs import evolve, frozen
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from commitcollect_adapters.observing.metrics import Metrics, NoMetrics
from commitcollect_adapters.observing.trail import AuditTrail
from commitcollect_adapters.web.bodies import Unacceptable, json_object
from commitcollect_adapters.web.calls import JSON_TYPE, TEXT_CHARS_MAX, Answer, Call, Endpoint
from commitcollect_adapters.web.cookies import SESSION, CookieRules, cookie_of, set_cookie
from commitcollect_adapters.web.negotiation import takes_gzip
from commitcollect_adapters.web.problems import (
    HEADERS,
    answer_to,
    page_about,
    problem,
    unexpected,
    wants_page,
)
from commitcollect_adapters.web.uploads import uploaded_file
from commitcollect_core.accounts.session_keeping import SessionKeeping
from commitcollect_core.accounts.sessions import Session
from commitcollect_core.errors import CommitCollectError, InvalidInput, Unauthenticated

_CUT_OFF = 400
_PIECE_BYTES = 65_536


@frozen(kw_only=True, eq=False)
class Dispatch:
    """Serves endpoints.

    Attributes:
        trail: where outcomes are recorded; None where no audit log is kept.
    """

    sessions: SessionKeeping
    rules: CookieRules
    trail: AuditTrail | None = None
    metrics: Metrics = NoMetrics()  # noqa: RUF009 - it keeps nothing

    def routes(self, endpoints: Iterable[Endpoint]) -> list[Route]:
        """A route for each path, as a router tells methods that are not allowed by the path."""
        ordered = sorted(endpoints, key=lambda each: (each.path.count("{"), each.path))
        return [self._route(path, list(rows)) for path, rows in groupby(ordered, lambda each: each.path)]

    def _route(self, path: str, rows: Sequence[Endpoint]) -> Route:
        by_method = {each.method: each for each in rows}

        async def answer(request: Request) -> Response:
            method = "GET" if request.method == "HEAD" else request.method
            return await self._answer(by_method[method], request)

        return Route(path, answer, methods=list(by_method))

    async def _answer(self, endpoint: Endpoint, request: Request) -> Response:
        started_at = time.perf_counter()
        response = await self._tried(endpoint, request)
        route = f"{endpoint.method} {endpoint.path}"
        self.metrics.timing("request", time.perf_counter() - started_at, route=route)
        self.metrics.count("requests", route=route, status=str(response.status_code))
        if self.trail is not None and response.background is None:
            # Behind the answer: a slow log delays no browser.
            response.background = BackgroundTask(self.trail.flush)
        return response

    async def _tried(self, endpoint: Endpoint, request: Request) -> Response:
        try:
            # Who calls comes first: a stranger's body is not read.
            session = await run_in_threadpool(self._session, endpoint, cookie_of(request, SESSION))
            call = await self._read(endpoint, request, session)
            with nullcontext() if endpoint.admits is None else endpoint.admits(call):
                if endpoint.admits is not None:
                    call = evolve(call, file=await uploaded_file(request))
                answer = await run_in_threadpool(self._acted, endpoint, call, request)
            return self._response(answer, is_packed=takes_gzip(request.headers.get("accept-encoding", "")))
        except Unacceptable as refused:
            return problem(refused.status, refused.code)
        except ClientDisconnect:
            return problem(_CUT_OFF, "body_cut_off")
        except CommitCollectError as failed:
            if endpoint.is_visited and wants_page(request.headers.get("accept", "")):
                return page_about(failed)
            return answer_to(failed)
        except Exception as mistake:  # noqa: BLE001 - whatever it is, the caller gets an answer
            return await unexpected(request, mistake)

    async def _read(self, endpoint: Endpoint, request: Request, session: Session | None) -> Call:
        return Call(
            path=request.path_params,
            query=_query(request, {each.name for each in endpoint.query}),
            document={} if endpoint.body is None else await json_object(request),
            session=session,
            idempotency_key=request.headers.get("idempotency-key", ""),
            accept=request.headers.get("accept", ""),
        )

    def _session(self, endpoint: Endpoint, secret: str) -> Session | None:
        if not secret and endpoint.needs_session:
            raise Unauthenticated("sign in first", code="missing_session")
        try:
            return self.sessions.authenticate(secret) if secret else None
        except Unauthenticated:
            if endpoint.needs_session:
                raise
            return None

    def _acted(self, endpoint: Endpoint, call: Call, request: Request) -> Answer:
        session = call.session
        if endpoint.act is None:
            raise RuntimeError(f"{endpoint.path} is only described here")
        if self.trail is None or session is None:
            return endpoint.act(call)
        caller = self.trail.caller(
            session.user_id,
            method=request.method,
            path=endpoint.path,
            origin=request.headers.get("origin", ""),
            ip="" if request.client is None else request.client.host,
            user_agent=request.headers.get("user-agent", ""),
        )
        act = partial(endpoint.act, call)
        answer = self.trail.around(caller, act, event_type=endpoint.audited_as, user_id=session.user_id)
        by = self.trail.caller(answer.actor) if answer.actor else caller
        self.trail.record(by, answer.outcome)
        return answer

    def _response(self, answer: Answer, *, is_packed: bool) -> Response:
        headers = {**HEADERS, **answer.headers}
        if answer.file is not None:
            # Told, so that browsers show how much is left, and clients of HTTP 1.0 are sent no chunks.
            headers["Content-Length"] = str(answer.file.seek(0, os.SEEK_END))
            answer.file.seek(0)
            return StreamingResponse(_pieces(answer.file), answer.status, headers, answer.media_type)
        if answer.document is not None:
            response: Response = JSONResponse(answer.document, answer.status, headers)
        elif answer.media_type == JSON_TYPE:  # a status says it all
            response = Response(status_code=answer.status, headers=headers)
        else:
            # Also where it is not packed: a cache between may keep it for a client that takes the other one.
            headers |= {"Vary": "Accept-Encoding"} if answer.packed else {}
            headers |= {"Content-Encoding": "gzip"} if answer.packed and is_packed else {}
            content = answer.packed if "Content-Encoding" in headers else answer.content
            response = Response(content, answer.status, headers, answer.media_type)
        if answer.forgets_session:
            set_cookie(response, SESSION, "", seconds=0, rules=self.rules)
        return response


def _query(request: Request, known: Set[str]) -> dict[str, str]:
    """The parameters behind the path that an endpoint knows."""
    query: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in known:
            continue
        if name in query or len(value) > TEXT_CHARS_MAX:
            raise InvalidInput(f"{name} appears twice, or is too long", field=name)
        query[name] = value
    return query


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    """A file piece by piece, so that none of it has to fit in memory; closed when all is sent."""
    with file:
        while piece := file.read(_PIECE_BYTES):
            yield piece
