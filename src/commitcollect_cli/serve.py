"""``commitcollect serve``: the API, the athlete's page and Strava's webhook."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib import import_module
from threading import Event
from typing import TYPE_CHECKING

import click

from commitcollect_adapters.addresses import LOCAL_HOSTS
from commitcollect_cli.fake_strava import ATHLETE_ID, DEMO_ACTIVITIES
from commitcollect_cli.options import listening_at
from commitcollect_cli.output import print_json, say
from commitcollect_cli.store import log_options, logging_here, store_options
from commitcollect_cli.worker import tidying, work
from commitcollect_core.errors import CommitCollectError, InvalidInput

if TYPE_CHECKING:
    from starlette.types import ASGIApp  # of an extra

    from commitcollect_adapters.settings import Settings
    from commitcollect_adapters.web.opening import OpenedSite

PORT = 8080
LOCAL = "local:"
IDLE_SECONDS = 0.5
PAUSE_SECONDS = 30.0
"""How long the worker waits after an error that it did not expect: a lasting one may not fill the log."""

WORKER_STOP_SECONDS_MAX = 10.0
_VERIFY_TOKEN_BYTES = 16


@click.command(short_help="Serve the athlete's page, the API and Strava's webhook.")
@listening_at(PORT)
@log_options
@store_options
def serve(*, settings: Settings, host: str, port: int, verbosity: int, as_json: bool) -> None:
    """Serve the athlete's page and the API; with no settings at all, on this machine alone.

    Then anyone at this machine signs in without a password, jobs are worked on in the same process, and a
    made-up Strava stands in until an app is set. With COMMITCOLLECT_IDENTITY it is a host for many; put a
    proxy in front of it that speaks HTTPS, and run 'commitcollect worker' beside it. With a verify token for
    Strava and no identity, only Strava's events are taken. It ends on Ctrl-C or SIGTERM.
    """
    from commitcollect_adapters.backend import needing_extra

    _check(settings, host)
    with needing_extra("crypto,strava,web", "port"):
        # All at once: a message about one of them after the other would take three installations.
        for each in ("cryptography", "httpcore"):
            import_module(each)
        from commitcollect_adapters.web import serving

    listener = serving.listening(host, port)
    address = serving.address_of(listener)
    with ExitStack() as stack:
        stack.callback(listener.close)
        stack.enter_context(logging_here(settings, verbosity))
        takes_events_only = _takes_events_only(settings)
        if takes_events_only:
            application, shown = stack.enter_context(_events_only(settings)), f"{address}/webhooks/strava"
        else:
            application, shown = stack.enter_context(_whole_site(settings, address)), f"{address}/"

        def ready(_address: str) -> None:
            if as_json:
                print_json({"address": shown})
            else:
                say(f"Listening on {shown}")
            if takes_events_only:
                say("No COMMITCOLLECT_IDENTITY: only Strava's events are taken; 'local:' would add the page.")

        serving.run(application, listener, ready)


def _check(settings: Settings, host: str) -> None:
    """Refuse to sign people in without a password for other machines."""
    is_local = settings.identity in {"", LOCAL}
    if is_local and not _takes_events_only(settings) and host not in LOCAL_HOSTS:
        raise InvalidInput(
            "for other machines, name the identity provider: set COMMITCOLLECT_IDENTITY, or leave --host at "
            "127.0.0.1",
            field="host",
        )


def _takes_events_only(settings: Settings) -> bool:
    """Whether an operator has set up a receiver, and no identity provider."""
    # Behind their proxy a page without passwords would be open to everyone.
    return not settings.identity and bool(settings.strava_verify_token)


@contextmanager
def _events_only(settings: Settings) -> Iterator[ASGIApp]:
    """A receiver of Strava's events, as operators run beside a front end of their own."""
    from commitcollect_adapters.services import open_service
    from commitcollect_adapters.web.opening import in_a_hurry
    from commitcollect_adapters.web.receiver import Receiver

    with open_service(in_a_hurry(settings)) as (service, _):
        if not settings.strava_subscription_id:
            say("No COMMITCOLLECT_STRAVA_SUBSCRIPTION_ID: handshakes are answered, events are not taken.")
        yield Receiver(service.strava.intake, secret_segment=settings.strava_webhook_segment).application()


