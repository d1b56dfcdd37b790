"""A fake Strava at an HTTP address. Needs the extra ``commitcollect[web]``.

::

    with serving(application(fake)) as base, HttpStrava(fake.app_at(base)) as api:
        ...
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from threading import Event, Thread
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as WebRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from commitcollect_adapters.readers.strict_json import parse_document
from commitcollect_adapters.strava import Request
from commitcollect_adapters.strava.fake.activities import checked_payload
from commitcollect_adapters.strava.fake.api import FakeStrava
from commitcollect_adapters.strava.fake.faults import CallKind, Fault, NoAnswer
from commitcollect_adapters.strava.fake.webhooks import DeliveryReport
from commitcollect_core.context import Clock
from commitcollect_core.errors import InvalidInput
from commitcollect_core.values import ActivityId, AthleteId

CONTROL_PATH = "/fake"
"""The prefix of the control routes; Strava has no such path."""

HANG_SECONDS_MAX = 60.0
DELIVERY_RETRY_SECONDS = 10.0
"""The wait before a failed delivery is retried. (Strava itself waits minutes.)"""

_HANG_POLL_SECONDS = 0.05
_DELIVERY_POLL_SECONDS = 0.2
_STOP_SECONDS_MAX = 5.0
_METHODS = ["GET", "POST", "PUT", "DELETE"]
_CREATED, _DONE, _BAD_REQUEST, _NOT_FOUND = 201, 204, 400, 404
_IDS_PER_SECOND = 1_000

_Choice = TypeVar("_Choice", Fault, CallKind)


def application(fake: FakeStrava) -> Starlette:
    """The ASGI application of Strava's endpoints alone."""

    async def answer(web: WebRequest) -> Response:
        request = Request(
            method=web.method,
            address=str(web.url),
            query=dict(web.query_params),
            form=dict(parse_qsl((await web.body()).decode("utf-8", "replace"))),
            headers=dict(web.headers),
        )
        try:
            # In a thread: subscribing waits for the receiver, which may call this Strava meanwhile.
            answered = await run_in_threadpool(fake.answer, request)
        except NoAnswer as lost:
            if lost.hangs:
                await _hang(web)
            return _Broken()
        return Response(answered.body, answered.status, dict(answered.headers))

    return Starlette(routes=[Route("/{path:path}", answer, methods=_METHODS)])


async def _hang(web: WebRequest) -> None:
    """Wait until the caller gives up."""
    for _ in range(int(HANG_SECONDS_MAX / _HANG_POLL_SECONDS)):
        if await web.is_disconnected():
            return
        await asyncio.sleep(_HANG_POLL_SECONDS)


