"""Sessions and handshakes: who is at the browser, and which sign-in or link is under way.

A session is stored under the hash of the secret its cookie holds, so that nobody who reads the store can sign
in. A handshake (OAuth's state) is used once, soon, and by the browser that began it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from attrs import evolve, field, frozen

from commitcollect_core.errors import InvalidInput, Unauthenticated
from commitcollect_core.policy import Policy
from commitcollect_core.values import UserId, utc


@frozen(kw_only=True)
class Session:
    """A signed-in browser.

    Attributes:
        session_id: the SHA-256 of the cookie's secret, in hexadecimal digits.
        expires_at: the end, whatever happens.
        last_seen_at: the idle limit counts from here.
    """

    session_id: str = field(repr=False)
    user_id: UserId
    created_at: datetime = field(converter=utc)
    last_seen_at: datetime = field(converter=utc)
    expires_at: datetime = field(converter=utc)

    def is_valid(self, *, now: datetime, policy: Policy) -> bool:
        """Whether it still stands for its user; a store may delete expired ones days late."""
        idle_end = self.last_seen_at + timedelta(seconds=policy.session_idle_seconds)
        return now < min(self.expires_at, idle_end)

    def seen(self, *, now: datetime, policy: Policy) -> Session | None:
        """The session after it was used; None while that is not worth a write."""
        if now - self.last_seen_at < timedelta(seconds=policy.session_touch_seconds):
            return None
        return evolve(self, last_seen_at=now)


def issue(session_id: str, user_id: UserId, *, now: datetime, policy: Policy) -> Session:
    """A new session."""
    return Session(
        session_id=session_id,
        user_id=user_id,
        created_at=now,
        last_seen_at=now,
        expires_at=now + timedelta(seconds=policy.session_seconds),
    )


def check(session: Session | None, *, now: datetime, policy: Policy) -> Session:
    """The session, if it stands for somebody.

    Raises:
        Unauthenticated: it does not exist or has run out.
    """
    if session is None or not session.is_valid(now=now, policy=policy):
        raise Unauthenticated("the session has ended; sign in again", code="invalid_session")
    return session


class HandshakePurpose(StrEnum):
    """What a handshake leads to."""

    SIGN_IN = "SIGN_IN"
    STRAVA = "STRAVA"


@frozen(kw_only=True)
class Handshake:
    """A sign-in or link that has begun at this browser and is to come back from elsewhere.

    Attributes:
        state: random; what the other side gives back.
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
        expires_at=now + timedelta(seconds=policy.handshake_seconds),
    )


def check_handshake(
    taken: Handshake | None, purpose: HandshakePurpose, binding: str, *, now: datetime
) -> Handshake:
    """The handshake that was taken from the store, if it is for this purpose, browser and time.

    Raises:
        InvalidInput: it is not, or there was none; which of these is not said.
    """
    from hmac import compare_digest  # noqa: PLC0415 - loads OpenSSL, which nothing else in the core needs

    is_good = (
        taken is not None
        and taken.purpose is purpose
        and taken.expires_at > now
        and compare_digest(taken.binding.encode(), binding.encode())
    )
    if taken is None or not is_good:
        raise InvalidInput(
            "this link is not valid or has expired; start again",
            code="invalid_or_expired_state",
            field="state",
        )
    return taken
