"""All that the tables keep of a person."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from attrs import frozen

from commitcollect_adapters.dynamodb.client import Client
from commitcollect_adapters.dynamodb.items import accounts, ledger, strava
from commitcollect_adapters.dynamodb.items.definitions import audit_table, ledger_table, sessions_table
from commitcollect_adapters.dynamodb.items.encoding import Item, ItemKind, Key, partition, prefix_query
from commitcollect_adapters.dynamodb.requests import delete
from commitcollect_adapters.dynamodb.table import Table
from commitcollect_core.accounts.deletion import Person
from commitcollect_core.accounts.ports import Row
from commitcollect_core.accounts.registry import ItemType
from commitcollect_core.errors import VersionConflict
from commitcollect_core.strava.rates import athlete_scope
from commitcollect_core.values import UserId

_ITEMS_PER_PAGE = 500
_LAG_SECONDS = 60
"""Global indexes are up to date within a second nearly always; a minute leaves room for a bad hour."""

_Query = Mapping[str, Any]


@frozen(kw_only=True)
class _Place:
    """Where items of a type are: behind a query, or under keys.

    Attributes:
        table: names it by the prefix of the tables.
        is_wanted: tells items of this type from others behind the query.
    """

    kind: ItemKind[Any]
    table: Callable[[str], str] = ledger_table
    query: Callable[[UserId], _Query] | None = None
    keys: Callable[[Person], Iterable[Key]] = lambda _person: ()
    is_wanted: Callable[[Item], bool] = lambda _item: True


def _beginning(prefix: str) -> Callable[[UserId], _Query]:
    return lambda user_id: prefix_query(partition(user_id), prefix)


def _under(key_of: Callable[[UserId], Key]) -> Callable[[Person], Iterable[Key]]:
    return lambda person: [key_of(person.user_id)]


_PLACES = {
    ItemType.WORKOUT: _Place(kind=ledger.WORKOUT, query=_beginning(ledger.WORKOUT_PREFIX)),
    ItemType.MILESTONE: _Place(
        kind=ledger.MILESTONE, query=ledger.milestones_of, is_wanted=ledger.is_milestone
    ),
    ItemType.AWARD: _Place(
        kind=ledger.AWARD, query=ledger.milestones_of, is_wanted=lambda item: not ledger.is_milestone(item)
    ),
    ItemType.LEDGER_HEAD: _Place(kind=ledger.HEAD, keys=_under(ledger.head_key)),
    ItemType.PROFILE: _Place(kind=accounts.PROFILE, keys=_under(accounts.profile_key)),
    ItemType.CONNECTION: _Place(kind=strava.CONNECTION, keys=_under(strava.connection_key)),
    ItemType.ATHLETE_OWNER: _Place(
        kind=strava.OWNER, keys=lambda person: map(strava.owner_key, person.athlete_ids)
    ),
    ItemType.BACKFILL: _Place(kind=strava.BACKFILL, keys=_under(strava.backfill_key)),
    ItemType.STAGED_PAGE: _Place(kind=strava.STAGED_PAGE, query=_beginning(strava.STAGED_PAGE_PREFIX)),
    ItemType.RATE_BUDGET: _Place(
        kind=strava.RATE_BUDGET,
        keys=lambda person: (strava.rates_key(athlete_scope(each)) for each in person.athlete_ids),
    ),
    ItemType.SESSION: _Place(kind=accounts.SESSION, table=sessions_table, query=accounts.sessions_of),
    ItemType.HANDSHAKE: _Place(kind=accounts.HANDSHAKE, table=sessions_table, query=accounts.handshakes_of),
    ItemType.AUDIT: _Place(
        kind=accounts.AUDIT, table=audit_table, query=lambda user_id: accounts.audit_of_user(user_id, None)
    ),
    ItemType.AUDIT_HEAD: _Place(
        kind=accounts.AUDIT_HEAD, table=audit_table, keys=_under(accounts.audit_head_key)
    ),
}


class DynamoPersonalData:
    """Implements `PersonalData`."""

    index_lag_seconds = _LAG_SECONDS

    def __init__(self, client: Client) -> None:
        self._client = client

    def walk(self, item: ItemType, person: Person) -> Iterator[Row]:
        place = _PLACES[item]
        for stored in self._items(item, person):
            flat = accounts.flat(stored) if item is ItemType.AUDIT else stored
            yield dict(zip(place.kind.record.columns, place.kind.values(flat), strict=True))

    def _items(self, item: ItemType, person: Person) -> Iterator[Item]:
        place, table = _PLACES[item], self._table(item)
        if place.query is not None:
            found = filter(
                place.is_wanted, table.query(place.query(person.user_id), page_items=_ITEMS_PER_PAGE)
            )
            # The index of sessions shows for a while what was removed, so what it names is looked at.
            is_indexed = place.table is sessions_table
            yield from table.get_all([accounts.key_of_item(each) for each in found]) if is_indexed else found
        for key in place.keys(person):
            stored = table.get(key)
            if stored is not None and not _is_of_another(item, stored, person):
                yield stored

    def _table(self, item: ItemType) -> Table:
        return Table(self._client, _PLACES[item].table(self._client.address.name))

    def erase(self, item: ItemType, person: Person) -> int:
        removed = 0
        table = self._table(item)
        # Until nothing is found: a page of a query may be short, and an index may lag behind.
        while keys := [accounts.key_of_item(each) for each in self._items(item, person)]:
            if item is ItemType.ATHLETE_OWNER:
                for key in keys:
                    self._disown(table, key, person.user_id)
            else:
                table.delete_all(keys)
            removed += len(keys)
        return removed

    @staticmethod
    def _disown(table: Table, key: Key, user_id: UserId) -> None:
        try:
            table.write(delete(key, strava.owned_by(user_id)))
        except VersionConflict:
            # Another account has connected the athlete meanwhile, or an earlier attempt removed it.
            return

    def scrub(self) -> None:
        """The engine keeps no files of ours."""


def _is_of_another(item: ItemType, stored: Item, person: Person) -> bool:
    return item is ItemType.ATHLETE_OWNER and strava.OWNER.value(stored).user_id != person.user_id
