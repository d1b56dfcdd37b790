"""Making, looking at and removing the tables. Every function may be called again after a failure."""

from __future__ import annotations

from attrs import frozen

from commitcollect_adapters.dynamodb import items
from commitcollect_adapters.dynamodb.client import Client, MissingTable
from commitcollect_core.errors import CommitCollectError

_WAITS = {"Delay": 1, "MaxAttempts": 120}
"""Seconds between two looks, and how many."""


@frozen(kw_only=True)
class TableStatus:
    """One table as the engine describes it.

    Attributes:
        state: ACTIVE, CREATING, …, or MISSING.
        has_recovery: whether point-in-time recovery is on; None where the engine does not know it.
    """

    name: str
    state: str
    has_recovery: bool | None = None


def create_tables(client: Client) -> list[TableStatus]:
    """Make the tables that are not there, wait for them, and switch point-in-time recovery on.

    Raises:
        StorageError: the engine refuses, or cannot be reached.
    """
    for definition in items.table_definitions(client.address.prefix):
        name = definition["TableName"]
        if _status(client, name).state == "MISSING":
            client.call("create_table", **definition)
        client.wait("table_exists", TableName=name, WaiterConfig=_WAITS)
        if _has_recovery(client, name) is False:
            client.call(
                "update_continuous_backups",
                TableName=name,
                PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
            )
    return table_statuses(client)


def table_statuses(client: Client) -> list[TableStatus]:
    """The state of every table."""
    return [_status(client, name) for name in items.table_names(client.address.prefix)]


def delete_tables(client: Client) -> list[TableStatus]:
    """Delete the tables that are there, with everything in them, and wait until they are gone."""
    for name in items.table_names(client.address.prefix):
        if _status(client, name).state != "MISSING":
            client.call("delete_table", TableName=name)
        client.wait("table_not_exists", TableName=name, WaiterConfig=_WAITS)
    return table_statuses(client)


def _status(client: Client, name: str) -> TableStatus:
    try:
        described = client.call("describe_table", TableName=name)
    except MissingTable:
        return TableStatus(name=name, state="MISSING")
    state = described["Table"]["TableStatus"]
    return TableStatus(name=name, state=state, has_recovery=_has_recovery(client, name))


def _has_recovery(client: Client, name: str) -> bool | None:
    try:
        answer = client.call("describe_continuous_backups", TableName=name)
    except CommitCollectError:
        return None  # local engines may not know it
    recovery = answer["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    return bool(recovery.get("PointInTimeRecoveryStatus") == "ENABLED")
