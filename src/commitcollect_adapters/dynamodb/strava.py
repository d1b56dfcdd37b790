"""Connections and backfills."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice

from commitcollect_adapters import conflicts
from commitcollect_adapters.dynamodb.client import Client
from commitcollect_adapters.dynamodb.items import strava as items
from commitcollect_adapters.dynamodb.items.definitions import ledger_table
from commitcollect_adapters.dynamodb.items.encoding import NEW, absent_or, follows, holding
from commitcollect_adapters.dynamodb.requests import Member, check, delete, put, unfenced, update
from commitcollect_adapters.dynamodb.table import Table
from commitcollect_core.strava.backfills import Backfill, BackfillCommit, StagedPage
from commitcollect_core.strava.connections import (
    AthleteOwner,
    ConnectedAthlete,
    ConnectionCommit,
    StravaConnection,
)
from commitcollect_core.strava.ports import ConnectedPage
from commitcollect_core.values import AthleteId, UserId

_KEYS_PER_PAGE = 1_000


class DynamoConnectionStore:
    """Implements `ConnectionStore`."""

    def __init__(self, client: Client) -> None:
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
        if commit.after is not None:
            yield unfenced(commit.user_id)
        yield _connection_member(commit)
        if commit.after is not None and commit.claims is not None:
            owner = AthleteOwner(
                athlete_id=commit.claims, user_id=commit.user_id, updated_at=commit.after.updated_at
            )
            yield update(
                items.owner_key(commit.claims),
                items.OWNER.attributes(owner),
                absent_or(items.owned_by(commit.user_id)),
                partial(conflicts.taken, commit.claims),
            )
        if commit.releases is not None:
            owned = self.owner(commit.releases)
            # After a restore the athlete may belong to another user. That owner stays, and is no reason to
            # keep this connection.
            if owned is not None and owned.user_id == commit.user_id:
                yield delete(items.owner_key(commit.releases), items.owned_by(commit.user_id))


def _connection_member(commit: ConnectionCommit) -> Member:
    """The write of the connection itself, if the stored one is the one that was seen."""
    key = items.connection_key(commit.user_id)
    seen = NEW if commit.before is None else holding(version=commit.before.version)
    if commit.after is not None:
        return update(key, items.CONNECTION.attributes(commit.after), seen)
    return check(key, seen) if commit.before is None else delete(key, seen)


class DynamoBackfillStore:
    """Implements `BackfillStore`."""

    def __init__(self, client: Client) -> None:
        self._table = Table(client, ledger_table(client.address.name))

    def read(self, user_id: UserId) -> Backfill | None:
        return self._table.find(items.BACKFILL, items.backfill_key(user_id))

    def read_page(self, user_id: UserId, number: int) -> StagedPage | None:
        return self._table.find(items.STAGED_PAGE, items.staged_page_key(user_id, number))

    def commit(self, commit: BackfillCommit) -> None:
        self._table.transact(list(_backfill_members(commit)), has_landed=lambda: self._has_landed(commit))

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


def _backfill_members(commit: BackfillCommit) -> Iterator[Member]:
    backfill = commit.backfill
    yield unfenced(backfill.user_id)
    yield update(
        items.backfill_key(backfill.user_id), items.BACKFILL.attributes(backfill), follows(backfill.version)
    )
    if commit.page is not None:
        key = items.staged_page_key(backfill.user_id, commit.page.number)
        yield put(items.STAGED_PAGE.item(key, commit.page))
    if commit.done_page is not None:
        yield delete(items.staged_page_key(backfill.user_id, commit.done_page))
