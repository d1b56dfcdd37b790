"""Whether an account was deleted: what every first write in a person's name asks."""

from __future__ import annotations

from sqlite3 import Connection

from commitcollect_adapters import conflicts
from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.statements import select
from commitcollect_core.values import UserId

_READ_KEY = select("deletionKey", ("content",), "id = 1")
_HOLDS = select("deletion", ("1",), "requestId = ?")


def check_not_deleted(database: Database, user_id: str) -> None:
    """Refuse the first item of its kind in the name of a deleted account; called in a write transaction.

    Raises:
        AccountDeleting: the account is being deleted, or was.
    """
    # The file is another one, but no deletion slips in between: it is written before anything is erased, and
    # what was not there yet while this transaction looked is erased after it.
    file = database.deletions()
    if file is None:
        return
    from commitcollect_adapters.records.deletions import id_of  # noqa: PLC0415 - few stores have deleted any

    with file.connection() as connection:
        key = key_of(connection)
        if key is None:
            return
        found = connection.execute(_HOLDS, (id_of(key, UserId(user_id)),)).fetchone()
    if found is not None:
        raise conflicts.fenced()


def key_of(connection: Connection) -> str | None:
    """The key that ids of deletions are hashed with; None where none was made."""
    row = connection.execute(_READ_KEY).fetchone()
    return None if row is None else str(row[0])
