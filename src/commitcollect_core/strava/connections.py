"""Connections to Strava: their accounts, their tokens, and the lease to renew those.

A Strava athlete belongs to one account at a time (`ConnectionCommit`). Tokens are held sealed; only the
service that calls Strava opens them. One process renews at a time, under a lease in the store: Strava may
replace the refresh token, and then the one before is dead at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, assert_never

from attrs import evolve, field, frozen

from commitcollect_core.clocks import is_ahead
from commitcollect_core.policy import Policy
from commitcollect_core.training.ledger import NO_CONNECTION
from commitcollect_core.values import AthleteId, UserId, optional_utc, utc

READ_ACTIVITIES = "activity:read"
READ_ALL_ACTIVITIES = "activity:read_all"
_ACTIVITY_SCOPES = frozenset({READ_ACTIVITIES, READ_ALL_ACTIVITIES})
DEFAULT_SCOPE = ("read", READ_ACTIVITIES)
"""The least that milestones need: activities that are not private."""


def allows_activities(scope: Iterable[str]) -> bool:
    """Whether a scope lets activities be read, private ones or not."""
    return not _ACTIVITY_SCOPES.isdisjoint(scope)


def common_scope(one: Iterable[str], other: Iterable[str]) -> tuple[str, ...]:
    """What both scopes allow, sorted; access to all activities includes access to public ones."""
    first, second = set(one), set(other)
    return tuple(sorted((first & _with_implied(second)) | (_with_implied(first) & second)))


def _with_implied(scope: set[str]) -> set[str]:
    return scope | {READ_ACTIVITIES} if READ_ALL_ACTIVITIES in scope else scope


class ConnectionStatus(StrEnum):
    """Whether a connection works, and what the athlete has to do if it does not."""

    ACTIVE = "ACTIVE"
    NEEDS_RECONNECT = "NEEDS_RECONNECT"
    NEEDS_SCOPE = "NEEDS_SCOPE"
    DISCONNECTING = "DISCONNECTING"
    """It has ended, and what it brought is being erased; it is never used or mended again."""


@frozen
class Lease:
    """The right to renew a connection's tokens, held by the process that knows `token`."""

    token: str
    until: datetime = field(converter=utc)


@frozen(kw_only=True)
class StravaConnection:
    """An account's connection to a Strava athlete.

    Attributes:
        access_token, refresh_token: sealed (`TokenCipher`), never plain.
        expires_at: when the access token ends.
        scope: what the athlete granted, sorted; it may be less than was asked for.
        lease: held by the process that is renewing the tokens.
        version: 1 when first written, one more with every change.
        generation: random, another one with each permission the athlete gives. A version alone would match
            again once the connection was removed and made anew. Empty if it was stored before there were any.
        consent_version: of the words that the athlete agreed to; None if that was not recorded.
    """

    user_id: UserId
    athlete_id: AthleteId
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: datetime = field(converter=utc)
    scope: tuple[str, ...]
    status: ConnectionStatus = ConnectionStatus.ACTIVE
    lease: Lease | None = None
    updated_at: datetime = field(converter=utc)
    version: int = 1
    generation: str = ""
    consent_version: int | None = None

    @property
    def has_ended(self) -> bool:
        """Whether it is only kept until everything it brought is erased."""
        return self.status is ConnectionStatus.DISCONNECTING

    @property
    def sees_all_activities(self) -> bool:
        """Whether private activities are shown, too."""
        return READ_ALL_ACTIVITIES in self.scope

    @property
    def can_read_activities(self) -> bool:
        """Whether the athlete granted what milestones need."""
        return allows_activities(self.scope)


@frozen
class Usable:
    """The access token can be used as it is."""


@frozen
class Renew:
    """The tokens have to be renewed first, and no process is renewing them."""


@frozen
class Wait:
    """Another process is renewing the tokens; read again, at the latest at `until`."""

    until: datetime


@frozen
class Unusable:
    """The connection does not work until the athlete connects again."""

    status: ConnectionStatus


TokenState = Usable | Renew | Wait | Unusable


def token_state(connection: StravaConnection, *, now: datetime, policy: Policy) -> TokenState:
    """What to do before calling Strava."""
    match connection.status:
        case ConnectionStatus.NEEDS_RECONNECT | ConnectionStatus.NEEDS_SCOPE | ConnectionStatus.DISCONNECTING:
            return Unusable(connection.status)
        case ConnectionStatus.ACTIVE:
            pass
        case _:
            assert_never(connection.status)
    # Renewed before it ends: a token that is good when a call is made must still be so when Strava reads it.
    # One that seems to last longer than any was written by a clock that was wrong, and may have ended.
    soon = now + timedelta(seconds=policy.strava.token_margin_seconds)
    life = policy.strava.access_token_seconds_max
    if is_ahead(connection.expires_at, now=soon, span_seconds=life, policy=policy):
        return Usable()
    return renewal_state(connection, now=now, policy=policy)


