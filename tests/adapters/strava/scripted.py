"""A transport that says what a test tells it to, and remembers what it was asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from commitcollect_adapters.strava import Answer, Request, StravaApp, StravaClient
from commitcollect_core.values import ActivityId

CLIENT_SECRET = "canary-client-secret-e7a1"  # noqa: S105 - planted to be looked for
ACCESS_TOKEN = "canary-access-token-b2c4"  # noqa: S105 - planted to be looked for
REFRESH_TOKEN = "canary-refresh-token-93d0"  # noqa: S105 - planted to be looked for
CODE = "canary-code-55fe"
VERIFY_TOKEN = "canary-verify-token-08aa"  # noqa: S105 - planted to be looked for
CANARIES = (CLIENT_SECRET, ACCESS_TOKEN, REFRESH_TOKEN, CODE, VERIFY_TOKEN)

APP = StravaApp(client_id="4711", client_secret=CLIENT_SECRET)
ACTIVITY_ID = ActivityId("100")
JSON = {"content-type": "application/json; charset=utf-8"}


class Scripted:
    """Answers in turn, the last answer again and again."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self.requests: list[Request] = []

    def send(self, request: Request) -> Answer:
        """The next answer."""
        self.requests.append(request)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


def client(*answers: Answer, app: StravaApp = APP) -> tuple[StravaClient, Scripted]:
    """A client and what it is asked through."""
    transport = Scripted(*answers)
    return StravaClient(app, transport), transport


def ok(document: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer of JSON."""
    return Answer(status=status, headers={**JSON, **(headers or {})}, body=json.dumps(document).encode())


def fault(status: int, *details: tuple[str, str, str], headers: Mapping[str, str] | None = None) -> Answer:
    """A refusal in Strava's shape, each detail being a resource, a field and a code."""
    errors = [{"resource": resource, "field": field, "code": code} for resource, field, code in details]
    return ok({"message": "Refused", "errors": errors}, status=status, headers=headers)


def payload(activity_id: int = 100, *, athlete_id: int = 7, **changes: Any) -> dict[str, Any]:
    """An activity as Strava shows it."""
    return {
        "id": activity_id,
        "athlete": {"id": athlete_id, "resource_state": 1},
        "name": "Morning Ride",
        "sport_type": "Ride",
        "type": "Ride",
        "start_date": "2026-05-01T06:30:00Z",
        "distance": 25_000.4,
        "total_elevation_gain": 310,
        "moving_time": 3_600,
        "elapsed_time": 3_700,
        "flagged": False,
        **changes,
    }


CALLS: Mapping[str, Callable[[StravaClient], object]] = {
    "exchange": lambda api: api.exchange(CODE),
    "refresh": lambda api: api.refresh(REFRESH_TOKEN),
    "revoke": lambda api: api.revoke(ACCESS_TOKEN),
    "activity": lambda api: api.activity(ACCESS_TOKEN, ACTIVITY_ID),
    "activities": lambda api: api.activities(ACCESS_TOKEN, after=None, before=None, limit=50),
    "subscriptions": lambda api: api.subscriptions(),
    "subscribe": lambda api: api.subscribe(
        callback_url="https://example.org/hook", verify_token=VERIFY_TOKEN
    ),
    "unsubscribe": lambda api: api.unsubscribe(131300),
}
"""Every call that asks Strava something."""


def told(error: BaseException | None) -> Iterable[str]:
    """All that an error and the ones behind it say of themselves."""
    while error is not None:
        yield f"{error!r} {error} {vars(error)}"
        error = error.__cause__ or error.__context__
