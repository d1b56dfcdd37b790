"""Taking in what sources say of activities."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice

from attrs import frozen

from commitcollect_core.context import Context
from commitcollect_core.errors import InvalidInput, VersionConflict
from commitcollect_core.training.awards import Award
from commitcollect_core.training.committing import commit_decision
from commitcollect_core.training.ledger import LedgerCommit, LedgerView, decide, keys_of
from commitcollect_core.training.ports import Ledger, StatueCatalog
from commitcollect_core.training.statues import models_of
from commitcollect_core.training.workouts import (
    ActivityErased,
    ActivitySnapshot,
    Change,
    Found,
    Workout,
    is_in_doubt,
)
from commitcollect_core.values import UserId, WorkoutKey, require_id


@frozen(kw_only=True)
class IngestResult:
    """What taking something in changed.

    Attributes:
        workouts_changed: workouts written: new, altered, deleted or revived.
        awards: what was minted, in order.
    """

    workouts_changed: int
    awards: tuple[Award, ...]


@frozen(kw_only=True)
class ListedResult:
    """What taking in a list changed.

    Attributes:
        changes: every workout written, and what stood there before (None for a new one).
        in_doubt: activities somebody else wrote at about the time of listing; their source has to be asked.
        rejected: activities that are not believable, and why.
    """

    changes: tuple[tuple[Workout | None, Workout], ...]
    in_doubt: tuple[WorkoutKey, ...]
    rejected: tuple[tuple[WorkoutKey, str], ...]


@frozen(kw_only=True, eq=False, repr=False)
class Ingestion:
    """Takes activities into an athlete's ledger. Any order, any number of times: the result is the same."""

    ledger: Ledger
    catalog: StatueCatalog
    context: Context

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
        now = self.context.now()
        self._check(found, now)
        keys = keys_of(found)

        def decide_again() -> Sequence[LedgerCommit]:
            return self._decided(self.ledger.read(user_id, keys), found, now)

        return _result(commit_decision(self.ledger, self.context, decide_again))

    def refresh(self, user_id: UserId, key: WorkoutKey, ask: Callable[[], Found | None]) -> IngestResult:
        """Take in how one activity looks now, so that no stale answer goes over a newer one.

        The ledger is read before the source is asked. If somebody else wrote this workout in between, the
        source is asked again; if only something else was written, its answer still holds.

        Args:
            user_id: the athlete.
            key: the activity.
            ask: asks its source; None for an answer that says nothing about it.

        Raises:
            VersionConflict: others kept writing to this ledger, or to this workout; try again.
            InvalidInput, AccountDeleting, StorageError: as in `ingest`; and whatever `ask` raises.
        """
        require_id(user_id, "user_id")
        now = self.context.now()
        answer = _Answer(ask, self.context.policy.training.fetch_attempts_max)

        def decide_again() -> Sequence[LedgerCommit]:
            view = self.ledger.read(user_id, (key,))
            found = answer.for_version(view.workouts.get(key))
            if found is None:
                return ()
            self._check((found,), now)
            return self._decided(view, (found,), now)

        return _result(commit_decision(self.ledger, self.context, decide_again))

    def ingest_listed(
        self, user_id: UserId, snapshots: Sequence[ActivitySnapshot], *, listed_at: datetime
    ) -> ListedResult:
        """Take in what a source listed a while ago, but for what may have been written since.

        One activity that is not believable does not stop the others. Otherwise errors are those of `ingest`.
        """
        now = self.context.now()
        believable, rejected = self._sorted_out(snapshots, now)
        keys = keys_of(believable)
        before: dict[WorkoutKey, Workout | None] = {}
        in_doubt: list[WorkoutKey] = []

        def decide_again() -> Sequence[LedgerCommit]:
            view = self.ledger.read(user_id, keys)
            for key in keys:
                before.setdefault(key, view.workouts.get(key))
            in_doubt[:] = [
                each.key
                for each in believable
                if is_in_doubt(
                    view.workouts.get(each.key), each, asked_at=listed_at, policy=self.context.policy
                )
            ]
            return self._decided(view, [each for each in believable if each.key not in in_doubt], now)

        written = commit_decision(self.ledger, self.context, decide_again)
        changed = [workout for commit in written for workout in commit.workouts]
        return ListedResult(
            changes=tuple((before[each.key], each) for each in changed),
            in_doubt=tuple(in_doubt),
            rejected=rejected,
        )

    def erase(self, user_id: UserId, keys: Iterable[WorkoutKey]) -> int:
        """Leave nothing of workouts but their identity; progress and parts stay. Returns how many it changed.

        They are tombstones afterwards, and whole again if their source shows them again.

        Raises:
            VersionConflict, AccountDeleting, StorageError: as in `ingest`; call again to finish the rest.
        """
        now = self.context.now()
        start_at = self.context.policy.training.workout_started_at_min
        changed = 0
        remaining = iter(keys)
        while batch := tuple(islice(remaining, self.batch_items)):
            erasures = tuple(ActivityErased(key=key, placeholder_start_at=start_at) for key in batch)

            def decide_again(
                batch: Sequence[WorkoutKey] = batch, erasures: Sequence[ActivityErased] = erasures
            ) -> Sequence[LedgerCommit]:
                return self._decided(self.ledger.read(user_id, batch), erasures, now)

            written = commit_decision(self.ledger, self.context, decide_again)
            changed += sum(len(commit.workouts) for commit in written)
        return changed

    def _sorted_out(
        self, snapshots: Sequence[ActivitySnapshot], now: datetime
    ) -> tuple[list[ActivitySnapshot], tuple[tuple[WorkoutKey, str], ...]]:
        """The snapshots that are believable, and why the others are not."""
        believable, rejected = [], []
        for each in snapshots:
            try:
                each.check(self.context.policy, now=now)
            except InvalidInput as unbelievable:
                rejected.append((each.key, unbelievable.message))
            else:
                believable.append(each)
        return believable, tuple(rejected)

    def _check(self, found: Iterable[Found], now: datetime) -> None:
        for each in found:
            if isinstance(each, ActivitySnapshot):
                each.check(self.context.policy, now=now)

    def _decided(self, view: LedgerView, found: Sequence[Change], now: datetime) -> Sequence[LedgerCommit]:
        models = models_of(self.catalog, view.milestones)
        return decide(view, found, models=models, now=now, policy=self.context.policy)

    def ingest_all(self, user_id: UserId, found: Iterable[Found]) -> Iterator[IngestResult]:
        """Take in a long history in batches, each as `ingest` does; best given in order of start.

        Yields:
            What each batch changed, once it is written. Stop early and nothing is half-done.
        """
        remaining = iter(found)
        while batch := tuple(islice(remaining, self.batch_items)):
            yield self.ingest(user_id, batch)

    @property
    def batch_items(self) -> int:
        """How many workouts fit one write whatever milestones they move."""
        return (
            self.context.policy.training.commit_items_max
            - self.context.policy.training.milestones_tracked_max
            - 1
        )


class _Answer:
    """A source's answer about one activity, and the version of the workout it was asked for."""

    def __init__(self, ask: Callable[[], Found | None], attempts_max: int) -> None:
        self._ask = ask
        self._attempts_left = attempts_max
        self._version: int | None = None
        self._found: Found | None = None

    def for_version(self, stored: Workout | None) -> Found | None:
        """The answer that holds for the workout as stored; asks when it is another version than before."""
        version = 0 if stored is None else stored.version
        if version != self._version:
            if not self._attempts_left:
                raise VersionConflict("this workout changed under each attempt to fetch it; try again later")
            self._attempts_left -= 1
            self._found = self._ask()
            self._version = version
        return self._found


def _result(written: Sequence[LedgerCommit]) -> IngestResult:
    return IngestResult(
        workouts_changed=sum(len(commit.workouts) for commit in written),
        awards=tuple(award for commit in written for award in commit.awards),
    )
