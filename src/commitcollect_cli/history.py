"""Reading the histories a person names: every file that can be read, and what could not."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from attrs import define, field

from commitcollect_adapters.documents import Document
from commitcollect_adapters.readers import read_history
from commitcollect_adapters.readers.rows import Rejected, Row, UnreadableHistory
from commitcollect_adapters.sqlite.staging import StagedHistory
from commitcollect_cli.output import say
from commitcollect_core.errors import EXIT_FAILURE, CommitCollectError, NotFound
from commitcollect_core.policy import Policy
from commitcollect_core.training.workouts import ActivitySnapshot

WARNINGS_SHOWN_MAX = 10
"""Remarks and rejections printed for a person; the rest is counted. ``--json`` lists more."""

KINDS_MAX = 1_000
"""Kinds of remarks that are told apart; more of them are only counted."""

STANDARD_INPUT = Path("-")
STANDARD_INPUT_BYTES_MAX = 16 * 1024**3
"""An export with all its photos; it is copied to the temporary folder."""

_SHOWN_INPUT = "standard input"
_COPIED_BYTES = 1024**2

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
        exit_code: 0 as long as nothing was rejected.
    """

    policy: Policy
    rejected: list[Rejected] = field(factory=list)
    rejected_count: int = 0
    remarks: Remarks = field(factory=Remarks)
    empty: list[str] = field(factory=list)
    exit_code: int = 0
    _files_failed: list[CommitCollectError] = field(factory=list)

    def read(self, paths: Sequence[Path], *, now: datetime) -> Iterator[ActivitySnapshot]:
        """Every activity of every file; a file or row that cannot be read is noted and passed over.

        Args:
            paths: files or folders; ``-`` is standard input.
            now: as in `read_history`.

        Raises:
            CommitCollectError: nothing of any of the files could be read; the first one's failure.
        """
        for path in paths:
            try:
                with _opened(path) as (file, shown_as):
                    rows = read_history(file, policy=self.policy, now=now, shown_as=shown_as)
                    yield from self._accepted(rows, shown_as or str(path))
            except (NotFound, UnreadableHistory) as failed:
                self._files_failed.append(failed)
                self._reject(_rejected_file(path, failed))
        if paths and len(self._files_failed) == len(paths):
            for other in self._files_failed[1:]:
                say(f"Rejected: {other.message}")
            raise self._files_failed[0]

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
                self._reject(row)
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

    def _reject(self, rejected: Rejected) -> None:
        self.rejected_count += 1
        self.exit_code = EXIT_FAILURE
        if len(self.rejected) < self.policy.training.rejections_kept_max:
            self.rejected.append(rejected)

    def say(self) -> None:
        """Tell a person, on stderr, what was left out and what was assumed."""
        rejections = Remarks()
        for rejected in self.rejected:
            where = f"{rejected.file}, row {rejected.row}" if rejected.row else rejected.file
            rejections.add(where, rejected.reason)
        _say_some("Rejected", rejections)
        if (more := self.rejected_count - len(self.rejected)) > 0:
            say(f"… and {more:,} more rejected.")
        _say_some("Note", self.remarks)
        for file in self.empty:
            say(f"Note: {file}: there is no activity in it")

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


def _say_some(what: str, remarks: Remarks) -> None:
    lines = list(remarks.shown())
    for line in lines[:WARNINGS_SHOWN_MAX]:
        say(f"{what}: {line}")
    if len(lines) > WARNINGS_SHOWN_MAX:
        say(f"… and {len(lines) - WARNINGS_SHOWN_MAX:,} other kinds; --json lists them.")


def _nothing_read(first: Rejected, count: int) -> str:
    rows = "its only row" if count == 1 else f"any of its {count:,} rows"
    holds = f"; it holds {first.holds}" if first.holds else ""
    return f"could not read {rows}: row {first.row}: {first.reason}{holds}"


def _rejected_file(path: Path, failed: NotFound | UnreadableHistory) -> Rejected:
    if isinstance(failed, UnreadableHistory):
        return Rejected(file=failed.file, row=failed.row, reason=failed.problem)
    return Rejected(file=str(path), row=0, reason=failed.message.removeprefix(f"{path}: "))


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Path, str | None]]:
    """A file that can be read twice, and what to call it if not by its path."""
    if path != STANDARD_INPUT:
        yield path, None
        return
    with tempfile.TemporaryDirectory(prefix="commitcollect-") as folder:
        copy = Path(folder) / "input"
        with copy.open("wb") as stream:
            _copy(sys.stdin.buffer, stream)
        yield copy, _SHOWN_INPUT


def _copy(source: BinaryIO, target: BinaryIO) -> None:
    size = 0
    while some := source.read(_COPIED_BYTES):
        size += len(some)
        if size > STANDARD_INPUT_BYTES_MAX:
            raise UnreadableHistory(
                _SHOWN_INPUT, f"more than {STANDARD_INPUT_BYTES_MAX:,} bytes; name a file"
            )
        target.write(some)


@contextmanager
def staged(snapshots: Iterable[ActivitySnapshot]) -> Iterator[StagedHistory]:
    """The snapshots, set out for delivery."""
    history = StagedHistory()
    try:
        history.add(snapshots)
        yield history
    finally:
        history.close()
