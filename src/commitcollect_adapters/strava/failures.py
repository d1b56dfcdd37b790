"""What Strava's refusals mean.

The status and each detail's `code` and `field` decide; the `resource` varies. Messages repeat nothing of a
body. An answer that does not look like Strava's, such as an HTML page of a proxy, proves nothing about
activities or permissions, so it counts as no answer.
"""

from __future__ import annotations

from typing import Any, TypeVar

from attrs import frozen

from commitcollect_adapters.readers.strict_json import parse_document
from commitcollect_adapters.strava.messages import Answer
from commitcollect_adapters.strava.rates import rates_of
from commitcollect_core.errors import (
    AccessTokenRejected,
    InvalidInput,
    ScopeMissing,
    StravaAppInactive,
    StravaRateLimited,
    StravaRefused,
    StravaUnavailable,
    TokenRefreshRejected,
    UpstreamError,
)

BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NOT_FOUND = 400, 401, 403, 404
_TIMED_OUT, _TOO_MANY = 408, 429
_CLIENT_ERRORS = range(400, 500)

_CREDENTIALS = frozenset({"client_id", "client_secret"})
_REFRESH_TOKEN = frozenset({"refresh_token", "code"})
"""Names of the refresh token in refusals."""

_Error = TypeVar("_Error", bound=UpstreamError)


@frozen
class Detail:
    """One item of `errors`, in lower case."""

    field: str
    code: str


def rated(error: _Error, answer: Answer) -> _Error:
    """The error, with the rate limit headers of the answer."""
    error.rates = rates_of(answer.headers)
    return error


def details(answer: Answer) -> tuple[Detail, ...]:
    """The items of `errors`; empty if it is missing or a text."""
    document = _document(answer)
    errors = document.get("errors") if isinstance(document, dict) else None
    if not isinstance(errors, list):
        return ()
    return tuple(
        Detail(_text(each.get("field")), _text(each.get("code"))) for each in errors if isinstance(each, dict)
    )


def _text(value: object) -> str:
    return value.lower() if isinstance(value, str) else ""


def _document(answer: Answer) -> Any:
    """The body's JSON, or None."""
    try:
        return parse_document(answer.body)
    except InvalidInput:
        return None


def is_stravas(answer: Answer) -> bool:
    """Whether a refusal is a JSON object or empty, as Strava's are."""
    if "html" in answer.headers.get("content-type", "").lower() or answer.is_too_long:
        return False
    return not answer.body.strip() or isinstance(_document(answer), dict)


def failure(answer: Answer) -> UpstreamError:
    """What a failure means for a call with an access token."""
    return rated(_failure(answer), answer)


def _failure(answer: Answer) -> UpstreamError:
    status = answer.status
    codes = {each.code for each in details(answer)}
    if status == _TOO_MANY:
        return StravaRateLimited("Strava's limit of calls is reached; wait for the next window")
    if status not in _CLIENT_ERRORS or status == _TIMED_OUT:
        return StravaUnavailable(f"Strava answered with status {status}; try again later")
    if not is_stravas(answer):
        return StravaUnavailable(
            f"what answered with status {status} is not Strava; check strava_api_base and strava_oauth_base"
        )
    if status == UNAUTHORIZED and "missing" in codes:
        return ScopeMissing("the athlete has not granted what this needs; connect again and leave it ticked")
    if status == UNAUTHORIZED:
        return AccessTokenRejected("Strava does not take this access token any more")
    if status == FORBIDDEN and "inactive" in codes:
        return StravaAppInactive(
            "Strava has switched the app off; its owner has to see to it at https://www.strava.com/settings/api"
        )
    return StravaRefused(f"Strava refused the request with status {status}; asking again changes nothing")


def app_failure(answer: Answer) -> UpstreamError:
    """What a failure means for a call with the app's credentials."""
    error = failure(answer)
    if isinstance(error, AccessTokenRejected | ScopeMissing) or is_about_credentials(answer):
        return rated(
            StravaRefused("Strava does not know the app; check strava_client_id and strava_client_secret"),
            answer,
        )
    return error


def is_about_credentials(answer: Answer) -> bool:
    """Whether a refusal names the app's id or secret."""
    return any(each.field in _CREDENTIALS for each in details(answer))


def exchange_failure(answer: Answer) -> UpstreamError:
    """What a refused exchange of a code means."""
    if _is_invalid(answer, "code"):
        return rated(
            StravaRefused("Strava does not take this code; it is good once and not for long: connect again"),
            answer,
        )
    return app_failure(answer)


def refresh_failure(answer: Answer) -> UpstreamError:
    """What a refused refresh means."""
    if _is_invalid(answer, *_REFRESH_TOKEN):
        return rated(
            TokenRefreshRejected("Strava does not take this refresh token: used up or revoked"), answer
        )
    return app_failure(answer)


def _is_invalid(answer: Answer, *fields: str) -> bool:
    return answer.status == BAD_REQUEST and any(
        each.field in fields and each.code == "invalid" for each in details(answer)
    )


def is_revoked_already(answer: Answer) -> bool:
    """Whether a refused revocation means that the token was revoked before."""
    if not is_stravas(answer) or is_about_credentials(answer):
        return False
    codes = {each.code for each in details(answer)}
    return answer.status == UNAUTHORIZED or (answer.status == BAD_REQUEST and "invalid" in codes)
