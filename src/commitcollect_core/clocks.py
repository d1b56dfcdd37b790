"""Stored ends (of windows, pauses, leases, waits, sessions) and the present.

Machines write them by their own clocks. An end further ahead than it can be comes from a clock that was
wrong, and would otherwise block every process until that day.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from commitcollect_core.policy import Policy


def latest_end(now: datetime, *, span_seconds: int, policy: Policy) -> datetime:
    """How far ahead an end may lie that is set at most so many seconds ahead."""
    return now + timedelta(seconds=span_seconds + policy.training.clock_skew_seconds_max)


def is_ahead(end: datetime | None, *, now: datetime, span_seconds: int, policy: Policy) -> bool:
    """Whether a stored end lies ahead, and no further than it can.

    Args:
        end: None is never ahead.
        now: the present.
        span_seconds: the longest that such an end is set ahead.
        policy: how far two clocks may be apart.
    """
    return end is not None and now < end <= latest_end(now, span_seconds=span_seconds, policy=policy)
