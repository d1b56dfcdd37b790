"""What an athlete's ledger holds, and the one value that changes it.

Everything that counts (workouts, milestones, awards) is written only by committing a `LedgerCommit`, and
only the pure functions of `decisions` make one. A commit is written as a whole or not at all (law 6).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum

from attrs import evolve, field, frozen

from commitcollect_core.errors import ConnectionChanged
from commitcollect_core.training.awards import Award
from commitcollect_core.training.milestones import Milestone
from commitcollect_core.training.recurrence import RecurringGoal
from commitcollect_core.training.workouts import Change, Workout
from commitcollect_core.values import MilestoneId, UserId, WorkoutKey, optional_utc, utc

NO_CONNECTION = "none"
"""What a head holds instead of a generation once its connection has ended."""


class LedgerState(StrEnum):
    """Whether the ledger takes writes.

    DELETING is the fence: it is never left again.
    """

    ACTIVE = "ACTIVE"
    DELETING = "DELETING"


@frozen(kw_only=True)
class UntrackedMilestone:
    """An unfinished milestone that gave up its tracked place.

    It is recounted when its period changes.

    Attributes:
        is_stale: a workout of its period was written since it was counted last.
    """

    milestone_id: MilestoneId
    period_start_at: datetime = field(converter=utc)
    period_end_at: datetime = field(converter=utc)
    is_stale: bool = False

    def covers(self, workout: Workout | None) -> bool:
        """Whether a workout starts in the milestone's period.

        The recount checks its sport.
        """
        if workout is None:
            return False
        return self.period_start_at <= workout.snapshot.started_at < self.period_end_at


@frozen(kw_only=True)
class LedgerHead:
    """The small item whose version serialises all writes to one athlete's ledger.

    Attributes:
        version: 0 before the first write, one more with every commit.
        tracked_milestone_ids: the milestones that workouts can move, oldest first.
        workout_count: stored workouts that are not tombstones.
        untracked: unfinished milestones that gave up their place to newer ones, oldest first.
        connection_generation: of the connection whose activities the ledger takes in, or `NO_CONNECTION`;
            empty if none was recorded.
        recurring: goals that open a milestone for each period, oldest first.
    """

    version: int = 0
    state: LedgerState = LedgerState.ACTIVE
    tracked_milestone_ids: tuple[MilestoneId, ...] = ()
    workout_count: int = 0
    untracked: tuple[UntrackedMilestone, ...] = ()
    fenced_at: datetime | None = field(default=None, converter=optional_utc)
    connection_generation: str = ""
    recurring: tuple[RecurringGoal, ...] = ()

    def check_admits(self, generation: str | None) -> None:
        """Refuse what a connection brings that has ended meanwhile, or was made anew.

        A commit replaces exactly the head that was checked, so nothing can end in between (optimistic
        locking). None stands for what no connection brings.

        Raises:
            ConnectionChanged: the ledger takes in another connection's activities, or none's.
        """
        # A fenced ledger refuses everything, and says so itself.
        is_open = self.state is LedgerState.ACTIVE
        if is_open and generation not in (None, self.connection_generation):
            raise connection_changed()

    @property
    def stale_milestone_ids(self) -> tuple[MilestoneId, ...]:
        """The untracked milestones that have to be recounted."""
        return tuple(each.milestone_id for each in self.untracked if each.is_stale)


def fenced(head: LedgerHead, *, now: datetime) -> LedgerHead:
    """The head behind which nothing is written any more; itself if that is so already."""
    if head.state is LedgerState.DELETING:
        return head
    # The version rises, so that a commit decided before loses its race.
    return evolve(head, version=head.version + 1, state=LedgerState.DELETING, fenced_at=now)


def connection_changed() -> ConnectionChanged:
    """A ledger does not take in what an ended connection brings."""
    return ConnectionChanged(
        "the connection was ended or made anew meanwhile; nothing that the one before brought is stored"
    )


@frozen(kw_only=True)
class LedgerView:
    """The head, the named workouts and the tracked milestones of a ledger.

    A decision needs no more than these.
    """

    user_id: UserId
    head: LedgerHead = LedgerHead()
    workouts: Mapping[WorkoutKey, Workout] = field(factory=dict)
    milestones: tuple[Milestone, ...] = ()


StoredItem = MilestoneId | WorkoutKey
"""What identifies a milestone or a workout within a ledger."""


@frozen(kw_only=True)
class LedgerCommit:
    """One atomic write; every item carries its new version.

    An item replaces the version before its own, and version 1 is new.

    Attributes:
        head: with its new version; the write is refused unless the stored head is one version behind.
        awards: all new; an award that exists refuses the write.
        removed: milestones as they are stored, which are not afterwards, nor their awards.
        discarded: items that cannot be read, which are not stored afterwards whatever their version; a
            milestone takes its awards along.
    """

    user_id: UserId
    head: LedgerHead
    workouts: tuple[Workout, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    awards: tuple[Award, ...] = ()
    removed: tuple[Milestone, ...] = ()
    discarded: tuple[StoredItem, ...] = ()

    @property
    def item_count(self) -> int:
        """Items this writes, the head included."""
        removals = sum(1 + each.parts_awarded for each in self.removed)
        written = len(self.workouts) + len(self.milestones) + len(self.awards)
        return 1 + written + removals + len(self.discarded)


def keys_of(found: Iterable[Change]) -> tuple[WorkoutKey, ...]:
    """The keys that `decide` needs in its view, each once."""
    return tuple(dict.fromkeys(each.key for each in found))
