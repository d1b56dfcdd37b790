"""``commitcollect strava``: connect an athlete, bring the history in, mend it, and subscribe to events."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime
from urllib.parse import parse_qs

import click

from commitcollect_adapters.documents import Document, workout_document
from commitcollect_adapters.records.columns import epoch
from commitcollect_adapters.settings import Settings
from commitcollect_adapters.wiring import open_strava, open_strava_api
from commitcollect_cli.options import UtcDay, json_option
from commitcollect_cli.output import (
    EXIT_FAILURE,
    EXIT_TRY_LATER,
    ask,
    exit_code,
    is_confirmed,
    print_failure,
    print_json,
    say,
    show,
)
from commitcollect_cli.render import show_count, show_day, table
from commitcollect_cli.store import store_options
from commitcollect_core.errors import CommitCollectError, InvalidInput
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.strava.backfills import Backfill, BackfillPhase
from commitcollect_core.strava.connections import DEFAULT_SCOPE, READ_ALL_ACTIVITIES, StravaConnection
from commitcollect_core.strava.linking import StravaStatus
from commitcollect_core.strava.reconciling import ReconcileReport, Repair

_TERMINAL = "command-line"
"""Names the browser in a handshake that begins and ends at one terminal."""

_QUOTES = " \t\"'<>`"
_ESCAPED_AMPERSAND = re.compile(r"&(?:amp|#0*38|#x0*26);", re.IGNORECASE)
_SEPARATORS = re.compile(r"[,\s]+")
_SCOPES = (
    "read",
    "read_all",
    "profile:read_all",
    "profile:write",
    "activity:read",
    "activity:read_all",
    "activity:write",
)
"""Strava's scopes; others that it may add are taken as they are."""

_PASTED_LINES_MAX = 10

DAYS_MAX = 20_000
REPAIRS_SHOWN_MAX = 20

_REPAIRS = {
    Repair.MISSING: "missing here",
    Repair.OUTDATED: "out of date here",
    Repair.DELETED_HERE: "deleted here",
    Repair.GONE_THERE: "gone from Strava",
}


@click.group(short_help="Connect to Strava, bring the history in, mend it.")
def strava() -> None:
    """Connect to Strava and keep what is stored the same as what Strava holds."""


@strava.command()
@click.option("--private", "is_private", is_flag=True, help="Ask for private activities as well.")
@store_options
@json_option
def connect(*, settings: Settings, is_private: bool, as_json: bool) -> None:
    """Connect this athlete to Strava, with a browser and this terminal."""
    scope = (*DEFAULT_SCOPE, READ_ALL_ACTIVITIES) if is_private else DEFAULT_SCOPE
    with open_strava(settings) as service:
        linking = service.strava.linking
        address = linking.begin(
            settings.user, _TERMINAL, redirect_uri=settings.strava_redirect_uri, scope=scope
        )
        say(f"Open this address in a browser and allow access:\n\n  {address}\n")
        say("Then copy the address of the page you end on, even if that page cannot be shown.")
        came_back = _ask_for_return()
        connection = linking.finish(
            state=came_back.value("state"),
            binding=_TERMINAL,
            code=came_back.value("code") or None,
            granted_scope=came_back.scope,
            error=came_back.value("error") or None,
        )
    if as_json:
        print_json(_connection_document(connection))
        return
    show(f"Connected to Strava's athlete {connection.athlete_id}.")
    if connection.can_read_activities:
        say("Bring the history in with 'commitcollect strava backfill', or let 'commitcollect worker' do it.")
    else:
        say("Access to activities was not granted, so nothing can count; connect again and leave it ticked.")


class _Returned:
    """The address a browser ended on, as people paste it: escaped, quoted, cut into lines."""

    def __init__(self, pasted: str) -> None:
        text = _ESCAPED_AMPERSAND.sub("&", pasted.strip(_QUOTES)).replace("\\", "")
        # The part behind the question mark alone will do; a fragment (`#_=_`) is no part of it.
        query = text.partition("?")[2] or text
        self._values = parse_qs(query.partition("#")[0], keep_blank_values=True)

    def value(self, name: str) -> str:
        """A value of its query without white space; empty if it is not there."""
        return "".join(self._values.get(name, [""])[0].split())

    @property
    def scope(self) -> list[str]:
        """What was granted. Strava separates it by commas; on the way they may become spaces."""
        return [each for each in _SEPARATORS.split(self._values.get("scope", [""])[0]) if each]

    @property
    def is_complete(self) -> bool:
        """Whether it is an address that Strava sends browsers to, down to its end."""
        if not self.value("state"):
            return False
        return bool(self.value("error")) or (bool(self.value("code")) and self._has_whole_scope)

    @property
    def _has_whole_scope(self) -> bool:
        """Whether the scope, which comes last, is there and does not break off inside a name."""
        last = self.scope[-1] if self.scope else ""
        is_cut = last not in _SCOPES and any(each.startswith(last) for each in _SCOPES if last)
        return "scope" in self._values and not is_cut

    @property
    def is_begun(self) -> bool:
        """Whether it can be the beginning of such an address."""
        is_page_before = "client_id" in self._values
        return not is_page_before and not self._values.keys().isdisjoint({"state", "code"})


