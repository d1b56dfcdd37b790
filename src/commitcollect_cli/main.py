"""The ``commitcollect`` command."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Sequence

import click

from commitcollect_cli.completing import complete_store
from commitcollect_cli.late import EVERYWHERE, Late, LateGroup
from commitcollect_cli.output import (
    EXIT_INTERRUPTED,
    prepare_streams,
    print_error,
    print_failure,
    say,
    wants_color,
)
from commitcollect_core.errors import EXIT_FAILURE, EXIT_USAGE, CommitCollectError, exit_code
from commitcollect_core.version import VERSION

PROGRAM = "commitcollect"

_ATHLETE, _STRAVA, _OPERATOR = "For athletes", "For Strava", "For operators"

_COMMANDS = {
    "simulate": Late("simulate:simulate", "Run a training history and show its statue.", _ATHLETE),
    "milestone": Late("milestone:milestone", "Set goals, and see how far they have come.", _ATHLETE),
    "recurring": Late("recurring:recurring", "Goals that begin anew every year, month or week.", _ATHLETE),
    "workout": Late("workout:workout", "Bring workouts in, look at them, delete them.", _ATHLETE),
    "summary": Late("summary:summary", "Sum up a year, a month or a week of training.", _ATHLETE),
    "statue": Late("statue:statue", "See what statues there are; print, view and share them.", _ATHLETE),
    "serve": Late("serve:serve", "Serve the athlete's page, the API and Strava's webhook.", _ATHLETE),
    "strava": Late("strava:strava", "Connect to Strava, bring the history in, repair it.", _STRAVA),
    "worker": Late("worker:worker", "Work through the queue.", _STRAVA),
    "queue": Late("queue:queue", "See jobs that failed too often, retry or drop them.", _STRAVA),
    "fake-strava": Late("fake_strava:fake_strava", "A Strava to try everything out with.", _STRAVA),
    "account": Late("account:account", "Export and delete what is stored of a person.", _OPERATOR),
    "user": Late("user:user", "See whose data a store has.", _OPERATOR),
    "session": Late("session:session", "List where a person is signed in, and sign out.", _OPERATOR),
    "audit": Late("audit:audit", "Read and verify the audit log.", _OPERATOR),
    "tables": Late("tables:tables", "Create, check and delete the tables of a DynamoDB store.", _OPERATOR),
    "capacity": Late("capacity:capacity", "Reckon what athletes need and cost on DynamoDB.", _OPERATOR),
    "config": Late("config:config", "See the settings, and make a key to seal tokens with.", _OPERATOR),
    "backup": Late("backup:backup", "Copy a SQLite store while it is in use.", _OPERATOR),
    "doctor": Late("doctor:doctor", "Check installation, store and milestones.", _OPERATOR),
    "completion": Late("completion:completion", "Print the completion script of a shell.", _OPERATOR),
}
_GARBAGE_AFTER_OBJECTS = 20_000
"""A short command makes little garbage; looking for it as often as Python does costs a twentieth of it."""

_ALIASES = {"import": "workout_import:import_", "status": "milestone:show_"}


@click.group(
    cls=LateGroup,
    late=_COMMANDS,
    aliases=_ALIASES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(VERSION, "-V", "--version", prog_name=PROGRAM)
@click.option("--store", metavar="STORE", shell_complete=complete_store, help="As the option of the command.")
@click.option("--user", metavar="ID", help="As the option of the command.")
@click.option("--json", "as_json", is_flag=True, help="As the option of the command.")
@click.pass_context
def cli(ctx: click.Context, *, store: str | None, user: str | None, as_json: bool) -> None:
    """Turn training into a statue: every threshold you cross mints one part, exactly once.

    Try: commitcollect simulate --demo
    """
    ctx.color = wants_color(os.environ)
    ctx.meta[EVERYWHERE] = {"store": store, "user": user, "user_id": user, "as_json": as_json}


def run(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and end the process with its exit code."""
    gc.set_threshold(_GARBAGE_AFTER_OBJECTS)
    prepare_streams()
    given = list(sys.argv[1:] if arguments is None else arguments)
    code = _exit_code(given)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # All is said; Python's own handler would raise in the midst of ending.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(code)


def _exit_code(arguments: list[str]) -> int:
    try:
        return _run(arguments)
    except BrokenPipeError:
        return EXIT_FAILURE  # the reader went away (``| head``), and knows
    except OSError as error:
        # Reading a history or a store has errors of its own: this is printing, onto a full disk perhaps.
        say(f"Error: {error.strerror or error}")
        return EXIT_FAILURE


def _check_text(arguments: Sequence[str]) -> None:
    """Refuse what is no text: Python hands bytes that are not UTF-8 on as halves of characters."""
    for argument in arguments:
        if any("\ud800" <= char <= "\udfff" for char in argument):
            shown = argument.encode("utf-8", "backslashreplace").decode()
            raise click.UsageError(f"the argument '{shown}' is not UTF-8 text")


def _run(arguments: list[str]) -> int:
    as_json = "--json" in arguments
    try:
        _check_text(arguments)
        code = cli.main(arguments, prog_name=PROGRAM, standalone_mode=False)
        return code if isinstance(code, int) else 0
    except CommitCollectError as error:
        print_error(error, as_json=as_json)
        return exit_code(error)
    except click.ClickException as error:
        return _click_exit_code(error, as_json=as_json)
    except (click.Abort, KeyboardInterrupt):
        print_failure("interrupted", "interrupted; what was written before stays", as_json=as_json)
        return EXIT_INTERRUPTED


def _click_exit_code(error: click.ClickException, *, as_json: bool) -> int:
    is_usage = isinstance(error, click.UsageError)
    if as_json:
        print_failure("usage" if is_usage else "failure", error.format_message(), as_json=True)
    else:
        error.show()
    return EXIT_USAGE if is_usage else EXIT_FAILURE
