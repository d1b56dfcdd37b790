"""Taking in what a person brings: every row that can be read, and a note of what could not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from attrs import define, field

from commitcollect_adapters.documents import Document
from commitcollect_adapters.readers.histories import read_history
from commitcollect_adapters.readers.rows import Rejected, Row, UnreadableHistory
from commitcollect_core.policy import Policy
from commitcollect_core.training.workouts import ActivitySnapshot

KINDS_MAX = 1_000
"""Kinds of remarks that are told apart; more of them are only counted."""

# What differs between two remarks that say the same of two rows.
_VALUE = re.compile(r"'(?:[^'\\]|\\.)*'|[0-9][0-9.,:+-]*")


@define
class Remarks:
    """Remarks about rows, each kind with the rows it concerns counted.

    Attributes:
        count: all of them.
        lines: the first of each kind, as a line for a person.
    """

    count: int = 0
    lines: dict[str, str] = field(factory=dict)
    _counts: dict[str, int] = field(factory=dict)

    def add(self, where: str, remark: str) -> None:
        """Note a remark about a row."""
        self.count += 1
        kind = _VALUE.sub("…", remark)
        if kind in self._counts:
            self._counts[kind] += 1
        elif len(self._counts) < KINDS_MAX:
            self._counts[kind] = 1
            self.lines[kind] = f"{where}: {remark}"

    def shown(self) -> Iterator[str]:
        """The lines, each with the number of rows that it stands for."""
        for kind, line in self.lines.items():
            more = self._counts[kind] - 1
            yield f"{line} (and {more:,} more like it)" if more else line


@define
class Intake:
    """Reads files and keeps note of what could not be taken.

    Attributes:
        rejected: rows, and files as row 0, up to `TrainingPolicy.rejections_kept_max` of them.
        rejected_count: all of them.
        remarks: what was assumed or left out of rows that were taken.
        empty: files with nothing in them.
    """

    policy: Policy
    rejected: list[Rejected] = field(factory=list)
    rejected_count: int = 0
    remarks: Remarks = field(factory=Remarks)
    empty: list[str] = field(factory=list)

    def read(self, path: Path, *, now: datetime, shown_as: str | None = None) -> Iterator[ActivitySnapshot]:
        """Every activity of a file; a row that cannot be read is noted and passed over.

        Arguments and errors as in `read_history`.

        Raises:
            UnreadableHistory: there are rows, and not one of them could be read.
        """
        rows = read_history(path, policy=self.policy, now=now, shown_as=shown_as)
        yield from self._accepted(rows, shown_as or str(path))

    def _accepted(self, rows: Iterable[Row], file: str) -> Iterator[ActivitySnapshot]:
        """The activities of a file.

        Raises:
            UnreadableHistory: there are rows, and not one of them could be read.
        """
        count, first = 0, None
        kept = len(self.rejected), self.rejected_count
        for row in rows:
            if isinstance(row, Rejected):
                first = first or row
                self.reject(row)
                continue
            count += 1
            for remark in row.remarks:
                self.remarks.add(f"{row.file}, row {row.row}", remark)
            yield row.snapshot
        if count:
            return
        if first is None:
            self.empty.append(file)
            return
        # One sentence about the file instead of as many as it has rows.
        rejected = self.rejected_count - kept[1]
        del self.rejected[kept[0] :]
        self.rejected_count = kept[1]
        raise UnreadableHistory(first.file, _nothing_read(first, rejected))

    def reject(self, rejected: Rejected) -> None:
        """Note what could not be taken."""
        self.rejected_count += 1
        if len(self.rejected) < self.policy.training.rejections_kept_max:
            self.rejected.append(rejected)

    def document(self) -> Document:
        """What was left out and what was assumed, for ``--json``; the row is null for a file as a whole."""
        rejected = [
            {"file": each.file, "row": each.row or None, "reason": each.reason} for each in self.rejected
        ]
        return {
            "rejected": rejected,
            "rejectedCount": self.rejected_count,
            "warnings": list(self.remarks.shown()),
            "warningCount": self.remarks.count,
        }


def _nothing_read(first: Rejected, count: int) -> str:
    rows = "its only row" if count == 1 else f"any of its {count:,} rows"
    holds = f"; it holds {first.holds}" if first.holds else ""
    return f"could not read {rows}: row {first.row}: {first.reason}{holds}"
