"""Answers to what goes wrong: a code for programs, and nothing of what the caller sent."""

from __future__ import annotations

import logging

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from commitcollect_core.errors import CommitCollectError, LimitExceeded, Unauthenticated, http_status

_log = logging.getLogger(__name__)

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
"""Of every answer that is about a person, errors included."""

INTERNAL_ERROR = 500
_CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
}


def answer_to(failed: CommitCollectError, *, limit: int | None = None) -> Response:
    """The answer to an error: its code, the field at fault and when to try again.

    Errors of authentication are a status, as clients know them. Messages stay out: they repeat what was sent.

    Args:
        failed: the error.
        limit: the limit that was reached, if there is one to name.
    """
    name = "status" if isinstance(failed, Unauthenticated) else "error"
    document: dict[str, object] = {name: failed.code}
    if failed.field is not None:
        document["field"] = failed.field
    if isinstance(failed, LimitExceeded) and limit is not None:
        document["max"] = limit
    response = JSONResponse(document, http_status(failed), HEADERS)
    if failed.retry_at is not None:
        document["retryAtUtc"] = int(failed.retry_at.timestamp())
        response = JSONResponse(document, http_status(failed), HEADERS)
    return response


def problem(status: int, code: str, headers: dict[str, str] | None = None) -> Response:
    """An answer with a code of its own."""
    return JSONResponse({"error": code}, status, {**HEADERS, **(headers or {})})


async def http_problem(_request: Request, failed: Exception) -> Response:
    """What the router refuses: no such path, or not with this method."""
    assert isinstance(failed, HTTPException)  # noqa: S101 - as it is registered
    code = _CODES.get(failed.status_code, "bad_request")
    return problem(failed.status_code, code, dict(failed.headers or {}))


async def unexpected(_request: Request, failed: Exception) -> Response:
    """A mistake of ours: logged with its correlation id, and told without a word about it."""
    _log.error("a call failed: %s", type(failed).__name__, exc_info=failed)
    return problem(INTERNAL_ERROR, "internal_error")
