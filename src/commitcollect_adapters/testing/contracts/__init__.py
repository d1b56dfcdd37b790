"""What every implementation of a port must keep, as suites to subclass.

::

    class TestMyLedger(LedgerContract):
        def open_ledger(self) -> AbstractContextManager[Ledger]:
            return closing(MyLedger(...))

The suites of a service's stores have `open_stores` in its place, which gives all of them at once. Every test
makes athletes of its own, so a store that is costly to empty may be shared by all of them.
"""

from commitcollect_adapters.testing.contracts.audit import AuditLogContract
from commitcollect_adapters.testing.contracts.backfills import BackfillStoreContract
from commitcollect_adapters.testing.contracts.catalogs import ReadOnlyCatalogContract
from commitcollect_adapters.testing.contracts.ciphers import TokenCipherContract
from commitcollect_adapters.testing.contracts.connections import ConnectionStoreContract
from commitcollect_adapters.testing.contracts.context import (
    BackoffContract,
    ClockContract,
    IdGeneratorContract,
)
from commitcollect_adapters.testing.contracts.crashes import CrashContract
from commitcollect_adapters.testing.contracts.deletions import DeletionStoreContract
from commitcollect_adapters.testing.contracts.idempotency import IdempotencyStoreContract
from commitcollect_adapters.testing.contracts.identities import (
    IdentityProviderContract,
    UserDirectoryContract,
)
from commitcollect_adapters.testing.contracts.ledger import LedgerContract
from commitcollect_adapters.testing.contracts.personal import PersonalDataContract
from commitcollect_adapters.testing.contracts.profiles import ProfileStoreContract
from commitcollect_adapters.testing.contracts.queues import EventQueueContract
from commitcollect_adapters.testing.contracts.rates import RateBudgetStoreContract
from commitcollect_adapters.testing.contracts.sessions import HandshakeStoreContract, SessionStoreContract
from commitcollect_adapters.testing.contracts.statues import StatueCatalogContract
from commitcollect_adapters.testing.contracts.stores import StoresContract

__all__ = [
    "AuditLogContract",
    "BackfillStoreContract",
    "BackoffContract",
    "ClockContract",
    "ConnectionStoreContract",
    "CrashContract",
    "DeletionStoreContract",
    "EventQueueContract",
    "HandshakeStoreContract",
    "IdGeneratorContract",
    "IdempotencyStoreContract",
    "IdentityProviderContract",
    "LedgerContract",
    "PersonalDataContract",
    "ProfileStoreContract",
    "RateBudgetStoreContract",
    "ReadOnlyCatalogContract",
    "SessionStoreContract",
    "StatueCatalogContract",
    "StoresContract",
    "TokenCipherContract",
    "UserDirectoryContract",
]
