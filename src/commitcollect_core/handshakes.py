"""Handshakes (OAuth's `state`) of sign-ins and links.

A browser leaves for another site and comes back. A handshake is used once, soon, and by the browser that
began it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from attrs import field, frozen

from commitcollect_core.clocks import is_ahead
from commitcollect_core.errors import InvalidInput
from commitcollect_core.policy import Policy
from commitcollect_core.values import UserId, utc


class HandshakePurpose(StrEnum):
    """What a handshake leads to."""

    SIGN_IN = "SIGN_IN"
    STRAVA = "STRAVA"


@frozen(kw_only=True)
class Handshake:
    """A sign-in or link that a browser began and has not finished.

    Attributes:
        state: random; the other site gives it back.
        binding: names the browser that began; only it may finish.
        user_id: who links; None for a sign-in.
        details: what finishing needs besides, such as a nonce.
    """

    state: str = field(repr=False)
    purpose: HandshakePurpose
    binding: str = field(repr=False)
    user_id: UserId | None = None
    details: Mapping[str, str] = field(factory=dict, repr=False)
    created_at: datetime = field(converter=utc)
    expires_at: datetime = field(converter=utc)


def begin_handshake(
    state: str,
    purpose: HandshakePurpose,
    binding: str,
    *,
    user_id: UserId | None = None,
    details: Mapping[str, str] | None = None,
    now: datetime,
    policy: Policy,
) -> Handshake:
    """A handshake that begins now."""
    return Handshake(
        state=state,
        purpose=purpose,
        binding=binding,
        user_id=user_id,
        details=details or {},
        created_at=now,
        expires_at=now + timedelta(seconds=policy.accounts.handshake_seconds),
    )


def check_handshake(
    taken: Handshake | None, purpose: HandshakePurpose, binding: str, *, now: datetime, policy: Policy
) -> Handshake:
    """The handshake, if it fits this purpose, browser and time.

    `taken` comes from the store.

    Raises:
        InvalidInput: it does not fit, or there was none; the message does not tell which.
    """
    from hmac import compare_digest  # noqa: PLC0415 - loads OpenSSL, which nothing else in the core needs

    span = policy.accounts.handshake_seconds
    is_good = (
        taken is not None
        and taken.purpose is purpose
        and is_ahead(taken.expires_at, now=now, span_seconds=span, policy=policy)
        and compare_digest(taken.binding.encode(), binding.encode())
    )
    if taken is None or not is_good:
        raise InvalidInput(
            "this link is not valid or has expired; start again",
            code="invalid_or_expired_state",
            field="state",
        )
    return taken


class HandshakeStore(Protocol):
    """Sign-ins and links under way."""

    def begin(self, handshake: Handshake) -> None:
        """Keep a handshake until it is taken or expires.

        Raises:
            AccountDeleting: it is a user's, whose ledger is fenced or whose account was deleted.
        """
        ...

    def take(self, state: str) -> Handshake | None:
        """Remove a handshake and return it, or None.

        Of several callers at once, one gets it and the others None.
        """
        ...
