"""One exception family; every class carries a stable `code`.

Expected outcomes are return values. An error is for what the caller must correct or retry. Its message names
the value, the limit and the way out.
"""

from __future__ import annotations

from datetime import datetime


class CommitCollectError(Exception):
    """Something went wrong that the caller can act on.

    Attributes:
        code: stable, machine-readable; part of the public interface.
        message: one sentence for a person.
        field: the input that is at fault, where there is one.
        retry_at: when a retry makes sense, where that is known; a worker defers the job until then.
        ends_job: a worker drops a job that failed so, as a retry would fail, too. For every other error it
            retries the job, and in the end parks it as a dead letter for an operator.
        is_attempt: whether a job that failed so has used up one of its attempts although `retry_at` is known.
    """

    code = "error"
    ends_job = False
    is_attempt = False

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        field: str | None = None,
        retry_at: datetime | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.field = field
        self.retry_at = retry_at


class InvalidInput(CommitCollectError):
    """A value the caller gave is not acceptable.

    Giving it again changes nothing.
    """

    code = "invalid_input"


class Unauthenticated(CommitCollectError):
    """The caller is not known, or not any more."""

    code = "unauthenticated"


class Forbidden(CommitCollectError):
    """The caller is known and may not do this."""

    code = "forbidden"


class NotFound(CommitCollectError):
    """What was asked for does not exist, or not for this athlete."""

    code = "not_found"
    ends_job = True


class Conflict(CommitCollectError):
    """The request collides with the state that is stored."""

    code = "conflict"


class VersionConflict(Conflict):
    """Another process wrote first: read again and decide again."""

    code = "version_conflict"


class AccountDeleting(Conflict):
    """The account is being deleted, or was, and takes no writes."""

    code = "account_deleting"
    ends_job = True


ACCOUNT_DELETED = (
    "this account is being deleted, or was deleted; nothing can be added to it any more: use another user"
)
"""The message of `AccountDeleting` where something is written."""


class AthleteAlreadyConnected(Conflict):
    """This Strava athlete is connected to another account."""

    code = "athlete_already_connected"


class OtherAthleteConnected(Conflict):
    """This account is connected to another Strava athlete."""

    code = "other_athlete_connected"


class ConnectionBusy(Conflict):
    """Another process holds the lease to refresh this connection's tokens.

    It carries `retry_at`.
    """

    code = "connection_busy"


class ConnectionChanged(Conflict):
    """The connection was ended or made anew while its activities were looked at.

    Nothing of them was stored.
    """

    code = "connection_changed"


class LimitExceeded(CommitCollectError):
    """A named limit of the `Policy` was reached.

    Attributes:
        limit: how many there may be; None if the message alone tells.
    """

    code = "limit_exceeded"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        field: str | None = None,
        retry_at: datetime | None = None,
        limit: int | None = None,
    ) -> None:
        super().__init__(message, code=code, field=field, retry_at=retry_at)
        self.limit = limit


class StorageError(CommitCollectError):
    """The store could not do what it was asked."""

    code = "storage_error"


class StorageUnavailable(StorageError):
    """The store is busy, full or out of reach.

    The same call may succeed later.
    """

    code = "storage_unavailable"


class CorruptItem(StorageError):
    """A stored item cannot be read back; a retry will not help."""

    code = "corrupt_item"


class SealBroken(StorageError):
    """A sealed secret was altered, moved, or sealed with another key."""

    code = "seal_broken"


class UpstreamError(CommitCollectError):
    """A service we depend on did not do what it was asked.

    Attributes:
        rates: what it said about the calls made so far; a `RateReading` or None.
    """

    code = "upstream_error"
    rates: object = None


class IdentityProviderError(UpstreamError):
    """The identity provider does not work with these settings; its operator has to act."""

    code = "identity_provider_error"


class IdentityProviderUnavailable(IdentityProviderError):
    """The identity provider is down, slow or gives no valid answer.

    The same call may succeed later.
    """

    code = "identity_provider_unavailable"


class StravaUnavailable(UpstreamError):
    """Strava is down, slow or gives no valid answer.

    The same call may succeed later.
    """

    code = "strava_unavailable"


class StravaRefused(UpstreamError):
    """Strava understood the request and refused it.

    Asking again changes nothing.
    """

    code = "strava_refused"


class StravaRateLimited(UpstreamError):
    """The app has used up its calls.

    None may be made for any athlete before `retry_at`.
    """

    code = "strava_rate_limited"


class StravaAppInactive(UpstreamError):
    """Strava has switched off the app; its owner has to act.

    The permissions of athletes are not affected.

    `StravaAccess` sets `retry_at`, until when it makes no calls.
    """

    code = "strava_app_inactive"


