"""Reading an export back: every file is checked against the manifest before anything is taken over."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Any
from zipfile import BadZipFile, ZipFile

from attrs import frozen

from commitcollect_adapters.exports.writing import EXPORT_VERSION, MANIFEST, file_of
from commitcollect_adapters.readers.strict_json import parse_document
from commitcollect_adapters.records import accounts, ledger
from commitcollect_adapters.records.columns import RecordKind
from commitcollect_core.accounts.importing import ExportedAccount
from commitcollect_core.accounts.registry import ItemType
from commitcollect_core.errors import CorruptItem, InvalidInput, NotFound
from commitcollect_core.training.ledger import LedgerHead
from commitcollect_core.values import MilestoneId

MANIFEST_BYTES_MAX = 1_000_000
LINE_BYTES_MAX = 1_000_000
FILE_BYTES_MAX = 4_000_000_000
"""Of one file once it is unpacked; ten million workouts have less."""

_CHUNK_BYTES = 1 << 20
_Opens = Callable[[str], AbstractContextManager[IO[bytes]]]


@frozen(kw_only=True)
class OpenedExport:
    """An export that was checked.

    Attributes:
        account: what it brings back; its workouts are read while the export is open.
        state_digest: of the ledger it was made of.
    """

    account: ExportedAccount
    state_digest: str


@contextmanager
def opened_export(path: Path) -> Iterator[OpenedExport]:
    """Open an export, a folder or a zip.

    Raises:
        NotFound: there is none.
        InvalidInput: it is not whole, or not as it was written (``export_damaged``).
    """
    if not path.exists():
        raise NotFound(f"there is no export at {path}", code="file_not_found")
    if path.is_dir():
        yield _checked(lambda name: (path / name).open("rb"), path)
        return
    try:
        with ZipFile(path) as archive:
            yield _checked(archive.open, path)
    except BadZipFile as broken:
        raise _damaged(path, "it is no zip") from broken


def _damaged(path: Path, why: str) -> InvalidInput:
    return InvalidInput(
        f"the export {path} cannot be read: {why}; export again, or take another copy",
        code="export_damaged",
        field="path",
    )


def _checked(opens: _Opens, path: Path) -> OpenedExport:
    manifest = _manifest(opens, path)
    files = {each["name"]: each for each in manifest["files"]}
    for item in (
        ItemType.LEDGER_HEAD,
        ItemType.PROFILE,
        ItemType.WORKOUT,
        ItemType.MILESTONE,
        ItemType.AWARD,
    ):
        _check_file(opens, file_of(item), files, path)
    heads = list(_values(opens, path, ItemType.LEDGER_HEAD, ledger.HEAD))
    profiles = list(_values(opens, path, ItemType.PROFILE, accounts.PROFILE))
    awards: dict[MilestoneId, list[Any]] = {}
    for award in _values(opens, path, ItemType.AWARD, ledger.AWARD):
        awards.setdefault(award.milestone_id, []).append(award)
    account = ExportedAccount(
        head=heads[0] if heads else LedgerHead(),
        profile=profiles[0] if profiles else None,
        workouts=_values(opens, path, ItemType.WORKOUT, ledger.WORKOUT),
        milestones=tuple(_values(opens, path, ItemType.MILESTONE, ledger.MILESTONE)),
        awards={milestone_id: tuple(each) for milestone_id, each in awards.items()},
    )
    return OpenedExport(account=account, state_digest=manifest["stateDigest"])


def _manifest(opens: _Opens, path: Path) -> Mapping[str, Any]:
    try:
        with opens(MANIFEST) as stream:
            manifest = parse_document(stream.read(MANIFEST_BYTES_MAX))
        if manifest["exportVersion"] != EXPORT_VERSION:
            raise _damaged(
                path,
                f"it is of version {manifest['exportVersion']!r}; this program reads "
                f"version {EXPORT_VERSION}",
            )
        files = [(each["name"], each["bytes"], each["sha256"]) for each in manifest["files"]]
        if not isinstance(manifest["stateDigest"], str) or not all(type(size) is int for _, size, _ in files):
            raise _damaged(path, "its manifest is not one of ours")
    except (OSError, KeyError) as missing:
        raise _damaged(path, f"{MANIFEST} is missing, so it was never finished") from missing
    except (TypeError, InvalidInput) as other:
        if isinstance(other, InvalidInput) and other.code == "export_damaged":
            raise
        raise _damaged(path, "its manifest is not one of ours") from other
    found: Mapping[str, Any] = manifest
    return found


def _check_file(opens: _Opens, name: str, files: Mapping[str, Any], path: Path) -> None:
    """Compare a file with the manifest, without holding it."""
    entry = files.get(name)
    if entry is None or entry["bytes"] > FILE_BYTES_MAX:
        raise _damaged(path, f"its manifest does not list {name}, or lists too much")
    hashed, left = hashlib.sha256(), entry["bytes"]
    try:
        with opens(name) as stream:
            # Never more than the manifest says: a zip may unpack to any length.
            while chunk := stream.read(min(_CHUNK_BYTES, left + 1)):
                left -= len(chunk)
                hashed.update(chunk)
                if left < 0:
                    break
    except (OSError, KeyError, BadZipFile, EOFError) as missing:
        raise _damaged(path, f"{name} is missing or broken") from missing
    if left or hashed.hexdigest() != entry["sha256"]:
        raise _damaged(path, f"{name} is not as it was written")


def _values(opens: _Opens, path: Path, item: ItemType, kind: RecordKind[Any]) -> Iterator[Any]:
    """The values of a file, line by line."""
    name = file_of(item)
    with opens(name) as stream:
        number = 0
        while line := stream.readline(LINE_BYTES_MAX):
            number += 1
            try:
                row = parse_document(line)
                yield kind.decode(tuple(row.get(column) for column in kind.columns))
            except (InvalidInput, CorruptItem, AttributeError) as unreadable:
                raise _damaged(path, f"line {number} of {name} cannot be read") from unreadable
