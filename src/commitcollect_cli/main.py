"""The ``commitcollect`` command."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version

import click

from commitcollect_cli.output import (
    EXIT_INTERRUPTED,
    prepare_streams,
    print_error,
    print_failure,
    say,
)
from commitcollect_core.errors import EXIT_FAILURE, EXIT_USAGE, CommitCollectError, exit_code

PROGRAM = "commitcollect"

_COMMANDS = {
    "simulate": "commitcollect_cli.simulate:simulate",
    "milestone": "commitcollect_cli.milestone:milestone",
    "recurring": "commitcollect_cli.recurring:recurring",
    "workout": "commitcollect_cli.workout:workout",
    "statue": "commitcollect_cli.statue:statue",
    "strava": "commitcollect_cli.strava:strava",
    "worker": "commitcollect_cli.worker:worker",
    "queue": "commitcollect_cli.queue:queue",
    "serve": "commitcollect_cli.serve:serve",
    "fake-strava": "commitcollect_cli.fake_strava:fake_strava",
    "session": "commitcollect_cli.session:session",
    "audit": "commitcollect_cli.audit:audit",
    "tables": "commitcollect_cli.tables:tables",
    "capacity": "commitcollect_cli.capacity:capacity",
    "config": "commitcollect_cli.config:config",
    "doctor": "commitcollect_cli.doctor:doctor",
    "completion": "commitcollect_cli.completion:completion",
}
"""Command -> where it lives. Imported when used, so that one command does not pay for the others."""


class _LateCommands(click.Group):
    """A group that imports a command when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(import_module(module), name)
        return command


def _no_color() -> bool | None:
    """False where https://no-color.org asks for it, else click decides."""
    return False if os.environ.get("NO_COLOR") else None


@click.group(
    cls=_LateCommands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(version("commitcollect"), "-V", "--version", prog_name=PROGRAM)
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Turn training into a statue: every threshold you cross mints one part, exactly once.

    Try: commitcollect simulate --demo
    """
    ctx.color = _no_color()


def run(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and end the process with its exit code."""
    prepare_streams()
    given = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(_exit_code(given))


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
