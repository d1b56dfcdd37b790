"""Budgets of calls: never more than allowed, a share kept for live events, and never shut for good."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from attrs import evolve, frozen
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from commitcollect_adapters.testing.strategies import moments
from commitcollect_core.policy import DEFAULT_POLICY, Policy, StravaPolicy
from commitcollect_core.strava.rates import (
    APP_SCOPE,
    WINDOW_SECONDS,
    Meter,
    Purpose,
    RateBudget,
    RateReading,
    WaitUntil,
    athlete_scope,
    fresh_budget,
    window_end,
)
from commitcollect_core.values import AthleteId

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
QUARTER_PAST = NOON + timedelta(minutes=15)
MIDNIGHT = datetime(2026, 11, 4, tzinfo=UTC)
SMALL = Policy(strava=StravaPolicy(app_calls_per_window=5, app_calls_per_day=12))
"""Few enough calls that a window, and a day of a few windows, is used up in a test."""

SKEW = timedelta(seconds=SMALL.training.clock_skew_seconds_max)

# Any interleaving


@frozen
class Reserve:
    """A worker wants to make a call."""

    purpose: Purpose


@frozen
class Observe:
    """Strava said how many calls it counted."""

    reading: RateReading


@frozen
class Refuse:
    """Strava refused a call, perhaps with counts."""

    reading: RateReading | None


@frozen
class Pause:
    """Strava does not serve the app for a while."""

    seconds: int


@frozen
class Tick:
    """The clock moves, back as well: workers' clocks disagree."""

    seconds: int


Step = Reserve | Observe | Refuse | Pause | Tick

_numbers = st.none() | st.integers(-3, 15) | st.sampled_from([10**6, -(10**6)])
_meters = st.builds(Meter, _numbers, _numbers)
readings = st.builds(RateReading, limit=_meters, used=_meters, read_limit=_meters, read_used=_meters)
_reserves = st.builds(Reserve, st.sampled_from(Purpose))
_ticks = st.builds(
    Tick, st.integers(-3_600, 7_200) | st.sampled_from([-1, 1, WINDOW_SECONDS, -WINDOW_SECONDS, 86_400])
)


def steps() -> SearchStrategy[list[Step]]:
    """What may happen to a budget, calls most of all."""
    other = st.one_of(
        _ticks,
        st.builds(Observe, readings),
        st.builds(Refuse, st.none() | readings),
        st.builds(Pause, st.integers(0, 4_000)),
    )
    return st.lists(st.one_of(_reserves, _reserves, _ticks, other), max_size=40)


@frozen(kw_only=True)
class Moment:
    """A budget after a step, when that was, and the call that was entered, if any."""

    now: datetime
    budget: RateBudget
    entered: Purpose | None = None


def run(some_steps: list[Step], *, now: datetime = NOON) -> list[Moment]:
    """What becomes of a fresh budget, step by step."""
    story = [Moment(now=now, budget=fresh_budget(APP_SCOPE, SMALL))]
    for step in some_steps:
        budget = story[-1].budget
        entered = None
        match step:
            case Tick(seconds):
                # No clock is further behind another than clocks may be apart.
                furthest = max(moment.now for moment in story)
                now = max(now + timedelta(seconds=seconds), furthest - SKEW)
            case Observe(reading):
                budget = budget.observed(reading, now=now, policy=SMALL)
            case Refuse(reading):
                budget = budget.exhausted(now=now, policy=SMALL, reading=reading)
            case Pause(seconds):
                budget = budget.paused(now + timedelta(seconds=seconds), "paused")
            case Reserve(purpose):
                after = budget.reserve(purpose, now=now, policy=SMALL)
                if isinstance(after, RateBudget):
                    budget, entered = after, purpose
        story.append(Moment(now=now, budget=budget, entered=entered))
    return story


@given(some_steps=steps())
def test_no_more_calls_are_entered_than_allowed(some_steps: list[Step]) -> None:
    """Law 9: in no window and on no day, as the furthest clock has them, are there more than the limit."""
    per_window: Counter[datetime | None] = Counter()
    per_day: Counter[datetime | None] = Counter()
    for moment in run(some_steps):
        if moment.entered is None:
            continue
        budget = moment.budget
        per_window[budget.window_at] += 1
        per_day[budget.day_at] += 1
        assert per_window[budget.window_at] <= budget.window_used <= budget.window_limit
        assert per_day[budget.day_at] <= budget.day_used <= budget.day_limit
        assert budget.paused_until is None or budget.paused_until <= moment.now


