"""Every promise of `Clock`, `IdGenerator` and `Backoff`."""
# ruff: noqa: S101 - a suite asserts literal expectations, though it does not live under tests/

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC

from commitcollect_adapters.testing.contracts.checks import THREADS, race, undefined
from commitcollect_core.context import Backoff, Clock, IdGenerator
from commitcollect_core.values import is_id

_MADE_EACH = 200
_LONGEST = 7


class ClockContract:
    """Subclass it, call the class ``Test…`` and run pytest."""

    def new_clock(self) -> Clock:
        """The clock under test."""
        undefined("new_clock")

    def test_the_time_is_in_whole_seconds_of_utc(self) -> None:
        """Aware, and never before what it said."""
        clock = self.new_clock()
        first, second = clock.now(), clock.now()
        assert (first.tzinfo, first.microsecond) == (UTC, 0)
        assert first <= second


class IdGeneratorContract:
    """Subclass it, call the class ``Test…`` and run pytest."""

    def new_ids(self) -> IdGenerator:
        """The generator under test."""
        undefined("new_ids")

    def test_ids_can_be_parts_of_keys(self) -> None:
        """Those of milestones and workouts are ids; the others stand in a URL as they are."""
        ids = self.new_ids()
        assert is_id(ids.milestone_id())
        assert is_id(ids.activity_id())
        for make in _texts(ids):
            made = make()
            assert made
            assert made.replace("-", "").replace("_", "").isalnum()
            assert made.isascii()

    def test_no_id_is_made_twice(self) -> None:
        """Not by many threads at once, either."""
        ids = self.new_ids()
        for make in (ids.milestone_id, ids.activity_id, *_texts(ids)):

            def several(make: Callable[[], str] = make) -> list[str]:
                return [make() for _ in range(_MADE_EACH)]

            made = [each for some in race([several] * THREADS) if isinstance(some, list) for each in some]
            assert len(set(made)) == len(made) == THREADS * _MADE_EACH


def _texts(ids: IdGenerator) -> tuple[Callable[[], str], ...]:
    return (ids.handshake_state, ids.lease_token, ids.secret, ids.request_id, ids.generation)


class BackoffContract:
    """Subclass it, call the class ``Test…`` and run pytest."""

    def new_backoff(self) -> Backoff:
        """The backoff under test, whose waits take no time."""
        undefined("new_backoff")

    def test_jitter_stays_within_its_bound(self) -> None:
        """Whole seconds, also of no span at all."""
        backoff = self.new_backoff()
        for longest in (0, 1, _LONGEST):
            for _ in range(_MADE_EACH):
                seconds = backoff.jitter_seconds(longest)
                assert isinstance(seconds, int)
                assert 0 <= seconds <= longest

    def test_a_wait_ends_after_any_number_of_attempts(self) -> None:
        """The waits do not grow beyond what a number can hold."""
        backoff = self.new_backoff()
        for attempt in (1, 2, 64, 10_000):
            backoff.wait(attempt)
