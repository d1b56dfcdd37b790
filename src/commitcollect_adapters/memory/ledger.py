"""The ledger in memory."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from threading import RLock

from attrs import define, evolve, field

from commitcollect_adapters import conflicts
from commitcollect_adapters.memory.deletions import MemoryDeletionStore
from commitcollect_core.training.awards import Award
from commitcollect_core.training.ledger import (
    LedgerCommit,
    LedgerHead,
    LedgerState,
    LedgerView,
    StoredItem,
    fenced,
)
from commitcollect_core.training.milestones import Milestone
from commitcollect_core.training.ports import MilestonePage, WorkoutPage, WorkoutPosition, WorkoutQuery
from commitcollect_core.training.workouts import Workout
from commitcollect_core.values import MilestoneId, UserId, WorkoutKey

_SortKey = tuple[float, WorkoutKey]


def _sort_key(workout: Workout) -> _SortKey:
    return (workout.snapshot.started_at.timestamp(), workout.key)


@define
class _Partition:
    """Everything of one athlete."""

    head: LedgerHead = field(factory=LedgerHead)
    workouts: dict[WorkoutKey, Workout] = field(factory=dict)
    by_start: list[_SortKey] = field(factory=list)
    milestones: dict[MilestoneId, Milestone] = field(factory=dict)
    awards: dict[MilestoneId, dict[int, Award]] = field(factory=lambda: defaultdict(dict))


class MemoryLedger:
    """Ledgers that last as long as the process. Implements `Ledger`."""

    def __init__(self) -> None:
        self.deletions = MemoryDeletionStore()
        self._partitions: dict[UserId, _Partition] = {}
        self._lock = RLock()

    def _partition(self, user_id: UserId) -> _Partition:
        """What there is of an athlete; a new one is not kept until something is written."""
        return self._partitions.get(user_id) or _Partition()

    def users(self, after: str, limit: int) -> Sequence[UserId]:
        """Ids of athletes who have a ledger, in order, behind `after`."""
        with self._lock:
            return sorted(each for each in self._partitions if each > after)[:limit]

    def read_head(self, user_id: UserId) -> LedgerHead:
        with self._lock:
            return self._partition(user_id).head

    def read(self, user_id: UserId, keys: Sequence[WorkoutKey]) -> LedgerView:
        with self._lock:
            partition = self._partition(user_id)
            return LedgerView(
                user_id=user_id,
                head=partition.head,
                workouts={key: partition.workouts[key] for key in keys if key in partition.workouts},
                # Behind the fence a deletion takes milestones from under the head that names them.
                milestones=tuple(
                    partition.milestones[each]
                    for each in partition.head.tracked_milestone_ids
                    if each in partition.milestones
                ),
            )

    def commit(self, commit: LedgerCommit) -> None:
        with self._lock:
            partition = self._partition(commit.user_id)
            # Everything is checked before anything is written: a commit is atomic (law 6).
            self._check_not_deleted(commit.user_id)
            _check(partition, commit)
            self._partitions[commit.user_id] = partition
            partition.head = commit.head
            for workout in commit.workouts:
                _put_workout(partition, workout)
            for milestone in commit.milestones:
                partition.milestones[milestone.milestone_id] = milestone
            for award in commit.awards:
                partition.awards[award.milestone_id][award.part_index] = award
            for removed in commit.removed:
                del partition.milestones[removed.milestone_id]
                partition.awards.pop(removed.milestone_id, None)
            for item in commit.discarded:
                _discard(partition, item)

    def fence(self, user_id: UserId, *, now: datetime) -> LedgerHead:
        with self._lock:
            partition = self._partitions.setdefault(user_id, _Partition())
            partition.head = fenced(partition.head, now=now)
            return partition.head

    def partition(self, user_id: UserId) -> _Partition | None:
        """Everything of an athlete; None if nothing is stored. For `MemoryPersonalData`."""
        return self._partitions.get(user_id)

    def forget(self, user_id: UserId) -> None:
        """Let everything of an athlete go, the head included."""
        with self._lock:
            self._partitions.pop(user_id, None)

    def check_not_deleted(self, user_id: UserId) -> None:
        """Refuse the first item of its kind in the name of a deleted account.

        Raises:
            AccountDeleting: the account is being deleted, or was.
        """
        if self.deletions.holds(user_id):
            raise conflicts.fenced()

    def _check_not_deleted(self, user_id: UserId) -> None:
        # A head that is there says by itself whether the ledger takes writes.
        if user_id not in self._partitions:
            self.check_not_deleted(user_id)

    def locked(self) -> AbstractContextManager[object]:
        """Keep every ledger as it is during a write of another store."""
        return self._lock

    @contextmanager
    def unfenced(self, user_id: str, generation: str | None = None) -> Iterator[None]:
        """Keep a user's ledger unfenced during a write of another store.

        Raises:
            AccountDeleting: the fence is up.
            ConnectionChanged: the ledger does not take in what the connection of this generation brings.
        """
        # The fence goes up by a commit, which waits for this lock: no write slips in behind it.
        with self._lock:
            self._check_not_deleted(UserId(user_id))
            head = self._partition(UserId(user_id)).head
            if head.state is not LedgerState.ACTIVE:
                raise conflicts.fenced()
            head.check_admits(generation)
            yield

    def admit(self, user_id: UserId, generation: str) -> None:
        """Take in what the connection of a generation brings, and nothing else; for a write of another store.

        The fence stays up.
        """
        with self._lock:
            partition = self._partitions.setdefault(user_id, _Partition())
            head = partition.head
            # The version rises, so that a commit decided before loses its race and looks at the head again.
            partition.head = evolve(head, version=head.version + 1, connection_generation=generation)

    def unreadable(self, user_id: UserId) -> Sequence[StoredItem]:  # noqa: ARG002 - as the port names it
        return ()  # nothing is encoded here

    def read_milestone(self, user_id: UserId, milestone_id: MilestoneId) -> Milestone | None:
        with self._lock:
            return self._partition(user_id).milestones.get(milestone_id)

    def read_milestones(self, user_id: UserId, *, after: MilestoneId | None, limit: int) -> MilestonePage:
        with self._lock:
            milestones = self._partition(user_id).milestones
            ids = sorted(each for each in milestones if after is None or each > after)
            page = [milestones[each] for each in ids[:limit]]
        return MilestonePage(milestones=page, next=page[-1].milestone_id if len(ids) > limit else None)

    def read_awards(self, user_id: UserId, milestone_id: MilestoneId) -> Sequence[Award]:
        with self._lock:
            awards = self._partition(user_id).awards.get(milestone_id, {})
            return [awards[part_index] for part_index in sorted(awards)]

    def read_workouts(self, user_id: UserId, query: WorkoutQuery) -> WorkoutPage:
        with self._lock:
            partition = self._partition(user_id)
            keys = _span(partition.by_start, query)
            page = [partition.workouts[key] for _, key in keys[: query.limit]]
        has_more = len(keys) > query.limit
        last = WorkoutPosition(page[-1].snapshot.started_at, page[-1].key) if has_more else None
        return WorkoutPage(workouts=page, next=last)


def _check(partition: _Partition, commit: LedgerCommit) -> None:
    """Refuse a commit unless everything it replaces is one version behind and all it adds is new.

    Raises:
        VersionConflict: it is not so; nothing was written.
    """
    is_stale = (
        partition.head.state is not LedgerState.ACTIVE
        or partition.head.version != commit.head.version - 1
        or any(_version(partition.workouts.get(each.key)) != each.version - 1 for each in commit.workouts)
        or any(
            _version(partition.milestones.get(each.milestone_id)) != each.version - 1
            for each in commit.milestones
        )
        or any(each.part_index in partition.awards.get(each.milestone_id, {}) for each in commit.awards)
        or any(
            _version(partition.milestones.get(each.milestone_id)) != each.version for each in commit.removed
        )
    )
    if is_stale:
        raise conflicts.stale()


def _discard(partition: _Partition, item: StoredItem) -> None:
    if isinstance(item, WorkoutKey):
        stored = partition.workouts.pop(item, None)
        if stored is not None:
            del partition.by_start[bisect_left(partition.by_start, _sort_key(stored))]
        return
    partition.milestones.pop(item, None)
    partition.awards.pop(item, None)


def _version(item: Workout | Milestone | None) -> int:
    return 0 if item is None else item.version


def _put_workout(partition: _Partition, workout: Workout) -> None:
    # The old place is found by the old start: an edit may move a workout in time.
    before = partition.workouts.get(workout.key)
    if before is None:
        insort(partition.by_start, _sort_key(workout))
    elif _sort_key(before) != _sort_key(workout):
        del partition.by_start[bisect_left(partition.by_start, _sort_key(before))]
        insort(partition.by_start, _sort_key(workout))
    partition.workouts[workout.key] = workout


def _span(by_start: list[_SortKey], query: WorkoutQuery) -> list[_SortKey]:
    """The keys of a query in the direction of its walk, one more than its limit where there are more."""
    # A 1-tuple sorts before every key of the same moment, so both bounds fall before that moment's workouts.
    low = 0 if query.start_at is None else bisect_left(by_start, (query.start_at.timestamp(),))
    high = len(by_start) if query.end_at is None else bisect_left(by_start, (query.end_at.timestamp(),))
    if query.after is not None:
        position = (query.after.started_at.timestamp(), query.after.key)
        if query.newest_first:
            high = min(high, bisect_left(by_start, position))
        else:
            low = max(low, bisect_right(by_start, position))
    wanted = query.limit + 1
    if query.newest_first:
        return by_start[max(low, high - wanted) : max(low, high)][::-1]
    return by_start[low : min(high, low + wanted)]
