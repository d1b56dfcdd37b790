"""Every write to a ledger, as a pure decision.

Everything that counts (workouts, milestones, awards) is written only by committing a `LedgerCommit`, and
only the pure functions of this module make one:

* `decide` takes in what sources say of some activities;
* `decide_creation` opens a milestone with the stored history already counted;
* `decide_recount` repairs a milestone from the stored workouts;
* `decide_removal` removes milestones with their awards, where an operator's rules ask for it;
* `decide_recurring` begins or ends recurring goals, and `decide_opening` opens the milestone of a period.

Progress moves by difference: what a workout contributes now minus what it contributed before. Taking in the
same snapshot again therefore changes nothing, and the order of arrival does not matter (law 5). What is found
at one moment is one change: decreases come before increases, so that progress never passes a sum that never
existed (law 1). A commit is written as a whole or not at all (law 6). It is conditional on the head's version
(optimistic locking), so one athlete's ledger is serialisable.

A commit never holds more than `TrainingPolicy.commit_items_max` items. A larger one is split, and every
prefix of the split is a legal ledger: a workout and the milestones it moves are always together, and awards
are always 1..n. Parts that are earned but did not fit are kept in `Milestone.owed`, and the next write to
this ledger awards them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from attrs import evolve

from commitcollect_core.errors import AccountDeleting, LimitExceeded
from commitcollect_core.policy import Policy
from commitcollect_core.training.awards import Award, Crossing, StatueModel, mint
from commitcollect_core.training.goals import Goal
from commitcollect_core.training.ledger import (
    LedgerCommit,
    LedgerHead,
    LedgerState,
    LedgerView,
    UntrackedMilestone,
)
from commitcollect_core.training.milestones import Milestone, MilestoneStatus, Progress, progress_after
from commitcollect_core.training.recurrence import RecurringGoal
from commitcollect_core.training.tallies import Tally
from commitcollect_core.training.workouts import ActivityGone, Change, Workout, updated
from commitcollect_core.values import MilestoneId, ModelId, WorkoutKey


def decide(
    view: LedgerView,
    found: Iterable[Change],
    *,
    models: Mapping[ModelId, StatueModel],
    now: datetime,
    policy: Policy,
) -> tuple[LedgerCommit, ...]:
    """Take in what sources found at one moment.

    No commits mean that nothing is new.

    Of an activity that is given several times the last snapshot takes precedence. Commit in order and stop at
    the first refusal: each commit builds on the one before it.

    Args:
        view: read before the sources were asked, so that a stale answer can never overwrite a newer one.
        found: what the sources say of activities whose keys are in the view.
        models: the statue models of the view's milestones.
        now: when this is decided.
        policy: gives the most items a commit may hold.

    Raises:
        AccountDeleting: the ledger is fenced.
    """
    draft = _Draft(view, models, now, policy.training.commit_items_max)
    for each in _lowering_first(view, found, now=now):
        draft.take_in(each)
    return draft.finish()


_SomeChange = TypeVar("_SomeChange", bound=Change)


def lowering(view: LedgerView, found: Iterable[_SomeChange], *, now: datetime) -> list[_SomeChange]:
    """The changes that lower the sum of a milestone, or may lower that of an untracked one.

    What they do to other milestones does not matter.

    A caller that decides one moment's changes in several calls passes all of these to the first.
    """
    return [
        each
        for each in found
        if _directions(view, each, now=now)[0] or _may_lower_untracked(view, each, now=now)
    ]


def _may_lower_untracked(view: LedgerView, change: Change, *, now: datetime) -> bool:
    """Whether a change alters a workout that an untracked milestone may count.

    The head knows the period of such a milestone and not its goal.
    """
    # Another process may recount it after each commit. What is left for later commits can only raise its sum.
    before = view.workouts.get(change.key)
    if before is None or before.is_deleted or not any(each.covers(before) for each in view.head.untracked):
        return False
    return updated(before, change, now=now) is not None


def _lowering_first(view: LedgerView, found: Iterable[Change], *, now: datetime) -> list[Change]:
    """Put decreases before increases, so that no false sum appears (law 1).

    A workout that moves from one milestone, or one of its days, to another lowers and raises. Where two such
    workouts cross, no order is right: all of them are taken out first and put back afterwards.
    """
    by_key = {each.key: each for each in found}
    latest = list(by_key.values())
    # Only a stored workout can lower a sum; new ones, nearly all of an import, are not looked at twice.
    if len(latest) == 1 or by_key.keys().isdisjoint(view.workouts):
        return latest
    falling: list[Change] = []
    moving: list[Change] = []
    others: list[Change] = []
    lowered: set[MilestoneId] = set()
    raised: set[MilestoneId] = set()
    for each in latest:
        down, up = _directions(view, each, now=now)
        if down and up:
            moving.append(each)
            lowered |= down
            raised |= up
        else:
            (falling if down else others).append(each)
    taken_out = [ActivityGone(key=each.key) for each in moving] if lowered & raised else []
    return [*falling, *taken_out, *moving, *others]


def _directions(
    view: LedgerView, change: Change, *, now: datetime
) -> tuple[set[MilestoneId], set[MilestoneId]]:
    """The tracked milestones whose sums a change lowers, and those whose sums it raises."""
    before = view.workouts.get(change.key)
    after = updated(before, change, now=now)
    down: set[MilestoneId] = set()
    up: set[MilestoneId] = set()
    if after is None:
        return down, up
    for each in view.milestones:
        lowers, raises = each.goal.directions(before, after)
        if lowers:
            down.add(each.milestone_id)
        if raises:
            up.add(each.milestone_id)
    return down, up


def decide_creation(
    view: LedgerView,
    milestone_id: MilestoneId,
    goal: Goal,
    history: Tally,
    *,
    models: Mapping[ModelId, StatueModel],
    now: datetime,
    policy: Policy,
) -> tuple[LedgerCommit, ...]:
    """Open a milestone with its history already counted.

    `history` is the tally of the stored workouts.

    Args:
        view: the head and the tracked milestones.
        milestone_id: new.
        goal: what to reach.
        history: read after the view.
        models: the statue models of the goal and of the view's milestones.
        now: when this is decided.
        policy: bounds the milestones tracked and the items of a commit.

    Returns:
        At least one commit; the last one opens the milestone.

    Raises:
        AccountDeleting: the ledger is fenced.
        LimitExceeded: the athlete tracks as many milestones as the policy allows, and none is settled.
    """
    # Owed parts first: a milestone with owed parts may be the one that gives up its place, and no later
    # write would read it and award them.
    settled, view = _without_debts(view, models=models, now=now, policy=policy)
    milestone = Milestone(milestone_id=milestone_id, goal=goal, created_at=now, updated_at=now)
    head = _with_room(view, policy, now=now)
    head = evolve(head, tracked_milestone_ids=(*head.tracked_milestone_ids, milestone_id))
    return (*settled, _recounted(evolve(view, head=head), milestone, history, models[goal.model_id], now=now))


def decide_recount(
    view: LedgerView,
    milestone: Milestone,
    recount: Tally,
    *,
    models: Mapping[ModelId, StatueModel],
    now: datetime,
    policy: Policy,
) -> tuple[LedgerCommit, ...]:
    """Set a milestone to the sum of its stored workouts.

    No commits mean that it was right.

    Progress still never falls, and parts once awarded stay. Arguments are as in `decide_creation`;
    `milestone` is read after the view, and need not be among those it tracks.

    Raises:
        AccountDeleting: the ledger is fenced.
    """
    settled, view = _without_debts(view, models=models, now=now, policy=policy)
    # Awarding owed parts wrote a new version of the milestone; a recount on the old one would be refused.
    milestone = next(
        (each for each in view.milestones if each.milestone_id == milestone.milestone_id), milestone
    )
    progress = milestone.progress
    is_right = (recount.current_value, recount.counters) == (progress.current_value, progress.counters)
    if is_right and milestone.milestone_id not in view.head.stale_milestone_ids:
        return settled
    return (*settled, _recounted(view, milestone, recount, models[milestone.goal.model_id], now=now))


def decide_removal(view: LedgerView, milestone: Milestone) -> LedgerCommit:
    """Remove a milestone and its awards.

    Args:
        view: the head.
        milestone: as stored, tracked or not.

    Raises:
        AccountDeleting: the ledger is fenced.
    """
    _check_open(view.head)
    tracked = view.head.tracked_milestone_ids
    head = evolve(
        view.head,
        version=view.head.version + 1,
        tracked_milestone_ids=tuple(each for each in tracked if each != milestone.milestone_id),
        untracked=tuple(each for each in view.head.untracked if each.milestone_id != milestone.milestone_id),
    )
    return LedgerCommit(user_id=view.user_id, head=head, removed=(milestone,))


def decide_recurring(view: LedgerView, recurring: tuple[RecurringGoal, ...]) -> LedgerCommit:
    """Replace the recurring goals of a ledger; milestones that they opened stay.

    Raises:
        AccountDeleting: the ledger is fenced.
    """
    _check_open(view.head)
    head = evolve(view.head, version=view.head.version + 1, recurring=recurring)
    return LedgerCommit(user_id=view.user_id, head=head)


def decide_opening(
    view: LedgerView,
    recurring: RecurringGoal,
    number: int,
    goal: Goal,
    history: Tally,
    *,
    models: Mapping[ModelId, StatueModel],
    now: datetime,
    policy: Policy,
) -> tuple[LedgerCommit, ...]:
    """Open the milestone of a recurring goal's period; arguments and errors as in `decide_creation`."""
    *settled, opening = decide_creation(
        view, recurring.milestone_id(number), goal, history, models=models, now=now, policy=policy
    )
    # Only the commit that opens the milestone marks its period: a crash before it loses nothing.
    marked = opened_periods(opening.head.recurring, recurring, number, policy)
    return (*settled, evolve(opening, head=evolve(opening.head, recurring=marked)))


