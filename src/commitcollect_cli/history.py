"""Reading the histories a person names: every file that can be read, and what could not."""

from __future__ import annotations

import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from commitcollect_cli.output import say
from commitcollect_core.errors import EXIT_FAILURE, CommitCollectError, NotFound

if TYPE_CHECKING:
    from commitcollect_adapters.readers.intake import Intake, Remarks
    from commitcollect_adapters.readers.rows import Rejected, UnreadableHistory
    from commitcollect_adapters.sqlite.staging import StagedHistory
    from commitcollect_core.training.workouts import ActivitySnapshot

WARNINGS_SHOWN_MAX = 10
"""Remarks and rejections printed for a person; the rest is counted. ``--json`` lists more."""

STANDARD_INPUT = Path("-")
STANDARD_INPUT_BYTES_MAX = 16 * 1024**3
"""An export with all its photos; it is copied to the temporary folder."""

_SHOWN_INPUT = "standard input"
_COPIED_BYTES = 1024**2


def read_files(intake: Intake, paths: Sequence[Path], *, now: datetime) -> Iterator[ActivitySnapshot]:
    """Every activity of every file; a file or row that cannot be read is noted and passed over.

    Args:
        intake: takes the note.
        paths: files or folders; ``-`` is standard input.
        now: as in `read_history`.

    Raises:
        CommitCollectError: nothing of any of the files could be read; the first one's failure.
    """
    from commitcollect_adapters.readers.rows import UnreadableHistory

    files_failed: list[CommitCollectError] = []
    for path in paths:
        try:
            with _opened(path) as (file, shown_as):
                yield from intake.read(file, now=now, shown_as=shown_as)
        except (NotFound, UnreadableHistory) as failed:
            files_failed.append(failed)
            intake.reject(_rejected_file(path, failed))
    if paths and len(files_failed) == len(paths):
        for other in files_failed[1:]:
            say(f"Rejected: {other.message}")
        raise files_failed[0]


def exit_code_of(intake: Intake) -> int:
    """The exit code of a command that took a history in: 0 as long as nothing was rejected."""
    return EXIT_FAILURE if intake.rejected_count else 0


def say_left_out(intake: Intake) -> None:
    """Tell a person, on stderr, what was left out and what was assumed."""
    from commitcollect_adapters.readers.intake import Remarks

    rejections = Remarks()
    for rejected in intake.rejected:
        where = f"{rejected.file}, row {rejected.row}" if rejected.row else rejected.file
        rejections.add(where, rejected.reason)
    _say_some("Rejected", rejections)
    if (more := intake.rejected_count - len(intake.rejected)) > 0:
        say(f"… and {more:,} more rejected.")
    _say_some("Note", intake.remarks)
    for file in intake.empty:
        say(f"Note: {file}: there is no activity in it")


def _say_some(what: str, remarks: Remarks) -> None:
    lines = list(remarks.shown())
    for line in lines[:WARNINGS_SHOWN_MAX]:
        say(f"{what}: {line}")
    if len(lines) > WARNINGS_SHOWN_MAX:
        say(f"… and {len(lines) - WARNINGS_SHOWN_MAX:,} other kinds; --json lists them.")


def _rejected_file(path: Path, failed: NotFound | UnreadableHistory) -> Rejected:
    from commitcollect_adapters.readers.rows import Rejected, UnreadableHistory

    if isinstance(failed, UnreadableHistory):
        return Rejected(file=failed.file, row=failed.row, reason=failed.problem)
    return Rejected(file=str(path), row=0, reason=failed.message.removeprefix(f"{path}: "))


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Path, str | None]]:
    """A file that can be read twice, and what to call it if not by its path."""
    if path != STANDARD_INPUT and not _is_open_pipe(path):
        yield path, None
        return
    with tempfile.TemporaryDirectory(prefix="commitcollect-") as folder, ExitStack() as stack:
        is_input = path == STANDARD_INPUT
        copy, shown_as = Path(folder) / "input", _SHOWN_INPUT if is_input else str(path)
        source = sys.stdin.buffer if is_input else stack.enter_context(path.open("rb"))
        with copy.open("wb") as stream:
            _copy(source, stream, shown_as)
        yield copy, shown_as


def _is_open_pipe(path: Path) -> bool:
    """Whether a path is a pipe that this process has been handed, as ``<(…)`` of a shell is.

    Opening any other pipe may wait for a writer for ever.
    """
    try:
        return path.parts[:2] == ("/", "dev") and stat.S_ISFIFO(path.stat().st_mode)
    except OSError:
        return False


def _copy(source: BinaryIO, target: BinaryIO, shown_as: str) -> None:
    from commitcollect_adapters.readers.rows import UnreadableHistory

    size = 0
    while some := source.read(_COPIED_BYTES):
        size += len(some)
        if size > STANDARD_INPUT_BYTES_MAX:
            raise UnreadableHistory(shown_as, f"more than {STANDARD_INPUT_BYTES_MAX:,} bytes; name a file")
        target.write(some)


@contextmanager
def staged(snapshots: Iterable[ActivitySnapshot]) -> Iterator[StagedHistory]:
    """The snapshots, set out for delivery."""
    from commitcollect_adapters.sqlite.staging import StagedHistory

    history = StagedHistory()
    try:
        history.add(snapshots)
        yield history
    finally:
        history.close()
