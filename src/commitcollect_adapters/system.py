"""Clocks and ids: the machine's own, and ones a test or a simulation steers."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from itertools import count
from threading import Lock

from commitcollect_core.values import ActivityId, MilestoneId, utc


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The time now: aware, UTC, whole seconds."""
        return datetime.now(UTC).replace(microsecond=0)


class ManualClock:
    """A clock that moves only when told to, and never backwards."""

    def __init__(self, start: datetime) -> None:
        self._now = utc(start)
        self._lock = Lock()

    def now(self) -> datetime:
        """The time it was last moved to."""
        return self._now

    def advance_to(self, moment: datetime) -> None:
        """Move on to `moment`; an earlier one leaves the clock where it is."""
        with self._lock:
            self._now = max(self._now, utc(moment))


class SystemIds:
    """Random ids, long enough never to meet again."""

    def milestone_id(self) -> MilestoneId:
        """A fresh milestone id."""
        return MilestoneId(f"ms-{secrets.token_hex(8)}")

    def activity_id(self) -> ActivityId:
        """A fresh id for a workout entered by hand."""
        return ActivityId(f"w-{secrets.token_hex(8)}")


class SequentialIds:
    """Ids that count up, the same on every run."""

    def __init__(self, first: int = 1) -> None:
        self._milestones = count(first)
        self._activities = count(first)

    def milestone_id(self) -> MilestoneId:
        """The next milestone id."""
        return MilestoneId(f"ms-{next(self._milestones):04}")

    def activity_id(self) -> ActivityId:
        """The next activity id."""
        return ActivityId(f"w-{next(self._activities):04}")
