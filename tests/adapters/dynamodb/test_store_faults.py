"""Faults that no engine shows by itself, against the stores of a service."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext

import pytest
from attrs import evolve

from adapters.dynamodb.engine import (
    TRANSACT,
    answers,
    cancelled,
    lost_answers,
    stale_index,
    undone_batches,
)
from adapters.dynamodb.store_writes import CONDITIONAL, WRITES, Write
from commitcollect_adapters.dynamodb.client import Client
from commitcollect_adapters.dynamodb.items.encoding import Item, partition, text
from commitcollect_adapters.dynamodb.requests import put
from commitcollect_adapters.dynamodb.stores import dynamo_stores
from commitcollect_adapters.dynamodb.table import Table
from commitcollect_adapters.testing import samples
from commitcollect_adapters.testing import service_samples as service
from commitcollect_adapters.testing.contracts.checks import race
from commitcollect_core.errors import (
    AccountDeleting,
    AthleteAlreadyConnected,
    Conflict,
    StorageUnavailable,
    VersionConflict,
)
from commitcollect_core.stores import Stores
from commitcollect_core.strava.backfills import BackfillCommit
from commitcollect_core.values import MilestoneId, UserId

CONFLICT, FINE = "ConditionalCheckFailed", "None"
TAKERS = 8

Prepare = Callable[[Stores], Write]


@pytest.fixture(scope="module")
def stores(client: Client) -> Stores:
    """Every store on the engine of this folder."""
    return dynamo_stores(client)


def name_of(prepare: Prepare) -> str:
    """For the reports of pytest."""
    return prepare.__name__


every_write = pytest.mark.parametrize("prepare", WRITES, ids=name_of)
every_condition = pytest.mark.parametrize("prepare", CONDITIONAL, ids=name_of)
written_or_not = pytest.mark.parametrize("is_sent", [True, False], ids=["written", "not-written"])


# Answers that are lost


@every_write
@written_or_not
@pytest.mark.parametrize("times", [1, 2])
def test_a_lost_answer_is_one_write(
    client: Client, stores: Stores, prepare: Prepare, times: int, *, is_sent: bool
) -> None:
    """Whether or not it was written before the time-out, it is there, and no caller hears of a conflict."""
    write = prepare(stores)
    with lost_answers(client, write.operation, times=times, is_sent=is_sent) as lost:
        write.make()
    assert lost() == times
    assert write.read() == write.expected


@every_condition
def test_a_lost_answer_is_settled_by_what_is_stored(client: Client, stores: Stores, prepare: Prepare) -> None:
    """Where the engine forgot the request token or never had one, our own success is no conflict."""
    write = prepare(stores)
    write.make()
    with lost_answers(client, write.operation, times=1, is_sent=False):
        write.make()
    assert write.read() == write.expected


@every_condition
def test_a_lost_answer_does_not_hide_a_real_conflict(
    client: Client, stores: Stores, prepare: Prepare
) -> None:
    """If another writer's item is stored in its place, the repetition is a conflict and changes nothing."""
    write = prepare(stores)
    assert write.rival is not None
    write.rival()
    stored = write.read()
    with lost_answers(client, write.operation, times=1, is_sent=False), pytest.raises(VersionConflict):
        write.make()
    assert write.read() == stored != write.expected


@written_or_not
def test_a_call_in_doubt_is_entered_again(client: Client, stores: Stores, *, is_sent: bool) -> None:
    """Two workers who enter a call at once write the same, so a budget in doubt counts as refused."""
    scope = service.new_name("scope")
    refused = pytest.raises(VersionConflict) if is_sent else nullcontext()
    with lost_answers(client, "UpdateItem", times=1, is_sent=is_sent), refused:
        stores.rates.write(scope, service.rate_budget())
    assert stores.rates.read(scope) == service.rate_budget()


def test_of_two_who_enter_the_same_call_one_is_refused(client: Client, stores: Stores) -> None:
    """What a rival wrote is not taken for one's own, though it is the same: no call goes uncounted."""
    scope = service.new_name("scope")
    stores.rates.write(scope, service.rate_budget())
    with lost_answers(client, "UpdateItem", times=1, is_sent=False), pytest.raises(VersionConflict):
        stores.rates.write(scope, service.rate_budget())


@pytest.mark.parametrize("times", [1, 2])
def test_a_handshake_is_refused_where_its_taker_is_unknown(
    client: Client, stores: Stores, times: int
) -> None:
    """It was removed and the answer lost: it is used up, by whomever."""
    handshake = service.handshake()
    stores.handshakes.begin(handshake)
    with lost_answers(client, "DeleteItem", times=times, is_sent=True):
        assert stores.handshakes.take(handshake.state) is None
    assert stores.handshakes.take(handshake.state) is None


