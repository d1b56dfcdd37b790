"""Sealing with keys of one's own: AES-256-GCM, bound to item, row and field.

A sealed text reads ``v1.KEY.TEXT``: the id of the key, which is made of the key itself, and nonce and
ciphertext in base64. The first key of the ring seals; the others open what they once sealed.
"""

from __future__ import annotations

import json
import os
import stat
from base64 import b64decode, b64encode, urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from commitcollect_core.errors import InvalidInput, SealBroken
from commitcollect_core.service_ports import SealContext

FORMAT = "v1"
KEY_BYTES = 32
KEYS_MAX = 20
NONCE_BYTES = 12
_KEY_ID_DIGITS = 16
_OTHERS_MAY = stat.S_IRWXG | stat.S_IRWXO


def new_key() -> str:
    """A fresh random key, as `LocalCipher.parse` reads it."""
    return b64encode(os.urandom(KEY_BYTES)).decode()


def create_key_file(path: Path) -> None:
    """Make a file with a fresh key that its owner alone may read; one that is there stays.

    Raises:
        InvalidInput: it cannot be made.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    except OSError as refused:
        raise InvalidInput(
            f"cannot make the key file {path}: {refused.strerror}", field="seal_key_file"
        ) from refused
    with os.fdopen(descriptor, "w") as file:
        file.write(new_key() + "\n")
        file.flush()
        os.fsync(file.fileno())


def read_key_file(path: Path) -> str:
    """The keys in a file.

    Raises:
        InvalidInput: it cannot be read, or others may read it.
    """
    try:
        with path.open(encoding="ascii") as file:
            if os.fstat(file.fileno()).st_mode & _OTHERS_MAY:
                raise InvalidInput(
                    f"others may read the key file {path}; close it with: chmod 600 {path}",
                    field="seal_key_file",
                )
            return ",".join(file.read().split())
    except OSError as refused:
        raise InvalidInput(
            f"cannot read the key file {path}: {refused.strerror}", field="seal_key_file"
        ) from refused
    except UnicodeDecodeError as other:
        raise InvalidInput(f"{path} is not a key file", field="seal_key_file") from other


class LocalCipher:
    """Implements `TokenCipher` with a ring of keys."""

    def __init__(self, keys: list[bytes]) -> None:
        """Seal with the first of `keys`, each of `KEY_BYTES`, and open with all of them."""
        self._ring = {_key_id(key): AESGCM(key) for key in keys}
        self._current = _key_id(keys[0])

    @classmethod
    def parse(cls, text: str) -> LocalCipher:
        """Read keys: base64, with commas between, the current one first.

        Raises:
            InvalidInput: one is no key, or there is none. No key is shown.
        """
        parts = [part.strip() for part in text.split(",") if part.strip()]
        if not 1 <= len(parts) <= KEYS_MAX:
            raise InvalidInput(f"give 1 to {KEYS_MAX} keys to seal with, not {len(parts)}", field="seal_keys")
        return cls([_parsed(part, place) for place, part in enumerate(parts, start=1)])

    def seal(self, plain: str, context: SealContext) -> str:
        """See `TokenCipher`."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._ring[self._current].encrypt(nonce, plain.encode(), _bound_to(context, self._current))
        return f"{FORMAT}.{self._current}.{urlsafe_b64encode(nonce + sealed).decode()}"

    def unseal(self, sealed: str, context: SealContext) -> str:
        """See `TokenCipher`."""
        version, _, rest = sealed.partition(".")
        key_id, _, text = rest.partition(".")
        if version != FORMAT or key_id not in self._ring:
            raise SealBroken(
                f"{context.field} of {context.item} was sealed with a key that is not known here, "
                f"{key_id[:_KEY_ID_DIGITS]!r}; add it behind the current one"
            )
        try:
            data = _decoded(text)
            plain = self._ring[key_id].decrypt(
                data[:NONCE_BYTES], data[NONCE_BYTES:], _bound_to(context, key_id)
            )
        except (InvalidTag, NotBase64, ValueError) as broken:
            raise SealBroken(
                f"{context.field} of {context.item} was altered or moved; it cannot be used"
            ) from broken
        return plain.decode()


def _decoded(text: str) -> bytes:
    """The bytes, from the one way to write them: the decoder alone would pass over what does not belong."""
    data = urlsafe_b64decode(text.encode("ascii"))
    if urlsafe_b64encode(data).decode() != text:
        raise NotBase64("not as it was written")
    return data


def _parsed(text: str, place: int) -> bytes:
    try:
        key = b64decode(text, validate=True)
    except (NotBase64, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise InvalidInput(
            f"key {place} to seal with is not {KEY_BYTES} bytes in base64; make one with: "
            "commitcollect config new-key",
            field="seal_keys",
        )
    return key


def _key_id(key: bytes) -> str:
    return sha256(b"commitcollect key id" + key).hexdigest()[:_KEY_ID_DIGITS]


def _bound_to(context: SealContext, key_id: str) -> bytes:
    """What a seal is good for, written so that no two contexts are written alike."""
    return json.dumps([FORMAT, key_id, context.item, context.row, context.field]).encode()