class StravaAppRejected(UpstreamError):
    """Strava does not accept the app's id or secret.

    This says nothing about any athlete.

    `StravaAccess` sets `retry_at`, so that no job becomes a dead letter before the operator has acted.
    """

    code = "strava_app_rejected"


class StravaAthletesExceeded(UpstreamError):
    """The app has reached its limit of connected athletes.

    Its owner has to ask Strava for more.
    """

    code = "strava_athletes_exceeded"


class StravaCodeRejected(UpstreamError):
    """Strava rejects this authorization code: it has expired or was used."""

    code = "strava_code_rejected"


class ActivityNotThereYet(UpstreamError):
    """Strava does not show an activity that an event announced.

    `retry_at` says when to ask again.
    """

    code = "activity_not_there_yet"
    is_attempt = True


class AccessTokenRejected(UpstreamError):
    """Strava rejects this access token: it has expired or was revoked."""

    code = "access_token_rejected"


class ScopeMissing(UpstreamError):
    """The athlete has not granted what this call needs."""

    code = "scope_missing"
    ends_job = True


class TokenRefreshRejected(UpstreamError):
    """Strava rejects this refresh token: it was used up or revoked."""

    code = "token_refresh_rejected"


class NeedsReconnect(Conflict):
    """The connection to Strava is broken.

    The athlete has to connect again.
    """

    code = "strava_needs_reconnect"
    ends_job = True


EXIT_FAILURE = 1
EXIT_USAGE = 2
EXIT_NOT_FOUND = 3
EXIT_AUTHENTICATION = 4
EXIT_TRY_LATER = 5

ACCESS_DENIED = "access_denied"
"""The code for an athlete who refuses permission."""

ANSWERS: dict[type[CommitCollectError] | str, tuple[int, int]] = {
    CommitCollectError: (500, EXIT_FAILURE),
    InvalidInput: (400, EXIT_USAGE),
    ACCESS_DENIED: (400, EXIT_AUTHENTICATION),
    "unreadable_history": (400, EXIT_FAILURE),
    "idempotency_key_reused": (422, EXIT_USAGE),
    Unauthenticated: (401, EXIT_AUTHENTICATION),
    Forbidden: (403, EXIT_AUTHENTICATION),
    NotFound: (404, EXIT_NOT_FOUND),
    Conflict: (409, EXIT_FAILURE),
    VersionConflict: (409, EXIT_TRY_LATER),
    AccountDeleting: (409, EXIT_FAILURE),
    AthleteAlreadyConnected: (409, EXIT_FAILURE),
    OtherAthleteConnected: (409, EXIT_FAILURE),
    NeedsReconnect: (409, EXIT_AUTHENTICATION),
    ConnectionBusy: (503, EXIT_TRY_LATER),
    ConnectionChanged: (409, EXIT_FAILURE),
    LimitExceeded: (409, EXIT_FAILURE),
    StorageError: (500, EXIT_FAILURE),
    StorageUnavailable: (503, EXIT_TRY_LATER),
    CorruptItem: (500, EXIT_FAILURE),
    SealBroken: (500, EXIT_FAILURE),
    UpstreamError: (502, EXIT_FAILURE),
    IdentityProviderError: (502, EXIT_FAILURE),
    IdentityProviderUnavailable: (503, EXIT_TRY_LATER),
    StravaUnavailable: (503, EXIT_TRY_LATER),
    ActivityNotThereYet: (503, EXIT_TRY_LATER),
    StravaRefused: (502, EXIT_FAILURE),
    StravaRateLimited: (503, EXIT_TRY_LATER),
    StravaAppInactive: (503, EXIT_TRY_LATER),
    StravaAppRejected: (502, EXIT_FAILURE),
    StravaAthletesExceeded: (502, EXIT_FAILURE),
    StravaCodeRejected: (400, EXIT_FAILURE),
    AccessTokenRejected: (502, EXIT_FAILURE),
    ScopeMissing: (403, EXIT_AUTHENTICATION),
    TokenRefreshRejected: (502, EXIT_FAILURE),
}
"""Class, or a code that differs from its class -> HTTP status and exit code of the command line."""


def _answer_to(error: CommitCollectError) -> tuple[int, int]:
    """The row of the error's code, else of the nearest class."""
    return next(ANSWERS[key] for key in (error.code, *type(error).__mro__) if key in ANSWERS)


def http_status(error: CommitCollectError) -> int:
    """The HTTP status that an error is answered with."""
    return _answer_to(error)[0]


def exit_code(error: CommitCollectError) -> int:
    """The exit code of a command that ends with an error."""
    return _answer_to(error)[1]
