"""Refusals in Strava's words, and faults that tests inject."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum

from attrs import define, field

from commitcollect_adapters.strava import Answer

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
    """What a call is about."""

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


class Fault(StrEnum):
    """A fault of one call.

    The call has no effect, except with LOST_ANSWER. WRONG_ATHLETE returns another athlete's activity, and
    OLD_STATE an activity before its last change.
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
    WRONG_ATHLETE = "wrong_athlete"
    OLD_STATE = "old_state"


FIXED_ANSWERS: Mapping[Fault, Answer] = {
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
        self._injected.append(_Injected(fault, kind, count, after))

    def clear(self) -> None:
        """Remove every fault."""
        self._injected.clear()

    def next_for(self, kind: CallKind) -> Fault | None:
        """Count a call; return its fault, if there is one."""
        self.calls[kind] += 1
        due = [each for each in self._injected if each.kind in {None, kind} and each.is_due()]
        return due[0].spend() if due else None


@define
class _Injected:
    fault: Fault
    kind: CallKind | None
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