@given(some_steps=steps())
def test_backfills_leave_their_share_to_live_events(some_steps: list[Step]) -> None:
    """A backfill's call is entered only if `live_reserve_percent` of the window and day is left after it."""
    reserve = SMALL.strava.live_reserve_percent
    for moment in run(some_steps):
        if moment.entered not in (None, Purpose.LIVE):
            budget = moment.budget
            assert (budget.window_limit - budget.window_used) * 100 >= budget.window_limit * reserve
            assert (budget.day_limit - budget.day_used) * 100 >= budget.day_limit * reserve


@given(some_steps=steps())
def test_counts_fall_only_when_a_window_or_day_begins(some_steps: list[Step]) -> None:
    """Neither a reading nor a clock that went back takes a call back; each change is one version more."""
    for before, after in pairwise(moment.budget for moment in run(some_steps)):
        if after is before:
            continue
        assert after.version == before.version + 1
        if before.window_at is not None and after.window_at is not None:
            assert after.window_at >= before.window_at
            assert after.window_at > before.window_at or after.window_used >= before.window_used
        if before.day_at is not None and after.day_at is not None:
            assert after.day_at >= before.day_at
            assert after.day_at > before.day_at or after.day_used >= before.day_used


@given(some_steps=steps())
def test_what_changes_nothing_is_the_same_budget(some_steps: list[Step]) -> None:
    """A reading that says nothing writes nothing, in whatever window it comes: one write less per call."""
    story = run(some_steps)
    later = story[-1].now + timedelta(hours=1)
    budget = story[-1].budget
    assert budget.observed(RateReading(), now=later, policy=SMALL) is budget


@given(some_steps=steps(), purpose=st.sampled_from(Purpose))
def test_waiting_as_long_as_told_always_comes_to_a_call(some_steps: list[Step], purpose: Purpose) -> None:
    """No livelock: from anywhere, three waits at most (pause, day, window) and a call may be made.

    This holds once the clock has come to where the furthest one was, and if any share of the limit is whole.
    """
    story = run(some_steps)
    budget, now = story[-1].budget, max(moment.now for moment in story)
    if purpose is not Purpose.LIVE:
        budget = evolve(budget, window_limit=max(2, budget.window_limit), day_limit=max(2, budget.day_limit))
    for _ in range(4):
        answer = budget.reserve(purpose, now=now, policy=SMALL)
        if isinstance(answer, RateBudget):
            return
        assert now < answer.at <= now + timedelta(days=1)
        assert answer.why
        now = answer.at
    pytest.fail(f"no call may be made at {now}: {budget}")


@pytest.mark.parametrize("back", [timedelta(seconds=1), SKEW / 2, SKEW])
def test_a_clock_that_goes_back_gives_no_calls_back(back: timedelta) -> None:
    """Law 9: calls entered by a clock that is ahead count for one that is behind, as far as clocks may be."""
    now = MIDNIGHT
    used_up = fresh_budget(APP_SCOPE, SMALL)
    for _ in range(used_up.window_limit):
        after = used_up.reserve(Purpose.LIVE, now=now, policy=SMALL)
        assert isinstance(after, RateBudget)
        used_up = after
    assert isinstance(used_up.reserve(Purpose.LIVE, now=now - back, policy=SMALL), WaitUntil)
    assert used_up.observed(RateReading(), now=now - back, policy=SMALL) == used_up


# Windows, days, pauses


@given(moment=moments())
def test_windows_are_quarters_of_an_hour(moment: datetime) -> None:
    """They end at :00, :15, :30 and :45, never later than a quarter of an hour from now."""
    end = window_end(moment)
    assert end.minute % 15 == end.second == 0
    assert timedelta(0) < end - moment <= timedelta(minutes=15)


def spent(*, window: int = 0, day: int = 0, now: datetime = NOON) -> RateBudget:
    """A budget of which that much is used."""
    budget = fresh_budget(APP_SCOPE, SMALL)
    reading = RateReading(limit=Meter(5, 12), used=Meter(window, day))
    return budget.observed(reading, now=now, policy=SMALL)


