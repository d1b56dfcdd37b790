"""What another process does to the store under test."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from typing import Any

from attrs import frozen

from commitcollect_adapters.testing import samples
from commitcollect_core.training.ports import Ledger
from commitcollect_core.values import UserId

_LOOKS = 2_000
_PAUSE_SECONDS = 0.001
"""The processes begin together, but one whose rivals never come goes on after some seconds."""


@frozen
class Opening:
    """Names a function that opens a store, so that another process finds it: also one in a test module."""

    module: str
    path: str
    name: str
    arguments: tuple[Any, ...]
    options: dict[str, Any]

    @classmethod
    def of(cls, opened: Callable[[], AbstractContextManager[Ledger]]) -> Opening:
        """The opening that a function of a module is, or a partial of one."""
        called = opened if isinstance(opened, partial) else partial(opened)
        function = called.func
        module = sys.modules[function.__module__]
        return cls(module.__name__, str(module.__file__), function.__qualname__, called.args, called.keywords)

    def open(self) -> AbstractContextManager[Ledger]:
        """Open the store."""
        try:
            found: Any = import_module(self.module)
        except ImportError:
            # pytest imports test modules from paths, under names that no other process knows.
            found = self._from_path()
        for each in self.name.split("."):
            found = getattr(found, each)
        opened: AbstractContextManager[Ledger] = found(*self.arguments, **self.options)
        return opened

    def _from_path(self) -> Any:
        spec = spec_from_file_location(self.module, self.path)
        if spec is None or spec.loader is None:
            raise ImportError(f"{self.path} holds no module")
        module = sys.modules[self.module] = module_from_spec(spec)
        spec.loader.exec_module(module)
        return module


def ingest_apart(opening: Opening, user_id: UserId, prefix: str, *, rides: int, rivals: int) -> None:
    """Take in rides one by one, from when every rival has taken in its first."""
    first, *others = samples.rides(prefix, rides)
    with opening.open() as ledger:
        samples.ingestion(ledger).ingest(user_id, [first])
        for _ in range(_LOOKS):
            if ledger.read_head(user_id).workout_count > rivals:
                break
            time.sleep(_PAUSE_SECONDS)
        for ride in others:
            samples.ingestion(ledger).ingest(user_id, [ride])
