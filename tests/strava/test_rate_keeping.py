"""One budget of calls for many workers, through a store they share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve

from commitcollect_adapters.memory.versioned import MemoryVersions
from commitcollect_adapters.system import ManualClock, SequentialIds
from commitcollect_core.context import Context
from commitcollect_core.errors import StravaRateLimited, VersionConflict
from commitcollect_core.policy import Policy, StravaPolicy, TrainingPolicy
from commitcollect_core.strava.rate_keeping import RateKeeping
from commitcollect_core.strava.rates import APP_SCOPE, Meter, Purpose, RateBudget, RateReading, athlete_scope
from commitcollect_core.values import AthleteId

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
QUARTER_PAST = NOON + timedelta(minutes=15)
POLICY = Policy(
    strava=StravaPolicy(app_calls_per_window=5, app_calls_per_day=12),
    training=TrainingPolicy(commit_attempts_max=4),
)


class RacedRates(MemoryVersions[RateBudget]):
    """A store that lets another writer in just before its next writes.

    Attributes:
        intruders: what happens before each coming write; used up in order.
        writes_tried: how many writes were asked for, by all writers.
    """

    def __init__(self) -> None:
        super().__init__()
        self.intruders: list[Callable[[], object]] = []
        self.writes_tried = 0

    def write(self, scope: str, budget: RateBudget) -> None:
        """See `RateBudgetStore`."""
        self.writes_tried += 1
        intruders, self.intruders = self.intruders, []
        if intruders:
            intruders.pop(0)()
        self.intruders = intruders
        super().write(scope, budget)


class NotedBackoff:
    """Does not wait, but notes for which attempt it should have."""

    def __init__(self) -> None:
        self.attempts: list[int] = []

    def wait(self, attempt: int) -> None:
        """See `Backoff`."""
        self.attempts.append(attempt)

    def jitter_seconds(self, longest: int) -> int:  # noqa: ARG002 - as every backoff
        """See `Backoff`."""
        raise AssertionError("nothing is put off here")


class Desk:
    """A store, a clock, and a worker who keeps to the rates."""

    def __init__(self) -> None:
        self.rates = RacedRates()
        self.clock = ManualClock(NOON)
        self.backoff = NotedBackoff()
        self.keeping = RateKeeping(rates=self.rates, context=self.context(self.clock))

    def context(self, clock: ManualClock) -> Context:
        """What a worker with this clock runs on."""
        return Context(clock=clock, ids=SequentialIds(), backoff=self.backoff, policy=POLICY)

    def used(self, scope: str = APP_SCOPE) -> int:
        """Calls entered in the window."""
        budget = self.rates.read(scope)
        return 0 if budget is None else budget.window_used


@pytest.fixture
def desk() -> Desk:
    """A desk at noon, with nothing entered."""
    return Desk()


def test_a_call_that_may_not_be_made_is_not_entered(desk: Desk) -> None:
    """The error says until when, and from then on calls may be made again."""
    for _ in range(5):
        desk.keeping.reserve(APP_SCOPE, Purpose.LIVE)
    before = desk.rates.read(APP_SCOPE)
    with pytest.raises(
        StravaRateLimited, match=r"the window's calls are used up; try again at 12:15 UTC"
    ) as refused:
        desk.keeping.reserve(APP_SCOPE, Purpose.LIVE)
    assert refused.value.retry_at == QUARTER_PAST
    assert desk.rates.read(APP_SCOPE) == before
    desk.clock.advance_to(QUARTER_PAST)
    desk.keeping.reserve(APP_SCOPE, Purpose.LIVE)
    assert desk.used() == 1


def test_scopes_do_not_share_their_calls(desk: Desk) -> None:
    """One athlete's events use up that athlete's calls and no other's; the purpose counts in each."""
    seven, eight = (athlete_scope(AthleteId(each)) for each in "78")
    for _ in range(POLICY.strava.athlete_calls_per_window):
        desk.keeping.reserve(seven, Purpose.LIVE)
    with pytest.raises(StravaRateLimited):
        desk.keeping.reserve(seven, Purpose.LIVE)
    desk.keeping.reserve(eight, Purpose.LIVE)
    for _ in range(3):
        desk.keeping.reserve(APP_SCOPE, Purpose.BACKFILL)
    with pytest.raises(StravaRateLimited):
        desk.keeping.reserve(APP_SCOPE, Purpose.BACKFILL)
    desk.keeping.reserve(APP_SCOPE, Purpose.LIVE)
    assert (desk.used(seven), desk.used(eight), desk.used()) == (30, 1, 4)


@pytest.mark.parametrize("losses", [1, 3])
def test_calls_entered_at_the_same_time_are_all_counted(desk: Desk, losses: int) -> None:
    """The writer that loses reads again and enters on top; between two attempts it waits."""
    desk.rates.intruders = [lambda: desk.keeping.reserve(APP_SCOPE, Purpose.LIVE)] * losses
    desk.keeping.reserve(APP_SCOPE, Purpose.LIVE)
    assert desk.used() == losses + 1
    assert desk.backoff.attempts == list(range(1, losses + 1))


def test_the_last_call_is_entered_by_one_of_two(desk: Desk) -> None:
    """Who loses the race for it is told to wait, though it was free when they looked."""
    for _ in range(4):
        desk.keeping.reserve(APP_SCOPE, Purpose.LIVE)
    desk.rates.intruders = [lambda: desk.keeping.reserve(APP_SCOPE, Purpose.LIVE)]
    with pytest.raises(StravaRateLimited):
        desk.keeping.reserve(APP_SCOPE, Purpose.LIVE)
    assert desk.used() == 5


