"""Push subscriptions, and the delivery of events to the subscribed address."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from http.client import HTTPConnection, HTTPException
from itertools import count
from random import Random
from threading import RLock
from typing import Any
from urllib.parse import urlencode, urlsplit

from attrs import define, frozen

from commitcollect_adapters.addresses import LOCAL_HOSTS
from commitcollect_adapters.strava import Answer
from commitcollect_adapters.strava.fake.faults import (
    EVENT_FAULTS,
    JSON_HEADERS,
    Fault,
    json_answer,
    not_found,
    refusal,
)

DELIVERIES_MAX = 3
TIMEOUT_SECONDS = 2.0
BODY_BYTES_MAX = 65_536

_OK = 200
FIRST_SUBSCRIPTION_ID = 131_300
_ALREADY_EXISTS = refusal(400, "PushSubscription", "", "already exists")

_Event = Mapping[str, Any]

_ODD_CONTENT: Mapping[Fault, Callable[[_Event], _Event]] = {
    Fault.UPDATES_NULL: lambda _event: {"updates": None},
    Fault.UPDATES_LIST: lambda event: {"updates": [{name: said} for name, said in event["updates"].items()]},
    Fault.UPDATES_TEXT: lambda event: {"updates": json.dumps(event["updates"])},
    Fault.UPDATES_NUMBERS: lambda event: {"updates": {**event["updates"], "count": 1, "share": 1.5}},
    Fault.UPDATES_NESTED: lambda event: {"updates": {**event["updates"], "map": {"points": [1, None]}}},
    Fault.IDS_AS_TEXT: lambda event: {
        name: str(event[name]) for name in ("object_id", "owner_id", "subscription_id")
    },
    Fault.TIME_FLOAT: lambda event: {"event_time": event["event_time"] + 0.5},
    Fault.TIME_MILLISECONDS: lambda event: {"event_time": event["event_time"] * 1_000},
    Fault.TIME_AHEAD: lambda event: {"event_time": event["event_time"] + 3_600},
    Fault.TIME_MISSING: lambda _event: {"event_time": None},
}
_CONTENT_TYPES: Mapping[Fault, str | None] = {
    Fault.NO_CONTENT_TYPE: None,
    Fault.FORM_CONTENT_TYPE: "application/x-www-form-urlencoded",
}

HttpGet = Callable[[str], tuple[int, bytes]]
"""GETs an address; returns status and body, or raises OSError (TimeoutError after 2 s)."""


def http_get(address: str) -> tuple[int, bytes]:
    """GET an address of this machine.

    Raises:
        OSError: the address is on another machine, or does not answer within `TIMEOUT_SECONDS`.
    """
    return _request("GET", address)


def http_post(delivery: Delivery) -> int:
    """POST an event to this machine; errors as in `http_get`."""
    headers = {} if delivery.content_type is None else {"content-type": delivery.content_type}
    return _request("POST", delivery.address, delivery.body, headers)[0]


def _request(
    method: str, address: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> tuple[int, bytes]:
    parts = urlsplit(address)
    if parts.scheme != "http" or parts.hostname not in LOCAL_HOSTS:
        raise ConnectionRefusedError("a fake Strava calls only this machine")
    connection = HTTPConnection(parts.hostname, parts.port or 80, timeout=TIMEOUT_SECONDS)
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    try:
        connection.request(method, path, body, dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.read(BODY_BYTES_MAX)
    except HTTPException as broken:
        raise ConnectionAbortedError("the answer was not HTTP") from broken
    finally:
        connection.close()


@frozen(kw_only=True)
class Subscription:
    """A subscribed address."""

    subscription_id: int
    callback_url: str
    document: Mapping[str, Any]


class Subscriptions:
    """The app's push subscription; Strava allows one per app."""

    def __init__(self, app_id: int, http_get: HttpGet, lock: RLock) -> None:
        self._app_id = app_id
        self._http_get = http_get
        self._lock = lock
        self._ids = count(FIRST_SUBSCRIPTION_ID)
        self.current: Subscription | None = None

    def create(self, form: Mapping[str, str], now: datetime) -> Answer:
        """Subscribe an address after a handshake. Call without the lock."""
        if self._exists():
            return _ALREADY_EXISTS
        address = form.get("callback_url", "")
        if not urlsplit(address).hostname or not form.get("verify_token"):
            return refusal(400, "PushSubscription", "callback url", "invalid")
        # Without the lock: the receiver may call this Strava while it answers the handshake.
        if (failure := self._handshake_failure(address, form["verify_token"])) is not None:
            return refusal(400, "PushSubscription", "callback url", failure)
        with self._lock:
            if self._exists():  # another call was faster
                return _ALREADY_EXISTS
            return json_answer(dict(self.put(address, now).document), status=201)

    def _exists(self) -> bool:
        return self.current is not None

    def put(self, callback_url: str, now: datetime) -> Subscription:
        """Subscribe an address without a handshake, in place of any other."""
        number, moment = next(self._ids), now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        document = {
            "id": number,
            "resource_state": 2,
            "application_id": self._app_id,
            "callback_url": callback_url,
            "created_at": moment,
            "updated_at": moment,
        }
        self.current = Subscription(subscription_id=number, callback_url=callback_url, document=document)
        return self.current

    def _handshake_failure(self, address: str, verify_token: str) -> str | None:
        challenge = sha256(address.encode()).hexdigest()[:16]
        query = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": verify_token}
        separator = "&" if urlsplit(address).query else "?"
        try:
            status, body = self._http_get(f"{address}{separator}{urlencode(query)}")
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
        """The subscription, or an empty list."""
        return json_answer([] if self.current is None else [dict(self.current.document)])

    def delete(self, subscription_id: str) -> Answer:
        """Delete a subscription."""
        if self.current is None or str(self.current.subscription_id) != subscription_id:
            return not_found()
        self.current = None
        return Answer(status=204, headers=JSON_HEADERS)


