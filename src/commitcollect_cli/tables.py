"""``commitcollect tables``: the tables of a DynamoDB store."""

from __future__ import annotations

import click

from commitcollect_adapters.backend import store_provisioning
from commitcollect_cli.provisioning import Column, Provisioned, add_commands


@click.group()
def tables() -> None:
    """Create, check and delete the tables of a DynamoDB store."""


add_commands(
    Provisioned(
        group=tables,
        plural="tables",
        content="everything",
        find=store_provisioning,
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
