"""``commitcollect strava``: connect an athlete, bring the history in, repair it, and subscribe to events."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import click

from commitcollect_cli.late import Late, LateGroup
from commitcollect_cli.options import dry_run_option
from commitcollect_cli.output import is_confirmed, print_failure, print_result, say
from commitcollect_cli.render import table
from commitcollect_cli.store import store_options
from commitcollect_cli.strava_backfill import show_backfill
from commitcollect_core.errors import EXIT_FAILURE, InvalidInput, NotFound

if TYPE_CHECKING:
    from commitcollect_adapters.observing.trail import AuditTrail
    from commitcollect_adapters.settings import Settings
    from commitcollect_core.accounts.audit import AuditType
    from commitcollect_core.strava.connections import StravaConnection
    from commitcollect_core.strava.standing import StravaStatus

_Outcome = TypeVar("_Outcome")

_TERMINAL = "command-line"
"""Names the browser in a handshake that begins and ends at one terminal."""

_LATE = {
    "backfill": Late("strava_backfill:backfill", "Bring in the history from Strava."),
    "limits": Late("strava_limits:limits", "Show how many calls the app and athletes have used."),
    "reconcile": Late(
        "strava_reconcile:reconcile", "Compare the last days with Strava, repair what differs."
    ),
}


@click.group(cls=LateGroup, late=_LATE, short_help="Connect to Strava, bring the history in, repair it.")
def strava() -> None:
    """Connect to Strava and keep what is stored the same as what Strava holds."""


@strava.command()
@click.option("--private", "is_private", is_flag=True, help="Ask for private activities as well.")
@click.option("--no-browser", "has_no_browser", is_flag=True, help="Open no browser; only show the address.")
@store_options
def connect(*, settings: Settings, is_private: bool, has_no_browser: bool, as_json: bool) -> None:
    """Connect this athlete to Strava, with a browser.

    A browser on this machine brings the answer back by itself; of any other, paste the address it ends on.
    """
    from commitcollect_adapters.documents import connection_document
    from commitcollect_adapters.services import open_service, open_trail
    from commitcollect_cli.strava_answer import open_browser, waiting
    from commitcollect_core.accounts.audit import AuditType
    from commitcollect_core.strava.connections import DEFAULT_SCOPE, READ_ALL_ACTIVITIES

    scope = (*DEFAULT_SCOPE, READ_ALL_ACTIVITIES) if is_private else DEFAULT_SCOPE
    with (
        open_service(settings) as (service, backend),
        open_trail(settings, backend) as trail,
        waiting(settings.strava_redirect_uri) as answer,
    ):
        linking = service.strava.linking
        address = linking.begin(settings.user, _TERMINAL, redirect_uri=answer.redirect_uri, scope=scope)
        say(f"Open this address in a browser and allow access:\n\n  {address}\n")
        if not has_no_browser:
            open_browser(address)
        say("If this goes on by itself then, all is well. Else copy the address of the page you end on, even")
        say("if that page cannot be shown.")
        came_back = answer.wait()
        finish = partial(
            linking.finish,
            state=came_back.value("state"),
            binding=_TERMINAL,
            code=came_back.value("code") or None,
            granted_scope=came_back.scope,
            error=came_back.value("error") or None,
        )
        connection = _audited(trail, settings, AuditType.STRAVA_AUTHORIZE, finish)
    line = f"Connected to Strava's athlete {connection.athlete_id}."
    print_result(connection_document(connection), [line], as_json=as_json)
    if as_json:
        return
    if connection.can_read_activities:
        say("Bring the history in with 'commitcollect strava backfill', or let 'commitcollect worker' do it.")
    else:
        say("Access to activities was not granted, so nothing can count; connect again and leave it ticked.")


def _audited(
    trail: AuditTrail | None, settings: Settings, event_type: AuditType, use_case: Callable[[], _Outcome]
) -> _Outcome:
    """Call a use case and record it."""
    if trail is None:
        return use_case()
    caller = trail.caller(settings.user)
    return trail.around(caller, use_case, event_type=event_type, user_id=settings.user)


@strava.command()
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
@dry_run_option
@store_options
def disconnect(*, settings: Settings, is_sure: bool, is_dry_run: bool, as_json: bool) -> int:
    """Give the permission back to Strava and forget the connection. Parts and progress stay."""
    from commitcollect_adapters.services import open_service, open_trail
    from commitcollect_core.accounts.audit import AuditType

    with (
        open_service(settings, must_exist=True) as (service, backend),
        open_trail(settings, backend) as trail,
    ):
        connection = service.strava.access.connections.read(settings.user)
        if is_dry_run:
            _preview(settings, connection, as_json=as_json)
            return 0
        is_asked = connection is not None and not is_sure
        if is_asked and not is_confirmed(f"Disconnect {settings.user} from Strava?"):
            print_failure("not_confirmed", "nothing was changed", as_json=as_json)
            return EXIT_FAILURE
        disconnect_user = partial(service.strava.linking.disconnect, settings.user)
        _audited(trail, settings, AuditType.STRAVA_DEAUTHORIZE, disconnect_user)
    line = f"{settings.user} is not connected to Strava any more."
    print_result({"connected": False}, [line], as_json=as_json)
    return 0


def _preview(settings: Settings, connection: StravaConnection | None, *, as_json: bool) -> None:
    """What disconnecting would change."""
    from commitcollect_core.policy import OnDisconnect

    policy = settings.policy.strava
    erased = [
        name
        for name, rule in (
            ("workouts from Strava", policy.workouts_on_disconnect),
            ("milestones with their parts", policy.awards_on_disconnect),
        )
        if rule is OnDisconnect.ERASE
    ]
    line = f"{settings.user} is not connected to Strava."
    if connection is not None:
        lost = f"erase {' and '.join(erased)}" if erased else "keep workouts and parts"
        line = f"Would disconnect {settings.user} from athlete {connection.athlete_id}, and {lost}."
    print_result(
        {"isDryRun": True, "connected": connection is not None, "erased": erased}, [line], as_json=as_json
    )


@strava.command()
@store_options
def status(*, settings: Settings, as_json: bool) -> None:
    """Show this athlete's connection, workouts and backfill, as the store has them."""
    from commitcollect_adapters.documents import strava_status_document
    from commitcollect_adapters.services import open_standing

    with open_standing(settings) as standing:
        found = standing.of(settings.user)
    lines = (f"{name:<12}  {value}" for name, value in _status_rows(found))
    print_result(strava_status_document(found), lines, as_json=as_json)


