"""A ring of keys: rotation, and what is said when a key is missing."""

from __future__ import annotations

from base64 import b64encode

import pytest

from commitcollect_adapters.ciphers.local import LocalCipher, key_id
from commitcollect_core.errors import SealBroken
from commitcollect_core.strava.ports import SealContext

OLD, NEW = (bytes([number]) * 32 for number in range(2))
CONTEXT = SealContext("StravaConnection", "me", "accessToken")
SEALED_ONCE = "v1.4e3f81035707117b.om3zTNEKg8epNJ8PB6sgiKVMXKkh1oMYgN9rPpqa-cPzQj9A81yHZbWsy7Y="


def test_a_new_key_seals_and_the_old_one_opens() -> None:
    """Rotation: what was sealed before opens for as long as its key stands in the ring."""
    sealed_before = LocalCipher([OLD]).seal("token", CONTEXT)
    rotated = LocalCipher([NEW, OLD])
    assert rotated.unseal(sealed_before, CONTEXT) == "token"
    sealed_after = rotated.seal("token", CONTEXT)
    assert sealed_after.split(".")[1] == key_id(NEW)
    assert LocalCipher([NEW]).unseal(sealed_after, CONTEXT) == "token"


def test_a_missing_key_is_named() -> None:
    """After a step back to the old keys the error names the one that is missing, and the way out."""
    sealed = LocalCipher([NEW, OLD]).seal("token", CONTEXT)
    with pytest.raises(SealBroken, match=f"{key_id(NEW)}.*put that key behind the current one") as refused:
        LocalCipher([OLD]).unseal(sealed, CONTEXT)
    assert "accessToken of StravaConnection" in refused.value.message
    assert sealed.split(".")[2] not in refused.value.message


def test_a_text_under_another_keys_name_is_refused() -> None:
    """Naming a key that is known does not make it the one that sealed."""
    cipher = LocalCipher([NEW, OLD])
    sealed = cipher.seal("token", CONTEXT)
    with pytest.raises(SealBroken, match="altered or moved"):
        cipher.unseal(sealed.replace(key_id(NEW), key_id(OLD)), CONTEXT)


def test_a_ciphers_text_shows_no_key() -> None:
    """Neither as it is printed nor in what it keeps under its names."""
    cipher = LocalCipher([OLD, NEW])
    shown = repr(cipher) + repr(vars(cipher)) + key_id(NEW)
    for key in (OLD, NEW):
        assert not any(form in shown for form in (repr(key)[2:-1], key.hex(), b64encode(key).decode()))


def test_what_was_sealed_long_ago_still_opens() -> None:
    """The form of a sealed text is for good: tokens outlive releases."""
    assert LocalCipher([OLD]).unseal(SEALED_ONCE, CONTEXT) == "a token of today"
