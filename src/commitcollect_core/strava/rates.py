"""How many calls may still be made: of the app as a whole, and for one athlete.

Strava counts an app's calls in windows that begin at :00, :15, :30 and :45, and in days of UTC. It says after
each call how many it has counted. All workers share one budget through the store: each call is entered before
it is made, what Strava says corrects the count upwards, and a refusal closes the window for all of them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from attrs import evolve, field, frozen

from commitcollect_core.clocks import is_ahead
from commitcollect_core.policy import Policy
from commitcollect_core.values import AthleteId, optional_utc

WINDOW_SECONDS = 900
_DAY_SECONDS = 86_400


class Purpose(StrEnum):
    """What a call is for: live events may use the share that backfills have to leave.

    CROWD is a list that stands for many events of one athlete: it counts as theirs, and leaves that share.
    """

    LIVE = "LIVE"
    CROWD = "CROWD"
    BACKFILL = "BACKFILL"

    @property
    def is_for_events(self) -> bool:
        """Whether an athlete's events cause such calls, so that they count as that athlete's as well."""
        return self is not Purpose.BACKFILL


@frozen
class Meter:
    """Calls per window and per day: what is allowed and what was made; None for what is not known."""

    window: int | None = None
    day: int | None = None


@frozen(kw_only=True)
class RateReading:
    """What Strava said about the app's calls with an answer. Reads count in both kinds.

    Attributes:
        limit, used: of all calls.
        read_limit, read_used: of those that only read.
    """

    limit: Meter = Meter()
    used: Meter = Meter()
    read_limit: Meter = Meter()
    read_used: Meter = Meter()


@frozen
class WaitUntil:
    """No call may be made before this moment."""

    at: datetime
    why: str


@frozen(kw_only=True)
class RateBudget:
    """The calls of one scope, in its present window and day.

    Attributes:
        window_at, day_at: when the window and day of the counts began; None before the first call.
        window_used, day_used: calls entered or reported.
        window_limit, day_limit: how many there may be.
        paused_until: no calls at all before; None normally.
        version: 0 before it is first written, one more with every change.
    """

    window_limit: int
    day_limit: int
    window_at: datetime | None = field(default=None, converter=optional_utc)
    window_used: int = 0
    day_at: datetime | None = field(default=None, converter=optional_utc)
    day_used: int = 0
    paused_until: datetime | None = field(default=None, converter=optional_utc)
    pause_reason: str = ""
    version: int = 0

    def reserve(self, purpose: Purpose, *, now: datetime, policy: Policy) -> RateBudget | WaitUntil:
        """The budget with one call entered, or until when to wait."""
        current = self.at(now, policy)
        if current.paused_until is not None:
            return WaitUntil(current.paused_until, current.pause_reason)
        if current.day_used >= _share(current.day_limit, purpose, policy):
            return WaitUntil(_start(now, _DAY_SECONDS) + timedelta(days=1), "the day's calls are used up")
        if current.window_used >= _share(current.window_limit, purpose, policy):
            return WaitUntil(window_end(now), "the window's calls are used up")
        return evolve(
            current,
            window_used=current.window_used + 1,
            day_used=current.day_used + 1,
            version=self.version + 1,
        )

    def given_back(self, *, now: datetime, policy: Policy) -> RateBudget:
        """The budget without a call that was entered and then not made."""
        current = self.at(now, policy)
        return evolve(
            current,
            window_used=max(0, current.window_used - 1),
            day_used=max(0, current.day_used - 1),
            version=self.version + 1,
        )

    def observed(self, reading: RateReading, *, now: datetime, policy: Policy) -> RateBudget:
        """The budget corrected by what Strava said; itself if that is nothing new.

        Counts are only ever corrected upwards: several calls may be under way, and Strava has not counted
        those yet. Limits are taken as said. Of all calls and of reads, the kind with less left counts.

        Around midnight an answer may still count the day before, and one such count would use up the whole
        day that begins. So a day's count is believed only once the day is older than clocks may be apart.
        """
        current = self.at(now, policy)
        window_limit, window_used = _tighter(
            (reading.limit.window, reading.used.window), (reading.read_limit.window, reading.read_used.window)
        )
        day_limit, day_used = _tighter(
            (reading.limit.day, reading.used.day), (reading.read_limit.day, reading.read_used.day)
        )
        if now - (current.day_at or now) < timedelta(seconds=policy.training.clock_skew_seconds_max):
            day_used = None
        after = evolve(
            current,
            window_limit=current.window_limit if window_limit is None else window_limit,
            window_used=max(current.window_used, window_used or 0),
            day_limit=current.day_limit if day_limit is None else day_limit,
            day_used=max(current.day_used, day_used or 0),
        )
        return self if after == current else evolve(after, version=self.version + 1)

    def exhausted(self, *, now: datetime, policy: Policy, reading: RateReading | None = None) -> RateBudget:
        """The budget after Strava refused a call: nothing more in this window, or day if that is used up."""
        current = self.at(now, policy)
        if reading is not None:
            current = current.observed(reading, now=now, policy=policy)
        is_day_over = current.day_used >= current.day_limit
        until = _start(now, _DAY_SECONDS) + timedelta(days=1) if is_day_over else window_end(now)
        return current.paused(until, "Strava's limit is reached", version=self.version + 1)

    def paused(self, until: datetime, why: str, *, version: int | None = None) -> RateBudget:
        """The budget with every call put off until a moment; a later end that is set already stays."""
        later = max(filter(None, (self.paused_until, until)))
        reason = why if later == until else self.pause_reason
        return evolve(
            self,
            paused_until=later,
            pause_reason=reason,
            version=self.version + 1 if version is None else version,
        )

    def cleared(self) -> RateBudget:
        """The budget with no calls counted and no pause; limits stay as Strava said."""
        fresh = RateBudget(window_limit=self.window_limit, day_limit=self.day_limit)
        return evolve(fresh, version=self.version + 1)

    def at(self, now: datetime, policy: Policy) -> RateBudget:
        """The budget as it stands at `now`: what is over, or lies too far ahead, counts as none.

        A window or day that begins a little later stays: two clocks may be so far apart, and counts must not
        start again each time the slower one makes a call.
        """
        current = self
        if not _is_present(current.window_at, WINDOW_SECONDS, now, policy):
            current = evolve(current, window_at=_start(now, WINDOW_SECONDS), window_used=0)
        if not _is_present(current.day_at, _DAY_SECONDS, now, policy):
            current = evolve(current, day_at=_start(now, _DAY_SECONDS), day_used=0)
        span = max(_DAY_SECONDS, policy.strava.app_inactive_pause_seconds)
        if not is_ahead(current.paused_until, now=now, span_seconds=span, policy=policy):
            current = evolve(current, paused_until=None, pause_reason="")
        return current


def window_end(now: datetime) -> datetime:
    """When the window of `now` ends."""
    return _start(now, WINDOW_SECONDS) + timedelta(seconds=WINDOW_SECONDS)


def _is_present(began_at: datetime | None, seconds: int, now: datetime, policy: Policy) -> bool:
    """Whether a window of so many seconds is not over, and did not begin too far ahead."""
    # Its end against now is its start against as long before now, which lies within the calendar.
    before = now - timedelta(seconds=seconds)
    return is_ahead(began_at, now=before, span_seconds=seconds, policy=policy)


def _start(now: datetime, seconds: int) -> datetime:
    return now - timedelta(seconds=int(now.timestamp()) % seconds)


def _share(limit: int, purpose: Purpose, policy: Policy) -> int:
    if purpose is Purpose.LIVE:
        return limit
    return limit * (100 - policy.strava.live_reserve_percent) // 100


def _tighter(*meters: tuple[int | None, int | None]) -> tuple[int | None, int | None]:
    """The limit and use of the meter with the least left; a limit of 0 or less says nothing."""
    known = [(limit, used) for limit, used in meters if limit is not None and used is not None and limit > 0]
    return min(known, key=lambda each: each[0] - each[1]) if known else (None, None)


APP_SCOPE = "app"
"""The scope of all calls of the app."""


def athlete_scope(athlete_id: AthleteId) -> str:
    """The scope of the calls made because of one athlete's events.

    A digest: a worker may count a call once more after the athlete's account was deleted.
    """
    from hashlib import sha256  # noqa: PLC0415 - loads OpenSSL, which counting workouts does not need

    return f"athlete-{sha256(athlete_id.encode()).hexdigest()[:_SCOPE_DIGITS]}"


_SCOPE_DIGITS = 32


def fresh_budget(scope: str, policy: Policy) -> RateBudget:
    """The budget of a scope not used yet: Strava's limits for every app, or ours for an athlete."""
    if scope == APP_SCOPE:
        return RateBudget(
            window_limit=policy.strava.app_calls_per_window, day_limit=policy.strava.app_calls_per_day
        )
    return RateBudget(
        window_limit=policy.strava.athlete_calls_per_window, day_limit=policy.strava.athlete_calls_per_day
    )
