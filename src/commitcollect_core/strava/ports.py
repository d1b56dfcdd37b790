"""What the connection to Strava needs from the world: stores, a cipher for tokens, and Strava.

The rules of `training.ports` hold here too: a method takes a decision, not its pieces, and what a technology
raises arrives as a `StorageError`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from attrs import field, frozen

from commitcollect_core.strava.backfills import Backfill, BackfillCommit, StagedPage
from commitcollect_core.strava.connections import (
    AthleteOwner,
    ConnectedAthlete,
    ConnectionCommit,
    StravaConnection,
)
from commitcollect_core.strava.rates import RateBudget, RateReading
from commitcollect_core.training.workouts import ActivitySnapshot, SetAside
from commitcollect_core.values import ActivityId, AthleteId, UserId, optional_utc


@frozen(kw_only=True)
class ConnectedPage:
    """Some of the connected athletes.

    Attributes:
        next: go on behind this one; None at the end.
    """

    athletes: tuple[ConnectedAthlete, ...]
    next: AthleteId | None


class ConnectionStore(Protocol):
    """Which account is connected to which Strava athlete."""

    def read(self, user_id: UserId) -> StravaConnection | None:
        """A user's connection, or None. Reads one item, strongly consistently."""
        ...

    def owner(self, athlete_id: AthleteId) -> AthleteOwner | None:
        """Whose account an athlete is connected to, or None. Reads one item, strongly consistently."""
        ...

    def connected(self, *, after: AthleteId | None, limit: int) -> ConnectedPage:
        """A page of the connected athletes, by keys of an index and never by a scan.

        The order is the store's own and does not change. A walk over all pages meets every athlete once who
        is connected from its beginning to its end. The index may lag behind, so it may miss one who has just
        connected, and name one who has just disconnected.

        Args:
            after: go on behind this athlete, connected or not; None for the first page.
            limit: the most athletes in it.
        """
        ...

    def commit(self, commit: ConnectionCommit) -> None:
        """Write the connection and the athlete's owner, or nothing.

        Raises:
            VersionConflict, AthleteAlreadyConnected, AccountDeleting: see `ConnectionCommit`.
        """
        ...


class BackfillStore(Protocol):
    """How far backfills have come, and what they have staged."""

    def read(self, user_id: UserId) -> Backfill | None:
        """A user's backfill, or None if there never was one. Reads one item."""
        ...

    def read_page(self, user_id: UserId, number: int) -> StagedPage | None:
        """A page that is staged, or None. Reads one item."""
        ...

    def commit(self, commit: BackfillCommit) -> None:
        """Write a backfill's state, stage its page, and drop the page it is done with; or nothing.

        Raises:
            VersionConflict, AccountDeleting: see `BackfillCommit`.
        """
        ...

    def erase(self, user_id: UserId) -> None:
        """Remove a user's backfill and every page staged; may be repeated."""
        ...


class RateBudgetStore(Protocol):
    """How many calls were made, of the app as a whole and for single athletes."""

    def read(self, scope: str) -> RateBudget | None:
        """The budget of a scope, or None before its first use. Reads one item, strongly consistently."""
        ...

    def write(self, scope: str, budget: RateBudget) -> None:
        """Write a budget.

        Raises:
            VersionConflict: the stored one is not exactly one version behind (absent, for version 1).
        """
        ...


@frozen
class SealContext:
    """Where a sealed text belongs; it opens nowhere else.

    Attributes:
        item: the kind of item, as the item catalogue calls it.
        row: names the item among its kind.
        field: the attribute.
    """

    item: str
    row: str
    field: str


class TokenCipher(Protocol):
    """Seals what must not be read in the store."""

    def seal(self, plain: str, context: SealContext) -> str:
        """Seal a text so that it opens in this context only."""
        ...

    def unseal(self, sealed: str, context: SealContext) -> str:
        """The text.

        Raises:
            SealBroken: it was altered, moved here from elsewhere, or sealed with a key not known here.
        """
        ...


