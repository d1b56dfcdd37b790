"""Deletions of accounts in memory."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from commitcollect_adapters.memory.versioned import check_follows
from commitcollect_adapters.records import deletions
from commitcollect_adapters.texts import check_keepable
from commitcollect_core.accounts.deletion import DeletionRequest
from commitcollect_core.accounts.ports import DeletionPage
from commitcollect_core.values import UserId


class MemoryDeletionStore:
    """Implements `DeletionStore`."""

    def __init__(self, make_key: Callable[[], str] = deletions.new_key) -> None:
        self._key = make_key()
        self._requests: dict[str, DeletionRequest] = {}
        self._lock = Lock()

    def id_of(self, user_id: UserId) -> str:
        return deletions.id_of(self._key, user_id)

    def holds(self, user_id: UserId) -> bool:
        """Whether the account of a user is being deleted, or was."""
        # Most processes never delete an account, and need no hash for what they write.
        return bool(self._requests) and self.id_of(user_id) in self._requests

    def read(self, request_id: str) -> DeletionRequest | None:
        return self._requests.get(request_id)

    def write(self, request: DeletionRequest) -> None:
        check_keepable(request)
        with self._lock:
            check_follows(self._requests.get(request.request_id), request)
            self._requests[request.request_id] = request

    def page(self, *, after: str | None, limit: int) -> DeletionPage:
        with self._lock:
            places = {deletions.place_of(each): each for each in self._requests.values()}
        found = sorted(each for each in places if after is None or each > after)
        page = tuple(places[each] for each in found[:limit])
        return DeletionPage(requests=page, next=found[limit - 1] if len(found) > limit else None)
