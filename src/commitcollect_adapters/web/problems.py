"""Answers to what goes wrong: a code for programs, and nothing of what the caller sent."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC
from email.utils import format_datetime

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Match, Route

from commitcollect_core.errors import CommitCollectError, LimitExceeded, Unauthenticated, http_status

_log = logging.getLogger(__name__)

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
"""Of every answer that is about a person, errors included."""

_PAGE_POLICY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
}
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>That did not work</title>
<link rel="icon" href="/assets/icon.svg">
<link rel="stylesheet" href="/assets/home.css">
</head>
<body>
<main>
<section class="card">
<h1>That did not work</h1>
<p>{sentence}</p>
<p><a class="button" href="/">Back</a></p>
</section>
</main>
</body>
</html>
"""
_SENTENCES = {
    "sign_in_failed": "The sign-in did not succeed. Go back and start again.",
    "account_deleting": "This account is being deleted, or was deleted; it cannot be used any more.",
    "missing_session": "You are signed out. Go back and sign in first.",
    "invalid_session": "Your session has ended. Go back and sign in again.",
    "invalid_or_expired_state": "This link is used up or too old. Go back and connect once more.",
    "access_denied": "Strava was not given permission, so nothing was connected.",
    "athlete_already_connected": "This Strava athlete is connected to another account; disconnect it there.",
    "other_athlete_connected": "This account is connected to another Strava athlete; disconnect that first.",
}
"""Code -> what a person is told of it."""

INTERNAL_ERROR, UNAVAILABLE = 500, 503
RETRY_SECONDS = 5
"""After which a call may be repeated where nothing tells when."""

_CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
}


def wants_page(accept: str) -> bool:
    """Whether a browser shows the answer to a person, by what it accepts."""
    return "text/html" in accept


def answer_to(failed: CommitCollectError) -> Response:
    """The answer to an error: its code, the field at fault, the limit reached, and when to try again.

    Errors of authentication are a status, as clients know them. Messages stay out: they repeat what was sent.
    """
    name = "status" if isinstance(failed, Unauthenticated) else "error"
    document: dict[str, object] = {name: failed.code}
    if failed.field is not None:
        document["field"] = failed.field
    if isinstance(failed, LimitExceeded) and failed.limit is not None:
        document["max"] = failed.limit
    if failed.retry_at is not None:
        document["retryAtUtc"] = int(failed.retry_at.timestamp())
    return JSONResponse(document, http_status(failed), {**HEADERS, **_retrying(failed)})


def _retrying(failed: CommitCollectError) -> dict[str, str]:
    """When to repeat a call that may succeed later, for clients that know headers alone."""
    if failed.retry_at is not None:
        return {"Retry-After": format_datetime(failed.retry_at.astimezone(UTC), usegmt=True)}
    return {"Retry-After": str(RETRY_SECONDS)} if http_status(failed) == UNAVAILABLE else {}


def page_about(failed: CommitCollectError) -> Response:
    """The same for a person whose browser was on its way somewhere: a sentence, and the way back."""
    sentence = _SENTENCES.get(failed.code, "That did not work. Please try again in a moment.")
    return HTMLResponse(_PAGE.format(sentence=sentence), http_status(failed), {**HEADERS, **_PAGE_POLICY})


def problem(status: int, code: str, headers: dict[str, str] | None = None) -> Response:
    """An answer with a code of its own."""
    return JSONResponse({"error": code}, status, {**HEADERS, **(headers or {})})


async def http_problem(request: Request, failed: Exception) -> Response:
    """What the router refuses: no such path, or not with this method."""
    assert isinstance(failed, HTTPException)  # noqa: S101 - as it is registered
    code = _CODES.get(failed.status_code, "bad_request")
    headers = dict(failed.headers or {})
    if "Allow" in headers:
        headers["Allow"] = ", ".join(sorted(_methods(request)))
    return problem(failed.status_code, code, headers)


def _methods(request: Request) -> Iterator[str]:
    """The methods of a path, which may have a route for each; the router itself tells those of the first."""
    for each in request.app.routes:
        if isinstance(each, Route) and each.matches(request.scope)[0] is not Match.NONE:
            yield from each.methods or ()


async def unexpected(_request: Request, failed: Exception) -> Response:
    """A mistake of ours: logged with its correlation id, and told without a word about it."""
    _log.error("a call failed: %s", type(failed).__name__, exc_info=failed)
    return problem(INTERNAL_ERROR, "internal_error")
