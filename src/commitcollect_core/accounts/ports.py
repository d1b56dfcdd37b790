"""The ports of accounts: identity providers, profiles, sessions, deletions, personal data, audit log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from attrs import frozen

from commitcollect_core.accounts.audit import AuditEvent, AuditPosition, AuditType
from commitcollect_core.accounts.chain import AuditEntry, ChainHead
from commitcollect_core.accounts.deletion import DeletionRequest, Person
from commitcollect_core.accounts.identities import AuthorizationRequest, Identity
from commitcollect_core.accounts.profiles import UserProfile
from commitcollect_core.accounts.registry import ItemType
from commitcollect_core.accounts.sessions import Session
from commitcollect_core.values import UserId


class IdentityProvider(Protocol):
    """Where people prove who they are."""

    def authorize_url(self, request: AuthorizationRequest) -> str:
        """Where a browser signs in.

        Raises:
            UpstreamError: the provider did not say where that is.
        """
        ...

    def identify(self, code: str, request: AuthorizationRequest) -> Identity:
        """Who signed in, proved by the code that the provider gave the browser; a code works once.

        Raises:
            Unauthenticated: the code, or what the provider says for it, is not good for this request.
            UpstreamError: the provider did not answer.
        """
        ...

    def logout_url(self) -> str:
        """Where a browser signs out.

        Raises:
            UpstreamError: the provider did not say where that is.
        """
        ...


class UserDirectory(Protocol):
    """The users of an identity provider that an operator administers. A user that is gone is no error."""

    def sign_out(self, username: str) -> None:
        """End all that a user was given, on every device.

        Raises:
            UpstreamError: the provider did not do it; this holds for every method here.
        """
        ...

    def disable(self, username: str) -> None:
        """Keep a user from signing in."""
        ...

    def delete(self, username: str) -> None:
        """Forget a user."""
        ...


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


class SessionStore(Protocol):
    """Signed-in browsers."""

    def read(self, session_id: str) -> Session | None:
        """A session, or None; it may have expired.

        Reads one item, strongly consistently.
        """
        ...

    def write(self, session: Session) -> None:
        """Add a session, or replace it if it is still there.

        Raises:
            AccountDeleting: the user's ledger is fenced, or the account was deleted.
        """
        ...

    def touch(self, session: Session) -> None:
        """Replace a session if it is still stored.

        A session that was ended stays ended.
        """
        ...

    def delete(self, session_id: str) -> None:
        """End a session; one that is not there is no error."""
        ...

    def of_user(self, user_id: UserId, *, limit: int) -> Sequence[Session]:
        """A user's sessions in order of creation.

        Eventually consistent: one made just now may be missing.
        """
        ...


@frozen(kw_only=True)
class DeletionPage:
    """Some deletions, those asked for first in front; `next` is None on the last page."""

    requests: tuple[DeletionRequest, ...]
    next: str | None = None


class DeletionStore(Protocol):
    """Deletions of accounts, under way and done: the tombstones.

    They are kept where a restored backup of the other stores does not overwrite them. Once a deletion is
    written, every store refuses with `AccountDeleting` what would be the first item of its kind in the name
    of that user: the check is part of the same atomic write. What replaces an item needs no such check, as
    the item is erased.
    """

    def id_of(self, user_id: UserId) -> str:
        """The id of the deletion of a user's account: a keyed hash, whose key this store keeps."""
        ...

    def read(self, request_id: str) -> DeletionRequest | None:
        """A deletion, or None. Reads one item, strongly consistently."""
        ...

    def write(self, request: DeletionRequest) -> None:
        """Write a deletion.

        Raises:
            VersionConflict: the stored one is not exactly one version behind (absent, for version 1).
        """
        ...

    def page(self, *, after: str | None, limit: int) -> DeletionPage:
        """A page of deletions in order of request, behind a place that an earlier page gave.

        Eventually consistent: one asked for just now may be missing.
        """
        ...


Row = Mapping[str, Any]
"""A stored item by the names of the item catalogue: texts, whole numbers, truth values and None."""


class PersonalData(Protocol):
    """Everything the stores of one technology keep of a person, by type of item (`accounts.registry`).

    It knows `registry.STORED`: what a queue keeps is the queue's.
    """

    @property
    def index_lag_seconds(self) -> int:
        """How long what was written just now may be missing from a walk; 0 for never."""
        ...

    def walk(self, item: ItemType, person: Person) -> Iterator[Row]:
        """The items of a type that a person owns. Reads in pages, by keys."""
        ...

    def erase(self, item: ItemType, person: Person) -> int:
        """Remove the items of a type that a person owns, until none is found; returns how many there were.

        Not atomic. May be repeated after a failure. An athlete's owner that is another account stays.
        """
        ...

    def scrub(self) -> None:
        """Overwrite what erased items have left behind in files; nothing where the engine sees to that.

        Raises:
            StorageUnavailable: other processes use the file; try again.
        """
        ...


class ReceiptSigner(Protocol):
    """Signs receipts (Ed25519)."""

    @property
    def key_id(self) -> str:
        """Names the key, so that a reader knows which public key to take."""
        ...

    def sign(self, content: bytes) -> bytes:
        """The signature of a content."""
        ...


@frozen(kw_only=True)
class AuditPage:
    """One page of entries, the oldest first.

    `next` is None on the last.
    """

    entries: tuple[AuditEntry, ...]
    next: AuditPosition | None = None

    @property
    def events(self) -> tuple[AuditEvent, ...]:
        """What the entries tell of."""
        return tuple(each.event for each in self.entries)


class AuditLog(Protocol):
    """Who did what, as a chain for each user.

    Entries are appended, and read in order of time. Pages hold at most `limit`.
    """

    def read_head(self, user_id: UserId) -> ChainHead:
        """The head of a user's chain, version 0 if there is none. Reads one item, strongly consistently."""
        ...

    def append(self, entry: AuditEntry, head: ChainHead) -> None:
        """Write an entry and the head after it, both or neither.

        Raises:
            VersionConflict: the stored head is not exactly one version behind, or the entry's place is taken.
            AccountDeleting: the account was deleted, and this would be the first entry.
        """
        ...

    def write_head(self, head: ChainHead) -> None:
        """Write a head without an entry.

        Raises:
            VersionConflict: the stored head is not exactly one version behind.
        """
        ...

    def find(self, position: AuditPosition) -> AuditEntry | None:
        """The entry at a place, or None. Reads one item, strongly consistently."""
        ...

    def remove(self, user_id: UserId, *, through: int) -> None:
        """Remove a user's entries up to this number in the chain. May be repeated after a failure."""
        ...

    def of_user(self, user_id: UserId, *, after: AuditPosition | None, limit: int) -> AuditPage:
        """Entries about a user."""
        ...

    def of_flow(self, correlation_id: str, *, after: AuditPosition | None, limit: int) -> AuditPage:
        """Entries of one flow.

        Eventually consistent: what was written just now may be missing.
        """
        ...

    def of_type(
        self, event_type: AuditType, *, month: str, after: AuditPosition | None, limit: int
    ) -> AuditPage:
        """Entries of one type in a UTC month (``202611``).

        Eventually consistent: what was written just now may be missing.
        """
        ...
