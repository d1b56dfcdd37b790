"""An OpenID Connect provider under a test's control: it says whatever the test wants, well signed or not."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from commitcollect_adapters.http import Answer, Request
from commitcollect_adapters.identity.openid import OpenIdClient, OpenIdProvider
from commitcollect_adapters.system import ManualClock
from commitcollect_adapters.testing.samples import NOW
from commitcollect_core.accounts.identities import AuthorizationRequest
from commitcollect_core.errors import IdentityProviderUnavailable
from commitcollect_core.policy import DEFAULT_POLICY

ISSUER = "https://identity.example.org/pool"
CLIENT_ID = "client-1"
CLIENT_SECRET = "canary-identity-secret-7d1e"  # noqa: S105 - planted to be looked for
CODE = "canary-identity-code-31aa"
KEY_ID = "key-1"
REDIRECT = "https://app.example.org/auth/callback"
HOME = "https://app.example.org/"
REQUEST = AuthorizationRequest(
    state="canary-state-91", nonce="canary-nonce-44", code_verifier="canary-verifier-62" + "x" * 40
)
TIME = int(NOW.timestamp())
GOOD: Mapping[str, Any] = {
    "iss": ISSUER,
    "sub": "person-1",
    "aud": CLIENT_ID,
    "exp": TIME + 3_600,
    "iat": TIME,
    "nonce": REQUEST.nonce,
    "email": "ada@example.org",
    "token_use": "id",
}


@cache
def private_key(name: str = KEY_ID, bits: int = 2_048) -> rsa.RSAPrivateKey:
    """The key of a name, the same one for all tests of a process."""
    del name
    return rsa.generate_private_key(public_exponent=65_537, key_size=bits)


def encoded(data: bytes) -> str:
    """URL-safe base64 without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def public_entry(key_id: str = KEY_ID, bits: int = 2_048, **changes: Any) -> dict[str, Any]:
    """A key's entry in a JWKS document."""
    numbers = private_key(key_id, bits).public_key().public_numbers()
    size = (numbers.n.bit_length() + 7) // 8
    entry = {
        "kid": key_id,
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "n": encoded(numbers.n.to_bytes(size)),
        "e": encoded(numbers.e.to_bytes(3)),
    }
    return {name: each for name, each in {**entry, **changes}.items() if each is not None}


def claims(**changes: Any) -> dict[str, Any]:
    """Good claims with changes; None removes one."""
    return {name: each for name, each in {**GOOD, **changes}.items() if each is not None}


def token(
    body: Mapping[str, Any] | str | None = None,
    *,
    header: Mapping[str, Any] | str | None = None,
    sign: Callable[[bytes], bytes] | None = None,
) -> str:
    """A token, good unless told otherwise; texts are taken as they are."""
    head = {"alg": "RS256", "kid": KEY_ID} if header is None else header
    parts = (head, GOOD if body is None else body)
    texts = [each if isinstance(each, str) else json.dumps(each) for each in parts]
    signed = ".".join(encoded(each.encode()) for each in texts)
    return f"{signed}.{encoded((sign or signed_by())(signed.encode()))}"


def signed_by(key_id: str = KEY_ID, bits: int = 2_048) -> Callable[[bytes], bytes]:
    """RS256 with the key of a name."""
    return lambda data: private_key(key_id, bits).sign(data, padding.PKCS1v15(), hashes.SHA256())


def hs256(secret: bytes) -> Callable[[bytes], bytes]:
    """HS256, as of a forger who takes the public key for a secret."""
    return lambda data: hmac.digest(secret, data, "sha256")


def json_answer(document: object, status: int = 200) -> Answer:
    """An answer of JSON."""
    return Answer(status=status, body=json.dumps(document).encode())


class Issuer:
    """The provider as a `Transport`.

    Attributes:
        discovery, keys, tokens: what it answers; an exception is raised instead.
        fetches: how often each document was asked for, by the last part of its address.
        requests: all of them.
    """

    def __init__(self) -> None:
        base = ISSUER.rpartition("/")[0]
        self.document: dict[str, Any] = {
            "issuer": ISSUER,
            "authorization_endpoint": f"{base}/authorize",
            "token_endpoint": f"{base}/token",
            "jwks_uri": f"{base}/jwks",
            "end_session_endpoint": f"{base}/logout",
        }
        self.discovery: Answer | Exception | None = None
        self.keys: Answer | Exception = json_answer({"keys": [public_entry()]})
        self.tokens: Answer | Exception = json_answer({"id_token": token()})
        self.requests: list[Request] = []

    def send(self, request: Request) -> Answer:
        """Answer as the test wants it."""
        self.requests.append(request)
        answers = {
            "openid-configuration": self.discovery or json_answer(self.document),
            "jwks": self.keys,
            "token": self.tokens,
        }
        answer = answers[request.address.rpartition("/")[2]]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def fetches(self, name: str) -> int:
        """How often the document at this last part of an address was asked for."""
        return sum(each.address.endswith(f"/{name}") for each in self.requests)

    def give(self, id_token: str) -> None:
        """Answer the next codes with this token."""
        self.tokens = json_answer({"id_token": id_token})


DOWN = IdentityProviderUnavailable("down")


class Seconds:
    """A clock in seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """The seconds so far."""
        return self.now


def provider(
    transport: Issuer, /, *, seconds: Seconds | None = None, is_cognito: bool = False, **changes: Any
) -> OpenIdProvider:
    """A provider on what the test controls."""
    settings: dict[str, Any] = {
        "issuer": ISSUER,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "redirect_uri": REDIRECT,
        "logout_redirect_uri": HOME,
        "is_cognito": is_cognito,
        **changes,
    }
    return OpenIdProvider(
        OpenIdClient(**settings),
        transport,
        clock=ManualClock(NOW),
        policy=DEFAULT_POLICY,
        monotonic=seconds or Seconds(),
    )
