"""Items are stored under the catalogue's names, and keep what others wrote into them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve

from commitcollect_adapters.dynamodb.client import Client
from commitcollect_adapters.dynamodb.items.definitions import expiry_attribute, table_names
from commitcollect_adapters.dynamodb.items.ledger import awards_at
from commitcollect_adapters.dynamodb.items.statues import listed_model
from commitcollect_adapters.dynamodb.stores import dynamo_stores
from commitcollect_adapters.records import accounts, jobs, strava
from commitcollect_adapters.testing import samples
from commitcollect_adapters.testing import service_samples as service
from commitcollect_adapters.testing.service_strategies import LATER
from commitcollect_core.accounts.audit import AuditType
from commitcollect_core.jobs.idempotency import completed
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.stores import Stores
from commitcollect_core.strava.backfills import BackfillCommit
from commitcollect_core.values import MilestoneId, ModelId, UserId

MAIN, SESSIONS, AUDIT, IDEMPOTENCY = "", "Sessions", "Audit", "Idempotency"
DELETIONS = "Deletions"


@pytest.fixture(scope="module")
def stores(client: Client) -> Stores:
    """Every store on the engine of this folder."""
    return dynamo_stores(client)


def stored(client: Client, table: str, partition: str, sort: str) -> dict[str, Any]:
    """An item, read past everything that this project knows of keys."""
    key = {"PK": {"S": partition}, "SK": {"S": sort}}
    answer = client.call("get_item", TableName=f"CommitCollect{table}", Key=key, ConsistentRead=True)
    assert "Item" in answer, (table, partition, sort)
    item: dict[str, Any] = answer["Item"]
    return item


def test_items_have_the_keys_of_the_catalogue(client: Client, stores: Stores) -> None:
    """Keys and required attributes are those that other programs look for."""
    user_id, request_id = samples.new_athlete(), service.new_name("request")
    connection = service.connection(user_id, service.new_strava_athlete())
    model = evolve(samples.HERON, model_id=ModelId(service.new_name("MODEL")))
    stores.profiles.write(service.profile(user_id))
    stores.connections.commit(service.connecting(connection))
    stores.backfills.commit(BackfillCommit(backfill=service.backfill(user_id), page=service.staged_page(7)))
    stores.rates.write(request_id, service.rate_budget())
    digest = stores.catalog.save_geometry(model.model_id, b"geometry")
    stores.catalog.save(evolve(service.published(model), geometry_sha256=digest))
    for partition, sort, names in (
        (f"USER#{user_id}", "PROFILE", "userId email createdAtUtc entityType"),
        (
            f"USER#{user_id}",
            "STRAVA#CONNECTION",
            "athleteId accessToken refreshToken expiresAtUtc scope status updatedAtUtc version",
        ),
        (f"STRAVA#ATHLETE#{connection.athlete_id}", "OWNER", "athleteId userId updatedAtUtc"),
        (f"USER#{user_id}", "STRAVA#BACKFILL", "version phase"),
        (f"USER#{user_id}", "STRAVA#BACKFILL#PAGE#0007", "number activities"),
        (f"STRAVA#RATES#{request_id}", "META", "version windowUsed"),
        (
            f"MODEL#{model.model_id}",
            "META",
            "modelId partsTotal isActive name year stage version geometrySha256",
        ),
        (f"MODEL#{model.model_id}", "PART#01", "partIndex partName meshFile attachPoint meshSha256"),
        (f"GEOMETRY#{model.model_id}", f"{digest}#000", "content"),
        ("MODELS", f"MODEL#{model.model_id}", "modelId"),
    ):
        assert set(names.split()) <= set(stored(client, MAIN, partition, sort))
    assert stored(client, MAIN, f"USER#{user_id}", "PROFILE")["entityType"] == {"S": "UserProfile"}


def test_deletions_are_in_a_table_of_their_own(client: Client, stores: Stores) -> None:
    """A restore of the others leaves it as it is; the item names no person."""
    user_id = samples.new_athlete()
    request_id = stores.deletions.id_of(user_id)
    stores.deletions.write(service.deletion(request_id))
    item = stored(client, DELETIONS, f"DELETION#{request_id}", "META")
    names = "requestId stepsDone identifiers requestedAtUtc receipt counts verifications"
    assert set(names.split()) <= set(item)
    assert user_id not in str(item)


def test_what_expires_says_when(client: Client, stores: Stores) -> None:
    """Sessions, handshakes, requests and audit entries carry the moment the engine may remove them."""
    user_id, request_id = samples.new_athlete(), service.new_name("request")
    session, handshake = service.session(user_id), service.handshake()
    claim, event = service.claim(request_id, "me"), service.audit_event(user_id, request_id)
    stores.sessions.write(session)
    stores.handshakes.begin(handshake)
    stores.idempotency.begin(claim, replaces=None)
    service.write_audit(stores.audit, event)
    epoch = int(LATER.timestamp())
    for table, partition, sort, expires_at in (
        (SESSIONS, f"SESSION#{session.session_id}", "META", session.expires_at),
        (SESSIONS, f"STATE#{handshake.state}", "META", handshake.expires_at),
        (IDEMPOTENCY, f"IDEMPOTENCY#{request_id}", "META", claim.expires_at),
        (AUDIT, f"USER#{user_id}", f"AUDIT#{epoch}#{request_id}", event.expires_at(DEFAULT_POLICY)),
    ):
        item = stored(client, table, partition, sort)
        assert item["ExpiresAt"] == {"N": str(int(expires_at.timestamp()))}
    indexed = stored(client, AUDIT, f"USER#{user_id}", f"AUDIT#{epoch}#{request_id}")
    assert indexed["http"] == {"M": {"method": {"S": event.method}, "path": {"S": event.path}}}
    assert indexed["client"]["M"].keys() == {"origin", "ipHash", "userAgent"}
    assert not indexed.keys() & {"method", "path", "origin", "ipHash", "userAgent"}
    assert indexed["GSI1PK"] == {"S": f"CORR#{event.correlation_id}"}
    assert indexed["GSI2PK"] == {"S": f"EVENT#{AuditType.AUTH_LOGIN}#209001"}
    listed = stored(client, SESSIONS, f"SESSION#{session.session_id}", "META")
    assert listed["GSI1PK"] == {"S": f"USER#{user_id}"}
    assert listed["GSI1SK"] == {"S": f"SESSION#{epoch}#{session.session_id}"}


def test_nothing_expires_that_is_to_last() -> None:
    """No attribute by which a table's items expire means something else in one of its records.

    The ledger's table has none at all: `expiresAtUtc` is when an access token ends, and an engine told to
    expire items by it would remove every connection whose token ran out.
    """
    names = table_names("P")
    expiring = {name: expiry_attribute("P", name) for name in names}
    assert expiring == {
        "P": None,
        "PSessions": "ExpiresAt",
        "PAudit": "ExpiresAt",
        "PIdempotency": "ExpiresAt",
        "PDeletions": None,
    }
    for columns in (
        accounts.SESSION.columns,
        accounts.HANDSHAKE.columns,
        accounts.AUDIT.columns,
        jobs.IDEMPOTENCY.columns,
    ):
        assert "ExpiresAt" not in columns
    assert "expiresAtUtc" in strava.CONNECTION.columns


def _profile(stores: Stores, user_id: UserId, version: int) -> None:
    stores.profiles.write(service.profile(user_id, version))


def _backfill(stores: Stores, user_id: UserId, version: int) -> None:
    stores.backfills.commit(BackfillCommit(backfill=service.backfill(user_id, version)))


def _budget(stores: Stores, user_id: UserId, version: int) -> None:
    stores.rates.write(user_id, service.rate_budget(version))


def _deletion(stores: Stores, user_id: UserId, version: int) -> None:
    stores.deletions.write(service.deletion(user_id, version))


def _connection(stores: Stores, user_id: UserId, version: int) -> None:
    before = stores.connections.read(user_id)
    athlete_id = service.new_strava_athlete() if before is None else before.athlete_id
    stores.connections.commit(service.connecting(service.connection(user_id, athlete_id, version), before))


def _session(stores: Stores, user_id: UserId, version: int) -> None:
    session = evolve(service.session(user_id, seen=version), session_id=user_id)
    (stores.sessions.write if version == 1 else stores.sessions.touch)(session)


def _request(stores: Stores, user_id: UserId, version: int) -> None:
    claim = service.claim(user_id, "me")
    if version == 1:
        stores.idempotency.begin(claim, replaces=None)
    else:
        stores.idempotency.complete(completed(claim, "done"))


def _model(stores: Stores, user_id: UserId, version: int) -> None:
    model = evolve(samples.HERON, model_id=ModelId(user_id), name=f"{version}")
    stores.catalog.save(service.published(model, version))


@pytest.mark.parametrize(
    ("write", "table", "partition", "sort"),
    [
        (_profile, MAIN, "USER#{}", "PROFILE"),
        (_connection, MAIN, "USER#{}", "STRAVA#CONNECTION"),
        (_backfill, MAIN, "USER#{}", "STRAVA#BACKFILL"),
        (_budget, MAIN, "STRAVA#RATES#{}", "META"),
        (_deletion, DELETIONS, "DELETION#{}", "META"),
        (_model, MAIN, "MODEL#{}", "META"),
        (_session, SESSIONS, "SESSION#{}", "META"),
        (_request, IDEMPOTENCY, "IDEMPOTENCY#{}", "META"),
    ],
)
def test_writers_keep_what_they_do_not_know(
    client: Client,
    stores: Stores,
    write: Callable[[Stores, UserId, int], None],
    table: str,
    partition: str,
    sort: str,
) -> None:
    """An attribute of another program's survives the next write, which does change the item."""
    user_id = samples.new_athlete()
    write(stores, user_id, 1)
    partition = partition.format(user_id)
    client.call(
        "update_item",
        TableName=f"CommitCollect{table}",
        Key={"PK": {"S": partition}, "SK": {"S": sort}},
        UpdateExpression="SET theirs = :theirs",
        ExpressionAttributeValues={":theirs": {"S": "kept"}},
    )
    before = stored(client, table, partition, sort)
    write(stores, user_id, 2)
    after = stored(client, table, partition, sort)
    assert before["theirs"] == after["theirs"]
    assert before != after


def test_a_list_without_a_model_behind_it_is_passed_over(client: Client, stores: Stores) -> None:
    """A publisher lists first; after a crash right then the name leads nowhere, and can be used."""
    model = evolve(samples.HERON, model_id=ModelId(service.new_name("MODEL")))
    client.call("put_item", TableName=client.address.name, Item=listed_model(model.model_id))
    assert model.model_id not in [each.model_id for each in stores.catalog.models()]
    stores.catalog.save(service.published(model))
    assert model in stores.catalog.models()


def test_where_awards_are_is_told_as_they_are_stored() -> None:
    """As the catalogue has it: one partition for a person, and a prefix for each milestone."""
    assert awards_at(UserId("u-1"), MilestoneId("m-1")) == ("USER#u-1", "MILESTONE#m-1#AWARD#")
