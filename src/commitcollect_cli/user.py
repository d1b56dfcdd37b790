"""``commitcollect user``: whose data a store has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from commitcollect_cli.options import limit_option
from commitcollect_cli.output import print_result, say
from commitcollect_cli.render import table
from commitcollect_cli.store import list_limit, store_options
from commitcollect_core.errors import InvalidInput

if TYPE_CHECKING:
    from commitcollect_adapters.settings import Settings

USERS_LISTED = 50


@click.group()
def user() -> None:
    """See whose data a store has."""


@user.command("list")
@limit_option(USERS_LISTED)
@click.option("--after", default="", metavar="ID", help="Go on behind this user.")
@store_options
def list_(*, settings: Settings, limit: int | None, after: str, as_json: bool) -> None:
    """List the users with data in the store, by id, with the number of their workouts."""
    from commitcollect_adapters.backend import open_backend

    most = list_limit(settings, limit, default=USERS_LISTED)
    with open_backend(settings.store, settings.policy, must_exist=True) as backend:
        if backend.users is None:
            raise InvalidInput(
                "this store would have to read every item in it to list its users; name one with --user. "
                "How to find ids stands in docs/operations.md, 'Whose data a store has'",
                field="store",
            )
        found = backend.users(after, most + 1)
        ledger = backend.ledger()
        heads = [(each, ledger.read_head(each)) for each in found[:most]]
    next_ = found[most - 1] if len(found) > most else None
    users = [{"userId": each, "workoutCount": head.workout_count} for each, head in heads]
    rows = ((each, f"{head.workout_count:,}") for each, head in heads)
    print_result({"users": users, "next": next_}, table(("User", "Workouts"), rows), as_json=as_json)
    if next_ is not None and not as_json:
        say(f"There are more: --after {next_}")
