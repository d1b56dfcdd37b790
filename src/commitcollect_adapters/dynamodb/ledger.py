"""The ledger's items: conditional transactions and keyed reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime

from commitcollect_adapters.dynamodb.client import Client
from commitcollect_adapters.dynamodb.deletions import not_deleted
from commitcollect_adapters.dynamodb.items import ledger as items
from commitcollect_adapters.dynamodb.items.definitions import ledger_table
from commitcollect_adapters.dynamodb.items.encoding import NEW, Key, behind, follows, holding
from commitcollect_adapters.dynamodb.requests import Member, delete, raise_fence, update
from commitcollect_adapters.dynamodb.table import Table
from commitcollect_core.errors import VersionConflict
from commitcollect_core.training.awards import Award
from commitcollect_core.training.ledger import LedgerCommit, LedgerHead, LedgerView, StoredItem
from commitcollect_core.training.milestones import Milestone
from commitcollect_core.training.ports import MilestonePage, WorkoutPage, WorkoutPosition, WorkoutQuery
from commitcollect_core.training.workouts import Workout
from commitcollect_core.values import MilestoneId, UserId, WorkoutKey

_AWARDS_PER_PAGE = 100
"""As many as there are at most."""


class DynamoLedger:
    """Ledgers in DynamoDB. Implements `Ledger`. Every read is strongly consistent."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._table = Table(client, ledger_table(client.address.name))

    def read_head(self, user_id: UserId) -> LedgerHead:
        return self._table.find(items.HEAD, items.head_key(user_id)) or LedgerHead()

    def read(self, user_id: UserId, keys: Sequence[WorkoutKey]) -> LedgerView:
        # One batch for the head and the workouts, so that an event is three round trips: this batch, the
        # milestones, the commit. A batch is not of one moment. Every mix of moments is refused or right:
        # - The head is older than the rest: the commit is conditional on its version, and refused.
        # - A workout is older than the head: a commit that writes it is conditional on its version (on its
        #   absence, if it was not there), and refused. A commit that does not write it does not depend on it:
        #   progress moves by the difference of the workouts that are written, and a workout that was found
        #   unchanged has no condition in any store, also where nothing is committed at all.
        # - A milestone is read after the head that names it: a newer one is refused by its version, and one
        #   that is gone has taken the head's version along.
        head_key = items.head_key(user_id)
        workout_keys = (items.workout_key(user_id, each) for each in dict.fromkeys(keys))
        stored = self._table.get_all([head_key, *workout_keys])
        heads = [items.HEAD.value(each) for each in stored if each["SK"] == head_key["SK"]]
        workouts = [items.WORKOUT.value(each) for each in stored if each["SK"] != head_key["SK"]]
        head = heads[0] if heads else LedgerHead()
        tracked = head.tracked_milestone_ids
        found = self._table.get_all([items.milestone_key(user_id, each) for each in tracked])
        milestones = {each.milestone_id: each for each in map(items.MILESTONE.value, found)}
        return LedgerView(
            user_id=user_id,
            head=head,
            workouts={workout.key: workout for workout in workouts},
            milestones=tuple(milestones[each] for each in tracked if each in milestones),
        )

    def commit(self, commit: LedgerCommit) -> None:
        # The first head of a ledger only: one that is replaced is there, and a deletion removes it.
        first = (not_deleted(self._client, commit.user_id),) if commit.head.version == 1 else ()
        members = [*_members(commit), *self._discarding(commit), *first]
        self._table.transact(members, has_landed=lambda: self._has_landed(commit))

    def fence(self, user_id: UserId, *, now: datetime) -> LedgerHead:
        member = raise_fence(user_id, now=now)
        with suppress(VersionConflict):
            # Refused where the fence is up already, also by an attempt of this call whose answer was lost.
            self._table.write(member)
        return self.read_head(user_id)

    def _discarding(self, commit: LedgerCommit) -> Iterator[Member]:
        for item in commit.discarded:
            yield delete(_key(commit.user_id, item))
            if isinstance(item, WorkoutKey):
                continue
            # Their number stands in the milestone, which cannot be read.
            awards = items.awards_of(commit.user_id, item)
            for award in self._table.query(awards, page_items=_AWARDS_PER_PAGE):
                yield delete(items.key_of(award))

    def unreadable(self, user_id: UserId) -> Sequence[StoredItem]:
        workouts = self._table.query(items.all_workouts_of(user_id), page_items=_AWARDS_PER_PAGE)
        found: list[StoredItem] = [
            items.workout_of(each) for each in workouts if not items.WORKOUT.can_read(each)
        ]
        milestones = self._table.query(items.milestones_of(user_id), page_items=_AWARDS_PER_PAGE)
        return found + [
            items.milestone_of(each)
            for each in milestones
            if items.is_milestone(each) and not items.MILESTONE.can_read(each)
        ]

    def read_milestone(self, user_id: UserId, milestone_id: MilestoneId) -> Milestone | None:
        return self._table.find(items.MILESTONE, items.milestone_key(user_id, milestone_id))

    def read_milestones(self, user_id: UserId, *, after: MilestoneId | None, limit: int) -> MilestonePage:
        page: list[Milestone] = []
        start = None if after is None else items.behind_milestone_key(user_id, after)
        query = behind(items.milestones_of(user_id), start)
        for item in self._table.query(query, page_items=limit + 1):
            if items.is_milestone(item):
                page.append(items.MILESTONE.value(item))
            if len(page) > limit:
                return MilestonePage(milestones=page[:limit], next=page[limit - 1].milestone_id)
        return MilestonePage(milestones=page, next=None)

    def read_awards(self, user_id: UserId, milestone_id: MilestoneId) -> Sequence[Award]:
        found = self._table.query(items.awards_of(user_id, milestone_id), page_items=_AWARDS_PER_PAGE)
        return list(map(items.AWARD.value, found))

    def read_workouts(self, user_id: UserId, query: WorkoutQuery) -> WorkoutPage:
        if _is_empty(query):
            return WorkoutPage(workouts=(), next=None)
        walk = behind(items.workouts_of(user_id, query), _resume_key(user_id, query))
        page: list[Workout] = []
        for item in self._table.query(walk, page_items=query.limit + 1):
            if len(page) == query.limit:
                last = WorkoutPosition(page[-1].snapshot.started_at, page[-1].key)
                return WorkoutPage(workouts=page, next=last)
            page.append(items.WORKOUT.value(item))
        return WorkoutPage(workouts=page, next=None)

    def _has_landed(self, commit: LedgerCommit) -> bool:
        """Whether this very commit is stored although its answer was lost."""
        user_id = commit.user_id
        head = self.read_head(user_id)
        if head.version < commit.head.version:
            return False
        if commit.item_count == 1:
            return head == commit.head
        # Workouts are only written together with the milestones they move. So the workouts and awards of this
        # commit, as they are in it, prove that the rest was written, too; milestones may have moved on since.
        wanted = {each.key: each for each in commit.workouts}
        stored = self._table.get_all([items.workout_key(user_id, key) for key in wanted])
        workouts = {each.key: each for each in map(items.WORKOUT.value, stored)}
        return (
            workouts == wanted
            and all(self._has_milestone(user_id, each, commit) for each in commit.milestones)
            and all(award in self.read_awards(user_id, award.milestone_id) for award in commit.awards)
            and all(self.read_milestone(user_id, each.milestone_id) is None for each in commit.removed)
            and all(self._table.get(_key(user_id, each)) is None for each in commit.discarded)
        )

    def _has_milestone(self, user_id: UserId, wanted: Milestone, commit: LedgerCommit) -> bool:
        stored = self.read_milestone(user_id, wanted.milestone_id)
        if wanted.version > 1 and not (commit.workouts or commit.awards):
            # A recount leaves no other trace. If it has moved on since, the recount is decided again.
            return stored == wanted
        return (
            stored is not None
            and stored.version >= wanted.version
            and (stored.goal, stored.created_at) == (wanted.goal, wanted.created_at)
        )


