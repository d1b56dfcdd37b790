"""``commitcollect strava backfill``: bring the history in, here or by a worker."""

from __future__ import annotations

from datetime import datetime
from time import sleep as pause
from typing import TYPE_CHECKING

import click

from commitcollect_cli.options import UtcDay
from commitcollect_cli.output import print_failure, print_result, say, status_line
from commitcollect_cli.render import show_count
from commitcollect_cli.store import store_options
from commitcollect_core.errors import EXIT_FAILURE, EXIT_TRY_LATER, CommitCollectError, exit_code

if TYPE_CHECKING:
    from commitcollect_adapters.settings import Settings
    from commitcollect_core.jobs.jobs import ParkedJob
    from commitcollect_core.strava.backfilling import Backfilling, GivenUp
    from commitcollect_core.strava.backfills import Backfill
    from commitcollect_core.strava.connections import StravaConnection
    from commitcollect_core.values import UserId

REJECTIONS_SHOWN_MAX = 20
LOOK_EVERY_SECONDS = 1.0
STILL_LOOKS_MAX = 30
"""After so many looks that saw nothing move, the queue is asked whether the job was set aside."""


@click.command()
@click.option(
    "--from",
    "after",
    type=UtcDay(),
    help="Leave out what started before this UTC day. Default: the whole history.",
)
@click.option(
    "--wait", "is_watched", is_flag=True, help="Let 'commitcollect worker' do it, and wait for its end."
)
@store_options
def backfill(*, settings: Settings, after: datetime | None, is_watched: bool, as_json: bool) -> int:
    """Bring in the history from Strava. Stop it at any time: run again, it goes on where it was."""
    from commitcollect_adapters.services import open_service
    from commitcollect_core.strava.backfilling import GivenUp

    with open_service(settings, must_exist=True) as (service, _):
        backfilling = service.strava.backfilling
        connection = service.strava.access.connection(settings.user)
        if is_watched:
            state = _watched(backfilling, settings.user, after)
        else:
            state = _stepped(backfilling, settings.user, after)
    if isinstance(state, GivenUp):
        print_failure("backfill_set_aside", _why(state.job), as_json=as_json)
        return EXIT_FAILURE
    return _told(state, connection, as_json=as_json)


def _why(parked: ParkedJob) -> str:
    tries = show_count(parked.attempts, "try", "tries")
    return (
        f"the worker set the backfill aside after {tries}: {parked.reason}; run the same command to try again"
    )


def _stepped(backfilling: Backfilling, user_id: UserId, after: datetime | None) -> Backfill:
    """Do the backfill in this process."""
    from commitcollect_core.strava.backfills import BackfillPhase

    state = backfilling.start(user_id, after=after)
    try:
        while state.phase is not BackfillPhase.DONE:
            state = backfilling.step(user_id).backfill
            say(show_backfill(state))
    except CommitCollectError as stopped:
        if exit_code(stopped) == EXIT_TRY_LATER:
            stopped.message += " (what has been listed is kept; run the same command again)"
        raise
    return state


def _watched(backfilling: Backfilling, user_id: UserId, after: datetime | None) -> Backfill | GivenUp:
    """Leave the backfill to the workers, and look how far it has come until it ends."""
    from commitcollect_core.strava.backfilling import GivenUp
    from commitcollect_core.strava.backfills import BackfillPhase

    before = backfilling.hand_over(user_id, after=after)
    still = 0
    with status_line() as shown:
        while True:
            state = backfilling.look(user_id, is_still=still >= STILL_LOOKS_MAX)
            if isinstance(state, GivenUp) or state.phase is BackfillPhase.DONE:
                return state
            still = still + 1 if state == before else 0
            idle = "; is 'commitcollect worker' running?" if still >= STILL_LOOKS_MAX else ""
            shown(f"{show_backfill(state)}{idle}")
            before = state
            pause(LOOK_EVERY_SECONDS)


def _told(state: Backfill, connection: StravaConnection, *, as_json: bool) -> int:
    """Say what a backfill came to; the exit code."""
    from commitcollect_adapters.documents import backfill_document

    listed = show_count(state.activities_listed, "activity", "activities")
    line = f"{listed} taken over, {state.workouts_changed:,} of them new or changed."
    print_result(backfill_document(state), [line], as_json=as_json)
    if state.activities_hidden:
        hidden = show_count(state.activities_hidden, "private activity", "private activities")
        say(f"Hidden by Strava: at least {hidden}.")
    if not connection.sees_all_activities:
        say(
            "Strava shows this connection no private activities; to count them, connect again with "
            "'commitcollect strava connect --private'."
        )
    if not state.activities_rejected:
        return 0
    say(f"Left out, as unreadable: {show_count(state.activities_rejected, 'activity', 'activities')}.")
    for reason in state.rejections[:REJECTIONS_SHOWN_MAX]:
        say(f"  {reason}")
    return EXIT_FAILURE


def show_backfill(state: Backfill) -> str:
    """How far a backfill has come, in a line."""
    from commitcollect_core.strava.backfills import BackfillPhase

    listed = show_count(state.activities_listed, "activity", "activities")
    match state.phase:
        case BackfillPhase.LISTING:
            return f"listing: {listed} so far"
        case BackfillPhase.COMMITTING:
            return f"counting: {show_count(state.pages_staged, 'page', 'pages')} to go, {listed} in all"
        case BackfillPhase.DONE:
            return f"done: {listed}, {state.workouts_changed:,} of them new or changed"
