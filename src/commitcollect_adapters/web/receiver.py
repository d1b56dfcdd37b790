"""The ASGI application that Strava calls: the handshake and the events.

Answers are quick and short. Bodies are bounded and never logged.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from functools import cache
from hmac import compare_digest

from starlette.applications import Starlette
from starlette.datastructures import QueryParams
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from commitcollect_adapters.readers.strict_json import parse_document
from commitcollect_adapters.web.bodies import bounded_body
from commitcollect_adapters.web.calls import JSON_TYPE, Endpoint
from commitcollect_adapters.web.problems import problem, unexpected
from commitcollect_adapters.web.writers import WRITERS_MAX, Writers
from commitcollect_core.errors import (
    Forbidden,
    InvalidInput,
    StorageError,
    http_status,
)
from commitcollect_core.flows import flow
from commitcollect_core.jobs.jobs import ComingJob
from commitcollect_core.strava.webhook_intake import WebhookIntake, WebhookResult
from commitcollect_core.version import VERSION

_log = logging.getLogger(__name__)

REFUSAL_LOG_SECONDS = 60.0
PATH = "/webhooks/strava"
SIGNATURE = "x-strava-signature"
ROWS = (
    Endpoint(
        method="GET", path=PATH, needs_session=False, about="Strava's handshake.",
        answers={200: {"type": "object"}}, fails_with=(403,),
    ),
    Endpoint(
        method="POST", path=PATH, needs_session=False, about="Strava's events; the work goes to the queue.",
        body={"type": "object"}, answers={200: {"type": "object"}}, fails_with=(400, 403, 413),
    ),
)  # fmt: skip
"""As the API's description has them; a secret segment of the path is not told."""

_OK, _BAD_REQUEST, _NOT_FOUND, _NOT_ALLOWED, _TOO_LARGE = 200, 400, 404, 405, 413
_READING = ("GET", "HEAD")


_CURES = {
    WebhookResult.OTHER_SUBSCRIPTION.value: (
        "set strava_subscription_id to the id that 'commitcollect doctor' names"
    ),
    "handshake_refused": "the verify token differs from strava_verify_token",
    "not_found": "the path lacks strava_webhook_segment",
    "signature_refused": "the key Strava signs with differs from strava_signature_key",
}
"""What an operator can do about a kind of refusal."""


