"""A training history from a file of any kind, row by row."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import chain
from pathlib import Path

from commitcollect_adapters.readers.archives import read_archive, read_folder
from commitcollect_adapters.readers.csv_records import sniff
from commitcollect_adapters.readers.fields import cause, clean_text, encoding_of
from commitcollect_adapters.readers.rows import Desk, Rejected, Row, UnreadableHistory
from commitcollect_adapters.readers.strava_json import read_api_list
from commitcollect_adapters.readers.tables import read_table
from commitcollect_core.errors import NotFound
from commitcollect_core.policy import Policy
from commitcollect_core.values import utc

SNIFFED_BYTES = 65_536
"""How much of a file is looked at to tell what it is."""

CELLS_MIN = 4
"""A line with fewer cells is no header of a table."""

_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
_JSON_START = re.compile(r"\ufeff?\s*[\[{]")
_RECORDINGS = frozenset({".fit", ".gpx", ".tcx"})
_CURE = "give Strava's export .zip or its folder, a table of activities as .csv or a .json list of activities"
_OTHER_ARCHIVES = ((b"7z\xbc\xaf", ".7z"), (b"Rar!", ".rar"), (b"\x1f\x8b", ".gz"))

_Reader = Callable[[Path, Desk], Iterator[Row]]
_BY_SUFFIX: dict[str, _Reader] = {
    ".zip": read_archive,
    ".csv": read_table,
    ".json": read_api_list,
    ".jsonl": read_api_list,
    ".ndjson": read_api_list,
}


def read_history(path: Path, *, policy: Policy, now: datetime, shown_as: str | None = None) -> Iterator[Row]:
    """Yield a row per activity, in the file's order.

    A bad row never stops the others.

    What cannot be read at all raises here and now, before the first row is asked for. A file that breaks off
    later ends with a `Rejected` that says where.

    Args:
        path: an ``export_….zip``, the folder it was unpacked to, a table or a JSON file of activities.
        policy: the limits that accepted snapshots keep; what is beyond them is set aside with a remark.
        now: workouts may not start later, give or take the policy's allowance for clocks.
        shown_as: what messages call the file; its path by default.

    Raises:
        NotFound: there is no such file.
        UnreadableHistory: it is not readable, or nothing in it is.
    """
    file = clean_text(shown_as or str(path))
    read = _reader(path, file)
    rows = _reported(read(path, Desk(file=file, policy=policy, now=utc(now))), file)
    first = next(rows, None)
    return iter(()) if first is None else chain((first,), rows)


def _reader(path: Path, file: str) -> _Reader:
    start = _start(path, file)
    if start is None:
        return read_folder
    if start.startswith(_ZIP_STARTS):
        return read_archive
    if not start.strip():
        raise UnreadableHistory(file, "the file is empty")
    if read := _BY_SUFFIX.get(path.suffix.lower()):
        return read
    text = start.decode(encoding_of(start), "replace")
    if _JSON_START.match(text):
        return read_api_list
    if "\0" not in text and text.partition("\n")[0].count(sniff(start).delimiter) >= CELLS_MIN - 1:
        return read_table
    for mark, kind in _OTHER_ARCHIVES:
        if start.startswith(mark):
            raise UnreadableHistory(
                file, f"unknown format: a {kind} archive; unpack it and give the folder or the file in it"
            )
    suffix = Path(file).suffix.lower()
    if suffix in _RECORDINGS:
        raise UnreadableHistory(
            file, f"unknown format: a {suffix} file records one workout, and recordings are not read; {_CURE}"
        )
    raise UnreadableHistory(file, f"unknown format; {_CURE}")


def _start(path: Path, file: str) -> bytes | None:
    """The file's first bytes; None for a folder."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            return None
        if not stat.S_ISREG(mode):
            raise UnreadableHistory(file, "this is not a regular file; give the file itself")
        with path.open("rb") as stream:
            return stream.read(SNIFFED_BYTES)
    except FileNotFoundError as error:
        raise NotFound(f"{file}: there is no such file; check the path", code="file_not_found") from error
    except PermissionError as error:
        raise UnreadableHistory(file, "no permission to read the file; change it or copy the file") from error
    except (OSError, ValueError) as error:
        raise UnreadableHistory(file, f"the file cannot be opened: {cause(error)}") from error


def _reported(rows: Iterator[Row], file: str) -> Iterator[Row]:
    """Turn a break-off into a last row, if others came before."""
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