def _ask_for_return() -> _Returned:
    """Ask for the address the browser ended on until it is complete; it may come in several lines."""
    lines: list[str] = []
    while (line := ask("Address")) is not None:
        lines = [*lines[1 - _PASTED_LINES_MAX :], line]
        # The fewest lines that make an address: what was pasted before it may be something else.
        for count in range(1, len(lines) + 1):
            if (came_back := _Returned("".join(lines[-count:]))).is_complete:
                return came_back
        if _Returned(line).is_begun:
            say("The address goes on from there: paste the rest, or all of it again.")
        else:
            say("That is not it: the address holds state=… and code=…, or error=… if access was refused.")
    raise InvalidInput(
        "no address was given; run the command again, and paste the address the browser ends on",
        field="address",
    )


@strava.command()
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
@store_options
@json_option
@click.pass_context
def disconnect(ctx: click.Context, *, settings: Settings, is_sure: bool, as_json: bool) -> None:
    """Give the permission back to Strava and forget the connection. Parts and progress stay."""
    with open_strava(settings, must_exist=True) as service:
        service.strava.access.connection(settings.user)
        if not is_sure and not is_confirmed(f"Disconnect {settings.user} from Strava?"):
            print_failure("not_confirmed", "nothing was changed", as_json=as_json)
            ctx.exit(EXIT_FAILURE)
        service.strava.linking.disconnect(settings.user)
    if as_json:
        print_json({"connected": False})
    else:
        show(f"{settings.user} is not connected to Strava any more.")


@strava.command()
@store_options
@json_option
def status(*, settings: Settings, as_json: bool) -> None:
    """Say how this athlete stands with Strava. Asks nobody but the store."""
    with open_strava(settings, must_exist=True) as service:
        found = service.strava.linking.status(settings.user)
    if as_json:
        print_json(_status_document(found))
        return
    for name, value in _status_rows(found):
        show(f"{name:<12}  {value}")


def _status_rows(found: StravaStatus) -> list[tuple[str, str]]:
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
        ("Backfill", "never begun" if found.backfill is None else _progress(found.backfill)),
    ]


def _status_document(found: StravaStatus) -> Document:
    connection = {} if found.connection is None else _connection_document(found.connection)
    return {
        "connected": found.connection is not None,
        **connection,
        "workoutCount": found.workout_count,
        "latestActivityAtUtc": epoch(found.latest_activity_at),
        "isFresh": found.is_fresh,
        "backfill": None if found.backfill is None else _backfill_document(found.backfill),
    }


def _connection_document(connection: StravaConnection) -> Document:
    return {
        "athleteId": connection.athlete_id,
        "status": connection.status.value,
        "scope": list(connection.scope),
        "expiresAtUtc": epoch(connection.expires_at),
    }


@strava.command()
@click.option(
    "--from",
    "after",
    type=UtcDay(),
    help="Leave out what started before this UTC day. Default: the whole history.",
)
@store_options
@json_option
@click.pass_context
def backfill(ctx: click.Context, *, settings: Settings, after: datetime | None, as_json: bool) -> None:
    """Bring in the history from Strava. Stop it at any time: run again, it goes on where it was."""
    with open_strava(settings, must_exist=True) as service:
        backfilling = service.strava.backfilling
        connection = service.strava.access.connection(settings.user)
        state = backfilling.start(settings.user, after=after)
        try:
            while state.phase is not BackfillPhase.DONE:
                state = backfilling.step(settings.user).backfill
                say(_progress(state))
        except CommitCollectError as stopped:
            if exit_code(stopped) == EXIT_TRY_LATER:
                stopped.message += " (what has been listed is kept; run the same command again)"
            raise
    if as_json:
        print_json(_backfill_document(state))
    else:
        listed = show_count(state.activities_listed, "activity", "activities")
        show(f"{listed} taken over, {state.workouts_changed:,} of them new or changed.")
    if not connection.sees_all_activities:
        say(
            "Strava shows this connection no private activities; to count them, connect again with "
            "'commitcollect strava connect --private'."
        )
    if state.activities_rejected:
        say(f"Left out, as unreadable: {show_count(state.activities_rejected, 'activity', 'activities')}.")
        ctx.exit(EXIT_FAILURE)


def _progress(state: Backfill) -> str:
    listed = show_count(state.activities_listed, "activity", "activities")
    match state.phase:
        case BackfillPhase.LISTING:
            return f"listing: {listed} so far"
        case BackfillPhase.COMMITTING:
            return f"counting: {show_count(state.pages_staged, 'page', 'pages')} to go, {listed} in all"
        case BackfillPhase.DONE:
            return f"done: {listed}, {state.workouts_changed:,} of them new or changed"


