"""Calling Strava for an athlete: with tokens that are good, and no more often than allowed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Concatenate, ParamSpec, TypeVar

from attrs import evolve, frozen

from commitcollect_core.context import Context
from commitcollect_core.errors import (
    AccessTokenRejected,
    InvalidInput,
    NeedsReconnect,
    NotFound,
    ScopeMissing,
    SealBroken,
    StravaAppInactive,
    StravaRateLimited,
    StravaRefused,
    TokenRefreshRejected,
    UpstreamError,
)
from commitcollect_core.strava.connections import (
    ConnectionStatus,
    StravaConnection,
    Unusable,
    Usable,
    token_state,
)
from commitcollect_core.strava.ports import (
    ActivityAnswer,
    ActivityList,
    ConnectionStore,
    ListedActivity,
    StravaApi,
)
from commitcollect_core.strava.rate_keeping import RateKeeping, reading_of
from commitcollect_core.strava.rates import Purpose
from commitcollect_core.strava.token_keeping import (
    ACCESS_TOKEN,
    REFRESH_TOKEN,
    TokenKeeping,
    needs_reconnect,
    unusable,
)
from commitcollect_core.training.ledger import connection_changed
from commitcollect_core.training.workouts import ActivityGone, Found
from commitcollect_core.values import ActivityId, Source, UserId, WorkoutKey

_Answer = TypeVar("_Answer", ActivityAnswer, ActivityList)
_What = ParamSpec("_What")


@frozen(kw_only=True, eq=False)
class StravaAccess:
    """Reads an athlete's activities. Renews tokens, keeps the budget, and knows a broken connection."""

    api: StravaApi
    connections: ConnectionStore
    tokens: TokenKeeping
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
        connection, token = self.tokens.usable(self.connection(user_id, generation), purpose)
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
        connection, token = self.tokens.usable(self.connection(user_id, generation), purpose)
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
            raise unusable(state)

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
            self.tokens.renew(connection, Purpose.LIVE, self._status_once_refused)
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
        token = self.tokens.opened(connection, ACCESS_TOKEN)
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
                self.api.revoke(self.tokens.unsealed(connection, REFRESH_TOKEN))
        elif not self._is_given_back(connection):
            # Renewed under the lease and stored before it is used: Strava may have replaced the refresh
            # token. If the call below fails, only the stored one lets a repeat go on.
            with suppress(NeedsReconnect, AccessTokenRejected):
                _, token = self.tokens.renew(connection, Purpose.LIVE)
                self.api.revoke(token)

    def _is_given_back(self, connection: StravaConnection) -> bool:
        """Give the permission back with the access token; False if that has ended or cannot be opened."""
        try:
            self.api.revoke(self.tokens.unsealed(connection, ACCESS_TOKEN))
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
            connection, token = self.tokens.renew(connection, purpose)
        except ScopeMissing:
            self.tokens.mark(connection, ConnectionStatus.NEEDS_SCOPE)
            raise
        try:
            return self._metered(connection, token, purpose, call, *what, **named)
        except AccessTokenRejected as refused:
            self.tokens.mark(connection, ConnectionStatus.NEEDS_RECONNECT)
            raise needs_reconnect() from refused

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
            raise self.rates.closed(reading_of(limited)) from limited
        except StravaAppInactive as inactive:
            raise self.rates.inactive(inactive.message) from inactive
        except UpstreamError as failed:
            self.rates.observe(reading_of(failed))
            raise
        self.rates.observe(answer.rates)
        return answer


def _shown(activity: ListedActivity, connection: StravaConnection) -> ListedActivity:
    """The activity with a note of the connection that showed it."""
    return evolve(activity, snapshot=evolve(activity.snapshot, shown_to=connection.athlete_id))
