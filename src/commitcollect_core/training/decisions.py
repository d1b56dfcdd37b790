"""Every write to a ledger, as a pure decision.

Everything that counts (workouts, milestones, awards) is written only by committing a `LedgerCommit`, and
only the pure functions of this module make one:

* `decide` takes in what sources say of some activities;
* `decide_creation` opens a milestone with the stored history already counted;
* `decide_recount` repairs a milestone from the stored workouts;
* `decide_removal` removes a milestone with its awards, where its athlete or an operator's rules ask for it;
* `decide_edit` renames a milestone or puts it away;
* `decide_discard` removes an item that cannot be read;
* `decide_recurring` begins or ends recurring goals, and `decide_opening` opens the milestone of a period.

Progress moves by difference: what a workout contributes now minus what it contributed before. Taking in the
same snapshot again therefore changes nothing, and the order of arrival does not matter (law 5). What is found
at one moment is one change: decreases come before increases, so that progress never passes a sum that never
existed (law 1). A commit is written as a whole or not at all (law 6). It is conditional on the head's version
(optimistic locking), so one athlete's ledger is serialisable.

`directions` works out which change comes first; `drafts` cuts a decision that fills several commits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from attrs import evolve

from commitcollect_core.errors import LimitExceeded
from commitcollect_core.policy import Policy
from commitcollect_core.training.awards import StatueModel, mint
from commitcollect_core.training.directions import lowering_first
from commitcollect_core.training.drafts import Draft, advanced, check_open
from commitcollect_core.training.goals import Goal
from commitcollect_core.training.ledger import (
    LedgerCommit,
    LedgerHead,
    LedgerView,
    StoredItem,
    UntrackedMilestone,
)
from commitcollect_core.training.milestones import Milestone, MilestoneStatus, Progress
from commitcollect_core.training.recurrence import RecurringGoal
from commitcollect_core.training.tallies import Tally
from commitcollect_core.training.workouts import Change
from commitcollect_core.values import MilestoneId, ModelId, UserId, WorkoutKey


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
    draft = Draft(view, models, now, policy.training.commit_items_max)
    for each in lowering_first(view, found, now=now):
        draft.take_in(each)
    return draft.finish()


def decide_creation(
    view: LedgerView,
    milestone_id: MilestoneId,
    goal: Goal,
    history: Tally,
    *,
    models: Mapping[ModelId, StatueModel],
    now: datetime,
    policy: Policy,
    name: str = "",
    unit: str = "",
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
        name: what the athlete calls it.
        unit: the unit the target was given in.

    Returns:
        At least one commit; the last one opens the milestone.

    Raises:
        AccountDeleting: the ledger is fenced.
        LimitExceeded: the athlete tracks as many milestones as the policy allows, and none is settled.
    """
    # Owed parts first: a milestone with owed parts may be the one that gives up its place, and no later
    # write would read it and award them.
    settled, view = _without_debts(view, models=models, now=now, policy=policy)
    milestone = Milestone(
        milestone_id=milestone_id, goal=goal, created_at=now, updated_at=now, name=name, unit=unit
    )
    head = with_room(view, policy, now=now)
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
    recount = _with_settled(progress, recount)
    is_right = (recount.current_value, recount.counters) == (progress.current_value, progress.counters)
    if is_right and milestone.milestone_id not in view.head.stale_milestone_ids:
        return settled
    return (*settled, _recounted(view, milestone, recount, models[milestone.goal.model_id], now=now))


def _with_settled(progress: Progress, recount: Tally) -> Tally:
    """A recount in whose period workouts were settled: they are in the running sum alone."""
    if not recount.settled or progress.is_stale or recount.current_value > progress.current_value:
        return recount
    return evolve(recount, current_value=progress.current_value, counters=progress.counters)


def decide_removal(view: LedgerView, milestone: Milestone) -> LedgerCommit:
    """Remove a milestone and its awards.

    Args:
        view: the head.
        milestone: as stored, tracked or not.

    Raises:
        AccountDeleting: the ledger is fenced.
    """
    check_open(view.head)
    return LedgerCommit(
        user_id=view.user_id, head=_head_without(view.head, milestone.milestone_id), removed=(milestone,)
    )


def _head_without(head: LedgerHead, milestone_id: MilestoneId) -> LedgerHead:
    return evolve(
        head,
        version=head.version + 1,
        tracked_milestone_ids=tuple(each for each in head.tracked_milestone_ids if each != milestone_id),
        untracked=tuple(each for each in head.untracked if each.milestone_id != milestone_id),
    )


def decide_discard(user_id: UserId, head: LedgerHead, item: StoredItem) -> LedgerCommit:
    """Remove an item that cannot be read, so that the rest of the ledger can be used again.

    Raises:
        AccountDeleting: the ledger is fenced.
    """
    check_open(head)
    if isinstance(item, WorkoutKey):
        # What cannot be read may have been a tombstone; it is taken for a workout, as nearly all are.
        after = evolve(head, version=head.version + 1, workout_count=max(head.workout_count - 1, 0))
    else:
        after = _head_without(head, item)
    return LedgerCommit(user_id=user_id, head=after, discarded=(item,))


def decide_edit(
    view: LedgerView, milestone: Milestone, *, name: str, archived_at: datetime | None, now: datetime
) -> tuple[LedgerCommit, ...]:
    """Rename a milestone, put it away or take it out again. No commits mean that it is so already.

    Raises:
        AccountDeleting: the ledger is fenced.
    """
    check_open(view.head)
    if (milestone.name, milestone.archived_at) == (name, archived_at):
        return ()
    after = evolve(
        milestone, name=name, archived_at=archived_at, version=milestone.version + 1, updated_at=now
    )
    head = evolve(view.head, version=view.head.version + 1)
    return (LedgerCommit(user_id=view.user_id, head=head, milestones=(after,)),)


def decide_recurring(view: LedgerView, recurring: tuple[RecurringGoal, ...]) -> LedgerCommit:
    """Replace the recurring goals of a ledger; milestones that they opened stay.

    Raises:
        AccountDeleting: the ledger is fenced.
    """
    check_open(view.head)
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
    milestone_id = recurring.milestone_id(number)
    *settled, opening = decide_creation(
        view, milestone_id, goal, history, models=models, now=now, policy=policy, unit=recurring.unit
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
    draft = Draft(view, models, now, policy.training.commit_items_max)
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
    after = advanced(milestone, progress, awards_written=len(awards), owed=None, now=now)
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


def with_room(view: LedgerView, policy: Policy, *, now: datetime) -> LedgerHead:
    """The head with room for one more milestone.

    If needed, a settled one gives up its place: the oldest that is whole, else the oldest.

    Raises:
        LimitExceeded: each place is taken by a milestone that is under way.
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
    days = policy.training.milestone_settle_seconds // 86_400
    raise LimitExceeded(
        f"an athlete can have {tracked_max} milestones under way; complete or delete one ('milestone "
        f"delete'), or wait until a period is over for {days} days; an archived one counts on and keeps its "
        "place",
        code="too_many_milestones",
        limit=tracked_max,
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
            limit=untracked_max,
        )
    return evolve(head, tracked_milestone_ids=left, untracked=(*head.untracked, untracked))
