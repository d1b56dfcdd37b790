"""``commitcollect serve``: the address that Strava calls."""

from __future__ import annotations

import click

from commitcollect_adapters.settings import Settings
from commitcollect_adapters.wiring import open_strava, run_receiver
from commitcollect_cli.options import json_option, listening_at
from commitcollect_cli.output import print_json, say
from commitcollect_cli.store import store_options
from commitcollect_core.errors import InvalidInput

PORT = 8080


@click.command(short_help="Take Strava's events in.")
@listening_at(PORT)
@store_options
@json_option
def serve(*, settings: Settings, host: str, port: int, as_json: bool) -> None:
    """Take Strava's events in and put them into the queue; 'commitcollect worker' does the rest.

    Put something in front of it that speaks HTTPS. It ends on Ctrl-C or SIGTERM.
    """
    if not settings.strava_verify_token:
        raise InvalidInput(
            "set COMMITCOLLECT_STRAVA_VERIFY_TOKEN, or no handshake can be answered",
            field="strava_verify_token",
        )
    with open_strava(settings) as service:
        if not settings.strava_subscription_id:
            say("No COMMITCOLLECT_STRAVA_SUBSCRIPTION_ID: handshakes are answered, events are not taken.")

        def ready(address: str) -> None:
            if as_json:
                print_json({"address": address})
            else:
                say(f"Listening on {address}")

        run_receiver(service, settings, host, port, ready)
