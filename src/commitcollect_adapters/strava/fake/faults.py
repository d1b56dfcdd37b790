"""Refusals in Strava's words, and faults that tests inject."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum

from attrs import define, field

from commitcollect_adapters.strava import Answer
from commitcollect_core.errors import InvalidInput

JSON_HEADERS = {
    "content-type": "application/json; charset=utf-8",
    "cache-control": "max-age=0, private, must-revalidate",
}
HTML_HEADERS = {"content-type": "text/html; charset=utf-8"}
HUGE_BYTES = 10_000_000

_HTML_PAGE = b"<!DOCTYPE html><html><body><h1>Something went wrong</h1></body></html>"
_MESSAGES = {400: "Bad Request", 401: "Authorization Error", 403: "Forbidden", 404: "Record Not Found"}


def json_answer(content: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer with a JSON body."""
    return Answer(
        status=status, headers={**JSON_HEADERS, **(headers or {})}, body=json.dumps(content).encode()
    )


def refusal(status: int, resource: str, field: str, code: str) -> Answer:
    """A refusal with one detail. Recorded refusals carry no rate limit headers."""
    errors = [{"resource": resource, "field": field, "code": code}]
    return json_answer({"message": _MESSAGES[status], "errors": errors}, status=status)


def not_found() -> Answer:
    """A 404. The recorded one has an empty body."""
    return Answer(status=404, headers={"content-type": "application/json; charset=utf-8"})


def rate_limited(headers: Mapping[str, str]) -> Answer:
    """A 429. The recorded one has a text as `errors`."""
    content = {"errors": "Rate Limit Exceeded", "status": 429, "message": "Too Many Requests"}
    return json_answer(content, status=429, headers=headers)


def app_inactive() -> Answer:
    """The answer to every read once Strava has deactivated the app."""
    return refusal(403, "Application", "Status", "Inactive")


class CallKind(StrEnum):
    """What a call is about. EVENT is a call that Strava makes."""

    AUTHORIZE = "authorize"
    EXCHANGE = "exchange"
    REFRESH = "refresh"
    REVOKE = "revoke"
    ATHLETE = "athlete"
    ACTIVITY = "activity"
    ACTIVITIES = "activities"
    SUBSCRIPTIONS = "subscriptions"
    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"
    EVENT = "event"


TO_STRAVA = frozenset(CallKind) - {CallKind.EVENT}
_EVENTS = frozenset({CallKind.EVENT})
_TOKENS = frozenset({CallKind.EXCHANGE, CallKind.REFRESH})
_WITH_CREDENTIALS = frozenset(
    {*_TOKENS, CallKind.REVOKE, CallKind.SUBSCRIPTIONS, CallKind.SUBSCRIBE, CallKind.UNSUBSCRIBE}
)


class Fault(StrEnum):
    """A fault of one call.

    With a fault that refuses, the call has no effect. With one that changes the content of an answer, and
    with LOST_ANSWER, it has: a refresh rotates the token, for example. `kinds` says what a fault applies to.
    """

    RATE_LIMITED = "rate_limited"
    UNAUTHORIZED = "unauthorized"
    NOT_FOUND = "not_found"
    APP_INACTIVE = "app_inactive"
    SERVER_ERROR = "server_error"
    ODD_STATUS = "odd_status"
    HTML = "html"
    REDIRECT = "redirect"
    HUGE = "huge"
    EMPTY = "empty"
    HANG = "hang"
    LOST_ANSWER = "lost_answer"

    # Refusals by an app's credentials
    APP_REJECTED = "app_rejected"
    APP_REJECTED_EMPTY = "app_rejected_empty"
    INVALID_CLIENT = "invalid_client"

    # Refusals of codes and tokens
    CODE_EXPIRED = "code_expired"
    INVALID_GRANT = "invalid_grant"
    REFRESH_TOKEN_REJECTED = "refresh_token_rejected"
    ATHLETES_EXCEEDED = "athletes_exceeded"

    # Odd content of granted tokens
    EXPIRES_AT_TEXT = "expires_at_text"
    EXPIRES_AT_FLOAT = "expires_at_float"
    EXPIRES_IN_ONLY = "expires_in_only"
    NO_EXPIRY = "no_expiry"
    NO_ACCESS_TOKEN = "no_access_token"
    NO_REFRESH_TOKEN = "no_refresh_token"

    # Odd content of reads: another athlete's activity, one before its last change, and a page that is cut
    # before private activities are left out of it
    WRONG_ATHLETE = "wrong_athlete"
    OLD_STATE = "old_state"
    SHORT_PAGE = "short_page"

    # Odd content of events
    UPDATES_NULL = "updates_null"
    UPDATES_LIST = "updates_list"
    UPDATES_TEXT = "updates_text"
    UPDATES_NUMBERS = "updates_numbers"
    UPDATES_NESTED = "updates_nested"
    IDS_AS_TEXT = "ids_as_text"
    TIME_FLOAT = "time_float"
    TIME_MILLISECONDS = "time_milliseconds"
    TIME_AHEAD = "time_ahead"
    TIME_MISSING = "time_missing"
    NO_CONTENT_TYPE = "no_content_type"
    FORM_CONTENT_TYPE = "form_content_type"

    @property
    def kinds(self) -> frozenset[CallKind]:
        """The calls to which this fault applies."""
        return _KINDS.get(self, TO_STRAVA)


