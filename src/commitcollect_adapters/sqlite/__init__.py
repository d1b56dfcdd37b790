"""The stores in one SQLite file: durable, and safe for several threads and processes."""

from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.ledger import SqliteLedger

__all__ = ["Database", "SqliteLedger"]
