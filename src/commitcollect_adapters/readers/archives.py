"""Finding the table of an export in its archive or folder.

Exports are often packed again: in one folder more, with Windows path separators, or an archive in an archive.
"""

from __future__ import annotations

import os
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TypeVar

from attrs import evolve

from commitcollect_adapters.readers.fields import cause
from commitcollect_adapters.readers.rows import Desk, Row, UnreadableHistory
from commitcollect_adapters.readers.tables import read_rows, read_table

_Each = TypeVar("_Each")

TABLE_NAME = "activities.csv"
TABLE_NAMES = (TABLE_NAME, "cardioactivities.csv")
"""Strava's and Runkeeper's, without regard to case."""

TABLE_BYTES_MAX = 512 * 1024**2
"""Unpacked. A row has about 1,000 bytes: half a million activities."""

TABLE_EXPANSION_MAX = 200
"""Unpacked over packed size, above `TABLE_EXPANSION_BYTES_MIN`. Real tables shrink to a fifth or a tenth."""

TABLE_EXPANSION_BYTES_MIN = 1024**2
INNER_ARCHIVE_BYTES_MAX = 16 * 1024**3
"""An export with all its photos, inside another archive."""

MEMBERS_MAX = 500_000
"""Files in the archive: a few per activity."""

FOLDER_LEVELS_MAX = 3
"""How deep the table is looked for in a folder."""

_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
# What zipfile raises at wrong bytes, found by trying; RuntimeError covers a method it does not implement.
_ZIP_FAULTS = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error,
    EOFError, OSError, RuntimeError, ValueError, OverflowError, IndexError,
)  # fmt: skip
_WORKBOOK = frozenset({"[content_types].xml", "content.xml"})
_ASIDE = re.compile(r"(?:__macosx|\..*)", re.IGNORECASE)
_COPY = re.compile(r"(activities|cardioactivities)(?: ?\([0-9]+\)| [0-9]+| copy)\.csv\Z", re.IGNORECASE)


def read_archive(path: Path, desk: Desk) -> Iterator[Row]:
    """Yield a row per activity of an export archive.

    Only its table of activities is read.

    Raises:
        UnreadableHistory: it is no archive, holds no table or one that is not to be trusted, or breaks off.
    """
    with path.open("rb") as stream:
        yield from _read_archive(stream, desk, is_inner=False)


def read_folder(path: Path, desk: Desk) -> Iterator[Row]:
    """Yield a row per activity of an unpacked export.

    Raises:
        UnreadableHistory: it holds no table, or more than one.
    """
    found = _outermost([(tuple(each.relative_to(path).parts), each) for each in _files(path, desk.file)])
    if len(found) != 1:
        count = "several files" if found else "no file"
        raise UnreadableHistory(
            desk.file, f"this is a directory with {count} {TABLE_NAME}; give the file itself"
        )
    (table,) = found
    if table.stat().st_size == 0:
        raise UnreadableHistory(f"{desk.file}/{TABLE_NAME}", "the file is empty")
    yield from read_table(table, evolve(desk, file=f"{desk.file}/{TABLE_NAME}"))


def _files(folder: Path, file: str) -> Iterator[Path]:
    """The files of a folder, down to `FOLDER_LEVELS_MAX`; links are not followed."""
    seen = 0
    for parent, folders, names in os.walk(folder):
        depth = len(Path(parent).relative_to(folder).parts)
        if depth + 1 >= FOLDER_LEVELS_MAX:
            folders.clear()
        seen += len(names)
        if seen > MEMBERS_MAX:
            raise UnreadableHistory(file, f"the folder holds more than {MEMBERS_MAX:,} files; give the table")
        yield from (Path(parent, name) for name in names if not Path(parent, name).is_symlink())


def _outermost(candidates: Sequence[tuple[tuple[str, ...], _Each]]) -> list[_Each]:
    """The tables in the fewest folders.

    Copies under another name count only if there is none under the usual name.
    """
    for is_table in (_is_table, _is_copy):
        tables = [(len(parts), each) for parts, each in candidates if is_table(parts)]
        if tables:
            least = min(depth for depth, _ in tables)
            return [each for depth, each in tables if depth == least]
    return []


