"""Signing in with an identity provider, and signing out."""

from __future__ import annotations

import logging

from attrs import field, frozen

from commitcollect_core.accounts.identities import AuthorizationRequest, Identity
from commitcollect_core.accounts.ports import DeletionStore, IdentityProvider, ProfileStore
from commitcollect_core.accounts.profiles import UserProfile
from commitcollect_core.accounts.session_keeping import OpenedSession, SessionKeeping
from commitcollect_core.accounts.sessions import Session, session_id_of
from commitcollect_core.context import Context
from commitcollect_core.errors import (
    AccountDeleting,
    CommitCollectError,
    InvalidInput,
    Unauthenticated,
    VersionConflict,
)
from commitcollect_core.handshakes import HandshakePurpose, HandshakeStore, begin_handshake, check_handshake
from commitcollect_core.training.ledger import LedgerState
from commitcollect_core.training.ports import Ledger
from commitcollect_core.values import UserId

_log = logging.getLogger(__name__)

_NONCE, _CODE_VERIFIER, _RETURN_TO = "nonce", "codeVerifier", "returnTo"


@frozen(kw_only=True)
class SignInBegun:
    """A browser on its way to the identity provider.

    Attributes:
        address: where to send it.
        secret: for a cookie that the browser brings back; only its digest is stored.
    """

    address: str = field(repr=False)
    secret: str = field(repr=False)


@frozen(kw_only=True)
class SignedIn:
    """A person who has signed in.

    Attributes:
        is_new: whether this made the profile.
        return_to: what `SigningIn.begin` was given.
    """

    profile: UserProfile
    opened: OpenedSession
    is_new: bool
    return_to: str = ""


@frozen(kw_only=True)
class SignedOut:
    """A browser that has signed out.

    Attributes:
        address: where the identity provider signs it out, too; None if that is not known now.
        session: the one that was ended, if there was one.
    """

    address: str | None
    session: Session | None = None


def _refused() -> Unauthenticated:
    """One error for every reason, so that guesses learn nothing."""
    return Unauthenticated("the sign-in did not succeed; start again", code="sign_in_failed")


@frozen(kw_only=True, eq=False, repr=False)
class SigningIn:
    """Signs people in and out."""

    provider: IdentityProvider
    profiles: ProfileStore
    ledger: Ledger
    deletions: DeletionStore
    handshakes: HandshakeStore
    sessions: SessionKeeping
    context: Context

    def begin(self, *, return_to: str = "") -> SignInBegun:
        """Begin a sign-in.

        Args:
            return_to: names where the browser goes afterwards; the host checks it against its own list.

        Raises:
            UpstreamError: the identity provider cannot be asked where it signs people in.
        """
        ids = self.context.ids
        request = AuthorizationRequest(
            state=ids.handshake_state(), nonce=ids.secret(), code_verifier=ids.secret()
        )
        secret = ids.secret()
        details = {
            _NONCE: request.nonce,
            _CODE_VERIFIER: request.code_verifier,
            _RETURN_TO: return_to,
        }
        # The address first: a provider that is down leaves no handshake behind.
        address = self.provider.authorize_url(request)
        self.handshakes.begin(
            begin_handshake(
                request.state,
                HandshakePurpose.SIGN_IN,
                session_id_of(secret),
                details=details,
                now=self.context.now(),
                policy=self.context.policy,
            )
        )
        return SignInBegun(address=address, secret=secret)

    def finish(
        self,
        *,
        state: str,
        secret: str,
        code: str | None,
        replaced_secret: str = "",
        user_agent: str = "",
    ) -> SignedIn:
        """Finish a sign-in: check who came back, make the profile the first time, open a session.

        Args:
            state: as the provider gave it back.
            secret: from the browser's cookie; see `SignInBegun`.
            code: of the provider; None if it refused.
            replaced_secret: of the session this browser had before, which ends.
            user_agent: what the browser says of itself.

        Raises:
            Unauthenticated: state, browser, code or ID token are not good; the error does not tell which.
            AccountDeleting: the account is being deleted, or was.
            UpstreamError: the identity provider did not answer; start again.
            StorageError: the store failed; start again.
        """
        taken = self.handshakes.take(state)
        try:
            handshake = check_handshake(
                taken,
                HandshakePurpose.SIGN_IN,
                session_id_of(secret),
                now=self.context.now(),
                policy=self.context.policy,
            )
        except InvalidInput as invalid:
            raise _refused() from invalid
        if not code:
            raise _refused()
        details = handshake.details
        request = AuthorizationRequest(
            state=state, nonce=details[_NONCE], code_verifier=details[_CODE_VERIFIER]
        )
        profile, is_new = self._profile(self.provider.identify(code, request))
        opened = self._open(profile.user_id, user_agent)
        if replaced_secret:
            self._end_quietly(replaced_secret)
        return SignedIn(profile=profile, opened=opened, is_new=is_new, return_to=details[_RETURN_TO])

    def _profile(self, identity: Identity) -> tuple[UserProfile, bool]:
        """The profile of a person, and whether it was made now."""
        user_id = identity.user_id
        self._check_there(user_id)
        stored = self.profiles.read(user_id)
        if stored is not None:
            return stored, False
        made = UserProfile(
            user_id=user_id,
            email=identity.email,
            display_name=identity.name,
            provider_username=identity.username,
            created_at=self.context.now(),
        )
        try:
            self.profiles.write(made)
        except VersionConflict:
            # Another first sign-in of this person was quicker; its profile counts, and it is the sign-up.
            stored = self.profiles.read(user_id)
            if stored is None:
                raise
            return stored, False
        return made, True

    def _open(self, user_id: UserId, user_agent: str) -> OpenedSession:
        opened = self.sessions.begin(user_id, user_agent=user_agent)
        # Checked again behind the write: a deletion that began in between may have ended the sessions it saw,
        # and this one must not outlive the account (law 7).
        try:
            self._check_there(user_id)
        except AccountDeleting:
            self.sessions.end(opened.secret)
            raise
        return opened

    def _check_there(self, user_id: UserId) -> None:
        is_fenced = self.ledger.read_head(user_id).state is LedgerState.DELETING
        # Also where the head is gone, or was restored from a backup: the deletion itself is remembered.
        if is_fenced or self.deletions.read(self.deletions.id_of(user_id)) is not None:
            raise AccountDeleting("this account is being deleted, or was deleted")

    def sign_out(self, secret: str = "") -> SignedOut:
        """End the session of a cookie's secret. Never fails: what cannot be ended is logged."""
        session = self._end_quietly(secret)
        try:
            address: str | None = self.provider.logout_url()
        except CommitCollectError as failed:
            _log.warning("the identity provider's sign-out is not known: %s", failed.code)
            address = None
        return SignedOut(address=address, session=session)

    def _end_quietly(self, secret: str) -> Session | None:
        try:
            return self.sessions.end(secret)
        except CommitCollectError as failed:
            _log.warning("a session could not be ended: %s", failed.code)
            return None