@contextmanager
def _whole_site(settings: Settings, address: str) -> Iterator[ASGIApp]:
    """The site; on this machine with all it needs besides."""
    from commitcollect_adapters.web.opening import open_site

    is_local, subscribe = settings.identity in {"", LOCAL}, None
    with ExitStack() as stack:
        if is_local:
            settings = _for_this_machine(settings, address)
            if not settings.strava_client_id:
                settings, subscribe = stack.enter_context(_made_up_strava(settings, address))
        opened = stack.enter_context(open_site(settings))
        # Beside serving, as the handshake calls back; and only for a site that can be opened.
        if subscribe is not None:
            stack.enter_context(_beside(lambda _stopped: subscribe()))
        if is_local:
            say(f"Point a browser on this machine at {address}/ and sign in with any e-mail address.")
            say(f"What you bring in is kept in {settings.store}. Stop with Ctrl-C.")
            stack.enter_context(_beside(lambda stopped: _work_on(opened, stopped)))
            stack.enter_context(_beside(lambda _stopped: opened.site.warm_up()))
        yield opened.site.application


def _work_on(opened: OpenedSite, stopped: Event) -> None:
    """Do jobs as ``commitcollect worker`` does, until told to stop, whatever fails meanwhile."""
    import logging

    _log = logging.getLogger(__name__)
    when_idle = tidying(opened.service, opened.backend).run
    while not stopped.is_set():
        # `commitcollect worker` ends with the error, and what runs it starts it again. Ending here would end
        # the site as well, or leave it without a worker. A job that was begun comes back after its lease.
        try:
            work(opened.service.worker, stopped, when_idle, IDLE_SECONDS, opened.trail)
        except Exception as failed:  # noqa: BLE001 - a site without a worker takes events and does no jobs
            is_unforeseen = not isinstance(failed, CommitCollectError)
            _log.error("the worker failed and goes on in a moment: %s", failed, exc_info=is_unforeseen)
            stopped.wait(PAUSE_SECONDS)


def _for_this_machine(settings: Settings, address: str) -> Settings:
    """The settings with local sign-in, and with addresses of this machine where none were given."""
    from attrs import evolve, fields

    from commitcollect_adapters.settings import Settings

    given = fields(Settings)
    settings = evolve(settings, identity=LOCAL, metrics=settings.metrics or "prometheus")
    if settings.identity_redirect_uri == given.identity_redirect_uri.default:
        settings = evolve(settings, identity_redirect_uri=f"{address}/auth/callback")
    return settings


@contextmanager
def _made_up_strava(
    settings: Settings, address: str
) -> Iterator[tuple[Settings, Callable[[], object] | None]]:
    """A Strava with a made-up history: the settings that name it, and what subscribes to it."""
    from attrs import evolve

    from commitcollect_adapters.strava.fake import FakeStrava
    from commitcollect_adapters.strava.fake.activities import demo_payloads
    from commitcollect_adapters.strava.fake.server import ControlRoutes, delivering
    from commitcollect_adapters.strava.fake.webhooks import FIRST_SUBSCRIPTION_ID
    from commitcollect_adapters.system import SystemClock
    from commitcollect_adapters.web import serving
    from commitcollect_core.values import AthleteId

    clock, athlete_id = SystemClock(), AthleteId(str(ATHLETE_ID))
    fake = FakeStrava(clock)
    fake.sign_in(athlete_id)
    fake.add_activities(athlete_id, demo_payloads(DEMO_ACTIVITIES, seed=0, now=clock.now()))
    token = secrets.token_urlsafe(_VERIFY_TOKEN_BYTES)
    with (
        serving.serving(ControlRoutes(fake, athlete_id, clock).application()) as base,
        delivering(fake, lambda _report: None),
    ):
        app = fake.app_at(base)
        say(f"No COMMITCOLLECT_STRAVA_CLIENT_ID: until this ends, a made-up Strava at {base} stands in.")

        named = evolve(
            settings,
            strava_client_id=app.client_id,
            strava_client_secret=app.client_secret,
            strava_api_base=app.api_base,
            strava_oauth_base=app.oauth_base,
            strava_verify_token=token,
            strava_subscription_id=str(FIRST_SUBSCRIPTION_ID),
            strava_webhook_segment="",
        )
        callback = f"{address}/webhooks/strava"
        yield named, partial(fake.subscribe, callback_url=callback, verify_token=token)


@contextmanager
def _beside(act: Callable[[Event], object]) -> Iterator[None]:
    """Do something in a thread of its own, which is told to stop at the end."""
    stopped = Event()

    def run() -> None:
        try:
            act(stopped)
        except CommitCollectError as failed:
            say(f"Error: {failed.message}")

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join(WORKER_STOP_SECONDS_MAX)
