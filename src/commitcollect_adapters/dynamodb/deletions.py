"""Deletions of accounts, in a table of their own."""

from __future__ import annotations

from contextlib import suppress
from itertools import islice

from attrs import evolve

from commitcollect_adapters import conflicts
from commitcollect_adapters.dynamodb.client import Client
from commitcollect_adapters.dynamodb.items.accounts import (
    DELETION,
    deletion_key,
    deletion_key_key,
    deletions_behind,
    key_of_item,
)
from commitcollect_adapters.dynamodb.items.definitions import deletions_table, ledger_table
from commitcollect_adapters.dynamodb.items.encoding import NEW, text
from commitcollect_adapters.dynamodb.requests import Member, check, put, unfenced
from commitcollect_adapters.dynamodb.table import Table
from commitcollect_adapters.dynamodb.versioned import DynamoVersions
from commitcollect_adapters.records import deletions
from commitcollect_core.accounts.deletion import DeletionRequest
from commitcollect_core.accounts.ports import DeletionPage
from commitcollect_core.errors import CorruptItem, VersionConflict
from commitcollect_core.values import UserId

_CONTENT = "content"


class DynamoDeletionStore:
    """Implements `DeletionStore`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._table = Table(client, deletions_table(client.address.name))
        self._versions = DynamoVersions(self._table, DELETION, deletion_key)

    def id_of(self, user_id: UserId) -> str:
        return deletions.id_of(_key(self._client), user_id)

    def read(self, request_id: str) -> DeletionRequest | None:
        return self._versions.read(request_id)

    def write(self, request: DeletionRequest) -> None:
        self._versions.write(request.request_id, request)

    def page(self, *, after: str | None, limit: int) -> DeletionPage:
        # The index holds keys alone; what they name is read consistently.
        found = list(islice(self._table.query(deletions_behind(after), page_items=limit + 1), limit + 1))
        stored = self._table.get_all([key_of_item(each) for each in found[:limit]])
        requests = sorted(map(DELETION.value, stored), key=deletions.place_of)
        return DeletionPage(
            requests=tuple(requests),
            next=found[limit - 1]["GSI1SK"]["S"] if len(found) > limit else None,
        )


def not_deleted(client: Client, user_id: UserId) -> Member:
    """Keep a transaction from writing the first item of its kind in the name of a deleted account."""
    key = deletion_key(deletions.id_of(_key(client), user_id))
    member = check(key, NEW, conflicts.fenced)
    return evolve(member, table=deletions_table(client.address.name))


def open_to(client: Client, user_id: UserId) -> tuple[Member, Member]:
    """Keep a transaction on another table from writing in the name of an account that goes, or is gone."""
    fence = evolve(unfenced(user_id), table=ledger_table(client.address.name))
    return fence, not_deleted(client, user_id)


def _key(client: Client) -> str:
    """What ids are hashed with; made by the first process that needs it, and the same ever after."""
    if client.deletion_key is None:
        client.deletion_key = _stored_key(Table(client, deletions_table(client.address.name)))
    return client.deletion_key


def _stored_key(table: Table) -> str:
    key = deletion_key_key()
    if (item := table.get(key)) is None:
        # Another process may be first, or this one is and its answer is lost: what is stored counts.
        with suppress(VersionConflict):
            table.write(put({**key, _CONTENT: text(deletions.new_key())}, NEW))
        item = table.get(key)
    if item is None:
        raise CorruptItem("the key of deletions is gone; restore it, or every deleted account may come back")
    return str(item[_CONTENT]["S"])
