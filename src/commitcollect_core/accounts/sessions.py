"""Sessions: which user a browser is signed in as.

The store's key is the hash of the secret in the cookie, so that a reader of the store cannot sign in.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from attrs import evolve, field, frozen

from commitcollect_core.clocks import is_ahead
from commitcollect_core.errors import Unauthenticated
from commitcollect_core.policy import Policy
from commitcollect_core.values import UserId, utc

USER_AGENT_CHARS_MAX = 512
"""What browsers say of themselves has no limit of its own."""


def cut_user_agent(user_agent: str) -> str:
    """A user agent of at most `USER_AGENT_CHARS_MAX`."""
    return user_agent[:USER_AGENT_CHARS_MAX]


def session_id_of(secret: str) -> str:
    """The id of the session with this secret; also the digest that binds a sign-in to its browser."""
    from hashlib import sha256  # noqa: PLC0415 - loads OpenSSL, which counting workouts does not need

    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


@frozen(kw_only=True)
class Session:
    """A signed-in browser.

    Attributes:
        session_id: the SHA-256 of the cookie's secret, in hexadecimal digits.
        user_agent: what the browser said of itself at the sign-in; cut at `USER_AGENT_CHARS_MAX`.
        expires_at: the end, whatever happens.
        last_seen_at: the idle limit counts from here.
    """

    session_id: str = field(repr=False)
    user_id: UserId
    created_at: datetime = field(converter=utc)
    last_seen_at: datetime = field(converter=utc)
    expires_at: datetime = field(converter=utc)
    user_agent: str = field(default="", converter=cut_user_agent)

    def is_valid(self, *, now: datetime, policy: Policy) -> bool:
        """Whether it still authenticates its user.

        A store may delete expired sessions days late. A session issued or used by a clock that was too far
        ahead is none: it could live longer than a session may.
        """
        life, idle = policy.accounts.session_seconds, policy.accounts.session_idle_seconds
        # The end of idleness against now is the last use against as long before now.
        unused_since = now - timedelta(seconds=idle)
        return is_ahead(self.expires_at, now=now, span_seconds=life, policy=policy) and is_ahead(
            self.last_seen_at, now=unused_since, span_seconds=idle, policy=policy
        )

    def seen(self, *, now: datetime, policy: Policy) -> Session | None:
        """The session after it was used.

        None while that is not worth a write.
        """
        if now - self.last_seen_at < timedelta(seconds=policy.accounts.session_touch_seconds):
            return None
        return evolve(self, last_seen_at=now)


def issue(
    session_id: str, user_id: UserId, *, user_agent: str = "", now: datetime, policy: Policy
) -> Session:
    """A new session."""
    return Session(
        session_id=session_id,
        user_id=user_id,
        created_at=now,
        last_seen_at=now,
        expires_at=now + timedelta(seconds=policy.accounts.session_seconds),
        user_agent=user_agent,
    )


def check(session: Session | None, *, now: datetime, policy: Policy) -> Session:
    """The session, if it is valid.

    Raises:
        Unauthenticated: it does not exist or has run out.
    """
    if session is None or not session.is_valid(now=now, policy=policy):
        raise Unauthenticated("the session has ended; sign in again", code="invalid_session")
    return session
