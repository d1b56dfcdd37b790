"""Documents of an identity provider: asked for over a transport, and read with suspicion."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus, urlsplit

from attrs import frozen

from commitcollect_adapters.addresses import LOCAL_HOSTS
from commitcollect_adapters.http import Answer, Request, Transport
from commitcollect_adapters.readers.strict_json import parse_document
from commitcollect_core.errors import (
    IdentityProviderError,
    IdentityProviderUnavailable,
    InvalidInput,
)

DOCUMENT_BYTES_MAX = 262_144
"""Of a discovery document, a set of keys or an answer with tokens; they have a few thousand."""

_BASIC = "client_secret_basic"


@frozen(kw_only=True)
class Endpoints:
    """Where a provider does what, as its discovery document says.

    Attributes:
        logout: None for a provider that has none.
        takes_basic: whether the token endpoint takes the client's secret as a password of HTTP.
    """

    authorization: str
    token: str
    keys: str
    logout: str | None
    takes_basic: bool


def is_safe_address(address: object, *, is_local: bool) -> bool:
    """Whether secrets may be sent to an address: over TLS, or on this machine."""
    if not isinstance(address, str) or not address.isascii() or any(each <= " " for each in address):
        return False
    try:
        parts = urlsplit(address)
        is_whole = bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc and not parts.fragment
    except ValueError:  # a port or an IPv6 address that cannot be
        return False
    is_here = is_local and parts.scheme == "http" and parts.hostname in LOCAL_HOSTS
    return is_whole and (parts.scheme == "https" or is_here)


def fetch_document(transport: Transport, address: str) -> Mapping[str, Any]:
    """A JSON object.

    Raises:
        IdentityProviderUnavailable: there is no such answer.
    """
    answer = transport.send(Request(method="GET", address=address, body_bytes_max=DOCUMENT_BYTES_MAX))
    document = object_of(answer)
    if not answer.is_success or document is None:
        raise IdentityProviderUnavailable(
            f"the identity provider answers {answer.status} and no document at {_place(address)}; check "
            "the address, and try again later"
        )
    return document


def _place(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.hostname}{parts.path}"


def object_of(answer: Answer) -> dict[str, Any] | None:
    """The JSON object that an answer holds; None if it holds something else."""
    if len(answer.body) > DOCUMENT_BYTES_MAX:
        return None
    try:
        document = parse_document(answer.body)
    except InvalidInput:
        return None
    return document if isinstance(document, dict) else None


def endpoints_of(document: Mapping[str, Any], *, issuer: str, is_local: bool) -> Endpoints:
    """The endpoints that a discovery document names.

    Raises:
        IdentityProviderError: it is of another provider, or names none that may be used.
    """
    if document.get("issuer") != issuer:
        raise IdentityProviderError(
            f"the identity provider at this address is not {issuer}; set the issuer exactly as its "
            "discovery document has it"
        )
    names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    for name in names:
        if not is_safe_address(document.get(name), is_local=is_local):
            raise IdentityProviderError(f"the identity provider names no https address as its {name}")
    logout = document.get("end_session_endpoint")
    methods = document.get("token_endpoint_auth_methods_supported", [_BASIC])
    authorization, token, keys = (document[name] for name in names)
    return Endpoints(
        authorization=authorization,
        token=token,
        keys=keys,
        logout=logout if is_safe_address(logout, is_local=is_local) else None,
        takes_basic=not isinstance(methods, list) or _BASIC in methods,
    )


def basic_credentials(client_id: str, client_secret: str) -> str:
    """A client's id and secret as OAuth wants them in the header `Authorization`."""
    pair = f"{quote_plus(client_id)}:{quote_plus(client_secret)}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"
