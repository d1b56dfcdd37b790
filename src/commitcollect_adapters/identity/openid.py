"""Any provider that speaks OpenID Connect, found by its discovery document.

Needs the extra ``commitcollect[identity]``. Cognito is one of them, apart from its administration
(`commitcollect_adapters.identity.cognito`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from time import monotonic as system_monotonic
from urllib.parse import urlencode, urlsplit

from attrs import Attribute, field, frozen
from joserfc.jwk import RSAKey

from commitcollect_adapters.addresses import LOCAL_HOSTS
from commitcollect_adapters.http import Answer, Request, Transport
from commitcollect_adapters.identity import tokens
from commitcollect_adapters.identity.documents import (
    DOCUMENT_BYTES_MAX,
    Endpoints,
    basic_credentials,
    endpoints_of,
    fetch_document,
    is_safe_address,
    object_of,
)
from commitcollect_adapters.identity.fetched import Fetched
from commitcollect_core.accounts.identities import AuthorizationRequest, Identity
from commitcollect_core.context import Clock
from commitcollect_core.errors import (
    IdentityProviderError,
    IdentityProviderUnavailable,
    InvalidInput,
    Unauthenticated,
)
from commitcollect_core.policy import Policy

_log = logging.getLogger(__name__)

SCOPE = "openid email"
_CLIENT_ERRORS = range(400, 500)
_BUSY = frozenset({408, 429})
_CLIENT_REJECTED = frozenset({"invalid_client", "unauthorized_client"})
_CODE_REJECTED = frozenset({"invalid_grant"})


def _check_address(_client: OpenIdClient, attribute: Attribute[str], address: str) -> None:
    if address and not is_safe_address(address, is_local=True):
        raise InvalidInput(
            f"{attribute.name} {address!r} must begin with https://, or with http:// for this machine",
            field=f"identity_{attribute.name}",
        )


@frozen(kw_only=True)
class OpenIdClient:
    """A client that is registered at a provider.

    Attributes:
        issuer: of the provider, exactly as its discovery document and its tokens have it.
        discovery: where that document is; below the issuer unless given.
        client_id, client_secret: as the provider gave them; empty for a client without a secret.
        redirect_uri: where the provider sends browsers back after signing in.
        logout_redirect_uri: the same after signing out.
        is_cognito: whether tokens have the claims of Cognito, and signing out its parameters.
    """

    issuer: str
    discovery: str = field(default="", validator=_check_address)
    client_id: str
    client_secret: str = field(default="", repr=False)
    redirect_uri: str = field(validator=_check_address)
    logout_redirect_uri: str = field(validator=_check_address)
    is_cognito: bool = False

    @property
    def document(self) -> str:
        """The address of the discovery document."""
        return self.discovery or f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"


class OpenIdProvider:
    """Implements `IdentityProvider`. Thread-safe."""

    def __init__(
        self,
        client: OpenIdClient,
        transport: Transport,
        *,
        clock: Clock,
        policy: Policy,
        monotonic: Callable[[], float] = system_monotonic,
    ) -> None:
        """Sign people in for `client`; nothing is sent yet.

        Args:
            client: as the provider knows it.
            transport: sends the requests.
            clock: judges whether a token has expired.
            policy: how far clocks may differ, and how often documents are fetched.
            monotonic: a clock in seconds for the latter.

        Raises:
            InvalidInput: the discovery document cannot be fetched safely.
        """
        if not is_safe_address(client.document, is_local=True):
            raise InvalidInput(
                "an identity provider's address begins with https://, or with http:// for this machine",
                field="identity",
            )
        self._client = client
        self._transport = transport
        self._clock = clock
        self._policy = policy
        # What is fetched from this machine may name addresses on this machine, and nothing else may.
        self._is_local = urlsplit(client.document).hostname in LOCAL_HOSTS
        self._endpoints = Fetched("addresses", self._fetch_endpoints, policy=policy, monotonic=monotonic)
        self._keys = Fetched("keys", self._fetch_keys, policy=policy, monotonic=monotonic)

    def authorize_url(self, request: AuthorizationRequest) -> str:
        """See `IdentityProvider`."""
        query = {
            "response_type": "code",
            "client_id": self._client.client_id,
            "redirect_uri": self._client.redirect_uri,
            "scope": SCOPE,
            "state": request.state,
            "nonce": request.nonce,
            "code_challenge": request.code_challenge,
            "code_challenge_method": "S256",
        }
        return _with_query(self._endpoints.get().authorization, query)

    def identify(self, code: str, request: AuthorizationRequest) -> Identity:
        """See `IdentityProvider`."""
        token = self._exchanged(code, request)
        expected = tokens.Expected(
            issuer=self._client.issuer,
            client_id=self._client.client_id,
            nonce=request.nonce,
            is_cognito=self._client.is_cognito,
            skew_seconds=self._policy.accounts.id_token_skew_seconds,
        )
        try:
            key_id = tokens.key_id_of(token)
            key = self._keys.get(lambda keys: key_id in keys).get(key_id)
            if key is None:
                raise tokens.BadToken("unknown key")  # noqa: TRY301 - one of many reasons, answered alike
            return tokens.verified(token, key, expected, now=self._clock.now())
        except tokens.BadToken as bad:
            # The reason is for the operator; the browser learns none. Nothing of the token is shown.
            _log.warning("an ID token was refused: %s", bad)
            raise _not_accepted() from bad

    def logout_url(self) -> str:
        """See `IdentityProvider`."""
        endpoint = self._endpoints.get().logout
        back = self._client.logout_redirect_uri
        if endpoint is None:
            return back
        name = "logout_uri" if self._client.is_cognito else "post_logout_redirect_uri"
        return _with_query(endpoint, {"client_id": self._client.client_id, name: back})

    def check(self) -> str:
        """Where people sign in, and how many keys sign their tokens, for an operator.

        Raises:
            UpstreamError: the provider does not say so, or not in a way that can be used.
        """
        place, keys = urlsplit(self._endpoints.get().authorization).netloc, self._keys.get()
        return f"people sign in at {place}; keys: {len(keys)}"

    def _fetch_endpoints(self) -> Endpoints:
        document = fetch_document(self._transport, self._client.document)
        return endpoints_of(document, issuer=self._client.issuer, is_local=self._is_local)

    def _fetch_keys(self) -> Mapping[str, RSAKey]:
        keys = tokens.keys_of(fetch_document(self._transport, self._endpoints.get().keys))
        if not keys:
            raise IdentityProviderUnavailable("the identity provider publishes no key that can be used")
        return keys

    def _exchanged(self, code: str, request: AuthorizationRequest) -> str:
        """The ID token for a code."""
        endpoints = self._endpoints.get()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._client.redirect_uri,
            "client_id": self._client.client_id,
            "code_verifier": request.code_verifier,
        }
        headers = {}
        if self._client.client_secret and endpoints.takes_basic:
            credentials = basic_credentials(self._client.client_id, self._client.client_secret)
            headers["Authorization"] = credentials
        elif self._client.client_secret:
            form["client_secret"] = self._client.client_secret
        answer = self._transport.send(
            Request(
                method="POST",
                address=endpoints.token,
                form=form,
                headers=headers,
                body_bytes_max=DOCUMENT_BYTES_MAX,
            )
        )
        document = object_of(answer)
        if not answer.is_success or document is None:
            raise _refusal(answer, document)
        token = document.get("id_token")
        if not isinstance(token, str):
            raise IdentityProviderError(
                "the identity provider gave no ID token; allow this client the scope openid"
            )
        return token


def _with_query(address: str, query: dict[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"


def _not_accepted() -> Unauthenticated:
    return Unauthenticated("the sign-in did not succeed; start again", code="sign_in_failed")


def _refusal(answer: Answer, document: dict[str, object] | None) -> Exception:
    """What it means that there are no tokens; nothing of the answer is repeated."""
    error = None if document is None else document.get("error")
    if answer.status in _CLIENT_ERRORS and answer.status not in _BUSY and isinstance(error, str):
        if error in _CODE_REJECTED:
            return _not_accepted()
        if error in _CLIENT_REJECTED:
            return IdentityProviderError(
                "the identity provider does not accept this client; check identity_client_id and "
                "identity_client_secret"
            )
        return IdentityProviderError(
            "the identity provider does not accept the request; check the client's redirect address and "
            "that it may use the code flow"
        )
    return IdentityProviderUnavailable(
        f"the identity provider answers {answer.status} and no tokens; try again later"
    )
