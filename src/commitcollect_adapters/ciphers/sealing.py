"""AES-256-GCM over texts, each bound to the place where it belongs."""

from __future__ import annotations

import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from commitcollect_core.errors import SealBroken
from commitcollect_core.strava.ports import SealContext

NONCE_BYTES = 12

_ANY_TEXT = "surrogatepass"
"""How texts become bytes: all of them, those included that are no proper Unicode."""


def encrypt(key: AESGCM, plain: str, context: SealContext, *label: str) -> str:
    """Seal a text for a context.

    Args:
        key: seals.
        plain: the text.
        context: where it belongs.
        label: what stands before the result in the sealed text, and must stand there when it is opened.

    Returns:
        A fresh nonce and the ciphertext, in base64.
    """
    nonce = os.urandom(NONCE_BYTES)
    data = key.encrypt(nonce, plain.encode(errors=_ANY_TEXT), _bound_to(context, label))
    return encoded(nonce + data)


def decrypt(key: AESGCM, text: str, context: SealContext, *label: str) -> str:
    """What `encrypt` sealed.

    Raises:
        SealBroken: something differs.
    """
    try:
        data = decoded(text)
        plain = key.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], _bound_to(context, label))
        return plain.decode(errors=_ANY_TEXT)
    except (InvalidTag, ValueError) as broken:
        raise altered(context) from broken


def altered(context: SealContext) -> SealBroken:
    """What is said of a sealed text that is not as it was, or not where it was."""
    return SealBroken(f"{context.field} of {context.item} was altered or moved; it cannot be used")


def encoded(data: bytes) -> str:
    """Bytes as letters, digits, ``-``, ``_`` and ``=``."""
    return urlsafe_b64encode(data).decode()


def decoded(text: str) -> bytes:
    """The bytes, from the one way to write them: the decoder alone would pass over what does not belong.

    Raises:
        ValueError: the text is not as `encoded` wrote it.
    """
    data = urlsafe_b64decode(text.encode("ascii"))
    if encoded(data) != text:
        raise NotBase64("not as it was written")
    return data


def _bound_to(context: SealContext, label: tuple[str, ...]) -> bytes:
    """What a seal is good for, written so that no two contexts are written alike."""
    return json.dumps([*label, context.item, context.row, context.field]).encode()
