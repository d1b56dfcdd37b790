"""Clocks, ids and backoffs.

The machine's own, and those that a test or a simulation controls.
"""

from __future__ import annotations

import random
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from os import urandom
from threading import Lock

from commitcollect_core.values import ActivityId, MilestoneId, utc


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The time now: aware, UTC, whole seconds."""
        return datetime.now(UTC).replace(microsecond=0)


class ManualClock:
    """A clock that a test moves, and never backwards."""

    def __init__(self, start: datetime) -> None:
        self._now = utc(start)
        self._lock = Lock()

    def now(self) -> datetime:
        """The latest time it was moved to."""
        return self._now

    def advance_to(self, moment: datetime) -> None:
        """Move on to `moment`; an earlier one changes nothing."""
        with self._lock:
            self._now = max(self._now, utc(moment))


def _hex_text(count: int) -> str:
    """Random bytes as hexadecimal digits."""
    return urandom(count).hex()


def _address_text(count: int) -> str:
    """Random bytes as text fit for an address."""
    return urlsafe_b64encode(urandom(count)).rstrip(b"=").decode("ascii")


class SystemIds:
    """Random ids, long enough never to meet again."""

    def milestone_id(self) -> MilestoneId:
        """A fresh milestone id."""
        return MilestoneId(f"ms-{_hex_text(8)}")

    def activity_id(self) -> ActivityId:
        """A fresh id for a workout entered by hand."""
        return ActivityId(f"w-{_hex_text(8)}")

    def handshake_state(self) -> str:
        """256 random bits, fit for an address."""
        return _address_text(32)

    def lease_token(self) -> str:
        """128 random bits."""
        return _hex_text(16)

    def secret(self) -> str:
        """256 random bits, fit for an address."""
        return _address_text(32)

    def request_id(self) -> str:
        """128 random bits."""
        return _hex_text(16)

    def generation(self) -> str:
        """64 random bits, which only have to differ from those of a few rows."""
        return _hex_text(8)


class SequentialIds:
    """Ids that count up, the same on every run."""

    def __init__(self, first: int = 1) -> None:
        self._milestones = count(first)
        self._activities = count(first)
        self._states = count(first)
        self._tokens = count(first)
        self._secrets = count(first)
        self._requests = count(first)
        self._generations = count(first)

    def milestone_id(self) -> MilestoneId:
        """The next milestone id."""
        return MilestoneId(f"ms-{next(self._milestones):04}")

    def activity_id(self) -> ActivityId:
        """The next activity id."""
        return ActivityId(f"w-{next(self._activities):04}")

    def handshake_state(self) -> str:
        """The next state, which is predictable."""
        return f"state-{next(self._states):04}"

    def lease_token(self) -> str:
        """The next token, which is predictable."""
        return f"lease-{next(self._tokens):04}"

    def secret(self) -> str:
        """The next secret, which is predictable."""
        return f"secret-{next(self._secrets):04}"

    def request_id(self) -> str:
        """The next id."""
        return f"request-{next(self._requests):04}"

    def generation(self) -> str:
        """The next generation, which is predictable."""
        return f"gen-{next(self._generations):04}"


class NoBackoff:
    """Does not wait.

    For a store whose writers queue up at its lock, and for a single writer.
    """

    def wait(self, attempt: int) -> None:
        """See `Backoff`."""

    def jitter_seconds(self, longest: int) -> int:  # noqa: ARG002 - as every backoff
        """See `Backoff`; always 0, so that tests and simulations run alike each time."""
        return 0


class JitterOnly:
    """Does not wait after a lost race, as `NoBackoff`; spreads jobs that were put off."""

    def wait(self, attempt: int) -> None:
        """See `Backoff`."""

    def jitter_seconds(self, longest: int) -> int:
        """See `Backoff`."""
        return _CHANCE.randint(0, longest)


class JitteredBackoff:
    """Exponential backoff with full jitter after lost races."""

    def __init__(
        self, *, first_seconds: float, longest_seconds: float, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._first_seconds = first_seconds
        self._longest_seconds = longest_seconds
        self._pause = pause

    def wait(self, attempt: int) -> None:
        """See `Backoff`."""
        longest = min(self._first_seconds * 2 ** min(attempt, _DOUBLINGS_MAX), self._longest_seconds)
        self._pause(_CHANCE.uniform(0, longest))

    def jitter_seconds(self, longest: int) -> int:
        """See `Backoff`."""
        return _CHANCE.randint(0, longest)


_CHANCE = random.SystemRandom()

_DOUBLINGS_MAX = 30
"""Beyond that the longest wait has long been reached."""
