"""Taking over an account that was exported, into a store that has nothing of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from attrs import evolve, frozen

from commitcollect_core.accounts.ports import DeletionStore, ProfileStore
from commitcollect_core.accounts.profiles import UserProfile
from commitcollect_core.context import Context
from commitcollect_core.errors import ACCOUNT_DELETED, AccountDeleting, Conflict
from commitcollect_core.training.awards import Award
from commitcollect_core.training.ledger import NO_CONNECTION, LedgerCommit, LedgerHead
from commitcollect_core.training.milestones import Milestone
from commitcollect_core.training.ports import Ledger
from commitcollect_core.training.workouts import Workout
from commitcollect_core.values import MilestoneId, UserId


@frozen(kw_only=True)
class ExportedAccount:
    """What an export brings back: profile, workouts, milestones and awards.

    Connections, sessions and audit entries are not taken over: tokens are in no export, and nothing that was
    signed in elsewhere is signed in here.

    Attributes:
        head: of the ledger; it says which milestones are tracked.
        workouts: read once, in any order.
    """

    head: LedgerHead
    profile: UserProfile | None
    workouts: Iterable[Workout]
    milestones: tuple[Milestone, ...]
    awards: Mapping[MilestoneId, tuple[Award, ...]]


@frozen(kw_only=True)
class TakenOver:
    """What was written; what an earlier attempt wrote is not counted."""

    workouts: int
    milestones: int
    awards: int


@frozen(kw_only=True, eq=False, repr=False)
class Importing:
    """Takes exported accounts over as they are: nothing is counted anew."""

    ledger: Ledger
    profiles: ProfileStore
    deletions: DeletionStore
    context: Context

    def take_over(self, user_id: UserId, exported: ExportedAccount) -> TakenOver:
        """Write an exported account. May be repeated after a failure, and goes on where it stopped.

        Raises:
            AccountDeleting: the account is being deleted, or was.
            Conflict: something else is stored of this user (``account_not_empty``).
            StorageError: the store failed; call again.
        """
        if self.deletions.read(self.deletions.id_of(user_id)) is not None:
            raise AccountDeleting(ACCOUNT_DELETED)
        self._check_no_other(user_id, exported)
        if exported.profile is not None and self.profiles.read(user_id) is None:
            self.profiles.write(evolve(exported.profile, user_id=user_id, version=1))
        # Workouts before milestones, which then never see one that they have not counted.
        workouts = sum(self._take_workouts(user_id, some) for some in self._batches(exported.workouts))
        milestones = [each for each in exported.milestones if self._take_milestone(user_id, each, exported)]
        self._finish_head(user_id, exported.head)
        awards = sum(len(exported.awards.get(each.milestone_id, ())) for each in milestones)
        return TakenOver(workouts=workouts, milestones=len(milestones), awards=awards)

    def _check_no_other(self, user_id: UserId, exported: ExportedAccount) -> None:
        """Refuse to mix two accounts, before anything is written."""
        head = self.ledger.read_head(user_id)
        ours = {*head.tracked_milestone_ids, *(each.milestone_id for each in head.untracked)}
        is_known = ours <= {each.milestone_id for each in exported.milestones}
        if not is_known or (head.recurring and head.recurring != exported.head.recurring):
            raise _not_empty(user_id)

    def _batches(self, workouts: Iterable[Workout]) -> Iterator[list[Workout]]:
        waiting = iter(workouts)
        # One place in each commit is the head's, and in the first one is for the look at the deletions.
        places = self.context.policy.training.commit_items_max - 2
        while some := list(islice(waiting, places)):
            yield some

    def _take_workouts(self, user_id: UserId, workouts: list[Workout]) -> int:
        view = self.ledger.read(user_id, [each.key for each in workouts])
        new = [evolve(each, version=1) for each in workouts if each.key not in view.workouts]
        is_other = any(
            evolve(stored, version=1) != evolve(each, version=1)
            for each in workouts
            if (stored := view.workouts.get(each.key)) is not None
        )
        if is_other or (new and (view.milestones or view.head.untracked)):
            raise _not_empty(user_id)
        if new:
            live = sum(not each.is_deleted for each in new)
            head = evolve(
                view.head, version=view.head.version + 1, workout_count=view.head.workout_count + live
            )
            self.ledger.commit(LedgerCommit(user_id=user_id, head=head, workouts=tuple(new)))
        return len(new)

    def _take_milestone(self, user_id: UserId, milestone: Milestone, exported: ExportedAccount) -> bool:
        """Write a milestone with its awards, in one commit; False if that was done before."""
        taken = evolve(milestone, version=1)
        stored = self.ledger.read_milestone(user_id, milestone.milestone_id)
        if stored is not None:
            if evolve(stored, version=1) != taken:
                raise _not_empty(user_id)
            return False
        head = self.ledger.read_head(user_id)
        awards = exported.awards.get(milestone.milestone_id, ())
        commit = LedgerCommit(
            user_id=user_id, head=evolve(head, version=head.version + 1), milestones=(taken,), awards=awards
        )
        self.ledger.commit(commit)
        return True

    def _finish_head(self, user_id: UserId, wanted: LedgerHead) -> None:
        """Have new workouts move the milestones that they moved in the exported ledger."""
        head = self.ledger.read_head(user_id)
        # The last commit of all: until it is there no workout can move a milestone that is not complete yet.
        after = evolve(
            head,
            version=head.version + 1,
            tracked_milestone_ids=wanted.tracked_milestone_ids,
            untracked=wanted.untracked,
            recurring=wanted.recurring,
            connection_generation=head.connection_generation or NO_CONNECTION,
        )
        if evolve(after, version=head.version) != head:
            self.ledger.commit(LedgerCommit(user_id=user_id, head=after))


def _not_empty(user_id: UserId) -> Conflict:
    return Conflict(
        f"other workouts or milestones are stored of {user_id!r}; import into a store that has none of them",
        code="account_not_empty",
    )
