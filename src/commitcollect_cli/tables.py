"""``commitcollect tables``: the tables of a DynamoDB store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from commitcollect_cli.provisioning import Column, Provisioned, add_commands

if TYPE_CHECKING:
    from commitcollect_adapters.backend import Provisioning
    from commitcollect_adapters.settings import Settings


def _find(settings: Settings) -> Provisioning:
    from commitcollect_adapters.backend import store_provisioning

    return store_provisioning(settings)


@click.group()
def tables() -> None:
    """Create, check and delete the tables of a DynamoDB store."""


add_commands(
    Provisioned(
        group=tables,
        plural="tables",
        content="everything",
        find=_find,
        columns=(
            Column(
                "has_recovery",
                "Point-in-time recovery",
                {True: "on", False: "off", None: "not known here"},
            ),
            Column("has_expiry", "Expiry", {True: "on", False: "off", None: "-"}),
        ),
    )
)
