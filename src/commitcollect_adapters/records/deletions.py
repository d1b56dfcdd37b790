"""How every store names deletions of accounts, by keyed hashes of user ids, and orders them."""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING

from commitcollect_adapters.records.columns import epoch

if TYPE_CHECKING:
    from commitcollect_core.accounts.deletion import DeletionRequest
    from commitcollect_core.values import UserId

_KEY_BYTES = 32


def new_key() -> str:
    """A fresh key, which the place that keeps deletions holds for ever."""
    return secrets.token_hex(_KEY_BYTES)


def id_of(key: str, user_id: UserId) -> str:
    """The id of the deletion of a user's account.

    Keyed, since a plain hash of a short user id is found by trying ids.
    """
    return hmac.digest(bytes.fromhex(key), f"deletion of {user_id}".encode(), "sha256").hex()


def place_of(request: DeletionRequest) -> str:
    """Where a deletion stands among others: in order of request, as text."""
    return f"{epoch(request.requested_at):010}#{request.request_id}"


def position_of(place: str | None) -> tuple[int, str]:
    """The time and the id in a place; those before every deletion for None."""
    second, _, request_id = (place or "-1#").partition("#")
    return int(second), request_id