def renewal_state(connection: StravaConnection, *, now: datetime, policy: Policy) -> Renew | Wait:
    """Whether the tokens can be renewed now, however long they may still be good."""
    # A lease that has run out is taken over: the process that held it may have died before it renewed.
    lease, span = connection.lease, policy.strava.refresh_lease_seconds
    if lease is not None and is_ahead(lease.until, now=now, span_seconds=span, policy=policy):
        return Wait(lease.until)
    return Renew()


def leased(connection: StravaConnection, token: str, *, now: datetime, policy: Policy) -> StravaConnection:
    """The connection with the lease to renew, proved by `token`."""
    until = now + timedelta(seconds=policy.strava.refresh_lease_seconds)
    return _changed(connection, now, lease=Lease(token, until))


def renewed(
    connection: StravaConnection,
    *,
    access_token: str,
    refresh_token: str,
    expires_at: datetime,
    now: datetime,
) -> StravaConnection:
    """The connection with new tokens (sealed), the lease given back; it works again."""
    return _changed(
        connection,
        now,
        status=ConnectionStatus.ACTIVE if connection.can_read_activities else ConnectionStatus.NEEDS_SCOPE,
        access_token=access_token,
        refresh_token=refresh_token,
        expires_at=expires_at,
        lease=None,
    )


def released(connection: StravaConnection, *, now: datetime) -> StravaConnection:
    """The connection with the lease given back and nothing renewed."""
    return _changed(connection, now, lease=None)


def broken(connection: StravaConnection, status: ConnectionStatus, *, now: datetime) -> StravaConnection:
    """The connection once it is known not to work, or to have ended; the lease given back."""
    return _changed(connection, now, status=status, lease=None)


def _changed(connection: StravaConnection, now: datetime, **changes: Any) -> StravaConnection:
    return evolve(connection, version=connection.version + 1, updated_at=now, **changes)


@frozen(kw_only=True)
class ConnectionCommit:
    """One atomic write of a connection, its athlete's owner, and what the ledger takes in from now on.

    It is refused with `AthleteAlreadyConnected` if the athlete is another account's, with `VersionConflict`
    unless the stored connection is exactly `before`'s version of its generation (or absent, for None), and,
    if it keeps a connection, with `AccountDeleting` once the ledger is fenced.

    The same write puts `admits` into the ledger's head and raises the head's version. A look that began
    before is then refused, whatever it found (`LedgerHead.check_admits`).

    Attributes:
        before: what is stored.
        after: what takes its place; None removes it, and the athlete has no owner any more.
    """

    user_id: UserId
    before: StravaConnection | None
    after: StravaConnection | None

    @property
    def claims(self) -> AthleteId | None:
        """The athlete that becomes this user's; it must have no owner yet, or this one."""
        if self.after is None or _identity(self.before) == _identity(self.after):
            return None
        return self.after.athlete_id

    @property
    def releases(self) -> AthleteId | None:
        """The athlete that has no owner afterwards."""
        is_left = self.before is not None and (
            self.after is None or self.before.athlete_id != self.after.athlete_id
        )
        return self.before.athlete_id if self.before is not None and is_left else None

    @property
    def admits(self) -> str | None:
        """The generation whose activities the ledger takes in afterwards, or `NO_CONNECTION`.

        None if that stays as it was, and the ledger's head is not written.
        """
        before, after = _admitted(self.before), _admitted(self.after)
        return None if before == after else after

    @property
    def owner(self) -> AthleteOwner | None:
        """The owner of the athlete it claims."""
        if self.after is None or self.claims is None:
            return None
        return AthleteOwner(
            athlete_id=self.claims,
            user_id=self.user_id,
            generation=self.after.generation,
            updated_at=self.after.updated_at,
        )


def _identity(connection: StravaConnection | None) -> tuple[AthleteId, str] | None:
    return None if connection is None else (connection.athlete_id, connection.generation)


def _admitted(connection: StravaConnection | None) -> str:
    return NO_CONNECTION if connection is None or connection.has_ended else connection.generation


@frozen(kw_only=True)
class ConnectedAthlete:
    """A Strava athlete that is connected, and to which account."""

    athlete_id: AthleteId
    user_id: UserId


@frozen(kw_only=True)
class AthleteOwner:
    """Whose account a Strava athlete is connected to, by the connection of which generation."""

    athlete_id: AthleteId
    user_id: UserId
    generation: str = ""
    updated_at: datetime | None = field(default=None, converter=optional_utc)
