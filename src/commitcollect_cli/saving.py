"""Writing the files a command makes, without touching those of the user."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from commitcollect_core.errors import Conflict, StorageError


def save(
    contents: Mapping[Path, bytes], *, folder: Path | None, force: bool, asked_as: str = "--out"
) -> None:
    """Write the files; none if one of them may not be written.

    `folder` is made for them if it is not there; messages name the option or argument `asked_as`.

    Raises:
        Conflict: a file exists, and `force` is not given or it is no plain file (``file_exists``).
        StorageError: the system refuses.
    """
    try:
        for path in filter(os.path.lexists, contents):
            _check_may_go(path, force=force, asked_as=asked_as)
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        for path, content in contents.items():
            _write_one(path, content)
    except OSError as refused:
        where = folder or next(iter(contents))
        raise StorageError(f"cannot write {where}: {refused.strerror}; give another {asked_as}") from refused


def _check_may_go(path: Path, *, force: bool, asked_as: str) -> None:
    if path.is_symlink() or not path.is_file():
        raise Conflict(
            f"{path} is not a plain file; give another {asked_as}", code="file_exists", field="out"
        )
    if not force:
        raise Conflict(
            f"{path} exists; give another {asked_as}, or --force to overwrite it",
            code="file_exists",
            field="out",
        )


def _write_one(path: Path, content: bytes) -> None:
    """Write beside the path and rename: a file that is there is whole."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        scratch.write_bytes(content)
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
