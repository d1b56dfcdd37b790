"""Identity providers out of the settings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING

from commitcollect_adapters.backend import Identities, Registration
from commitcollect_adapters.identity.local import LocalProvider
from commitcollect_adapters.system import SystemClock
from commitcollect_core.errors import IdentityProviderUnavailable, InvalidInput
from commitcollect_core.policy import Policy

if TYPE_CHECKING:
    from commitcollect_adapters.identity.openid import OpenIdProvider  # imports httpx


@contextmanager
def open_issuer(address: str, registration: Registration, policy: Policy) -> Iterator[Identities]:
    """Any provider by the address of its issuer."""
    with _opened(registration, policy, issuer=address, discovery="", is_cognito=False) as provider:
        yield Identities(provider=provider, checks={"identity": provider.check})


@contextmanager
def open_cognito(address: str, registration: Registration, policy: Policy) -> Iterator[Identities]:
    """A user pool of Cognito, with its administration."""
    from commitcollect_adapters.identity.cognito import CognitoUsers, parse  # noqa: PLC0415 - boto3 is slow to import

    pool = parse(address)
    directory = CognitoUsers(pool, deadline_seconds=policy.training.store_deadline_seconds)
    with _opened(
        registration, policy, issuer=pool.issuer, discovery=pool.discovery, is_cognito=True
    ) as provider:
        client = partial(
            directory.check_client,
            registration.client_id,
            registration.redirect_uri,
            registration.logout_redirect_uri,
        )
        yield Identities(
            provider=provider, directory=directory, checks={"identity": provider.check, "client": client}
        )


@contextmanager
def open_local(address: str, registration: Registration, policy: Policy) -> Iterator[Identities]:  # noqa: ARG001 - as for every provider
    """The provider for development on this machine."""
    if address != "local:":
        raise InvalidInput("the local identity provider has no name; write local:", field="identity")
    provider = LocalProvider(registration.redirect_uri)
    checks = {"identity": lambda: "anyone at this machine signs in, without a password"}
    yield Identities(provider=provider, directory=provider, checks=checks)


@contextmanager
def _opened(
    registration: Registration, policy: Policy, *, issuer: str, discovery: str, is_cognito: bool
) -> Iterator[OpenIdProvider]:
    from commitcollect_adapters.http.transport import HttpTransport, Timeouts  # noqa: PLC0415 - httpx is slow to import
    from commitcollect_adapters.identity.openid import OpenIdClient, OpenIdProvider  # noqa: PLC0415 - so is joserfc

    if not registration.client_id:
        raise InvalidInput(
            "set identity_client_id, as the identity provider shows it", field="identity_client_id"
        )
    client = OpenIdClient(
        issuer=issuer,
        discovery=discovery,
        client_id=registration.client_id,
        client_secret=registration.client_secret,
        redirect_uri=registration.redirect_uri,
        logout_redirect_uri=registration.logout_redirect_uri,
        is_cognito=is_cognito,
    )
    transport = HttpTransport("the identity provider", IdentityProviderUnavailable, Timeouts())
    with closing(transport):
        yield OpenIdProvider(client, transport, clock=SystemClock(), policy=policy)
