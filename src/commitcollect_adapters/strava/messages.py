"""The app, as a value; requests and answers are those of every service."""

from __future__ import annotations

from enum import StrEnum

from attrs import field, frozen

from commitcollect_adapters.http import ERROR_BYTES_MAX, SUCCESSES, Answer, Request, Transport

__all__ = ["ERROR_BYTES_MAX", "SUCCESSES", "Answer", "Request", "Revocation", "StravaApp", "Transport"]


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
