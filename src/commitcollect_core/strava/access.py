"""Calling Strava for an athlete: with tokens that are good, and no more often than allowed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Concatenate, ParamSpec, TypeVar, assert_never

from attrs import evolve, frozen

from commitcollect_core.context import Context
from commitcollect_core.errors import (
    AccessTokenRejected,
    AccountDeleting,
    ConnectionBusy,
    InvalidInput,
    NeedsReconnect,
    NotFound,
    ScopeMissing,
    SealBroken,
    StorageUnavailable,
    StravaAppInactive,
    StravaAppRejected,
    StravaRateLimited,
    StravaRefused,
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
    ActivityAnswer,
    ActivityList,
    ConnectionStore,
    ListedActivity,
    SealContext,
    StravaApi,
    TokenCipher,
    TokenGrant,
)
from commitcollect_core.strava.rate_keeping import RateKeeping
from commitcollect_core.strava.rates import Purpose, RateReading, athlete_scope
from commitcollect_core.training.ledger import connection_changed
from commitcollect_core.training.workouts import ActivityGone, Found
from commitcollect_core.values import ActivityId, Source, UserId, WorkoutKey

_Answer = TypeVar("_Answer", ActivityAnswer, ActivityList)
_What = ParamSpec("_What")

_log = logging.getLogger(__name__)

ACCESS_TOKEN = "accessToken"  # noqa: S105 - the name of an attribute
REFRESH_TOKEN = "refreshToken"  # noqa: S105 - the name of an attribute


def token_context(user_id: UserId, field: str) -> SealContext:
    """Where a token of a user's connection belongs."""
    return SealContext(item="StravaConnection", row=user_id, field=field)


