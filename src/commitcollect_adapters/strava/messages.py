"""Requests and answers as values, and the app in whose name they are made."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

from attrs import field, frozen

SUCCESSES = range(200, 300)

ERROR_BYTES_MAX = 65_536
"""How much is read of an answer that is not a success."""


class Revocation(StrEnum):
    """How a permission is given back: as Strava has it now, and as it was until 2027."""

    REVOKE = "revoke"
    DEAUTHORIZE = "deauthorize"


@frozen(kw_only=True)
class StravaApp:
    """The app as Strava knows it, and where Strava is.

    Attributes:
        client_id, client_secret: as Strava shows them to the app's owner.
        api_base, oauth_base: addresses, without a slash at the end.
    """

    client_id: str
    client_secret: str = field(repr=False)
    api_base: str = "https://www.strava.com/api/v3"
    oauth_base: str = "https://www.strava.com/oauth"
    revoke_with: Revocation = field(default=Revocation.REVOKE, converter=Revocation)


@frozen(kw_only=True)
class Request:
    """What is asked. Everything that may hold a secret stays out of its representation.

    Attributes:
        query, form: name -> value; the form is the body.
        body_bytes_max: the longest body of a success that is of use.
    """

    method: str
    address: str
    query: Mapping[str, str] = field(factory=dict, repr=False)
    form: Mapping[str, str] = field(factory=dict, repr=False)
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    body_bytes_max: int = ERROR_BYTES_MAX

    def bytes_max(self, status: int) -> int:
        """The longest body of use that an answer of this status may have."""
        return self.body_bytes_max if status in SUCCESSES else ERROR_BYTES_MAX


@frozen(kw_only=True)
class Answer:
    """What came back.

    Attributes:
        headers: by name in lower case.
        is_too_long: the body was longer than the request allows, and was dropped.
    """

    status: int
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    is_too_long: bool = False

    @property
    def is_success(self) -> bool:
        """Whether Strava did what it was asked."""
        return self.status in SUCCESSES


class Transport(Protocol):
    """Carries a request to Strava, once, and the answer back."""

    def send(self, request: Request) -> Answer:
        """Ask. A redirect is an answer like others; of a body that is too long, a byte too much is enough.

        Raises:
            StravaUnavailable: no answer came, or not in time.
        """
        ...
