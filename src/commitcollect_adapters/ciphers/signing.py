"""Signing receipts of deletions with a key of one's own: Ed25519 (RFC 8032)."""

from __future__ import annotations

from base64 import b64decode, b64encode
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from commitcollect_adapters.ciphers.keys import parse_keys
from commitcollect_core.errors import InvalidInput

_KEY_BYTES = 32


class LocalSigner:
    """Implements `ReceiptSigner`."""

    def __init__(self, seed: bytes) -> None:
        """Sign with the key that follows from a seed of 32 random bytes."""
        self._key = Ed25519PrivateKey.from_private_bytes(seed)

    @classmethod
    def parse(cls, text: str) -> LocalSigner:
        """Read a key as ``commitcollect config new-key`` prints it.

        Raises:
            InvalidInput: it is none, or there are several. No key is shown.
        """
        keys = parse_keys(text, "receipt_key")
        if len(keys) > 1:
            raise InvalidInput("give one key to sign receipts with, not several", field="receipt_key")
        return cls(keys[0])

    @property
    def public_key(self) -> str:
        """What checks the signatures; it may be shown to everybody."""
        return b64encode(self._key.public_key().public_bytes_raw()).decode()

    @property
    def key_id(self) -> str:
        """See `ReceiptSigner`."""
        return sha256(self._key.public_key().public_bytes_raw()).hexdigest()[:16]

    def sign(self, content: bytes) -> bytes:
        """See `ReceiptSigner`."""
        return self._key.sign(content)


def is_signed(public_key: str, content: bytes, signature: bytes) -> bool:
    """Whether a content has a signature by the owner of a public key.

    Raises:
        InvalidInput: that is no public key.
    """
    try:
        raw = b64decode(public_key.strip(), validate=True)
        key = Ed25519PublicKey.from_public_bytes(raw)
    except ValueError as unreadable:
        raise InvalidInput(
            f"the public key is not {_KEY_BYTES} bytes in base64, as 'commitcollect account public-key' "
            "prints it",
            field="public_key",
        ) from unreadable
    try:
        key.verify(signature, content)
    except InvalidSignature:
        return False
    return True
