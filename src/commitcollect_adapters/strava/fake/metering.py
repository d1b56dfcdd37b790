"""Strava's limits of calls: windows at :00, :15, :30 and :45, days of UTC, all calls and reads apart."""

from __future__ import annotations

from datetime import datetime

from attrs import define, frozen

from commitcollect_core.strava.rates import WINDOW_SECONDS

_DAY_SECONDS = 86_400


@frozen(kw_only=True)
class Limits:
    """How many calls Strava allows an app: what a new one gets, unless said otherwise."""

    window: int = 200
    day: int = 2_000
    read_window: int = 100
    read_day: int = 1_000


@define
class _Meter:
    """Calls of one kind in the present window and day."""

    window_limit: int
    day_limit: int
    window: int = 0
    day: int = 0

    @property
    def is_over(self) -> bool:
        return self.window > self.window_limit or self.day > self.day_limit

    def add(self) -> None:
        self.window += 1
        self.day += 1


class Metering:
    """Counts calls. Those over the limit count as well."""

    def __init__(self, limits: Limits) -> None:
        self._all = _Meter(limits.window, limits.day)
        self._reads = _Meter(limits.read_window, limits.read_day)
        self._window_at = self._day_at = 0

    def count(self, now: datetime) -> bool:
        """Enter one read, which counts in both kinds; whether it is within the limits."""
        self._roll(now)
        for meter in (self._all, self._reads):
            meter.add()
        return not (self._all.is_over or self._reads.is_over)

    def exhaust(self, now: datetime) -> None:
        """Use up the present window."""
        self._roll(now)
        for meter in (self._all, self._reads):
            meter.window = max(meter.window, meter.window_limit)

    def headers(self) -> dict[str, str]:
        """What is said about the counts."""
        return {
            "x-ratelimit-limit": f"{self._all.window_limit},{self._all.day_limit}",
            "x-ratelimit-usage": f"{self._all.window},{self._all.day}",
            "x-readratelimit-limit": f"{self._reads.window_limit},{self._reads.day_limit}",
            "x-readratelimit-usage": f"{self._reads.window},{self._reads.day}",
        }

    def _roll(self, now: datetime) -> None:
        seconds = int(now.timestamp())
        window_at, day_at = seconds // WINDOW_SECONDS, seconds // _DAY_SECONDS
        for meter in (self._all, self._reads):
            meter.window = meter.window if window_at == self._window_at else 0
            meter.day = meter.day if day_at == self._day_at else 0
        self._window_at, self._day_at = window_at, day_at
