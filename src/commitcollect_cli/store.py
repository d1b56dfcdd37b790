"""The store and the athlete a command works on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

import click

from commitcollect_adapters.settings import Origins, Settings, load_settings
from commitcollect_adapters.wiring import open_ports
from commitcollect_cli.options import chained
from commitcollect_core.app import CommitCollect, assemble

_Command = Callable[..., Any]

store_flags: Callable[[_Command], _Command] = chained(
    click.option(
        "--store",
        metavar="STORE",
        help="SQLite file or dynamodb://…. Default: see 'commitcollect config show'.",
    ),
    click.option("--user", metavar="ID", help="The athlete. Default: see 'commitcollect config show'."),
)
"""Gives a command what was said of its settings; None is nothing."""


def settings_here(store: str | None, user: str | None) -> tuple[Settings, Origins]:
    """The settings of this process in this folder.

    Raises:
        InvalidInput: a setting is not acceptable.
    """
    return load_settings({"store": store, "user": user}, os.environ, Path())


def store_options(command: _Command) -> _Command:
    """Give a command ``--store`` and ``--user``, and with them its `settings`."""

    @store_flags
    @wraps(command)
    def with_settings(*, store: str | None, user: str | None, **arguments: Any) -> Any:
        settings, _ = settings_here(store, user)
        return command(settings=settings, **arguments)

    return with_settings


@contextmanager
def opened(settings: Settings, *, must_exist: bool = True) -> Iterator[CommitCollect]:
    """The application on the store of the settings.

    Args:
        settings: name the store.
        must_exist: do not make a store that is not there.

    Raises:
        NotFound: there is no store.
        StorageError: it cannot be opened.
    """
    with open_ports(settings.store, must_exist=must_exist) as ports:
        yield assemble(ports)
