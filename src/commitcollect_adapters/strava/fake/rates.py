"""Strava's rate limits, for 15-minute windows and days in UTC."""

from __future__ import annotations

from datetime import datetime

from attrs import define, frozen

from commitcollect_core.strava.rates import WINDOW_SECONDS

_DAY_SECONDS = 86_400


@frozen(kw_only=True)
class Limits:
    """Calls that Strava allows an app; by default, a new one."""

    window: int = 200
    day: int = 2_000
    read_window: int = 100
    read_day: int = 1_000


@define
class _Counter:
    """Calls in the current window and on the current day."""

    window_limit: int
    day_limit: int
    window: int = 0
    day: int = 0
    never_made: int = 0
    """Calls among those of the window that a fault added."""

    @property
    def is_over(self) -> bool:
        return self.window > self.window_limit or self.day > self.day_limit

    def add(self) -> None:
        self.window += 1
        self.day += 1


class RateCounter:
    """Counts reads. Refused calls count as well."""

    def __init__(self, limits: Limits) -> None:
        self._all = _Counter(limits.window, limits.day)
        self._reads = _Counter(limits.read_window, limits.read_day)
        self._window_number = self._day_number = 0

    def count(self, now: datetime) -> bool:
        """Count one read; return whether it is within both limits."""
        self._reset_expired(now)
        # A refused call is counted too: Strava charges for it, so retrying too early costs more.
        for counter in (self._all, self._reads):
            counter.add()
        return not (self._all.is_over or self._reads.is_over)

    def exhaust(self, now: datetime) -> None:
        """Use up the current window."""
        self._reset_expired(now)
        for counter in (self._all, self._reads):
            counter.never_made += max(0, counter.window_limit - counter.window)
            counter.window = max(counter.window, counter.window_limit)

    def refill(self) -> None:
        """Undo `exhaust`: the calls that were made count on."""
        for counter in (self._all, self._reads):
            counter.window -= counter.never_made
            counter.never_made = 0

    def headers(self) -> dict[str, str]:
        """The rate limit headers of an answer."""
        return {
            "x-ratelimit-limit": f"{self._all.window_limit},{self._all.day_limit}",
            "x-ratelimit-usage": f"{self._all.window},{self._all.day}",
            "x-readratelimit-limit": f"{self._reads.window_limit},{self._reads.day_limit}",
            "x-readratelimit-usage": f"{self._reads.window},{self._reads.day}",
        }

    def _reset_expired(self, now: datetime) -> None:
        seconds = int(now.timestamp())
        window_number, day_number = seconds // WINDOW_SECONDS, seconds // _DAY_SECONDS
        for counter in (self._all, self._reads):
            if window_number != self._window_number:
                counter.window = counter.never_made = 0
            counter.day = counter.day if day_number == self._day_number else 0
        self._window_number, self._day_number = window_number, day_number
