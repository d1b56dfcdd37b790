"""Commands that create, describe and delete what an engine keeps data in: tables, queues."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import click

from commitcollect_cli.options import dry_run_option
from commitcollect_cli.output import is_confirmed, print_result, say
from commitcollect_cli.render import table
from commitcollect_cli.store import store_options
from commitcollect_core.errors import EXIT_FAILURE

if TYPE_CHECKING:
    from commitcollect_adapters.backend import Provisioning, Status
    from commitcollect_adapters.settings import Settings

MISSING, ACTIVE = "MISSING", "ACTIVE"


class Column(NamedTuple):
    """A fact of each status: its attribute, its heading, and how its values are shown."""

    attribute: str
    heading: str
    shown: Mapping[bool | None, str]


class Provisioned(NamedTuple):
    """What differs between tables and queues.

    Attributes:
        group: the command they belong to.
        plural: what they are called, also in JSON.
        content: what is lost with them.
        find: finds them by the settings.
        columns: what is shown beside name and state.
    """

    group: click.Group
    plural: str
    content: str
    find: Callable[[Settings], Provisioning]
    columns: Sequence[Column]


def add_commands(things: Provisioned) -> None:
    """Add ``create``, ``status`` and ``delete`` to a group."""
    command = things.group.command

    @command(help=f"Create the {things.plural} that are missing, and wait for them. May be repeated.")
    @store_options
    def create(*, settings: Settings, as_json: bool) -> None:
        _print(things, things.find(settings).create(), as_json=as_json)

    @command(help=f"Describe the {things.plural}. Ends with 1 if one is not ready.")
    @store_options
    def status(*, settings: Settings, as_json: bool) -> int:
        statuses = things.find(settings).statuses()
        _print(things, statuses, as_json=as_json)
        return 0 if all(each.state == ACTIVE for each in statuses) else EXIT_FAILURE

    @command(help=f"Delete the {things.plural} with {things.content} in them.")
    @click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
    @dry_run_option
    @store_options
    def delete(*, settings: Settings, is_sure: bool, is_dry_run: bool, as_json: bool) -> int:
        provisioning = things.find(settings)
        statuses = provisioning.statuses()
        if not is_dry_run:
            names = ", ".join(each.name for each in statuses if each.state != MISSING)
            if names and not is_sure and not is_confirmed(f"Delete {names} with {things.content} in them?"):
                say("Nothing was deleted.")
                return EXIT_FAILURE
            statuses = provisioning.delete()
        _print(things, statuses, as_json=as_json)
        return 0


def _print(things: Provisioned, statuses: Sequence[Status], *, as_json: bool) -> None:
    from commitcollect_adapters.documents import facts_document

    document = {things.plural: [facts_document(each) for each in statuses]}
    print_result(document, _lines(things, statuses), as_json=as_json)
    if not as_json and any(each.state == MISSING for each in statuses):
        say(f"Create the missing ones with: commitcollect {things.group.name} create")


def _lines(things: Provisioned, statuses: Sequence[Status]) -> Iterator[str]:
    header = (
        things.plural.capitalize().removesuffix("s"),
        "State",
        *(each.heading for each in things.columns),
    )
    rows = (
        (each.name, each.state, *(column.shown[getattr(each, column.attribute)] for column in things.columns))
        for each in statuses
    )
    return table(header, rows)
