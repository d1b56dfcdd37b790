"""``commitcollect tables``: the tables of a DynamoDB store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from commitcollect_adapters.settings import Settings
from commitcollect_adapters.wiring import DYNAMODB, dynamodb_client
from commitcollect_cli.options import json_option
from commitcollect_cli.output import EXIT_FAILURE, is_confirmed, print_json, say, show
from commitcollect_cli.render import table
from commitcollect_cli.store import store_options
from commitcollect_core.errors import InvalidInput

if TYPE_CHECKING:
    from commitcollect_adapters.dynamodb.client import Client
    from commitcollect_adapters.dynamodb.provisioning import TableStatus


@click.group()
def tables() -> None:
    """Make, check and delete the tables of a DynamoDB store."""


@tables.command()
@store_options
@json_option
def create(*, settings: Settings, as_json: bool) -> None:
    """Make the tables that are not there, and wait for them. May be repeated."""
    client = _client(settings)
    from commitcollect_adapters.dynamodb.provisioning import create_tables  # noqa: PLC0415 - boto3 takes half a second

    _print(create_tables(client), as_json=as_json)


@tables.command()
@store_options
@json_option
@click.pass_context
def status(ctx: click.Context, *, settings: Settings, as_json: bool) -> None:
    """Say which tables are there. Ends with 1 if one is not ready."""
    client = _client(settings)
    from commitcollect_adapters.dynamodb.provisioning import table_statuses  # noqa: PLC0415 - boto3 takes half a second

    statuses = table_statuses(client)
    _print(statuses, as_json=as_json)
    ctx.exit(0 if all(each.state == "ACTIVE" for each in statuses) else EXIT_FAILURE)


@tables.command()
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Only say what would be deleted.")
@store_options
@json_option
@click.pass_context
def delete(ctx: click.Context, *, settings: Settings, is_sure: bool, is_dry_run: bool, as_json: bool) -> None:
    """Delete the tables with everything in them."""
    client = _client(settings)
    from commitcollect_adapters.dynamodb.provisioning import delete_tables, table_statuses  # noqa: PLC0415 - as above

    there = table_statuses(client)
    if is_dry_run:
        _print(there, as_json=as_json)
        return
    names = ", ".join(each.name for each in there if each.state != "MISSING")
    if names and not is_sure and not is_confirmed(f"Delete {names} with everything in them?"):
        say("Nothing was deleted.")
        ctx.exit(EXIT_FAILURE)
    _print(delete_tables(client), as_json=as_json)


def _client(settings: Settings) -> Client:
    """The client of the store, if that is one with tables and what it needs is installed."""
    if not settings.store.startswith(DYNAMODB):
        raise InvalidInput(
            f"{settings.store} has no tables to manage; name a store with --store {DYNAMODB}PREFIX",
            field="store",
        )
    return dynamodb_client(settings.store)


def _print(statuses: list[TableStatus], *, as_json: bool) -> None:
    if as_json:
        documents = [
            {
                "name": each.name,
                "state": each.state,
                "hasRecovery": each.has_recovery,
                "hasExpiry": each.has_expiry,
            }
            for each in statuses
        ]
        print_json({"tables": documents})
        return
    recovery = {True: "on", False: "off", None: "not known here"}
    expiry = {True: "on", False: "off", None: "-"}
    rows = (
        (each.name, each.state, recovery[each.has_recovery], expiry[each.has_expiry]) for each in statuses
    )
    for line in table(("Table", "State", "Point-in-time recovery", "Expiry"), rows):
        show(line)
    if any(each.state == "MISSING" for each in statuses):
        say("Make the missing ones with: commitcollect tables create")
