"""Deletions of accounts, in a file of their own beside the store."""

from __future__ import annotations

from commitcollect_adapters.records import deletions
from commitcollect_adapters.records.accounts import DELETION
from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.deletion_check import key_of
from commitcollect_adapters.sqlite.statements import insert, select
from commitcollect_adapters.sqlite.versioned import VersionedTable
from commitcollect_core.accounts.deletion import DeletionRequest
from commitcollect_core.accounts.ports import DeletionPage
from commitcollect_core.values import UserId

_TABLE = VersionedTable("deletion", DELETION, "requestId")
_WRITE_KEY = insert("deletionKey", ("id", "content"), otherwise="IGNORE")
_LIST = select(
    "deletion",
    DELETION.columns,
    "(requestedAtUtc, requestId) > (?, ?) ORDER BY requestedAtUtc, requestId LIMIT ?",
)


class SqliteDeletionStore:
    """Implements `DeletionStore`."""

    def __init__(self, database: Database) -> None:
        """Keep the deletions of the accounts in `database`."""
        self._store = database

    def id_of(self, user_id: UserId) -> str:
        with self._file().connection() as connection:
            key = key_of(connection)
        if key is None:
            with self._file().transaction() as connection:
                # Another process may be making one: the first stays.
                connection.execute(_WRITE_KEY, (1, deletions.new_key()))
                key = key_of(connection)
        return deletions.id_of(key or "", user_id)

    def _file(self) -> Database:
        file = self._store.deletions(is_made=True)
        assert file is not None  # noqa: S101 - it was just made
        return file

    def read(self, request_id: str) -> DeletionRequest | None:
        file = self._store.deletions()
        if file is None:
            return None
        with file.connection() as connection:
            return _TABLE.read(connection, request_id)

    def write(self, request: DeletionRequest) -> None:
        with self._file().transaction() as connection:
            _TABLE.write(connection, (request,))

    def page(self, *, after: str | None, limit: int) -> DeletionPage:
        file = self._store.deletions()
        if file is None:
            return DeletionPage(requests=())
        with file.connection() as connection:
            parameters = (*deletions.position_of(after), limit + 1)
            found = connection.execute(_LIST, parameters).fetchall()
        page = tuple(map(DELETION.decode, found[:limit]))
        return DeletionPage(requests=page, next=deletions.place_of(page[-1]) if len(found) > limit else None)
