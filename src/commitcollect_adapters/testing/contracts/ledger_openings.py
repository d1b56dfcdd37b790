"""How the suites of a ledger open what they test."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from uuid import uuid4

import pytest

from commitcollect_adapters.testing.contracts.checks import undefined
from commitcollect_core.training.ports import Ledger


class LedgerOpenings:
    """What an author of a store says of it: how to open it, and how to break it."""

    def open_ledger(self) -> AbstractContextManager[Ledger]:
        """The ledger under test, ready until the context ends.

        Called once or more per test.
        """
        undefined("open_ledger")

    def opener(self, name: str) -> Callable[[], AbstractContextManager[Ledger]]:  # noqa: ARG002 - for those who override it
        """A function that opens the store of this name; each call is a handle of its own on the same store.

        A `functools.partial` of a function of a module, so that other processes can call it too. The same
        store may go by all names. Without it what several handles and processes do to a store is not checked.
        """
        pytest.skip("define `opener`, and this is checked: what other handles on the same store see and do")

    def open_broken_store(self, name: str, *, at: int) -> AbstractContextManager[Ledger]:  # noqa: ARG002 - the same
        """The store of this name, whose driver fails at moment `at` and ever after; see `BrokenDriver`.

        Count the driver's calls from when the store is open. It needs `opener` as well. Without it what a
        crash leaves behind is not checked.
        """
        pytest.skip("define `open_broken_store`, and this is checked: what a crash leaves behind")


def new_store_name() -> str:
    """A name that no store has yet."""
    return f"store-{uuid4().hex[:12]}"
