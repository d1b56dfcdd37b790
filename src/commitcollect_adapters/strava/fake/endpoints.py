"""Strava's endpoints. Calls over HTTP and in process are both answered here."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import assert_never
from urllib.parse import urlencode, urlsplit

from attrs import evolve

from commitcollect_adapters.strava import Answer, Request
from commitcollect_adapters.strava.fake.activities import detail
from commitcollect_adapters.strava.fake.faults import (
    FIXED_ANSWERS,
    HUGE_BYTES,
    JSON_HEADERS,
    CallKind,
    Fault,
    NoAnswer,
    app_inactive,
    json_answer,
    not_found,
    rate_limited,
    refusal,
)
from commitcollect_adapters.strava.fake.state import State
from commitcollect_adapters.strava.fake.tokens import Permission
from commitcollect_core.strava.connections import allows_activities

API, OAUTH = "/api/v3", "/oauth"
PER_PAGE, PER_PAGE_MAX = 30, 200

_READS = frozenset({CallKind.ATHLETE, CallKind.ACTIVITY, CallKind.ACTIVITIES})
"""The only calls that count toward the rate limits."""

_FIXED_ROUTES = {
    ("GET", f"{OAUTH}/authorize"): CallKind.AUTHORIZE,
    ("POST", f"{OAUTH}/revoke"): CallKind.REVOKE,
    ("POST", f"{OAUTH}/deauthorize"): CallKind.REVOKE,
    ("GET", f"{API}/athlete"): CallKind.ATHLETE,
    ("GET", f"{API}/athlete/activities"): CallKind.ACTIVITIES,
    ("GET", f"{API}/push_subscriptions"): CallKind.SUBSCRIPTIONS,
    ("POST", f"{API}/push_subscriptions"): CallKind.SUBSCRIBE,
}


class Endpoints:
    """Answers calls; thread-safe."""

    def __init__(self, state: State) -> None:
        self._state = state

    def answer(self, request: Request) -> Answer:
        """The answer to a call.

        Raises:
            NoAnswer: an injected fault.
        """
        path = urlsplit(request.address).path
        kind = _kind(request, path)
        if kind is None:
            return not_found()
        with self._state.lock:
            fault = self._state.faults.next_for(kind)
            now = self._state.clock.now()
            # Strava counts a read before it looks at the token, so a refused read is counted too.
            is_within_limits = kind not in _READS or self._state.rates.count(now)
            rate_headers = self._state.rates.headers()
            if not is_within_limits:
                return rate_limited(rate_headers)
            if (fault_answer := self._fault_answer(fault, kind, now)) is not None:
                return fault_answer
        answer = self._served(kind, request, path.rpartition("/")[2], now, fault)
        if fault is Fault.LOST_ANSWER:
            raise NoAnswer(hangs=False)
        if answer.status in {401, 404} or kind not in _READS:
            return answer
        return evolve(answer, headers={**answer.headers, **rate_headers})

    def _fault_answer(self, fault: Fault | None, kind: CallKind, now: datetime) -> Answer | None:
        """The answer of a fault; None if the call is served."""
        if self._state.is_app_inactive and kind in _READS:
            return app_inactive()
        if fault is Fault.HANG:
            raise NoAnswer(hangs=True)
        if fault is Fault.RATE_LIMITED:
            self._state.rates.exhaust(now)
            return rate_limited(self._state.rates.headers())
        if fault is Fault.HUGE:
            return Answer(status=200, headers=JSON_HEADERS, body=b" " * HUGE_BYTES)
        return None if fault is None else FIXED_ANSWERS.get(fault)

    def _served(
        self, kind: CallKind, request: Request, last: str, now: datetime, fault: Fault | None
    ) -> Answer:
        """The answer to a call that is served.

        Args:
            kind: what the call is about.
            request: the call.
            last: the last segment of the path.
            now: the time of the call.
            fault: one that changes the content of the answer.
        """
        subscriptions = self._state.subscriptions
        if kind is CallKind.SUBSCRIBE:
            return self._checked(request.form, lambda: subscriptions.create(request.form, now))
        with self._state.lock:
            match kind:
                case CallKind.AUTHORIZE:
                    return self._authorize(request.query)
                case CallKind.EXCHANGE:
                    return self._checked(request.form, lambda: self._exchange(request.form, now, fault))
                case CallKind.REFRESH:
                    return self._checked(request.form, lambda: self._refresh(request.form, now, fault))
                case CallKind.REVOKE:
                    return self._revoke(request) if last == "revoke" else self._deauthorize(request, now)
                case CallKind.ATHLETE | CallKind.ACTIVITY | CallKind.ACTIVITIES:
                    return self._read(kind, request, last, now, fault)
                case CallKind.SUBSCRIPTIONS:
                    return self._checked(request.query, subscriptions.list)
                case CallKind.UNSUBSCRIBE:
                    # Documented in the query; clients that keep the secret out of addresses send a form.
                    given = {**request.query, **request.form}
                    return self._checked(given, lambda: subscriptions.delete(last))
                case CallKind.EVENT:
                    raise AssertionError("an event is no call to Strava")
                case _:
                    assert_never(kind)

    def _checked(self, credentials: Mapping[str, str], serve: Callable[[], Answer]) -> Answer:
        """Serve a call if the app's id and secret are right."""
        app = self._state.app
        if credentials.get("client_id") != app.client_id:
            return refusal(400, "Application", "client_id", "invalid")
        if credentials.get("client_secret") != app.client_secret:
            return refusal(400, "Application", "client_secret", "invalid")
        return serve()

    def _authorize(self, query: Mapping[str, str]) -> Answer:
        """The redirect after the athlete has answered the consent page."""
        if query.get("client_id") != self._state.app.client_id:
            return refusal(400, "Application", "client_id", "invalid")
        redirect_uri, consent = query.get("redirect_uri", ""), self._state.consent
        if not redirect_uri or query.get("response_type") != "code":
            return refusal(400, "Application", "redirect_uri", "invalid")
        result = {"state": query["state"]} if "state" in query else {}
        if consent is None or consent.refuses:
            result["error"] = "access_denied"
        else:
            scope = [each for each in query.get("scope", "").split(",") if each not in consent.unticks]
            result["code"] = self._state.tokens.new_code(consent.athlete_id, scope)
            result["scope"] = ",".join(scope)
        separator = "&" if urlsplit(redirect_uri).query else "?"
        return Answer(status=302, headers={"location": f"{redirect_uri}{separator}{urlencode(result)}"})

    def _exchange(self, form: Mapping[str, str], now: datetime, fault: Fault | None) -> Answer:
        permission = self._state.tokens.exchange(form.get("code", ""), now)
        if permission is None:
            return refusal(400, "AuthorizationCode", "code", "invalid")
        athlete = self._state.athlete_document(permission.athlete_id)
        return json_answer({**permission.document(now, fault), "athlete": athlete})

    def _refresh(self, form: Mapping[str, str], now: datetime, fault: Fault | None) -> Answer:
        permission = self._state.tokens.refresh(form.get("refresh_token", ""), now)
        if permission is None:
            return refusal(400, "RefreshToken", "refresh_token", "invalid")
        return json_answer(permission.document(now, fault))

    def _revoke(self, request: Request) -> Answer:
        """Revoke a permission by either token, authenticated with HTTP Basic."""
        app = self._state.app
        credentials = b64encode(f"{app.client_id}:{app.client_secret}".encode()).decode()
        if _authorization(request) != f"Basic {credentials}":
            return refusal(401, "Application", "client_secret", "invalid")
        permission = self._state.tokens.by_any_token(request.form.get("token", ""))
        if permission is None:
            return refusal(400, "Athlete", "token", "invalid")
        return self._revoked(permission)

    def _deauthorize(self, request: Request, now: datetime) -> Answer:
        """Revoke a permission by a valid access token: the old endpoint."""
        permission = self._state.tokens.by_access_token(_bearer(request), now)
        if permission is None:
            return refusal(401, "Athlete", "access_token", "invalid")
        return self._revoked(permission)

    def _revoked(self, permission: Permission) -> Answer:
        self._state.revoke(permission.athlete_id)
        return json_answer({})

    def _read(
        self, kind: CallKind, request: Request, last: str, now: datetime, fault: Fault | None
    ) -> Answer:
        permission = self._state.tokens.by_access_token(_bearer(request), now)
        if permission is None:
            return refusal(401, "Athlete", "access_token", "invalid")
        if kind is CallKind.ATHLETE:
            return json_answer(self._state.athlete_document(permission.athlete_id))
        if not allows_activities(permission.scope):
            return refusal(401, "AccessToken", "activity:read_permission", "missing")
        if kind is CallKind.ACTIVITY:
            return self._activity(int(last), permission, fault)
        return self._activities(request.query, permission, now, fault)

    def _activity(self, activity_id: int, permission: Permission, fault: Fault | None) -> Answer:
        stored = self._state.activities.get(activity_id)
        is_theirs = stored is not None and stored.athlete_id == permission.athlete_id
        if stored is None or not is_theirs or not stored.is_visible(permission.scope):
            return not_found()
        document = detail(stored.previous if fault is Fault.OLD_STATE else stored.payload)
        if fault is Fault.WRONG_ATHLETE:
            document["athlete"] = {**document["athlete"], "id": permission.athlete_id + 1}
        return json_answer(document)

    def _activities(
        self, query: Mapping[str, str], permission: Permission, now: datetime, fault: Fault | None
    ) -> Answer:
        """A page of activities, newest first; oldest first with `after`."""
        try:
            numbers = {
                name: int(query[name]) for name in ("page", "per_page", "before", "after") if name in query
            }
        except ValueError:
            return refusal(400, "Application", "page", "invalid")
        page, per_page = numbers.get("page", 1), numbers.get("per_page", PER_PAGE)
        if page < 1 or not 1 <= per_page <= PER_PAGE_MAX:
            return refusal(400, "Application", "per page", "limit exceeded")
        after, before = numbers.get("after"), numbers.get("before")
        if after is not None and after > now.timestamp():
            return refusal(400, "Application", "after", "future")
        listed = [
            each
            for each in self._state.activities.of(permission.athlete_id)
            if not each.is_deleted
            and (before is None or each.start_at < before)
            and (after is None or each.start_at > after)
        ]
        if after is not None:
            listed.reverse()
        if fault is not Fault.SHORT_PAGE:
            listed = [each for each in listed if each.is_visible(permission.scope)]
        rows = listed[(page - 1) * per_page : page * per_page]
        return json_answer([each.payload for each in rows if each.is_visible(permission.scope)])


def _kind(request: Request, path: str) -> CallKind | None:
    """What a call is about; None if the path does not exist."""
    method = request.method
    # Strava answers them at both addresses.
    if path in {f"{API}{OAUTH}/token", f"{API}{OAUTH}/deauthorize"}:
        path = path.removeprefix(API)
    if (method, path) == ("POST", f"{OAUTH}/token"):
        is_refresh = request.form.get("grant_type") == "refresh_token"
        return CallKind.REFRESH if is_refresh else CallKind.EXCHANGE
    parent, _, last = path.rpartition("/")
    if last.isascii() and last.isdigit():
        if (method, parent) == ("GET", f"{API}/activities"):
            return CallKind.ACTIVITY
        if (method, parent) == ("DELETE", f"{API}/push_subscriptions"):
            return CallKind.UNSUBSCRIBE
    return _FIXED_ROUTES.get((method, path))


def _authorization(request: Request) -> str:
    headers = {name.lower(): value for name, value in request.headers.items()}
    return headers.get("authorization", "")


def _bearer(request: Request) -> str:
    scheme, _, token = _authorization(request).partition(" ")
    return token if scheme == "Bearer" else ""
