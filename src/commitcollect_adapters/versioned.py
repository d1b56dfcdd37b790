"""Versioned stores of values that carry their own key, on any technology."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

Value = TypeVar("Value")


class Versioned(Protocol):
    """A value with a version, 1 when first written."""

    @property
    def version(self) -> int: ...


class Versions(Protocol[Value]):
    """Values by key, each replaced by its next version."""

    def read(self, key: str) -> Value | None:
        """The value under a key, or None. Reads one item, strongly consistently."""
        ...

    def write(self, key: str, value: Value) -> None:
        """Write a value.

        Raises:
            VersionConflict: the stored one is not exactly one version behind (absent, for version 1).
            AccountDeleting: the store respects the fence of the user who is its key, and the fence is up.
        """
        ...


class KeyedStore(Generic[Value]):
    """`Versions` whose keys are attributes of the values. Implements `ProfileStore`, `DeletionStore`."""

    def __init__(self, versions: Versions[Value], key_of: Callable[[Value], str]) -> None:
        self._versions = versions
        self._key_of = key_of

    def read(self, key: str) -> Value | None:
        return self._versions.read(key)

    def write(self, value: Value) -> None:
        self._versions.write(self._key_of(value), value)