class Receiver:
    """Receives Strava's calls.

    Attributes:
        counts: calls by result, such as ``queued`` or ``invalid_event``.
    """

    def __init__(
        self,
        intake: WebhookIntake,
        *,
        secret_segment: str = "",
        monotonic: Callable[[], float] = time.monotonic,
        writers_max: int = WRITERS_MAX,
    ) -> None:
        """Pass calls on to `intake`.

        Args:
            intake: the use case.
            secret_segment: a last path segment that only Strava knows; empty for none.
            monotonic: a clock in seconds, for the log of refusals.
            writers_max: how many threads may write events at once.
        """
        self._intake = intake
        self._segment = secret_segment
        self.counts: Counter[str] = Counter()
        self._refusals = _RefusalLog(monotonic)
        self._writers = Writers(intake.queue, writers_max)

    def application(self) -> ASGIApp:
        """The receiver alone, with ``/health`` beside it."""
        return self.before(Starlette(routes=[Route("/health", _health, methods=["GET"])]))

    def before(self, application: ASGIApp) -> ASGIApp:
        """An application that answers Strava's calls itself, and leaves all others to `application`."""
        return _StravaFirst(self, application)

    def is_at(self, path: str) -> bool:
        """Whether calls of a path are Strava's."""
        # Also with a slash at the end, as some proxies add one: Strava does not follow a redirect.
        path = path.removesuffix("/")
        return path == PATH or (bool(self._segment) and path.startswith(f"{PATH}/"))

    async def answer(self, request: Request) -> Response:
        """The answer to a call; whatever goes wrong, there is one."""
        try:
            return await self._answer(request)
        except Exception as mistake:  # noqa: BLE001 - a mistake of any kind is answered
            return await unexpected(request, mistake)

    async def _answer(self, request: Request) -> Response:
        given = request.scope["path"].removesuffix("/").removeprefix(PATH).removeprefix("/")
        if not compare_digest(given.encode(), self._segment.encode()):
            return self._ended(_NOT_FOUND, "not_found")
        if request.method == "POST":
            return await self._accept(request)
        if request.method in _READING:
            return self._confirm(request)
        return problem(_NOT_ALLOWED, "method_not_allowed", {"Allow": ", ".join((*_READING, "POST"))})

    def _ended(self, status: int, kind: str) -> Response:
        self.counts[kind] += 1
        if status != _OK or kind == WebhookResult.OTHER_SUBSCRIPTION:
            self._refusals.add(kind)
        return _said(status, kind)

    def _confirm(self, request: Request) -> Response:
        try:
            challenge = self._intake.confirm(_dotted(request.query_params))
        except Forbidden as refused:
            return self._ended(http_status(refused), refused.code)
        self.counts["handshake"] += 1
        return JSONResponse({"hub.challenge": challenge})

    async def _accept(self, request: Request) -> Response:
        try:
            body = await bounded_body(request.receive)
        except ClientDisconnect:
            # The client has gone. Without an answer the server would log an error of the application.
            return self._ended(_BAD_REQUEST, "body_cut_off")
        if body is None:
            return self._ended(_TOO_LARGE, "body_too_large")
        try:
            self._intake.check_signature(request.headers.get(SIGNATURE, ""), body)
            # Read before a thread is taken: what is no event never waits for the store.
            found = self._intake.read(parse_document(body))
            if not isinstance(found, ComingJob):
                # Refusals are told once a minute: a line for each would let a flood fill the disk.
                if found is not WebhookResult.OTHER_SUBSCRIPTION:
                    _log.info("event: %s", found)
                return self._ended(_OK, found)
            await self._writers.keep(found)
        except (InvalidInput, Forbidden) as invalid:
            return self._ended(http_status(invalid), invalid.code)
        except StorageError as failed:
            _log.warning("an event could not be stored; Strava delivers it again: %s", failed.code)
            return self._ended(http_status(failed), failed.code)
        if _log.isEnabledFor(logging.INFO):
            with flow(found.job.correlation_id):
                _log.info("event of %s: %s", found.job.key, WebhookResult.QUEUED)
        return self._ended(_OK, WebhookResult.QUEUED)


def _said(status: int, kind: str) -> Response:
    """An answer of one word. Each is its own, as a host may add headers to it."""
    return Response(_document(status, kind), status, media_type=JSON_TYPE)


@cache
def _document(status: int, kind: str) -> bytes:
    """What such an answer says. There are few, and each may be said any number of times."""
    return bytes(JSONResponse({"status" if status == _OK else "error": kind}).body)


class _StravaFirst:
    """Takes Strava's calls to a receiver before an application sees them."""

    # Before its routes, and what guards them from browsers: events come in crowds, and each waits for all
    # that the others pass through.
    def __init__(self, receiver: Receiver, application: ASGIApp) -> None:
        self._receiver = receiver
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as ASGI wants it."""
        application = self._application
        if scope["type"] == "http" and self._receiver.is_at(scope["path"]):
            application = await self._receiver.answer(Request(scope, receive))
        await application(scope, receive, send)


async def _health(_request: Request) -> Response:
    """Says that the process answers; touches nothing else."""
    return JSONResponse({"status": "healthy", "version": VERSION})


class _RefusalLog:
    """Logs refusals, at most one line a minute and kind."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._unlogged: Counter[str] = Counter()
        self._logged_at: dict[str, float] = {}

    def add(self, kind: str) -> None:
        """Count a refusal; log its kind unless that was done within a minute."""
        self._unlogged[kind] += 1
        now = self._monotonic()
        logged_at = self._logged_at.get(kind)
        if logged_at is not None and now - logged_at < REFUSAL_LOG_SECONDS:
            return
        self._logged_at[kind] = now
        # Only the kind: anything of the call itself could be a secret, or written to mislead a reader.
        cure = _CURES.get(kind)
        _log.warning(
            "refused %d call(s) to the webhook: %s%s",
            self._unlogged.pop(kind),
            kind,
            f"; {cure}" if cure else "",
        )


def _dotted(query: QueryParams) -> dict[str, str]:
    """A query with dots in its names, where a proxy wrote ``hub_mode``."""
    return {
        name.replace("hub_", "hub.", 1) if name.startswith("hub_") else name: query[name] for name in query
    }
