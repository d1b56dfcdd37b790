"""What Strava's refusals mean.

Decided on the status, and on each detail's `code` and `field`: the `resource` has been seen to vary. Nothing
of a body is repeated. What does not look like Strava's own answer (a page of HTML, say, from something on the
way) proves nothing about activities or permissions, so it counts as no answer.
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
"""How Strava has called the refresh token in what it refuses."""

_Error = TypeVar("_Error", bound=UpstreamError)


@frozen
class Detail:
    """One thing Strava complains about, in lower case."""

    field: str
    code: str


def rated(error: _Error, answer: Answer) -> _Error:
    """The error, with the counts that came with the answer."""
    error.rates = rates_of(answer.headers)
    return error


def details(answer: Answer) -> tuple[Detail, ...]:
    """What Strava complains about; each part of it is optional, and `errors` has been seen as a text."""
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
    """Whether a refusal looks like one of Strava's own: JSON, or nothing at all."""
    if "html" in answer.headers.get("content-type", "").lower() or answer.is_too_long:
        return False
    return not answer.body.strip() or isinstance(_document(answer), dict)


def failure(answer: Answer) -> UpstreamError:
    """What an answer other than a success means to a call in an athlete's name."""
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
    """What an answer other than a success means to a call in the app's own name."""
    error = failure(answer)
    if isinstance(error, AccessTokenRejected | ScopeMissing) or is_about_credentials(answer):
        return rated(
            StravaRefused("Strava does not know the app; check strava_client_id and strava_client_secret"),
            answer,
        )
    return error


def is_about_credentials(answer: Answer) -> bool:
    """Whether Strava complains about the app's own id or secret."""
    return any(each.field in _CREDENTIALS for each in details(answer))


def exchange_failure(answer: Answer) -> UpstreamError:
    """What it means that a code was not exchanged."""
    if _is_invalid(answer, "code"):
        return rated(
            StravaRefused("Strava does not take this code; it is good once and not for long: connect again"),
            answer,
        )
    return app_failure(answer)


def refresh_failure(answer: Answer) -> UpstreamError:
    """What it means that tokens were not renewed.

    Only a clear word about the refresh token condemns it: an athlete's connection hangs on that.
    """
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
    """Whether what was to be revoked is of no use any more anyway."""
    if not is_stravas(answer) or is_about_credentials(answer):
        return False
    codes = {each.code for each in details(answer)}
    return answer.status == UNAUTHORIZED or (answer.status == BAD_REQUEST and "invalid" in codes)
