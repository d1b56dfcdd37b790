"""How fast a milestone moves: what is needed to make it whole in time, and when it will be whole."""

from __future__ import annotations

from datetime import datetime, timedelta

from attrs import frozen

from commitcollect_core.training.milestones import Milestone, MilestoneStatus

_WEEK_SECONDS = 7 * 86_400


@frozen(kw_only=True)
class Pace:
    """What is left of an unfinished milestone, against time.

    Attributes:
        is_over: the period has ended; only workouts that come late can still count.
        needed_a_week: progress that makes it whole by the end, rounded up; None without an end, after it, and
            for goals that do not add up amounts.
        whole_at: when it is whole if it goes on as it did since its period began; None if it has not moved.
    """

    is_over: bool
    needed_a_week: int | None = None
    whole_at: datetime | None = None


def pace(milestone: Milestone, *, now: datetime) -> Pace | None:
    """The pace of a milestone; None for a whole one, and before its period begins."""
    goal, progress = milestone.goal, milestone.progress.progress_value
    if milestone.status is MilestoneStatus.COMPLETED or now <= goal.period_start_at:
        return None
    if milestone.is_over(now):
        return Pace(is_over=True)
    if not goal.is_plain:
        return Pace(is_over=False)
    missing = max(goal.total_target - progress, 0)
    needed = None
    if goal.period_end_at is not None:
        seconds_left = int((goal.period_end_at - now).total_seconds())
        # Less than a week is left at the end: all of it is needed, not a multiple.
        needed = -(-missing * _WEEK_SECONDS // max(seconds_left, _WEEK_SECONDS))
    return Pace(is_over=False, needed_a_week=needed, whole_at=_whole_at(milestone, missing, now))


def _whole_at(milestone: Milestone, missing: int, now: datetime) -> datetime | None:
    progress = milestone.progress.progress_value
    if not progress:
        return None
    seconds = int((now - milestone.goal.period_start_at).total_seconds()) * missing // progress
    try:
        return now + timedelta(seconds=seconds)
    except OverflowError:
        return None  # beyond the calendar
