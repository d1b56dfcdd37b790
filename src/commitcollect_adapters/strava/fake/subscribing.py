"""Push subscriptions: one per app, confirmed by a handshake while the call that asks for it waits."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256
from itertools import count
from urllib.parse import urlencode, urlsplit

from commitcollect_adapters.strava import Answer
from commitcollect_adapters.strava.fake import shapes
from commitcollect_adapters.strava.fake.state import State, Subscription

Visit = Callable[[str], tuple[int, bytes]]
"""GETs an address; returns status and body, or raises OSError (TimeoutError: after 2 s)."""

_OK = 200
_ALREADY_EXISTS = shapes.refusal(400, "PushSubscription", "", "already exists")
_FIRST_ID = 131_300


class Subscribing:
    """Makes, lists and ends subscriptions."""

    def __init__(self, state: State, visit: Visit) -> None:
        self._state = state
        self._visit = visit
        self._ids = count(_FIRST_ID)

    def subscribe(self, form: Mapping[str, str], now: datetime) -> Answer:
        """Call the address back, and if it answers as it should, subscribe it."""
        if self._has_one():
            return _ALREADY_EXISTS
        address = form.get("callback_url", "")
        if not urlsplit(address).hostname or not form.get("verify_token"):
            return shapes.refusal(400, "PushSubscription", "callback url", "invalid")
        if (why := self._why_not(address, form["verify_token"])) is not None:
            return shapes.refusal(400, "PushSubscription", "callback url", why)
        with self._state.lock:
            if self._has_one():
                return _ALREADY_EXISTS
            made = self.put(address, now)
        return shapes.document(dict(made.document), status=201)

    def _has_one(self) -> bool:
        with self._state.lock:
            return self._state.subscription is not None

    def put(self, callback_url: str, now: datetime) -> Subscription:
        """Subscribe an address without asking it."""
        number, app_id = next(self._ids), int(self._state.app.client_id)
        self._state.subscription = Subscription(
            subscription_id=number,
            callback_url=callback_url,
            document=shapes.subscription(number, app_id, callback_url, now),
        )
        return self._state.subscription

    def _why_not(self, address: str, verify_token: str) -> str | None:
        """What is wrong with how an address answers the handshake; None if nothing is."""
        challenge = sha256(address.encode()).hexdigest()[:16]
        query = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": verify_token}
        joint = "&" if urlsplit(address).query else "?"
        try:
            status, body = self._visit(f"{address}{joint}{urlencode(query)}")
        except OSError:
            return "not verifiable"
        if status != _OK:
            return "GET to callback URL does not return 200"
        try:
            is_echoed = json.loads(body) == {"hub.challenge": challenge}
        except ValueError:
            is_echoed = False
        return None if is_echoed else "not verifiable"

    def list(self) -> Answer:
        """The one there is, or none."""
        subscription = self._state.subscription
        return shapes.document([] if subscription is None else [dict(subscription.document)])

    def unsubscribe(self, subscription_id: str) -> Answer:
        """End a subscription."""
        subscription = self._state.subscription
        if subscription is None or str(subscription.subscription_id) != subscription_id:
            return shapes.gone()
        self._state.subscription = None
        return Answer(status=204, headers=shapes.JSON_HEADERS)
