"""Walking through stored workouts and milestones, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from attrs import evolve

from commitcollect_core.errors import LimitExceeded
from commitcollect_core.policy import Policy
from commitcollect_core.training.goals import Goal
from commitcollect_core.training.milestones import Milestone
from commitcollect_core.training.ports import Ledger, WorkoutQuery
from commitcollect_core.training.workouts import ActivitySnapshot, Workout
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


def live_workouts(ledger: Ledger, user_id: UserId, query: WorkoutQuery, policy: Policy) -> Iterator[Workout]:
    """The workouts of a query that are not deleted.

    The limit of the query is the size of the first page: where nothing is deleted, that one is enough. Behind
    it come full pages, and at most `workouts_inspected_max` workouts are looked at there.
    """
    page = ledger.read_workouts(user_id, query)
    yield from (each for each in page.workouts if not each.is_deleted)
    if page.next is not None:
        rest = evolve(query, after=page.next, limit=policy.training.page_items_max)
        looked_at = islice(walk_workouts(ledger, user_id, rest), policy.training.workouts_inspected_max)
        yield from (each for each in looked_at if not each.is_deleted)


_LOOKED_BACK = timedelta(days=1)


def overlapping(
    ledger: Ledger, user_id: UserId, snapshot: ActivitySnapshot, policy: Policy
) -> Iterator[Workout]:
    """The live workouts that start together with an activity or go on at its time.

    Those that began more than a day before are not looked for.
    """
    started_at = snapshot.started_at
    query = WorkoutQuery(
        start_at=started_at - _LOOKED_BACK,
        end_at=max(snapshot.ended_at, started_at + timedelta(seconds=1)),
        limit=policy.training.page_items_max,
    )
    for each in walk_workouts(ledger, user_id, query):
        # Without a duration it has no time to share, and is the same where the start is.
        goes_on = each.snapshot.ended_at > started_at or each.snapshot.started_at == started_at
        if goes_on and not each.is_deleted:
            yield each


def workouts_of_period(
    ledger: Ledger,
    user_id: UserId,
    goal: Goal,
    policy: Policy,
    *,
    is_bounded: bool,
    until: datetime | None = None,
) -> Iterator[Workout]:
    """The stored workouts of a goal's period in order of start; none that starts at or after `until`.

    Raises:
        LimitExceeded: there are more than one request may inspect, and `is_bounded`.
    """
    end_at = min(filter(None, (goal.period_end_at, until)), default=None)
    query = WorkoutQuery(start_at=goal.period_start_at, end_at=end_at, limit=policy.training.page_items_max)
    inspected_max = policy.training.workouts_inspected_max
    for inspected, workout in enumerate(walk_workouts(ledger, user_id, query), start=1):
        if is_bounded and inspected > inspected_max:
            raise LimitExceeded(
                f"the period holds more than {inspected_max} workouts, too many to count in one request; "
                "shorten the period or use the command line",
                code="too_many_workouts_for_mvp_recompute",
                limit=inspected_max,
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
