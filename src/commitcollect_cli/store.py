"""The store, the athlete and the output that most commands share."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commitcollect_cli.completing import complete_store
from commitcollect_cli.late import given_before
from commitcollect_cli.options import USER_DEFAULT, chained, json_option
from commitcollect_cli.output import say
from commitcollect_core.errors import InvalidInput

if TYPE_CHECKING:
    from commitcollect_adapters.backend import Backend
    from commitcollect_adapters.settings import Origins, Settings
    from commitcollect_core.app import CommitCollect
    from commitcollect_core.values import UserId

_UNITS = "commitcollect.units"
_Command = Callable[..., Any]


def _keep_units(ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
    if value is not None:
        ctx.meta[_UNITS] = value


store_flags: Callable[[_Command], _Command] = chained(
    click.option(
        "--store",
        shell_complete=complete_store,
        metavar="STORE",
        callback=given_before,
        help="SQLite file or dynamodb://…. Default: see 'commitcollect config show'.",
    ),
    click.option(
        "--user",
        metavar="ID",
        callback=given_before,
        help="The athlete. Default: see 'commitcollect config show'.",
    ),
    click.option(
        "--units",
        type=click.Choice(("metric", "imperial")),
        callback=_keep_units,
        expose_value=False,
        help="What amounts are shown in. Default: as a target was given, else the setting.",
    ),
    json_option,
)
"""Gives a command the flags that are settings, as texts or None, and ``--json``."""


def settings_here(store: str | None, user: str | None) -> tuple[Settings, Origins]:
    """The settings of this process in this folder; amounts are shown in their units from now on.

    Raises:
        InvalidInput: a setting is not acceptable.
    """
    from commitcollect_adapters.backend import check_addresses
    from commitcollect_adapters.settings import load_settings, naming_origin
    from commitcollect_adapters.wording.amounts import show_in

    settings, origins = load_settings({"store": store, "user": user}, os.environ, Path())
    with naming_origin(origins):
        check_addresses(settings)
    ctx = click.get_current_context(silent=True)
    given = None if ctx is None else ctx.meta.get(_UNITS)
    show_in(given or settings.units, is_fixed=given is not None)
    return settings, origins


def store_options(command: _Command) -> _Command:
    """Give a command ``--store``, ``--user`` and ``--json``, and with them its `settings` and `as_json`."""

    @store_flags
    @wraps(command)
    def with_settings(*, store: str | None, user: str | None, **arguments: Any) -> Any:
        settings, _ = settings_here(store, user)
        return command(settings=settings, **arguments)

    return with_settings


@contextmanager
def open_to_read(settings: Settings) -> Iterator[CommitCollect]:
    """As `open_app`, for commands that only show; says so where the store has nothing of the athlete."""
    from commitcollect_adapters.backend import open_backend, ports_on
    from commitcollect_core.app import assemble

    with open_backend(settings.store, settings.policy, must_exist=True) as backend:
        app = assemble(ports_on(backend), settings.policy)
        if not app.ports.ledger.read_head(settings.user).version:
            if _was_deleted(backend, settings.user):
                click.get_current_context().meta[_DELETED] = True
                say(f"The account of user {settings.user!r} was deleted, for good; use another --user.")
            elif settings.user != USER_DEFAULT:
                # Some stores refuse to list them.
                shown = "" if backend.users is None else "; 'commitcollect user list' shows whose"
                say(f"The store has no data of user {settings.user!r}{shown}.")
        yield app


_DELETED = "commitcollect.deleted"


def _was_deleted(backend: Backend, user_id: UserId) -> bool:
    deletions = backend.stores().deletions
    # Where there are none, asking for an id would make the key that ids are hashed with.
    return bool(deletions.page(after=None, limit=1).requests) and (
        deletions.read(deletions.id_of(user_id)) is not None
    )


def suggest(message: str) -> None:
    """Say what to add to a list that is empty, unless the account was deleted and takes nothing."""
    if not click.get_current_context().meta.get(_DELETED):
        say(message)


def log_options(command: _Command) -> _Command:
    """Give a long-running command ``-v`` and ``-q``, and with them its `verbosity`."""

    @click.option("-v", "--verbose", "is_verbose", is_flag=True, help="Log more: retries, other libraries.")
    @click.option("-q", "--quiet", "is_quiet", is_flag=True, help="Log warnings and errors only.")
    @wraps(command)
    def with_verbosity(*, is_verbose: bool, is_quiet: bool, **arguments: Any) -> Any:
        return command(verbosity=is_verbose - is_quiet, **arguments)

    return with_verbosity


def logging_here(
    settings: Settings, verbosity: int, before: Callable[[], None] = lambda: None
) -> AbstractContextManager[None]:
    """Log to stderr: a line for each job and event; text on a terminal, JSON elsewhere, or as is set.

    Args:
        settings: may say which of the two.
        verbosity: above 0 for more, below for less.
        before: is called before each line.
    """
    import logging

    from commitcollect_adapters.observing.logs import logging_to

    ours = {-1: logging.WARNING, 0: logging.INFO, 1: logging.DEBUG}[verbosity]
    return logging_to(
        sys.stderr,
        as_json=settings.log_format == "json" or not (settings.log_format or sys.stderr.isatty()),
        ours=ours,
        others=logging.INFO if verbosity > 0 else logging.WARNING,
        before=before,
    )


def list_limit(settings: Settings, limit: int | None, *, default: int) -> int:
    """How many items a list shows.

    Raises:
        InvalidInput: more than the policy allows.
    """
    most = settings.policy.training.page_items_max
    if limit is not None and limit > most:
        raise InvalidInput(
            f"--limit {limit} is more than page_items_max of the policy, {most}", field="limit"
        )
    return min(default, most) if limit is None else limit