def _backfill_document(state: Backfill) -> Document:
    return {
        "phase": state.phase.value,
        "pagesListed": state.pages_listed,
        "activitiesListed": state.activities_listed,
        "activitiesRejected": state.activities_rejected,
        "workoutsChanged": state.workouts_changed,
        "startedAtUtc": epoch(state.started_at),
        "updatedAtUtc": epoch(state.updated_at),
    }


@strava.command()
@click.option(
    "--days",
    type=click.IntRange(1, DAYS_MAX),
    default=DEFAULT_POLICY.strava.reconcile_days,
    show_default=True,
    help="How far back to look.",
)
@store_options
@json_option
@click.pass_context
def reconcile(ctx: click.Context, *, settings: Settings, days: int, as_json: bool) -> None:
    """Compare the last days with Strava and mend what differs. Ends with 1 if something was rejected."""
    with open_strava(settings, must_exist=True) as service:
        report = service.strava.reconciling.run(settings.user, days=days)
    if as_json:
        print_json(_reconcile_document(report))
    else:
        _print_reconciliation(report)
    ctx.exit(EXIT_FAILURE if report.rejected else 0)


def _print_reconciliation(report: ReconcileReport) -> None:
    counts = Counter(repair for repair, _ in report.repairs)
    for repair, workout in report.repairs[:REPAIRS_SHOWN_MAX]:
        started_at = workout.snapshot.started_at
        show(f"{workout.key.activity_id}  {started_at:%Y-%m-%d}  {workout.snapshot.name}  {_REPAIRS[repair]}")
    if len(report.repairs) > REPAIRS_SHOWN_MAX:
        show(f"… and {len(report.repairs) - REPAIRS_SHOWN_MAX:,} more")
    mended = ", ".join(f"{count:,} {_REPAIRS[repair]}" for repair, count in counts.items())
    listed = show_count(report.listed, "activity", "activities")
    is_settled = not report.rejected and not report.asked_again
    found = mended or ("all as stored" if is_settled else "nothing to mend yet")
    show(f"{listed} since {show_day(report.since)}: {found}.")
    for reason in report.rejected:
        say(f"Rejected: {reason}")
    for value in report.set_aside:
        say(f"Note: {value}; it counts without it")
    if report.asked_again:
        left = show_count(len(report.asked_again), "activity", "activities")
        say(f"Just being changed: {left}; 'commitcollect worker' looks once more.")


def _reconcile_document(report: ReconcileReport) -> Document:
    return {
        "sinceUtc": epoch(report.since),
        "listed": report.listed,
        "repairs": [
            {"repair": repair.value, **workout_document(workout)} for repair, workout in report.repairs
        ],
        "askedAgain": [key.activity_id for key in report.asked_again],
        "rejected": list(report.rejected),
        "setAside": list(report.set_aside),
    }


@strava.command()
@click.option(
    "--callback-url", required=True, metavar="URL", help="Where 'commitcollect serve' can be reached."
)
@store_options
@json_option
def subscribe(*, settings: Settings, callback_url: str, as_json: bool) -> None:
    """Have Strava send events. It calls the address at once, so the receiver has to run already."""
    if not settings.strava_verify_token:
        raise InvalidInput(
            "set COMMITCOLLECT_STRAVA_VERIFY_TOKEN to a long random text, here and where the receiver runs",
            field="strava_verify_token",
        )
    with open_strava_api(settings) as api:
        subscription_id = api.subscribe(callback_url=callback_url, verify_token=settings.strava_verify_token)
    if as_json:
        print_json({"subscriptionId": subscription_id})
        return
    show(f"Subscription {subscription_id}.")
    say(f"Now set COMMITCOLLECT_STRAVA_SUBSCRIPTION_ID={subscription_id} where the receiver runs.")


@strava.command()
@store_options
@json_option
def subscriptions(*, settings: Settings, as_json: bool) -> None:
    """List the app's subscriptions; there is one at most."""
    with open_strava_api(settings) as api:
        found = api.subscriptions()
    if as_json:
        documents = [
            {"subscriptionId": each.subscription_id, "callbackUrl": each.callback_url} for each in found
        ]
        print_json({"subscriptions": documents})
        return
    if not found:
        say("No subscription; make one with 'commitcollect strava subscribe'.")
        return
    rows = ((str(each.subscription_id), each.callback_url) for each in found)
    for line in table(("Subscription", "Address"), rows):
        show(line)


@strava.command()
@click.argument("subscription_id", type=click.IntRange(1))
@store_options
@json_option
def unsubscribe(*, settings: Settings, subscription_id: int, as_json: bool) -> None:
    """Have Strava send no more events."""
    with open_strava_api(settings) as api:
        api.unsubscribe(subscription_id)
    if as_json:
        print_json({"subscriptionId": subscription_id, "isActive": False})
    else:
        show(f"Subscription {subscription_id} is gone.")
