"""The condition of every write in memory: exactly one version ahead."""

from __future__ import annotations

from typing import Protocol

from commitcollect_adapters import conflicts


class Versioned(Protocol):
    """Something that is replaced by its next version."""

    @property
    def version(self) -> int:
        """1 when first written."""
        ...


def check_follows(stored: Versioned | None, coming: Versioned) -> None:
    """Refuse what is not one version ahead of what is stored.

    Raises:
        VersionConflict: it is not.
    """
    if coming.version != (0 if stored is None else stored.version) + 1:
        raise conflicts.stale()
