"""``commitcollect serve``: receives the events that Strava sends."""

from __future__ import annotations

import click
from attrs import evolve

from commitcollect_adapters.backend import needing_extra, open_service
from commitcollect_adapters.settings import Settings
from commitcollect_cli.options import listening_at
from commitcollect_cli.output import print_json, say
from commitcollect_cli.store import log_as, store_options
from commitcollect_core.errors import InvalidInput
from commitcollect_core.policy import customised

PORT = 8080
STORE_SECONDS_MAX = 1
"""How long an event waits for a busy store: Strava gives up after two seconds, and delivers it again."""


@click.command(short_help="Receive Strava's events.")
@listening_at(PORT)
@store_options
def serve(*, settings: Settings, host: str, port: int, as_json: bool) -> None:
    """Receive Strava's events and put them into the queue; 'commitcollect worker' does the rest.

    Put a proxy in front of it that speaks HTTPS. It ends on Ctrl-C or SIGTERM.
    """
    if not settings.strava_verify_token:
        raise InvalidInput(
            "set COMMITCOLLECT_STRAVA_VERIFY_TOKEN, or no handshake can be answered",
            field="strava_verify_token",
        )
    log_as(settings.log_format)
    with needing_extra("web", "port"):
        from commitcollect_adapters.web import serving  # noqa: PLC0415 - needs an extra
        from commitcollect_adapters.web.receiver import PATH, Receiver  # noqa: PLC0415 - the same

    def ready(address: str) -> None:
        if as_json:
            print_json({"address": f"{address}{PATH}"})
        else:
            say(f"Listening on {address}{PATH}")

    seconds = min(settings.policy.training.store_deadline_seconds, STORE_SECONDS_MAX)
    settings = evolve(settings, policy=customised(settings.policy, {"store_deadline_seconds": seconds}))
    with open_service(settings) as (service, _):
        if not settings.strava_subscription_id:
            say("No COMMITCOLLECT_STRAVA_SUBSCRIPTION_ID: handshakes are answered, events are not taken.")
        receiver = Receiver(service.strava.intake, secret_segment=settings.strava_webhook_segment)
        serving.run(receiver.application(), serving.listening(host, port), ready)
