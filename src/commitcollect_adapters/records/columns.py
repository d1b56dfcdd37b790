"""Kinds of records: tables of columns, and the encoders and decoders made from them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from itertools import groupby
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
    def part(self) -> str:
        """The attribute that holds the part; empty where the path names none."""
        return self.path.rpartition(".")[0]

    @property
    def attribute(self) -> str:
        """The attribute of the value, or of the part."""
        return self.path.rpartition(".")[2]


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
    paths = [each.path for each in columns]
    readers = [_reader(part, [*of_part]) for part, of_part in groupby(columns, attrgetter("part"))]
    encoders = [
        (place, _letting_none(each, each.codec.encode))
        for place, each in enumerate(columns)
        if each.codec.encode is not _unchanged
    ]
    decoders = [
        (each.path, _letting_none(each, each.codec.decode))
        for each in columns
        if each.codec.decode is not _unchanged
    ]
    makers = [
        (part, make_part, [each for each in paths if each.startswith(f"{part}.")])
        for part, make_part in (parts or {}).items()
    ]

    # One call reads all attributes of a part; only those that look different in a record are touched again.
    def encode(value: Value) -> Record:
        record: list[Any] = []
        for read in readers:
            record += read(value)
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


def _reader(part: str, columns: Sequence[Column]) -> Callable[[Any], Sequence[Any]]:
    """Reads the attributes of a value, or of a part of it, in the order of their columns."""
    names = [each.attribute for each in columns]
    first = attrgetter(names[0])
    read: Callable[[Any], Sequence[Any]]
    read = attrgetter(*names) if len(names) > 1 else lambda holder: (first(holder),)
    if not part:
        return read
    take, nothing = attrgetter(part), (None,) * len(names)

    def read_part(value: Any) -> Sequence[Any]:
        taken = take(value)
        return nothing if taken is None else read(taken)

    return read_part


def _letting_none(column: Column, code: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Codes an attribute; those of a part that is None let None through."""
    return (lambda value: None if value is None else code(value)) if column.part else code
