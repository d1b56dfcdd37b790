"""The ledger's items: conditional transactions and keyed reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import uuid4

from commitcollect_adapters import records
from commitcollect_adapters.dynamodb import items
from commitcollect_adapters.dynamodb.client import Client, PerhapsWritten
from commitcollect_core.awards import Award
from commitcollect_core.ledger import LedgerCommit, LedgerHead, LedgerView
from commitcollect_core.milestones import Milestone
from commitcollect_core.ports import MilestonePage, WorkoutPage, WorkoutPosition, WorkoutQuery
from commitcollect_core.values import MilestoneId, UserId, WorkoutKey
from commitcollect_core.workouts import Workout

_KEYS_PER_BATCH_MAX = 100
"""Of BatchGetItem."""

_NEW = "attribute_not_exists(PK)"


class DynamoLedger:
    """Ledgers in DynamoDB. Implements `Ledger`. Every read is strongly consistent."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._table = items.ledger_table(client.address.prefix)

    def read_head(self, user_id: UserId) -> LedgerHead:
        """See `Ledger`."""
        found = self._get(items.head_key(user_id))
        return LedgerHead() if found is None else records.head(items.HEAD.record(found))

    def read(self, user_id: UserId, keys: Sequence[WorkoutKey]) -> LedgerView:
        """See `Ledger`."""
        head = self.read_head(user_id)
        workouts = self._get_all([items.workout_key(user_id, each) for each in keys])
        milestones = self._get_all(
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
        """See `Ledger`.

        The request token makes a repetition of this call the same request, and a commit of equal content by
        somebody else another one: only one of them may win. Where the store has forgotten the token, or never
        knew it, a repetition fails on its own first success; what is stored then decides.
        """
        writes = list(self._writes(commit))
        try:
            self._client.call("transact_write_items", TransactItems=writes, ClientRequestToken=str(uuid4()))
        except PerhapsWritten:
            if not self._has_landed(commit):
                raise

    def read_milestone(self, user_id: UserId, milestone_id: MilestoneId) -> Milestone | None:
        """See `Ledger`."""
        found = self._get(items.milestone_key(user_id, milestone_id))
        return None if found is None else records.milestone(items.MILESTONE.record(found))

    def read_milestones(self, user_id: UserId, *, after: MilestoneId | None, limit: int) -> MilestonePage:
        """See `Ledger`."""
        page: list[Milestone] = []
        start = None if after is None else items.behind_milestone_key(user_id, after)
        for item in self._query(items.milestones_of(user_id), start, limit + 1):
            if items.is_milestone(item):
                page.append(records.milestone(items.MILESTONE.record(item)))
            if len(page) > limit:
                return MilestonePage(milestones=page[:limit], next=page[limit - 1].milestone_id)
        return MilestonePage(milestones=page, next=None)

    def read_awards(self, user_id: UserId, milestone_id: MilestoneId) -> Sequence[Award]:
        """See `Ledger`."""
        found = self._query(items.awards_of(user_id, milestone_id), None, _KEYS_PER_BATCH_MAX)
        return [records.award(items.AWARD.record(each)) for each in found]

    def read_workouts(self, user_id: UserId, query: WorkoutQuery) -> WorkoutPage:
        """See `Ledger`."""
        if _is_empty(query):
            return WorkoutPage(workouts=(), next=None)
        start = _resume_key(user_id, query)
        page: list[Workout] = []
        for item in self._query(items.workouts_of(user_id, query), start, query.limit + 1):
            if len(page) == query.limit:
                last = WorkoutPosition(page[-1].snapshot.started_at, page[-1].key)
                return WorkoutPage(workouts=page, next=last)
            page.append(records.workout(items.WORKOUT.record(item)))
        return WorkoutPage(workouts=page, next=None)

    def _writes(self, commit: LedgerCommit) -> Iterator[dict[str, Any]]:
        """The members of the transaction."""
        user_id = commit.user_id
        yield self._write(
            items.HEAD, items.head_key(user_id), commit.head, commit.head.version, is_guarded=True
        )
        for workout in commit.workouts:
            key = items.workout_key(user_id, workout.key)
            yield self._write(items.WORKOUT, key, workout, workout.version)
        for milestone in commit.milestones:
            key = items.milestone_key(user_id, milestone.milestone_id)
            yield self._write(items.MILESTONE, key, milestone, milestone.version)
        for award in commit.awards:
            key = items.award_key(user_id, award.milestone_id, award.part_index)
            yield self._write(items.AWARD, key, award, 1)
        for removed in commit.removed:
            yield from self._removals(user_id, removed)

    def _removals(self, user_id: UserId, removed: Milestone) -> Iterator[dict[str, Any]]:
        key = items.milestone_key(user_id, removed.milestone_id)
        yield {
            "Delete": {
                "TableName": self._table,
                "Key": key,
                "ConditionExpression": "#version = :stored",
                "ExpressionAttributeNames": {"#version": "version"},
                "ExpressionAttributeValues": {":stored": items.number(removed.version)},
            }
        }
        for part_index in range(1, removed.parts_awarded + 1):
            key = items.award_key(user_id, removed.milestone_id, part_index)
            yield {"Delete": {"TableName": self._table, "Key": key}}

    def _write(
        self, kind: items.ItemKind, key: items.Key, value: object, version: int, *, is_guarded: bool = False
    ) -> dict[str, Any]:
        """One conditional update: version 1 must be new, a later one goes over the version before it."""
        update = items.update_of(kind.attributes(value))
        if version == 1:
            update["ConditionExpression"] = _NEW
        else:
            update["ConditionExpression"] = "#version = :seen"
            update["ExpressionAttributeNames"]["#version"] = "version"
            update["ExpressionAttributeValues"][":seen"] = items.number(version - 1)
            if is_guarded:
                update["ConditionExpression"] += " AND #state = :active"
                update["ExpressionAttributeNames"]["#state"] = "state"
                update["ExpressionAttributeValues"][":active"] = items.text("ACTIVE")
        return {"Update": {"TableName": self._table, "Key": key, **update}}

    def _has_landed(self, commit: LedgerCommit) -> bool:
        """Whether this very commit is stored, its answer having been lost.

        Workouts are only ever written together with the milestones they move, so finding this commit's
        workouts and awards, as they are in it, says that the rest was written too; milestones may have moved
        on since.
        """
        user_id = commit.user_id
        if self.read_head(user_id).version < commit.head.version:
            return False
        wanted = {each.key: each for each in commit.workouts}
        stored = self._get_all([items.workout_key(user_id, key) for key in wanted])
        workouts = {
            each.key: each for each in (records.workout(items.WORKOUT.record(item)) for item in stored)
        }
        return (
            workouts == wanted
            and all(self._has_milestone(user_id, each) for each in commit.milestones)
            and all(award in self.read_awards(user_id, award.milestone_id) for award in commit.awards)
            and all(self.read_milestone(user_id, each.milestone_id) is None for each in commit.removed)
        )

    def _has_milestone(self, user_id: UserId, wanted: Milestone) -> bool:
        stored = self.read_milestone(user_id, wanted.milestone_id)
        return (
            stored is not None
            and stored.version >= wanted.version
            and (stored.goal, stored.created_at) == (wanted.goal, wanted.created_at)
        )

    def _get(self, key: items.Key) -> items.Item | None:
        answer = self._client.call("get_item", TableName=self._table, Key=key, ConsistentRead=True)
        found: items.Item | None = answer.get("Item")
        return found

    def _get_all(self, keys: Sequence[items.Key]) -> list[items.Item]:
        """The items of `keys` that are stored, in no particular order."""
        found: list[items.Item] = []
        for start in range(0, len(keys), _KEYS_PER_BATCH_MAX):
            wanted = {
                self._table: {"Keys": keys[start : start + _KEYS_PER_BATCH_MAX], "ConsistentRead": True}
            }
            while wanted:
                answer = self._client.call("batch_get_item", RequestItems=wanted)
                found += answer["Responses"].get(self._table, [])
                wanted = answer.get("UnprocessedKeys") or {}
        return found

    def _query(self, query: dict[str, Any], start: items.Key | None, page_items: int) -> Iterator[items.Item]:
        """Walk a query over all its pages, however short they come; read no page before it is needed."""
        while True:
            resume = {} if start is None else {"ExclusiveStartKey": start}
            answer = self._client.call(
                "query", TableName=self._table, ConsistentRead=True, Limit=page_items, **query, **resume
            )
            yield from answer["Items"]
            start = answer.get("LastEvaluatedKey")
            if start is None:
                return


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
