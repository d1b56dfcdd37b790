"""The page of the local provider. Needs the extra ``commitcollect[web]``."""

from __future__ import annotations

from html import escape
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from commitcollect_adapters.addresses import LOCAL_HOSTS
from commitcollect_adapters.identity.local import PAGE, LocalProvider
from commitcollect_core.errors import CommitCollectError, http_status

FORM_BYTES_MAX = 8_192
_FIELDS = ("state", "nonce", "code_challenge")
_FORBIDDEN, _SEE_OTHER, _TOO_LARGE = 403, 303, 413
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    # Not no-referrer: with that, browsers leave the origin out of what a form sends.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Sign in</title>
<style>body{{font:1rem/1.5 system-ui,sans-serif;max-width:24rem;margin:4rem auto;padding:0 1rem}}
input,button{{font:inherit;width:100%;padding:.5rem;margin:.25rem 0;box-sizing:border-box}}</style>
<h1>Sign in</h1>
<p>For development on this machine: no password is asked for.</p>
<p role="alert">{message}</p>
<form method="post">{hidden}
<label>E-mail <input type="email" name="email" required autofocus autocomplete="email"></label>
<button>Sign in</button></form></html>
"""


def local_page(provider: LocalProvider) -> list[Route]:
    """The routes of the page."""

    async def show(request: Request) -> Response:
        if not _is_local(request):
            return _refused()
        return _form({name: request.query_params.get(name, "") for name in _FIELDS})

    async def submit(request: Request) -> Response:
        if not _is_local(request):
            return _refused()
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > FORM_BYTES_MAX:
                return PlainTextResponse("too long", _TOO_LARGE, _HEADERS)
        given = {name: values[-1] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
        fields = {name: given.get(name, "") for name in _FIELDS}
        try:
            address = provider.sign_in(given.get("email", ""), **fields)
        except CommitCollectError as refused:
            return _form(fields, refused.message, http_status(refused))
        return RedirectResponse(address, _SEE_OTHER, _HEADERS)

    return [Route(PAGE, show, methods=["GET"]), Route(PAGE, submit, methods=["POST"])]


def _is_local(request: Request) -> bool:
    """Whether a browser on this machine asks, and by a name of this machine."""
    # The name, too: a page elsewhere may have pointed a name of its own at this machine.
    is_here = request.client is not None and request.client.host in LOCAL_HOSTS
    return is_here and request.url.hostname in LOCAL_HOSTS


def _refused() -> Response:
    return PlainTextResponse("this page answers on this machine only\n", _FORBIDDEN, _HEADERS)


def _form(fields: dict[str, str], message: str = "", status: int = 200) -> Response:
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in fields.items()
    )
    return HTMLResponse(_PAGE.format(message=escape(message), hidden=hidden), status, _HEADERS)
