"""What every implementation of a port must keep, as suites to subclass.

::

    class TestMyLedger(LedgerContract):
        def open_ledger(self) -> AbstractContextManager[Ledger]:
            return closing(MyLedger(...))

Every test makes athletes of its own, so a store that is costly to empty may be shared by all of them.
"""

from commitcollect_adapters.testing.contracts.ledger import LedgerContract

__all__ = ["LedgerContract"]
