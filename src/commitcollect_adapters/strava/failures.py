"""What Strava's refusals mean.

The status decides, then each detail's `code` and `field`, then the `error` of OAuth. The `field` is often
empty. The `resource` varies; it is used only to blame the app instead of an athlete. Messages repeat nothing
of a body. An answer that does not look like Strava's, such as an HTML page of a proxy, proves nothing about
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
    StravaAppRejected,
    StravaAthletesExceeded,
    StravaCodeRejected,
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
_APP_ERRORS = frozenset({"invalid_client", "unauthorized_client"})
_REJECTED_CODES = frozenset({"invalid", "expired", "revoked"})
_REJECTED_ERRORS = frozenset({"invalid_grant", "invalid_token"})

_REFRESH_TOKEN = frozenset({"refresh_token", "code", "token", ""})
"""Names of the refresh token in refusals."""

_AUTHORIZATION_CODE = frozenset({"code", ""})
"""Names of the authorization code in refusals."""

_CONNECTED_ATHLETES = "connected athletes"

_Error = TypeVar("_Error", bound=UpstreamError)


@frozen
class Detail:
    """One item of `errors`, in lower case."""

    resource: str
    field: str
    code: str


def rated(error: _Error, answer: Answer) -> _Error:
    """The error, with the rate limit headers of the answer."""
    error.rates = rates_of(answer.headers)
    return error


def details(answer: Answer) -> tuple[Detail, ...]:
    """The items of `errors`; empty if it is missing or a text."""
    errors = _object(answer).get("errors")
    items = [errors] if isinstance(errors, dict) else errors
    if not isinstance(items, list):
        return ()
    return tuple(
        Detail(_text(each.get("resource")), _text(each.get("field")), _text(each.get("code")))
        for each in items
        if isinstance(each, dict)
    )


def _text(value: object) -> str:
    return value.strip().lower() if isinstance(value, str) else ""


def _object(answer: Answer) -> dict[str, Any]:
    """The body's JSON object, or an empty one."""
    try:
        document = parse_document(answer.body)
    except InvalidInput:
        return {}
    return document if isinstance(document, dict) else {}


def _oauth_error(answer: Answer) -> str:
    """The `error` of an OAuth refusal, which comes without `errors`."""
    return _text(_object(answer).get("error"))


def is_stravas(answer: Answer) -> bool:
    """Whether a refusal is a JSON object or empty, as Strava's are."""
    if "html" in answer.headers.get("content-type", "").lower() or answer.is_too_long:
        return False
    return not answer.body.strip() or _is_object(answer.body)


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(parse_document(body), dict)
    except InvalidInput:
        return False


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
            "Strava has deactivated the app; its owner has to see to it at https://www.strava.com/settings/api"
        )
    if status == FORBIDDEN and _is_about_connected_athletes(answer):
        return StravaAthletesExceeded(
            "the app may have no more connected athletes; its owner can ask Strava for more with the form "
            "linked from https://developers.strava.com/docs/rate-limits/"
        )
    return StravaRefused(f"Strava refused the request with status {status}; asking again changes nothing")


def _is_about_connected_athletes(answer: Answer) -> bool:
    if any("exceeded" in each.code or _CONNECTED_ATHLETES in each.field for each in details(answer)):
        return True
    document = _object(answer)
    return any(_CONNECTED_ATHLETES in _text(document.get(name)) for name in ("message", "error", "errors"))


def app_failure(answer: Answer) -> UpstreamError:
    """What a failure means for a call with the app's credentials."""
    # A 401 to the app's own credentials is about them, whatever the body says (RFC 6749, RFC 7009).
    error = failure(answer)
    if isinstance(error, AccessTokenRejected | ScopeMissing) or (
        isinstance(error, StravaRefused) and is_about_app(answer)
    ):
        return rated(
            StravaAppRejected(
                "Strava does not accept the app's id or secret; check strava_client_id and "
                "strava_client_secret"
            ),
            answer,
        )
    return error


def is_about_app(answer: Answer) -> bool:
    """Whether a refusal names the app, its id or its secret."""
    return _oauth_error(answer) in _APP_ERRORS or any(
        each.field in _CREDENTIALS or (each.resource == "application" and not each.field)
        for each in details(answer)
    )


def exchange_failure(answer: Answer) -> UpstreamError:
    """What a refused exchange of a code means."""
    if _is_rejected(answer, _AUTHORIZATION_CODE):
        return rated(
            StravaCodeRejected(
                "Strava does not take this code; it works once and expires within minutes: connect again"
            ),
            answer,
        )
    return app_failure(answer)


def refresh_failure(answer: Answer) -> UpstreamError:
    """What a refused refresh means."""
    # An athlete has to connect again after a rejection, so only a clear refusal of the token is one.
    if _is_rejected(answer, _REFRESH_TOKEN):
        return rated(
            TokenRefreshRejected("Strava does not take this refresh token: it was replaced or revoked"),
            answer,
        )
    return app_failure(answer)


def _is_rejected(answer: Answer, fields: frozenset[str]) -> bool:
    """Whether a 400 rejects what one of these fields names."""
    if answer.status != BAD_REQUEST or not is_stravas(answer) or is_about_app(answer):
        return False
    return _oauth_error(answer) in _REJECTED_ERRORS or any(
        each.field in fields and each.code in _REJECTED_CODES for each in details(answer)
    )


def is_revoked_already(answer: Answer) -> bool:
    """Whether a refused `/revoke` means that the token was revoked before."""
    # Not on a 401: `/revoke` identifies the app, so a 401 is about the app and the token is still valid.
    if answer.status != BAD_REQUEST or not is_stravas(answer) or is_about_app(answer):
        return False
    codes = {each.code for each in details(answer)}
    return not codes.isdisjoint(_REJECTED_CODES) or _oauth_error(answer) in _REJECTED_ERRORS


def is_access_token_rejected(answer: Answer) -> bool:
    """Whether a refused `/deauthorize` means that its token has ended."""
    return is_revoked_already(answer) or isinstance(failure(answer), AccessTokenRejected)
