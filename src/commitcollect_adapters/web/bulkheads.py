"""Bulkheads: what keeps a processor busy for long must not take every thread of the host."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock, Semaphore
from typing import Generic, TypeVar

from attrs import define, field

from commitcollect_core.errors import StorageUnavailable

AT_ONCE, WAITING_MAX = 2, 16
"""The host answers calls in forty threads: those that wait leave most of them to other calls."""

WAIT_SECONDS_MAX = 20.0

Made = TypeVar("Made")


@define(kw_only=True, eq=False)
class Bulkhead:
    """Lets a few calls work at once and some more wait; turns the others away.

    Attributes:
        at_once: calls that work.
        waiting_max: calls that wait for one of them to end.
        wait_seconds_max: how long they do.
    """

    at_once: int = AT_ONCE
    waiting_max: int = WAITING_MAX
    wait_seconds_max: float = WAIT_SECONDS_MAX
    _places: Semaphore = field(init=False)
    _turns: Semaphore = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._places = Semaphore(self.at_once + self.waiting_max)
        self._turns = Semaphore(self.at_once)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Work inside of it.

        Raises:
            StorageUnavailable: too many calls wait, or this one has waited too long (``busy``).
        """
        busy = StorageUnavailable(
            "other calls of this kind are under way; try again in a moment", code="busy"
        )
        if not self._places.acquire(blocking=False):
            raise busy
        try:
            if not self._turns.acquire(timeout=self.wait_seconds_max):
                raise busy
            try:
                yield
            finally:
                self._turns.release()
        finally:
            self._places.release()


@define(kw_only=True, eq=False)
class CostlyCache(Generic[Made]):
    """Keeps what is costly to make and the same for everyone; the least recently used goes first.

    Attributes:
        bulkhead: where it is made.
        kept_max: how much is kept.
    """

    bulkhead: Bulkhead
    kept_max: int
    _kept: OrderedDict[object, Made] = field(factory=OrderedDict, init=False)
    _lock: Lock = field(factory=Lock, init=False)

    def get(self, key: object, make: Callable[[], Made]) -> Made:
        """What is kept under a key; made first if there is nothing.

        Raises:
            StorageUnavailable: as in `Bulkhead.turn`.
        """
        if (found := self._look_up(key)) is not None:
            return found
        with self.bulkhead.turn():
            # Again: a call that was here first may have made it meanwhile.
            if (found := self._look_up(key)) is None:
                found = make()
                self._keep(key, found)
        return found

    def _look_up(self, key: object) -> Made | None:
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def _keep(self, key: object, made: Made) -> None:
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > self.kept_max:
                self._kept.popitem(last=False)
