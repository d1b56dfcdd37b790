"""Which pages may call: the origin check of what changes something, and CORS.

Whatever the cookie's SameSite says, a request that changes something carries an allowed ``Origin``. A program
that is no browser sends none: it sets `OWN_HEADER`, which no page of another origin can without asking.
"""

from __future__ import annotations

from collections.abc import Mapping
from hmac import compare_digest

from attrs import frozen
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from commitcollect_adapters.web.problems import problem

OWN_HEADER = "x-requested-by"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
PREFLIGHT_SECONDS = 600
_FORBIDDEN = 403
_ALLOWED_HEADERS = "content-type, idempotency-key, x-correlation-id, x-requested-by"
_EXPOSED_HEADERS = "x-correlation-id, retry-after"
_METHODS = "GET, POST, PATCH, DELETE"
_OF_OTHER_PAGES = frozenset({"cross-site", "same-site"})


@frozen
class Origins:
    """The origins of our own pages.

    Attributes:
        allowed: each exactly as a browser writes it, such as ``https://app.example.org``.
    """

    allowed: frozenset[str]

    def knows(self, origin: str) -> bool:
        """Whether an origin is one of ours."""
        return any(compare_digest(origin.encode(), each.encode()) for each in self.allowed)

    def lets(self, method: str, headers: Mapping[str, str]) -> bool:
        """Whether a request may go on."""
        if method in SAFE_METHODS:
            return True
        origin = headers.get("origin")
        if origin is not None:
            return self.knows(origin)
        # Browsers say where a request comes from even where they leave out the origin.
        comes_from_elsewhere = headers.get("sec-fetch-site", "") in _OF_OTHER_PAGES
        return bool(headers.get(OWN_HEADER)) and not comes_from_elsewhere


class OriginCheck:
    """Refuses what other pages have a browser send, and tells browsers whose pages may read answers."""

    def __init__(self, application: ASGIApp, origins: Origins) -> None:
        """Guard an application that pages of these origins may call."""
        self._application = application
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as ASGI wants it."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin", "")
        is_known = self._origins.knows(origin)

        async def send_with_cors(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = MutableHeaders(scope=message)
                added.add_vary_header("Origin")
                if is_known:
                    added["Access-Control-Allow-Origin"] = origin
                    added["Access-Control-Allow-Credentials"] = "true"
                    added["Access-Control-Expose-Headers"] = _EXPOSED_HEADERS
            await send(message)

        if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await self._preflight(is_known)(scope, receive, send_with_cors)
        elif self._origins.lets(scope["method"], headers):
            await self._application(scope, receive, send_with_cors)
        else:
            await problem(_FORBIDDEN, "forbidden_origin")(scope, receive, send_with_cors)

    def _preflight(self, is_known: bool) -> Response:
        if not is_known:
            return problem(_FORBIDDEN, "forbidden_origin")
        allowed = {
            "Access-Control-Allow-Methods": _METHODS,
            "Access-Control-Allow-Headers": _ALLOWED_HEADERS,
            "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
        }
        return Response(status_code=204, headers=allowed)
