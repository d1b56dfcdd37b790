"""Keys to seal with: fresh ones, and the files they are kept in."""

from __future__ import annotations

import errno
import os
import stat
from base64 import b64decode, b64encode
from pathlib import Path
from secrets import token_hex

from commitcollect_core.errors import InvalidInput

KEY_BYTES = 32
KEYS_MAX = 20
_FILE_BYTES_MAX = 10_000
_OTHERS_MAY = stat.S_IRWXG | stat.S_IRWXO


FIELD = "seal_key_file"
"""The setting that names the file."""


def new_key() -> str:
    """A fresh random key, as `parse_keys` reads it."""
    return b64encode(os.urandom(KEY_BYTES)).decode()


def parse_keys(text: str, field: str = "seal_keys") -> list[bytes]:
    """Read keys: base64, with commas or white space between, the current one first.

    Args:
        text: the keys.
        field: the setting they come from.

    Raises:
        InvalidInput: one is no key or appears twice, or there is none. No key is shown.
    """
    parts = text.replace(",", " ").split()
    if not 1 <= len(parts) <= KEYS_MAX:
        raise InvalidInput(f"give 1 to {KEYS_MAX} keys to seal with, not {len(parts)}", field=field)
    keys = [_parsed(part, place, field) for place, part in enumerate(parts, start=1)]
    if len(set(keys)) < len(keys):
        raise InvalidInput("a key to seal with is given twice; leave one of them out", field=field)
    return keys


def _parsed(text: str, place: int, field: str) -> bytes:
    try:
        key = b64decode(text, validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise InvalidInput(
            f"key {place} to seal with is not {KEY_BYTES} bytes in base64; make one with: "
            "commitcollect config new-key",
            field=field,
        )
    return key


def create_key_file(path: Path) -> None:
    """Make a file with a fresh key that its owner alone may read; one that is there stays.

    It appears with the key in it, so that no reader finds an incomplete one.

    Raises:
        InvalidInput: it cannot be made.
    """
    if path.exists():
        return  # also on a full disk, where no draft can be written
    draft = path.with_name(f"{path.name}.{token_hex(8)}")
    try:
        try:
            _write_durably(draft, new_key() + "\n")
            os.link(draft, path)
        finally:
            draft.unlink(missing_ok=True)
    except FileExistsError:
        return
    except OSError as refused:
        raise _unusable(path, f"cannot be made: {refused.strerror}") from refused


def _write_durably(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def read_key_file(path: Path) -> str:
    """The keys in a file, as `parse_keys` reads them.

    Raises:
        InvalidInput: it cannot be read, it is a link, or others than its owner may read it.
    """
    try:
        # Without waiting, or a pipe in its place would keep the program from starting for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            _check_private(path, os.fstat(file.fileno()))
            return file.read(_FILE_BYTES_MAX).decode("ascii")
    except OSError as refused:
        if refused.errno == errno.ELOOP:
            raise _unusable(path, "is a link; name the file itself") from refused
        if not os.path.exists(path):  # noqa: PTH110 - unlike pathlib's, it fails on no name
            # Without the name: the key itself may stand in its place.
            raise InvalidInput(f"the key file cannot be read: {refused.strerror}", field=FIELD) from refused
        raise _unusable(path, f"cannot be read: {refused.strerror}") from refused
    except UnicodeDecodeError as other:
        raise _unusable(path, "holds something else") from other
    except ValueError as no_name:
        raise InvalidInput("the key file has no name that a file can have", field=FIELD) from no_name


def _check_private(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise _unusable(path, "is no file")
    if status.st_uid not in {os.geteuid(), 0}:
        raise _unusable(path, "belongs to another user, who knows the keys in it")
    if status.st_mode & _OTHERS_MAY:
        raise _unusable(path, f"can be read by others; close it with: chmod 600 {path}")


def _unusable(path: Path, why: str) -> InvalidInput:
    return InvalidInput(f"the key file {path} {why}", field=FIELD)