@frozen(kw_only=True)
class DeliveryPlan:
    """How unreliable the delivery of events is.

    Attributes:
        dropped: share of events that are never delivered.
        repeated: share of events that are delivered once more after they were accepted.
        odd: share of events with odd content or headers (`EVENT_FAULTS`).
        is_shuffled: whether the order is random.
        seed: of the random choices.
    """

    dropped: float = 0.0
    repeated: float = 0.0
    odd: float = 0.0
    is_shuffled: bool = False
    seed: int = 0


@frozen(kw_only=True)
class DeliveryReport:
    """Deliveries of one round: accepted, to be retried, given up."""

    accepted: int = 0
    failed: int = 0
    given_up: int = 0


@define(eq=False)
class Delivery:
    """An event on its way to an address."""

    address: str
    body: bytes
    content_type: str | None = "application/json"
    attempts: int = 0

    def is_accepted(self, http_post: HttpPost) -> bool:
        """Deliver it; return whether the receiver answered 200 in time."""
        try:
            return http_post(self) == _OK
        except OSError:
            return False


HttpPost = Callable[[Delivery], int]
"""POSTs an event; returns the status, or raises OSError (TimeoutError after 2 s)."""


class DeliveryQueue:
    """Events that wait for delivery, in the order of what happened."""

    def __init__(self, plan: DeliveryPlan) -> None:
        self._plan = plan
        self._chance = Random(plan.seed)  # noqa: S311 - a test must be able to repeat it
        self._waiting: list[Delivery] = []

    @property
    def events(self) -> tuple[Mapping[str, object], ...]:
        """The waiting events."""
        return tuple(json.loads(each.body) for each in self._waiting)

    def add(self, address: str, event: Mapping[str, object], fault: Fault | None) -> None:
        """Add an event once, twice or not at all, odd with a fault."""
        if self._chance.random() < self._plan.dropped:
            return
        copies = 1 + (self._chance.random() < self._plan.repeated)
        if fault is None and self._plan.odd and self._chance.random() < self._plan.odd:
            fault = self._chance.choice(EVENT_FAULTS)
        content_type: str | None = "application/json"
        if fault is not None:
            event = {**event, **_ODD_CONTENT.get(fault, dict)(event)}
            content_type = _CONTENT_TYPES.get(fault, content_type)
        body = json.dumps(event).encode()
        self._waiting += [Delivery(address, body, content_type) for _ in range(copies)]

    def take(self, limit: int | None) -> list[Delivery]:
        """Remove and return up to `limit` deliveries, in sending order."""
        ordered = list(self._waiting)
        if self._plan.is_shuffled:
            self._chance.shuffle(ordered)
        taken = ordered[:limit]
        self._waiting = [each for each in self._waiting if each not in taken]
        return taken

    def put_back(self, delivery: Delivery) -> bool:
        """Queue a failed delivery again; False after the last try."""
        delivery.attempts += 1
        if delivery.attempts >= DELIVERIES_MAX:
            return False
        self._waiting.append(delivery)
        return True
