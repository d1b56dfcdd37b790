"""Keeping to the number of calls that may be made, shared with every process that makes them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from attrs import frozen

from commitcollect_core.context import Context
from commitcollect_core.errors import StravaAppInactive, StravaRateLimited, UpstreamError, VersionConflict
from commitcollect_core.strava.ports import RateBudgetStore
from commitcollect_core.strava.rates import (
    APP_SCOPE,
    Purpose,
    RateBudget,
    RateReading,
    WaitUntil,
    athlete_scope,
    fresh_budget,
)
from commitcollect_core.values import AthleteId

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

    def reserve_for(self, athlete_id: AthleteId, purpose: Purpose) -> None:
        """Enter one call of the app's, and of the athlete's where the athlete's events cause it.

        Raises:
            StravaRateLimited: it may not be made now; nothing was entered.
        """
        if not purpose.is_for_events:
            self.reserve(APP_SCOPE, purpose)
            return
        # The athlete's own budget before the app's: a flood of forged events about one athlete is refused
        # there, and does not race with all other calls for the app's.
        scope = athlete_scope(athlete_id)
        self.reserve(scope, Purpose.LIVE)
        try:
            self.reserve(APP_SCOPE, purpose)
        except (StravaRateLimited, VersionConflict):
            self.give_back(scope)
            raise

    def give_back(self, scope: str) -> None:
        """Take out one call that was entered and then not made."""
        now = self.context.now()
        self._change(scope, lambda budget: budget.given_back(now=now, policy=self.context.policy))

    def check(self, scope: str, purpose: Purpose) -> None:
        """Enter nothing, and refuse where a call would be refused now.

        Raises:
            StravaRateLimited: as in `reserve`.
        """
        now, policy = self.context.now(), self.context.policy
        answer = self.budget(scope).reserve(purpose, now=now, policy=policy)
        if isinstance(answer, WaitUntil):
            raise _limited(answer.why, answer.at)

    def held(self, purposes: Mapping[str, Purpose]) -> dict[str, datetime]:
        """For which of these purposes the app may make no call now, by their names, and until when."""
        now, policy = self.context.now(), self.context.policy
        budget = self.budget(APP_SCOPE)
        answers = {name: budget.reserve(each, now=now, policy=policy) for name, each in purposes.items()}
        return {name: each.at for name, each in answers.items() if isinstance(each, WaitUntil)}

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


def reading_of(failed: UpstreamError) -> RateReading | None:
    """What Strava's headers said of the limits when a call failed."""
    return failed.rates if isinstance(failed.rates, RateReading) else None
