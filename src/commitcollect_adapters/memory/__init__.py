"""The stores in memory: the default for tests and simulations, and the model for the other stores."""

from commitcollect_adapters.memory.ledger import MemoryLedger

__all__ = ["MemoryLedger"]