_KINDS: Mapping[Fault, frozenset[CallKind]] = {
    **dict.fromkeys((Fault.APP_REJECTED, Fault.APP_REJECTED_EMPTY, Fault.INVALID_CLIENT), _WITH_CREDENTIALS),
    Fault.CODE_EXPIRED: frozenset({CallKind.EXCHANGE}),
    Fault.ATHLETES_EXCEEDED: frozenset({CallKind.EXCHANGE}),
    Fault.REFRESH_TOKEN_REJECTED: frozenset({CallKind.REFRESH}),
    **dict.fromkeys(
        (
            Fault.INVALID_GRANT,
            Fault.EXPIRES_AT_TEXT,
            Fault.EXPIRES_AT_FLOAT,
            Fault.EXPIRES_IN_ONLY,
            Fault.NO_EXPIRY,
            Fault.NO_ACCESS_TOKEN,
            Fault.NO_REFRESH_TOKEN,
        ),
        _TOKENS,
    ),
    Fault.WRONG_ATHLETE: frozenset({CallKind.ACTIVITY}),
    Fault.OLD_STATE: frozenset({CallKind.ACTIVITY}),
    Fault.SHORT_PAGE: frozenset({CallKind.ACTIVITIES}),
    **dict.fromkeys(
        (
            Fault.UPDATES_NULL,
            Fault.UPDATES_LIST,
            Fault.UPDATES_TEXT,
            Fault.UPDATES_NUMBERS,
            Fault.UPDATES_NESTED,
            Fault.IDS_AS_TEXT,
            Fault.TIME_FLOAT,
            Fault.TIME_MILLISECONDS,
            Fault.TIME_AHEAD,
            Fault.TIME_MISSING,
            Fault.NO_CONTENT_TYPE,
            Fault.FORM_CONTENT_TYPE,
        ),
        _EVENTS,
    ),
}

EVENT_FAULTS = tuple(each for each in Fault if each.kinds == _EVENTS)
"""Odd events, in the order of `Fault`."""

FIXED_ANSWERS: Mapping[Fault, Answer] = {
    Fault.APP_REJECTED: refusal(401, "Application", "", "invalid"),
    Fault.APP_REJECTED_EMPTY: json_answer({}, status=401),
    Fault.INVALID_CLIENT: json_answer({"error": "invalid_client"}, status=401),
    Fault.CODE_EXPIRED: refusal(400, "AuthorizationCode", "", "expired"),
    Fault.INVALID_GRANT: json_answer({"error": "invalid_grant"}, status=400),
    Fault.REFRESH_TOKEN_REJECTED: refusal(400, "RefreshToken", "", "invalid"),
    Fault.ATHLETES_EXCEEDED: refusal(403, "Application", "Connected Athletes", "exceeded"),
    Fault.UNAUTHORIZED: refusal(401, "Athlete", "access_token", "invalid"),
    Fault.NOT_FOUND: not_found(),
    Fault.APP_INACTIVE: app_inactive(),
    Fault.SERVER_ERROR: Answer(status=500, headers=HTML_HEADERS, body=_HTML_PAGE),
    Fault.ODD_STATUS: Answer(status=597),
    Fault.HTML: Answer(status=200, headers=HTML_HEADERS, body=_HTML_PAGE),
    Fault.REDIRECT: Answer(status=302, headers={"location": "/elsewhere"}),
    Fault.EMPTY: Answer(status=200, headers=JSON_HEADERS),
}
"""Faults whose answer is the same for every call."""


class NoAnswer(Exception):
    """An injected fault: the connection hangs or breaks."""

    def __init__(self, *, hangs: bool) -> None:
        super().__init__("hangs" if hangs else "breaks")
        self.hangs = hangs


@define
class FaultPlan:
    """Injected faults to come, and the number of calls by kind."""

    calls: Counter[CallKind] = field(factory=Counter)
    _injected: list[_Injected] = field(factory=list)

    def inject(self, fault: Fault, kind: CallKind | None, *, count: int | None, after: int) -> None:
        """As in `FakeStrava.inject`."""
        if kind is not None and kind not in fault.kinds:
            raise InvalidInput(
                f"the fault {fault} applies to {', '.join(sorted(fault.kinds))}, not to {kind}", field="kind"
            )
        kinds = fault.kinds if kind is None else frozenset({kind})
        self._injected.append(_Injected(fault, kinds, count, after))

    def clear(self) -> None:
        """Remove every fault."""
        self._injected.clear()

    def next_for(self, kind: CallKind) -> Fault | None:
        """Count a call; return its fault, if there is one."""
        self.calls[kind] += 1
        due = [each for each in self._injected if kind in each.kinds and each.is_due()]
        return due[0].spend() if due else None


@define
class _Injected:
    fault: Fault
    kinds: frozenset[CallKind]
    count: int | None
    after: int

    def is_due(self) -> bool:
        """Whether this call fails; otherwise one good call is counted down."""
        if self.after > 0:
            self.after -= 1
            return False
        return self.count is None or self.count > 0

    def spend(self) -> Fault:
        if self.count is not None:
            self.count -= 1
        return self.fault
