"""``commitcollect fake-strava``: a Strava to try everything out with, on this machine."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from secrets import token_urlsafe
from typing import TYPE_CHECKING

import click

from commitcollect_cli.options import json_option, listening_at
from commitcollect_cli.output import print_json, say, show
from commitcollect_cli.render import show_count

if TYPE_CHECKING:
    from commitcollect_adapters.strava.fake import DeliveryReport, FakeStrava

PORT = 8090
DEMO_ACTIVITIES = 600
DEMO_ACTIVITIES_MAX = 20_000
ATHLETE_ID = 42
ATHLETE_ID_MAX = 10**12
_VERIFY_TOKEN_BYTES = 16


@click.group("fake-strava", short_help="A Strava to try everything out with.")
def fake_strava() -> None:
    """A Strava to try everything out with, on this machine alone."""


@fake_strava.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--demo", "is_demo", is_flag=True, help="Give the athlete a made-up history, up to today.")
@click.option(
    "--activities",
    type=click.IntRange(1, DEMO_ACTIVITIES_MAX),
    default=DEMO_ACTIVITIES,
    show_default=True,
    help="Length of the made-up history.",
)
@click.option(
    "--athlete",
    type=click.IntRange(1, ATHLETE_ID_MAX),
    default=42,
    show_default=True,
    help="The athlete's id.",
)
@listening_at(PORT)
@json_option
def serve(
    *,
    files: tuple[Path, ...],
    is_demo: bool,
    activities: int,
    athlete: int,
    host: str,
    port: int,
    as_json: bool,
) -> None:
    """Serve a Strava with one athlete until Ctrl-C or SIGTERM, and say what to set to use it.

    FILES are JSON lists of activities as Strava's API returns them. The athlete grants whatever is asked
    for, without a page; events go to a subscriber on this machine; a new app's limits hold. All it
    knows, tokens included, ends with it.

    More happens on request, each with a JSON object where one is shown:

    \b
      POST   /fake/activities       {"sport_type": "Run", "distance": 5000}
      PATCH  /fake/activities/ID    {"private": true}
      DELETE /fake/activities/ID
      PUT    /fake/consent          {"refuses": true} or {"unticks": ["activity:read"]}
      DELETE /fake/permission       the athlete takes it back
      POST   /fake/faults           {"fault": "rate_limited", "kind": "activities", "count": 1}
      DELETE /fake/faults           all goes well again

    \b
    curl -d '{"sport_type": "Run", "distance": 5000}' http://127.0.0.1:8090/fake/activities
    """  # noqa: D301 - the escapes tell click which lines to leave as they are
    from commitcollect_adapters.backend import needing_extra
    from commitcollect_adapters.strava.fake import FakeStrava
    from commitcollect_adapters.strava.fake.activities import demo_payloads, saved_payloads
    from commitcollect_adapters.system import SystemClock
    from commitcollect_core.values import AthleteId

    with needing_extra("web", "port"):
        from commitcollect_adapters.strava.fake.server import (
            ControlRoutes,
            delivering,
        )
        from commitcollect_adapters.web import serving
    clock, athlete_id = SystemClock(), AthleteId(str(athlete))
    fake = FakeStrava(clock)
    fake.sign_in(athlete_id)
    for path in files:
        fake.add_activities(athlete_id, saved_payloads(path))
    if is_demo:
        fake.add_activities(athlete_id, demo_payloads(activities, seed=0, now=clock.now()))

    def ready(address: str) -> None:
        _announce(address, _settings(fake, address), as_json=as_json)
        held = show_count(fake.activity_count(athlete_id), "activity", "activities")
        say(f"Athlete {athlete_id} has {held}. Stop with Ctrl-C.")

    application = ControlRoutes(fake, athlete_id, clock).application()
    listener = serving.listening(host, port)
    with delivering(fake, _say_round):
        serving.run(application, listener, ready)


def _settings(fake: FakeStrava, address: str) -> dict[str, str]:
    """Setting -> value, for a program that is to take this for Strava, its events included."""
    from commitcollect_adapters.strava.fake.webhooks import FIRST_SUBSCRIPTION_ID

    app = fake.app_at(address)
    return {
        "strava_api_base": app.api_base,
        "strava_oauth_base": app.oauth_base,
        "strava_client_id": app.client_id,
        "strava_client_secret": app.client_secret,
        # Of one's own choice with Strava; the first subscription here always has this id.
        "strava_verify_token": token_urlsafe(_VERIFY_TOKEN_BYTES),
        "strava_subscription_id": str(FIRST_SUBSCRIPTION_ID),
    }


def _announce(address: str, settings: Mapping[str, str], *, as_json: bool) -> None:
    from commitcollect_adapters.settings import ENVIRONMENT_PREFIX

    variables = {f"{ENVIRONMENT_PREFIX}{name.upper()}": value for name, value in settings.items()}
    if as_json:
        print_json({"address": address, "settings": variables})
        return
    say(f"Listening on {address}. To use it:")
    for name, value in variables.items():
        show(f"export {name}={shlex.quote(value)}")


def _say_round(report: DeliveryReport) -> None:
    for line in _round_lines(report):
        say(line)


def _round_lines(report: DeliveryReport) -> Iterator[str]:
    if report.accepted:
        yield f"{show_count(report.accepted, 'event', 'events')} delivered."
    if report.failed:
        yield f"{show_count(report.failed, 'event', 'events')} not taken; delivered again later."
    if report.given_up:
        yield f"{show_count(report.given_up, 'event', 'events')} not taken three times, and given up."
