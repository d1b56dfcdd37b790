"""All that the stores in memory keep of a person."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from attrs import frozen

from commitcollect_adapters.memory.accounts import MemoryAuditLog, MemorySessionStore
from commitcollect_adapters.memory.ledger import MemoryLedger
from commitcollect_adapters.memory.strava import MemoryBackfillStore, MemoryConnectionStore
from commitcollect_adapters.memory.versioned import MemoryVersions
from commitcollect_adapters.records import accounts, ledger, strava
from commitcollect_adapters.records.columns import RecordKind
from commitcollect_core.accounts.deletion import Person
from commitcollect_core.accounts.ports import Row
from commitcollect_core.accounts.profiles import UserProfile
from commitcollect_core.accounts.registry import ItemType
from commitcollect_core.strava.rates import RateBudget, athlete_scope

_ALL = 10**9


@frozen(kw_only=True, eq=False)
class MemoryPersonalData:
    """Implements `PersonalData`."""

    ledger: MemoryLedger
    profiles: MemoryVersions[UserProfile]
    connections: MemoryConnectionStore
    backfills: MemoryBackfillStore
    rates: MemoryVersions[RateBudget]
    sessions: MemorySessionStore
    audit: MemoryAuditLog
    index_lag_seconds: int = 0

    def walk(self, item: ItemType, person: Person) -> Iterator[Row]:
        kind, find = _FOUND[item]
        for value in list(find(self, person)):
            yield dict(zip(kind.columns, kind.encode(value), strict=True))

    def erase(self, item: ItemType, person: Person) -> int:
        with self.ledger.locked():
            count = sum(1 for _ in self.walk(item, person))
            _ERASED[item](self, person)
        return count

    def scrub(self) -> None:
        """Memory holds nothing of what was erased."""


def _of_ledger(name: str) -> Callable[[MemoryPersonalData, Person], Iterable[Any]]:
    def find(data: MemoryPersonalData, person: Person) -> Iterable[Any]:
        partition = data.ledger.partition(person.user_id)
        return () if partition is None else list(getattr(partition, name).values())

    return find


def _awards(data: MemoryPersonalData, person: Person) -> Iterable[Any]:
    for awards in _of_ledger("awards")(data, person):
        yield from awards.values()


def _head(data: MemoryPersonalData, person: Person) -> Iterable[Any]:
    partition = data.ledger.partition(person.user_id)
    return () if partition is None else [partition.head]


def _owned(data: MemoryPersonalData, person: Person) -> Iterable[Any]:
    owners = map(data.connections.owner, person.athlete_ids)
    return [each for each in owners if each is not None and each.user_id == person.user_id]


def _one(read: Callable[[MemoryPersonalData], Callable[[Any], Any]]) -> Callable[..., Iterable[Any]]:
    return lambda data, person: filter(None, [read(data)(person.user_id)])


_FOUND: dict[ItemType, tuple[RecordKind[Any], Callable[[MemoryPersonalData, Person], Iterable[Any]]]] = {
    ItemType.WORKOUT: (ledger.WORKOUT, _of_ledger("workouts")),
    ItemType.MILESTONE: (ledger.MILESTONE, _of_ledger("milestones")),
    ItemType.AWARD: (ledger.AWARD, _awards),
    ItemType.LEDGER_HEAD: (ledger.HEAD, _head),
    ItemType.PROFILE: (accounts.PROFILE, _one(lambda data: data.profiles.read)),
    ItemType.CONNECTION: (strava.CONNECTION, _one(lambda data: data.connections.read)),
    ItemType.ATHLETE_OWNER: (strava.OWNER, _owned),
    ItemType.BACKFILL: (strava.BACKFILL, _one(lambda data: data.backfills.read)),
    ItemType.STAGED_PAGE: (strava.STAGED_PAGE, lambda data, person: data.backfills.pages(person.user_id)),
    ItemType.RATE_BUDGET: (
        strava.RATE_BUDGET,
        lambda data, person: filter(
            None, (data.rates.read(athlete_scope(each)) for each in person.athlete_ids)
        ),
    ),
    ItemType.SESSION: (
        accounts.SESSION,
        lambda data, person: data.sessions.of_user(person.user_id, limit=_ALL),
    ),
    ItemType.HANDSHAKE: (
        accounts.HANDSHAKE,
        lambda data, person: data.sessions.handshakes_of(person.user_id),
    ),
    ItemType.AUDIT: (
        accounts.AUDIT,
        lambda data, person: data.audit.of_user(person.user_id, after=None, limit=_ALL).entries,
    ),
    ItemType.AUDIT_HEAD: (
        accounts.AUDIT_HEAD,
        lambda data, person: filter(lambda head: head.version, [data.audit.read_head(person.user_id)]),
    ),
}


def _clear(name: str) -> Callable[[MemoryPersonalData, Person], object]:
    def clear(data: MemoryPersonalData, person: Person) -> None:
        partition = data.ledger.partition(person.user_id)
        if partition is not None:
            getattr(partition, name).clear()

    return clear


def _end(sessions: Iterable[Any], delete: Callable[[str], object], key: str) -> None:
    for each in sessions:
        delete(getattr(each, key))


_ERASED: dict[ItemType, Callable[[MemoryPersonalData, Person], object]] = {
    ItemType.WORKOUT: lambda data, person: (
        _clear("workouts")(data, person),
        _clear("by_start")(data, person),
    ),
    ItemType.MILESTONE: _clear("milestones"),
    ItemType.AWARD: _clear("awards"),
    ItemType.LEDGER_HEAD: lambda data, person: data.ledger.forget(person.user_id),
    ItemType.PROFILE: lambda data, person: data.profiles.forget(person.user_id),
    ItemType.CONNECTION: lambda data, person: data.connections.forget(person.user_id),
    ItemType.ATHLETE_OWNER: lambda data, person: [
        data.connections.disown(each, person.user_id) for each in person.athlete_ids
    ],
    ItemType.BACKFILL: lambda data, person: data.backfills.forget(person.user_id),
    ItemType.STAGED_PAGE: lambda data, person: data.backfills.forget_pages(person.user_id),
    ItemType.RATE_BUDGET: lambda data, person: [
        data.rates.forget(athlete_scope(each)) for each in person.athlete_ids
    ],
    ItemType.SESSION: lambda data, person: _end(
        data.sessions.of_user(person.user_id, limit=_ALL), data.sessions.delete, "session_id"
    ),
    ItemType.HANDSHAKE: lambda data, person: _end(
        data.sessions.handshakes_of(person.user_id), data.sessions.take, "state"
    ),
    ItemType.AUDIT: lambda data, person: data.audit.remove(person.user_id, through=_ALL),
    ItemType.AUDIT_HEAD: lambda data, person: data.audit.forget(person.user_id),
}
