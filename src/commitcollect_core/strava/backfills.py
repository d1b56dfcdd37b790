"""Taking over an athlete's whole history from Strava: listed page by page, then committed in order of start.

Strava lists the newest first, and a statue's story should be told as it happened. So a page is staged as it
was listed, with a cursor behind it, and once the end is reached the pages are committed from the last to the
first. A backfill can stop anywhere and go on: what is staged is not listed again, and what is committed twice
changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from attrs import evolve, field, frozen

from commitcollect_core.strava.connections import AthleteOwner, StravaConnection
from commitcollect_core.training.workouts import ActivitySnapshot
from commitcollect_core.values import AthleteId, UserId, optional_utc, utc

OVERLAP = timedelta(seconds=1)
REJECTIONS_KEPT_MAX = 100
REJECTION_CHARS_MAX = 200
"""With the number above, what one item of any store holds easily."""


def next_before(before: datetime | None, oldest_start_at: datetime) -> datetime:
    """The cursor behind a page: the next page holds what starts before this.

    It overlaps by a second, since several activities may start in the same one.
    """
    overlapping = oldest_start_at + OVERLAP
    return overlapping if before is None else min(overlapping, before)


class BackfillPhase(StrEnum):
    """What a backfill does next."""

    LISTING = "LISTING"
    COMMITTING = "COMMITTING"
    DONE = "DONE"


@frozen(kw_only=True)
class Backfill:
    """How far a backfill has come.

    Attributes:
        after: activities that start before are left alone; None for the whole history.
        before: the cursor: activities that start at or after are listed already; None at first.
        pages_staged: pages listed and not committed yet, numbered from 1, the oldest activities in the last.
        pages_listed: pages listed so far.
        activities_listed: activities taken over so far, each counted once.
        activities_rejected: activities that could not be taken over.
        activities_hidden: how many activities Strava left out of one window for certain, as private.
        rejections: why activities could not be taken over, each by its id; the first of them.
        workouts_changed: workouts written so far.
        athlete_id: whose history it is; None if it was stored before that was recorded.
        connection_generation: of the connection it is listed with (`StravaConnection.generation`).
        version: 1 when first written, one more with every change.
        generation: random, another one each time a backfill begins; of its pages, too.
    """

    user_id: UserId
    athlete_id: AthleteId | None = None
    connection_generation: str = ""
    phase: BackfillPhase = BackfillPhase.LISTING
    after: datetime | None = field(default=None, converter=optional_utc)
    before: datetime | None = field(default=None, converter=optional_utc)
    pages_staged: int = 0
    pages_listed: int = 0
    activities_listed: int = 0
    activities_rejected: int = 0
    activities_hidden: int = 0
    rejections: tuple[str, ...] = ()
    workouts_changed: int = 0
    started_at: datetime = field(converter=utc)
    updated_at: datetime = field(converter=utc)
    version: int = 1
    generation: str = ""

    def belongs_to(self, connection: AthleteOwner | StravaConnection) -> bool:
        """Whether it is listed with this connection, and not with one before it."""
        return self.connection_generation == connection.generation

    def listed(
        self,
        *,
        calls: int = 1,
        staged: int,
        rejections: Sequence[str],
        hidden: int = 0,
        oldest_start_at: datetime | None,
        is_last: bool,
        now: datetime,
    ) -> Backfill:
        """The backfill after `calls` more pages were listed, and what they brought staged."""
        pages = self.pages_staged + (staged > 0)
        end = BackfillPhase.COMMITTING if pages else BackfillPhase.DONE
        return self._next(
            now,
            phase=end if is_last else BackfillPhase.LISTING,
            before=self.before if oldest_start_at is None else next_before(self.before, oldest_start_at),
            pages_staged=pages,
            pages_listed=self.pages_listed + calls,
            activities_listed=self.activities_listed + staged,
            # Windows overlap, so a sum would count an activity twice; the largest count is certain.
            activities_hidden=max(self.activities_hidden, hidden),
            **self._rejected(rejections),
        )

    def committed(self, *, workouts_changed: int, rejections: Sequence[str], now: datetime) -> Backfill:
        """The backfill after its last staged page was committed."""
        pages = self.pages_staged - 1
        return self._next(
            now,
            phase=BackfillPhase.COMMITTING if pages else BackfillPhase.DONE,
            pages_staged=pages,
            **self._rejected(rejections),
            workouts_changed=self.workouts_changed + workouts_changed,
        )

    def _rejected(self, rejections: Sequence[str]) -> dict[str, Any]:
        # Pages overlap, so an activity at the edge may be rejected twice.
        cut = dict.fromkeys(each[:REJECTION_CHARS_MAX] for each in rejections)
        new = tuple(each for each in cut if each not in self.rejections)
        return {
            "activities_rejected": self.activities_rejected + len(new),
            "rejections": (*self.rejections, *new)[:REJECTIONS_KEPT_MAX],
        }

    def _next(self, now: datetime, **changes: Any) -> Backfill:
        return evolve(self, updated_at=now, version=self.version + 1, **changes)


@frozen(kw_only=True)
class StagedPage:
    """A page as it was listed.

    Attributes:
        number: from 1; the newest activities are in page 1.
        listed_at: when Strava was asked.
        snapshots: the newest first.
        athlete_id: of the connection that showed them.
        generation: of the backfill; a page of another one is none of its own.
    """

    number: int
    listed_at: datetime = field(converter=utc)
    snapshots: tuple[ActivitySnapshot, ...]
    athlete_id: AthleteId | None = None
    generation: str = ""


@frozen(kw_only=True)
class BackfillCommit:
    """One atomic write of a backfill's state and the pages it stages or is done with.

    It is refused with `VersionConflict` unless the stored backfill is one version of its generation behind
    (or absent, for version 1), with `AccountDeleting` once the ledger is fenced, and with `ConnectionChanged`
    unless the ledger takes in what its connection brings.

    Attributes:
        page: to be staged with it.
        done_page: the number of the page that is not needed any more.
    """

    backfill: Backfill
    page: StagedPage | None = None
    done_page: int | None = None

    @property
    def replaces(self) -> tuple[int, str] | None:
        """Version and generation of the stored backfill it follows; None for the first of a generation."""
        backfill = self.backfill
        return None if backfill.version == 1 else (backfill.version - 1, backfill.generation)
