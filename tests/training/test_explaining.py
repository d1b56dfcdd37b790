"""Explaining workouts page by page: the same as all at once, and no more work than a request may make."""

from __future__ import annotations

from collections import Counter

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from commitcollect_adapters.memory import MemoryLedger
from commitcollect_adapters.testing.strategies import any_wishes, changing_histories
from commitcollect_core.app import CommitCollect
from commitcollect_core.errors import InvalidInput, LimitExceeded, NotFound
from commitcollect_core.policy import Policy, TrainingPolicy
from commitcollect_core.training.explaining import ExplanationPage
from commitcollect_core.training.folds import LongestRun
from commitcollect_core.training.local_time import Bucket
from commitcollect_core.training.ports import WorkoutPage, WorkoutQuery
from commitcollect_core.training.tracking import NewMilestone
from commitcollect_core.training.workouts import Found
from commitcollect_core.values import MilestoneId, TargetType, UserId
from rivals import ATHLETE, app_on, ride, wish

INSPECTED_MAX = 5
STREAK = evolve(
    wish(),
    target_type=TargetType.ACTIVITY_COUNT,
    total_target=3,
    fold=LongestRun(bucket=Bucket.DAY, minimum=1),
)


class CountedLedger(MemoryLedger):
    """A ledger that counts the workouts it hands out."""

    handed_out = 0

    def read_workouts(self, user_id: UserId, query: WorkoutQuery) -> WorkoutPage:
        """Count what is read."""
        page = super().read_workouts(user_id, query)
        self.handed_out += len(page.workouts)
        return page


def paged(
    app: CommitCollect, milestone_id: MilestoneId, *, limit: int, is_bounded: bool = True
) -> list[ExplanationPage]:
    """All pages."""
    pages = [app.tracking.explain_page(ATHLETE, milestone_id, limit=limit, is_bounded=is_bounded)]
    while (after := pages[-1].next) is not None:
        pages.append(
            app.tracking.explain_page(ATHLETE, milestone_id, after=after, limit=limit, is_bounded=is_bounded)
        )
    return pages


@given(some_wish=any_wishes(), found=changing_histories(), limit=st.integers(1, 3))
def test_pages_are_the_whole_from_the_newest_on(
    some_wish: NewMilestone, found: list[Found], limit: int
) -> None:
    """Every workout is explained once, as if all were explained at once; the first page counts them all."""
    app = app_on(MemoryLedger(), policy=Policy(training=TrainingPolicy(page_items_max=3)))
    app.ingestion.ingest(ATHLETE, found)
    milestone_id = app.tracking.create(ATHLETE, some_wish).milestone.milestone_id
    whole = list(app.tracking.explain(ATHLETE, milestone_id))
    first, *others = paged(app, milestone_id, limit=limit)
    assert [each for page in (first, *others) for each in page.explanations] == whole[::-1]
    assert first.counts == Counter(each.exclusion for each in whole)
    assert all(page.counts is None and len(page.explanations) <= limit for page in others)


def _with_days(days: int, some_wish: NewMilestone) -> tuple[CountedLedger, CommitCollect, MilestoneId]:
    ledger = CountedLedger()
    limits = TrainingPolicy(page_items_max=2, workouts_inspected_max=INSPECTED_MAX)
    app = app_on(ledger, policy=Policy(training=limits))
    app.ingestion.ingest(ATHLETE, [ride(f"r{day}", day=day) for day in range(days)])
    opened = app.tracking.create(ATHLETE, some_wish, is_bounded=False)
    ledger.handed_out = 0
    return ledger, app, opened.milestone.milestone_id


@pytest.mark.parametrize("days", [INSPECTED_MAX, INSPECTED_MAX + 1, 40])
def test_a_page_of_a_plain_goal_costs_the_same_after_any_history(days: int) -> None:
    """Behind the first page, that page alone is read; the first counts a history of bounded length alone."""
    ledger, app, milestone_id = _with_days(days, wish())
    first = app.tracking.explain_page(ATHLETE, milestone_id, limit=2)
    assert (first.counts is None) is (days > INSPECTED_MAX)
    assert ledger.handed_out <= 2 + INSPECTED_MAX + 2
    ledger.handed_out = 0
    app.tracking.explain_page(ATHLETE, milestone_id, after=first.next, limit=2)
    assert ledger.handed_out == 2
    whole = app.tracking.explain_page(ATHLETE, milestone_id, limit=2, is_bounded=False)
    assert whole.counts == {None: days}


def test_a_streak_is_explained_as_far_as_a_request_may_look() -> None:
    """What a workout does to it depends on those before it: beyond the limit a request is refused."""
    _, app, milestone_id = _with_days(INSPECTED_MAX + 2, STREAK)
    with pytest.raises(LimitExceeded) as refused:
        app.tracking.explain_page(ATHLETE, milestone_id, limit=1)
    assert refused.value.limit == INSPECTED_MAX
    pages = paged(app, milestone_id, limit=1, is_bounded=False)
    assert [each.explanations[0].effects[0].value_after for each in pages] == [7, 6, 5, 4, 3, 2, 1]
    older = app.tracking.explain_page(ATHLETE, milestone_id, after=pages[1].next, limit=1)
    assert older.explanations == pages[2].explanations


def test_a_history_without_workouts_is_one_empty_page() -> None:
    """Of any kind of goal."""
    for some_wish in (wish(), STREAK):
        _, app, milestone_id = _with_days(0, some_wish)
        page = app.tracking.explain_page(ATHLETE, milestone_id, limit=2)
        assert page == ExplanationPage(explanations=(), next=None, counts={})


def test_what_no_page_can_be() -> None:
    """A limit outside the policy's, and a milestone that is not there."""
    _, app, milestone_id = _with_days(1, wish())
    for limit in (0, 3):
        with pytest.raises(InvalidInput) as refused:
            app.tracking.explain_page(ATHLETE, milestone_id, limit=limit)
        assert refused.value.field == "limit"
    with pytest.raises(NotFound):
        app.tracking.explain_page(UserId("other"), milestone_id, limit=1)
