"""A value that a provider publishes: fetched when it is needed, kept, and fetched again with restraint."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Lock
from time import monotonic as system_monotonic
from typing import Generic, TypeVar

from commitcollect_core.errors import IdentityProviderUnavailable, UpstreamError
from commitcollect_core.policy import Policy

_log = logging.getLogger(__name__)

Value = TypeVar("Value")


class Fetched(Generic[Value]):
    """Keeps the last good value. Thread-safe.

    There is one fetch at a time, and none sooner than `identity_retry_seconds` after the one before, for all
    threads and however that ended: tokens with made-up key ids cost the provider nothing.
    """

    def __init__(
        self,
        what: str,
        fetch: Callable[[], Value],
        *,
        policy: Policy,
        monotonic: Callable[[], float] = system_monotonic,
    ) -> None:
        """Fetch nothing yet.

        Args:
            what: names the value, for the log.
            fetch: fetches it; an `UpstreamError` of it leaves the value before in use.
            policy: says how often.
            monotonic: a clock in seconds that never goes back.
        """
        self._what = what
        self._fetch = fetch
        self._retry_seconds = policy.accounts.identity_retry_seconds
        self._fresh_seconds = policy.accounts.identity_fresh_seconds
        self._monotonic = monotonic
        self._value: Value | None = None
        self._fetched_at = self._tried_at = float("-inf")
        self._lock = Lock()

    def get(self, is_enough: Callable[[Value], bool] = lambda _value: True) -> Value:
        """The value, fetched once more if it is old or not enough; it may still not be enough then.

        Raises:
            UpstreamError: there is no value, not even an old one.
        """
        value = self._value
        is_usable = value is not None and is_enough(value)
        if value is not None and is_usable and not self._is_due(self._fetched_at, self._fresh_seconds):
            return value
        # Those who have something to go on with do not wait for the one who fetches.
        if self._lock.acquire(blocking=not is_usable):
            try:
                self._refresh(value)
            finally:
                self._lock.release()
        if self._value is None:
            raise IdentityProviderUnavailable("the identity provider did not answer a moment ago; try again")
        return self._value

    def _is_due(self, since: float, seconds: float) -> bool:
        return self._monotonic() - since >= seconds

    def _refresh(self, seen: Value | None) -> None:
        # Another thread may have fetched while this one waited for the lock.
        if self._value is not seen or not self._is_due(self._tried_at, self._retry_seconds):
            return
        self._tried_at = self._monotonic()
        try:
            self._value = self._fetch()
        except UpstreamError as failed:
            if self._value is None:
                raise
            _log.warning("the identity provider's %s could not be fetched: %s", self._what, failed.code)
        else:
            self._fetched_at = self._tried_at
