"""The contracts of a service's stores on every technology: one class for each of the two.

To add a technology, say in a class of its own how its stores are opened, and put its suites at the end.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import pytest

from commitcollect_adapters.memory.stores import memory_stores
from commitcollect_adapters.testing import contracts
from commitcollect_core.service_ports import Stores


class InMemory(contracts.StoresContract):
    """Stores in memory, shared by the calls of one test."""

    @pytest.fixture(autouse=True)
    def _memory(self) -> None:
        self._stores = memory_stores()

    def open_stores(self) -> AbstractContextManager[Stores]:
        """See `StoresContract`."""
        return nullcontext(self._stores)


class TestProfilesInMemory(InMemory, contracts.ProfileStoreContract): ...


class TestConnectionsInMemory(InMemory, contracts.ConnectionStoreContract): ...


class TestBackfillsInMemory(InMemory, contracts.BackfillStoreContract): ...


class TestSessionsInMemory(InMemory, contracts.SessionStoreContract): ...


class TestIdempotencyInMemory(InMemory, contracts.IdempotencyStoreContract): ...


class TestRateBudgetsInMemory(InMemory, contracts.RateBudgetStoreContract): ...


class TestDeletionsInMemory(InMemory, contracts.DeletionStoreContract): ...


class TestAuditInMemory(InMemory, contracts.AuditLogContract): ...


class TestStatuesInMemory(InMemory, contracts.StatueCatalogContract): ...
