"""Optimistic locking: on a conflict, read and decide again."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from commitcollect_core.context import Context
from commitcollect_core.errors import VersionConflict
from commitcollect_core.training.awards import Award
from commitcollect_core.training.ledger import LedgerCommit, LedgerHead, LedgerView
from commitcollect_core.training.milestones import Milestone
from commitcollect_core.training.ports import Ledger
from commitcollect_core.training.workouts import SetAside
from commitcollect_core.values import MilestoneId


@frozen
class Committed:
    """What a use case wrote to ledgers.

    Hosts build audit, notices and orders on it.

    Attributes:
        commits: in the order written, those of lost attempts included.
        set_aside: values of what was taken in that are not believable.
    """

    commits: tuple[LedgerCommit, ...] = ()
    set_aside: tuple[SetAside, ...] = ()

    def __add__(self, later: Committed) -> Committed:
        """Everything written by one use case and then by another."""
        return Committed((*self.commits, *later.commits), (*self.set_aside, *later.set_aside))

    def head_after(self, before: LedgerHead) -> LedgerHead:
        """The head after these writes to one ledger.

        `before` is the head without them.
        """
        return self.commits[-1].head if self.commits else before

    def stale_after(self, before: LedgerView) -> tuple[MilestoneId, ...]:
        """The milestones that have to be recounted after these writes to one ledger.

        `before` is the ledger without them.
        """
        milestones = {each.milestone_id: each for each in before.milestones}
        for commit in self.commits:
            for moved in commit.milestones:
                milestones[moved.milestone_id] = moved
        tracked = (key for key, each in milestones.items() if each.progress.is_stale)
        return (*self.head_after(before.head).stale_milestone_ids, *tracked)

    @property
    def workouts_changed(self) -> int:
        """How many workouts were written: new, altered, deleted or revived."""
        # A workout that moved between two goals may be written twice, and is one all the same.
        return len({(commit.user_id, each.key) for commit in self.commits for each in commit.workouts})

    @property
    def awards(self) -> tuple[Award, ...]:
        """The awards minted, in order."""
        return tuple(award for commit in self.commits for award in commit.awards)

    @property
    def milestones_completed(self) -> tuple[Milestone, ...]:
        """The milestones whose last part was awarded here.

        Each milestone completes only once.
        """
        return tuple(
            milestone
            for commit in self.commits
            for milestone in commit.milestones
            if any(
                award.milestone_id == milestone.milestone_id
                and award.part_index == milestone.goal.parts_total
                for award in commit.awards
            )
        )

    @property
    def milestones_removed(self) -> int:
        """How many milestones were removed with their awards."""
        return sum(len(commit.removed) for commit in self.commits)


IngestResult = Committed
"""The earlier name of `Committed`, which only `Ingestion` returned then."""

NOTHING_COMMITTED = Committed()


class Committing:
    """Commits the decisions of one use case.

    The caller reads and decides, as often as it loses a race.
    """

    def __init__(self, ledger: Ledger, context: Context) -> None:
        self._ledger = ledger
        self._context = context
        self._written: list[LedgerCommit] = []
        self._races_lost = 0

    @property
    def committed(self) -> Committed:
        """What was written, over all attempts."""
        return Committed(tuple(self._written))

    def commit(self, commits: Iterable[LedgerCommit]) -> bool:
        """Commit in order; False after losing a race.

        The caller then reads again, decides again and calls again.

        Raises:
            VersionConflict: the policy allows no further attempt.
        """
        try:
            for commit in commits:
                self._ledger.commit(commit)
                # At once, not after the loop: every prefix of a decision is a legal ledger and stays
                # written when a later commit is refused, so the caller must hear of it.
                self._written.append(commit)
        except VersionConflict:
            self._lose_race()
            return False
        return True

    def _lose_race(self) -> None:
        import logging  # noqa: PLC0415 - a fifth of what importing the core costs, and few races are lost

        self._races_lost += 1
        logging.getLogger(__name__).debug("lost the race for a ledger, attempt %d", self._races_lost)
        # Waits after the last attempt, too: a caller that retries at once would meet the same writers.
        self._context.backoff.wait(self._races_lost)
        attempts_max = self._context.policy.training.commit_attempts_max
        if self._races_lost >= attempts_max:
            raise VersionConflict(
                f"this ledger changed under each of {attempts_max} attempts; try again in a moment"
            )
