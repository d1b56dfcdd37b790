"""Engines for the contracts: one process each for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from commitcollect_adapters.aws.calls import Address
from commitcollect_adapters.dynamodb.client import PREFIX_DEFAULT, Client
from commitcollect_adapters.dynamodb.provisioning import create_tables
from engines import running

DEADLINE_SECONDS = 20


def _client(endpoint: str) -> Client:
    client = Client(Address(name=PREFIX_DEFAULT, endpoint=endpoint), deadline_seconds=DEADLINE_SECONDS)
    create_tables(client)
    return client


@pytest.fixture(scope="session")
def dynoxide_client() -> Iterator[Client]:
    """A client of a running dynoxide with the tables made."""
    with running.dynoxide() as endpoint:
        yield _client(endpoint)


@pytest.fixture(scope="session")
def ministack_client(ministack: str) -> Client:
    """A client of a running ministack with the tables made."""
    return _client(ministack)
