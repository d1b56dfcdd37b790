"""One engine for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from adapters.dynamodb.engine import connect
from commitcollect_adapters.dynamodb.client import Client
from engines import running


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """A client of a running dynoxide."""
    with running.dynoxide() as endpoint:
        yield connect(endpoint)
