"""Which changes lower a sum and which raise one, and the order that follows.

What is found at one moment is one change: decreases come before increases, so that progress never passes a
sum that never existed (law 1).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

from commitcollect_core.training.ledger import LedgerView
from commitcollect_core.training.workouts import ActivityGone, ActivitySettled, Change, updated
from commitcollect_core.values import MilestoneId

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
    if isinstance(change, ActivitySettled):
        return False
    if before is None or before.is_deleted or not any(each.covers(before) for each in view.head.untracked):
        return False
    return updated(before, change, now=now) is not None


def lowering_first(view: LedgerView, found: Iterable[Change], *, now: datetime) -> list[Change]:
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
    # What is settled stays in every sum.
    if after is None or isinstance(change, ActivitySettled):
        return down, up
    for each in view.milestones:
        lowers, raises = each.goal.directions(before, after)
        if lowers:
            down.add(each.milestone_id)
        if raises:
            up.add(each.milestone_id)
    return down, up
