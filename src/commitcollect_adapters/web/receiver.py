"""The address Strava calls: the handshake, and events by the thousand.

An ASGI application. Whatever comes, the answer is quick and says little; bodies are bounded and never logged.
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
    """Takes Strava's calls.

    Attributes:
        counts: how many calls there were of each kind of end, such as ``queued`` or ``invalid_event``.
    """

    def __init__(self, intake: WebhookIntake, *, secret_segment: str = "") -> None:
        """Take calls for `intake`.

        Args:
            intake: what is done with them.
            secret_segment: a last part of the path that only Strava is told; empty for none.
        """
        self._intake = intake
        self._segment = secret_segment
        self.counts: Counter[str] = Counter()

    def application(self) -> Starlette:
        """The ASGI application."""
        return Starlette(routes=self.routes())

    def routes(self) -> list[Route]:
        """The routes, for an application that has others besides."""
        path = f"{PATH}/{{segment}}" if self._segment else PATH
        return [
            Route(path, self._confirm, methods=["GET"]),
            Route(path, self._accept, methods=["POST"]),
        ]

    def _is_told(self, request: Request) -> bool:
        given = request.path_params.get("segment", "")
        return compare_digest(given.encode(), self._segment.encode())

    def _ended(self, status: int, kind: str) -> JSONResponse:
        self.counts[kind] += 1
        return JSONResponse({"status" if status == _OK else "error": kind}, status)

    async def _confirm(self, request: Request) -> Response:
        if not self._is_told(request):
            return self._ended(_NOT_FOUND, "not_found")
        try:
            challenge = self._intake.confirm(request.query_params)
        except Forbidden as refused:
            return self._ended(_FORBIDDEN, refused.code)
        self.counts["handshake"] += 1
        return JSONResponse({"hub.challenge": challenge})

    async def _accept(self, request: Request) -> Response:
        if not self._is_told(request):
            return self._ended(_NOT_FOUND, "not_found")
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return self._ended(_NOT_JSON, "json_required")
        try:
            body = await _bounded_body(request)
        except ClientDisconnect:
            # Nobody hears this; it keeps the server from taking it for a fault of ours.
            return self._ended(_BAD_REQUEST, "body_cut_off")
        if body is None:
            return self._ended(_TOO_LARGE, "body_too_large")
        try:
            # In a thread: the write waits for the disk or the network, and others are waiting too.
            intake = await run_in_threadpool(self._taken, body)
        except InvalidInput as invalid:
            return self._ended(_BAD_REQUEST, invalid.code)
        except StorageError as failed:
            _log.warning("an event could not be kept, Strava will deliver it again: %s", failed.code)
            return self._ended(_TRY_LATER, failed.code)
        return self._ended(_OK, intake)

    def _taken(self, body: bytes) -> str:
        return self._intake.accept(parse_document(body)).value


async def _bounded_body(request: Request) -> bytes | None:
    """The body, or None as soon as it is longer than allowed."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            return None
    return bytes(body)
