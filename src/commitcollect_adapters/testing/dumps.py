"""Everything an athlete's ledger holds, as one value that can be compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import evolve, frozen

from commitcollect_core.training.awards import Award
from commitcollect_core.training.ledger import LedgerCommit, LedgerHead
from commitcollect_core.training.milestones import Milestone
from commitcollect_core.training.ports import Ledger, WorkoutQuery
from commitcollect_core.training.workouts import Workout
from commitcollect_core.values import MilestoneId, UserId, WorkoutKey

_PAGE_ITEMS = 50


@frozen(kw_only=True)
class LedgerDump:
    """All that can be read of one athlete.

    Attributes:
        by_start: every workout, in order of start.
        by_key: the same workouts read by their keys, and others that were asked for, if they are there.
        awards: per milestone, in order of part.
    """

    head: LedgerHead
    by_start: tuple[Workout, ...]
    by_key: dict[WorkoutKey, Workout]
    milestones: dict[MilestoneId, Milestone]
    awards: dict[MilestoneId, tuple[Award, ...]]


def dump_of(ledger: Ledger, user_id: UserId, commits: Sequence[LedgerCommit] = ()) -> LedgerDump:
    """Read everything of one athlete, in pages.

    Args:
        ledger: where to read.
        user_id: the athlete.
        commits: also look for what these would write, in case it is there without showing in any page.
    """
    by_start = tuple(_workouts(ledger, user_id))
    milestones = {each.milestone_id: each for each in _milestones(ledger, user_id)}
    keys = [each.key for each in by_start]
    keys += [each.key for commit in commits for each in commit.workouts]
    ids = [*milestones, *(each.milestone_id for commit in commits for each in commit.awards)]
    view = ledger.read(user_id, list(dict.fromkeys(keys)))
    return LedgerDump(
        head=view.head,
        by_start=by_start,
        by_key=dict(view.workouts),
        milestones=milestones,
        awards={each: tuple(ledger.read_awards(user_id, each)) for each in dict.fromkeys(ids)},
    )


def _workouts(ledger: Ledger, user_id: UserId) -> Iterator[Workout]:
    query = WorkoutQuery(limit=_PAGE_ITEMS)
    while True:
        page = ledger.read_workouts(user_id, query)
        yield from page.workouts
        if page.next is None:
            return
        query = evolve(query, after=page.next)


def _milestones(ledger: Ledger, user_id: UserId) -> Iterator[Milestone]:
    after = None
    while True:
        page = ledger.read_milestones(user_id, after=after, limit=_PAGE_ITEMS)
        yield from page.milestones
        if page.next is None:
            return
        after = page.next