def opened_periods(
    known: tuple[RecurringGoal, ...], recurring: RecurringGoal, number: int, policy: Policy
) -> tuple[RecurringGoal, ...]:
    """The recurring goals once a period of one of them has its milestone."""
    kept = policy.training.recurring_periods_kept_max
    opened = recurring.with_opened(number, periods_kept_max=kept)
    return tuple(opened if each.recurring_id == recurring.recurring_id else each for each in known)


def _without_debts(
    view: LedgerView, *, models: Mapping[ModelId, StatueModel], now: datetime, policy: Policy
) -> tuple[tuple[LedgerCommit, ...], LedgerView]:
    """The commits that award what is owed, and the view after them."""
    draft = _Draft(view, models, now, policy.training.commit_items_max)
    return draft.finish(), draft.view()


def _recounted(
    view: LedgerView, milestone: Milestone, recount: Tally, model: StatueModel, *, now: datetime
) -> LedgerCommit:
    """The commit that sets a milestone to `recount`, with missing awards.

    `Policy` makes sure that it fits one commit.
    """
    progress = milestone.progress.at(recount.current_value, recount.counters)
    earned = milestone.goal.parts_earned(progress.progress_value)
    awards = tuple(
        mint(model, milestone.milestone_id, part_index, recount.crossings[part_index - 1], now=now)
        for part_index in range(milestone.parts_awarded + 1, earned + 1)
    )
    after = _advanced(milestone, progress, awards_written=len(awards), owed=None, now=now)
    return LedgerCommit(
        user_id=view.user_id,
        head=evolve(view.head, version=view.head.version + 1, untracked=_counted(view.head, after)),
        milestones=(after,),
        awards=awards,
    )


