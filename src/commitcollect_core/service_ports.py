"""What a service needs from the world beside `ports`: accounts, the connection to Strava, a queue.

Apart from `ports`, so that a program that only counts workouts does not pay for importing all this. The same
rules hold: a method takes a decision, not its pieces; what a technology raises arrives as a `StorageError`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from attrs import field, frozen

from commitcollect_core.accounts import DeletionRequest, UserProfile
from commitcollect_core.audit import AuditEvent, AuditPage, AuditPosition, AuditType
from commitcollect_core.awards import StatueModel
from commitcollect_core.backfills import Backfill, BackfillCommit, StagedPage
from commitcollect_core.connections import AthleteOwner, ConnectionCommit, StravaConnection
from commitcollect_core.idempotency import IdempotencyRecord
from commitcollect_core.jobs import Job, LeasedJob, ParkedJob, QueueCounts
from commitcollect_core.ports import Ledger, StatueCatalog
from commitcollect_core.rate_limits import RateBudget, RateReading
from commitcollect_core.sessions import Handshake, Session
from commitcollect_core.values import ActivityId, AthleteId, UserId, utc
from commitcollect_core.workouts import ActivitySnapshot


class ProfileStore(Protocol):
    """Who users are."""

    def read(self, user_id: UserId) -> UserProfile | None:
        """A user's profile, or None. Reads one item."""
        ...

    def write(self, profile: UserProfile) -> None:
        """Write a profile.

        Raises:
            VersionConflict: the stored one is not exactly one version behind.
            AccountDeleting: the user's ledger is fenced.
        """
        ...


class ConnectionStore(Protocol):
    """Which account is connected to which Strava athlete."""

    def read(self, user_id: UserId) -> StravaConnection | None:
        """A user's connection, or None. Reads one item, strongly consistently."""
        ...

    def owner(self, athlete_id: AthleteId) -> AthleteOwner | None:
        """Whose account an athlete is connected to, or None. Reads one item, strongly consistently."""
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


class SessionStore(Protocol):
    """Signed-in browsers, and sign-ins and links under way."""

    def read(self, session_id: str) -> Session | None:
        """A session, or None; it may have expired. Reads one item, strongly consistently."""
        ...

    def write(self, session: Session) -> None:
        """Add a session, or replace it if it is still there."""
        ...

    def touch(self, session: Session) -> None:
        """Replace a session if it is still there; one that was ended meanwhile stays ended."""
        ...

    def delete(self, session_id: str) -> None:
        """End a session; one that is not there is no error."""
        ...

    def of_user(self, user_id: UserId, *, limit: int) -> Sequence[Session]:
        """A user's sessions in order of creation, perhaps without one made just now."""
        ...

    def begin(self, handshake: Handshake) -> None:
        """Keep a handshake until it is taken or expires."""
        ...

    def take(self, state: str) -> Handshake | None:
        """Remove a handshake and return it; of many who ask at once, one gets it and the others None."""
        ...


class IdempotencyStore(Protocol):
    """Which requests and events were dealt with."""

    def read(self, request_id: str) -> IdempotencyRecord | None:
        """What is known of a request, or None; it may have expired. Reads one item, strongly consistently."""
        ...

    def begin(self, record: IdempotencyRecord, *, replaces: IdempotencyRecord | None) -> None:
        """Claim a request.

        Raises:
            VersionConflict: what is stored is not `replaces` (its owner and status), or nothing for None.
        """
        ...

    def complete(self, record: IdempotencyRecord) -> None:
        """Keep the answer of a request that was begun.

        Raises:
            VersionConflict: it is not in progress under the record's owner any more.
        """
        ...

    def release(self, request_id: str, owner_token: str) -> None:
        """Give up a request that was begun; if it is another owner's by now, nothing happens."""
        ...

    def mark(self, record: IdempotencyRecord) -> None:
        """Mark an event as completed, whatever was known of it."""
        ...


class RateBudgetStore(Protocol):
    """How many calls were made, of the app as a whole and for single athletes."""

    def read(self, scope: str) -> RateBudget | None:
        """The budget of a scope, or None if nobody has used it. Reads one item, strongly consistently."""
        ...

    def write(self, scope: str, budget: RateBudget) -> None:
        """Write a budget.

        Raises:
            VersionConflict: the stored one is not exactly one version behind (absent, for version 1).
        """
        ...


class DeletionStore(Protocol):
    """Deletions of accounts: under way, and their receipts."""

    def read(self, request_id: str) -> DeletionRequest | None:
        """A deletion, or None. Reads one item, strongly consistently."""
        ...

    def write(self, request: DeletionRequest) -> None:
        """Write a deletion.

        Raises:
            VersionConflict: the stored one is not exactly one version behind (absent, for version 1).
        """
        ...


