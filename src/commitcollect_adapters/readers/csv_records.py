"""The records of a CSV file, strictly, one at a time, in flat memory, surviving the broken ones.

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
from typing import IO, NamedTuple

LINE_CHARS_MAX = 262_144
"""A real line of 101 columns has about 1,000 characters; a description may add some thousands."""

RECORD_CHARS_MAX = 524_288
"""All lines of one record. A cell is bounded by `csv.field_size_limit`, 131,072 unless someone changed it."""

_UNDECODED = re.compile("[\udc80-\udcff]")


class Record(NamedTuple):
    """One record: its number, counted from 1, its cells, and what is wrong with it.

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


def read_records(stream: IO[bytes]) -> Iterator[Record]:
    """Yield the records of a UTF-8 file; the first, the header, sets how many cells the others must have.

    Bytes that are not UTF-8 arrive as lone surrogates; a record that holds some has a problem. Blank lines
    are counted and passed over. The stream is closed at the end.
    """
    with io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
        lines = _Lines(text)
        # Each `next` starts from a clean state, also after an error and after the lines had run out.
        reader = csv.reader(lines, strict=True)
        row, width = 0, 0
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
