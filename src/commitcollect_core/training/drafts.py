"""The commits of one decision, while they are being put together.

A commit never holds more than `TrainingPolicy.commit_items_max` items. A larger one is split, and every
prefix of the split is a legal ledger: a workout and the milestones it moves are always together, and awards
are always 1..n. Parts that are earned but did not fit are kept in `Milestone.owed`, and the next write to
this ledger awards them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from attrs import evolve

from commitcollect_core.errors import ACCOUNT_DELETED, AccountDeleting
from commitcollect_core.training.awards import Award, Crossing, StatueModel, mint
from commitcollect_core.training.ledger import LedgerCommit, LedgerHead, LedgerState, LedgerView
from commitcollect_core.training.milestones import Milestone, Progress, progress_after
from commitcollect_core.training.workouts import ActivitySettled, Change, Workout, updated
from commitcollect_core.values import MilestoneId, ModelId, WorkoutKey

_Move = tuple[MilestoneId, Progress, int]
"""A milestone, its progress after a workout, and the parts it then lacks."""


class Draft:
    """The commits of one decision while they are being put together."""

    def __init__(
        self, view: LedgerView, models: Mapping[ModelId, StatueModel], now: datetime, items_max: int
    ) -> None:
        check_open(view.head)
        self._user_id = view.user_id
        self._head = view.head
        self._live = view.head.workout_count
        self._untracked = view.head.untracked
        self._known = dict(view.workouts)
        self._milestones = {milestone.milestone_id: milestone for milestone in view.milestones}
        self._models = models
        self._now = now
        self._items_max = items_max
        self._progress = {key: milestone.progress for key, milestone in self._milestones.items()}
        self._owed = {key: each.owed for key, each in self._milestones.items() if each.owed is not None}
        self._commits: list[LedgerCommit] = []
        self._start_commit()
        # Parts that an earlier write owes are awarded first, with the workout that earned them. A change
        # taken in before them could lower the sum or earn the next part, and awards are always 1..n.
        self._award_owed()

    def _start_commit(self) -> None:
        self._workouts: dict[WorkoutKey, Workout] = {}
        self._moved: set[MilestoneId] = set()
        self._awards: list[Award] = []
        self._awards_written: dict[MilestoneId, int] = {}

    @property
    def _item_count(self) -> int:
        return 1 + len(self._workouts) + len(self._moved) + len(self._awards)

    @property
    def _room(self) -> int:
        """How many items the commit may hold."""
        # A store may check beside the first commit that no deleted account is brought back.
        return self._items_max - (self._head.version == 0)

    def take_in(self, found: Change) -> None:
        """Take one change in, with all it moves and mints."""
        key = found.key
        before = self._known.get(key)
        after = updated(before, found, now=self._now)
        if after is None:
            return
        # What is settled stays in every sum.
        is_settled = isinstance(found, ActivitySettled)
        moves = [] if is_settled else self._moves(before, after)
        # A workout stands in a commit only once: a commit carries one new version of each item. It stands
        # there together with the milestones it moves and their awards, or a crash between two writes would
        # leave a workout that is stored and not counted (law 6).
        if key in self._workouts or self._item_count + self._items_needed(moves) > self._room:
            self._cut()
        self._known[key] = self._workouts[key] = after
        if self._untracked and not is_settled:
            self._untracked = tuple(
                evolve(each, is_stale=True) if each.covers(before) or each.covers(after) else each
                for each in self._untracked
            )
        self._live += (not after.is_deleted) - (before is not None and not before.is_deleted)
        for milestone_id, progress, parts_missing in moves:
            self._moved.add(milestone_id)
            self._progress[milestone_id] = progress
            # Recorded now, and not when it is awarded: the award names the workout that crossed the
            # threshold, and a workout taken in later must not replace it.
            if parts_missing:
                self._owed[milestone_id] = Crossing.by(after, progress.progress_value)
        if self._owed:
            self._award_owed()

    def _moves(self, before: Workout | None, after: Workout) -> list[_Move]:
        """The milestones this change of a workout moves."""
        moves = []
        for milestone_id, milestone in self._milestones.items():
            progress = progress_after(milestone.goal, self._progress[milestone_id], before, after)
            if progress is not self._progress[milestone_id]:
                moves.append((milestone_id, progress, self._parts_missing(milestone_id, progress)))
        return moves

    def _items_needed(self, moves: Sequence[_Move]) -> int:
        """How many items a workout with these moves adds to the commit."""
        needed = 1
        for milestone_id, _, parts_missing in moves:
            needed += (milestone_id not in self._moved) + parts_missing
        return needed

    def _parts_missing(self, milestone_id: MilestoneId, progress: Progress) -> int:
        milestone = self._milestones[milestone_id]
        awarded = milestone.parts_awarded + self._awards_written.get(milestone_id, 0)
        return milestone.goal.parts_earned(progress.progress_value) - awarded

    def _award_owed(self) -> None:
        """Award every earned part, over several commits if one is full."""
        # `_cut` writes the owed parts into the milestone. They are removed only behind the last part, so that
        # the next write awards them if the process dies between two of the commits.
        for milestone_id in list(self._owed):
            while self._parts_missing(milestone_id, self._progress[milestone_id]):
                if self._item_count + (milestone_id not in self._moved) >= self._room:
                    self._cut()
                self._award_next(milestone_id)
            del self._owed[milestone_id]

    def _award_next(self, milestone_id: MilestoneId) -> None:
        milestone = self._milestones[milestone_id]
        written = self._awards_written.get(milestone_id, 0) + 1
        model = self._models[milestone.goal.model_id]
        part_index = milestone.parts_awarded + written
        self._awards.append(mint(model, milestone_id, part_index, self._owed[milestone_id], now=self._now))
        self._awards_written[milestone_id] = written
        self._moved.add(milestone_id)

    def _cut(self) -> None:
        """Close the current commit and start the next one on it.

        A commit that would write the head alone is left out.
        """
        # The head alone changes nothing, and a commit of it would make every concurrent writer retry.
        if self._item_count == 1:
            return
        for milestone_id in self._moved:
            self._milestones[milestone_id] = advanced(
                self._milestones[milestone_id],
                self._progress[milestone_id],
                awards_written=self._awards_written.get(milestone_id, 0),
                owed=self._owed.get(milestone_id),
                now=self._now,
            )
        # Builds on the commit before it, in this decision or in the store: optimistic locking serialises the
        # writes to one ledger by this version.
        self._head = LedgerHead(
            version=self._head.version + 1,
            tracked_milestone_ids=self._head.tracked_milestone_ids,
            workout_count=self._live,
            untracked=self._untracked,
            connection_generation=self._head.connection_generation,
            recurring=self._head.recurring,
        )
        self._commits.append(
            LedgerCommit(
                user_id=self._user_id,
                head=self._head,
                workouts=tuple(self._workouts.values()),
                milestones=tuple(self._milestones[key] for key in self._milestones if key in self._moved),
                awards=tuple(self._awards),
            )
        )
        self._start_commit()

    def view(self) -> LedgerView:
        """What the ledger holds after the commits finished so far."""
        milestones = tuple(self._milestones.values())
        return LedgerView(user_id=self._user_id, head=self._head, workouts=self._known, milestones=milestones)

    def finish(self) -> tuple[LedgerCommit, ...]:
        """The commits, in order."""
        self._cut()
        return tuple(self._commits)


def advanced(
    milestone: Milestone, progress: Progress, *, awards_written: int, owed: Crossing | None, now: datetime
) -> Milestone:
    """The next version of a milestone."""
    awarded = milestone.parts_awarded + awards_written
    is_whole = awarded == milestone.goal.parts_total
    # Spelled out rather than evolved: this runs for every event, and evolving costs three times as much.
    return Milestone(
        milestone_id=milestone.milestone_id,
        goal=milestone.goal,
        progress=progress,
        parts_awarded=awarded,
        owed=owed,
        version=milestone.version + 1,
        created_at=milestone.created_at,
        updated_at=now,
        progress_updated_at=now if progress != milestone.progress else milestone.progress_updated_at,
        last_awarded_at=now if awards_written else milestone.last_awarded_at,
        completed_at=milestone.completed_at or (now if is_whole else None),
        name=milestone.name,
        unit=milestone.unit,
        archived_at=milestone.archived_at,
    )


def check_open(head: LedgerHead) -> None:
    """Refuse to write behind the fence (law 7).

    Raises:
        AccountDeleting: the ledger is fenced.
    """
    if head.state is not LedgerState.ACTIVE:
        raise AccountDeleting(ACCOUNT_DELETED)
