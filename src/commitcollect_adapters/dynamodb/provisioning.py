"""Creating, checking and deleting the tables. Every function may be called again after a failure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen

from commitcollect_adapters.dynamodb.client import Client, MissingTable
from commitcollect_adapters.dynamodb.items.definitions import expiry_attribute, table_definitions, table_names
from commitcollect_core.errors import CommitCollectError

_WAITS = {"Delay": 1, "MaxAttempts": 120}
"""Seconds between two looks, and how many."""

_EXPIRING = frozenset({"ENABLED", "ENABLING"})


@frozen(kw_only=True)
class TableStatus:
    """One table as the engine describes it.

    Attributes:
        state: ACTIVE, CREATING, …, or MISSING.
        has_recovery: whether point-in-time recovery is on; None where the engine does not know it.
        has_expiry: whether items that have expired are removed; None where none do.
        missing_indexes: global indexes that a table of an earlier version lacks.
    """

    name: str
    state: str
    has_recovery: bool | None = None
    has_expiry: bool | None = None
    missing_indexes: tuple[str, ...] = ()


def create_tables(client: Client) -> list[TableStatus]:
    """Create the missing tables and indexes, wait for the tables, and switch recovery and expiry on.

    The engine fills a new index of an old table by itself, which may take a while.

    Raises:
        StorageError: the engine refuses, or cannot be reached.
    """
    for definition in table_definitions(client.address.name):
        if _status(client, definition["TableName"]).state == "MISSING":
            client.call("create_table", **definition)
    for name in table_names(client.address.name):
        client.wait("table_exists", TableName=name, WaiterConfig=_WAITS)
        _complete(client, _status(client, name))
    return table_statuses(client)


def _complete(client: Client, status: TableStatus) -> None:
    """Switch on what a new table does not have yet, and add what an old one lacks."""
    for name in status.missing_indexes:
        _add_index(client, status.name, name)
    if status.has_recovery is False:
        client.call(
            "update_continuous_backups",
            TableName=status.name,
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
        )
    if status.has_expiry is False:
        attribute = expiry_attribute(client.address.name, status.name)
        client.call(
            "update_time_to_live",
            TableName=status.name,
            TimeToLiveSpecification={"Enabled": True, "AttributeName": attribute},
        )


def _add_index(client: Client, table: str, index: str) -> None:
    definition = _definition(client, table)
    client.call(
        "update_table",
        TableName=table,
        AttributeDefinitions=definition["AttributeDefinitions"],
        GlobalSecondaryIndexUpdates=[
            {"Create": each} for each in _global_indexes(definition) if each["IndexName"] == index
        ],
    )


def _definition(client: Client, table: str) -> Mapping[str, Any]:
    definitions = table_definitions(client.address.name)
    return next(each for each in definitions if each["TableName"] == table)


def _global_indexes(definition: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    indexes: Sequence[Mapping[str, Any]] = definition.get("GlobalSecondaryIndexes", ())
    return indexes


def table_statuses(client: Client) -> list[TableStatus]:
    """The state of every table."""
    return [_status(client, name) for name in table_names(client.address.name)]


def delete_tables(client: Client) -> list[TableStatus]:
    """Delete the tables that are there, with everything in them, and wait until they are gone."""
    names = table_names(client.address.name)
    for name in names:
        if _status(client, name).state not in {"MISSING", "DELETING"}:
            client.call("delete_table", TableName=name)
    for name in names:
        client.wait("table_not_exists", TableName=name, WaiterConfig=_WAITS)
    return table_statuses(client)


def _status(client: Client, name: str) -> TableStatus:
    try:
        described = client.call("describe_table", TableName=name)
        there = {each["IndexName"] for each in _global_indexes(described["Table"])}
        wanted = [each["IndexName"] for each in _global_indexes(_definition(client, name))]
        return TableStatus(
            name=name,
            state=described["Table"]["TableStatus"],
            has_recovery=_has_recovery(client, name),
            has_expiry=_has_expiry(client, name),
            missing_indexes=tuple(each for each in wanted if each not in there),
        )
    except MissingTable:
        return TableStatus(name=name, state="MISSING")


def _has_recovery(client: Client, name: str) -> bool | None:
    try:
        answer = client.call("describe_continuous_backups", TableName=name)
    except CommitCollectError:
        return None  # local engines may not know it
    recovery = answer["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    return bool(recovery.get("PointInTimeRecoveryStatus") == "ENABLED")


def _has_expiry(client: Client, name: str) -> bool | None:
    if expiry_attribute(client.address.name, name) is None:
        return None
    answer = client.call("describe_time_to_live", TableName=name)
    return answer["TimeToLiveDescription"]["TimeToLiveStatus"] in _EXPIRING
