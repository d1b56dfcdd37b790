"""``commitcollect config``: the settings and their origins, and new keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from commitcollect_cli.options import json_option
from commitcollect_cli.output import print_result
from commitcollect_cli.render import table
from commitcollect_cli.store import settings_here, store_flags

if TYPE_CHECKING:
    from commitcollect_adapters.documents import Document
    from commitcollect_adapters.settings import Origins, Settings


@click.group()
def config() -> None:
    """See the settings, and make a key to seal tokens with.

    A flag takes precedence over the environment, that over commitcollect.toml in the working directory, that
    over the defaults. The variable of a setting is its name in capitals after COMMITCOLLECT_, such as
    COMMITCOLLECT_STORE; a secret may also be in a file, named by the same variable with _FILE at its end.
    Values of the policy stand in the table [policy] of the file, or in variables such as
    COMMITCOLLECT_POLICY_JOB_ATTEMPTS_MAX.
    """


@config.command("show")
@click.option("--all", "is_all", is_flag=True, help="Show policy values that are at their defaults, too.")
@store_flags
def show_(*, store: str | None, user: str | None, is_all: bool, as_json: bool) -> None:
    """Show every setting, the values of the policy that are set, and where each comes from."""
    from commitcollect_adapters.settings import masked, policy_values

    settings, origins = settings_here(store, user)
    document = {
        "settings": _with_origins(masked(settings), origins),
        "policy": _with_origins(policy_values(settings.policy), origins),
    }
    print_result(document, _lines(settings, origins, is_all=is_all), as_json=as_json)


def _with_origins(values: Document, origins: Origins) -> Document:
    return {name: {"value": value, "origin": origins[name]} for name, value in values.items()}


def _lines(settings: Settings, origins: Origins, *, is_all: bool) -> Iterator[str]:
    from commitcollect_adapters.settings import DEFAULT_ORIGIN, masked, policy_values

    shown = ((name, value or "(not set)", origins[name]) for name, value in masked(settings).items())
    yield from table(("Setting", "Value", "From"), shown)
    values = policy_values(settings.policy)
    listed = [name for name in values if is_all or origins[name] != DEFAULT_ORIGIN]
    if listed:
        yield ""
        yield from table(
            ("Policy", "Value", "From"), ((name, str(values[name]), origins[name]) for name in listed)
        )
    if rest := len(values) - len(listed):
        yield ""
        yield f"{rest} values of the policy are at their defaults; --all shows them."


@config.command("new-key")
@json_option
def new_key(*, as_json: bool) -> None:
    """Print a fresh key for COMMITCOLLECT_SEAL_KEYS. It is stored nowhere: without it the tokens are lost.

    To change keys, put the new one first and leave the old one behind it, with a comma between.
    """
    from commitcollect_adapters.ciphers import keys

    key = keys.new_key()
    print_result({"sealKey": key}, [key], as_json=as_json)
