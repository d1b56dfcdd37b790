"""Tables of activities: detecting their kind and reading their rows."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import IO, Protocol

from attrs import evolve

from commitcollect_adapters.readers.activities import Activity
from commitcollect_adapters.readers.bulk_export import layout_of
from commitcollect_adapters.readers.csv_records import (
    SNIFFED_BYTES,
    WINDOWS,
    Dialect,
    Record,
    buffered,
    read_records,
    sniff,
)
from commitcollect_adapters.readers.fields import cause, clean_text, described
from commitcollect_adapters.readers.other_tables import other_table
from commitcollect_adapters.readers.rows import Accepted, Desk, Row, UnreadableHistory
from commitcollect_core.errors import InvalidInput
from commitcollect_core.policy import Policy

# No "<" inside, so that a header of many "<" is not searched to its end from each of them.
_HTML_TAG = re.compile(r"<[^<>]*>")


class Table(Protocol):
    """How the rows of one kind of table are read."""

    @property
    def doubts(self) -> Sequence[str]:
        """What cannot be known from this table; said once."""
        ...

    def read(self, cells: Sequence[str], policy: Policy) -> Activity:
        """Read the activity of a row.

        Raises:
            InvalidInput: its id or its start cannot be read.
        """
        ...


def read_table(path: Path, desk: Desk) -> Iterator[Row]:
    """Yield a row per activity of a table.

    Raises:
        UnreadableHistory: the file is something else, or breaks off.
    """
    with path.open("rb") as stream:
        yield from read_rows(stream, desk, faults=(OSError,))


def read_rows(stream: IO[bytes], desk: Desk, *, faults: tuple[type[Exception], ...]) -> Iterator[Row]:
    """Yield a row per activity of an open table.

    Args:
        stream: closed at the end.
        desk: judges the rows.
        faults: what the stream raises where it is damaged.

    Raises:
        UnreadableHistory: as in `read_table`.
    """
    row = 0
    try:
        start = buffered(stream)
        dialect = sniff(start.peek(SNIFFED_BYTES)[:SNIFFED_BYTES])
        records = read_records(start, dialect)
        header = next(records, None)
        first = next(records, None)
        table, titles = _table(header, first, dialect, desk.file)
        doubts = list(table.doubts)
        if dialect.encoding == WINDOWS:
            doubts.append("the file is not UTF-8 text; read as Windows writes it in western Europe")
        holds = described(titles)
        for record in chain([] if first is None else [first], records):
            row = record.row
            made = _judged(record, table, desk, holds)
            if doubts and isinstance(made, Accepted):
                # Said once, at the first activity it concerns.
                made = evolve(made, remarks=(*made.remarks, "; ".join(doubts)))
                doubts = []
            yield made
    except faults as error:
        raise UnreadableHistory(
            desk.file,
            f"reading failed ({cause(error)}); the file is damaged from here on",
            row=row + 1,
        ) from error


def _judged(record: Record, table: Table, desk: Desk, holds: str) -> Row:
    if record.problem:
        return desk.reject(record.row, record.problem, holds=holds)
    return desk.judge(record.row, lambda: table.read(record.cells, desk.policy), holds=holds)


def _table(
    header: Record | None, first: Record | None, dialect: Dialect, file: str
) -> tuple[Table, Sequence[str]]:
    if header is None:
        raise UnreadableHistory(file, "the table is empty")
    if header.problem:
        raise UnreadableHistory(file, header.problem, row=header.row)
    titles = [clean_text(html.unescape(_HTML_TAG.sub("", cell))) for cell in header.cells]
    cells = None if first is None or first.problem else first.cells
    try:
        table = other_table(titles) or layout_of(titles, cells, has_decimal_comma=dialect.delimiter != ",")
    except InvalidInput as error:
        raise UnreadableHistory(file, error.message, row=header.row) from error
    return table, titles
