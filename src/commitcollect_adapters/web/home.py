"""The athlete's page and the files beside it. All of them are files: nothing of a person is in them."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Awaitable, Callable
from functools import lru_cache
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from commitcollect_adapters.web.calls import OK, Endpoint
from commitcollect_adapters.web.negotiation import has_already, takes_gzip

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
PAGES = {"/": "home.html", "/docs": "api.html", "/logout": "logout.html"}
"""Path -> file."""

_TYPES = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml",
}
ASSETS = "/assets/"
_NOT_MODIFIED = 304
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # Not no-referrer: with that, browsers leave the origin out of what a form sends.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-cache",
}
ROWS = tuple(
    Endpoint(
        method="GET",
        path=path,
        needs_session=False,
        about=about,
        answers={OK: None},
        media_types=("text/html",),
    )
    for path, about in (
        ("/", "The athlete's page."),
        ("/docs", "This description, to read."),
        ("/logout", "A page with a button that signs out; changes nothing by itself."),
    )
)


def routes() -> list[Route]:
    """The pages, and each file beside them."""
    folder = files(__package__).joinpath("static")
    names = [each.name for each in folder.iterdir() if not each.name.endswith(".html")]
    found = {**PAGES, **{f"{ASSETS}{name}": name for name in names}}
    return [Route(path, _file(name), methods=["GET"]) for path, name in found.items()]


def _file(name: str) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        content, packed, tag = _read(name)
        headers = {**_HEADERS, "ETag": tag, "Vary": "Accept-Encoding"}
        if has_already(request.headers.get("if-none-match", ""), tag):
            return Response(status_code=_NOT_MODIFIED, headers=headers)
        if takes_gzip(request.headers.get("accept-encoding", "")):
            headers["Content-Encoding"] = "gzip"
            content = packed
        return Response(content, OK, headers, _TYPES[name.rpartition(".")[2]])

    return answer


@lru_cache(64)
def _read(name: str) -> tuple[bytes, bytes, str]:
    """A file, the same packed, and its tag."""
    content = files(__package__).joinpath("static", name).read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:16]
    # Weak, as it is the same for both.
    return content, gzip.compress(content, 9, mtime=0), f'W/"{digest}"'
