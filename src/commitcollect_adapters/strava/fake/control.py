"""Routes by which something happens while a fake Strava is served. Needs the extra ``commitcollect[web]``.

What athletes do and what goes wrong, for whoever tries a program out from outside of it. Everything else is
answered as Strava would.
"""

from __future__ import annotations

from itertools import count
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from commitcollect_adapters.readers.strict_json import parse_document
from commitcollect_adapters.strava.fake.faults import CallKind, Fault
from commitcollect_adapters.strava.fake.histories import checked_payload
from commitcollect_adapters.strava.fake.server import application
from commitcollect_adapters.strava.fake.strava import FakeStrava
from commitcollect_core.context import Clock
from commitcollect_core.errors import InvalidInput
from commitcollect_core.values import ActivityId, AthleteId

PATH = "/fake"
"""What these routes begin with; Strava has none of the kind."""

_CREATED, _DONE, _BAD_REQUEST, _NOT_FOUND = 201, 204, 400, 404
_IDS_PER_SECOND = 1_000

_Choice = TypeVar("_Choice", Fault, CallKind)


class Control:
    """One athlete of a fake Strava, under command."""

    def __init__(self, fake: FakeStrava, athlete_id: AthleteId, clock: Clock) -> None:
        """Have things happen to an athlete.

        Args:
            fake: where.
            athlete_id: to whom.
            clock: when an activity starts that does not say.
        """
        self._fake = fake
        self._athlete_id = athlete_id
        self._clock = clock
        self._ids = count(int(clock.now().timestamp()) * _IDS_PER_SECOND)

    def application(self) -> Starlette:
        """The ASGI application: these routes, and the fake behind them."""
        activity = f"{PATH}/activities/{{activity_id:int}}"
        return Starlette(
            routes=[
                Route(f"{PATH}/activities", self._upload, methods=["POST"]),
                Route(activity, self._edit, methods=["PATCH"]),
                Route(activity, self._delete, methods=["DELETE"]),
                Route(f"{PATH}/consent", self._consent, methods=["PUT"]),
                Route(f"{PATH}/permission", self._deauthorize, methods=["DELETE"]),
                Route(f"{PATH}/faults", self._order, methods=["POST"]),
                Route(f"{PATH}/faults", self._cancel, methods=["DELETE"]),
                Mount("/", application(self._fake)),
            ],
            exception_handlers={InvalidInput: _refused, LookupError: _unknown},
        )

    async def _upload(self, request: Request) -> Response:
        """An activity is uploaded; id and start are made up if they are left out."""
        given = await _object(request)
        now = f"{self._clock.now():%Y-%m-%dT%H:%M:%SZ}"
        payload = checked_payload({"id": next(self._ids), "start_date": now, **given})
        self._fake.upload(self._athlete_id, payload)
        return JSONResponse({"id": payload["id"]}, _CREATED)

    async def _edit(self, request: Request) -> Response:
        """Fields of an activity change."""
        changes = await _object(request)
        if fixed := sorted({"id", "athlete"} & changes.keys()):
            raise InvalidInput(f"{fixed[0]} of an activity cannot change", field=fixed[0])
        self._fake.edit(_activity_id(request), **changes)
        return Response(status_code=_DONE)

    async def _delete(self, request: Request) -> Response:
        """An activity is deleted."""
        self._fake.delete(_activity_id(request))
        return Response(status_code=_DONE)

    async def _consent(self, request: Request) -> Response:
        """What the athlete answers when asked for permission from now on."""
        wish = await _object(request)
        refuses, unticks = wish.pop("refuses", False), wish.pop("unticks", [])
        if wish or not isinstance(refuses, bool) or not _is_texts(unticks):
            raise InvalidInput('write {"refuses": true}, or {"unticks": ["activity:read"]}')
        self._fake.sign_in(self._athlete_id, unticks=unticks, refuses=refuses)
        return Response(status_code=_DONE)

    async def _deauthorize(self, _request: Request) -> Response:
        """The athlete takes the permission back."""
        self._fake.deauthorize(self._athlete_id)
        return Response(status_code=_DONE)

    async def _order(self, request: Request) -> Response:
        """Calls go wrong, the next one unless `count` says otherwise."""
        wish = await _object(request)
        kind = wish.get("kind")
        calls = wish.get("count", 1)
        if type(calls) is not int or calls < 1:
            raise InvalidInput("count must be a whole number of 1 or more", field="count")
        fault = _one_of(Fault, wish.get("fault"), "fault")
        self._fake.order(fault, None if kind is None else _one_of(CallKind, kind, "kind"), count=calls)
        return Response(status_code=_DONE)

    async def _cancel(self, _request: Request) -> Response:
        """Everything goes well again."""
        self._fake.cancel_orders()
        return Response(status_code=_DONE)


def _refused(_request: Request, error: Exception) -> Response:
    return JSONResponse({"error": "invalid_input", "message": str(error)}, _BAD_REQUEST)


def _unknown(_request: Request, error: Exception) -> Response:
    return JSONResponse({"error": "not_found", "message": str(error)}, _NOT_FOUND)


async def _object(request: Request) -> dict[str, Any]:
    document = parse_document(await request.body())
    if not isinstance(document, dict):
        raise InvalidInput("send a JSON object")
    return document


def _activity_id(request: Request) -> ActivityId:
    return ActivityId(str(request.path_params["activity_id"]))


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _one_of(choices: type[_Choice], value: object, name: str) -> _Choice:
    for each in choices:
        if value == each.value:
            return each
    raise InvalidInput(f"{name} must be one of {', '.join(choices)}", field=name)
