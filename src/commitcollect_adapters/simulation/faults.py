"""A door in front of a ledger, where a crash can be made to happen before and after every store call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from random import Random
from typing import TypeVar

from commitcollect_core.training.awards import Award
from commitcollect_core.training.ledger import LedgerCommit, LedgerHead, LedgerView
from commitcollect_core.training.milestones import Milestone
from commitcollect_core.training.ports import Ledger, MilestonePage, WorkoutPage, WorkoutQuery
from commitcollect_core.values import MilestoneId, UserId, WorkoutKey

_Answer = TypeVar("_Answer")


class Side(StrEnum):
    """Whether a store call is about to be made, or was made and its answer is about to arrive."""

    BEFORE = "before"
    AFTER = "after"


Door = Callable[[str, Side], None]
"""Called with the name of each store call, before and after it. What it raises, the caller meets."""


class SimulatedCrash(BaseException):
    """The process ends here, as far as the code under it can tell: nothing may catch and mend this."""


class CrashByChance:
    """A door at which a process crashes now and then, the same for the same seed."""

    def __init__(self, seed: int, *, one_in: int) -> None:
        self._chance = Random(seed)  # noqa: S311 - repeatable on purpose, guards nothing
        self._one_in = one_in
        self.crashes = 0

    def __call__(self, call: str, side: Side) -> None:
        """Let the call through, or crash."""
        if self._chance.randrange(self._one_in) == 0:
            self.crashes += 1
            raise SimulatedCrash(f"crash number {self.crashes}, {side} {call}")


class GuardedLedger:
    """A ledger behind a door. Implements `Ledger`."""

    def __init__(self, ledger: Ledger, door: Door) -> None:
        self._ledger = ledger
        self._door = door

    def _through(self, call: str, answer: Callable[[], _Answer]) -> _Answer:
        self._door(call, Side.BEFORE)
        answered = answer()
        self._door(call, Side.AFTER)
        return answered

    def read_head(self, user_id: UserId) -> LedgerHead:
        """See `Ledger`."""
        return self._through("read_head", lambda: self._ledger.read_head(user_id))

    def read(self, user_id: UserId, keys: Sequence[WorkoutKey]) -> LedgerView:
        """See `Ledger`."""
        return self._through("read", lambda: self._ledger.read(user_id, keys))

    def commit(self, commit: LedgerCommit) -> None:
        """See `Ledger`."""
        self._through("commit", lambda: self._ledger.commit(commit))

    def read_milestone(self, user_id: UserId, milestone_id: MilestoneId) -> Milestone | None:
        """See `Ledger`."""
        return self._through("read_milestone", lambda: self._ledger.read_milestone(user_id, milestone_id))

    def read_milestones(self, user_id: UserId, *, after: MilestoneId | None, limit: int) -> MilestonePage:
        """See `Ledger`."""
        return self._through(
            "read_milestones", lambda: self._ledger.read_milestones(user_id, after=after, limit=limit)
        )

    def read_awards(self, user_id: UserId, milestone_id: MilestoneId) -> Sequence[Award]:
        """See `Ledger`."""
        return self._through("read_awards", lambda: self._ledger.read_awards(user_id, milestone_id))

    def read_workouts(self, user_id: UserId, query: WorkoutQuery) -> WorkoutPage:
        """See `Ledger`."""
        return self._through("read_workouts", lambda: self._ledger.read_workouts(user_id, query))
