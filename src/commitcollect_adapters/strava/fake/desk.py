"""Where every call to the fake Strava ends, whichever way it came."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import assert_never
from urllib.parse import urlencode, urlsplit

from attrs import evolve

from commitcollect_adapters.strava import Answer, Request
from commitcollect_adapters.strava.fake import shapes
from commitcollect_adapters.strava.fake.faults import CallKind, Fault
from commitcollect_adapters.strava.fake.state import State
from commitcollect_adapters.strava.fake.subscribing import Subscribing
from commitcollect_core.strava.connections import READ_ACTIVITIES, READ_ALL_ACTIVITIES

API, OAUTH = "/api/v3", "/oauth"
PER_PAGE, PER_PAGE_MAX = 30, 200
HUGE_BYTES = 10_000_000
HTML = {"content-type": "text/html; charset=utf-8"}
_PAGE = b"<!DOCTYPE html><html><body><h1>Something went wrong</h1></body></html>"
_METERED = frozenset({CallKind.ATHLETE, CallKind.ACTIVITY, CallKind.ACTIVITIES})
"""Calls that count; they are all reads."""

_SPOILT = {
    Fault.UNAUTHORIZED: shapes.refusal(401, "Athlete", "access_token", "invalid"),
    Fault.NOT_FOUND: shapes.gone(),
    Fault.APP_INACTIVE: shapes.inactive(),
    Fault.SERVER_ERROR: Answer(status=500, headers=HTML, body=_PAGE),
    Fault.ODD_STATUS: Answer(status=597),
    Fault.HTML: Answer(status=200, headers=HTML, body=_PAGE),
    Fault.REDIRECT: Answer(status=302, headers={"location": "/elsewhere"}),
    Fault.EMPTY: Answer(status=200, headers=shapes.JSON_HEADERS),
}
"""Answers that are the same whatever was asked."""

_FIXED_ROUTES = {
    ("GET", f"{OAUTH}/authorize"): CallKind.AUTHORIZE,
    ("POST", f"{OAUTH}/revoke"): CallKind.REVOKE,
    ("POST", f"{OAUTH}/deauthorize"): CallKind.REVOKE,
    ("GET", f"{API}/athlete"): CallKind.ATHLETE,
    ("GET", f"{API}/athlete/activities"): CallKind.ACTIVITIES,
    ("GET", f"{API}/push_subscriptions"): CallKind.SUBSCRIPTIONS,
    ("POST", f"{API}/push_subscriptions"): CallKind.SUBSCRIBE,
}


class NoAnswer(Exception):
    """The call gets no answer: the connection hangs, or breaks."""

    def __init__(self, *, hangs: bool) -> None:
        super().__init__("hangs" if hangs else "breaks")
        self.hangs = hangs


class Desk:
    """Answers calls."""

    def __init__(self, state: State, subscribing: Subscribing) -> None:
        self._state = state
        self._subscribing = subscribing
        self._lock = state.lock

    def answer(self, request: Request) -> Answer:
        """The answer to a call.

        Raises:
            NoAnswer: it was ordered that there be none.
        """
        path = urlsplit(request.address).path
        kind = _kind(request, path)
        if kind is None:
            return shapes.gone()
        with self._lock:
            fault = self._state.orders.arrived(kind)
            now = self._state.clock.now()
            is_within = kind not in _METERED or self._state.metering.count(now)
            counts = self._state.metering.headers()
            if not is_within:
                return shapes.limit_reached(counts)
            if (spoilt := self._spoilt(fault, kind, now)) is not None:
                return spoilt
        answer = self._served(kind, request, path, now, fault)
        if fault is Fault.LOST_ANSWER:
            raise NoAnswer(hangs=False)
        if answer.status in {401, 404} or kind not in _METERED:
            return answer
        return evolve(answer, headers={**answer.headers, **counts})

    def _spoilt(self, fault: Fault | None, kind: CallKind, now: datetime) -> Answer | None:
        """What becomes of a call before anything happens; None if something does."""
        if self._state.is_app_inactive and kind in _METERED:
            return shapes.inactive()
        if fault is Fault.HANG:
            raise NoAnswer(hangs=True)
        if fault is Fault.RATE_LIMITED:
            self._state.metering.exhaust(now)
            return shapes.limit_reached(self._state.metering.headers())
        if fault is Fault.HUGE:
            return Answer(status=200, headers=shapes.JSON_HEADERS, body=b" " * HUGE_BYTES)
        return None if fault is None else _SPOILT.get(fault)

    def _served(
        self, kind: CallKind, request: Request, path: str, now: datetime, fault: Fault | None
    ) -> Answer:
        if kind is CallKind.SUBSCRIBE:
            # Not under the lock: whoever subscribes is called back before this is answered.
            return self._checked(request.form, lambda: self._subscribing.subscribe(request.form, now))
        last = path.rpartition("/")[2]
        with self._lock:
            match kind:
                case CallKind.AUTHORIZE:
                    return self._authorize(request.query)
                case CallKind.EXCHANGE:
                    return self._checked(request.form, lambda: self._exchange(request.form, now))
                case CallKind.REFRESH:
                    return self._checked(request.form, lambda: self._refresh(request.form, now))
                case CallKind.REVOKE:
                    return self._revoke(request, now, is_new_way=last == "revoke")
                case CallKind.ATHLETE | CallKind.ACTIVITY | CallKind.ACTIVITIES:
                    return self._read(kind, request, last, now, fault)
                case CallKind.SUBSCRIPTIONS:
                    return self._checked(request.query, self._subscribing.list)
                case CallKind.UNSUBSCRIBE:
                    return self._checked(request.query, lambda: self._subscribing.unsubscribe(last))
                case _:
                    assert_never(kind)

    def _checked(self, credentials: Mapping[str, str], serve: Callable[[], Answer]) -> Answer:
        """Serve the app itself, if its id and secret are right."""
        app = self._state.app
        if credentials.get("client_id") != app.client_id:
            return shapes.refusal(400, "Application", "client_id", "invalid")
        if credentials.get("client_secret") != app.client_secret:
            return shapes.refusal(400, "Application", "client_secret", "invalid")
        return serve()

    def _authorize(self, query: Mapping[str, str]) -> Answer:
        """Ask the athlete who is signed in; send the browser back with what came of it."""
        if query.get("client_id") != self._state.app.client_id:
            return shapes.refusal(400, "Application", "client_id", "invalid")
        redirect_uri, consent = query.get("redirect_uri", ""), self._state.consent
        if not redirect_uri or query.get("response_type") != "code":
            return shapes.refusal(400, "Application", "redirect_uri", "invalid")
        state = {"state": query["state"]} if "state" in query else {}
        if consent is None or consent.refuses:
            back = {**state, "error": "access_denied"}
        else:
            scope = [each for each in query.get("scope", "").split(",") if each not in consent.unticks]
            code = self._state.permissions.code(consent.athlete_id, scope)
            back = {**state, "code": code, "scope": ",".join(scope)}
        joint = "&" if urlsplit(redirect_uri).query else "?"
        return Answer(status=302, headers={"location": f"{redirect_uri}{joint}{urlencode(back)}"})

    def _exchange(self, form: Mapping[str, str], now: datetime) -> Answer:
        permission = self._state.permissions.exchange(form.get("code", ""), now)
        if permission is None:
            return shapes.refusal(400, "AuthorizationCode", "code", "invalid")
        grant = shapes.grant(*permission.newest(), permission.refresh_token, now)
        return shapes.document({**grant, "athlete": self._state.athlete_document(permission.athlete_id)})

    def _refresh(self, form: Mapping[str, str], now: datetime) -> Answer:
        permission = self._state.permissions.refresh(form.get("refresh_token", ""), now)
        if permission is None:
            return shapes.refusal(400, "RefreshToken", "refresh_token", "invalid")
        return shapes.document(shapes.grant(*permission.newest(), permission.refresh_token, now))

    def _revoke(self, request: Request, now: datetime, *, is_new_way: bool) -> Answer:
        """Take a permission back: the new way by either token, the old by an access token that is good."""
        if is_new_way:
            app = self._state.app
            proof = b64encode(f"{app.client_id}:{app.client_secret}".encode()).decode()
            if _authorization(request) != f"Basic {proof}":
                return shapes.refusal(401, "Application", "client_secret", "invalid")
            permission = self._state.permissions.named_by(request.form.get("token", ""))
        else:
            permission = self._state.permissions.opened_by(_bearer(request), now)
        if permission is None:
            field = "token" if is_new_way else "access_token"
            return shapes.refusal(400 if is_new_way else 401, "Athlete", field, "invalid")
        self._state.end_permission(permission.athlete_id)
        return shapes.document({})

    def _read(
        self, kind: CallKind, request: Request, last: str, now: datetime, fault: Fault | None
    ) -> Answer:
        permission = self._state.permissions.opened_by(_bearer(request), now)
        if permission is None:
            return shapes.refusal(401, "Athlete", "access_token", "invalid")
        athlete_id, scope = permission.athlete_id, permission.scope
        if kind is CallKind.ATHLETE:
            return shapes.document(self._state.athlete_document(athlete_id))
        if {READ_ACTIVITIES, READ_ALL_ACTIVITIES}.isdisjoint(scope):
            return shapes.refusal(401, "AccessToken", "activity:read_permission", "missing")
        if kind is CallKind.ACTIVITY:
            return self._activity(last, athlete_id, scope, fault)
        return self._list(request.query, athlete_id, scope, now)

    def _activity(self, last: str, athlete_id: int, scope: tuple[str, ...], fault: Fault | None) -> Answer:
        stored = self._state.shelf.activity(int(last))
        if stored is None or stored.athlete_id != athlete_id or not stored.is_visible(scope):
            return shapes.gone()
        shown = shapes.detail(stored.previous if fault is Fault.OLD_STATE else stored.payload)
        if fault is Fault.WRONG_ATHLETE:
            shown["athlete"] = {**shown["athlete"], "id": athlete_id + 1}
        return shapes.document(shown)

    def _list(
        self, query: Mapping[str, str], athlete_id: int, scope: tuple[str, ...], now: datetime
    ) -> Answer:
        """A page. Told `after`, Strava lists the oldest first, and takes none in the future."""
        try:
            numbers = {
                name: int(query[name]) for name in ("page", "per_page", "before", "after") if name in query
            }
        except ValueError:
            return shapes.refusal(400, "Application", "page", "invalid")
        page, per_page = numbers.get("page", 1), numbers.get("per_page", PER_PAGE)
        if page < 1 or not 1 <= per_page <= PER_PAGE_MAX:
            return shapes.refusal(400, "Application", "per page", "limit exceeded")
        after, before = numbers.get("after"), numbers.get("before")
        if after is not None and after > now.timestamp():
            return shapes.refusal(400, "Application", "after", "future")
        listed = [
            each
            for each in self._state.shelf.of(athlete_id)
            if not each.is_deleted
            and (before is None or each.start_at < before)
            and (after is None or each.start_at > after)
        ]
        if after is not None:
            listed.reverse()
        if not self._state.has_short_pages:
            listed = [each for each in listed if each.is_visible(scope)]
        rows = listed[(page - 1) * per_page : page * per_page]
        return shapes.document([each.payload for each in rows if each.is_visible(scope)])


def _kind(request: Request, path: str) -> CallKind | None:
    """What a call is about; None if there is nothing at this path."""
    method = request.method
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
    named = {name.lower(): value for name, value in request.headers.items()}
    return named.get("authorization", "")


def _bearer(request: Request) -> str:
    kind, _, token = _authorization(request).partition(" ")
    return token if kind == "Bearer" else ""
