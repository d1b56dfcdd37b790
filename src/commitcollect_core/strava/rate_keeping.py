"""Keeping to the number of calls that may be made, shared with every process that makes them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from attrs import frozen

from commitcollect_core.context import Context
from commitcollect_core.errors import StravaAppInactive, StravaRateLimited, VersionConflict
from commitcollect_core.strava.ports import RateBudgetStore
from commitcollect_core.strava.rates import (
    APP_SCOPE,
    Purpose,
    RateBudget,
    RateReading,
    WaitUntil,
    fresh_budget,
)

_log = logging.getLogger(__name__)


@frozen(kw_only=True, eq=False)
class RateKeeping:
    """Enters calls before they are made, and what Strava says of them afterwards."""

    rates: RateBudgetStore
    context: Context

    def reserve(self, scope: str, purpose: Purpose) -> None:
        """Enter one call.

        Raises:
            StravaRateLimited: it may not be made now; nothing was entered.
        """
        now = self.context.now()

        def entered(budget: RateBudget) -> RateBudget:
            answer = budget.reserve(purpose, now=now, policy=self.context.policy)
            if isinstance(answer, WaitUntil):
                raise _limited(answer.why, answer.at)
            return answer

        self._change(scope, entered)

    def observe(self, reading: RateReading | None) -> None:
        """Correct the app's budget by what Strava said with an answer."""
        # Also after a failed call: Strava has counted it.
        if reading is not None:
            now = self.context.now()
            self._change(
                APP_SCOPE, lambda budget: budget.observed(reading, now=now, policy=self.context.policy)
            )

    def closed(self, reading: RateReading | None) -> StravaRateLimited:
        """Put off every call until the window or day ends, as Strava refused one; says so."""
        now = self.context.now()
        budget = self._change(
            APP_SCOPE, lambda budget: budget.exhausted(now=now, policy=self.context.policy, reading=reading)
        )
        return _limited(budget.pause_reason, budget.paused_until or now)

    def inactive(self, why: str) -> StravaAppInactive:
        """Put off every call for a while, as Strava does not serve the app at all; says so."""
        now, policy = self.context.now(), self.context.policy
        until = now + timedelta(seconds=policy.strava.app_inactive_pause_seconds)
        budget = self._change(APP_SCOPE, lambda budget: budget.at(now, policy).paused(until, why))
        # The operator has to act, and no athlete: nothing else would tell.
        _log.error("Strava has switched off the app; no calls for a while: %s", why)
        return StravaAppInactive(why, retry_at=budget.paused_until)

    def budget(self, scope: str) -> RateBudget:
        """How many calls of a scope are used up now."""
        stored = self.rates.read(scope) or fresh_budget(scope, self.context.policy)
        return stored.at(self.context.now(), self.context.policy)

    def reset(self, scope: str) -> RateBudget:
        """Forget the calls that were counted, and any pause; for an operator, after a clock was wrong."""
        return self._change(scope, RateBudget.cleared)

    def _change(self, scope: str, change: Callable[[RateBudget], RateBudget]) -> RateBudget:
        """Write what `change` makes of the stored budget, again and again while others write first."""
        attempts_max = self.context.policy.training.commit_attempts_max
        for attempt in range(1, attempts_max + 1):
            before = self.rates.read(scope) or fresh_budget(scope, self.context.policy)
            after = change(before)
            # No news is not written: most answers only confirm what was entered, and a write each would make
            # all workers race for this one item.
            if after == before:
                return before
            try:
                self.rates.write(scope, after)
            except VersionConflict:
                self.context.backoff.wait(attempt)
            else:
                return after
        raise VersionConflict(f"the count of calls changed under each of {attempts_max} attempts; try again")


def _limited(why: str, retry_at: datetime) -> StravaRateLimited:
    return StravaRateLimited(f"{why}; try again at {retry_at:%H:%M} UTC", retry_at=retry_at)
