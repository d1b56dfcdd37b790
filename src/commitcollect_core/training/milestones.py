"""Milestones: a goal and how far an athlete has come.

Law 1: progress never falls; it is the high-water mark of the live sum (`Progress.moved`).
Law 3: complete means whole; a milestone is COMPLETED if and only if every part is awarded
(`Milestone.status`).
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from attrs import field, frozen

from commitcollect_core.errors import InvalidInput
from commitcollect_core.policy import Policy
from commitcollect_core.training.awards import Crossing
from commitcollect_core.training.folds import Counter
from commitcollect_core.training.goals import Goal
from commitcollect_core.training.workouts import Workout
from commitcollect_core.values import MilestoneId, optional_utc, require_text, utc

NAME_CHARS_MAX = 80
UNIT_CHARS_MAX = 8


def milestone_name(name: str) -> str:
    """What an athlete calls a milestone, without spaces around it; empty for none.

    Raises:
        InvalidInput: it is no text of one line, or is too long.
    """
    require_text(name, "name", chars_max=NAME_CHARS_MAX)
    if not name.isprintable():
        raise InvalidInput(f"name {name!r} holds a character that is not shown; write one line", field="name")
    return name.strip()


def target_unit(unit: str) -> str:
    """The unit an athlete gave a target in; empty where that is not known."""
    require_text(unit, "unit", chars_max=UNIT_CHARS_MAX)
    return unit


class MilestoneStatus(StrEnum):
    """Whether parts are still to be earned."""

    ACTIVE = "ACTIVE"
    COMPLETED = "COMPLETED"


@frozen
class Progress:
    """The live value of the goal's fold and its high-water mark.

    Attributes:
        counters: what the folds work on, one for each aim; empty for a plain goal and before any workout.
    """

    current_value: int = 0
    progress_value: int = 0
    counters: tuple[Counter, ...] = ()

    @property
    def is_stale(self) -> bool:
        """Whether only a recount can say the live value."""
        return any(each.is_stale for each in self.counters)

    def moved(self, difference: int) -> Progress:
        """Progress after the live sum moved by `difference`.

        The high-water mark only rises (law 1).
        """
        return self.at(self.current_value + difference)

    def at(self, current_value: int, counters: tuple[Counter, ...] = ()) -> Progress:
        """Progress with another live value. The high-water mark only rises (law 1)."""
        return Progress(current_value, max(current_value, self.progress_value), counters)


def progress_after(goal: Goal, progress: Progress, before: Workout | None, after: Workout) -> Progress:
    """Progress after one workout changed; `progress` itself if that moves nothing."""
    if goal.is_plain:
        # By difference: the same snapshot again moves nothing, and the order of arrival does not matter
        # (law 5).
        difference = goal.contribution(after) - goal.contribution(before)
        return progress.moved(difference) if difference else progress
    counters = goal.counters_of(progress.counters)
    moved = goal.moved(counters, before, after)
    return progress if moved == counters else progress.at(goal.value(moved), moved)


@frozen(kw_only=True)
class Milestone:
    """A goal and how far it has come.

    Attributes:
        milestone_id: see `require_id`; checked where it is made, not with every new version.
        name: what the athlete calls it; empty for none.
        unit: the unit the athlete gave the target in, for those who show it; empty where that is not known.
        archived_at: when the athlete put it away; it counts on and is left out of lists.
        version: 1 when first written, one more with every change.
        parts_awarded: how many awards are written; they are parts 1 to this number.
        owed: the workout behind parts that are earned but did not fit one atomic write with it; the next
            write to this ledger awards them first. None nearly always.
    """

    milestone_id: MilestoneId
    goal: Goal
    progress: Progress = Progress()
    parts_awarded: int = 0
    owed: Crossing | None = None
    version: int = 0
    created_at: datetime = field(converter=utc)
    updated_at: datetime = field(converter=utc)
    progress_updated_at: datetime | None = field(default=None, converter=optional_utc)
    last_awarded_at: datetime | None = field(default=None, converter=optional_utc)
    completed_at: datetime | None = field(default=None, converter=optional_utc)
    name: str = ""
    unit: str = ""
    archived_at: datetime | None = field(default=None, converter=optional_utc)

    @property
    def parts_earned(self) -> int:
        """How many parts the progress earns."""
        return self.goal.parts_earned(self.progress.progress_value)

    @property
    def percent_complete(self) -> int:
        """Whole percent, rounded down, so that 100 means complete."""
        return min(self.progress.progress_value * 100 // self.goal.total_target, 100)

    @property
    def remaining_to_next_part(self) -> int | None:
        """Progress missing to the next part; None for a whole statue."""
        if self.parts_earned == self.goal.parts_total:
            return None
        return self.goal.threshold(self.parts_earned + 1) - self.progress.progress_value

    @property
    def status(self) -> MilestoneStatus:
        """COMPLETED if and only if every part is awarded (law 3)."""
        whole = self.parts_awarded == self.goal.parts_total
        return MilestoneStatus.COMPLETED if whole else MilestoneStatus.ACTIVE

    def is_over(self, now: datetime) -> bool:
        """Whether its period has ended with parts left to earn.

        Workouts that come late can still count.
        """
        end = self.goal.period_end_at
        return self.status is MilestoneStatus.ACTIVE and end is not None and end <= now

    def is_settled(self, policy: Policy, *, now: datetime) -> bool:
        """Whether it can give up its place among the tracked ones.

        It can if it is completed, or if its period is over and it has not moved for
        `TrainingPolicy.milestone_settle_seconds`. A milestone of a past year that was just opened keeps its
        place, since the history may still be imported.
        """
        if self.status is MilestoneStatus.COMPLETED:
            return True
        end = self.goal.period_end_at
        if end is None:
            return False
        return (now - max(end, self.updated_at)).total_seconds() > policy.training.milestone_settle_seconds
