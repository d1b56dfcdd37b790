"""Readers: a training history from a file, row by row.

`read_history` recognises Strava's bulk export (the archive, the folder or its ``activities.csv``), lists of
activities as Strava's API returns them, and what other tools and services write. `snapshot_from_activity`
reads a single payload of that API.

A name is loaded when it is first used: hosts need the strict JSON of this package, and most of them no file.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from commitcollect_adapters.readers.activities import snapshot_from_activity
    from commitcollect_adapters.readers.demo import demo_history
    from commitcollect_adapters.readers.histories import read_history
    from commitcollect_adapters.readers.rows import Accepted, Rejected, Row, UnreadableHistory

__all__ = [
    "Accepted",
    "Rejected",
    "Row",
    "UnreadableHistory",
    "demo_history",
    "read_history",
    "snapshot_from_activity",
]

_MODULES = {"snapshot_from_activity": "activities", "demo_history": "demo", "read_history": "histories"}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULES.get(name, 'rows')}"), name)
    globals()[name] = value
    return value