@pytest.mark.parametrize("times", [1, 2])
def test_a_handshake_is_taken_after_attempts_that_never_arrived(
    client: Client, stores: Stores, times: int
) -> None:
    """It was not removed: the next caller gets it."""
    handshake = service.handshake()
    stores.handshakes.begin(handshake)
    with lost_answers(client, "DeleteItem", times=times, is_sent=False):
        assert stores.handshakes.take(handshake.state) == handshake
    assert stores.handshakes.take(handshake.state) is None


@written_or_not
def test_a_handshake_is_taken_once_at_most(client: Client, stores: Stores, *, is_sent: bool) -> None:
    """Many takers while answers are lost: never two of them get it."""
    handshake = service.handshake()
    stores.handshakes.begin(handshake)
    with lost_answers(client, "DeleteItem", times=TAKERS // 2, is_sent=is_sent):
        taken = race([lambda: stores.handshakes.take(handshake.state)] * TAKERS)
    winners = [each for each in taken if each is not None]
    assert winners in ([], [handshake])
    assert len(winners) == 1 or is_sent


def test_a_session_that_is_ended_stays_ended_though_an_answer_is_lost(client: Client, stores: Stores) -> None:
    """A use of it that is repeated does not bring it back."""
    session = service.session(samples.new_athlete())
    for is_sent in (True, False):
        with lost_answers(client, "UpdateItem", times=1, is_sent=is_sent):
            stores.sessions.touch(session)
        assert stores.sessions.read(session.session_id) is None


def kept(stores: Stores, user_id: UserId) -> object:
    """The workouts of an athlete's first commit."""
    return stores.ledger.read(user_id, [each.key for each in samples.first_commit(user_id).workouts]).workouts


@pytest.mark.parametrize(
    ("operation", "read"),
    [
        ("GetItem", lambda stores, user_id: stores.profiles.read(user_id)),
        ("Query", lambda stores, user_id: stores.audit.of_user(user_id, after=None, limit=1).events),
        ("Query", lambda stores, user_id: stores.sessions.of_user(user_id, limit=1)),
        ("Query", lambda stores, user_id: stores.ledger.read_awards(user_id, MilestoneId("ms-kept"))),
        ("BatchGetItem", kept),
    ],
)
def test_a_read_that_times_out_is_repeated(
    client: Client, stores: Stores, operation: str, read: Callable[[Stores, UserId], object]
) -> None:
    """Its answer is the one it would have had."""
    user_id = samples.new_athlete()
    stores.ledger.commit(samples.first_commit(user_id))
    stores.profiles.write(service.profile(user_id))
    service.write_audit(stores.audit, service.audit_event(user_id, "1"))
    stores.sessions.write(service.session(user_id))
    expected = read(stores, user_id)
    assert expected
    with lost_answers(client, operation, times=2, is_sent=False) as lost:
        assert read(stores, user_id) == expected
    assert lost() == 2


# Reasons


@pytest.mark.parametrize(
    ("codes", "error"),
    [
        ((CONFLICT, FINE, FINE, FINE), AccountDeleting),
        ((CONFLICT, CONFLICT, CONFLICT, CONFLICT), AccountDeleting),
        ((FINE, CONFLICT, FINE, FINE), VersionConflict),
        ((FINE, CONFLICT, CONFLICT, CONFLICT), VersionConflict),
        ((FINE, FINE, CONFLICT, FINE), AthleteAlreadyConnected),
        ((FINE, FINE, CONFLICT, CONFLICT), AthleteAlreadyConnected),
        ((FINE, FINE, FINE, CONFLICT), VersionConflict),
        (("TransactionConflict", FINE, CONFLICT, FINE), AthleteAlreadyConnected),
    ],
)
def test_the_first_condition_that_failed_says_why(
    client: Client, stores: Stores, codes: tuple[str, ...], error: type[Conflict]
) -> None:
    """Of fence, connection, the athlete that is claimed and the one that is released, in this order."""
    before = service.connection(samples.new_athlete(), service.new_strava_athlete())
    stores.connections.commit(service.connecting(before))
    moved = evolve(before, athlete_id=service.new_strava_athlete(), version=2)
    with answers(client, TRANSACT, times=1, make=cancelled(*codes)), pytest.raises(Conflict) as refused:
        stores.connections.commit(service.connecting(moved, before))
    assert type(refused.value) is error
    assert stores.connections.read(before.user_id) == before


@pytest.mark.parametrize(("place", "error"), [(0, AccountDeleting), (1, VersionConflict)])
def test_profiles_and_backfills_tell_the_fence_from_a_conflict(
    client: Client, stores: Stores, place: int, error: type[Conflict]
) -> None:
    """The fence comes first in their transactions."""
    user_id = samples.new_athlete()
    service.fence(stores, user_id)
    codes = [CONFLICT if each == place else FINE for each in range(2)]
    writes: tuple[Callable[[], None], ...] = (
        lambda: stores.profiles.write(service.profile(user_id)),
        lambda: stores.backfills.commit(BackfillCommit(backfill=service.backfill(user_id))),
    )
    for write in writes:
        with answers(client, TRANSACT, times=1, make=cancelled(*codes)), pytest.raises(Conflict) as refused:
            write()
        assert type(refused.value) is error


def test_a_lock_of_another_account_is_left_alone(client: Client, stores: Stores) -> None:
    """Should a lock have come to another account, as after a restore, a connection can still be removed."""
    mine = service.connection(samples.new_athlete(), service.new_strava_athlete())
    stores.connections.commit(service.connecting(mine))
    client.call(
        "update_item",
        TableName=client.address.name,
        Key={"PK": {"S": f"STRAVA#ATHLETE#{mine.athlete_id}"}, "SK": {"S": "OWNER"}},
        UpdateExpression="SET userId = :other",
        ExpressionAttributeValues={":other": {"S": "other"}},
    )
    stores.connections.commit(service.disconnecting(mine))
    assert stores.connections.read(mine.user_id) is None
    owner = stores.connections.owner(mine.athlete_id)
    assert owner is not None
    assert owner.user_id == "other"


# Batches and indexes


def rows(count: int) -> list[Item]:
    """New items in one partition."""
    user_id = samples.new_athlete()
    return [{"PK": partition(user_id), "SK": text(f"ROW#{number}")} for number in range(count)]


@pytest.mark.parametrize("times", [1, 5])
def test_what_a_batch_left_undone_is_done(client: Client, times: int) -> None:
    """More than batches hold are read and removed, however often a batch is left undone."""
    table, some = Table(client, client.address.name), rows(2 * 100 + 1)
    for each in some:
        table.write(put(each))
    keys = [dict(each) for each in some]
    with undone_batches(client, "BatchGetItem", left="UnprocessedKeys", times=times):
        found = table.get_all(keys)
    assert sorted(each["SK"]["S"] for each in found) == sorted(each["SK"]["S"] for each in some)
    with undone_batches(client, "BatchWriteItem", left="UnprocessedItems", times=times):
        table.delete_all(keys)
    assert table.get_all(keys) == []


def test_a_batch_that_is_never_done_is_given_up(client: Client) -> None:
    """An engine that leaves everything undone is busy, and no caller waits for ever."""
    hasty = Client(client.address, deadline_seconds=0, pause=lambda _seconds: None)
    table, keys = Table(hasty, client.address.name), [dict(each) for each in rows(1)]
    busy = pytest.raises(StorageUnavailable, match="busy")
    with undone_batches(hasty, "BatchGetItem", left="UnprocessedKeys", times=9), busy:
        table.get_all(keys)
    with undone_batches(hasty, "BatchWriteItem", left="UnprocessedItems", times=9), busy:
        table.delete_all(keys)


def test_nothing_is_decided_by_an_index_that_lags_behind(client: Client, stores: Stores) -> None:
    """A session that is listed still is ended all the same, and one not listed yet stands."""
    user_id = samples.new_athlete()
    ended, new = service.session(user_id), service.session(user_id, created=1)
    stores.sessions.write(ended)
    with stale_index(client):
        assert list(stores.sessions.of_user(user_id, limit=9)) == [ended]
        stores.sessions.delete(ended.session_id)
        stores.sessions.write(new)
        assert list(stores.sessions.of_user(user_id, limit=9)) == [ended]
        stores.sessions.touch(ended)
        assert stores.sessions.read(ended.session_id) is None
        assert stores.sessions.read(new.session_id) == new
    assert list(stores.sessions.of_user(user_id, limit=9)) == [new]


def test_what_is_written_down_shows_at_once_for_its_user(client: Client, stores: Stores) -> None:
    """A user's own entries are read beside the indexes."""
    first, second = (service.audit_event(samples.new_athlete(), "1") for _ in range(2))
    second = evolve(second, user_id=first.user_id, request_id="2", correlation_id=first.correlation_id)
    service.write_audit(stores.audit, first)
    with stale_index(client):
        flow = first.correlation_id
        assert stores.audit.of_flow(flow, after=None, limit=9).events == (first,)
        service.write_audit(stores.audit, second)
        assert stores.audit.of_flow(flow, after=None, limit=9).events == (first,)
        assert stores.audit.of_user(first.user_id, after=None, limit=9).events == (first, second)


def test_an_entry_is_never_written_over(stores: Stores) -> None:
    """Another one at the same place changes nothing of what was written down."""
    event = service.audit_event(samples.new_athlete(), "1")
    service.write_audit(stores.audit, event)
    service.write_audit(stores.audit, evolve(event, actor="somebody else"))
    assert stores.audit.of_user(event.user_id, after=None, limit=9).events == (event,)
