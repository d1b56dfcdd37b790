"""What reading a history yields: one row per activity found, accepted or rejected with its reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from attrs import frozen

from commitcollect_adapters.readers.fields import sport_warning
from commitcollect_core.errors import CommitCollectError, InvalidInput
from commitcollect_core.policy import Policy
from commitcollect_core.training.workouts import ActivitySnapshot


@frozen(kw_only=True)
class Accepted:
    """An activity that was read and passed `ActivitySnapshot.check`.

    Attributes:
        file: the file's name as the user gave it; inside an archive, ``export.zip/activities.csv``.
        row: counted from 1. In a CSV the header is row 1; in a JSON list the first item is.
        warning: what the reader had to assume, or None.
    """

    snapshot: ActivitySnapshot
    file: str
    row: int
    warning: str | None = None


@frozen(kw_only=True)
class Rejected:
    """Something in the file that could not be taken in; reading went on after it where it could."""

    file: str
    row: int
    reason: str


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
    """Where rows are judged: the file being read and the rules its rows must pass."""

    file: str
    policy: Policy
    now: datetime

    def judge(self, row: int, read: Callable[[], ActivitySnapshot]) -> Row:
        """Run `read` and check what it returns; an InvalidInput of either becomes the rejection's reason."""
        try:
            snapshot = read()
            snapshot.check(self.policy, now=self.now)
        except InvalidInput as error:
            return self.reject(row, error.message)
        return Accepted(
            snapshot=snapshot, file=self.file, row=row, warning=sport_warning(snapshot.sport_type)
        )

    def reject(self, row: int, reason: str) -> Rejected:
        """Report a row that is beyond reading."""
        return Rejected(file=self.file, row=row, reason=reason)
