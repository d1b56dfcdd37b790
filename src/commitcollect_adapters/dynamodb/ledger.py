"""The ledger's items: conditional transactions and keyed reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from commitcollect_adapters import records
from commitcollect_adapters.dynamodb import items
from commitcollect_adapters.dynamodb.client import Client
from commitcollect_adapters.dynamodb.tabling import Delete, Table, Update, Write
from commitcollect_core.errors import VersionConflict
from commitcollect_core.training.awards import Award
from commitcollect_core.training.ledger import LedgerCommit, LedgerHead, LedgerView
from commitcollect_core.training.milestones import Milestone
from commitcollect_core.training.ports import MilestonePage, WorkoutPage, WorkoutPosition, WorkoutQuery
from commitcollect_core.training.workouts import Workout
from commitcollect_core.values import MilestoneId, UserId, WorkoutKey

_AWARDS_PER_PAGE = 100
"""As many as there are at most."""


class DynamoLedger:
    """Ledgers in DynamoDB. Implements `Ledger`. Every read is strongly consistent."""

    def __init__(self, client: Client) -> None:
        self._table = Table(client, items.ledger_table(client.address.prefix))

    def read_head(self, user_id: UserId) -> LedgerHead:
        """See `Ledger`."""
        found = self._table.get(items.head_key(user_id))
        return LedgerHead() if found is None else records.head(items.HEAD.record(found))

    def read(self, user_id: UserId, keys: Sequence[WorkoutKey]) -> LedgerView:
        """See `Ledger`."""
        head = self.read_head(user_id)
        workouts = self._table.get_all([items.workout_key(user_id, each) for each in keys])
        milestones = self._table.get_all(
            [items.milestone_key(user_id, each) for each in head.tracked_milestone_ids]
        )
        found = [records.workout(items.WORKOUT.record(each)) for each in workouts]
        by_id = {
            each.milestone_id: each
            for each in (records.milestone(items.MILESTONE.record(item)) for item in milestones)
        }
        return LedgerView(
            user_id=user_id,
            head=head,
            workouts={workout.key: workout for workout in found},
            milestones=tuple(by_id[each] for each in head.tracked_milestone_ids if each in by_id),
        )

    def commit(self, commit: LedgerCommit) -> None:
        """See `Ledger`."""
        self._table.transact(list(_writes(commit)), has_landed=lambda: self._has_landed(commit))

    def read_milestone(self, user_id: UserId, milestone_id: MilestoneId) -> Milestone | None:
        """See `Ledger`."""
        found = self._table.get(items.milestone_key(user_id, milestone_id))
        return None if found is None else records.milestone(items.MILESTONE.record(found))

    def read_milestones(self, user_id: UserId, *, after: MilestoneId | None, limit: int) -> MilestonePage:
        """See `Ledger`."""
        page: list[Milestone] = []
        start = None if after is None else items.behind_milestone_key(user_id, after)
        query = items.behind(items.milestones_of(user_id), start)
        for item in self._table.query(query, page_items=limit + 1):
            if items.is_milestone(item):
                page.append(records.milestone(items.MILESTONE.record(item)))
            if len(page) > limit:
                return MilestonePage(milestones=page[:limit], next=page[limit - 1].milestone_id)
        return MilestonePage(milestones=page, next=None)

    def read_awards(self, user_id: UserId, milestone_id: MilestoneId) -> Sequence[Award]:
        """See `Ledger`."""
        found = self._table.query(items.awards_of(user_id, milestone_id), page_items=_AWARDS_PER_PAGE)
        return [records.award(items.AWARD.record(each)) for each in found]

    def read_workouts(self, user_id: UserId, query: WorkoutQuery) -> WorkoutPage:
        """See `Ledger`."""
        if _is_empty(query):
            return WorkoutPage(workouts=(), next=None)
        walk = items.behind(items.workouts_of(user_id, query), _resume_key(user_id, query))
        page: list[Workout] = []
        for item in self._table.query(walk, page_items=query.limit + 1):
            if len(page) == query.limit:
                last = WorkoutPosition(page[-1].snapshot.started_at, page[-1].key)
                return WorkoutPage(workouts=page, next=last)
            page.append(records.workout(items.WORKOUT.record(item)))
        return WorkoutPage(workouts=page, next=None)

    def _has_landed(self, commit: LedgerCommit) -> bool:
        """Whether this very commit is stored, its answer having been lost.

        Workouts are only ever written together with the milestones they move, so finding this commit's
        workouts and awards, as they are in it, says that the rest was written too; milestones may have moved
        on since.
        """
        user_id = commit.user_id
        head = self.read_head(user_id)
        if head.version < commit.head.version:
            return False
        if commit.item_count == 1:
            return head == commit.head
        wanted = {each.key: each for each in commit.workouts}
        stored = self._table.get_all([items.workout_key(user_id, key) for key in wanted])
        workouts = {
            each.key: each for each in (records.workout(items.WORKOUT.record(item)) for item in stored)
        }
        return (
            workouts == wanted
            and all(self._has_milestone(user_id, each, commit) for each in commit.milestones)
            and all(award in self.read_awards(user_id, award.milestone_id) for award in commit.awards)
            and all(self.read_milestone(user_id, each.milestone_id) is None for each in commit.removed)
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


def _writes(commit: LedgerCommit) -> Iterator[Write]:
    """The members of the transaction."""
    user_id, head = commit.user_id, commit.head
    yield _update(items.HEAD, items.head_key(user_id), head, items.head_follows(head.version))
    for workout in commit.workouts:
        key = items.workout_key(user_id, workout.key)
        yield _update(items.WORKOUT, key, workout, items.follows(workout.version))
    for milestone in commit.milestones:
        key = items.milestone_key(user_id, milestone.milestone_id)
        yield _update(items.MILESTONE, key, milestone, items.follows(milestone.version))
    for award in commit.awards:
        key = items.award_key(user_id, award.milestone_id, award.part_index)
        yield _update(items.AWARD, key, award, items.NEW)
    for removed in commit.removed:
        yield from _removals(user_id, removed)


def _update(kind: items.ItemKind, key: items.Key, value: object, condition: items.Condition) -> Update:
    return Update(key=key, attributes=kind.attributes(value), condition=condition, refusal=_conflict)


def _removals(user_id: UserId, removed: Milestone) -> Iterator[Delete]:
    key = items.milestone_key(user_id, removed.milestone_id)
    yield Delete(key=key, condition=items.holding(version=removed.version), refusal=_conflict)
    for part_index in range(1, removed.parts_awarded + 1):
        yield Delete(key=items.award_key(user_id, removed.milestone_id, part_index))


def _conflict() -> VersionConflict:
    return VersionConflict("somebody else wrote to this ledger first; read it again and decide again")


def _is_empty(query: WorkoutQuery) -> bool:
    """Whether the bounds, or where the walk goes on, leave nothing. DynamoDB refuses such a query."""
    low, high = query.start_at, query.end_at
    if low is not None and high is not None and low >= high:
        return True
    if query.after is None:
        return False
    at = query.after.started_at
    return (low is not None and at < low) if query.newest_first else (high is not None and at >= high)


def _resume_key(user_id: UserId, query: WorkoutQuery) -> items.Key | None:
    """Where the walk goes on; None at its beginning, also where that lies before the first bound."""
    if query.after is None:
        return None
    at = query.after.started_at
    low, high = query.start_at, query.end_at
    is_before = (high is not None and at >= high) if query.newest_first else (low is not None and at < low)
    return None if is_before else items.workout_position_key(user_id, query.after.key, at)
