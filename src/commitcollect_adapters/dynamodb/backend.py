"""Tables on DynamoDB as a backend. It keeps no queue."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from commitcollect_adapters.backend import Backend, Provisioning
from commitcollect_adapters.dynamodb.client import Client, parse
from commitcollect_adapters.dynamodb.items.ledger import awards_at
from commitcollect_adapters.dynamodb.ledger import DynamoLedger
from commitcollect_adapters.dynamodb.statues import DynamoCatalog
from commitcollect_adapters.system import JitteredBackoff
from commitcollect_core.policy import Policy

if TYPE_CHECKING:
    from commitcollect_core.stores import Stores

RACE_WAIT_SECONDS = 0.05
RACE_WAIT_SECONDS_MAX = 10.0
"""The longest wait of a writer that lost a race for a ledger: the first time, and ever."""


@contextmanager
def open_dynamodb(address: str, policy: Policy, *, must_exist: bool) -> Iterator[Backend]:  # noqa: ARG001 - as for every store; a missing table says so itself
    """The backend on the tables at `address`; nothing is sent yet. See `open_backend`."""
    client = _client(address, policy)
    yield Backend(
        ledger=partial(DynamoLedger, client),
        catalog=DynamoCatalog(client),
        stores=partial(_stores, client, policy),
        backoff=JitteredBackoff(first_seconds=RACE_WAIT_SECONDS, longest_seconds=RACE_WAIT_SECONDS_MAX),
        awards_at=awards_at,
    )


def provisioning(address: str, policy: Policy) -> Provisioning:
    """The tables at `address`.

    Raises:
        InvalidInput: the address has another form.
    """
    from commitcollect_adapters.dynamodb import provisioning as tables  # noqa: PLC0415 - only operators provision

    client = _client(address, policy)
    return Provisioning(
        create=partial(tables.create_tables, client),
        statuses=partial(tables.table_statuses, client),
        delete=partial(tables.delete_tables, client),
    )


def _client(address: str, policy: Policy) -> Client:
    return Client(parse(address), deadline_seconds=policy.training.store_deadline_seconds)


def _stores(client: Client, policy: Policy) -> Stores:
    from commitcollect_adapters.dynamodb.stores import dynamo_stores  # noqa: PLC0415 - few programs need all stores

    return dynamo_stores(client, policy)