@pytest.mark.parametrize(
    ("budget", "purpose", "wait"),
    [
        (spent(window=4), Purpose.LIVE, None),
        (spent(window=5), Purpose.LIVE, timedelta(minutes=15)),
        (spent(window=2), Purpose.BACKFILL, None),
        (spent(window=3), Purpose.BACKFILL, timedelta(minutes=15)),
        (spent(day=11), Purpose.LIVE, None),
        (spent(day=12), Purpose.LIVE, timedelta(hours=12)),
        (spent(day=7), Purpose.BACKFILL, None),
        (spent(day=8), Purpose.BACKFILL, timedelta(hours=12)),
        (spent(window=5, day=12), Purpose.LIVE, timedelta(hours=12)),
        (spent().paused(NOON + timedelta(seconds=1), "off"), Purpose.LIVE, timedelta(seconds=1)),
        (spent().paused(NOON, "off"), Purpose.LIVE, None),
    ],
)
def test_what_is_used_up_says_until_when(
    budget: RateBudget, purpose: Purpose, wait: timedelta | None
) -> None:
    """Five calls per window and twelve per day, of which backfills leave three in ten, rounded up."""
    answer = budget.reserve(purpose, now=NOON, policy=SMALL)
    if wait is None:
        assert isinstance(answer, RateBudget)
    else:
        assert isinstance(answer, WaitUntil)
        assert answer.at == NOON + wait


@pytest.mark.parametrize(
    ("budget", "now", "until"),
    [
        (spent(window=1), NOON, NOON + timedelta(minutes=15)),
        (spent(day=12), NOON, MIDNIGHT),
        (spent(day=12), MIDNIGHT + timedelta(seconds=5), MIDNIGHT + timedelta(minutes=15)),
    ],
    ids=["the window", "the day", "yesterday's count"],
)
@pytest.mark.parametrize("reading", [None, RateReading()], ids=["silent", "empty"])
def test_a_refusal_closes_the_window_or_the_day(
    budget: RateBudget, now: datetime, until: datetime, reading: RateReading | None
) -> None:
    """A refusal closes the day only if the day of now is used up, not the one before."""
    closed = budget.exhausted(now=now, policy=SMALL, reading=reading)
    answer = closed.reserve(Purpose.LIVE, now=now, policy=SMALL)
    assert answer == WaitUntil(until, "Strava's limit is reached")
    assert isinstance(closed.reserve(Purpose.LIVE, now=until, policy=SMALL), RateBudget)


def test_a_refusal_that_says_the_day_is_over_closes_it() -> None:
    """The counts that come with a refusal decide until when."""
    reading = RateReading(limit=Meter(5, 12), used=Meter(1, 14))
    assert spent().exhausted(now=NOON, policy=SMALL, reading=reading).paused_until == MIDNIGHT


def test_of_two_pauses_the_longer_stays() -> None:
    """An answer that closes a window does not shorten a pause, nor take its reason away."""
    budget = (
        spent().paused(NOON + timedelta(hours=2), "the app is inactive").exhausted(now=NOON, policy=SMALL)
    )
    answer = budget.reserve(Purpose.LIVE, now=NOON, policy=SMALL)
    assert answer == WaitUntil(NOON + timedelta(hours=2), "the app is inactive")


@pytest.mark.parametrize("days", [1, 30, 36_500])
def test_what_a_clock_far_ahead_has_entered_counts_as_none(days: int) -> None:
    """Calls used up and a refusal entered 30 days ahead block nothing now, nor on that day's way."""
    ahead = NOON + timedelta(days=days)
    budget = spent(window=5, day=12, now=ahead).exhausted(now=ahead, policy=SMALL)
    assert isinstance(budget.reserve(Purpose.LIVE, now=ahead, policy=SMALL), WaitUntil)
    for quarter in range(3):
        now = NOON + quarter * timedelta(minutes=15)
        for used in range(1, 4):
            answer = budget.reserve(Purpose.LIVE, now=now, policy=SMALL)
            assert isinstance(answer, RateBudget)
            assert answer.window_used == used
            budget = answer
    assert budget.day_used == 9


def test_a_clock_that_is_a_little_behind_begins_no_window_anew() -> None:
    """Within `clock_skew_seconds_max` the furthest clock's window and day hold for all workers."""
    full = spent(window=5, day=6, now=MIDNIGHT + timedelta(minutes=11))
    full = full.paused(MIDNIGHT + timedelta(minutes=40), "off")
    for behind in (SKEW, timedelta(seconds=1), timedelta(0)):
        seen = full.at(MIDNIGHT - behind, SMALL)
        assert (seen.window_used, seen.day_used, seen.pause_reason) == (5, 6, "off")
    seen = full.at(MIDNIGHT - SKEW - timedelta(seconds=1), SMALL)
    assert (seen.window_used, seen.day_used) == (0, 0)


