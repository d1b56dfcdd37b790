"""Keeping an athlete's tokens good: opened, renewed under a lease, and stored before they are used."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import assert_never

from attrs import evolve, frozen

from commitcollect_core.context import Context
from commitcollect_core.errors import (
    AccountDeleting,
    ConnectionBusy,
    NeedsReconnect,
    ScopeMissing,
    SealBroken,
    StorageUnavailable,
    StravaAppInactive,
    StravaAppRejected,
    StravaRateLimited,
    StravaUnavailable,
    TokenRefreshRejected,
    UpstreamError,
    VersionConflict,
)
from commitcollect_core.strava.connections import (
    ConnectionCommit,
    ConnectionStatus,
    Renew,
    StravaConnection,
    Unusable,
    Usable,
    Wait,
    broken,
    common_scope,
    leased,
    released,
    renewal_state,
    renewed,
    token_state,
)
from commitcollect_core.strava.ports import (
    ConnectionStore,
    SealContext,
    StravaApi,
    TokenCipher,
    TokenGrant,
)
from commitcollect_core.strava.rate_keeping import RateKeeping, reading_of
from commitcollect_core.strava.rates import Purpose, athlete_scope
from commitcollect_core.values import UserId

_log = logging.getLogger(__name__)

ACCESS_TOKEN = "accessToken"  # noqa: S105 - the name of an attribute
REFRESH_TOKEN = "refreshToken"  # noqa: S105 - the name of an attribute


def token_context(user_id: UserId, field: str) -> SealContext:
    """Where a token of a user's connection belongs."""
    return SealContext(item="StravaConnection", row=user_id, field=field)


