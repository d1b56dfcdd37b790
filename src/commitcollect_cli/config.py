"""``commitcollect config``: what is set, and where; and keys to set."""

from __future__ import annotations

import click

from commitcollect_adapters.ciphers import keys
from commitcollect_adapters.settings import masked
from commitcollect_cli.options import json_option
from commitcollect_cli.output import print_json, show
from commitcollect_cli.render import table
from commitcollect_cli.store import settings_here, store_flags


@click.group()
def config() -> None:
    """See the settings, and make a key to seal tokens with.

    A flag goes before the environment, that before commitcollect.toml in the working directory, that before
    the defaults. The variable of a setting is its name in capitals after COMMITCOLLECT_, such as
    COMMITCOLLECT_STORE; a secret may also be in a file, named by the same variable with _FILE at its end.
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


@config.command("new-key")
@json_option
def new_key(*, as_json: bool) -> None:
    """Print a fresh key for COMMITCOLLECT_SEAL_KEYS. It is kept nowhere: whoever loses it loses the tokens.

    To change keys, put the new one first and leave the old one behind it, with a comma between.
    """
    key = keys.new_key()
    if as_json:
        print_json({"sealKey": key})
    else:
        show(key)
