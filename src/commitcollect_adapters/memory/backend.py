"""Memory as a backend: everything lasts as long as the process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from commitcollect_adapters.backend import MEMORY, Backend
from commitcollect_adapters.memory.ledger import MemoryLedger
from commitcollect_adapters.memory.statues import MemoryCatalog
from commitcollect_adapters.system import JitterOnly
from commitcollect_core.errors import InvalidInput
from commitcollect_core.policy import Policy

if TYPE_CHECKING:
    from commitcollect_core.jobs.ports import EventQueue
    from commitcollect_core.stores import Stores


@contextmanager
def open_memory(address: str, policy: Policy, *, must_exist: bool) -> Iterator[Backend]:  # noqa: ARG001 - as for every store; there is nothing to find
    """A backend that is empty at first; see `open_backend`."""
    if address != MEMORY:
        raise InvalidInput(f"a store in memory has no name; write {MEMORY}", field="store")
    ledger, catalog = MemoryLedger(), MemoryCatalog()

    # Cached, since all callers must meet in the same stores and the same queue.
    @cache
    def stores() -> Stores:
        from commitcollect_adapters.memory.stores import memory_stores  # noqa: PLC0415 - few programs need all stores

        return memory_stores(ledger=ledger, catalog=catalog)

    @cache
    def queue() -> EventQueue:
        from commitcollect_adapters.memory.jobs import MemoryQueue  # noqa: PLC0415 - few programs need a queue

        return MemoryQueue(policy)

    yield Backend(
        ledger=lambda: ledger,
        catalog=catalog,
        stores=stores,
        queue=queue,
        backoff=JitterOnly(),
        users=ledger.users,
    )
