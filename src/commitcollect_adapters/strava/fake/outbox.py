"""Events on their way to whoever subscribed: up to three times each, in any order, some never."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from random import Random

from attrs import define, frozen

DELIVERIES_MAX = 3
_OK = 200

Post = Callable[[str, bytes], int]
"""Delivers a body to an address; returns the status, or raises OSError (TimeoutError: after 2 s)."""


@frozen(kw_only=True)
class DeliveryPlan:
    """What becomes of events on the way.

    Attributes:
        dropped, repeated: shares of events that never arrive, and that arrive once more though taken.
        is_shuffled: whether the order is left to chance.
        seed: of all of this.
    """

    dropped: float = 0.0
    repeated: float = 0.0
    is_shuffled: bool = False
    seed: int = 0


@frozen(kw_only=True)
class DeliveryReport:
    """What came of one round: taken (200), to be delivered again, given up after the third time."""

    taken: int = 0
    failed: int = 0
    given_up: int = 0


@define
class _Letter:
    address: str
    body: bytes
    attempts: int = 0


class Outbox:
    """Letters that wait."""

    def __init__(self, plan: DeliveryPlan) -> None:
        self._plan = plan
        self._chance = Random(plan.seed)  # noqa: S311 - a test must be able to repeat it
        self._letters: list[_Letter] = []

    @property
    def waiting(self) -> tuple[Mapping[str, object], ...]:
        """The events that wait, in the order of what happened."""
        return tuple(json.loads(each.body) for each in self._letters)

    def add(self, address: str, event: Mapping[str, object]) -> None:
        """Send an event, or lose it, or send it twice."""
        if self._chance.random() < self._plan.dropped:
            return
        copies = 1 + (self._chance.random() < self._plan.repeated)
        body = json.dumps(event).encode()
        self._letters += [_Letter(address, body) for _ in range(copies)]

    def take(self, limit: int | None) -> list[_Letter]:
        """Up to `limit` letters, in the order they go out; they wait no more."""
        letters = list(self._letters)
        if self._plan.is_shuffled:
            self._chance.shuffle(letters)
        taken = letters[:limit]
        self._letters = [each for each in self._letters if not any(each is other for other in taken)]
        return taken

    def put_back(self, letter: _Letter) -> bool:
        """Have a letter wait for its next delivery; False if that was the last."""
        letter.attempts += 1
        if letter.attempts >= DELIVERIES_MAX:
            return False
        self._letters.append(letter)
        return True


def is_taken(post: Post, letter: _Letter) -> bool:
    """Deliver a letter; whether it was answered with 200 in time."""
    try:
        return post(letter.address, letter.body) == _OK
    except OSError:
        return False
