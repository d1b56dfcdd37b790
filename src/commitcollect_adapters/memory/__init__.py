"""The stores in memory: the default for tests and simulations, and the model other adapters are held to."""

from commitcollect_adapters.memory.ledger import MemoryLedger

__all__ = ["MemoryLedger"]