def _counted(head: LedgerHead, milestone: Milestone) -> tuple[UntrackedMilestone, ...]:
    """The untracked milestones after one was recounted.

    A milestone that is whole needs no further recount.
    """
    is_whole = milestone.status is MilestoneStatus.COMPLETED
    return tuple(
        evolve(each, is_stale=False) if each.milestone_id == milestone.milestone_id else each
        for each in head.untracked
        if not (is_whole and each.milestone_id == milestone.milestone_id)
    )


def _advanced(
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
    )


def _check_open(head: LedgerHead) -> None:
    if head.state is not LedgerState.ACTIVE:
        raise AccountDeleting("this account is being deleted; nothing can be added to it any more")


def _with_room(view: LedgerView, policy: Policy, *, now: datetime) -> LedgerHead:
    """The head with room for one more milestone.

    If needed, a settled one gives up its place: the oldest that is whole, else the oldest.
    """
    head, tracked_max = view.head, policy.training.milestones_tracked_max
    if len(head.tracked_milestone_ids) < tracked_max:
        return head
    # One place at most is given up, and only when it is needed: an unfinished milestone that is not tracked
    # is recounted as a whole when its period changes. A whole one costs nothing, so it goes first.
    settled = (each for each in view.milestones if each.is_settled(policy, now=now))
    milestone = min(settled, key=lambda each: each.status is not MilestoneStatus.COMPLETED, default=None)
    if milestone is not None:
        return _without_place(head, milestone, policy)
    raise LimitExceeded(
        f"an athlete can have {tracked_max} milestones under way; complete one, or let its period end, "
        "before adding another",
        code="too_many_milestones",
    )


