"""Taking in what sources say of activities."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from attrs import frozen

from commitcollect_core.awards import Award
from commitcollect_core.ledger import LedgerCommit, decide, keys_of
from commitcollect_core.policy import Policy
from commitcollect_core.ports import Backoff, Clock, Ledger, StatueCatalog
from commitcollect_core.services.committing import commit_decision
from commitcollect_core.services.statues import models_of
from commitcollect_core.values import UserId, require_id
from commitcollect_core.workouts import ActivitySnapshot, Found


@frozen(kw_only=True)
class IngestResult:
    """What taking something in changed.

    Attributes:
        workouts_changed: workouts written: new, altered, deleted or revived.
        awards: what was minted, in order.
    """

    workouts_changed: int
    awards: tuple[Award, ...]


@frozen(kw_only=True, eq=False)
class Ingestion:
    """Takes activities into an athlete's ledger. Any order, any number of times: the result is the same."""

    ledger: Ledger
    catalog: StatueCatalog
    clock: Clock
    backoff: Backoff
    policy: Policy

    def ingest(self, user_id: UserId, found: Sequence[Found]) -> IngestResult:
        """Take in what a source found, in the order given, in as few atomic writes as the policy allows.

        Of an activity that is given several times the last word counts. If somebody else changes an activity
        at the same time, the last to be written stays.

        One activity is one atomic write together with the milestones it moves and the awards it mints.
        For many activities every prefix of the writes is a legal ledger, and calling again with the same
        activities after a failure finishes the rest.

        Raises:
            InvalidInput: a snapshot is not believable (`ActivitySnapshot.check`); nothing was written.
            AccountDeleting: the account is being deleted.
            VersionConflict: others kept writing to this ledger; try again.
            StorageError: the store failed; try again with the same activities.
        """
        require_id(user_id, "user_id")
        now = self.clock.now()
        for each in found:
            if isinstance(each, ActivitySnapshot):
                each.check(self.policy, now=now)
        latest = tuple({each.key: each for each in found}.values())
        keys = keys_of(latest)

        def decide_again() -> Sequence[LedgerCommit]:
            view = self.ledger.read(user_id, keys)
            models = models_of(self.catalog, view.milestones)
            return decide(view, latest, models=models, now=now, policy=self.policy)

        written = commit_decision(self.ledger, self.backoff, self.policy, decide_again)
        return IngestResult(
            workouts_changed=sum(len(commit.workouts) for commit in written),
            awards=tuple(award for commit in written for award in commit.awards),
        )

    def ingest_all(self, user_id: UserId, found: Iterable[Found]) -> Iterator[IngestResult]:
        """Take in a long history in batches, each as `ingest` does; best given in order of start.

        Yields:
            What each batch changed, once it is written. Stop early and nothing is half-done.
        """
        remaining = iter(found)
        size = self.policy.commit_items_max - self.policy.milestones_tracked_max - 1
        while batch := tuple(islice(remaining, size)):
            yield self.ingest(user_id, batch)
