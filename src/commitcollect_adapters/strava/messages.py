"""Requests, answers and the app, as values."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

from attrs import field, frozen

SUCCESSES = range(200, 300)

ERROR_BYTES_MAX = 65_536
"""The longest body that is read of a failure."""


class Revocation(StrEnum):
    """The endpoint that revokes; `deauthorize` ends in 2027."""

    REVOKE = "revoke"
    DEAUTHORIZE = "deauthorize"


@frozen(kw_only=True)
class StravaApp:
    """An app registered at Strava, and Strava's addresses.

    Attributes:
        client_id, client_secret: from https://www.strava.com/settings/api.
        api_base, oauth_base: addresses, without a slash at the end.
    """

    client_id: str
    client_secret: str = field(repr=False)
    api_base: str = "https://www.strava.com/api/v3"
    oauth_base: str = "https://www.strava.com/oauth"
    revoke_with: Revocation = field(default=Revocation.REVOKE, converter=Revocation)


@frozen(kw_only=True)
class Request:
    """A request. Its representation leaves out everything that may hold a secret.

    Attributes:
        query, form: values by name; the form is the body.
        body_bytes_max: the longest body accepted with a success.
    """

    method: str
    address: str
    query: Mapping[str, str] = field(factory=dict, repr=False)
    form: Mapping[str, str] = field(factory=dict, repr=False)
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    body_bytes_max: int = ERROR_BYTES_MAX

    def bytes_max(self, status: int) -> int:
        """The longest body accepted with this status."""
        return self.body_bytes_max if status in SUCCESSES else ERROR_BYTES_MAX


@frozen(kw_only=True)
class Answer:
    """An answer.

    Attributes:
        headers: by name in lower case.
        is_too_long: whether the body exceeded the request's limit and was dropped.
    """

    status: int
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    is_too_long: bool = False

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return self.status in SUCCESSES


class Transport(Protocol):
    """Sends requests to Strava."""

    def send(self, request: Request) -> Answer:
        """Send a request once, and return the answer.

        Redirects are returned, not followed. A body may be cut after the first byte over the limit.

        Raises:
            StravaUnavailable: no answer arrived in time.
        """
        ...
