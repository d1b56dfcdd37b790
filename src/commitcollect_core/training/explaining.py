"""Explaining an athlete's workouts page by page, the newest first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import islice

from attrs import frozen

from commitcollect_core.policy import Policy
from commitcollect_core.training.goals import Exclusion, Goal
from commitcollect_core.training.history import walk_workouts, workouts_of_period
from commitcollect_core.training.ports import Ledger, WorkoutPosition, WorkoutQuery
from commitcollect_core.training.tallies import Explanation, explain
from commitcollect_core.training.workouts import Workout
from commitcollect_core.values import UserId


@frozen(kw_only=True)
class ExplanationPage:
    """Some workouts of an athlete, the newest first, each with what it counts.

    Attributes:
        next: the page behind it goes on here; None on the last.
        counts: workouts of the whole history by why they do not count, None for those that do. None on a
            page behind the first, and where more are stored than a request may inspect.
    """

    explanations: tuple[Explanation, ...]
    next: WorkoutPosition | None
    counts: Mapping[Exclusion | None, int] | None


def explanation_page(
    ledger: Ledger,
    user_id: UserId,
    goal: Goal,
    policy: Policy,
    *,
    after: WorkoutPosition | None,
    limit: int,
    is_bounded: bool,
) -> ExplanationPage:
    """One page of explanations.

    Args:
        ledger: where the workouts are.
        user_id: the athlete.
        goal: what they are explained for.
        policy: the limits.
        after: the `next` of the page before; None for the first.
        limit: the most workouts of the page.
        is_bounded: inspect no more workouts than one request may.

    Raises:
        LimitExceeded: too many workouts of the period count before those of the page.
    """
    query = WorkoutQuery(newest_first=True, after=after, limit=limit)
    page = ledger.read_workouts(user_id, query)
    explained = (
        explain(goal, page.workouts)
        if goal.is_plain
        else _in_their_period(ledger, user_id, goal, policy, page.workouts, is_bounded=is_bounded)
    )
    counts = _counts(ledger, user_id, goal, policy, is_bounded=is_bounded) if after is None else None
    return ExplanationPage(explanations=tuple(explained), next=page.next, counts=counts)


def _in_their_period(
    ledger: Ledger,
    user_id: UserId,
    goal: Goal,
    policy: Policy,
    workouts: Sequence[Workout],
    *,
    is_bounded: bool,
) -> Sequence[Explanation]:
    """Explanations in the order of `workouts`, which is from the newest on.

    What a workout does to a streak depends on those before it, so the period is walked from its start.
    """
    if not workouts:
        return ()
    wanted = {each.key for each in workouts}
    # Starts are whole seconds, and of those that began together any may be the first of the page.
    until = workouts[0].snapshot.started_at + timedelta(seconds=1)
    history = workouts_of_period(ledger, user_id, goal, policy, is_bounded=is_bounded, until=until)
    found = {each.workout.key: each for each in explain(goal, history) if each.workout.key in wanted}
    # The rest lies outside of the period, where nothing before it matters.
    return [found.get(each.key) or next(explain(goal, (each,))) for each in workouts]


def _counts(
    ledger: Ledger, user_id: UserId, goal: Goal, policy: Policy, *, is_bounded: bool
) -> Mapping[Exclusion | None, int] | None:
    limits = policy.training
    history = walk_workouts(ledger, user_id, WorkoutQuery(limit=limits.page_items_max))
    inspected_max = limits.workouts_inspected_max if is_bounded else None
    counts = Counter(map(goal.exclusion, islice(history, inspected_max)))
    return None if is_bounded and next(history, None) is not None else counts
