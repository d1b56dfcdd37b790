"""Readers: an athlete's training history from a file, one row at a time.

`read_history` recognises Strava's bulk export (the archive or its ``activities.csv``) and lists of activities
as Strava's API returns them. `snapshot_from_activity` reads a single payload of that API.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import chain
from pathlib import Path

from commitcollect_adapters.readers.bulk_export import read_archive, read_table
from commitcollect_adapters.readers.demo import demo_history
from commitcollect_adapters.readers.fields import cause, clean_text
from commitcollect_adapters.readers.rows import Accepted, Desk, Rejected, Row, UnreadableHistory
from commitcollect_adapters.readers.strava_json import read_api_list, snapshot_from_activity
from commitcollect_core.errors import NotFound
from commitcollect_core.policy import Policy
from commitcollect_core.values import utc

__all__ = [
    "Accepted",
    "Rejected",
    "Row",
    "UnreadableHistory",
    "demo_history",
    "read_history",
    "snapshot_from_activity",
]

SNIFFED_BYTES = 4_096
"""How much of a file is looked at to tell what it is."""

_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
_JSON_START = re.compile(rb"(?:\xef\xbb\xbf)?\s*[\[{]")

_Reader = Callable[[Path, Desk], Iterator[Row]]
_BY_SUFFIX: dict[str, _Reader] = {".zip": read_archive, ".csv": read_table, ".json": read_api_list}


def read_history(path: Path, *, policy: Policy, now: datetime) -> Iterator[Row]:
    """Yield a row per activity in the file, in the file's order; one bad row never stops the others.

    What cannot be read at all raises here and now, before the first row is asked for. A file that breaks off
    later ends with a `Rejected` that says where.

    Args:
        path: an ``export_….zip``, an ``activities.csv`` or a JSON list of activities.
        policy: the limits every accepted snapshot has been checked against.
        now: workouts may not start later, give or take the policy's allowance for clocks.

    Raises:
        NotFound: there is no such file.
        UnreadableHistory: it is not readable, or nothing in it is.
    """
    file = clean_text(str(path))
    read = _reader(path, file)
    rows = _reported(read(path, Desk(file=file, policy=policy, now=utc(now))), file)
    first = next(rows, None)
    return iter(()) if first is None else chain((first,), rows)


def _reader(path: Path, file: str) -> _Reader:
    start = _start(path, file)
    if start.startswith(_ZIP_STARTS):
        return read_archive
    if not start.strip():
        raise UnreadableHistory(file, "the file is empty")
    if read := _BY_SUFFIX.get(path.suffix.lower()):
        return read
    if _JSON_START.match(start):
        return read_api_list
    raise UnreadableHistory(
        file, "unknown format; give Strava's export .zip, its activities.csv or a .json list of activities"
    )


def _start(path: Path, file: str) -> bytes:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            kind = "a directory" if path.is_dir() else "not a regular file"
            raise UnreadableHistory(file, f"this is {kind}; give the file itself")
        with path.open("rb") as stream:
            return stream.read(SNIFFED_BYTES)
    except FileNotFoundError as error:
        raise NotFound(f"{file}: there is no such file; check the path", code="file_not_found") from error
    except PermissionError as error:
        raise UnreadableHistory(file, "no permission to read the file; change it or copy the file") from error
    except (OSError, ValueError) as error:
        raise UnreadableHistory(file, f"the file cannot be opened: {cause(error)}") from error


def _reported(rows: Iterator[Row], file: str) -> Iterator[Row]:
    """Turn a break-off into a last row, unless there was none before it."""
    is_first = True
    try:
        for row in rows:
            is_first = False
            yield row
    except UnreadableHistory as error:
        if is_first:
            raise
        yield Rejected(file=error.file, row=error.row, reason=error.problem)
    except OSError as error:
        # The file went away, or lost its permissions, between a look at it and reading it.
        raise UnreadableHistory(file, f"the file cannot be opened: {cause(error)}") from error
