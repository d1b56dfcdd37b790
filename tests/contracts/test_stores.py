"""The contracts of a service's stores on every technology: one class for each of the two.

To add a technology, say in a class of its own how its stores are opened, and put its suites at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext

import pytest

from commitcollect_adapters.dynamodb.client import Client
from commitcollect_adapters.dynamodb.stores import dynamo_stores
from commitcollect_adapters.memory.stores import memory_stores
from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.stores import sqlite_stores
from commitcollect_adapters.testing import contracts
from commitcollect_core.stores import Stores
from contracts.openings import broken_client, broken_database
from thoroughness import LEVEL


class InMemory(contracts.StoresContract):
    """Stores in memory, shared by the calls of one test."""

    @pytest.fixture(autouse=True)
    def _memory(self, few_examples: Callable[[int], None]) -> None:
        few_examples(LEVEL.examples_in_memory)
        self._stores = memory_stores()

    def open_stores(self) -> AbstractContextManager[Stores]:
        """See `StoresContract`."""
        return nullcontext(self._stores)


class TestProfilesInMemory(InMemory, contracts.ProfileStoreContract): ...


class TestConnectionsInMemory(InMemory, contracts.ConnectionStoreContract): ...


class TestBackfillsInMemory(InMemory, contracts.BackfillStoreContract): ...


class TestSessionsInMemory(InMemory, contracts.SessionStoreContract): ...


class TestHandshakesInMemory(InMemory, contracts.HandshakeStoreContract): ...


class TestIdempotencyInMemory(InMemory, contracts.IdempotencyStoreContract): ...


class TestRateBudgetsInMemory(InMemory, contracts.RateBudgetStoreContract): ...


class TestDeletionsInMemory(InMemory, contracts.DeletionStoreContract): ...


class TestAuditInMemory(InMemory, contracts.AuditLogContract): ...


class TestPersonalDataInMemory(InMemory, contracts.PersonalDataContract): ...


class TestStatuesInMemory(InMemory, contracts.StatueCatalogContract): ...


@pytest.fixture(scope="module")
def sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One file for all suites: every test uses names of its own."""
    with closing(Database(tmp_path_factory.mktemp("stores") / "store.sqlite")) as database:
        yield database


class OnSqlite(contracts.StoresContract):
    """Stores in a SQLite file."""

    @pytest.fixture(autouse=True)
    def _file(self, sqlite_file: Database) -> None:
        self._stores = sqlite_stores(sqlite_file)
        self._path = sqlite_file.path

    def open_stores(self) -> AbstractContextManager[Stores]:
        """See `StoresContract`."""
        return nullcontext(self._stores)


class TestProfilesOnSqlite(OnSqlite, contracts.ProfileStoreContract): ...


class TestConnectionsOnSqlite(OnSqlite, contracts.ConnectionStoreContract): ...


class TestBackfillsOnSqlite(OnSqlite, contracts.BackfillStoreContract): ...


class TestSessionsOnSqlite(OnSqlite, contracts.SessionStoreContract): ...


class TestHandshakesOnSqlite(OnSqlite, contracts.HandshakeStoreContract): ...


class TestIdempotencyOnSqlite(OnSqlite, contracts.IdempotencyStoreContract): ...


class TestRateBudgetsOnSqlite(OnSqlite, contracts.RateBudgetStoreContract): ...


class TestDeletionsOnSqlite(OnSqlite, contracts.DeletionStoreContract): ...


class TestAuditOnSqlite(OnSqlite, contracts.AuditLogContract): ...


class TestPersonalDataOnSqlite(OnSqlite, contracts.PersonalDataContract): ...


class TestStatuesOnSqlite(OnSqlite, contracts.StatueCatalogContract): ...


class TestCrashesOnSqlite(OnSqlite, contracts.CrashContract):
    @contextmanager
    def open_broken_stores(self, *, at: int) -> Iterator[Stores]:
        """The same file, whose statements fail."""
        with broken_database(self._path, at=at) as database:
            yield sqlite_stores(database)


class OnDynoxide(contracts.StoresContract):
    """Stores in the tables of the whole session."""

    @pytest.fixture(autouse=True)
    def _engine(self, dynoxide_client: Client, few_examples: Callable[[int], None]) -> None:
        few_examples(LEVEL.examples_on_dynoxide)
        self._client = dynoxide_client
        self._stores = dynamo_stores(dynoxide_client)

    def open_stores(self) -> AbstractContextManager[Stores]:
        """See `StoresContract`."""
        return nullcontext(self._stores)


class TestProfilesOnDynoxide(OnDynoxide, contracts.ProfileStoreContract): ...


class TestConnectionsOnDynoxide(OnDynoxide, contracts.ConnectionStoreContract): ...


class TestBackfillsOnDynoxide(OnDynoxide, contracts.BackfillStoreContract): ...


class TestSessionsOnDynoxide(OnDynoxide, contracts.SessionStoreContract): ...


class TestHandshakesOnDynoxide(OnDynoxide, contracts.HandshakeStoreContract): ...


class TestIdempotencyOnDynoxide(OnDynoxide, contracts.IdempotencyStoreContract): ...


class TestRateBudgetsOnDynoxide(OnDynoxide, contracts.RateBudgetStoreContract): ...


class TestDeletionsOnDynoxide(OnDynoxide, contracts.DeletionStoreContract): ...


class TestAuditOnDynoxide(OnDynoxide, contracts.AuditLogContract): ...


class TestPersonalDataOnDynoxide(OnDynoxide, contracts.PersonalDataContract): ...


class TestStatuesOnDynoxide(OnDynoxide, contracts.StatueCatalogContract): ...


class TestCrashesOnDynoxide(OnDynoxide, contracts.CrashContract):
    def open_broken_stores(self, *, at: int) -> AbstractContextManager[Stores]:
        """The same tables over a client that loses its connection."""
        return nullcontext(dynamo_stores(broken_client(self._client, at=at)))


class OnMinistack(contracts.StoresContract):
    """As on dynoxide; the second opinion."""

    @pytest.fixture(autouse=True)
    def _engine(self, ministack_client: Client, few_examples: Callable[[int], None]) -> None:
        few_examples(LEVEL.examples_on_ministack)
        self._stores = dynamo_stores(ministack_client)

    def open_stores(self) -> AbstractContextManager[Stores]:
        """See `StoresContract`."""
        return nullcontext(self._stores)


class TestProfilesOnMinistack(OnMinistack, contracts.ProfileStoreContract): ...


class TestConnectionsOnMinistack(OnMinistack, contracts.ConnectionStoreContract): ...


class TestBackfillsOnMinistack(OnMinistack, contracts.BackfillStoreContract): ...


class TestSessionsOnMinistack(OnMinistack, contracts.SessionStoreContract): ...


class TestHandshakesOnMinistack(OnMinistack, contracts.HandshakeStoreContract): ...


class TestIdempotencyOnMinistack(OnMinistack, contracts.IdempotencyStoreContract): ...


class TestRateBudgetsOnMinistack(OnMinistack, contracts.RateBudgetStoreContract): ...


class TestDeletionsOnMinistack(OnMinistack, contracts.DeletionStoreContract): ...


class TestAuditOnMinistack(OnMinistack, contracts.AuditLogContract): ...


class TestPersonalDataOnMinistack(OnMinistack, contracts.PersonalDataContract): ...


class TestStatuesOnMinistack(OnMinistack, contracts.StatueCatalogContract): ...
