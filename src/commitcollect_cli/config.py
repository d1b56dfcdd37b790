"""``commitcollect config``: what is set, and where."""

from __future__ import annotations

import click

from commitcollect_adapters.settings import masked
from commitcollect_cli.options import json_option
from commitcollect_cli.output import print_json, show
from commitcollect_cli.render import table
from commitcollect_cli.store import settings_here, store_flags


@click.group()
def config() -> None:
    """See the settings.

    A flag goes before COMMITCOLLECT_STORE and COMMITCOLLECT_USER in the environment, these before
    commitcollect.toml in the working directory, that before the defaults.
    """


@config.command("show")
@store_flags
@json_option
def show_(*, store: str | None, user: str | None, as_json: bool) -> None:
    """Show every setting and where its value comes from."""
    settings, origins = settings_here(store, user)
    values = masked(settings)
    if as_json:
        print_json({"settings": {each: {"value": values[each], "origin": origins[each]} for each in values}})
        return
    rows = ((each, value or "(not set)", origins[each]) for each, value in values.items())
    for line in table(("Setting", "Value", "From"), rows):
        show(line)
