"""The audit log in use: entries are chained, read, verified and erased."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from attrs import frozen

from commitcollect_core.accounts.audit import AuditEvent, AuditPosition, AuditType
from commitcollect_core.accounts.chain import (
    AuditEntry,
    AuditKeys,
    ChainHead,
    Checkpoint,
    Verification,
    chained,
    erased,
    verify,
)
from commitcollect_core.accounts.ports import AuditLog, AuditPage
from commitcollect_core.context import Context
from commitcollect_core.errors import VersionConflict
from commitcollect_core.values import UserId

_ReadPage = Callable[[AuditPosition | None], AuditPage]


@frozen(kw_only=True, eq=False, repr=False)
class Auditing:
    """Writes the audit log and reads it."""

    log: AuditLog
    keys: AuditKeys
    context: Context

    def append(self, event: AuditEvent) -> AuditEntry:
        """Chain an event behind what is there. The same event again changes nothing.

        Raises:
            VersionConflict: other writers were quicker each time; try again.
            StorageError: the log failed; it may hold the entry all the same, so append it again.
        """
        attempts_max = self.context.policy.training.commit_attempts_max
        for attempt in range(1, attempts_max + 1):
            head = self.log.read_head(event.user_id)
            entry, after = chained(head, event, self.keys)
            try:
                self.log.append(entry, after)
            except VersionConflict:
                # Another writer was quicker, or this very event is there: an earlier attempt wrote it, and
                # only its answer was lost.
                found = self.log.find(event.position)
                if found is not None:
                    return found
                self.context.backoff.wait(attempt)
            else:
                return entry
        raise VersionConflict(f"this audit chain grew under each of {attempts_max} attempts; try again")

    def of_user(self, user_id: UserId) -> Iterator[AuditEntry]:
        """Entries about a user in order of time. Reads in pages; expired ones are left out."""
        return self._walk(lambda after: self.log.of_user(user_id, after=after, limit=self._limit))

    def of_flow(self, correlation_id: str) -> Iterator[AuditEntry]:
        """Entries of one flow in order of time; what was written just now may be missing."""
        return self._walk(lambda after: self.log.of_flow(correlation_id, after=after, limit=self._limit))

    def of_type(self, event_type: AuditType, *, month: str) -> Iterator[AuditEntry]:
        """Entries of one type in a UTC month (``202611``); what was written just now may be missing."""
        return self._walk(
            lambda after: self.log.of_type(event_type, month=month, after=after, limit=self._limit)
        )

    def verify(self, user_id: UserId, *, checkpoint: Checkpoint | None = None) -> Verification:
        """Compare a user's entries with what was written."""
        before = self.log.read_head(user_id)
        while True:
            entries = list(
                self._pages(lambda after: self.log.of_user(user_id, after=after, limit=self._limit))
            )
            head = self.log.read_head(user_id)
            # An entry that was appended meanwhile may or may not be among those read.
            if head == before:
                break
            before = head
        return verify(
            head,
            entries,
            self.keys,
            now=self.context.now(),
            policy=self.context.policy,
            checkpoint=checkpoint,
        )

    def erase(self, user_id: UserId) -> ChainHead:
        """Remove every entry about a user. The head stays, so that what comes later is chained to it.

        May be repeated after a failure, and ends in the same place.

        Raises:
            VersionConflict: an entry was appended at the same moment; call again.
            StorageError: the log failed; call again.
        """
        head = self.log.read_head(user_id)
        if head.erased_sequence < head.sequence:
            # The checkpoint first: after a crash in between, entries that are gone must not look removed.
            head = erased(head, self.keys)
            self.log.write_head(head)
        self.log.remove(user_id, through=head.erased_sequence)
        return head

    @property
    def _limit(self) -> int:
        return self.context.policy.training.page_items_max

    def _walk(self, read_page: _ReadPage) -> Iterator[AuditEntry]:
        now, policy = self.context.now(), self.context.policy
        # A store may remove expired entries days late.
        return (each for each in self._pages(read_page) if each.event.expires_at(policy) > now)

    def _pages(self, read_page: _ReadPage) -> Iterator[AuditEntry]:
        after = None
        while True:
            page = read_page(after)
            yield from page.entries
            if page.next is None:
                return
            after = page.next
