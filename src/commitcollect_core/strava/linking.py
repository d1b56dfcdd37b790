"""Connecting an account to a Strava athlete, and taking that back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

from attrs import evolve, frozen

from commitcollect_core.context import Context
from commitcollect_core.errors import (
    AccountDeleting,
    AthleteAlreadyConnected,
    ConnectionChanged,
    InvalidInput,
    NotFound,
    OtherAthleteConnected,
    StravaRefused,
    UpstreamError,
    VersionConflict,
)
from commitcollect_core.handshakes import HandshakePurpose, HandshakeStore, begin_handshake, check_handshake
from commitcollect_core.jobs.ports import EventQueue
from commitcollect_core.policy import OnDisconnect
from commitcollect_core.strava.access import StravaAccess
from commitcollect_core.strava.backfilling import Backfilling
from commitcollect_core.strava.connections import (
    DEFAULT_SCOPE,
    ConnectionCommit,
    ConnectionStatus,
    StravaConnection,
    allows_activities,
    broken,
)
from commitcollect_core.strava.jobs import backfill_job
from commitcollect_core.strava.ports import BackfillStore, ConnectionStore, StravaApi, TokenCipher, TokenGrant
from commitcollect_core.strava.token_keeping import ACCESS_TOKEN, REFRESH_TOKEN, token_context
from commitcollect_core.training.committing import NOTHING_COMMITTED, Committed
from commitcollect_core.training.history import walk_workouts
from commitcollect_core.training.ingestion import Ingestion
from commitcollect_core.training.ledger import NO_CONNECTION
from commitcollect_core.training.ports import Ledger, WorkoutQuery
from commitcollect_core.training.tracking import Tracking
from commitcollect_core.values import AthleteId, Source, UserId, WorkoutKey, require_id

_REDIRECT = "redirectUri"


@frozen(kw_only=True, eq=False)
class Linking:
    """Connects accounts to Strava: begin, finish, disconnect."""

    api: StravaApi
    access: StravaAccess
    connections: ConnectionStore
    handshakes: HandshakeStore
    backfills: BackfillStore
    backfilling: Backfilling
    ingestion: Ingestion
    tracking: Tracking
    ledger: Ledger
    queue: EventQueue
    cipher: TokenCipher
    context: Context

    def begin(
        self, user_id: UserId, binding: str, *, redirect_uri: str, scope: Sequence[str] = DEFAULT_SCOPE
    ) -> str:
        """Begin to connect; returns the address to send the athlete's browser to.

        Args:
            user_id: the account that connects.
            binding: names the browser; only it may finish, within `AccountsPolicy.handshake_seconds`.
            redirect_uri: where Strava sends the browser back.
            scope: what to ask for.
        """
        require_id(user_id, "user_id")
        state = self.context.ids.handshake_state()
        handshake = begin_handshake(
            state,
            HandshakePurpose.STRAVA,
            binding,
            user_id=user_id,
            now=self.context.now(),
            policy=self.context.policy,
        )
        self.handshakes.begin(handshake)
        return self.api.authorize_url(state=state, scope=scope, redirect_uri=redirect_uri)

    def finish(
        self,
        *,
        state: str,
        binding: str,
        code: str | None,
        granted_scope: Sequence[str],
        error: str | None = None,
    ) -> StravaConnection:
        """Connect with what came back from Strava, and have the history taken over.

        Nothing is written to a ledger here. Returns the connection as it was stored: version 1 is a new one.

        Args:
            state: as it came back; good once.
            binding: names the browser, as in `begin`.
            code: what to exchange for tokens; None if the athlete refused.
            granted_scope: what the athlete granted, which may be less than was asked for.
            error: what Strava said instead of a code.

        Raises:
            InvalidInput: the state is not good (``invalid_or_expired_state``), or the athlete refused
                (``access_denied``).
            AthleteAlreadyConnected: the athlete is connected to another account, which gets the new tokens.
            OtherAthleteConnected: this account is connected to another athlete.
            AccountDeleting: the account is going.
            UpstreamError: Strava did not take the code.
        """
        now = self.context.now()
        handshake = check_handshake(
            self.handshakes.take(state),
            HandshakePurpose.STRAVA,
            binding,
            now=now,
            policy=self.context.policy,
        )
        if handshake.user_id is None:
            raise InvalidInput("this link is of no account; start again", code="invalid_or_expired_state")
        if error is not None or not code:
            raise InvalidInput("Strava was not given permission; nothing was connected", code="access_denied")
        seen = self.connections.read(handshake.user_id)
        grant = self.api.exchange(code)
        if grant.athlete_id is None:
            raise StravaRefused("Strava did not say whose account this is; try again")
        user_id, athlete_id = handshake.user_id, grant.athlete_id
        try:
            # The job before the link: a crash in between leaves a job that finds no connection and is
            # dropped, and never a connected athlete whose history no job brings in.
            if allows_activities(granted_scope):
                self._check_athlete(user_id, athlete_id)
                self._order_history(athlete_id)
            connection = self._link(user_id, athlete_id, grant, granted_scope, seen=seen)
        except (AccountDeleting, AthleteAlreadyConnected, OtherAthleteConnected):
            self._settle_unused(user_id, athlete_id, grant, granted_scope)
            raise
        if allows_activities(granted_scope):
            self._begin_history(connection)
        return connection

    def _settle_unused(
        self, user_id: UserId, athlete_id: AthleteId, grant: TokenGrant, granted_scope: Sequence[str]
    ) -> None:
        """Leave no permission behind that no connection uses."""
        owner = self.connections.owner(athlete_id)
        # Revoking ends every token the app has for an athlete, so never revoke what another account uses. The
        # exchange may have ended that account's tokens, so it gets the new ones.
        is_used = owner is not None and owner.user_id != user_id
        if owner is not None and is_used and self.access.tokens.adopt(owner.user_id, grant, granted_scope):
            return
        with suppress(UpstreamError):
            self.api.revoke(grant.access_token)

    def _order_history(self, athlete_id: AthleteId) -> None:
        """Have the whole history taken over, which does nothing until the athlete is connected."""
        now = self.context.now()
        self.queue.put(backfill_job(athlete_id, now=now), visible_at=now)

    def _begin_history(self, connection: StravaConnection) -> None:
        """Begin the backfill of a connection that was just stored."""
        # Only now, so that an attempt that connects nothing leaves none behind. Another attempt of this user
        # may have replaced the connection since, and begins its own.
        with suppress(VersionConflict, ConnectionChanged):
            self.backfilling.begin_anew(connection)
        # Once more: a worker may have done the first job with the connection that stood there before.
        self._order_history(connection.athlete_id)

    def _check_athlete(self, user_id: UserId, athlete_id: AthleteId) -> StravaConnection | None:
        """The connection there is; refuses one to another athlete, and an athlete of another account."""
        before = self.connections.read(user_id)
        if before is not None and before.has_ended:
            # A process died while it forgot this one. What that brought goes before anything new comes.
            self.forget(user_id, before.generation)
            before = self.connections.read(user_id)
        if before is not None and before.athlete_id != athlete_id:
            raise OtherAthleteConnected(
                "this account is connected to another Strava athlete; disconnect that first"
            )
        owner = self.connections.owner(athlete_id)
        if owner is not None and owner.user_id != user_id:
            raise AthleteAlreadyConnected(
                f"Strava's athlete {athlete_id} is connected to another account; disconnect it there first"
            )
        return before

    def _linked(
        self, user_id: UserId, athlete_id: AthleteId, grant: TokenGrant, scope: Sequence[str]
    ) -> StravaConnection:
        """The connection of a new permission."""
        now = self.context.now()
        linked = StravaConnection(
            user_id=user_id,
            athlete_id=athlete_id,
            access_token=self.cipher.seal(grant.access_token, token_context(user_id, ACCESS_TOKEN)),
            refresh_token=self.cipher.seal(grant.refresh_token, token_context(user_id, REFRESH_TOKEN)),
            expires_at=grant.ends_at(now),
            scope=tuple(sorted(set(scope))),
            updated_at=now,
            generation=self.context.ids.generation(),
            consent_version=self.context.policy.strava.strava_consent_version,
        )
        return linked if linked.can_read_activities else evolve(linked, status=ConnectionStatus.NEEDS_SCOPE)

    def _link(
        self,
        user_id: UserId,
        athlete_id: AthleteId,
        grant: TokenGrant,
        scope: Sequence[str],
        *,
        seen: StravaConnection | None,
    ) -> StravaConnection:
        """Store the connection, overwriting the one before; `seen` was read before the exchange."""
        # A worker may renew the old tokens in between. The new permission takes precedence, so the write is
        # tried again on top of whatever stands there; only another athlete or account stops it. The code is
        # spent by now, so it is tried more often than other writes.
        for attempt in range(1, self.context.policy.strava.link_attempts_max + 1):
            before = self._check_athlete(user_id, athlete_id)
            if before is not None and (seen is None or seen.generation != before.generation):
                # This user came back from Strava several times at once. Only Strava knows which exchange was
                # the last, and has ended the tokens of all others.
                living = self.access.tokens.living(grant)
                if living is None:
                    return before
                grant = living
            linked = self._linked(user_id, athlete_id, grant, scope)
            after = evolve(linked, version=1 if before is None else before.version + 1)
            try:
                self.connections.commit(ConnectionCommit(user_id=user_id, before=before, after=after))
            except VersionConflict:
                self.context.backoff.wait(attempt)
                continue
            return after
        raise VersionConflict("this connection changed under each attempt; try again in a moment")

    def disconnect(self, user_id: UserId) -> Committed:
        """Give the permission back to Strava, then forget the connection. May be repeated at any time.

        `StravaPolicy.workouts_on_disconnect` and `awards_on_disconnect` say what becomes of the rest; returns
        what that erased.

        Raises:
            NotFound: the account was never connected.
            UpstreamError: Strava could not be told; nothing was changed here.
        """
        connection = self.connections.read(user_id)
        if connection is None and self.ledger.read_head(user_id).connection_generation == NO_CONNECTION:
            return NOTHING_COMMITTED
        if connection is None:
            raise NotFound(f"{user_id!r} is not connected to Strava", code="strava_not_connected")
        # Strava first: once the token is forgotten here, nothing could take the permission back any more.
        # One that has ended was given back before it was marked so.
        if not connection.has_ended:
            self.access.give_back(connection)
        return self.forget(user_id, connection.generation)

    def forget(self, user_id: UserId, generation: str) -> Committed:
        """Forget the connection of a generation, which has ended at Strava; returns what was erased.

        May be repeated after a failure. Another connection made meanwhile stays, with all it brings.
        """
        # Marked first: from then on nothing that a worker is just looking at is stored, and so one erasure is
        # enough. Removed last: as long as it stands, a failure in between can be repeated from the start.
        ended = self._ended(user_id, generation)
        if ended is None:
            return NOTHING_COMMITTED
        try:
            committed = self._erase(user_id)
        except ConnectionChanged:
            # Another process was faster, and the athlete has connected again.
            return NOTHING_COMMITTED
        self.backfills.erase(user_id)
        with suppress(VersionConflict):
            self.connections.commit(ConnectionCommit(user_id=user_id, before=ended, after=None))
        return committed

    def _ended(self, user_id: UserId, generation: str) -> StravaConnection | None:
        """The connection, marked as ended; None if it is not there any more.

        Raises:
            VersionConflict: other processes kept changing it; call again.
        """
        for attempt in range(1, self.context.policy.strava.link_attempts_max + 1):
            before = self.connections.read(user_id)
            if before is None or before.generation != generation:
                return None
            if before.has_ended:
                return before
            after = broken(before, ConnectionStatus.DISCONNECTING, now=self.context.now())
            try:
                self.connections.commit(ConnectionCommit(user_id=user_id, before=before, after=after))
            except AccountDeleting:
                # Nothing is stored behind the fence either.
                return before
            except VersionConflict:
                self.context.backoff.wait(attempt)
                continue
            return after
        raise VersionConflict("this connection changed under each attempt; try again in a moment")

    def _erase(self, user_id: UserId) -> Committed:
        committed = NOTHING_COMMITTED
        if self.context.policy.strava.workouts_on_disconnect is OnDisconnect.ERASE:
            committed += self.ingestion.erase(user_id, self._strava_keys(user_id), generation=NO_CONNECTION)
        if self.context.policy.strava.awards_on_disconnect is OnDisconnect.ERASE:
            committed += self.tracking.remove_all(user_id, generation=NO_CONNECTION)
        return committed

    def _strava_keys(self, user_id: UserId) -> Iterator[WorkoutKey]:
        for workout in walk_workouts(
            self.ledger, user_id, WorkoutQuery(limit=self.context.policy.training.page_items_max)
        ):
            if workout.key.source is Source.STRAVA:
                yield workout.key