@frozen(kw_only=True, eq=False)
class TokenKeeping:
    """Opens and renews the tokens of connections, and marks a connection whose tokens are of no use."""

    api: StravaApi
    connections: ConnectionStore
    cipher: TokenCipher
    rates: RateKeeping
    context: Context

    def usable(self, connection: StravaConnection, purpose: Purpose) -> tuple[StravaConnection, str]:
        """The connection and an access token that lasts for a call.

        Raises:
            NeedsReconnect, ScopeMissing: the connection does not work.
            ConnectionBusy: another process is renewing the tokens; `retry_at` says when to come back.
            UpstreamError: the tokens had to be renewed, and Strava did not.
        """
        now = self.context.now()
        state = token_state(connection, now=now, policy=self.context.policy)
        match state:
            case Usable():
                return connection, self.opened(connection, ACCESS_TOKEN)
            case Renew():
                return self.renew(connection, purpose)
            case Wait(until):
                raise self._busy(now, until)
            case Unusable():
                raise unusable(state)
            case _:
                assert_never(state)

    def renew(
        self,
        connection: StravaConnection,
        purpose: Purpose,
        judge: Callable[[StravaConnection], ConnectionStatus] | None = None,
    ) -> tuple[StravaConnection, str]:
        """Renew the tokens under a lease: the process that writes it first does, others come back later.

        `judge` tells the status of a connection whose refresh token Strava refuses; without one it needs the
        athlete to connect again.

        Raises:
            NeedsReconnect: Strava refuses the refresh token; the connection is marked.
            ConnectionBusy: another process has the lease, or has changed the tokens.
            UpstreamError: Strava did not renew them, or `judge` could not ask it; the lease is given back.
        """
        refresh_token = self.opened(connection, REFRESH_TOKEN)
        held = self._held(connection, purpose)
        try:
            grant = self.api.refresh(refresh_token)
        except TokenRefreshRejected as refused:
            raise self._refused(held, judge) from refused
        except UpstreamError as failed:
            # Nothing was renewed as far as we know: others need not wait for the lease to run out.
            self._committed(held, released(held, now=self.context.now()))
            if isinstance(failed, StravaRateLimited):
                raise self.rates.closed(reading_of(failed)) from failed
            if isinstance(failed, StravaAppInactive):
                raise self.rates.inactive(failed.message) from failed
            if isinstance(failed, StravaAppRejected):
                # Every refresh fails alike until the operator has acted, so no job may be parked for it.
                pause = timedelta(seconds=self.context.policy.strava.app_inactive_pause_seconds)
                failed.retry_at = self.context.now() + pause
                _log.error("no tokens can be renewed: %s", failed.message)
            raise
        # Stored before it is judged: Strava may have replaced the refresh token, and the one before is dead.
        connection = self._kept(held, grant)
        if not grant.access_token:
            raise StravaUnavailable("Strava's answer has no access token; try again later")
        return connection, grant.access_token

    def _held(self, connection: StravaConnection, purpose: Purpose) -> StravaConnection:
        """The connection with the lease to renew, and the call entered.

        Raises:
            ConnectionBusy: another process has the lease; no call was entered.
            StravaRateLimited: the athlete's events may cause no more calls now.
        """
        now = self.context.now()
        state = renewal_state(connection, now=now, policy=self.context.policy)
        if isinstance(state, Wait):
            raise self._busy(now, state.until)
        # Strava does not count renewals as the app's calls, but events must not cause any number of them.
        scope = athlete_scope(connection.athlete_id)
        if purpose.is_for_events:
            self.rates.reserve(scope, Purpose.LIVE)
        # The lease is written before Strava is asked. Two renewals with one refresh token would both be
        # answered at best, and at worst the second kills what the first was given.
        held = leased(connection, self.context.ids.lease_token(), now=now, policy=self.context.policy)
        if not self._committed(connection, held):
            if purpose.is_for_events:
                self.rates.give_back(scope)
            raise self._busy(now)
        return held

    def _kept(self, held: StravaConnection, grant: TokenGrant) -> StravaConnection:
        """Store new tokens, unless newer ones are stored already.

        Strava has killed the old refresh token by now. Tokens that are not stored are lost, and then the
        athlete has to connect again; so this insists where other writes give up.
        """
        current: StravaConnection | None = held
        for attempt in range(1, self.context.policy.training.commit_attempts_max + 1):
            # Whether the refresh token is still the dead one decides, and not the version. A status or lease
            # that another process wrote meanwhile must not keep the new tokens out. A newer token must: the
            # athlete has connected again, or another renewal came after ours.
            if current is None or current.has_ended or not _holds_tokens_of(current, held):
                break
            try:
                after = self._with_tokens(current, grant)
                if self._committed(current, after):
                    return after
                current = self.connections.read(held.user_id)
            except AccountDeleting:
                # The deletion knows only the tokens before these, and could not give the permission back.
                with suppress(UpstreamError):
                    self.api.revoke(grant.access_token or grant.refresh_token)
                raise
            except StorageUnavailable:
                # Waited out under the same `current`: if the write got through after all, the next one loses
                # its race, and the reading behind it shows our own tokens as the newer ones.
                self.context.backoff.wait(attempt)
        if self._has_ended(held, current):
            # The user disconnected meanwhile, and these tokens would outlive the revoked permission. Not if
            # another account has connected the athlete: revoking ends every token of an athlete.
            with suppress(UpstreamError):
                self.api.revoke(grant.access_token or grant.refresh_token)
        raise self._busy(self.context.now())

    def _has_ended(self, held: StravaConnection, current: StravaConnection | None) -> bool:
        """Whether no connection to the athlete is left that could use new tokens."""
        if current is None:
            return self.connections.owner(held.athlete_id) is None
        return current.has_ended and current.generation == held.generation

    def living(self, grant: TokenGrant) -> TokenGrant | None:
        """The tokens of an exchange, renewed; None if a later exchange has ended them.

        They are taken for good where Strava cannot be asked.
        """
        try:
            return evolve(self.api.refresh(grant.refresh_token), athlete_id=grant.athlete_id)
        except TokenRefreshRejected:
            return None
        except UpstreamError:
            return grant

    def adopt(self, user_id: UserId, grant: TokenGrant, granted_scope: Sequence[str]) -> bool:
        """Store tokens of an exchange in the connection of the athlete's owner.

        The tokens the connection holds may have ended with the exchange.

        Returns:
            False if the account is not connected to this athlete any more.

        Raises:
            VersionConflict: other processes kept changing the connection; exchange another code.
        """
        for attempt in range(1, self.context.policy.strava.link_attempts_max + 1):
            try:
                current = self.connections.read(user_id)
                if current is None or current.has_ended or current.athlete_id != grant.athlete_id:
                    return False
                # A later exchange has ended these tokens, and brings its own.
                living = self.living(grant)
                if living is None:
                    return True
                grant = living
                # The new tokens open what was granted last, and this account no more than it was granted.
                scope = common_scope(current.scope, granted_scope)
                if self._committed(current, self._with_tokens(evolve(current, scope=scope), grant)):
                    return True
            except StorageUnavailable:
                pass
            self.context.backoff.wait(attempt)
        raise VersionConflict("this connection changed under each attempt; try again in a moment")

    def _with_tokens(self, connection: StravaConnection, grant: TokenGrant) -> StravaConnection:
        user_id, now = connection.user_id, self.context.now()
        return renewed(
            connection,
            access_token=self.cipher.seal(grant.access_token, token_context(user_id, ACCESS_TOKEN)),
            refresh_token=self.cipher.seal(grant.refresh_token, token_context(user_id, REFRESH_TOKEN)),
            expires_at=grant.ends_at(now),
            now=now,
        )

    def _refused(
        self, held: StravaConnection, judge: Callable[[StravaConnection], ConnectionStatus] | None
    ) -> NeedsReconnect | ConnectionBusy:
        """What a dead refresh token means: a newer one is stored by now, or the permission is gone."""
        now = self.context.now()
        current = self.connections.read(held.user_id)
        if current is None or current.has_ended or not _holds_tokens_of(current, held):
            return self._busy(now)
        try:
            status = ConnectionStatus.NEEDS_RECONNECT if judge is None else judge(held)
        except UpstreamError:
            # Without a verdict the next attempt refreshes once more, and need not wait for the lease to end.
            self._committed(current, released(current, now=self.context.now()))
            raise
        after = broken(current, status, now=now)
        # A verdict that could not be stored is not lost: the job comes back and finds it out once more.
        return needs_reconnect() if self._committed(current, after) else self._busy(now)

    def unsealed(self, connection: StravaConnection, field: str) -> str:
        """A token of the connection, in the clear.

        Raises:
            SealBroken: the key does not open it.
        """
        sealed = connection.access_token if field == ACCESS_TOKEN else connection.refresh_token
        return self.cipher.unseal(sealed, token_context(connection.user_id, field))

    def opened(self, connection: StravaConnection, field: str) -> str:
        """As `unsealed`, where a token that cannot be opened makes the connection useless.

        Raises:
            NeedsReconnect: it cannot be opened; the connection is marked so.
        """
        try:
            return self.unsealed(connection, field)
        except SealBroken as broken_seal:
            self.mark(connection, ConnectionStatus.NEEDS_RECONNECT)
            raise NeedsReconnect(f"{broken_seal.message}; then connect again") from broken_seal

    def mark(self, connection: StravaConnection, status: ConnectionStatus) -> None:
        """Mark a connection that does not work, unless another process has changed it meanwhile."""
        self._committed(connection, broken(connection, status, now=self.context.now()))

    def _committed(self, before: StravaConnection, after: StravaConnection) -> bool:
        try:
            self.connections.commit(ConnectionCommit(user_id=before.user_id, before=before, after=after))
        except VersionConflict:
            return False
        return True

    def _busy(self, now: datetime, until: datetime | None = None) -> ConnectionBusy:
        soon = now + timedelta(seconds=self.context.policy.strava.refresh_recheck_seconds)
        retry_at = soon if until is None else min(soon, until)
        return ConnectionBusy("the tokens are just being renewed; try again in a moment", retry_at=retry_at)


def _holds_tokens_of(current: StravaConnection, held: StravaConnection) -> bool:
    """Whether nothing has replaced the tokens that a renewal began with."""
    return (current.generation, current.refresh_token) == (held.generation, held.refresh_token)


def unusable(state: Unusable) -> ScopeMissing | NeedsReconnect:
    """The error for a connection in that state."""
    if state.status is ConnectionStatus.NEEDS_SCOPE:
        return ScopeMissing("the athlete has not granted access to activities; connect again")
    return needs_reconnect()


def needs_reconnect() -> NeedsReconnect:
    """The error for a connection that works again once the athlete has connected again."""
    return NeedsReconnect("the connection to Strava does not work any more; connect again")
