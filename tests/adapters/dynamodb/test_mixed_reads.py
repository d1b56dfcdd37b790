"""A view whose head and workouts are of different moments is refused or right."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from adapters.dynamodb.engine import answer, connect
from commitcollect_adapters.dynamodb.client import Client
from commitcollect_adapters.dynamodb.deletions import DynamoDeletionStore
from commitcollect_adapters.dynamodb.ledger import DynamoLedger
from commitcollect_adapters.memory import MemoryLedger
from commitcollect_adapters.testing import samples
from commitcollect_adapters.testing.dumps import LedgerDump, dump_of
from commitcollect_core.app import CommitCollect
from commitcollect_core.training.ports import Ledger
from commitcollect_core.training.workouts import ActivityGone
from commitcollect_core.values import ActivityId, Source, UserId, WorkoutKey
from laws import check_state
from rivals import app_on, ride, wish

Act = Callable[[CommitCollect, UserId], object]
GONE = ActivityGone(key=WorkoutKey(Source.STRAVA, ActivityId("1")))


def ingests(*found: Any) -> Act:
    """Takes activities in."""
    return lambda app, user_id: app.ingestion.ingest(user_id, found)


EVENTS: dict[str, Act] = {
    "changes": ingests(ride("1", 9_000)),
    "finds-unchanged": ingests(ride("1")),
    "adds": ingests(ride("new", 9_000)),
    "deletes": ingests(GONE),
}
"""What a worker does about one activity."""

RIVALS: dict[str, Act] = {
    "changes": ingests(ride("1", 3_000)),
    "adds": ingests(ride("new", 2_000)),
    "deletes": ingests(GONE),
    "changes-another": ingests(ride("2", 5_000)),
    "changes-many": ingests(ride("1", 3_000), ride("new", 2_000), ride("2", 100)),
    "opens": lambda app, user_id: app.tracking.create(user_id, wish(7_000)),
    "removes": lambda app, user_id: app.tracking.remove_all(user_id),
}

every_event = pytest.mark.parametrize("event", EVENTS)
every_rival = pytest.mark.parametrize("rival", RIVALS)
either_way = pytest.mark.parametrize("is_head_first", [True, False], ids=["head-first", "head-last"])


@pytest.fixture(scope="module")
def other(client: Client) -> Client:
    """The rival's client."""
    return connect(client.address.endpoint or "")


@contextmanager
def parted(
    client: Client, other: Client, *, is_head_first: bool, between: Callable[[], object]
) -> Iterator[None]:
    """The first batch with a head comes in two answers, the head in one and the workouts in the other."""
    is_parted = False

    def part(request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
        nonlocal is_parted
        ((table, asked),) = json.loads(request.body)["RequestItems"].items()
        is_first = [(key["SK"]["S"] == "LEDGER#HEAD") == is_head_first for key in asked["Keys"]]
        if is_parted or all(is_first) or not any(is_first):
            return None
        is_parted = True
        first, rest = (
            {
                table: {
                    **asked,
                    "Keys": [key for key, each in zip(asked["Keys"], is_first, strict=True) if each is part],
                }
            }
            for part in (True, False)
        )
        found = other.call("batch_get_item", RequestItems=first)["Responses"]
        between()
        return answer(200, {"Responses": found, "UnprocessedKeys": rest})(request.url)

    events = client.boto.meta.events
    events.register("before-send.dynamodb.BatchGetItem", part)
    try:
        yield
    finally:
        events.unregister("before-send.dynamodb.BatchGetItem", part)
    assert is_parted


def prepared(ledger: Ledger, user_id: UserId) -> CommitCollect:
    """The rival's application, an athlete with two rides and a milestone under way."""
    app = app_on(ledger)
    app.tracking.create(user_id, wish())
    app.ingestion.ingest(user_id, [ride("1"), ride("2", 1_500)])
    return app


def one_after_the_other(user_id: UserId, *acts: Act) -> LedgerDump:
    """What two who do not meet leave behind."""
    ledger = MemoryLedger()
    app = prepared(ledger, user_id)
    for act in acts:
        act(app, user_id)
    return dump_of(ledger, user_id)


def meeting(
    client: Client, other: Client, user_id: UserId, ours: Act, theirs: Act, *, is_head_first: bool
) -> LedgerDump:
    """What they leave behind when theirs is between the two parts of our read."""
    rival = prepared(DynamoLedger(other), user_id)
    ledger = DynamoLedger(client)
    with parted(client, other, is_head_first=is_head_first, between=lambda: theirs(rival, user_id)):
        ours(app_on(ledger), user_id)
    return dump_of(ledger, user_id)


@every_event
@every_rival
@either_way
def test_an_event_and_its_rival_come_one_after_the_other(
    client: Client, other: Client, event: str, rival: str, *, is_head_first: bool
) -> None:
    """Whatever is written between two parts of a read, one of the two serial orders is what is stored."""
    user_id, ours, theirs = samples.new_athlete(), EVENTS[event], RIVALS[rival]
    found = meeting(client, other, user_id, ours, theirs, is_head_first=is_head_first)
    orders = [one_after_the_other(user_id, *acts) for acts in ((ours, theirs), (theirs, ours))]
    assert found in orders


@every_rival
@either_way
def test_a_batch_that_meets_a_rival_leaves_a_legal_ledger(
    client: Client, other: Client, rival: str, *, is_head_first: bool
) -> None:
    """Sums and counts are those of the stored workouts; each workout is as one of the orders leaves it."""
    user_id, theirs = samples.new_athlete(), RIVALS[rival]
    ours = ingests(ride("1"), ride("2", 9_000), ride("new", 800))
    found = meeting(client, other, user_id, ours, theirs, is_head_first=is_head_first)
    check_state(found)
    orders = [one_after_the_other(user_id, *acts) for acts in ((ours, theirs), (theirs, ours))]
    assert found.by_key.keys() == orders[0].by_key.keys()
    for key, workout in found.by_key.items():
        assert workout.snapshot in [each.by_key[key].snapshot for each in orders]


def test_an_event_is_three_round_trips(client: Client) -> None:
    """Head and workout, the milestones, the commit; two where nothing is under way."""
    made: list[str] = []

    def note(model: Any, **_: Any) -> None:
        made.append(model.name)

    user_id, app = samples.new_athlete(), app_on(DynamoLedger(client))
    DynamoDeletionStore(client).id_of(user_id)  # reads what every process reads once
    client.boto.meta.events.register("before-call.dynamodb.*", note)
    try:
        app.ingestion.ingest(user_id, [ride("1")])
        assert made == ["BatchGetItem", "TransactWriteItems"]
        app.tracking.create(user_id, wish())
        made.clear()
        app.ingestion.ingest(user_id, [ride("2")])
        assert made == ["BatchGetItem", "BatchGetItem", "TransactWriteItems"]
    finally:
        client.boto.meta.events.unregister("before-call.dynamodb.*", note)
