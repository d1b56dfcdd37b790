"""The base class of all suites that need `Stores`."""

from __future__ import annotations

from contextlib import AbstractContextManager

from commitcollect_adapters.testing.contracts.checks import undefined
from commitcollect_core.stores import Stores


class StoresContract:
    """A suite that needs `Stores`.

    The suites of one technology may share how to open them.
    """

    def open_stores(self) -> AbstractContextManager[Stores]:
        """The stores under test, ready until the context ends.

        Called once or more per test.

        Every test uses names of its own, so all may share the same stores.
        """
        undefined("open_stores")
