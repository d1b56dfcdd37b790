"""How values look in an item, and what may be asked of an item before it is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import field, frozen

from commitcollect_adapters import records
from commitcollect_core.errors import CorruptItem
from commitcollect_core.values import UserId

Key = dict[str, Any]
Item = Mapping[str, Any]
"""An item as the low-level client gives it: attribute name -> {type: value}."""


def text(value: str) -> dict[str, str]:
    """A string attribute."""
    return {"S": value}


def number(value: int) -> dict[str, str]:
    """A number attribute."""
    return {"N": str(value)}


def _attribute(value: object) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"BOOL": value}
    return number(value) if isinstance(value, int) else text(str(value))


def _plain(name: str, attribute: Mapping[str, Any]) -> object:
    match attribute:
        case {"S": str(value)}:
            return value
        case {"BOOL": bool(value)}:
            return value
        case {"N": str(value)} if value.lstrip("-").isdigit():
            return int(value)
    shown = str(attribute)[:60]
    raise CorruptItem(f"attribute {name} holds {shown}, which is no text, whole number or truth value")


def key_of(partition_key: str, sort_key: str) -> Key:
    """The key of an item."""
    return {"PK": text(partition_key), "SK": text(sort_key)}


def partition(user_id: UserId) -> dict[str, str]:
    """The partition of one athlete."""
    return text(f"USER#{user_id}")


def athlete_key(user_id: UserId, sort_key: str) -> Key:
    """The key of an item in an athlete's partition."""
    return {"PK": partition(user_id), "SK": text(sort_key)}


def prefix_query(partition_key: Mapping[str, str], prefix: str) -> dict[str, Any]:
    """The query of the items of a partition whose sort keys begin alike."""
    return {
        "KeyConditionExpression": "PK = :pk AND begins_with(SK, :prefix)",
        "ExpressionAttributeValues": {":pk": partition_key, ":prefix": text(prefix)},
    }


def behind(query: Mapping[str, Any], start: Key | None) -> Mapping[str, Any]:
    """The query, going on behind a key; from its beginning for None."""
    return query if start is None else {**query, "ExclusiveStartKey": start}


@frozen
class ItemKind:
    """One kind of item.

    Attributes:
        columns: the names of its record, in order.
        encode: makes the record.
        derived: further attributes, for readers of the catalogue and for indexes, made from the value.
    """

    columns: Sequence[str]
    encode: Callable[[Any], records.Record]
    derived: Callable[[Any], Mapping[str, object]] = lambda _value: {}

    def attributes(self, value: object) -> dict[str, dict[str, Any] | None]:
        """Every attribute this kind owns; None where the value has none."""
        plain = {**dict(zip(self.columns, self.encode(value), strict=True)), **self.derived(value)}
        return {name: None if each is None else _attribute(each) for name, each in plain.items()}

    def item(self, key: Key, value: object) -> Item:
        """A whole item, for one that is new or that nobody else writes to."""
        attributes = self.attributes(value)
        return {**key, **{name: each for name, each in attributes.items() if each is not None}}

    def record(self, item: Item) -> records.Record:
        """The record of a stored item."""
        return tuple(_plain(name, item[name]) if name in item else None for name in self.columns)


def update_of(attributes: Mapping[str, Mapping[str, Any] | None]) -> dict[str, Any]:
    """An update that sets what has a value and removes what has none. Other attributes are left alone."""
    names = {f"#{place}": name for place, name in enumerate(attributes)}
    values = {f":{place}": value for place, value in enumerate(attributes.values()) if value is not None}
    sets = [f"#{place} = :{place}" for place, value in enumerate(attributes.values()) if value is not None]
    removes = [f"#{place}" for place, value in enumerate(attributes.values()) if value is None]
    expression = f"SET {', '.join(sets)}" + (f" REMOVE {', '.join(removes)}" if removes else "")
    return {
        "UpdateExpression": expression,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }


@frozen
class Condition:
    """What must be stored for a write to happen; see `holding`."""

    expression: str
    names: Mapping[str, str] = field(factory=dict)
    values: Mapping[str, Any] = field(factory=dict)


NEW = Condition("attribute_not_exists(PK)")
THERE = Condition("attribute_exists(PK)")


def holding(**expected: str | int) -> Condition:
    """An item is there, and these of its attributes have these values."""
    return Condition(
        " AND ".join(f"#is{place} = :is{place}" for place in range(len(expected))),
        {f"#is{place}": name for place, name in enumerate(expected)},
        {f":is{place}": _attribute(value) for place, value in enumerate(expected.values())},
    )


def absent_or(condition: Condition) -> Condition:
    """No item is there, or one for which `condition` is so."""
    return Condition(f"{NEW.expression} OR ({condition.expression})", condition.names, condition.values)


def follows(version: int) -> Condition:
    """What is stored is one version behind; nothing, for version 1."""
    return NEW if version == 1 else holding(version=version - 1)
