"""Values that are replaced by their next version, in memory."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from threading import Lock
from typing import Generic, TypeVar

from commitcollect_adapters import conflicts
from commitcollect_adapters.texts import check_keepable
from commitcollect_adapters.versioned import Versioned

Value = TypeVar("Value", bound=Versioned)


def check_follows(stored: Versioned | None, coming: Versioned) -> None:
    """Refuse a value that is not one version ahead of the stored one.

    Raises:
        VersionConflict: it is not.
    """
    if coming.version != (0 if stored is None else stored.version) + 1:
        raise conflicts.stale()


def _no_fence(_key: str) -> AbstractContextManager[None]:
    return nullcontext()


class MemoryVersions(Generic[Value]):
    """Implements `Versions` and `RateBudgetStore`."""

    def __init__(self, fence: Callable[[str], AbstractContextManager[None]] = _no_fence) -> None:
        """Begin empty.

        Args:
            fence: keeps the ledger of a user, who is the key, unfenced during a write.
        """
        self._fence = fence
        self._values: dict[str, Value] = {}
        self._lock = Lock()

    def read(self, key: str) -> Value | None:
        return self._values.get(key)

    def write(self, key: str, value: Value) -> None:
        check_keepable(value)
        # The fence first: its error takes precedence over a conflict, as in the other stores.
        with self._fence(key), self._lock:
            check_follows(self._values.get(key), value)
            self._values[key] = value

    def forget(self, key: str) -> bool:
        """Let a value go; whether there was one."""
        with self._lock:
            return self._values.pop(key, None) is not None
