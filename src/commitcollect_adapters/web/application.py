"""The whole site as one ASGI application: the API, signing in, Strava's webhook, and the athlete's page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from attrs import field, frozen
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from commitcollect_adapters.observing.metrics import Metrics, NoMetrics, PrometheusMetrics
from commitcollect_adapters.observing.trail import AuditTrail
from commitcollect_adapters.web import events, home
from commitcollect_adapters.web.account_routes import AccountRoutes
from commitcollect_adapters.web.activity_routes import ActivityRoutes
from commitcollect_adapters.web.calls import Endpoint
from commitcollect_adapters.web.cookies import CookieRules
from commitcollect_adapters.web.dispatch import Dispatch
from commitcollect_adapters.web.events import STREAM_SECONDS_MAX, Events
from commitcollect_adapters.web.host_routes import HostRoutes
from commitcollect_adapters.web.hosts import Flows, ThisMachineOnly
from commitcollect_adapters.web.imports import Imports
from commitcollect_adapters.web.milestone_routes import MilestoneRoutes
from commitcollect_adapters.web.openapi import openapi_document
from commitcollect_adapters.web.origins import OriginCheck, Origins
from commitcollect_adapters.web.plain import PlainRoutes
from commitcollect_adapters.web.problems import http_problem, unexpected
from commitcollect_adapters.web.receiver import ROWS as WEBHOOK_ROWS
from commitcollect_adapters.web.receiver import Receiver
from commitcollect_adapters.web.session_routes import SessionRoutes
from commitcollect_adapters.web.sign_in import ROWS as SIGN_IN_ROWS
from commitcollect_adapters.web.sign_in import SignInRoutes
from commitcollect_adapters.web.statue_routes import StatueRoutes
from commitcollect_adapters.web.strava_routes import CALLBACK, StravaRoutes
from commitcollect_core.accounts.signing_in import SigningIn
from commitcollect_core.service import Service
from commitcollect_core.stores import Stores
from commitcollect_core.strava.webhook_intake import WebhookIntake
from commitcollect_core.values import MilestoneId, UserId


@frozen(kw_only=True)
class Front:
    """How browsers see the site.

    Attributes:
        base: the address of this host, without a path.
        home: where browsers go after signing in and out.
        origins: of pages that may call, beside this host's own.
        rules: how cookies are set.
        environment: a word for what this is, such as ``prod``.
        strava_is_made_up: whether a made-up Strava stands in, as the page says then.
        is_for_this_machine: whether only browsers on this machine are let in, and calls are not bounded.
        is_frozen_between: whether nothing runs between two requests, as on Lambda: imports end before they
            are answered, and streams of events tell of the moment and end.
    """

    base: str
    home: str
    origins: frozenset[str] = frozenset()
    rules: CookieRules = field(factory=CookieRules)
    environment: str = "local"
    strava_is_made_up: bool = False
    is_for_this_machine: bool = False
    is_frozen_between: bool = False


@frozen(kw_only=True, eq=False)
class Site:
    """A site that can be served.

    Attributes:
        rows: its route table.
        warm_up: reads what the first browser would otherwise wait for.
        stop: ends what goes on for long: streams of events and imports.
    """

    application: ASGIApp
    rows: Sequence[Endpoint]
    warm_up: Callable[[], None]
    stop: Callable[[], None]


def make_site(
    service: Service,
    stores: Stores,
    *,
    signing_in: SigningIn,
    intake: WebhookIntake,
    webhook_segment: str = "",
    front: Front,
    trail: AuditTrail | None = None,
    metrics: Metrics | None = None,
    awards_at: Callable[[UserId, MilestoneId], tuple[str, str]] | None = None,
    more_routes: Iterable[BaseRoute] = (),
) -> Site:
    """The site over these use cases.

    Args:
        service: the use cases.
        stores: what they run on.
        signing_in: signs people in.
        intake: takes Strava's events.
        webhook_segment: as `Receiver` takes it.
        front: how browsers see it.
        trail: where outcomes are recorded.
        metrics: what counts calls; those for Prometheus are shown at ``/metrics``.
        awards_at: as `MilestoneRoutes` takes it.
        more_routes: of pages that belong to the identity provider.
    """
    app, sessions, make_id = service.app, signing_in.sessions, service.app.context.ids.request_id
    own = Origins(frozenset({front.base, *front.origins}))
    statues = StatueRoutes(app=app)
    imports = Imports(app, make_id, trail, is_at_once=front.is_frozen_between)
    stream_seconds = 0 if front.is_frozen_between else STREAM_SECONDS_MAX
    streams = Events(ledger=stores.ledger, sessions=sessions, imports=imports, stream_seconds=stream_seconds)
    rows: list[Endpoint] = []

    def describe() -> dict[str, Any]:
        return openapi_document(rows, base=front.base)

    host = HostRoutes(
        ledger=stores.ledger,
        environment=front.environment,
        strava_is_made_up=front.strava_is_made_up,
        describe=describe,
        metrics=metrics if isinstance(metrics, PrometheusMetrics) else None,
    )
    people = SessionRoutes(sessions=sessions, profiles=stores.profiles, connections=stores.connections)
    strava = StravaRoutes(strava=service.strava, redirect_uri=f"{front.base}{CALLBACK}", home=front.home)
    parts = (
        host, people,
        MilestoneRoutes(app=app, is_bounded=not front.is_for_this_machine, awards_at=awards_at),
        PlainRoutes(app=app, profiles=stores.profiles),
        ActivityRoutes(app=app), statues, strava, imports, AccountRoutes(accounts=service.accounts),
    )  # fmt: skip
    served = [row for part in parts for row in part.endpoints()]
    rows += [*served, events.ROW, *SIGN_IN_ROWS, *WEBHOOK_ROWS, *home.ROWS]
    dispatch = Dispatch(sessions=sessions, rules=front.rules, trail=trail, metrics=metrics or NoMetrics())
    sign_in = SignInRoutes(
        signing_in,
        home=front.home,
        policy=app.policy.accounts,
        rules=front.rules,
        origins=own.allowed,
        trail=trail,
    )
    starlette = Starlette(
        routes=[
            *sign_in.routes(),
            *more_routes,
            streams.route(),
            *home.routes(),
            *dispatch.routes(served),
        ],
        exception_handlers={HTTPException: http_problem, Exception: unexpected},
    )
    starlette.router.redirect_slashes = False
    application: ASGIApp = OriginCheck(starlette, own)
    if front.is_for_this_machine:
        application = ThisMachineOnly(application, front.base)
    # Strava's calls carry a proof of their own, and may come through a tunnel.
    application = Receiver(intake, secret_segment=webhook_segment).before(application)

    def stop() -> None:
        streams.stop()
        imports.stop()

    return Site(application=Flows(application, make_id), rows=rows, warm_up=statues.warm_up, stop=stop)
