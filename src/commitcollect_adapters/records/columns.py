"""Kinds of records: tables of columns, and the encoders and decoders made from them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from enum import Enum
from operator import attrgetter
from typing import Any, Generic, TypeVar

from attrs import frozen

from commitcollect_core.errors import CorruptItem, InvalidInput

Record = tuple[Any, ...]
Value = TypeVar("Value")

_UNREADABLE = (
    ArithmeticError, AttributeError, InvalidInput, LookupError, OSError, TypeError, ValueError,
)  # fmt: skip
"""How decoding ends on a column that holds the wrong value, or none."""


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
    """Compact JSON with sorted names and unescaped letters, which are up to three times shorter."""
    return _SORTED.encode(value)


_SORTED = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def mapping(text: str) -> dict[str, Any]:
    """A mapping that was stored as JSON."""
    document = json.loads(text)
    if not isinstance(document, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - a stored value is wrong, not a caller
    return document


@frozen
class Codec:
    """How an attribute looks in a record."""

    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]


def _unchanged(value: Any) -> Any:
    return value


PLAIN = Codec(_unchanged, _unchanged)
FLAG = Codec(_unchanged, bool)
MOMENT = Codec(epoch, moment)
OPTIONAL_MOMENT = Codec(epoch, optional_moment)
WORDS = Codec(joined, words)
GENERATION = Codec(lambda generation: generation or None, lambda stored: stored or "")
"""Absent for a row that was stored before rows had generations."""
MAPPING = Codec(lambda value: json_text(dict(value)), mapping)


def member_of(kind: type[Enum]) -> Codec:
    """A member of an enumeration, stored as its value."""
    return Codec(attrgetter("value"), kind)


@frozen
class Column:
    """One stored attribute.

    Attributes:
        name: what every store calls it.
        path: the attribute of the value, or ``part.attribute`` for one of a part that may be None.
    """

    name: str
    path: str
    codec: Codec = PLAIN

    @property
    def is_encoded(self) -> bool:
        """Whether the record holds something else than the attribute."""
        return self.codec is not PLAIN or "." in self.path


@frozen(eq=False)
class RecordKind(Generic[Value]):
    """One kind of record.

    Attributes:
        title: for messages.
        columns: the stored names, in the order of a record.
        build: makes the value of a record, or fails in any way.
    """

    title: str
    columns: tuple[str, ...]
    encode: Callable[[Value], Record]
    build: Callable[[Record], Value]

    def decode(self, record: Record) -> Value:
        """The value of a stored record.

        Raises:
            CorruptItem: the record cannot be read.
        """
        try:
            return self.build(record)
        except _UNREADABLE as unreadable:
            # The first three columns tell which record it is. The last is left out: secrets stand behind the
            # third column or in the last one.
            shown = record[:-1][:3]
            raise CorruptItem(
                f"cannot read the stored {self.title} {shown}: {unreadable}; 'commitcollect doctor' tells "
                "what can be done"
            ) from unreadable

    def can_decode(self, record: Record) -> bool:
        """Whether `decode` reads the record."""
        try:
            self.decode(record)
        except CorruptItem:
            return False
        return True


def record_kind(
    title: str,
    make: Callable[..., Value],
    *columns: Column,
    parts: Mapping[str, Callable[..., object]] | None = None,
) -> RecordKind[Value]:
    """A kind whose encoder and decoder follow from its columns, two or more.

    Args:
        title: for messages.
        make: makes a value of its attributes by name.
        columns: the table.
        parts: makes each part that paths name; a part whose columns are all None is None.
    """
    read = attrgetter(*(each.path.partition(".")[0] for each in columns))
    paths = [each.path for each in columns]
    encoders = [(place, _encoder(each)) for place, each in enumerate(columns) if each.is_encoded]
    decoders = [(each.path, _decoder(each)) for each in columns if each.is_encoded]
    makers = [
        (part, make_part, [each for each in paths if each.startswith(f"{part}.")])
        for part, make_part in (parts or {}).items()
    ]

    # One call reads all attributes; only those that look different in a record are touched again.
    def encode(value: Value) -> Record:
        record = [*read(value)]
        for place, encode_one in encoders:
            record[place] = encode_one(record[place])
        return tuple(record)

    def build(record: Record) -> Value:
        values: dict[str, Any] = dict(zip(paths, record, strict=True))
        for path, decode_one in decoders:
            values[path] = decode_one(values[path])
        for part, make_part, inner in makers:
            attributes = {each.partition(".")[2]: values.pop(each) for each in inner}
            is_there = any(each is not None for each in attributes.values())
            values[part] = make_part(**attributes) if is_there else None
        return make(**values)

    return RecordKind(title, tuple(each.name for each in columns), encode, build)


def under(part: str, columns: Iterable[Column]) -> tuple[Column, ...]:
    """Columns of a value that is a part of another."""
    return tuple(Column(each.name, f"{part}.{each.path}", each.codec) for each in columns)


def _encoder(column: Column) -> Callable[[Any], Any]:
    """Encodes an attribute of a value, or one of a part of it."""
    _, _, inner = column.path.partition(".")
    encode = column.codec.encode
    if not inner:
        return encode
    read = attrgetter(inner)
    return lambda part: None if part is None else encode(read(part))


def _decoder(column: Column) -> Callable[[Any], Any]:
    """Decodes an attribute; those of a part that is None let None through."""
    decode = column.codec.decode
    return (lambda value: None if value is None else decode(value)) if "." in column.path else decode
