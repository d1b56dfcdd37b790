"""Items that cannot be read, in tables that other programs write to."""

from __future__ import annotations

import pytest
from attrs import evolve

from commitcollect_adapters.dynamodb.client import Client
from commitcollect_adapters.dynamodb.items import ledger as items
from commitcollect_adapters.dynamodb.ledger import DynamoLedger
from commitcollect_adapters.testing import samples
from commitcollect_core.errors import CorruptItem
from commitcollect_core.training.ledger import LedgerCommit, LedgerHead
from commitcollect_core.values import ActivityId, MilestoneId, Source, WorkoutKey


def test_what_cannot_be_read_is_found_by_its_key_and_discarded(client: Client) -> None:
    """A milestone of an unknown target type, and a workout without a start, which no index lists."""
    ledger, user_id = DynamoLedger(client), samples.new_athlete()
    ledger.commit(samples.first_commit(user_id))
    ledger.commit(samples.second_commit(user_id))
    key, milestone_id = WorkoutKey(Source.FILE, ActivityId("kept")), MilestoneId("ms-kept")
    table = client.address.name
    whole = items.WORKOUT.item(items.workout_key(user_id, key), samples.workout("kept"))
    workout = {name: each for name, each in whole.items() if name != "startDateUtc"}
    milestone = items.MILESTONE.item(items.milestone_key(user_id, milestone_id), samples.milestone("ms-kept"))
    for item in (workout, {**milestone, "targetType": {"S": "WEIGHT"}}):
        client.call("put_item", TableName=table, Item=item)
    with pytest.raises(CorruptItem):
        ledger.read(user_id, [key])
    assert ledger.unreadable(user_id) == [key, milestone_id]
    head = LedgerHead(version=3, tracked_milestone_ids=(MilestoneId("ms-new"),))
    both = LedgerCommit(user_id=user_id, head=head, discarded=(key, milestone_id))
    ledger.commit(both)
    assert not ledger.unreadable(user_id)
    assert not ledger.read_awards(user_id, milestone_id)
    assert set(ledger.read(user_id, [evolve(samples.workout("new")).key]).workouts)