def _without_place(head: LedgerHead, milestone: Milestone, policy: Policy) -> LedgerHead:
    """The head once a settled milestone has given up its place."""
    left = tuple(each for each in head.tracked_milestone_ids if each != milestone.milestone_id)
    end_at = milestone.goal.period_end_at
    if milestone.status is MilestoneStatus.COMPLETED or end_at is None:
        return evolve(head, tracked_milestone_ids=left)
    # Law 4 holds for it too: the head remembers its period, so that a late import is counted after all.
    untracked = UntrackedMilestone(
        milestone_id=milestone.milestone_id,
        period_start_at=milestone.goal.period_start_at,
        period_end_at=end_at,
    )
    untracked_max = policy.training.milestones_untracked_max
    if len(head.untracked) >= untracked_max:
        raise LimitExceeded(
            f"an athlete can have {untracked_max} unfinished milestones of past periods beside the "
            f"{policy.training.milestones_tracked_max} tracked ones; an operator can raise "
            "milestones_untracked_max",
            code="too_many_milestones",
        )
    return evolve(head, tracked_milestone_ids=left, untracked=(*head.untracked, untracked))


_Move = tuple[MilestoneId, Progress, int]
"""A milestone, its progress after a workout, and the parts it then lacks."""


class _Draft:
    """The commits of one decision while they are being put together."""

    def __init__(
        self, view: LedgerView, models: Mapping[ModelId, StatueModel], now: datetime, items_max: int
    ) -> None:
        _check_open(view.head)
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

    def take_in(self, found: Change) -> None:
        key = found.key
        before = self._known.get(key)
        after = updated(before, found, now=self._now)
        if after is None:
            return
        moves = self._moves(before, after)
        # A workout stands in a commit only once: a commit carries one new version of each item. It stands
        # there together with the milestones it moves and their awards, or a crash between two writes would
        # leave a workout that is stored and not counted (law 6).
        if key in self._workouts or self._item_count + self._items_needed(moves) > self._items_max:
            self._cut()
        self._known[key] = self._workouts[key] = after
        if self._untracked:
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
        new_milestones = sum(milestone_id not in self._moved for milestone_id, _, _ in moves)
        return 1 + new_milestones + sum(parts_missing for _, _, parts_missing in moves)

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
                if self._item_count + (milestone_id not in self._moved) >= self._items_max:
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
            self._milestones[milestone_id] = _advanced(
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
        self._cut()
        return tuple(self._commits)
