"""Making and completing the tables."""

from __future__ import annotations

import pytest

from adapters.dynamodb.engine import answer, answers, connect
from commitcollect_adapters.dynamodb import provisioning
from commitcollect_adapters.dynamodb.client import Client
from commitcollect_adapters.dynamodb.items.definitions import table_definitions
from commitcollect_adapters.dynamodb.provisioning import create_tables, delete_tables, table_statuses
from commitcollect_adapters.dynamodb.strava import DynamoConnectionStore
from commitcollect_adapters.testing import samples
from commitcollect_adapters.testing import service_samples as service
from commitcollect_core.errors import StorageError
from engines import running


@pytest.fixture
def unmade(client: Client) -> Client:
    """The same engine under a prefix without tables."""
    fresh = connect(client.address.endpoint or "", prefix="Unmade")
    delete_tables(fresh)
    return fresh


def test_making_goes_on_where_it_stopped(unmade: Client) -> None:
    """Tables that are there stay as they are, and get what they lack: a crash may come at any call."""
    definitions = table_definitions("Unmade")
    for definition in definitions[:2]:
        unmade.call("create_table", **definition)
    assert [each.state for each in table_statuses(unmade)] == ["ACTIVE", "ACTIVE", *["MISSING"] * 3]
    assert [each.has_expiry for each in table_statuses(unmade)] == [None, False, None, None, None]
    for made in (create_tables(unmade), create_tables(unmade)):
        assert [each.name for each in made] == [
            "Unmade",
            "UnmadeSessions",
            "UnmadeAudit",
            "UnmadeIdempotency",
            "UnmadeDeletions",
        ]
        assert [each.state for each in made] == ["ACTIVE"] * 5
        assert [each.has_expiry for each in made] == [None, True, True, True, None]


def test_a_table_of_an_earlier_version_gets_the_index_it_lacks(unmade: Client) -> None:
    """What was stored before is listed through it once the engine has filled it."""
    definition = dict(table_definitions("Unmade")[0])
    del definition["GlobalSecondaryIndexes"]
    keys = {"PK", "SK", "startDateUtc"}
    definition["AttributeDefinitions"] = [
        each for each in definition["AttributeDefinitions"] if each["AttributeName"] in keys
    ]
    unmade.call("create_table", **definition)
    unmade.call("create_table", **table_definitions("Unmade")[-1])
    assert table_statuses(unmade)[0].missing_indexes == ("GSI1",)
    connection = service.connection(samples.new_athlete(), service.new_strava_athlete())
    store = DynamoConnectionStore(unmade)
    store.commit(service.connecting(connection))
    for _ in range(2):
        assert create_tables(unmade)[0].missing_indexes == ()
    (listed,) = store.connected(after=None, limit=10).athletes
    assert (listed.athlete_id, listed.user_id) == (connection.athlete_id, connection.user_id)


def test_expiry_that_is_being_switched_on_is_not_asked_for_again(unmade: Client) -> None:
    """DynamoDB takes up to an hour, and refuses a second request meanwhile."""
    create_tables(unmade)
    switching = answer(200, {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLING"}})
    refusing = answer(400, {"__type": "x#ValidationException", "message": "wait"})
    with (
        answers(unmade, "DescribeTimeToLive", times=99, make=switching),
        answers(unmade, "UpdateTimeToLive", times=99, make=refusing),
    ):
        assert [each.has_expiry for each in create_tables(unmade)] == [None, True, True, True, None]


def test_recovery_is_asked_for_until_a_new_table_can_have_it(unmade: Client) -> None:
    """DynamoDB is not ready for it right after a table is made."""
    off = answer(200, {"ContinuousBackupsDescription": {"ContinuousBackupsStatus": "ENABLED"}})
    too_early = answer(400, {"__type": "x#ContinuousBackupsUnavailableException", "message": "wait"})
    with (
        answers(unmade, "DescribeContinuousBackups", times=99, make=off),
        answers(unmade, "UpdateContinuousBackups", times=2, make=too_early),
        answers(unmade, "UpdateContinuousBackups", times=99, make=answer(200, {})),
    ):
        assert [each.has_recovery for each in create_tables(unmade)] == [False] * 5


def test_a_table_that_never_comes_is_given_up(unmade: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting ends."""
    monkeypatch.setattr(provisioning, "_WAITS", {"Delay": 0, "MaxAttempts": 2})
    creating = answer(200, {"Table": {"TableStatus": "CREATING"}})
    with answers(unmade, "DescribeTable", times=99, make=creating), pytest.raises(StorageError):
        create_tables(unmade)


def test_what_is_being_deleted_is_not_deleted_again(unmade: Client) -> None:
    """Deleting may be repeated while it goes on; DynamoDB refuses a second request meanwhile."""
    refusing = answer(400, {"__type": "x#ResourceInUseException", "message": "wait"})
    deleting = answer(200, {"Table": {"TableStatus": "DELETING"}})
    expiring = answer(200, {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED"}})
    with (
        answers(unmade, "DeleteTable", times=99, make=refusing),
        answers(unmade, "DescribeTable", times=5, make=deleting),
        answers(unmade, "DescribeTimeToLive", times=99, make=expiring),
    ):
        assert [each.state for each in delete_tables(unmade)] == ["MISSING"] * 5


def test_a_table_that_goes_while_it_is_looked_at_is_missing(unmade: Client) -> None:
    """Between two calls another process may have deleted it."""
    there = answer(200, {"Table": {"TableStatus": "ACTIVE"}})
    with answers(unmade, "DescribeTable", times=5, make=there):
        # Of the first and the last nothing more is asked, as nothing in them expires.
        assert [each.state for each in table_statuses(unmade)] == ["ACTIVE", *["MISSING"] * 3, "ACTIVE"]


@pytest.mark.slow
def test_recovery_is_switched_on_where_the_engine_knows_it() -> None:
    """Ministack does; dynoxide says nothing of it."""
    with running.ministack() as endpoint:
        made = create_tables(connect(endpoint))
    assert [each.has_recovery for each in made] == [True] * 5
