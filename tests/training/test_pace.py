"""The pace of a milestone: what is needed, and when it will be whole."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve

from commitcollect_adapters.testing import samples
from commitcollect_adapters.testing.strategies import SEASON_START_AT
from commitcollect_core.training.folds import BestWorkout
from commitcollect_core.training.milestones import Milestone, Progress
from commitcollect_core.training.pace import Pace, pace

DAY = timedelta(days=1)


def milestone(progress: int, *, days: int | None, parts: int = 0) -> Milestone:
    """12 km in so many days of the season."""
    found = samples.milestone("ms-1")
    end = None if days is None else SEASON_START_AT + days * DAY
    goal = evolve(found.goal, period_end_at=end)
    return evolve(found, goal=goal, progress=Progress(progress, progress), parts_awarded=parts)


EXPECTED: list[tuple[Milestone, int, Pace | None]] = [
    # 9 km are missing in 6 weeks, and 3 km took 4 weeks.
    (
        milestone(3_000, days=70),
        28,
        Pace(is_over=False, needed_a_week=1_500, whole_at=SEASON_START_AT + 112 * DAY),
    ),
    # The last day: all that is missing, and not seven times that.
    (
        milestone(10_000, days=11),
        10,
        Pace(is_over=False, needed_a_week=2_000, whole_at=SEASON_START_AT + 12 * DAY),
    ),
    (milestone(0, days=None), 5, Pace(is_over=False)),
    (milestone(3_000, days=10), 10, Pace(is_over=True)),
    (milestone(12_000, days=10, parts=12), 10, None),
    (milestone(0, days=10), 0, None),
]


@pytest.mark.parametrize(("found", "after", "expected"), EXPECTED)
def test_the_pace_is_what_is_missing_over_the_time_left(
    found: Milestone, after: int, expected: Pace | None
) -> None:
    """Whole numbers rounded up; nothing is foretold of what has not moved, begun, or can no longer."""
    assert pace(found, now=SEASON_START_AT + after * DAY) == expected


@pytest.mark.parametrize(("found", "after", "expected"), EXPECTED)
def test_over_is_what_its_pace_says(found: Milestone, after: int, expected: Pace | None) -> None:
    """A whole statue and a goal without an end are never over, and the end itself is after the period."""
    is_over = found.is_over(SEASON_START_AT + after * DAY)
    assert is_over is (expected is not None and expected.is_over)


def test_a_best_effort_has_no_rate() -> None:
    """Its progress is no sum, so going on like this means nothing."""
    found = milestone(3_000, days=10)
    best = evolve(found, goal=evolve(found.goal, fold=BestWorkout()))
    assert pace(best, now=SEASON_START_AT + DAY) == Pace(is_over=False)


def test_a_time_beyond_the_calendar_is_not_said() -> None:
    """A metre in twenty years leads nowhere."""
    slow = milestone(1, days=None)
    slow = evolve(slow, goal=evolve(slow.goal, total_target=10**12))
    assert pace(slow, now=datetime(2046, 1, 1, tzinfo=UTC)) == Pace(is_over=False)
