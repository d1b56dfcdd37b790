"""Connections and backfills in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from heapq import nsmallest
from threading import Lock

from commitcollect_adapters import conflicts
from commitcollect_adapters.memory.ledger import MemoryLedger
from commitcollect_adapters.texts import check_keepable
from commitcollect_core.strava.backfills import Backfill, BackfillCommit, StagedPage
from commitcollect_core.strava.connections import (
    AthleteOwner,
    ConnectedAthlete,
    ConnectionCommit,
    StravaConnection,
)
from commitcollect_core.strava.ports import ConnectedPage
from commitcollect_core.values import AthleteId, UserId


class MemoryConnectionStore:
    """Implements `ConnectionStore`."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger
        self._connections: dict[UserId, StravaConnection] = {}
        self._owners: dict[AthleteId, AthleteOwner] = {}
        self._lock = Lock()

    def read(self, user_id: UserId) -> StravaConnection | None:
        return self._connections.get(user_id)

    def owner(self, athlete_id: AthleteId) -> AthleteOwner | None:
        return self._owners.get(athlete_id)

    def connected(self, *, after: AthleteId | None, limit: int) -> ConnectedPage:
        with self._lock:
            athletes = (each for each in self._owners if after is None or each > after)
            page = nsmallest(limit + 1, athletes)
            owned = [self._owners[each] for each in page[:limit]]
        return ConnectedPage(
            athletes=tuple(
                ConnectedAthlete(athlete_id=each.athlete_id, user_id=each.user_id) for each in owned
            ),
            next=page[limit - 1] if len(page) > limit else None,
        )

    def commit(self, commit: ConnectionCommit) -> None:
        check_keepable(commit.after)
        # The ledger's lock before this store's own, as in every store here: two orders could deadlock.
        # Removing is allowed behind the fence: the deletion that put it up removes the connection, too.
        guarded = self._ledger.locked() if commit.after is None else self._ledger.unfenced(commit.user_id)
        with guarded, self._lock:
            self._check(commit)
            self._write(commit)
            if commit.admits is not None:
                self._ledger.admit(commit.user_id, commit.admits)

    def forget(self, user_id: UserId) -> bool:
        """Let a user's connection go, whatever stands there; whether there was one."""
        with self._lock:
            return self._connections.pop(user_id, None) is not None

    def disown(self, athlete_id: AthleteId, user_id: UserId) -> bool:
        """Let an athlete's owner go, if it is this user; whether it was."""
        with self._lock:
            owner = self._owners.get(athlete_id)
            return owner is not None and owner.user_id == user_id and bool(self._owners.pop(athlete_id))

    def _check(self, commit: ConnectionCommit) -> None:
        stored = self._connections.get(commit.user_id)
        if _state(stored) != _state(commit.before):
            raise conflicts.stale()
        if commit.claims is not None:
            owner = self._owners.get(commit.claims)
            if owner is not None and owner.user_id != commit.user_id:
                raise conflicts.taken(commit.claims)

    def _write(self, commit: ConnectionCommit) -> None:
        if commit.releases is not None:
            self._owners.pop(commit.releases, None)
        if commit.after is None:
            self._connections.pop(commit.user_id, None)
            return
        self._connections[commit.user_id] = commit.after
        if commit.owner is not None:
            self._owners[commit.owner.athlete_id] = commit.owner


def _state(row: StravaConnection | Backfill | None) -> tuple[int, str] | None:
    """What a write is conditional on."""
    return None if row is None else (row.version, row.generation)


class MemoryBackfillStore:
    """Implements `BackfillStore`."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger
        self._backfills: dict[UserId, Backfill] = {}
        self._pages: dict[UserId, dict[int, StagedPage]] = defaultdict(dict)
        self._lock = Lock()

    def read(self, user_id: UserId) -> Backfill | None:
        return self._backfills.get(user_id)

    def read_page(self, user_id: UserId, number: int) -> StagedPage | None:
        with self._lock:
            return self._pages.get(user_id, {}).get(number)

    def commit(self, commit: BackfillCommit) -> None:
        check_keepable(commit)
        user_id = commit.backfill.user_id
        # State and page in one step: a reader in between would miss a page that the state counts.
        with self._ledger.unfenced(user_id, commit.backfill.connection_generation), self._lock:
            if _state(self._backfills.get(user_id)) != commit.replaces:
                raise conflicts.stale()
            self._backfills[user_id] = commit.backfill
            if commit.page is not None:
                self._pages[user_id][commit.page.number] = commit.page
            if commit.done_page is not None:
                self._pages[user_id].pop(commit.done_page, None)

    def pages(self, user_id: UserId) -> Sequence[StagedPage]:
        """The staged pages of a user."""
        with self._lock:
            return list(self._pages.get(user_id, {}).values())

    def forget(self, user_id: UserId) -> bool:
        """Let a user's backfill go, and not its pages; whether there was one."""
        with self._lock:
            return self._backfills.pop(user_id, None) is not None

    def forget_pages(self, user_id: UserId) -> None:
        """Let the staged pages of a user go."""
        with self._lock:
            self._pages.pop(user_id, None)

    def erase(self, user_id: UserId) -> None:
        with self._lock:
            self._backfills.pop(user_id, None)
            self._pages.pop(user_id, None)
