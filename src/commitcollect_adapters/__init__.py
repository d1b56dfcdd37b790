"""Adapters: everything that touches the world for the core.

One module or folder per technology. The front door is here::

    with open_sqlite("training.db") as app:
        app.tracking.create(...)
        app.ingestion.ingest(...)

What a store needs is imported when it is opened.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike, fspath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from commitcollect_core.app import CommitCollect
    from commitcollect_core.policy import Policy

__all__ = ["in_memory", "open_sqlite", "open_store"]


@contextmanager
def open_store(
    address: str | PathLike[str], *, policy: Policy | None = None, must_exist: bool = False
) -> Iterator[CommitCollect]:
    """Milestones and workouts on the store at an address, until the context ends.

    Args:
        address: the path of a SQLite file, ``memory:``, or ``dynamodb://...``.
        policy: limits and lifetimes; the default ones unless given.
        must_exist: do not create a file that is not there.

    Raises:
        InvalidInput: the address has an unknown scheme or form, or its extra is not installed.
        NotFound: there is no such file, and `must_exist`.
        StorageError: the store cannot be opened.
    """
    from commitcollect_adapters.backend import open_ports  # noqa: PLC0415 - importing this package costs nothing
    from commitcollect_core.app import assemble  # noqa: PLC0415 - the same
    from commitcollect_core.policy import DEFAULT_POLICY  # noqa: PLC0415 - the same

    limits = policy or DEFAULT_POLICY
    with open_ports(fspath(address), limits, must_exist=must_exist) as ports:
        yield assemble(ports, limits)


@contextmanager
def open_sqlite(
    path: str | PathLike[str], *, policy: Policy | None = None, must_exist: bool = False
) -> Iterator[CommitCollect]:
    """Milestones and workouts in a SQLite file; arguments and errors as in `open_store`.

    Several processes may have the file open.
    """
    with open_store(path, policy=policy, must_exist=must_exist) as app:
        yield app


@contextmanager
def in_memory(*, policy: Policy | None = None) -> Iterator[CommitCollect]:
    """Milestones and workouts that last as long as the context, for tests and for trying things out."""
    with open_store("memory:", policy=policy) as app:
        yield app