class _Broken(Response):
    """An answer that promises a body and ends after its headers."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})


class ControlRoutes:
    """HTTP routes that control one athlete of a fake Strava."""

    def __init__(self, fake: FakeStrava, athlete_id: AthleteId, clock: Clock) -> None:
        """Control one athlete.

        Args:
            fake: the Strava.
            athlete_id: the athlete.
            clock: the default start of an uploaded activity.
        """
        self._fake = fake
        self._athlete_id = athlete_id
        self._clock = clock
        self._ids = count(int(clock.now().timestamp()) * _IDS_PER_SECOND)

    def application(self) -> Starlette:
        """The ASGI application: the control routes, and Strava's endpoints."""
        activity = f"{CONTROL_PATH}/activities/{{activity_id:int}}"
        return Starlette(
            routes=[
                Route(f"{CONTROL_PATH}/activities", self._upload, methods=["POST"]),
                Route(activity, self._edit, methods=["PATCH"]),
                Route(activity, self._delete, methods=["DELETE"]),
                Route(f"{CONTROL_PATH}/consent", self._consent, methods=["PUT"]),
                Route(f"{CONTROL_PATH}/permission", self._deauthorize, methods=["DELETE"]),
                Route(f"{CONTROL_PATH}/faults", self._inject, methods=["POST"]),
                Route(f"{CONTROL_PATH}/faults", self._clear_faults, methods=["DELETE"]),
                Mount("/", application(self._fake)),
            ],
            exception_handlers={InvalidInput: _invalid_input, LookupError: _unknown_activity},
        )

    async def _upload(self, request: WebRequest) -> Response:
        given = await _object(request)
        now = f"{self._clock.now():%Y-%m-%dT%H:%M:%SZ}"
        payload = checked_payload({"id": next(self._ids), "start_date": now, **given})
        self._fake.upload(self._athlete_id, payload)
        return JSONResponse({"id": payload["id"]}, _CREATED)

    async def _edit(self, request: WebRequest) -> Response:
        changes = await _object(request)
        if fixed := sorted({"id", "athlete"} & changes.keys()):
            raise InvalidInput(f"{fixed[0]} of an activity cannot change", field=fixed[0])
        self._fake.edit(_activity_id(request), **changes)
        return Response(status_code=_DONE)

    async def _delete(self, request: WebRequest) -> Response:
        self._fake.delete(_activity_id(request))
        return Response(status_code=_DONE)

    async def _consent(self, request: WebRequest) -> Response:
        """Set how the athlete answers the consent page from now on."""
        wish = await _object(request)
        refuses, unticks = wish.pop("refuses", False), wish.pop("unticks", [])
        if wish or not isinstance(refuses, bool) or not _is_texts(unticks):
            raise InvalidInput('write {"refuses": true}, or {"unticks": ["activity:read"]}')
        self._fake.sign_in(self._athlete_id, unticks=unticks, refuses=refuses)
        return Response(status_code=_DONE)

    async def _deauthorize(self, _request: WebRequest) -> Response:
        self._fake.deauthorize(self._athlete_id)
        return Response(status_code=_DONE)

    async def _inject(self, request: WebRequest) -> Response:
        """Spoil the next call, or the next `count` calls."""
        wish = await _object(request)
        kind = wish.get("kind")
        calls = wish.get("count", 1)
        if type(calls) is not int or calls < 1:
            raise InvalidInput("count must be a whole number of 1 or more", field="count")
        fault = _one_of(Fault, wish.get("fault"), "fault")
        self._fake.inject(fault, None if kind is None else _one_of(CallKind, kind, "kind"), count=calls)
        return Response(status_code=_DONE)

    async def _clear_faults(self, _request: WebRequest) -> Response:
        self._fake.clear_faults()
        return Response(status_code=_DONE)


def _invalid_input(_request: WebRequest, error: Exception) -> Response:
    return JSONResponse({"error": "invalid_input", "message": str(error)}, _BAD_REQUEST)


def _unknown_activity(_request: WebRequest, error: Exception) -> Response:
    return JSONResponse({"error": "not_found", "message": str(error)}, _NOT_FOUND)


async def _object(request: WebRequest) -> dict[str, Any]:
    document = parse_document(await request.body())
    if not isinstance(document, dict):
        raise InvalidInput("send a JSON object")
    return document


def _activity_id(request: WebRequest) -> ActivityId:
    return ActivityId(str(request.path_params["activity_id"]))


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _one_of(choices: type[_Choice], value: object, name: str) -> _Choice:
    for each in choices:
        if value == each.value:
            return each
    raise InvalidInput(f"{name} must be one of {', '.join(choices)}", field=name)


@contextmanager
def delivering(fake: FakeStrava, on_round: Callable[[DeliveryReport], None]) -> Iterator[None]:
    """Deliver events in a thread until the context ends.

    Args:
        fake: the Strava.
        on_round: gets the report of every round with events.
    """
    stopped = Event()

    def deliver() -> None:
        while not stopped.is_set():
            report = fake.deliver()
            if report != DeliveryReport():
                on_round(report)
            stopped.wait(DELIVERY_RETRY_SECONDS if report.failed else _DELIVERY_POLL_SECONDS)

    thread = Thread(target=deliver, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join(_STOP_SECONDS_MAX)
