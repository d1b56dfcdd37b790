"""ID tokens: signed by a key of the provider, for this client, now, and for this sign-in.

Needs the extra ``commitcollect[identity]``. joserfc checks the signature. The claims are checked here, on
top of the strict JSON parser: a token with two issuers in it is refused, whichever of them is right.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from hmac import compare_digest
from typing import Any

from attrs import frozen
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from commitcollect_adapters.readers.strict_json import parse_document
from commitcollect_core.accounts.identities import Identity
from commitcollect_core.errors import InvalidInput

ALGORITHM = "RS256"
TOKEN_CHARS_MAX = 32_768
KEYS_MAX = 100
KEY_BITS_MIN, KEY_BITS_MAX = 2_048, 8_192
"""Shorter keys prove nothing; longer ones cost time at every signature."""

_SUBJECT_CHARS_MAX = 255
_KEY_ID_CHARS_MAX = 200
_TEXT_CHARS_MAX = 320
_PARTS = 3
_ID = "id"


class BadToken(Exception):
    """The token is not good; `args` say why, in a word for the log."""


@frozen(kw_only=True)
class Expected:
    """What a token has to say.

    Attributes:
        is_cognito: whether the token has to have the claims of Cognito.
        skew_seconds: how far the provider's clock may be off.
    """

    issuer: str
    client_id: str
    nonce: str
    is_cognito: bool
    skew_seconds: int


def keys_of(document: Mapping[str, Any]) -> dict[str, RSAKey]:
    """The keys for signatures in a JWKS document, by key id; what is anything else is left out."""
    listed = document.get("keys")
    keys: dict[str, RSAKey] = {}
    for each in listed[:KEYS_MAX] if isinstance(listed, list) else ():
        if isinstance(each, dict) and (key := _key_of(each)) is not None:
            keys.setdefault(each["kid"], key)
    return keys


def _key_of(entry: Mapping[str, Any]) -> RSAKey | None:
    key_id, modulus, exponent = (entry.get(name) for name in ("kid", "n", "e"))
    is_for_signatures = (
        entry.get("kty") == "RSA"
        and entry.get("use", "sig") == "sig"
        and entry.get("alg", ALGORITHM) == ALGORITHM
    )
    if not is_for_signatures or not _is_text(key_id, _KEY_ID_CHARS_MAX):
        return None
    if not isinstance(modulus, str) or not isinstance(exponent, str):
        return None
    try:
        bits = int.from_bytes(_decoded(modulus)).bit_length()
        if not KEY_BITS_MIN <= bits <= KEY_BITS_MAX:
            return None
        # Of the entry no more than the public numbers: nothing else in it can then mean anything.
        return RSAKey.import_key({"kty": "RSA", "n": modulus, "e": exponent})
    except (JoseError, TypeError, ValueError):
        return None


def key_id_of(token: str) -> str:
    """The id of the key that a token names, before anything is believed.

    Raises:
        BadToken: it is no token signed with RS256.
    """
    parts = token.split(".")
    if len(token) > TOKEN_CHARS_MAX or len(parts) != _PARTS or not token.isascii():
        raise BadToken("no token")
    header = _object(_decoded_part(parts[0]))
    # The only algorithm: `none` needs no key, and HS256 would take the public key for a secret.
    if header.get("alg") != ALGORITHM:
        raise BadToken("other algorithm")
    # An extension that has to be understood is not. Keys come from the provider's own address alone.
    if header.keys() & {"crit", "jwk", "jku", "x5u", "x5c", "b64", "zip"}:
        raise BadToken("header with extensions")
    key_id = header.get("kid")
    if not isinstance(key_id, str) or not _is_text(key_id, _KEY_ID_CHARS_MAX):
        raise BadToken("no key id")
    return key_id


def verified(token: str, key: RSAKey, expected: Expected, *, now: datetime) -> Identity:
    """The identity that a token proves.

    Raises:
        BadToken: it proves none.
    """
    try:
        signed = jws.deserialize_compact(token, key, algorithms=[ALGORITHM])
    except (JoseError, ValueError, TypeError) as broken:
        raise BadToken("signature") from broken
    claims = _object(signed.payload)
    _check_claims(claims, expected)
    _check_times(claims, now.timestamp(), expected.skew_seconds)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not _is_text(subject, _SUBJECT_CHARS_MAX):
        raise BadToken("subject")
    username = claims.get("cognito:username") if expected.is_cognito else subject
    return Identity(
        issuer=expected.issuer,
        subject=subject,
        username=_text(username) or subject,
        email=_text(claims.get("email")),
        name=_text(claims.get("name")),
    )


def _check_claims(claims: Mapping[str, Any], expected: Expected) -> None:
    """Whose token this is, for whom, and for which sign-in."""
    if claims.get("iss") != expected.issuer:
        raise BadToken("issuer")
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    # The token may be for others, too, but only if it says that it was given to this client.
    party = claims.get("azp", expected.client_id if len(audiences) == 1 else None)
    if expected.client_id not in audiences or party != expected.client_id:
        raise BadToken("audience")
    # Cognito always says it, as its access tokens look much like its ID tokens; others need not.
    if claims.get("token_use", None if expected.is_cognito else _ID) != _ID:
        raise BadToken("token use")
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not compare_digest(nonce.encode(), expected.nonce.encode()):
        raise BadToken("nonce")


def _check_times(claims: Mapping[str, Any], now: float, skew_seconds: int) -> None:
    expires_at, issued_at = _moment(claims.get("exp")), _moment(claims.get("iat"))
    not_before = _moment(claims.get("nbf", issued_at))
    if now >= expires_at + skew_seconds:
        raise BadToken("expired")
    if max(issued_at, not_before) > now + skew_seconds or expires_at <= issued_at:
        raise BadToken("not valid yet")


def _moment(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadToken("times")
    return value


def _object(data: bytes) -> dict[str, Any]:
    try:
        document = parse_document(data)
    except InvalidInput as broken:
        raise BadToken("no JSON") from broken
    if not isinstance(document, dict):
        raise BadToken("no JSON object")
    return document


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _decoded_part(text: str) -> bytes:
    try:
        return _decoded(text)
    except ValueError as broken:
        raise BadToken("no base64") from broken


def _is_text(value: object, chars_max: int) -> bool:
    """Whether a value is a text of visible characters."""
    return isinstance(value, str) and 0 < len(value) <= chars_max and value.isprintable()


def _text(value: object) -> str:
    return value if isinstance(value, str) and _is_text(value, _TEXT_CHARS_MAX) else ""
