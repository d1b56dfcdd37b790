"""All that a SQLite file keeps of a person, and how its bytes vanish."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from commitcollect_adapters.records import accounts, ledger, strava
from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.statements import delete, select
from commitcollect_core.accounts.deletion import Person
from commitcollect_core.accounts.ports import Row
from commitcollect_core.accounts.registry import ItemType
from commitcollect_core.strava.rates import athlete_scope
from commitcollect_core.values import UserId

_ROWS_PER_PAGE = 500


@frozen
class _Table:
    """Where items of a type are.

    Attributes:
        columns: what is read of them.
        key: orders them, and names one.
        of_athlete: the column that holds an athlete's id or scope; empty for what has a user's id.
        is_owned: whether those of an athlete must be the user's as well.
    """

    columns: tuple[str, ...]
    key: str
    of_athlete: str = ""
    is_owned: bool = False


_TABLES = {
    ItemType.WORKOUT: _Table(ledger.WORKOUT.columns, "source, activityId"),
    ItemType.MILESTONE: _Table(ledger.MILESTONE.columns, "milestoneId"),
    ItemType.AWARD: _Table(ledger.AWARD.columns, "milestoneId, partIndex"),
    ItemType.LEDGER_HEAD: _Table(ledger.HEAD.columns, "userId"),
    ItemType.PROFILE: _Table(accounts.PROFILE.columns, "userId"),
    ItemType.CONNECTION: _Table(strava.CONNECTION.columns, "userId"),
    ItemType.ATHLETE_OWNER: _Table(strava.OWNER.columns, "athleteId", of_athlete="athleteId", is_owned=True),
    ItemType.BACKFILL: _Table(strava.BACKFILL.columns, "userId"),
    ItemType.STAGED_PAGE: _Table(strava.STAGED_PAGE.columns, "number"),
    ItemType.RATE_BUDGET: _Table(strava.RATE_BUDGET.columns, "scope", of_athlete="scope"),
    ItemType.SESSION: _Table(accounts.SESSION.columns, "createdAtUtc, sessionId"),
    ItemType.HANDSHAKE: _Table(accounts.HANDSHAKE.columns, "state"),
    ItemType.AUDIT: _Table(accounts.AUDIT.columns, "occurredAtUtc, requestId"),
    ItemType.AUDIT_HEAD: _Table(accounts.AUDIT_HEAD.columns, "userId"),
}


class SqlitePersonalData:
    """Implements `PersonalData`."""

    index_lag_seconds = 0

    def __init__(self, database: Database) -> None:
        self._database = database

    def walk(self, item: ItemType, person: Person) -> Iterator[Row]:
        table = _TABLES[item]
        for condition, parameters in _conditions(item, person):
            yield from self._pages(item, table, condition, parameters)

    def _pages(
        self, item: ItemType, table: _Table, condition: str, parameters: tuple[str, ...]
    ) -> Iterator[Row]:
        keys = table.key.split(", ")
        rest = f"ORDER BY {table.key} LIMIT {_ROWS_PER_PAGE}"
        behind = f"AND ({table.key}) > ({', '.join('?' * len(keys))})"
        columns = (*table.columns, *keys)
        after: tuple[object, ...] = ()
        while True:
            statement = select(item.value, columns, f"{condition} {behind if after else ''} {rest}")
            with self._database.connection() as connection:
                found = connection.execute(statement, (*parameters, *after)).fetchall()
            for row in found:
                yield dict(zip(table.columns, row, strict=False))
            if len(found) < _ROWS_PER_PAGE:
                return
            after = found[-1][len(table.columns) :]

    def erase(self, item: ItemType, person: Person) -> int:
        removed = 0
        with self._database.transaction() as connection:
            # Overwritten with zeros where they stood; `scrub` sees to what updates have left of them.
            connection.execute("PRAGMA secure_delete = ON")
            for condition, parameters in _conditions(item, person):
                removed += connection.execute(delete(item.value, condition), parameters).rowcount
        return removed

    def scrub(self) -> None:
        self._database.scrub()


def _conditions(item: ItemType, person: Person) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Which rows are the person's, and the parameters of that."""
    table = _TABLES[item]
    if not table.of_athlete:
        yield "userId = ?", (person.user_id,)
        return
    for athlete_id in person.athlete_ids:
        name = athlete_scope(athlete_id) if item is ItemType.RATE_BUDGET else athlete_id
        owned: tuple[UserId, ...] = (person.user_id,) if table.is_owned else ()
        yield f"{table.of_athlete} = ?{' AND userId = ?' if owned else ''}", (name, *owned)
