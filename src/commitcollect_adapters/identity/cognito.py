"""The administration of a Cognito user pool. Needs the extra ``commitcollect[aws]``."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from attrs import frozen
from botocore.exceptions import ClientError

from commitcollect_adapters.aws.calls import DEADLINE_SECONDS, Address, AwsClient, code_of, parse_address
from commitcollect_core.errors import (
    CommitCollectError,
    IdentityProviderError,
    IdentityProviderUnavailable,
    InvalidInput,
    NotFound,
    StorageError,
    StorageUnavailable,
)

_POOL = re.compile(r"(?P<region>[a-z]{2}(?:-[a-z]+)+-[0-9]+)_[A-Za-z0-9]+")
_BUSY = frozenset({"InternalErrorException", "LimitExceededException", "TooManyRequestsException"})


@frozen(kw_only=True)
class UserPool:
    """A user pool.

    Attributes:
        address: where its administration is; its name is the pool's id.
        issuer, discovery: as for any OpenID Connect provider.
    """

    address: Address
    issuer: str
    discovery: str


def parse(text: str) -> UserPool:
    """Read ``cognito://POOL?endpoint=…``, the option for a local engine only.

    Raises:
        InvalidInput: the address has another form.
    """
    what = "POOL is the id of a user pool, such as eu-central-1_Ab12Cd34E"
    address = parse_address(text, form="cognito://POOL", name=_POOL, what=what, field="identity")
    found = _POOL.fullmatch(address.name)
    if found is None:  # the same pattern has matched
        raise InvalidInput(what, field="identity")
    region = found["region"]
    aws = f"https://cognito-idp.{region}.amazonaws.com"
    place = f"{(address.endpoint or aws).rstrip('/')}/{address.name}"
    return UserPool(
        address=Address(name=address.name, endpoint=address.endpoint, region=region),
        issuer=f"{aws}/{address.name}",
        discovery=f"{place}/.well-known/openid-configuration",
    )


class CognitoUsers:
    """Implements `UserDirectory`. Thread-safe."""

    def __init__(
        self,
        pool: UserPool,
        *,
        deadline_seconds: float = DEADLINE_SECONDS,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Connect lazily; nothing is sent yet."""
        self._pool_id = pool.address.name
        self.aws = AwsClient(
            "Cognito-IDP",
            pool.address,
            meaning=_meaning_of,
            always_there={},
            deadline_seconds=deadline_seconds,
            pause=pause,
            passing=_BUSY,
        )

    def sign_out(self, username: str) -> None:
        """See `UserDirectory`."""
        self._call("admin_user_global_sign_out", username)

    def disable(self, username: str) -> None:
        """See `UserDirectory`."""
        self._call("admin_disable_user", username)

    def delete(self, username: str) -> None:
        """See `UserDirectory`."""
        self._call("admin_delete_user", username)

    def check_client(self, client_id: str, redirect_uri: str, logout_redirect_uri: str) -> str:
        """Whether the pool lets this client sign people in and out, for an operator.

        Raises:
            UpstreamError: it does not, or cannot be asked; the message says what to change.
        """
        found = self._asked("describe_user_pool_client", ClientId=client_id).get("UserPoolClient", {})
        for address, name, setting in (
            (redirect_uri, "CallbackURLs", "identity_redirect_uri"),
            (logout_redirect_uri, "LogoutURLs", "identity_logout_redirect_uri"),
        ):
            if address not in found.get(name, ()):
                raise IdentityProviderError(
                    f"the client does not allow {address}; add it to its {name}, or change {setting}"
                )
        if "code" not in found.get("AllowedOAuthFlows", ()):
            raise IdentityProviderError("the client may not use the code flow; add code to AllowedOAuthFlows")
        return f"client {client_id} of pool {self._pool_id} allows what is set"

    def _call(self, operation: str, username: str) -> None:
        try:
            self._asked(operation, Username=username)
        except NotFound:
            # Gone already: that is what was asked for, or all that is left of it.
            return

    def _asked(self, operation: str, **request: str) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = self.aws.call(operation, UserPoolId=self._pool_id, **request)
        except StorageUnavailable as failed:
            raise IdentityProviderUnavailable(failed.message) from failed
        except StorageError as failed:
            raise IdentityProviderError(failed.message) from failed
        return answer


def _meaning_of(failure: ClientError) -> CommitCollectError | None:
    # Only of the user: a pool that is not found is a wrong setting, and no user of it is done with.
    if code_of(failure) == "UserNotFoundException":
        return NotFound("there is no such user")
    return None
