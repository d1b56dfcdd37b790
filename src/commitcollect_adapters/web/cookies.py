"""The cookies of a signed-in browser, and of one on its way to the identity provider."""

from __future__ import annotations

from attrs import frozen
from starlette.requests import Request
from starlette.responses import Response

SESSION, HANDSHAKE = "cc_session", "cc_sign_in"
VALUE_CHARS_MAX = 200


@frozen(kw_only=True)
class CookieRules:
    """How cookies are set.

    Attributes:
        is_secure: whether browsers send them over HTTPS only; off for development on this machine.
        domain: for a front end beside the API's host; empty for the API's host alone.
        same_site: ``lax``, or ``none`` for a front end on another site.
    """

    is_secure: bool = True
    domain: str = ""
    same_site: str = "lax"


def cookie_of(request: Request, name: str) -> str:
    """The value of a cookie; empty if there is none, or more than one.

    A second cookie of the name may have been planted by a sibling domain, and nothing tells which is ours.
    """
    found = []
    for header in request.headers.getlist("cookie"):
        for pair in header.split(";"):
            key, _, value = pair.strip().partition("=")
            if key == name:
                found.append(value)
    return found[0] if len(found) == 1 and len(found[0]) <= VALUE_CHARS_MAX else ""


def set_cookie(
    response: Response, name: str, value: str, *, seconds: int, rules: CookieRules, path: str = "/"
) -> None:
    """Have the browser keep a secret that no script can read; with no seconds, forget it."""
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path=path,
        domain=rules.domain or None,
        secure=rules.is_secure,
        httponly=True,
        samesite="none" if rules.same_site == "none" else "lax",
    )
