"""Writing an export: one file for each type of item, row by row, and the manifest last.

An export without its manifest is not complete: the process that wrote it ended before.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

from attrs import define, field

from commitcollect_adapters.records.columns import json_text
from commitcollect_core.accounts.exporting import EXPORTED, Exporting
from commitcollect_core.accounts.ports import Row
from commitcollect_core.accounts.registry import ItemType
from commitcollect_core.errors import Conflict, StorageError
from commitcollect_core.values import UserId

EXPORT_VERSION = 1
MANIFEST = "manifest.json"
WORKOUTS_CSV = "workouts.csv"

_CSV_COLUMNS = (
    "source", "activityId", "startDateUtc", "sportType", "activityName", "distanceMeters",
    "total_elevation_gain", "movingTimeSeconds", "elapsedTimeSeconds", "utcOffsetSeconds", "isFlagged",
    "deletedAtUtc",
)  # fmt: skip
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

_Opens = Callable[[str], AbstractContextManager[IO[bytes]]]


def file_of(item: ItemType) -> str:
    """The file of the items of a type."""
    return f"{item.value}.jsonl"


def write_folder(exporting: Exporting, user_id: UserId, folder: Path) -> dict[str, Any]:
    """Write an export into a folder that is empty or not there yet; returns the manifest.

    Raises:
        NotFound: nothing is stored of this user.
        Conflict: the folder has something in it (``file_exists``).
        StorageError: the system refuses, or the store fails.
    """
    exporting.check(user_id)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise Conflict(f"{folder} is not empty; give another --out", code="file_exists", field="out")
        return _written(exporting, user_id, lambda name: (folder / name).open("xb"))
    except OSError as refused:
        raise _refused(folder, refused) from refused


def write_zip_file(exporting: Exporting, user_id: UserId, path: Path) -> dict[str, Any]:
    """Write an export into a zip that is not there yet; returns the manifest. Errors as in `write_folder`."""
    exporting.check(user_id)
    scratch = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        if os.path.lexists(path):
            raise Conflict(f"{path} exists; give another --out", code="file_exists", field="out")
        descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                manifest = write_zip(exporting, user_id, stream)
            # Linked and not renamed, which would overwrite a file that has come meanwhile.
            os.link(scratch, path)
        finally:
            scratch.unlink(missing_ok=True)
    except OSError as refused:
        raise _refused(path, refused) from refused
    return manifest


def write_zip(exporting: Exporting, user_id: UserId, stream: IO[bytes]) -> dict[str, Any]:
    """Write an export as a zip to a stream that need not be seekable; returns the manifest.

    Raises:
        StorageError: the store fails; what is in the stream is no whole zip.
    """
    with ZipFile(stream, "w", ZIP_DEFLATED) as archive:
        return _written(exporting, user_id, lambda name: archive.open(name, "w", force_zip64=True))


def _refused(path: Path, refused: OSError) -> StorageError:
    return StorageError(f"cannot write {path}: {refused.strerror}; give another --out")


@define
class _Counted:
    """One file that is being written, and what the manifest says of it."""

    stream: IO[bytes]
    items: int = 0
    size: int = 0
    hashed: Any = field(factory=hashlib.sha256)

    def write(self, text: str) -> None:
        data = text.encode()
        self.stream.write(data)
        self.size += len(data)
        self.hashed.update(data)

    def entry(self, name: str) -> dict[str, Any]:
        return {"name": name, "items": self.items, "bytes": self.size, "sha256": self.hashed.hexdigest()}


def _written(exporting: Exporting, user_id: UserId, opens: _Opens) -> dict[str, Any]:
    before = exporting.ledger.read_head(user_id).version
    files = [_write_items(exporting, user_id, item, opens) for item in EXPORTED]
    files.append(_write_csv(exporting.rows(user_id, ItemType.WORKOUT), opens))
    manifest = {
        "exportVersion": EXPORT_VERSION,
        "userId": user_id,
        "exportedAtUtc": int(exporting.context.now().timestamp()),
        "stateDigest": exporting.state_digest(user_id),
        # A workout that came while the files were written may be in one and not in another.
        "isOfOneMoment": exporting.ledger.read_head(user_id).version == before,
        "files": files,
    }
    with opens(MANIFEST) as stream:
        stream.write(f"{json_text(manifest)}\n".encode())
    return manifest


def _write_items(exporting: Exporting, user_id: UserId, item: ItemType, opens: _Opens) -> dict[str, Any]:
    with opens(file_of(item)) as stream:
        counted = _Counted(stream)
        for row in exporting.rows(user_id, item):
            counted.write(f"{json_text(_readable(row))}\n")
            counted.items += 1
    return counted.entry(file_of(item))


def _readable(row: Row) -> dict[str, Any]:
    """A row as every store gives it: SQLite has numbers for truth values."""
    return {name: bool(value) if name.startswith("is") else value for name, value in row.items()}


def _write_csv(rows: Iterable[Row], opens: _Opens) -> dict[str, Any]:
    """Workouts for a spreadsheet."""
    with opens(WORKOUTS_CSV) as stream:
        counted = _Counted(stream)
        for line in _csv_lines(rows):
            counted.write(line)
            counted.items += 1
    counted.items -= 1  # the titles
    return counted.entry(WORKOUTS_CSV)


def _csv_lines(rows: Iterable[Row]) -> Iterator[str]:
    yield _csv_line(_CSV_COLUMNS)
    for row in rows:
        yield _csv_line([_cell(name, row.get(name)) for name in _CSV_COLUMNS])


def _csv_line(cells: Iterable[object]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()


def _cell(name: str, value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, int) and name.endswith("Utc"):
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    # A spreadsheet takes such a text for a formula and runs it; a name may be any text.
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value
