"""A provider for development and tests: people sign in as whom they like, on this machine only.

It holds its users in memory and lasts as long as the process.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from hmac import compare_digest
from threading import Lock
from time import monotonic as system_monotonic
from urllib.parse import urlencode, urlsplit

from attrs import field, frozen

from commitcollect_adapters.addresses import LOCAL_HOSTS
from commitcollect_core.accounts.identities import AuthorizationRequest, Identity
from commitcollect_core.errors import Forbidden, InvalidInput, Unauthenticated

ISSUER = "local"
PAGE = "/auth/local"
CODE_SECONDS = 60.0
CODES_MAX = 1_000
"""Codes that wait at once; beyond that the oldest go."""

_EMAIL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
_EMAIL_CHARS_MAX = 254


@frozen(kw_only=True)
class _Code:
    """What a code stands for, once."""

    email: str = field(repr=False)
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    code_challenge: str = field(repr=False)
    expires_at: float


def _is_on_this_machine(address: str) -> bool:
    try:
        parts = urlsplit(address)
        is_whole = parts.scheme in {"http", "https"} and parts.port != 0
    except ValueError:  # a port or an IPv6 address that cannot be
        return False
    return is_whole and parts.hostname in LOCAL_HOSTS


class LocalProvider:
    """Implements `IdentityProvider` and `UserDirectory`. Thread-safe."""

    def __init__(self, redirect_uri: str, *, monotonic: Callable[[], float] = system_monotonic) -> None:
        """Sign people in for a service on this machine.

        Args:
            redirect_uri: where browsers go back to; its server shows the page (`local_page`).
            monotonic: a clock in seconds, for the life of codes.

        Raises:
            InvalidInput: the address is not on this machine: any visitor could be any user there.
        """
        if not _is_on_this_machine(redirect_uri):
            raise InvalidInput(
                "the local identity provider asks for no password, so it works on this machine only; name "
                "an OpenID Connect provider, or a redirect address at 127.0.0.1",
                field="identity",
            )
        self.redirect_uri = redirect_uri
        parts = urlsplit(redirect_uri)
        self._base = f"{parts.scheme}://{parts.netloc}"
        self._monotonic = monotonic
        self._codes: dict[str, _Code] = {}
        self._disabled: set[str] = set()
        self._lock = Lock()

    def authorize_url(self, request: AuthorizationRequest) -> str:
        """See `IdentityProvider`."""
        query = {
            "state": request.state,
            "nonce": request.nonce,
            "code_challenge": request.code_challenge,
        }
        return f"{self._base}{PAGE}?{urlencode(query)}"

    def sign_in(self, email: str, *, state: str, nonce: str, code_challenge: str) -> str:
        """Sign a person in without proof; returns where the browser goes.

        Raises:
            InvalidInput: this is no e-mail address.
            Forbidden: the user was disabled.
        """
        email = email.strip().lower()
        if len(email) > _EMAIL_CHARS_MAX or not _EMAIL.fullmatch(email):
            raise InvalidInput("give an e-mail address, such as ada@example.org", field="email")
        if email in self._disabled:
            raise Forbidden("this user is disabled")
        code = secrets.token_urlsafe(32)
        made = _Code(
            email=email,
            state=state,
            nonce=nonce,
            code_challenge=code_challenge,
            expires_at=self._monotonic() + CODE_SECONDS,
        )
        with self._lock:
            while len(self._codes) >= CODES_MAX:
                del self._codes[next(iter(self._codes))]
            self._codes[code] = made
        return f"{self.redirect_uri}?{urlencode({'code': code, 'state': state})}"

    def identify(self, code: str, request: AuthorizationRequest) -> Identity:
        """See `IdentityProvider`."""
        with self._lock:
            found = self._codes.pop(code, None)
        is_good = (
            found is not None
            and self._monotonic() < found.expires_at
            and compare_digest(found.state.encode(), request.state.encode())
            and compare_digest(found.nonce.encode(), request.nonce.encode())
            and compare_digest(found.code_challenge.encode(), request.code_challenge.encode())
        )
        if found is None or not is_good or found.email in self._disabled:
            raise Unauthenticated("the sign-in did not succeed; start again", code="sign_in_failed")
        return Identity(issuer=ISSUER, subject=found.email, username=found.email, email=found.email)

    def logout_url(self) -> str:
        """See `IdentityProvider`."""
        return f"{self._base}/"

    def sign_out(self, username: str) -> None:
        """See `UserDirectory`."""
        with self._lock:
            self._codes = {code: each for code, each in self._codes.items() if each.email != username}

    def disable(self, username: str) -> None:
        """See `UserDirectory`."""
        self._disabled.add(username)
        self.sign_out(username)

    def delete(self, username: str) -> None:
        """See `UserDirectory`. Signing in once more makes a new user of the name."""
        self._disabled.discard(username)
        self.sign_out(username)
