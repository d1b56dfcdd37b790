"""How values look in an item, and the conditions of writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from attrs import field, frozen

from commitcollect_adapters.records.columns import RecordKind
from commitcollect_core.errors import CorruptItem
from commitcollect_core.values import UserId

Value = TypeVar("Value")
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
    raise CorruptItem(f"attribute {name} holds {shown}, which is neither text, whole number nor truth value")


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
    """The query, continued behind a key; from its beginning for None."""
    return query if start is None else {**query, "ExclusiveStartKey": start}


@frozen(eq=False)
class ItemKind(Generic[Value]):
    """One kind of item: the attributes of a kind of record, and those derived from the value.

    Attributes:
        record: the kind of record.
        derived: attributes for indexes, for expiry and for other readers of the catalogue; never read back.
    """

    record: RecordKind[Value]
    derived: Callable[[Value], Mapping[str, object]] = lambda _value: {}

    def attributes(self, value: Value) -> dict[str, dict[str, Any] | None]:
        """Every attribute this kind owns; None where the value has none."""
        stored = zip(self.record.columns, self.record.encode(value), strict=True)
        plain = {**dict(stored), **self.derived(value)}
        return {name: None if each is None else _attribute(each) for name, each in plain.items()}

    def item(self, key: Key, value: Value) -> Item:
        """A whole item, for one that is new or that no other program writes to."""
        attributes = self.attributes(value)
        return {**key, **{name: each for name, each in attributes.items() if each is not None}}

    def values(self, item: Item) -> tuple[object, ...]:
        """The record of a stored item."""
        return tuple(_plain(name, item[name]) if name in item else None for name in self.record.columns)

    def value(self, item: Item) -> Value:
        """The value of a stored item.

        Raises:
            CorruptItem: it cannot be read.
        """
        return self.record.decode(self.values(item))

    def can_read(self, item: Item) -> bool:
        """Whether `value` reads the item."""
        try:
            self.value(item)
        except CorruptItem:
            return False
        return True


def update_of(attributes: Mapping[str, Mapping[str, Any] | None]) -> dict[str, Any]:
    """An update that sets what has a value and removes what has none; other attributes stay."""
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
    """What must be stored for a write to happen."""

    expression: str
    names: Mapping[str, str] = field(factory=dict)
    values: Mapping[str, Any] = field(factory=dict)


NEW = Condition("attribute_not_exists(PK)")
THERE = Condition("attribute_exists(PK)")


def holding(**expected: str | int | None) -> Condition:
    """The item exists, and these attributes of it have these values; None for one that is absent.

    One value at least is not None.
    """
    places = list(enumerate(expected.items()))
    return Condition(
        " AND ".join(
            f"attribute_not_exists(#is{place})" if value is None else f"#is{place} = :is{place}"
            for place, (_, value) in places
        ),
        {f"#is{place}": name for place, (name, _) in places},
        {f":is{place}": _attribute(value) for place, (_, value) in places if value is not None},
    )


def of_generation(version: int, generation: str) -> Condition:
    """The stored item is this version of this generation; one stored before there were any has none."""
    return holding(version=version, generation=generation or None)


def absent_or(condition: Condition) -> Condition:
    """No item exists, or one that meets `condition`."""
    return Condition(f"{NEW.expression} OR ({condition.expression})", condition.names, condition.values)


def follows(version: int) -> Condition:
    """The stored version is the one before; for version 1 there is none (optimistic locking)."""
    return NEW if version == 1 else holding(version=version - 1)
