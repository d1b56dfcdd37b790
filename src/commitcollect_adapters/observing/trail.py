"""The audit trail of a process: outcomes of use cases become entries, after the fact and without blocking.

Law 8: an audit log that is down, slow or full changes no result of any use case.
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
from collections import Counter, deque
from collections.abc import Callable, Iterable
from itertools import chain
from threading import Lock
from time import monotonic as system_monotonic
from typing import TypeVar

from attrs import evolve

from commitcollect_adapters.observing.metrics import Metrics, NoMetrics
from commitcollect_adapters.observing.redaction import redacted
from commitcollect_core.accounts.audit import AuditEvent, AuditResult, AuditType, Caller
from commitcollect_core.accounts.auditing import Auditing
from commitcollect_core.accounts.outcomes import Happening, events_of, happenings_of
from commitcollect_core.errors import AccountDeleting, CommitCollectError, StorageUnavailable, VersionConflict
from commitcollect_core.flows import current_flow, flow
from commitcollect_core.values import UserId

_log = logging.getLogger(__name__)

Outcome = TypeVar("Outcome")

_IP_DIGITS = 32
_PASSING = (StorageUnavailable, VersionConflict)
"""After these, asking at once for the next entry would fail as well."""


class AuditTrail:
    """Records what happened in a bounded buffer, and writes it to the log when asked to. Thread-safe.

    Attributes:
        counts: entries ``written``, ``failed`` (and to be tried again) and ``dropped``.
    """

    def __init__(
        self,
        auditing: Auditing,
        *,
        metrics: Metrics | None = None,
        monotonic: Callable[[], float] = system_monotonic,
    ) -> None:
        """Record for one log.

        Args:
            auditing: writes entries, and has the policy.
            metrics: told of the counts.
            monotonic: a clock in seconds, for the pause after a failure.
        """
        self._auditing = auditing
        self._policy = auditing.context.policy.accounts
        self._metrics = metrics or NoMetrics()
        self._monotonic = monotonic
        self._waiting: deque[AuditEvent] = deque()
        self._paused_until = float("-inf")
        self._lock, self._flushing = Lock(), Lock()
        self.counts: Counter[str] = Counter()

    @property
    def waiting(self) -> int:
        """How many entries wait for the log."""
        return len(self._waiting)

    def caller(
        self,
        actor: str,
        *,
        method: str = "",
        path: str = "",
        origin: str = "",
        ip: str = "",
        user_agent: str = "",
    ) -> Caller:
        """A caller in the flow of this call, with nothing secret about it."""
        request_id = self._auditing.context.ids.request_id()
        return Caller(
            request_id=request_id,
            correlation_id=current_flow() or request_id,
            actor=actor,
            method=method,
            path=redacted(path.partition("?")[0]),
            origin=redacted(origin),
            ip_hash=self._ip_hash(ip),
            user_agent=redacted(user_agent),
        )

    def _ip_hash(self, ip: str) -> str:
        """A keyed hash of an address; a plain one could be reversed by trying all addresses."""
        try:
            packed = ipaddress.ip_address(ip).packed
        except ValueError:
            return ""
        return hmac.digest(self._auditing.keys.keys[0], b"ip" + packed, "sha256").hex()[:_IP_DIGITS]

    def around(
        self,
        caller: Caller,
        use_case: Callable[[], Outcome],
        *,
        event_type: AuditType | None = None,
        user_id: UserId | None = None,
    ) -> Outcome:
        """Call a use case and record its outcome.

        Args:
            caller: who calls.
            use_case: what is called; its result is returned, its error raised, whatever the log does.
            event_type: recorded beside what the outcome says, also when the use case fails.
            user_id: whose event that is.
        """
        own = (
            ()
            if event_type is None or user_id is None
            else (Happening(user_id=user_id, event_type=event_type),)
        )
        try:
            with flow(caller.correlation_id):
                outcome = use_case()
        except CommitCollectError as failed:
            data = {"error": failed.code}
            self._record(caller, (evolve(each, result=AuditResult.FAILED, data=data) for each in own))
            raise
        self._record(caller, chain(own, happenings_of(outcome)))
        return outcome

    def record(self, caller: Caller, outcome: object) -> None:
        """Record an outcome. Never fails, and asks no store."""
        self._record(caller, happenings_of(outcome))

    def _record(self, caller: Caller, happenings: Iterable[Happening]) -> None:
        try:
            now = self._auditing.context.now()
            # A caller may record several outcomes in one second: equal ids would take each other's place.
            caller = evolve(caller, request_id=self._auditing.context.ids.request_id())
            events = list(events_of(happenings, caller, now=now))
        except Exception as failed:  # noqa: BLE001 - law 8: whatever is wrong with an entry changes no result
            self._note("failed", 1, f"an audit entry could not be made: {type(failed).__name__}")
            return
        with self._lock:
            self._waiting.extend(events)
            dropped = max(0, len(self._waiting) - self._policy.audit_waiting_max)
            for _ in range(dropped):
                self._waiting.popleft()
        if dropped:
            self._note("dropped", dropped, f"{dropped} audit entries were dropped: the log takes none")

    def flush(self) -> int:
        """Write what waits, unless the log failed a moment ago; returns how much still waits. Never fails."""
        # Those who come while another writes leave it to that one.
        if self._flushing.acquire(blocking=False):
            try:
                self._flush()
            finally:
                self._flushing.release()
        return self.waiting

    def _flush(self) -> None:
        if self._monotonic() < self._paused_until:
            return
        for _ in range(self.waiting):
            with self._lock:
                if not self._waiting:
                    return
                event = self._waiting.popleft()
            try:
                self._auditing.append(event)
            except AccountDeleting:
                # It would be the first entry about a person whose account was deleted meanwhile.
                self._note("dropped", 1, "an audit entry of a deleted account was dropped")
                continue
            except Exception as failed:  # noqa: BLE001 - law 8: no failure of the log reaches a use case
                self._put_back(event, failed)
                if isinstance(failed, _PASSING):
                    self._paused_until = self._monotonic() + self._policy.audit_retry_seconds
                    return
                continue
            self.counts["written"] += 1
            self._metrics.count("audit_entries", outcome="written")

    def _put_back(self, event: AuditEvent, failed: Exception) -> None:
        """Keep an entry for the next flush, unless newer ones need its place."""
        is_kept = self.waiting < self._policy.audit_waiting_max
        with self._lock:
            # In front while nothing can be written; behind the others if it is the entry that is at fault.
            if is_kept and isinstance(failed, _PASSING):
                self._waiting.appendleft(event)
            elif is_kept:
                self._waiting.append(event)
        code = failed.code if isinstance(failed, CommitCollectError) else type(failed).__name__
        self._note("failed", 1, f"an audit entry could not be written, and is tried again: {code}")
        if not is_kept:
            self._note("dropped", 1, "an audit entry was dropped: the log takes none")

    def _note(self, outcome: str, amount: int, message: str) -> None:
        self.counts[outcome] += amount
        self._metrics.count("audit_entries", amount, outcome=outcome)
        _log.warning("%s", message)
