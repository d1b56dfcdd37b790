"""Listing an athlete's activities: the next page that brings anything, or the end.

The cursor is a time, as page numbers shift while activities are added. But a time cannot move past a page
that Strava empties, or one full of activities of one second. There the next page of the same window is asked
for.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from datetime import datetime

from attrs import frozen

from commitcollect_core.policy import Policy
from commitcollect_core.strava.backfills import next_before
from commitcollect_core.strava.ports import ActivityList, ListedActivity
from commitcollect_core.values import ActivityId


@frozen(kw_only=True)
class NewPage:
    """A page with something new, or the last.

    Attributes:
        asked_at: before the first call for it.
        calls: pages that were asked for, those that brought nothing new included.
        activities: those that are new.
        rejected: why others could not be read.
        oldest_start_at: of all; None for an empty page.
        hidden: activities of the window that Strava certainly left out before this page.
        is_last: nothing older is left, as far as this connection sees.
    """

    asked_at: datetime
    calls: int
    activities: tuple[ListedActivity, ...]
    rejected: tuple[str, ...]
    oldest_start_at: datetime | None
    hidden: int = 0
    is_last: bool


def next_page(
    ask: Callable[[int], ActivityList],
    *,
    before: datetime | None,
    passed: Container[ActivityId],
    now: datetime,
    policy: Policy,
) -> NewPage:
    """The newest activities of a window that were not passed yet.

    Args:
        ask: lists a page of the window, numbered from 1.
        before: the cursor, at which the window ends.
        passed: activities of earlier windows that start in the cursor's last second.
        now: when it is asked.
        policy: how many pages may be hidden.
    """
    rejected: dict[str, None] = {}
    hidden = short_pages = number = 0
    while True:
        number += 1
        answer = ask(number)
        rejected.update(dict.fromkeys(answer.rejected))
        new = tuple(each for each in answer.activities if each.snapshot.activity_id not in passed)
        oldest = answer.oldest_start_at
        brings_something = bool(new) or (oldest is not None and next_before(before, oldest) != before)
        # Strava cuts a page before it leaves out what the app may not see. So an empty page is not the end
        # while private activities may fill it, and the number of such pages needs a limit.
        if len(new) < len(answer.activities):
            # The pages before an activity that was passed were counted when that one was new.
            short_pages = 0
        short_pages += answer.missing > 0
        is_over = short_pages > policy.strava.hidden_pages_max or number >= policy.strava.backfill_pages_max
        if brings_something or answer.is_last or is_over:
            return NewPage(
                asked_at=now,
                calls=number,
                activities=new,
                rejected=tuple(rejected),
                oldest_start_at=oldest,
                hidden=hidden if brings_something else 0,
                is_last=answer.is_last or not brings_something,
            )
        hidden += answer.missing