def test_a_longer_pause_of_the_policy_is_believed() -> None:
    """The longest pause is a day, or as long as an inactive app is left alone."""
    two_days = Policy(strava=StravaPolicy(app_inactive_pause_seconds=2 * 86_400))
    budget = spent().paused(NOON + timedelta(days=2), "the app is inactive")
    assert isinstance(budget.reserve(Purpose.LIVE, now=NOON, policy=two_days), WaitUntil)
    assert isinstance(budget.reserve(Purpose.LIVE, now=NOON, policy=SMALL), RateBudget)


def test_a_budget_that_was_cleared_keeps_its_limits() -> None:
    """An operator's repair forgets calls and pauses, and not what Strava allows."""
    reading = RateReading(limit=Meter(200, 2_000), used=Meter(200, 2_000))
    full = spent(window=5).observed(reading, now=NOON, policy=SMALL).paused(QUARTER_PAST, "off")
    assert full.cleared() == RateBudget(window_limit=200, day_limit=2_000, version=full.version + 1)


# Readings


ALL, READS = (Meter(200, 2_000), Meter(150, 900)), (Meter(100, 1_000), Meter(60, 300))


@pytest.mark.parametrize(
    ("reading", "window", "day"),
    [
        (RateReading(limit=ALL[0], used=ALL[1]), (200, 150), (2_000, 900)),
        (RateReading(read_limit=READS[0], read_used=READS[1]), (100, 60), (1_000, 300)),
        (
            RateReading(limit=ALL[0], used=ALL[1], read_limit=READS[0], read_used=READS[1]),
            (100, 60),
            (1_000, 300),
        ),
        (
            RateReading(limit=ALL[0], used=Meter(199, 1_900), read_limit=READS[0], read_used=READS[1]),
            (200, 199),
            (2_000, 1_900),
        ),
        (RateReading(limit=Meter(0, -1), used=Meter(3, 3)), (5, 1), (12, 1)),
        (RateReading(limit=Meter(9, 99)), (5, 1), (12, 1)),
        (RateReading(used=Meter(4, 4)), (5, 1), (12, 1)),
        (RateReading(limit=Meter(None, 99), used=Meter(4, 4)), (5, 1), (99, 4)),
    ],
    ids=["all", "reads", "less left of reads", "less left of all", "no limit", "no use", "no limits", "half"],
)
def test_a_reading_sets_limits_and_raises_counts(
    reading: RateReading, window: tuple[int, int], day: tuple[int, int]
) -> None:
    """Of all calls and of reads, the kind with less left counts; what is not known changes nothing."""
    after = spent(window=1, day=1).observed(reading, now=NOON, policy=SMALL)
    assert (after.window_limit, after.window_used) == window
    assert (after.day_limit, after.day_used) == day


@pytest.mark.parametrize(
    ("seconds", "used"), [(-1, 11), (0, 0), (599, 0), (600, 11)], ids=["before", "at", "soon", "later"]
)
def test_a_count_of_yesterday_does_not_use_up_today(seconds: int, used: int) -> None:
    """An answer on its way at midnight, or a clock that is ahead, must not cost the athletes a whole day."""
    now = MIDNIGHT + timedelta(seconds=seconds)
    reading = RateReading(limit=Meter(5, 13), used=Meter(1, 11))
    after = fresh_budget(APP_SCOPE, SMALL).observed(reading, now=now, policy=SMALL)
    assert (after.day_limit, after.day_used) == (13, used)


def test_a_clock_that_is_behind_at_midnight_does_not_use_up_the_day_either() -> None:
    """Once the furthest clock has begun the day, a count from before midnight is not one of that day."""
    begun = fresh_budget(APP_SCOPE, SMALL).reserve(Purpose.LIVE, now=MIDNIGHT, policy=SMALL)
    assert isinstance(begun, RateBudget)
    reading = RateReading(limit=Meter(5, 12), used=Meter(1, 12))
    after = begun.observed(reading, now=MIDNIGHT - timedelta(minutes=5), policy=SMALL)
    assert after.day_used == 1


# Scopes


def test_an_athlete_has_a_budget_of_their_own() -> None:
    """One athlete's events may cost so many calls per window and day; the app what Strava gives new ones."""
    app, athlete = (fresh_budget(each, DEFAULT_POLICY) for each in (APP_SCOPE, athlete_scope(AthleteId("7"))))
    assert (app.window_limit, app.day_limit, app.version) == (100, 1_000, 0)
    assert (athlete.window_limit, athlete.day_limit) == (30, 300)
    assert athlete_scope(AthleteId("7")) != athlete_scope(AthleteId("77")) != APP_SCOPE