class AuditLog(Protocol):
    """Who did what. Entries are added, and read in order of time; pages hold at most `limit`."""

    def write(self, event: AuditEvent) -> None:
        """Add an entry; the same one again changes nothing."""
        ...

    def of_user(self, user_id: UserId, *, after: AuditPosition | None, limit: int) -> AuditPage:
        """Entries about a user."""
        ...

    def of_flow(self, correlation_id: str, *, after: AuditPosition | None, limit: int) -> AuditPage:
        """Entries of one flow, perhaps without what was written just now."""
        ...

    def of_type(
        self, event_type: AuditType, *, month: str, after: AuditPosition | None, limit: int
    ) -> AuditPage:
        """Entries of one type in a month of UTC (``202611``), perhaps without what was written just now."""
        ...


class StatueStore(StatueCatalog, Protocol):
    """Statue models that are published while the service runs."""

    def publish(self, model: StatueModel) -> None:
        """Add a model, or replace what is said of it beside its parts, which milestones were promised.

        Raises:
            Conflict: it is stored with other parts (``model_exists``).
        """
        ...


class EventQueue(Protocol):
    """Jobs that wait, are worked on, or are parked. Durable, for several workers at once."""

    def put(self, job: Job, *, visible_at: datetime) -> None:
        """Add a job, in one durable write.

        A job of the same key that waits becomes one with it (`jobs.merged`) and stays due when it was; one
        that is being worked on is done once more afterwards.
        """
        ...

    def lease(self, *, now: datetime, seconds: int, limit: int) -> Sequence[LeasedJob]:
        """Take the jobs that have been due longest, and those whose lease has run out. May be none."""
        ...

    def complete(self, leased: LeasedJob) -> bool:
        """Remove a job that is done; False if the lease was lost, and then nothing happens.

        If it was put again meanwhile it stays, to be done once more.
        """
        ...

    def give_back(self, leased: LeasedJob, *, visible_at: datetime, is_attempt: bool) -> bool:
        """Let a job wait again; False if the lease was lost, and then nothing happens.

        Args:
            leased: the job.
            visible_at: when it is due.
            is_attempt: whether this counts as one, or the job was only put off.
        """
        ...

    def park(self, leased: LeasedJob, *, reason: str, now: datetime) -> bool:
        """Set a job aside; False if the lease was lost, and then nothing happens."""
        ...

    def parked(self, *, limit: int) -> Sequence[ParkedJob]:
        """Jobs set aside, the oldest first."""
        ...

    def unpark(self, key: str, *, now: datetime) -> bool:
        """Let a parked job wait again, all attempts forgotten; False if there is none of this key."""
        ...

    def drop(self, key: str) -> bool:
        """Forget a parked job; False if there is none of this key."""
        ...

    def counts(self, *, now: datetime) -> QueueCounts:
        """How many jobs there are of each kind."""
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
        athlete_id: with the exchange of a code only.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: datetime = field(converter=utc)
    athlete_id: AthleteId | None = None


@frozen(kw_only=True)
class ListedActivity:
    """An activity as Strava shows it, and whose it is."""

    athlete_id: AthleteId
    snapshot: ActivitySnapshot


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
        is_short: fewer than were asked for; the end only for an app from which nothing is kept back.
        oldest_start_at: of all of them; None for an empty page.
    """

    activities: tuple[ListedActivity, ...]
    rejected: tuple[str, ...] = ()
    is_last: bool
    is_short: bool = False
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

    def revoke(self, token: str) -> None:
        """Take back the app's permission; done before is no error."""
        ...

    def activity(self, access_token: str, activity_id: ActivityId) -> ActivityAnswer:
        """One activity.

        Raises:
            AccessTokenRejected: the token has ended or was revoked.
            ScopeMissing: the athlete did not grant it.
        """
        ...

    def activities(
        self, access_token: str, *, after: datetime | None, before: datetime | None, limit: int
    ) -> ActivityList:
        """The newest activities that start after and before two moments; errors as in `activity`."""
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


@frozen(kw_only=True, eq=False)
class Stores:
    """Every store on one technology."""

    ledger: Ledger
    catalog: StatueStore
    profiles: ProfileStore
    connections: ConnectionStore
    backfills: BackfillStore
    sessions: SessionStore
    idempotency: IdempotencyStore
    rates: RateBudgetStore
    deletions: DeletionStore
    audit: AuditLog


@frozen(kw_only=True, eq=False)
class StravaPorts:
    """What the connection to Strava runs on, beside `Ports`."""

    api: StravaApi
    connections: ConnectionStore
    backfills: BackfillStore
    sessions: SessionStore
    idempotency: IdempotencyStore
    rates: RateBudgetStore
    queue: EventQueue
    cipher: TokenCipher
