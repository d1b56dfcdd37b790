"""How single values look in a record, and what happens when a record cannot be read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import wraps
from typing import Any, TypeVar

from commitcollect_core.errors import CorruptItem, InvalidInput

Record = tuple[Any, ...]
_Value = TypeVar("_Value")

_UNREADABLE = (
    ArithmeticError, AttributeError, InvalidInput, LookupError, OSError, TypeError, ValueError,
)  # fmt: skip
"""What goes wrong when a column holds what it should not, or nothing."""


def reader(decode: Callable[[Record], _Value]) -> Callable[[Record], _Value]:
    """Make a decoder say that a record is corrupt instead of failing in its own way.

    The message shows the first three columns, but never the last: no secret may stand among them.
    """

    @wraps(decode)
    def read(record: Record) -> _Value:
        try:
            return decode(record)
        except _UNREADABLE as unreadable:
            raise CorruptItem(
                f"cannot read the stored {decode.__name__} {record[:-1][:3]}: {unreadable}"
            ) from unreadable

    return read


def epoch(value: datetime | None) -> int | None:
    """Whole seconds since 1970; None for None."""
    return None if value is None else int(value.timestamp())


def moment(epoch_seconds: int) -> datetime:
    """The moment of whole seconds since 1970."""
    return datetime.fromtimestamp(epoch_seconds, UTC)


def optional_moment(epoch_seconds: int | None) -> datetime | None:
    """`moment`, letting None through."""
    return None if epoch_seconds is None else moment(epoch_seconds)


def joined(plain: Iterable[str]) -> str:
    """Plain words, which hold no comma, as one text."""
    return ",".join(plain)


def words(text: str) -> tuple[str, ...]:
    """The words that `joined` put together."""
    return tuple(filter(None, text.split(",")))


def json_text(value: object) -> str:
    """Compact JSON, its names sorted. Letters stay as they are: escaped they can be three times as long."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def mapping(text: str) -> dict[str, Any]:
    """A mapping that `json_text` wrote."""
    document = json.loads(text)
    if not isinstance(document, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - what is wrong is a stored value, not a caller
    return document