def _is_table(parts: tuple[str, ...]) -> bool:
    return parts[-1].lower() in TABLE_NAMES and not any(map(_ASIDE.fullmatch, parts))


def _is_copy(parts: tuple[str, ...]) -> bool:
    return _COPY.match(parts[-1]) is not None and not any(map(_ASIDE.fullmatch, parts))


def _parts(member: zipfile.ZipInfo) -> tuple[str, ...]:
    """The folders and the name of a member.

    Some tools on Windows write backslashes between them.
    """
    return tuple(part for part in re.split(r"[/\\]+", member.filename) if part not in {"", "."}) or ("",)


def _read_archive(stream: IO[bytes], desk: Desk, *, is_inner: bool) -> Iterator[Row]:
    try:
        with zipfile.ZipFile(stream) as archive:
            named = _named(archive, desk.file)
            found = _outermost(named)
            inner = [each for parts, each in named if parts[-1].lower().endswith(".zip")]
            if not found and len(inner) == 1 and not is_inner:
                with archive.open(_trusted(inner[0], INNER_ARCHIVE_BYTES_MAX, desk.file)) as packed:
                    yield from _read_archive(packed, desk, is_inner=True)
                return
            table = _only(found, named, desk.file)
            with archive.open(_trusted(table, TABLE_BYTES_MAX, desk.file)) as unpacked:
                # The member's folder is untrusted text of the archive, so the message does not repeat it.
                yield from read_rows(
                    unpacked, evolve(desk, file=f"{desk.file}/{TABLE_NAME}"), faults=_ZIP_FAULTS
                )
    except UnreadableHistory:
        raise
    except _ZIP_FAULTS as error:
        raise UnreadableHistory(
            desk.file, f"the archive is damaged ({cause(error)}); download it from Strava again"
        ) from error


def _named(archive: zipfile.ZipFile, file: str) -> list[tuple[tuple[str, ...], zipfile.ZipInfo]]:
    members = archive.infolist()
    if len(members) > MEMBERS_MAX:
        raise UnreadableHistory(
            file, f"the archive holds {len(members):,} files; at most {MEMBERS_MAX:,} are read"
        )
    return [(_parts(each), each) for each in members if not each.is_dir()]


def _only(
    found: Sequence[zipfile.ZipInfo], named: Sequence[tuple[tuple[str, ...], zipfile.ZipInfo]], file: str
) -> zipfile.ZipInfo:
    if not found and any(parts[-1].lower() in _WORKBOOK for parts, _ in named):
        raise UnreadableHistory(file, 'this is a workbook; save its sheet as "CSV UTF-8" and give that file')
    if len(found) != 1:
        count = "several" if found else "no"
        raise UnreadableHistory(
            file,
            f"the archive holds {count} {TABLE_NAME}; give it as Strava sent it, or the CSV file alone",
        )
    return found[0]


def _trusted(member: zipfile.ZipInfo, bytes_max: int, file: str) -> zipfile.ZipInfo:
    name = _parts(member)[-1]
    if problem := _distrust(member, bytes_max):
        raise UnreadableHistory(file, f"{name} {problem}")
    return member


def _distrust(member: zipfile.ZipInfo, bytes_max: int) -> str | None:
    # zipfile never unpacks more than the size stated here, so checking that is enough.
    if member.flag_bits & 0x1:
        return "is encrypted; unpack it with its password and give the CSV file"
    if member.compress_type not in _METHODS:
        return "is packed by an unusual method; unpack it and give the CSV file"
    if member.file_size == 0:
        return "is empty; request the export from Strava again"
    if member.file_size > bytes_max:
        return f"has {member.file_size:,} bytes unpacked; at most {bytes_max:,} are read"
    expansion = member.file_size / max(member.compress_size, 1)
    if member.file_size > TABLE_EXPANSION_BYTES_MIN and expansion > TABLE_EXPANSION_MAX:
        return f"unpacks to {expansion:,.0f} times its size; no real table goes beyond {TABLE_EXPANSION_MAX}"
    return None
