"""The ASGI application that Strava calls: the handshake and the events.

Answers are quick and short. Bodies are bounded and never logged.
"""

from __future__ import annotations

import logging
from collections import Counter
from hmac import compare_digest

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from commitcollect_adapters.readers.strict_json import parse_document
from commitcollect_core.errors import Forbidden, InvalidInput, StorageError
from commitcollect_core.strava.webhook_intake import WebhookIntake

_log = logging.getLogger(__name__)

BODY_BYTES_MAX = 65_536
PATH = "/webhooks/strava"

_OK, _BAD_REQUEST, _FORBIDDEN, _NOT_FOUND = 200, 400, 403, 404
_TOO_LARGE, _NOT_JSON, _TRY_LATER = 413, 415, 503


class Receiver:
    """Receives Strava's calls.

    Attributes:
        counts: calls by result, such as ``queued`` or ``invalid_event``.
    """

    def __init__(self, intake: WebhookIntake, *, secret_segment: str = "") -> None:
        """Pass calls on to `intake`.

        Args:
            intake: the use case.
            secret_segment: a last path segment that only Strava knows; empty for none.
        """
        self._intake = intake
        self._segment = secret_segment
        self.counts: Counter[str] = Counter()

    def application(self) -> Starlette:
        """The ASGI application."""
        return Starlette(routes=self.routes())

    def routes(self) -> list[Route]:
        """The routes, for an application with other routes."""
        path = f"{PATH}/{{segment}}" if self._segment else PATH
        return [
            Route(path, self._confirm, methods=["GET"]),
            Route(path, self._accept, methods=["POST"]),
        ]

    def _knows_segment(self, request: Request) -> bool:
        given = request.path_params.get("segment", "")
        return compare_digest(given.encode(), self._segment.encode())

    def _ended(self, status: int, kind: str) -> JSONResponse:
        self.counts[kind] += 1
        return JSONResponse({"status" if status == _OK else "error": kind}, status)

    async def _confirm(self, request: Request) -> Response:
        if not self._knows_segment(request):
            return self._ended(_NOT_FOUND, "not_found")
        try:
            challenge = self._intake.confirm(request.query_params)
        except Forbidden as refused:
            return self._ended(_FORBIDDEN, refused.code)
        self.counts["handshake"] += 1
        return JSONResponse({"hub.challenge": challenge})

    async def _accept(self, request: Request) -> Response:
        if not self._knows_segment(request):
            return self._ended(_NOT_FOUND, "not_found")
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return self._ended(_NOT_JSON, "json_required")
        try:
            body = await _bounded_body(request)
        except ClientDisconnect:
            # The client has gone. Without an answer the server would log an error of the application.
            return self._ended(_BAD_REQUEST, "body_cut_off")
        if body is None:
            return self._ended(_TOO_LARGE, "body_too_large")
        try:
            # In a thread, as the write waits for the disk or network and must not block other calls.
            intake = await run_in_threadpool(self._taken, body)
        except InvalidInput as invalid:
            return self._ended(_BAD_REQUEST, invalid.code)
        except StorageError as failed:
            _log.warning("an event could not be stored; Strava delivers it again: %s", failed.code)
            return self._ended(_TRY_LATER, failed.code)
        return self._ended(_OK, intake)

    def _taken(self, body: bytes) -> str:
        return self._intake.accept(parse_document(body)).value


async def _bounded_body(request: Request) -> bytes | None:
    """The body, or None once it is over `BODY_BYTES_MAX`."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            return None
    return bytes(body)
