"""Walking through stored workouts and milestones, page by page."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import evolve

from commitcollect_core.errors import LimitExceeded
from commitcollect_core.policy import Policy
from commitcollect_core.training.goals import Goal
from commitcollect_core.training.milestones import Milestone
from commitcollect_core.training.ports import Ledger, WorkoutQuery
from commitcollect_core.training.workouts import Workout
from commitcollect_core.values import UserId


def walk_workouts(ledger: Ledger, user_id: UserId, query: WorkoutQuery) -> Iterator[Workout]:
    """Every workout of a query, read page by page.

    The limit of the query is the size of a page. Reads no page before it is needed.
    """
    after = query.after
    while True:
        page = ledger.read_workouts(user_id, evolve(query, after=after))
        yield from page.workouts
        if page.next is None:
            return
        after = page.next


def workouts_of_period(
    ledger: Ledger, user_id: UserId, goal: Goal, policy: Policy, *, is_bounded: bool
) -> Iterator[Workout]:
    """The stored workouts of a goal's period in order of start.

    Raises:
        LimitExceeded: there are more than one request may inspect, and `is_bounded`.
    """
    query = WorkoutQuery(
        start_at=goal.period_start_at, end_at=goal.period_end_at, limit=policy.training.page_items_max
    )
    inspected_max = policy.training.workouts_inspected_max
    for inspected, workout in enumerate(walk_workouts(ledger, user_id, query), start=1):
        if is_bounded and inspected > inspected_max:
            raise LimitExceeded(
                f"the period holds more than {inspected_max} workouts, too many to count in one request; "
                "shorten the period or use the command line",
                code="too_many_workouts_for_mvp_recompute",
            )
        yield workout


def walk_milestones(ledger: Ledger, user_id: UserId, *, limit: int) -> Iterator[Milestone]:
    """Every milestone in order of id, read page by page."""
    after = None
    while True:
        page = ledger.read_milestones(user_id, after=after, limit=limit)
        yield from page.milestones
        if page.next is None:
            return
        after = page.next
