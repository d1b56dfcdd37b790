"""An athlete for tests of the pure decisions: what is decided is written to memory, and each step is kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import count

from attrs import evolve
from hypothesis import strategies as st

from commitcollect_adapters.memory import MemoryLedger
from commitcollect_adapters.testing.dumps import LedgerDump, dump_of
from commitcollect_adapters.testing.strategies import SEASON_END_AT, STATUES
from commitcollect_core.policy import DEFAULT_POLICY, Policy, TrainingPolicy
from commitcollect_core.training.awards import Award, StatueModel
from commitcollect_core.training.decisions import decide, decide_creation, decide_recount
from commitcollect_core.training.digest import state_digest
from commitcollect_core.training.goals import Goal
from commitcollect_core.training.ledger import LedgerCommit, keys_of
from commitcollect_core.training.milestones import Milestone
from commitcollect_core.training.tallies import Tally, tally
from commitcollect_core.training.workouts import ActivityGone, ActivitySnapshot, Change, Found
from commitcollect_core.values import ActivityId, MilestoneId, ModelId, UserId

SMALL_COMMITS = Policy(training=TrainingPolicy(commit_items_max=52))
"""The smallest commits that still hold a milestone with all parts of the largest statue."""


class Athlete:
    """One athlete. Time moves on by a minute with every decision.

    Attributes:
        steps: all that the ledger held, at first and after each commit.
    """

    def __init__(self, *goals: Goal, policy: Policy = DEFAULT_POLICY) -> None:
        self.policy = policy
        self.user_id = UserId("athlete")
        self.ledger = MemoryLedger()
        self.models: dict[ModelId, StatueModel] = {model.model_id: model for model in STATUES}
        self._minutes = count()
        self.steps = [dump_of(self.ledger, self.user_id)]
        self.ids = [self.open(goal) for goal in goals]

    def now(self) -> datetime:
        """A minute later than the last time."""
        return SEASON_END_AT + timedelta(minutes=next(self._minutes))

    def open(self, goal: Goal) -> MilestoneId:
        """Open a milestone, the history counted."""
        view = self.ledger.read(self.user_id, ())
        milestone_id = MilestoneId(f"ms-{len(self.dump.milestones) + 1:03}")
        history = tally(goal, self.dump.by_start)
        commits = decide_creation(
            view, milestone_id, goal, history, models=self.models, now=self.now(), policy=self.policy
        )
        self.write(commits)
        return milestone_id

    def decide(self, found: Sequence[Change]) -> tuple[LedgerCommit, ...]:
        """What would be written; nothing is."""
        view = self.ledger.read(self.user_id, keys_of(found))
        models = {each.goal.model_id: self.models[each.goal.model_id] for each in view.milestones}
        return decide(view, found, models=models, now=self.now(), policy=self.policy)

    def write(self, commits: Iterable[LedgerCommit]) -> None:
        """Write commits in order."""
        for commit in commits:
            self.ledger.commit(commit)
            self.steps.append(dump_of(self.ledger, self.user_id))

    def take_in(self, *found: Change) -> tuple[LedgerCommit, ...]:
        """Decide and write, all at once."""
        commits = self.decide(found)
        self.write(commits)
        # A best workout that shrank is found again by a recount, as ingestion does it.
        for milestone_id in self.dump.head.tracked_milestone_ids:
            if self.milestone(milestone_id).progress.is_stale:
                commits += self.recount(milestone_id)
        return commits

    def take_in_singly(self, found: Iterable[Change]) -> None:
        """Decide and write, one by one."""
        for each in found:
            self.take_in(each)

    def tally(self, milestone_id: MilestoneId) -> Tally:
        """A milestone added up from the stored workouts."""
        return tally(self.milestone(milestone_id).goal, self.dump.by_start)

    def recount(self, milestone_id: MilestoneId) -> tuple[LedgerCommit, ...]:
        """Repair a milestone."""
        milestone = self.milestone(milestone_id)
        view = self.ledger.read(self.user_id, ())
        recount = self.tally(milestone_id)
        commits = decide_recount(
            view, milestone, recount, models=self.models, now=self.now(), policy=self.policy
        )
        self.write(commits)
        return commits

    def sums(self, milestone_id: MilestoneId) -> tuple[int, int]:
        """The live sum of a milestone and its high-water mark."""
        progress = self.milestone(milestone_id).progress
        return progress.current_value, progress.progress_value

    @property
    def dump(self) -> LedgerDump:
        """All that the ledger holds now."""
        return self.steps[-1]

    def milestone(self, milestone_id: MilestoneId) -> Milestone:
        """One milestone as it is now."""
        return self.dump.milestones[milestone_id]

    def awards(self, milestone_id: MilestoneId) -> tuple[Award, ...]:
        """The awards of one milestone."""
        return self.dump.awards[milestone_id]

    def digest(self) -> str:
        """The fingerprint of what must not depend on the order of delivery."""
        return state_digest(self.dump.by_start, self.dump.milestones.values())


def changes_of(stored: list[ActivitySnapshot], data: st.DataObject) -> list[Found]:
    """What may be found later of a history: some gone, some changed, some under another id."""
    changes: list[Found] = []
    for each in stored:
        match data.draw(st.sampled_from(["same", "gone", "sport", "new id"])):
            case "gone":
                changes.append(ActivityGone(key=each.key))
            case "sport":
                changes.append(evolve(each, sport_type=data.draw(st.sampled_from(["Run", "Ride"]))))
            case "new id":
                again = evolve(each, activity_id=ActivityId(f"{each.activity_id}-again"))
                changes += [ActivityGone(key=each.key), again]
            case _:
                changes.append(each)
    return changes