def test_a_race_lost_every_time_is_given_up(desk: Desk) -> None:
    """Law 9: attempts are bounded, and the error says by how many; the call was not entered."""
    desk.rates.intruders = [lambda: desk.keeping.observe(reading(used=desk.used() + 1))] * 9
    with pytest.raises(VersionConflict, match="under each of 4 attempts"):
        desk.keeping.inactive("inactive")
    assert len(desk.rates.intruders) == 9 - 4
    stored = desk.rates.read(APP_SCOPE)
    assert stored is not None
    assert (stored.window_used, stored.paused_until) == (4, None)


def reading(*, used: int, of: int = 5) -> RateReading:
    """What Strava says of the calls of the window."""
    return RateReading(limit=Meter(of, 12), used=Meter(used, used))


@pytest.mark.parametrize("minutes", [0, 15, 24 * 60])
@pytest.mark.parametrize("said", [None, RateReading(), reading(used=0)], ids=["none", "empty", "no news"])
def test_what_is_no_news_is_not_written(desk: Desk, said: RateReading | None, minutes: int) -> None:
    """An answer that came without counts, or with old ones, costs no write, in whatever window it comes."""
    desk.keeping.reserve(APP_SCOPE, Purpose.LIVE)
    desk.clock.advance_to(NOON + timedelta(minutes=minutes))
    desk.keeping.observe(said)
    assert desk.rates.writes_tried == 1
    assert desk.backoff.attempts == []


def test_what_strava_counted_goes_before_what_was_entered(desk: Desk) -> None:
    """Others may call for the same app; the limit is what Strava says, the count the higher one."""
    desk.keeping.observe(reading(used=6, of=7))
    desk.keeping.reserve(APP_SCOPE, Purpose.LIVE)
    with pytest.raises(StravaRateLimited):
        desk.keeping.reserve(APP_SCOPE, Purpose.LIVE)
    assert desk.used() == 7


@pytest.mark.parametrize(
    ("said", "until"),
    [
        (None, QUARTER_PAST),
        (reading(used=3), QUARTER_PAST),
        (reading(used=12), NOON + timedelta(hours=12)),
    ],
    ids=["no counts", "the window", "the day"],
)
def test_a_refusal_holds_for_all_workers(desk: Desk, said: RateReading | None, until: datetime) -> None:
    """After a 429 no worker calls before the window or day ends, and each is told when; then calls flow."""
    closed = desk.keeping.closed(said)
    assert closed.retry_at == until
    assert closed.message == f"Strava's limit is reached; try again at {until:%H:%M} UTC"
    other_worker = evolve(desk.keeping, context=desk.context(ManualClock(until - timedelta(seconds=1))))
    with pytest.raises(StravaRateLimited, match="Strava's limit is reached") as refused:
        other_worker.reserve(APP_SCOPE, Purpose.LIVE)
    assert refused.value.retry_at == until
    desk.clock.advance_to(until)
    desk.keeping.reserve(APP_SCOPE, Purpose.LIVE)


def test_a_pause_ends_by_itself(desk: Desk) -> None:
    """An app that Strava switched off is tried again after `app_inactive_pause_seconds`."""
    until = NOON + timedelta(seconds=POLICY.strava.app_inactive_pause_seconds)
    assert desk.keeping.inactive("the app is inactive").retry_at == until
    with pytest.raises(StravaRateLimited, match=f"the app is inactive; try again at {until:%H:%M} UTC"):
        desk.keeping.reserve(APP_SCOPE, Purpose.LIVE)
    desk.clock.advance_to(until)
    desk.keeping.reserve(APP_SCOPE, Purpose.LIVE)


def test_a_pause_of_a_clock_far_ahead_is_not_kept_up(desk: Desk) -> None:
    """It neither blocks calls, nor stands in the place of a pause that comes later."""
    ahead = evolve(desk.keeping, context=desk.context(ManualClock(NOON + timedelta(days=30))))
    ahead.closed(None)
    ahead.inactive("far ahead")
    desk.keeping.reserve(APP_SCOPE, Purpose.LIVE)
    ahead.inactive("far ahead")
    until = NOON + timedelta(seconds=POLICY.strava.app_inactive_pause_seconds)
    assert desk.keeping.inactive("the app is inactive").retry_at == until
    assert desk.keeping.closed(None).retry_at == QUARTER_PAST


def test_an_operator_sees_the_budget_of_now_and_resets_it(desk: Desk) -> None:
    """Calls of windows that are over are not shown; a reset lets calls flow at once."""
    assert desk.keeping.budget(APP_SCOPE).window_used == 0
    for _ in range(5):
        desk.keeping.reserve(APP_SCOPE, Purpose.LIVE)
    desk.keeping.closed(None)
    assert desk.keeping.budget(APP_SCOPE).window_used == 5
    assert desk.keeping.reset(APP_SCOPE) == RateBudget(window_limit=5, day_limit=12, version=7)
    desk.keeping.reserve(APP_SCOPE, Purpose.LIVE)
    desk.clock.advance_to(QUARTER_PAST)
    assert (desk.keeping.budget(APP_SCOPE).window_used, desk.keeping.budget(APP_SCOPE).day_used) == (0, 1)
