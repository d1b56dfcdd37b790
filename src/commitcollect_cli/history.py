"""Reading the histories a person names: every file that can be read, and what could not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from attrs import define, field

from commitcollect_adapters.documents import Document
from commitcollect_adapters.readers import read_history
from commitcollect_adapters.readers.rows import Rejected, Row, UnreadableHistory
from commitcollect_adapters.sqlite.staging import StagedHistory
from commitcollect_cli.output import EXIT_FAILURE, say
from commitcollect_core.errors import CommitCollectError, NotFound
from commitcollect_core.policy import Policy
from commitcollect_core.training.workouts import ActivitySnapshot

WARNINGS_SHOWN_MAX = 10
"""Remarks and rejections printed for a person; the rest is counted. ``--json`` lists more."""


@define
class Intake:
    """Reads files and keeps note of what could not be taken.

    Attributes:
        rejected: rows, and files as row 0, up to `TrainingPolicy.rejections_kept_max` of them.
        rejected_count: all of them.
        warnings: rows that were taken with a remark, as lines for a person, up to `WARNINGS_SHOWN_MAX`.
        warning_count: all of them.
        exit_code: 0 as long as nothing was rejected.
    """

    policy: Policy
    rejected: list[Rejected] = field(factory=list)
    rejected_count: int = 0
    warnings: list[str] = field(factory=list)
    warning_count: int = 0
    exit_code: int = 0
    _files_failed: list[CommitCollectError] = field(factory=list)

    def read(self, paths: Sequence[Path], *, now: datetime) -> Iterator[ActivitySnapshot]:
        """Every activity of every file; a file or row that cannot be read is noted and passed over.

        Raises:
            CommitCollectError: not one of the files could be opened; the first one's failure.
        """
        for path in paths:
            try:
                yield from self._accepted(read_history(path, policy=self.policy, now=now))
            except (NotFound, UnreadableHistory) as failed:
                self._files_failed.append(failed)
                self._reject(_rejected_file(path, failed))
        if paths and len(self._files_failed) == len(paths):
            for other in self._files_failed[1:]:
                say(f"Rejected: {other.message}")
            raise self._files_failed[0]

    def _accepted(self, rows: Iterable[Row]) -> Iterator[ActivitySnapshot]:
        for row in rows:
            if isinstance(row, Rejected):
                self._reject(row)
                continue
            if row.warning is not None:
                self.warning_count += 1
                if len(self.warnings) < WARNINGS_SHOWN_MAX:
                    self.warnings.append(f"{row.file}, row {row.row}: {row.warning}")
            yield row.snapshot

    def _reject(self, rejected: Rejected) -> None:
        self.rejected_count += 1
        self.exit_code = EXIT_FAILURE
        if len(self.rejected) < self.policy.training.rejections_kept_max:
            self.rejected.append(rejected)

    def say(self) -> None:
        """Tell a person, on stderr, what was left out and what was assumed."""
        for rejected in self.rejected[:WARNINGS_SHOWN_MAX]:
            where = f"{rejected.file}, row {rejected.row}: " if rejected.row else f"{rejected.file}: "
            say(f"Rejected: {where}{rejected.reason}")
        _say_more(self.rejected_count, "rejected")
        for warning in self.warnings:
            say(f"Note: {warning}")
        _say_more(self.warning_count, "with the like remark")

    def document(self) -> Document:
        """What was left out and what was assumed, for ``--json``; the row is null for a file as a whole."""
        rejected = [
            {"file": each.file, "row": each.row or None, "reason": each.reason} for each in self.rejected
        ]
        return {
            "rejected": rejected,
            "rejectedCount": self.rejected_count,
            "warnings": self.warnings,
            "warningCount": self.warning_count,
        }


def _rejected_file(path: Path, failed: NotFound | UnreadableHistory) -> Rejected:
    if isinstance(failed, UnreadableHistory):
        return Rejected(file=failed.file, row=failed.row, reason=failed.problem)
    return Rejected(file=str(path), row=0, reason=failed.message.removeprefix(f"{path}: "))


def _say_more(count: int, what: str) -> None:
    if count > WARNINGS_SHOWN_MAX:
        say(f"… and {count - WARNINGS_SHOWN_MAX:,} more {what}.")


@contextmanager
def staged(snapshots: Iterable[ActivitySnapshot]) -> Iterator[StagedHistory]:
    """The snapshots, set out for delivery."""
    history = StagedHistory()
    try:
        history.add(snapshots)
        yield history
    finally:
        history.close()
