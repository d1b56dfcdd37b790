"""Clocks, ids and waiting."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from commitcollect_adapters.system import (
    JitteredBackoff,
    JitterOnly,
    ManualClock,
    NoBackoff,
    SequentialIds,
    SystemClock,
    SystemIds,
)
from commitcollect_core.values import is_id

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def test_the_machines_clock_gives_whole_seconds_of_utc() -> None:
    """Two readings are in order, in UTC and without fractions."""
    first, second = SystemClock().now(), SystemClock().now()
    assert first <= second
    assert (first.tzinfo, first.microsecond) == (UTC, 0)


def test_a_manual_clock_never_goes_back() -> None:
    """It moves to later moments only."""
    clock = ManualClock(NEW_YEAR)
    clock.advance_to(NEW_YEAR + timedelta(hours=1))
    clock.advance_to(NEW_YEAR)
    assert clock.now() == NEW_YEAR + timedelta(hours=1)


def test_ids_are_ids_and_never_the_same() -> None:
    """Random and counted ids can be parts of keys, and no two are alike."""
    for ids in (SystemIds(), SequentialIds()):
        made = [ids.milestone_id() for _ in range(100)] + [ids.activity_id() for _ in range(100)]
        assert len(set(made)) == 200
        assert all(map(is_id, made))


def test_waits_grow_up_to_the_longest_and_are_left_to_chance() -> None:
    """Each wait lies between nothing and twice the one before, bounded however many races are lost."""
    waits: list[float] = []
    backoff = JitteredBackoff(first_seconds=1, longest_seconds=8, pause=waits.append)
    for attempt in (1, 2, 3, 4, 1_000):
        for _ in range(200):
            backoff.wait(attempt)
    longest = [max(waits[start : start + 200]) for start in range(0, 1_000, 200)]
    for found, bound in zip(longest, (2, 4, 8, 8, 8), strict=True):
        assert bound / 2 < found <= bound
    assert min(waits) < 0.5
    NoBackoff().wait(1)
    JitterOnly().wait(1)


def test_what_is_put_off_is_spread_by_chance() -> None:
    """Over all seconds up to the longest; a simulation stays the same each time."""
    backoffs = JitterOnly(), JitteredBackoff(first_seconds=1, longest_seconds=8)
    for backoff in backoffs:
        assert {backoff.jitter_seconds(3) for _ in range(200)} == {0, 1, 2, 3}
        assert backoff.jitter_seconds(0) == 0
    assert NoBackoff().jitter_seconds(3) == 0
