"""Sealing with keys of one's own: AES-256-GCM, bound to item, row and field.

A sealed text reads ``v1.KEY.TEXT``: the id of the key, which is made of the key itself, and nonce and
ciphertext in base64. The first key of the ring seals; the others open what they once sealed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import sha256

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from commitcollect_adapters.ciphers.keys import parse_keys
from commitcollect_adapters.ciphers.sealing import altered, decrypt, encrypt
from commitcollect_core.errors import SealBroken
from commitcollect_core.policy import DEFAULT_POLICY, Policy
from commitcollect_core.strava.ports import SealContext

FORMAT = "v1"
_SEALED = re.compile(rf"{FORMAT}\.([0-9a-f]{{16}})\.([A-Za-z0-9_=-]+)")


class LocalCipher:
    """Implements `TokenCipher` with a ring of keys."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Seal with the first of `keys`, each of 32 bytes, and open with all of them."""
        self._ring = {key_id(key): AESGCM(key) for key in keys}
        self._current = key_id(keys[0])

    @classmethod
    def parse(cls, text: str, _policy: Policy = DEFAULT_POLICY) -> LocalCipher:
        """Read keys; errors as in `parse_keys`. No call is made, so the policy has no say."""
        return cls(parse_keys(text))

    def seal(self, plain: str, context: SealContext) -> str:
        """See `TokenCipher`."""
        sealed = encrypt(self._ring[self._current], plain, context, FORMAT, self._current)
        return f"{FORMAT}.{self._current}.{sealed}"

    def unseal(self, sealed: str, context: SealContext) -> str:
        """See `TokenCipher`."""
        parts = _SEALED.fullmatch(sealed)
        if parts is None:
            raise altered(context)
        key_named, text = parts.groups()
        key = self._ring.get(key_named)
        if key is None:
            raise SealBroken(
                f"{context.field} of {context.item} was sealed with the key {key_named}, which is not known "
                f"here; put that key behind the current one, {self._current}"
            )
        return decrypt(key, text, context, FORMAT, key_named)


def key_id(key: bytes) -> str:
    """What names a key without telling it."""
    return sha256(b"commitcollect key id" + key).hexdigest()[:16]
