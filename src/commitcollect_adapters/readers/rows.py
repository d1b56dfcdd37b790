"""The rows that a reader yields: accepted, or rejected with a reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from attrs import frozen

from commitcollect_adapters.readers.activities import Activity
from commitcollect_adapters.readers.fields import sport_warning
from commitcollect_core.errors import CommitCollectError, InvalidInput
from commitcollect_core.policy import Policy
from commitcollect_core.training.workouts import ActivitySnapshot


@frozen(kw_only=True)
class Accepted:
    """An activity that was read and is believable.

    Attributes:
        file: the file's name as the user gave it; inside an archive, ``export.zip/activities.csv``.
        row: counted from 1. In a CSV the header is row 1; in a JSON list the first item is.
        remarks: what the reader had to assume or to leave out.
    """

    snapshot: ActivitySnapshot
    file: str
    row: int
    remarks: tuple[str, ...] = ()

    @property
    def warning(self) -> str | None:
        """All remarks in one line, or None."""
        return "; ".join(self.remarks) or None


@frozen(kw_only=True)
class Rejected:
    """A part of the file that could not be taken in.

    Reading went on after it where it could.

    Attributes:
        holds: the names of what the row holds, for a sentence about the file.
    """

    file: str
    row: int
    reason: str
    holds: str = ""


Row = Accepted | Rejected


class UnreadableHistory(CommitCollectError):
    """A file cannot be read, or not any further.

    Attributes:
        file: as in `Rejected`.
        row: the row at which reading stopped; 0 if it never began.
    """

    code = "unreadable_history"

    def __init__(self, file: str, problem: str, *, row: int = 0) -> None:
        where = f"{file}, row {row}" if row else file
        super().__init__(f"{where}: {problem}")
        self.file = file
        self.row = row
        self.problem = problem


@frozen(kw_only=True)
class Desk:
    """Accepts or rejects the rows of one file.

    Knows the file and the rules its rows must pass.
    """

    file: str
    policy: Policy
    now: datetime

    def judge(self, row: int, read: Callable[[], Activity], *, holds: str = "") -> Row:
        """Run `read` and set aside values that are not believable.

        An InvalidInput becomes the rejection's reason.
        """
        try:
            activity = read()
            snapshot, set_aside = activity.snapshot.believable(self.policy, now=self.now)
        except InvalidInput as error:
            return self.reject(row, error.message, holds=holds)
        unread = (*activity.set_aside, *set_aside)
        remarks = [f"{value}; it counts without it" for value in unread]
        if (warning := sport_warning(snapshot.sport_type)) is not None:
            remarks.append(warning)
        return Accepted(snapshot=snapshot, file=self.file, row=row, remarks=tuple(remarks))

    def reject(self, row: int, reason: str, *, holds: str = "") -> Rejected:
        """Report a row that is beyond reading."""
        return Rejected(file=self.file, row=row, reason=reason, holds=holds)