def _key(user_id: UserId, item: StoredItem) -> Key:
    if isinstance(item, WorkoutKey):
        return items.workout_key(user_id, item)
    return items.milestone_key(user_id, item)


def _members(commit: LedgerCommit) -> Iterator[Member]:
    """The members of the transaction."""
    user_id, head = commit.user_id, commit.head
    yield update(items.head_key(user_id), items.HEAD.attributes(head), items.head_follows(head.version))
    for workout in commit.workouts:
        key = items.workout_key(user_id, workout.key)
        yield update(key, items.WORKOUT.attributes(workout), follows(workout.version))
    for milestone in commit.milestones:
        key = items.milestone_key(user_id, milestone.milestone_id)
        yield update(key, items.MILESTONE.attributes(milestone), follows(milestone.version))
    for award in commit.awards:
        key = items.award_key(user_id, award.milestone_id, award.part_index)
        yield update(key, items.AWARD.attributes(award), NEW)
    for removed in commit.removed:
        key = items.milestone_key(user_id, removed.milestone_id)
        yield delete(key, holding(version=removed.version))
        for part_index in range(1, removed.parts_awarded + 1):
            yield delete(items.award_key(user_id, removed.milestone_id, part_index))


def _is_empty(query: WorkoutQuery) -> bool:
    """Whether the bounds and the position leave nothing; DynamoDB refuses such a query."""
    low, high = query.start_at, query.end_at
    if low is not None and high is not None and low >= high:
        return True
    if query.after is None:
        return False
    at = query.after.started_at
    return (low is not None and at < low) if query.newest_first else (high is not None and at >= high)


def _resume_key(user_id: UserId, query: WorkoutQuery) -> Key | None:
    """Where the walk continues; None at its beginning, also if the position lies before the first bound."""
    if query.after is None:
        return None
    at = query.after.started_at
    low, high = query.start_at, query.end_at
    is_before = (high is not None and at >= high) if query.newest_first else (low is not None and at < low)
    return None if is_before else items.workout_position_key(user_id, query.after.key, at)
