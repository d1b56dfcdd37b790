"""Requests and answers, as values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from attrs import field, frozen

SUCCESSES = range(200, 300)

ERROR_BYTES_MAX = 65_536
"""The longest body that is read of a failure."""


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
    """Sends requests to one service."""

    def send(self, request: Request) -> Answer:
        """Send a request once, and return the answer.

        Redirects are returned, not followed. A body may be cut after the first byte over the limit.

        Raises:
            UpstreamError: no answer arrived in time.
        """
        ...
