"""Faults that no engine shows by itself, put between the client and the engine."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from attrs import evolve
from botocore.awsrequest import AWSResponse

from adapters.dynamodb.engine import TRANSACT, answer, answers, cancelled, lost_answers
from commitcollect_adapters.dynamodb.client import Client
from commitcollect_adapters.dynamodb.ledger import DynamoLedger
from commitcollect_adapters.testing import samples
from commitcollect_adapters.testing.dumps import dump_of
from commitcollect_core.errors import StorageError, StorageUnavailable, VersionConflict
from commitcollect_core.training.ledger import LedgerCommit, LedgerHead, LedgerState
from commitcollect_core.training.milestones import Progress


@pytest.mark.parametrize("is_sent", [True, False], ids=["written", "not-written"])
@pytest.mark.parametrize("times", [1, 2])
def test_a_lost_answer_is_one_commit(client: Client, times: int, *, is_sent: bool) -> None:
    """Written before the time-out or not, it is there once, and no caller hears of a conflict."""
    ledger, user_id = DynamoLedger(client), samples.new_athlete()
    with lost_answers(client, TRANSACT, times=times, is_sent=is_sent):
        ledger.commit(samples.first_commit(user_id))
    assert dump_of(ledger, user_id).head == samples.first_commit(user_id).head


def test_a_lost_answer_is_settled_by_what_is_stored(client: Client) -> None:
    """Where the engine forgot the request token, its refusal of the repetition is our own success."""
    ledger, user_id = DynamoLedger(client), samples.new_athlete()
    ledger.commit(samples.first_commit(user_id))
    with lost_answers(client, TRANSACT, times=1, is_sent=False):
        ledger.commit(samples.first_commit(user_id))


def test_a_lost_answer_does_not_hide_a_real_conflict(client: Client) -> None:
    """If another writer's commit is stored in its place, the repetition is a conflict."""
    ledger, user_id = DynamoLedger(client), samples.new_athlete()
    ledger.commit(samples.first_commit(user_id))
    before = dump_of(ledger, user_id)
    other = samples.commit_of(user_id, 1, workouts=[samples.workout("other")])
    with lost_answers(client, TRANSACT, times=1, is_sent=False), pytest.raises(VersionConflict):
        ledger.commit(other)
    assert dump_of(ledger, user_id) == before


def test_a_lost_answer_does_not_pass_a_recount_for_written(client: Client) -> None:
    """A recount leaves no trace but the milestone: what another process wrote in its place is not it."""
    ledger, user_id = DynamoLedger(client), samples.new_athlete()
    ledger.commit(samples.first_commit(user_id))
    stored = ledger.read(user_id, ()).milestones[0]
    theirs = evolve(stored, version=2, progress=Progress(2_000, 2_000))
    ours = evolve(stored, version=2, progress=Progress(1_500, 1_500))
    tracked = [stored.milestone_id]
    ledger.commit(samples.commit_of(user_id, 2, milestones=[theirs], tracked=tracked))
    late = samples.commit_of(user_id, 2, milestones=[ours], tracked=tracked)
    with lost_answers(client, TRANSACT, times=1, is_sent=False), pytest.raises(VersionConflict):
        ledger.commit(late)
    again = samples.commit_of(user_id, 2, milestones=[theirs], tracked=tracked)
    with lost_answers(client, TRANSACT, times=1, is_sent=False):
        ledger.commit(again)


def test_a_lost_answer_does_not_pass_a_fence_for_put_up(client: Client) -> None:
    """Another write of the same version is no fence: the account is not taken for fenced."""
    ledger, user_id = DynamoLedger(client), samples.new_athlete()
    ledger.commit(samples.first_commit(user_id))
    ledger.commit(samples.second_commit(user_id))
    fence = LedgerHead(version=2, state=LedgerState.DELETING, fenced_at=samples.NOW)
    with lost_answers(client, TRANSACT, times=1, is_sent=False), pytest.raises(VersionConflict):
        ledger.commit(LedgerCommit(user_id=user_id, head=fence))


@pytest.mark.parametrize(
    "make",
    [
        cancelled("TransactionConflict", "None"),
        cancelled("None", "ThrottlingError"),
        cancelled("ProvisionedThroughputExceeded"),
        answer(400, {"__type": "x#ProvisionedThroughputExceededException", "message": "slow down"}),
        answer(400, {"__type": "x#TransactionInProgressException", "message": "wait"}),
        answer(500, {"__type": "x#InternalServerError", "message": "sorry"}),
        answer(503, b"<html>unavailable</html>"),
    ],
)
def test_what_passes_is_repeated(client: Client, make: Callable[[str], AWSResponse]) -> None:
    """Throttling, collisions and failures of the service are repeated until the commit lands."""
    ledger, user_id = DynamoLedger(client), samples.new_athlete()
    with answers(client, TRANSACT, times=3, make=make):
        ledger.commit(samples.first_commit(user_id))
    assert ledger.read_head(user_id).version == 1


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (cancelled("ConditionalCheckFailed", "None"), VersionConflict),
        (cancelled("TransactionConflict", "ConditionalCheckFailed"), VersionConflict),
        (cancelled("None", "ItemCollectionSizeLimitExceeded"), StorageError),
        (cancelled("ConditionalCheckFailed", "ValidationError"), StorageError),
        (answer(400, {"__type": "x#ValidationException", "message": "no"}), StorageError),
        (answer(400, {"__type": "x#AccessDeniedException", "message": "no"}), StorageError),
        (answer(501, b"<html>what?</html>"), StorageError),
        (answer(404, b"<html>not here</html>"), StorageError),
        (answer(200, b"<html>welcome</html>"), StorageError),
        (answer(200, b""), StorageError),
        (answer(200, b"{torn"), StorageError),
        (answer(200, []), StorageError),
        (answer(200, None), StorageError),
        (answer(200, b"\xff\xfe"), StorageError),
        (answer(200, {"ItemCollectionMetrics": 5}), StorageError),
    ],
)
def test_what_lasts_is_said_at_once(
    client: Client, make: Callable[[str], AWSResponse], error: type[Exception]
) -> None:
    """A failed condition is a conflict; what no repetition mends ends the call. Nothing is written."""
    ledger, user_id = DynamoLedger(client), samples.new_athlete()
    with answers(client, TRANSACT, times=1, make=make), pytest.raises(error) as caught:
        ledger.commit(samples.first_commit(user_id))
    assert not isinstance(caught.value, StorageUnavailable)
    assert ledger.read_head(user_id).version == 0


def test_unprocessed_keys_are_asked_for_again(client: Client) -> None:
    """A batch that comes back unfinished is finished; no workout is taken for missing."""
    ledger, user_id = DynamoLedger(client), samples.new_athlete()
    commit = samples.first_commit(user_id)
    ledger.commit(commit)
    keys = [each.key for each in commit.workouts]

    def unprocessed(url: str) -> AWSResponse:
        key = {"PK": {"S": f"USER#{user_id}"}, "SK": {"S": f"WORKOUT#FILE#{keys[0].activity_id}"}}
        wanted = {client.address.name: {"Keys": [key], "ConsistentRead": True}}
        return answer(200, {"Responses": {}, "UnprocessedKeys": wanted})(url)

    with answers(client, "BatchGetItem", times=2, make=unprocessed):
        assert set(ledger.read(user_id, keys).workouts) == set(keys)
