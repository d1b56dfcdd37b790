"""Connections and backfills."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice

from commitcollect_adapters import conflicts
from commitcollect_adapters.dynamodb.client import Client
from commitcollect_adapters.dynamodb.deletions import not_deleted
from commitcollect_adapters.dynamodb.items import ledger as ledger_items
from commitcollect_adapters.dynamodb.items import strava as items
from commitcollect_adapters.dynamodb.items.definitions import ledger_table
from commitcollect_adapters.dynamodb.items.encoding import NEW, absent_or, of_generation
from commitcollect_adapters.dynamodb.requests import Member, admit, check, delete, put, unfenced, update
from commitcollect_adapters.dynamodb.table import Table
from commitcollect_core.errors import Conflict
from commitcollect_core.strava.backfills import Backfill, BackfillCommit, StagedPage
from commitcollect_core.strava.connections import (
    AthleteOwner,
    ConnectedAthlete,
    ConnectionCommit,
    StravaConnection,
)
from commitcollect_core.strava.ports import ConnectedPage
from commitcollect_core.training.ledger import LedgerHead, LedgerState, connection_changed
from commitcollect_core.values import AthleteId, UserId

_KEYS_PER_PAGE = 1_000


class DynamoConnectionStore:
    """Implements `ConnectionStore`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._table = Table(client, ledger_table(client.address.name))

    def read(self, user_id: UserId) -> StravaConnection | None:
        return self._table.find(items.CONNECTION, items.connection_key(user_id))

    def owner(self, athlete_id: AthleteId) -> AthleteOwner | None:
        return self._table.find(items.OWNER, items.owner_key(athlete_id))

    def connected(self, *, after: AthleteId | None, limit: int) -> ConnectedPage:
        found = list(islice(self._connected(after, page_items=limit + 1), limit + 1))
        athletes = tuple(found[:limit])
        return ConnectedPage(athletes=athletes, next=athletes[-1].athlete_id if len(found) > limit else None)

    def _connected(self, after: AthleteId | None, *, page_items: int) -> Iterator[ConnectedAthlete]:
        for query in items.connected_queries(after):
            yield from map(items.connected_of_item, self._table.query(query, page_items=page_items))

    def commit(self, commit: ConnectionCommit) -> None:
        # A connection is never written without its owner, so the connection alone tells whether a commit in
        # doubt was written.
        self._table.transact(
            list(self._members(commit)), has_landed=lambda: self.read(commit.user_id) == commit.after
        )

    def _members(self, commit: ConnectionCommit) -> Iterator[Member]:
        """Fence, connection, claimed athlete, released athlete: the first that fails is reported."""
        # Removing is allowed behind the fence: the deletion that put it up removes the connection, too.
        if commit.admits is not None:
            fence = None if commit.after is None else ledger_items.UNFENCED
            yield admit(commit.user_id, commit.admits, fence)
        elif commit.after is not None:
            yield unfenced(commit.user_id)
        yield _connection_member(commit)
        if commit.owner is not None:
            yield update(
                items.owner_key(commit.owner.athlete_id),
                items.OWNER.attributes(commit.owner),
                absent_or(items.owned_by(commit.user_id)),
                partial(conflicts.taken, commit.owner.athlete_id),
            )
        if commit.releases is not None:
            owned = self.owner(commit.releases)
            # After a restore the athlete may belong to another user. That owner stays, and is no reason to
            # keep this connection.
            if owned is not None and owned.user_id == commit.user_id:
                yield delete(items.owner_key(commit.releases), items.owned_by(commit.user_id))
        if commit.before is None and commit.after is not None:
            yield not_deleted(self._client, commit.user_id)


def _connection_member(commit: ConnectionCommit) -> Member:
    """The write of the connection itself, if the stored one is the one that was seen."""
    key = items.connection_key(commit.user_id)
    before = commit.before
    seen = NEW if before is None else of_generation(before.version, before.generation)
    if commit.after is not None:
        return update(key, items.CONNECTION.attributes(commit.after), seen)
    return check(key, seen) if before is None else delete(key, seen)


class DynamoBackfillStore:
    """Implements `BackfillStore`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._table = Table(client, ledger_table(client.address.name))

    def read(self, user_id: UserId) -> Backfill | None:
        return self._table.find(items.BACKFILL, items.backfill_key(user_id))

    def read_page(self, user_id: UserId, number: int) -> StagedPage | None:
        return self._table.find(items.STAGED_PAGE, items.staged_page_key(user_id, number))

    def commit(self, commit: BackfillCommit) -> None:
        self._table.transact(list(self._members(commit)), has_landed=lambda: self._has_landed(commit))

    def _members(self, commit: BackfillCommit) -> Iterator[Member]:
        backfill, user_id = commit.backfill, commit.backfill.user_id
        # The check of the fence stands here anyway, so that of the connection costs nothing.
        admitting = ledger_items.admitting(backfill.connection_generation)
        yield check(ledger_items.head_key(user_id), admitting, lambda: self._why_closed(user_id))
        seen = NEW if commit.replaces is None else of_generation(*commit.replaces)
        yield update(items.backfill_key(user_id), items.BACKFILL.attributes(backfill), seen)
        if commit.page is not None:
            key = items.staged_page_key(user_id, commit.page.number)
            yield put(items.STAGED_PAGE.item(key, commit.page))
        if commit.done_page is not None:
            yield delete(items.staged_page_key(user_id, commit.done_page))
        if not backfill.connection_generation and commit.replaces is None:
            # Of a connection without a generation the head need not be there.
            yield not_deleted(self._client, user_id)

    def _why_closed(self, user_id: UserId) -> Conflict:
        """Which half of the check of the head failed."""
        head = self._table.find(ledger_items.HEAD, ledger_items.head_key(user_id)) or LedgerHead()
        return connection_changed() if head.state is LedgerState.ACTIVE else conflicts.fenced()

    def _has_landed(self, commit: BackfillCommit) -> bool:
        """Whether this very commit is stored; another of equal state may have staged another page."""
        user_id, page = commit.backfill.user_id, commit.page
        return self.read(user_id) == commit.backfill and (
            page is None or self.read_page(user_id, page.number) == page
        )

    def erase(self, user_id: UserId) -> None:
        # Until nothing is found: a worker that read the backfill before may stage one more page meanwhile.
        while keys := list(self._table.query(items.backfill_keys_of(user_id), page_items=_KEYS_PER_PAGE)):
            self._table.delete_all([dict(each) for each in keys])
