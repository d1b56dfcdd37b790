"""Sessions: opened at a sign-in, checked at every request, listed and revoked."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from attrs import field, frozen

from commitcollect_core.accounts.ports import SessionStore
from commitcollect_core.accounts.sessions import Session, check, issue, session_id_of
from commitcollect_core.context import Context
from commitcollect_core.errors import NotFound, StorageError
from commitcollect_core.values import UserId

_log = logging.getLogger(__name__)


@frozen(kw_only=True)
class OpenedSession:
    """A session that began now.

    Attributes:
        secret: for the cookie; nothing else holds it, and the store only its digest.
    """

    session: Session
    secret: str = field(repr=False)


@frozen(kw_only=True, eq=False, repr=False)
class SessionKeeping:
    """Opens, checks, lists and revokes sessions."""

    sessions: SessionStore
    context: Context

    def begin(self, user_id: UserId, *, user_agent: str = "") -> OpenedSession:
        """Begin a session under a new secret.

        Raises:
            StorageError: it could not be written; try again.
        """
        secret = self.context.ids.secret()
        session = issue(
            session_id_of(secret),
            user_id,
            user_agent=user_agent,
            now=self.context.now(),
            policy=self.context.policy,
        )
        self.sessions.write(session)
        return OpenedSession(session=session, secret=secret)

    def authenticate(self, secret: str) -> Session:
        """The session of a cookie's secret.

        Raises:
            Unauthenticated: there is none, or it has run out.
            StorageError: the store failed; nothing is known.
        """
        session = self.read(secret)
        seen = session.seen(now=self.context.now(), policy=self.context.policy)
        if seen is None:
            return session
        try:
            self.sessions.touch(seen)
        except StorageError as failed:
            # The session is valid all the same; the next request writes its use.
            _log.warning("the use of a session could not be written: %s", failed.code)
        return seen

    def read(self, secret: str) -> Session:
        """The session of a cookie's secret, as in `authenticate`; but that it is read is no use of it."""
        # By its key and consistently: a session that was revoked a moment ago must not pass.
        stored = self.sessions.read(session_id_of(secret))
        return check(stored, now=self.context.now(), policy=self.context.policy)

    def end(self, secret: str) -> Session | None:
        """End the session of a secret; the session, if there was one.

        Raises:
            StorageError: the store failed; the session may go on.
        """
        if not secret:
            return None
        session_id = session_id_of(secret)
        try:
            return self.sessions.read(session_id)
        finally:
            # Also when it cannot be read: what is damaged ends all the same.
            self.sessions.delete(session_id)

    def list(self, user_id: UserId) -> Sequence[Session]:
        """A user's valid sessions, the oldest first; one begun just now may be missing."""
        now, policy = self.context.now(), self.context.policy
        listed = self.sessions.of_user(user_id, limit=policy.accounts.sessions_listed_max)
        return [each for each in listed if each.is_valid(now=now, policy=policy)]

    def revoke(self, user_id: UserId, session_id: str) -> Session:
        """End one session of a user; returns it.

        Raises:
            NotFound: the user has no such session.
        """
        # Read by its key: the list may lag behind, and a session of another user must not be found.
        session = self.sessions.read(session_id)
        if session is None or session.user_id != user_id:
            raise NotFound("there is no such session", code="session_not_found")
        self.sessions.delete(session_id)
        return session

    def revoke_others(self, user_id: UserId, *, but: str | None = None) -> Sequence[Session]:
        """End a user's sessions, all but one; returns those that were ended.

        A session begun at this moment may be missed, as the list lags behind: call again to be sure.
        """
        ended: dict[str, Session] = {}
        while True:
            # A list that lags behind still shows those that were ended, so it is asked for more each time.
            limit = self.context.policy.accounts.sessions_listed_max + len(ended)
            listed = self.sessions.of_user(user_id, limit=limit)
            others = [each for each in listed if each.session_id != but and each.session_id not in ended]
            if not others:
                return tuple(ended.values())
            for each in others:
                self.sessions.delete(each.session_id)
                ended[each.session_id] = each
