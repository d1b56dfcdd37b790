"""A strict CSV parser that streams records and survives broken ones.

A stray quote makes everything up to the next one a single cell. So when a record of several lines turns out
wrong, only its first line is given up and the others are read again as records of their own. This
stays linear: of the lines read twice, only the last can open a quote again.
"""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Iterator
from typing import IO, NamedTuple, cast

from attrs import frozen

from commitcollect_adapters.readers.fields import UTF_8, encoding_of

LINE_CHARS_MAX = 262_144
"""A real line of 101 columns has about 1,000 characters; a description may add some thousands."""

RECORD_CHARS_MAX = 524_288
"""All lines of one record. `csv.field_size_limit` bounds a cell, by default to 131,072 characters."""

SNIFFED_BYTES = 65_536
"""How much of a table is looked at to tell how it is written; a header of 101 columns has about 10,000."""

DELIMITERS = ",;\t|"
"""What stands between two cells, the likeliest first."""

WINDOWS = "cp1252"

_QUOTED = re.compile(r'"[^"]*"')
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\r?\n', re.IGNORECASE)
_UNDECODED = re.compile("[\udc80-\udcff]")


class Record(NamedTuple):
    """One record: its number, its cells and its problem.

    Records are counted from 1.

    Where there are no cells, the lines do not make a record.
    """

    row: int
    cells: list[str]
    problem: str | None


class _Lines:
    """The file's lines, some of them for a second time."""

    def __init__(self, text: io.TextIOBase) -> None:
        self._text = text
        self._again: deque[str] = deque()
        self._taken: list[str] = []
        self._taken_chars = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._text.readline(LINE_CHARS_MAX)
        if not line:
            raise StopIteration
        if len(line) == LINE_CHARS_MAX and not line.endswith(("\n", "\r")):
            self._skip_line()
            raise csv.Error(f"a line is longer than {LINE_CHARS_MAX:,} characters")
        self._taken.append(line)
        self._taken_chars += len(line)
        if self._taken_chars > RECORD_CHARS_MAX:
            raise csv.Error(f"a quoted cell goes on for more than {RECORD_CHARS_MAX:,} characters")
        return line

    def _skip_line(self) -> None:
        while (rest := self._text.readline(LINE_CHARS_MAX)) and not rest.endswith(("\n", "\r")):
            pass

    def begin_record(self) -> None:
        """Forget the lines of the record before."""
        self._taken = []
        self._taken_chars = 0

    def give_up_first(self) -> None:
        """Offer all lines of the current record but the first again."""
        self._again.extendleft(reversed(self._taken[1:]))


@frozen(kw_only=True)
class Dialect:
    """How a table is written.

    Attributes:
        delimiter: between two cells.
        has_separator_line: whether a line names the delimiter before the header, as Excel wants it.
    """

    encoding: str = UTF_8
    delimiter: str = ","
    has_separator_line: bool = False


def sniff(start: bytes) -> Dialect:
    """Detect the dialect of a table from its start.

    Strava wrote it, or a spreadsheet saved it again.
    """
    encoding = encoding_of(start)
    text = start.decode(encoding, "replace")
    if named := _SEPARATOR_LINE.match(text):
        return Dialect(encoding=encoding, delimiter=named[1], has_separator_line=True)
    header = text.partition("\n")[0]
    if encoding == UTF_8 and "\ufffd" in header:
        # Spreadsheets on Windows write this unless told otherwise; a title that is wrong is not found.
        encoding = WINDOWS
    unquoted = _QUOTED.sub("", header)
    delimiter = max(DELIMITERS, key=lambda each: (unquoted.count(each), -DELIMITERS.index(each)))
    return Dialect(encoding=encoding, delimiter=delimiter)


def buffered(stream: IO[bytes]) -> io.BufferedReader:
    """A stream that can be looked at ahead."""
    return io.BufferedReader(cast("io.RawIOBase", stream), SNIFFED_BYTES)


def read_records(stream: io.BufferedReader, dialect: Dialect) -> Iterator[Record]:
    """Yield the records of a table.

    The first, the header, sets how many cells the others must have.

    Bytes that are not UTF-8 arrive as lone surrogates; a record that holds some has a problem. Blank lines
    are counted and passed over. The stream is closed at the end.
    """
    errors = "surrogateescape" if dialect.encoding == UTF_8 else "replace"
    with io.TextIOWrapper(stream, encoding=dialect.encoding, errors=errors, newline="") as text:
        if dialect.has_separator_line:
            text.readline(LINE_CHARS_MAX)
        lines = _Lines(text)
        # Each `next` starts from a clean state, also after an error and after the lines had run out.
        reader = csv.reader(lines, strict=True, delimiter=dialect.delimiter)
        row, width = int(dialect.has_separator_line), 0
        while (record := _next_record(reader, row + 1, width)) is not None:
            row = record.row
            if record.problem and not record.cells:
                lines.give_up_first()
            width = width or len(record.cells)
            if record.cells or record.problem:
                yield record
            lines.begin_record()


def _next_record(reader: Iterator[list[str]], row: int, width: int) -> Record | None:
    try:
        cells = next(reader)
    except StopIteration:
        return None
    except csv.Error as error:
        return Record(row, [], f"not a CSV row: {error}; check its quotes")
    if cells and width and len(cells) != width:
        return Record(row, [], f"the row has {len(cells)} cells, the header {width}")
    return Record(row, cells, None if _is_decoded(cells) else "the row is not UTF-8 text; save it as UTF-8")


def _is_decoded(cells: list[str]) -> bool:
    return all(cell.isascii() or not _UNDECODED.search(cell) for cell in cells)