def _status_rows(found: StravaStatus) -> list[tuple[str, str]]:
    from commitcollect_adapters.wording.goals import show_day

    connection = found.connection
    if connection is None:
        return [("Connection", "none; make one with 'commitcollect strava connect'")]
    latest = found.latest_activity_at
    newest = "" if latest is None else f", the newest {show_day(latest)}"
    freshness = "" if latest is None or found.is_fresh else " (a while ago)"
    return [
        ("Connection", f"{connection.status.value}, athlete {connection.athlete_id}"),
        ("Granted", ", ".join(connection.scope) or "nothing"),
        ("Workouts", f"{found.workout_count:,}{newest}{freshness}"),
        ("Backfill", "never begun" if found.backfill is None else show_backfill(found.backfill)),
    ]


@strava.command()
@click.option(
    "--callback-url", required=True, metavar="URL", help="Where 'commitcollect serve' can be reached."
)
@store_options
def subscribe(*, settings: Settings, callback_url: str, as_json: bool) -> None:
    """Have Strava send events. It calls the address at once, so the receiver has to run already."""
    from commitcollect_adapters.services import open_strava_api

    if not settings.strava_verify_token:
        raise InvalidInput(
            "set COMMITCOLLECT_STRAVA_VERIFY_TOKEN to a long random text, here and where the receiver runs",
            field="strava_verify_token",
        )
    with open_strava_api(settings) as api:
        subscription_id = api.subscribe(callback_url=callback_url, verify_token=settings.strava_verify_token)
    print_result({"subscriptionId": subscription_id}, [f"Subscription {subscription_id}."], as_json=as_json)
    if not as_json:
        say(f"Now set COMMITCOLLECT_STRAVA_SUBSCRIPTION_ID={subscription_id} where the receiver runs.")


@strava.command()
@store_options
def subscriptions(*, settings: Settings, as_json: bool) -> None:
    """List the app's subscriptions; there is one at most."""
    from commitcollect_adapters.documents import subscription_document
    from commitcollect_adapters.services import open_strava_api

    with open_strava_api(settings) as api:
        found = api.subscriptions()
    document = {"subscriptions": [subscription_document(each) for each in found]}
    rows = ((str(each.subscription_id), each.callback_url) for each in found)
    print_result(document, table(("Subscription", "Address"), rows) if found else (), as_json=as_json)
    if not found and not as_json:
        say("No subscription; make one with 'commitcollect strava subscribe'.")


@strava.command()
@click.argument("subscription_id", type=click.IntRange(1))
@dry_run_option
@store_options
def unsubscribe(*, settings: Settings, subscription_id: int, is_dry_run: bool, as_json: bool) -> None:
    """Have Strava send no more events."""
    from commitcollect_adapters.services import open_strava_api

    with open_strava_api(settings) as api:
        if is_dry_run:
            found = [each for each in api.subscriptions() if each.subscription_id == subscription_id]
            if not found:
                raise NotFound(f"there is no subscription {subscription_id}", code="subscription_not_found")
            line = f"Would end subscription {subscription_id} of {found[0].callback_url}."
            print_result({"isDryRun": True, "subscriptionId": subscription_id}, [line], as_json=as_json)
            return
        api.unsubscribe(subscription_id)
    document = {"subscriptionId": subscription_id, "isActive": False}
    print_result(document, [f"Subscription {subscription_id} is gone."], as_json=as_json)
