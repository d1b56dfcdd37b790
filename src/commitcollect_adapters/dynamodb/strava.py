"""Connections, backfills and the budget of calls."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from commitcollect_adapters import conflicts
from commitcollect_adapters.dynamodb import items
from commitcollect_adapters.dynamodb.client import Client
from commitcollect_adapters.dynamodb.items import service
from commitcollect_adapters.dynamodb.tabling import (
    Check,
    Delete,
    Member,
    Put,
    Table,
    Update,
    unfenced,
)
from commitcollect_adapters.records import strava
from commitcollect_core.strava.backfills import Backfill, BackfillCommit, StagedPage
from commitcollect_core.strava.connections import AthleteOwner, ConnectionCommit, StravaConnection
from commitcollect_core.strava.rates import RateBudget
from commitcollect_core.values import AthleteId, UserId

_KEYS_PER_PAGE = 1_000


class DynamoConnectionStore:
    """Implements `ConnectionStore`."""

    def __init__(self, client: Client) -> None:
        self._table = Table(client, items.ledger_table(client.address.prefix))

    def read(self, user_id: UserId) -> StravaConnection | None:
        """See `ConnectionStore`."""
        found = self._table.get(service.connection_key(user_id))
        return None if found is None else strava.connection(service.CONNECTION.record(found))

    def owner(self, athlete_id: AthleteId) -> AthleteOwner | None:
        """See `ConnectionStore`."""
        found = self._table.get(service.owner_key(athlete_id))
        return None if found is None else strava.owner(service.OWNER.record(found))

    def commit(self, commit: ConnectionCommit) -> None:
        """See `ConnectionStore`. Where several conditions fail, the first member's says why."""
        self._table.transact(list(self._members(commit)), has_landed=lambda: self._has_landed(commit))

    def _members(self, commit: ConnectionCommit) -> Iterator[Member]:
        if commit.after is not None:
            yield unfenced(commit.user_id)
        yield _connection_member(commit)
        if commit.after is not None and commit.claims is not None:
            owner = AthleteOwner(
                athlete_id=commit.claims, user_id=commit.user_id, updated_at=commit.after.updated_at
            )
            yield Update(
                key=service.owner_key(commit.claims),
                attributes=service.OWNER.attributes(owner),
                condition=items.absent_or(service.owned_by(commit.user_id)),
                refusal=partial(conflicts.taken, commit.claims),
            )
        if commit.releases is not None and self._owner_id(commit.releases) == commit.user_id:
            yield Delete(key=service.owner_key(commit.releases), condition=service.owned_by(commit.user_id))

    def _owner_id(self, athlete_id: AthleteId) -> UserId | None:
        owner = self.owner(athlete_id)
        return None if owner is None else owner.user_id

    def _has_landed(self, commit: ConnectionCommit) -> bool:
        """Whether this very commit is stored; a connection is never written without its owner."""
        return self.read(commit.user_id) == commit.after


def _connection_member(commit: ConnectionCommit) -> Member:
    """What becomes of the connection itself, if what is stored is what was seen."""
    key = service.connection_key(commit.user_id)
    seen = items.NEW if commit.before is None else items.holding(version=commit.before.version)
    if commit.after is not None:
        return Update(key=key, attributes=service.CONNECTION.attributes(commit.after), condition=seen)
    if commit.before is None:
        return Check(key=key, condition=seen)
    return Delete(key=key, condition=seen)


class DynamoBackfillStore:
    """Implements `BackfillStore`."""

    def __init__(self, client: Client) -> None:
        self._table = Table(client, items.ledger_table(client.address.prefix))

    def read(self, user_id: UserId) -> Backfill | None:
        """See `BackfillStore`."""
        found = self._table.get(service.backfill_key(user_id))
        return None if found is None else strava.backfill(service.BACKFILL.record(found))

    def read_page(self, user_id: UserId, number: int) -> StagedPage | None:
        """See `BackfillStore`."""
        found = self._table.get(service.staged_page_key(user_id, number))
        return None if found is None else strava.staged_page(service.STAGED_PAGE.record(found))

    def commit(self, commit: BackfillCommit) -> None:
        """See `BackfillStore`."""
        self._table.transact(list(_backfill_members(commit)), has_landed=lambda: self._has_landed(commit))

    def _has_landed(self, commit: BackfillCommit) -> bool:
        """Whether this very commit is stored; another of equal state may have staged another page."""
        user_id, page = commit.backfill.user_id, commit.page
        return self.read(user_id) == commit.backfill and (
            page is None or self.read_page(user_id, page.number) == page
        )

    def erase(self, user_id: UserId) -> None:
        """See `BackfillStore`. Goes on until nothing is found: a worker may have staged one more page."""
        while keys := list(self._table.query(service.backfill_keys_of(user_id), page_items=_KEYS_PER_PAGE)):
            self._table.delete_all([dict(each) for each in keys])


def _backfill_members(commit: BackfillCommit) -> Iterator[Member]:
    backfill = commit.backfill
    yield unfenced(backfill.user_id)
    yield Update(
        key=service.backfill_key(backfill.user_id),
        attributes=service.BACKFILL.attributes(backfill),
        condition=items.follows(backfill.version),
    )
    if commit.page is not None:
        key = service.staged_page_key(backfill.user_id, commit.page.number)
        yield Put(item=service.STAGED_PAGE.item(key, commit.page))
    if commit.done_page is not None:
        yield Delete(key=service.staged_page_key(backfill.user_id, commit.done_page))


class DynamoRateBudgetStore:
    """Implements `RateBudgetStore`."""

    def __init__(self, client: Client) -> None:
        self._table = Table(client, items.ledger_table(client.address.prefix))

    def read(self, scope: str) -> RateBudget | None:
        """See `RateBudgetStore`."""
        found = self._table.get(service.rates_key(scope))
        return None if found is None else strava.rate_budget(service.RATE_BUDGET.record(found))

    def write(self, scope: str, budget: RateBudget) -> None:
        """See `RateBudgetStore`.

        A write in doubt counts as refused, though it may be there: two workers who enter a call at the same
        moment write the same, so what is stored does not tell whose it is. Entering a call once more is safe.
        """
        self._table.write(
            Update(
                key=service.rates_key(scope),
                attributes=service.RATE_BUDGET.attributes(budget),
                condition=items.follows(budget.version),
            )
        )