@frozen(kw_only=True)
class TokenGrant:
    """Tokens as Strava gives them.

    Attributes:
        access_token: empty if the answer had none that can be used.
        expires_at, expires_in_seconds: when the access token ends; one may be missing, or both.
        athlete_id: with the exchange of a code only.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: datetime | None = field(default=None, converter=optional_utc)
    expires_in_seconds: int | None = None
    athlete_id: AthleteId | None = None

    def ends_at(self, now: datetime) -> datetime:
        """When the access token ends; `now` if that is unknown, so that the next call renews it first."""
        if not self.access_token:
            return now
        if self.expires_at is not None:
            return self.expires_at
        return now + timedelta(seconds=self.expires_in_seconds or 0)


@frozen(kw_only=True)
class ListedActivity:
    """An activity as Strava shows it, and whose it is.

    Attributes:
        set_aside: values of it that could not be read.
    """

    athlete_id: AthleteId
    snapshot: ActivitySnapshot
    set_aside: tuple[SetAside, ...] = ()


@frozen(kw_only=True)
class ActivityAnswer:
    """What Strava says of one activity: None if it is gone, private or not the asker's."""

    activity: ListedActivity | None
    rates: RateReading | None = None


@frozen(kw_only=True)
class ActivityList:
    """A page of an athlete's activities, the newest first.

    Attributes:
        activities: those that could be read.
        rejected: why each of the others could not.
        is_last: nothing older is left within the bounds that were asked for.
        missing: how many fewer there are than were asked for, at the end or as the app may not see them.
        oldest_start_at: of all of them; None for an empty page.
    """

    activities: tuple[ListedActivity, ...]
    rejected: tuple[str, ...] = ()
    is_last: bool
    missing: int = 0
    oldest_start_at: datetime | None = None
    rates: RateReading | None = None


@frozen(kw_only=True)
class PushSubscription:
    """Where Strava sends events."""

    subscription_id: int
    callback_url: str
    created_at: datetime | None = None


class StravaApi(Protocol):
    """Strava.

    Every method may raise `StravaUnavailable`, `StravaRefused`, `StravaRateLimited` or `StravaAppInactive`.
    An error that came with counts of the app's calls carries them as `rates`.
    """

    def authorize_url(self, *, state: str, scope: Sequence[str], redirect_uri: str) -> str:
        """Where to send the athlete's browser; nothing is called."""
        ...

    def exchange(self, code: str) -> TokenGrant:
        """Turn the code that came back into tokens."""
        ...

    def refresh(self, refresh_token: str) -> TokenGrant:
        """New tokens; the refresh token may be another one, and then the old one is dead at once.

        Raises:
            TokenRefreshRejected: it is used up or revoked.
        """
        ...

    def revokes_by_any_token(self) -> bool:
        """Whether `revoke` takes a refresh token as well; else an access token that has not ended."""
        ...

    def revoke(self, token: str) -> None:
        """Take back the app's permission; done before is no error.

        Raises:
            AccessTokenRejected: only an access token revokes, and this one has ended or was revoked.
        """
        ...

    def activity(self, access_token: str, activity_id: ActivityId) -> ActivityAnswer:
        """One activity.

        Raises:
            AccessTokenRejected: the token has ended or was revoked.
            ScopeMissing: the athlete did not grant it.
        """
        ...

    def activities(
        self, access_token: str, *, after: datetime | None, before: datetime | None, limit: int, page: int = 1
    ) -> ActivityList:
        """A page of the newest activities between two moments; errors as in `activity`."""
        ...

    def subscriptions(self) -> Sequence[PushSubscription]:
        """The app's subscriptions; there is one at most."""
        ...

    def subscribe(self, *, callback_url: str, verify_token: str) -> int:
        """Ask for events; returns the subscription's id. Strava calls `callback_url` while this runs."""
        ...

    def unsubscribe(self, subscription_id: int) -> None:
        """Ask for no more events.

        Raises:
            NotFound: there is no such subscription.
        """
        ...