@frozen(kw_only=True, eq=False)
class StravaAccess:
    """Reads an athlete's activities. Renews tokens, keeps the budget, and knows a broken connection."""

    api: StravaApi
    connections: ConnectionStore
    cipher: TokenCipher
    rates: RateKeeping
    context: Context

    def activity(
        self,
        user_id: UserId,
        activity_id: ActivityId,
        *,
        purpose: Purpose = Purpose.LIVE,
        generation: str | None = None,
    ) -> ListedActivity | ActivityGone:
        """One activity, or that this connection is not shown it.

        Args:
            user_id: the account.
            activity_id: the activity.
            purpose: whose share of the calls this one is taken from.
            generation: of the connection to ask by; None for the one there is.

        Raises:
            NotFound: the user is not connected.
            ConnectionChanged: the connection of that generation has ended; no call was made.
            NeedsReconnect, ScopeMissing: the connection does not work; it is marked so.
            ConnectionBusy, StravaRateLimited: not now; `retry_at` says when.
            UpstreamError: Strava did not answer.
            InvalidInput: the activity cannot be read.
        """
        connection, token = self._usable(user_id, purpose, generation)
        activity = self._ask(connection, token, purpose, self.api.activity, activity_id).activity
        if activity is not None:
            return _shown(activity, connection)
        # By the connection that was used, not read again: a wider scope granted since then proves nothing.
        return ActivityGone(
            key=WorkoutKey(Source.STRAVA, activity_id),
            asked_by=connection.athlete_id,
            sees_private=connection.sees_all_activities,
        )

    def found(self, connection: StravaConnection, key: WorkoutKey) -> Found | None:
        """What Strava says by this connection of a workout now.

        None if that is another athlete's, or cannot be read.

        Raises:
            CommitCollectError: as in `activity`, but for what is about this activity alone.
        """
        try:
            activity = self.activity(
                connection.user_id,
                key.activity_id,
                purpose=Purpose.BACKFILL,
                generation=connection.generation,
            )
        except (InvalidInput, StravaRefused):
            return None
        if isinstance(activity, ActivityGone):
            return activity
        return activity.snapshot if activity.athlete_id == connection.athlete_id else None

    def activities(
        self,
        user_id: UserId,
        *,
        after: datetime | None,
        before: datetime | None,
        page: int = 1,
        purpose: Purpose = Purpose.BACKFILL,
        generation: str | None = None,
    ) -> ActivityList:
        """A page of the newest activities between two moments; `generation` and errors as in `activity`."""
        connection, token = self._usable(user_id, purpose, generation)
        answer = self._ask(
            connection,
            token,
            purpose,
            self.api.activities,
            after=after,
            before=before,
            limit=self.context.policy.strava.list_page_items,
            page=page,
        )
        # Where nothing is hidden from the app a short page is the end, which saves a call.
        is_end = answer.missing > 0 and connection.sees_all_activities
        shown = tuple(_shown(each, connection) for each in answer.activities)
        return evolve(answer, activities=shown, is_last=answer.is_last or is_end)

    def connection(self, user_id: UserId, generation: str | None = None) -> StravaConnection:
        """The user's connection, whether or not it works.

        Raises:
            NotFound: there is none.
            ConnectionChanged: it is another than that of `generation`.
        """
        connection = self.connections.read(user_id)
        if connection is None:
            raise NotFound(
                f"{user_id!r} is not connected to Strava; connect first", code="strava_not_connected"
            )
        if generation not in (None, connection.generation):
            raise connection_changed()
        return connection

    def check_works(self, user_id: UserId) -> None:
        """Refuse a connection that does not work until the athlete connects again.

        Raises:
            NotFound: the user is not connected.
            NeedsReconnect, ScopeMissing: it does not work.
        """
        state = token_state(self.connection(user_id), now=self.context.now(), policy=self.context.policy)
        if isinstance(state, Unusable):
            raise _unusable(state)

    def is_authorized(self, user_id: UserId, generation: str | None = None) -> bool:
        """Whether the athlete still lets the app in; False only if it is certain that not.

        Found out by renewing the tokens. A connection that is not let in any more is marked as
        `DISCONNECTING`, one that does not work for another reason as `NEEDS_RECONNECT`.

        Raises:
            NeedsReconnect: the tokens here cannot be opened, which says nothing about Strava.
            NotFound, ConnectionChanged, ConnectionBusy, UpstreamError: as in `activity`.
        """
        connection = self.connection(user_id, generation)
        # Found out before, by a process that died before all was erased.
        if connection.has_ended:
            return False
        try:
            self._renew(connection, Purpose.LIVE, self._status_once_refused)
        except NeedsReconnect as refused:
            if not isinstance(refused.__cause__, TokenRefreshRejected):
                raise
            current = self.connections.read(user_id)
            return current is not None and not current.has_ended
        return True

    def _status_once_refused(self, connection: StravaConnection) -> ConnectionStatus:
        """What a connection is worth whose refresh token Strava has just refused."""
        # The refusal alone proves nothing: where the answer to a renewal was lost, its new refresh token was
        # lost with it. So the access token, which outlives that, has to be refused as well. Expired ones are
        # always refused; the margin makes up for clocks that differ.
        state = token_state(connection, now=self.context.now(), policy=self.context.policy)
        if not isinstance(state, Usable):
            return ConnectionStatus.NEEDS_RECONNECT
        token = self._opened(connection, ACCESS_TOKEN)
        try:
            self._metered(
                connection, token, Purpose.LIVE, self.api.activities, after=None, before=None, limit=1
            )
        except AccessTokenRejected:
            return ConnectionStatus.DISCONNECTING
        except ScopeMissing:
            pass
        return ConnectionStatus.NEEDS_RECONNECT

    def give_back(self, connection: StravaConnection) -> None:
        """Give the permission back to Strava; one that Strava has ended is no error.

        A token that cannot be opened cannot be given back, and is of no use to others either.

        Raises:
            ConnectionBusy, UpstreamError: Strava could not be told; calling again goes on from there.
        """
        if self.api.revokes_by_any_token():
            with suppress(SealBroken):
                self.api.revoke(self._unsealed(connection, REFRESH_TOKEN))
        elif not self._is_given_back(connection):
            # Renewed under the lease and stored before it is used: Strava may have replaced the refresh
            # token. If the call below fails, only the stored one lets a repeat go on.
            with suppress(NeedsReconnect, AccessTokenRejected):
                _, token = self._renew(connection, Purpose.LIVE)
                self.api.revoke(token)

    def _is_given_back(self, connection: StravaConnection) -> bool:
        """Give the permission back with the access token; False if that has ended or cannot be opened."""
        try:
            self.api.revoke(self._unsealed(connection, ACCESS_TOKEN))
        except (AccessTokenRejected, SealBroken):
            return False
        return True

    def _ask(
        self,
        connection: StravaConnection,
        token: str,
        purpose: Purpose,
        call: Callable[Concatenate[str, _What], _Answer],
        *what: _What.args,
        **named: _What.kwargs,
    ) -> _Answer:
        """Make a call of the API, and once more with a renewed token if Strava does not take this one."""
        try:
            return self._metered(connection, token, purpose, call, *what, **named)
        except AccessTokenRejected:
            # Another process may have replaced it, or the athlete revoked it: renewing tells which.
            connection, token = self._renew(connection, purpose)
        except ScopeMissing:
            self._mark(connection, ConnectionStatus.NEEDS_SCOPE)
            raise
        try:
            return self._metered(connection, token, purpose, call, *what, **named)
        except AccessTokenRejected as refused:
            self._mark(connection, ConnectionStatus.NEEDS_RECONNECT)
            raise _needs_reconnect() from refused

    def _metered(
        self,
        connection: StravaConnection,
        token: str,
        purpose: Purpose,
        call: Callable[Concatenate[str, _What], _Answer],
        *what: _What.args,
        **named: _What.kwargs,
    ) -> _Answer:
        # Entered before it is made: a process that dies in the call has used it up all the same, and others
        # that share the budget must not make it once more. And no earlier: whatever keeps a call from being
        # made, such as another process that is renewing the tokens, must not use up the athlete's calls.
        self.rates.reserve_for(connection.athlete_id, purpose)
        try:
            answer = call(token, *what, **named)
        except StravaRateLimited as limited:
            raise self.rates.closed(_reading(limited)) from limited
        except StravaAppInactive as inactive:
            raise self.rates.inactive(inactive.message) from inactive
        except UpstreamError as failed:
            self.rates.observe(_reading(failed))
            raise
        self.rates.observe(answer.rates)
        return answer

    def _usable(
        self, user_id: UserId, purpose: Purpose, generation: str | None
    ) -> tuple[StravaConnection, str]:
        """The connection and an access token that lasts for a call."""
        connection = self.connection(user_id, generation)
        now = self.context.now()
        state = token_state(connection, now=now, policy=self.context.policy)
        match state:
            case Usable():
                return connection, self._opened(connection, ACCESS_TOKEN)
            case Renew():
                return self._renew(connection, purpose)
            case Wait(until):
                raise self._busy(now, until)
            case Unusable():
                raise _unusable(state)
            case _:
                assert_never(state)

    def _renew(
        self,
        connection: StravaConnection,
        purpose: Purpose,
        judge: Callable[[StravaConnection], ConnectionStatus] | None = None,
    ) -> tuple[StravaConnection, str]:
        """Renew the tokens under a lease: the process that writes it first does, others come back later.

        `judge` tells the status of a connection whose refresh token Strava refuses; without one it needs the
        athlete to connect again.
        """
        refresh_token = self._opened(connection, REFRESH_TOKEN)
        held = self._held(connection, purpose)
        try:
            grant = self.api.refresh(refresh_token)
        except TokenRefreshRejected as refused:
            raise self._refused(held, judge) from refused
        except UpstreamError as failed:
            # Nothing was renewed as far as we know: others need not wait for the lease to run out.
            self._committed(held, released(held, now=self.context.now()))
            if isinstance(failed, StravaRateLimited):
                raise self.rates.closed(_reading(failed)) from failed
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
        after = broken(current, ConnectionStatus.NEEDS_RECONNECT if judge is None else judge(held), now=now)
        # A verdict that could not be stored is not lost: the job comes back and finds it out once more.
        return _needs_reconnect() if self._committed(current, after) else self._busy(now)

    def _unsealed(self, connection: StravaConnection, field: str) -> str:
        sealed = connection.access_token if field == ACCESS_TOKEN else connection.refresh_token
        return self.cipher.unseal(sealed, token_context(connection.user_id, field))

    def _opened(self, connection: StravaConnection, field: str) -> str:
        try:
            return self._unsealed(connection, field)
        except SealBroken as broken_seal:
            self._mark(connection, ConnectionStatus.NEEDS_RECONNECT)
            raise NeedsReconnect(f"{broken_seal.message}; then connect again") from broken_seal

    def _mark(self, connection: StravaConnection, status: ConnectionStatus) -> None:
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


def _shown(activity: ListedActivity, connection: StravaConnection) -> ListedActivity:
    """The activity with a note of the connection that showed it."""
    return evolve(activity, snapshot=evolve(activity.snapshot, shown_to=connection.athlete_id))


def _unusable(state: Unusable) -> ScopeMissing | NeedsReconnect:
    if state.status is ConnectionStatus.NEEDS_SCOPE:
        return ScopeMissing("the athlete has not granted access to activities; connect again")
    return _needs_reconnect()


def _needs_reconnect() -> NeedsReconnect:
    return NeedsReconnect("the connection to Strava does not work any more; connect again")


def _reading(failed: UpstreamError) -> RateReading | None:
    return failed.rates if isinstance(failed.rates, RateReading) else None
