"""Walking through stored workouts, page by page."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import evolve

from commitcollect_core.training.ports import Ledger, WorkoutQuery
from commitcollect_core.training.workouts import Workout
from commitcollect_core.values import UserId


def walk_workouts(ledger: Ledger, user_id: UserId, query: WorkoutQuery) -> Iterator[Workout]:
    """Every workout of a query, whatever its limit; reads no page before it is needed."""
    after = query.after
    while True:
        page = ledger.read_workouts(user_id, evolve(query, after=after))
        yield from page.workouts
        if page.next is None:
            return
        after = page.next
