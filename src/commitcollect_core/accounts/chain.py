"""The audit log of a person as a chain, in which every change shows.

Each entry carries a keyed digest of itself, its number and the digest before it. The head of the chain is
versioned, and every entry is written with it: two writers at once cannot continue the same entry. What may be
missing is what has expired or was erased, and the chain itself says which entries those are:

* each entry knows the latest moment of all entries before it, so a gap is expired only if that moment is;
* an erasure leaves a checkpoint in the head: everything up to this number may be gone.

A reader of the store without the key can make neither an entry nor a head. One thing does not show: a head
and its entries put back together to what they were at an earlier time. `Checkpoint` notes a state.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum

from attrs import evolve, field, frozen

from commitcollect_core.accounts.audit import AuditEvent, AuditPosition
from commitcollect_core.errors import InvalidInput
from commitcollect_core.policy import Policy
from commitcollect_core.values import UserId, optional_utc

_KEY_BYTES_MIN = 16
_as_json = json.JSONEncoder(separators=(",", ":")).encode


@frozen(kw_only=True)
class AuditEntry:
    """An event in the chain of its user.

    Attributes:
        sequence: its number, from 1.
        latest_before: the latest moment of all entries before it; None for the first.
        previous: the digest of the entry before it; empty for the first.
        digest: of all that, with a key.
    """

    event: AuditEvent
    sequence: int
    latest_before: datetime | None = field(default=None, converter=optional_utc)
    previous: str
    digest: str


@frozen(kw_only=True)
class ChainHead:
    """The end of a user's chain.

    Attributes:
        version: 0 before the first write, one more with every write.
        sequence, digest: of the last entry; 0 and empty before the first.
        latest_at: the latest moment of all entries.
        erased_sequence, erased_digest: of the last entry that an erasure covered; 0 and empty without one.
        broken_at: where the chain went on from a head that was not sealed by us; 0 if it never did.
        seal: a keyed digest of all that.
    """

    user_id: UserId
    version: int = 0
    sequence: int = 0
    digest: str = ""
    latest_at: datetime | None = field(default=None, converter=optional_utc)
    erased_sequence: int = 0
    erased_digest: str = ""
    broken_at: int = 0
    seal: str = ""


@frozen
class Checkpoint:
    """A state of a chain, kept elsewhere: its last entry then."""

    sequence: int
    digest: str


class Fault(StrEnum):
    """What is wrong with a chain at an entry."""

    EDITED = "edited"
    MISSING = "missing"
    DOUBLED = "doubled"
    UNCHAINED = "unchained"
    HEAD_MISSING = "head_missing"
    HEAD_EDITED = "head_edited"
    HEAD_BEHIND = "head_behind"
    ROLLED_BACK = "rolled_back"


@frozen
class BadEntry:
    """The first entry at which a chain is not what was written.

    Attributes:
        sequence: its number in the chain.
        position: where it stands; None for one that is not there.
    """

    sequence: int
    fault: Fault
    position: AuditPosition | None = None


@frozen(kw_only=True)
class Verification:
    """What became of a look at a chain.

    Attributes:
        entries: how many were there.
        head: the end of the chain, to be kept as a checkpoint.
        bad: the first bad entry; None if all is as it was written.
    """

    entries: int
    head: ChainHead
    bad: BadEntry | None = None


def _epoch(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())


def _facts(entry: AuditEntry) -> list[object]:
    """Everything that an entry says, in a fixed order; as JSON no two entries read the same."""
    event = entry.event
    return [
        "entry", entry.sequence, entry.previous, _epoch(entry.latest_before),
        event.user_id, event.event_type.value, event.event_version, _epoch(event.occurred_at),
        event.request_id, event.correlation_id, event.actor, event.result.value, event.method, event.path,
        event.origin, event.ip_hash, event.user_agent,
        sorted(event.data.items()), sorted(event.metrics.items()),
    ]  # fmt: skip


def _head_facts(head: ChainHead) -> list[object]:
    return [
        "head", head.user_id, head.version, head.sequence, head.digest, _epoch(head.latest_at),
        head.erased_sequence, head.erased_digest, head.broken_at,
    ]  # fmt: skip


def _check_keys(_keys: AuditKeys, _attribute: object, keys: tuple[bytes, ...]) -> None:
    if not keys or min(map(len, keys)) < _KEY_BYTES_MIN:
        raise InvalidInput(f"an audit key has at least {_KEY_BYTES_MIN} bytes", field="audit_keys")


@frozen
class AuditKeys:
    """The keys of digests: the current one first, older ones behind it for what they have signed."""

    keys: tuple[bytes, ...] = field(repr=False, validator=_check_keys)

    def digest(self, facts: object) -> str:
        """The keyed digest of a JSON value, by the current key."""
        return _digest(self.keys[0], _as_json(facts).encode())

    def is_signed(self, facts: object, digest: str) -> bool:
        """Whether one of the keys has made this digest."""
        text, given = _as_json(facts).encode(), digest.encode()
        return any(hmac.compare_digest(_digest(key, text).encode(), given) for key in self.keys)


def _digest(key: bytes, text: bytes) -> str:
    return hmac.digest(key, text, "sha256").hex()


def chained(head: ChainHead, event: AuditEvent, keys: AuditKeys) -> tuple[AuditEntry, ChainHead]:
    """The entry of an event behind a head, and the head after it."""
    entry = AuditEntry(
        event=event, sequence=head.sequence + 1, latest_before=head.latest_at, previous=head.digest, digest=""
    )
    entry = evolve(entry, digest=keys.digest(_facts(entry)))
    latest_at = event.occurred_at if head.latest_at is None else max(head.latest_at, event.occurred_at)
    # A head that is not ours is never made good by sealing it once more: the place stays marked.
    broken_at = head.broken_at or (0 if is_sealed(head, keys) else entry.sequence)
    after = evolve(
        head, sequence=entry.sequence, digest=entry.digest, latest_at=latest_at, broken_at=broken_at
    )
    return entry, _sealed(after, keys)


def erased(head: ChainHead, keys: AuditKeys) -> ChainHead:
    """The head once everything so far may be removed."""
    broken_at = head.broken_at or (0 if is_sealed(head, keys) else head.sequence)
    after = evolve(head, erased_sequence=head.sequence, erased_digest=head.digest, broken_at=broken_at)
    return _sealed(after, keys)


def is_sealed(head: ChainHead, keys: AuditKeys) -> bool:
    """Whether a head is as it was written; one that was never written is."""
    return head == ChainHead(user_id=head.user_id) or keys.is_signed(_head_facts(head), head.seal)


def _sealed(head: ChainHead, keys: AuditKeys) -> ChainHead:
    after = evolve(head, version=head.version + 1)
    return evolve(after, seal=keys.digest(_head_facts(after)))


def verify(
    head: ChainHead,
    entries: Iterable[AuditEntry],
    keys: AuditKeys,
    *,
    now: datetime,
    policy: Policy,
    checkpoint: Checkpoint | None = None,
) -> Verification:
    """Compare what is there with what was written.

    Args:
        head: the head of the chain, read after the entries.
        entries: all there are of the user, in any order.
        keys: all that ever signed an entry.
        now: judges which entries may have expired.
        policy: how long entries are kept.
        checkpoint: a state that the chain once had.
    """
    ordered = sorted(entries, key=lambda each: (each.sequence, each.event.occurred_at, each.event.request_id))
    kept = timedelta(seconds=policy.accounts.audit_kept_seconds)
    walk = _Walk(head, keys, now - kept, checkpoint)
    return Verification(entries=len(ordered), head=head, bad=next(walk.faults(ordered), None))


@frozen
class _Walk:
    """One look along a chain.

    Attributes:
        expired_at: what happened then or before may be gone.
    """

    head: ChainHead
    keys: AuditKeys
    expired_at: datetime
    checkpoint: Checkpoint | None

    def faults(self, ordered: list[AuditEntry]) -> Iterator[BadEntry]:
        """What is wrong, in order of the chain, as far as the first fault."""
        head, erased_through = self.head, self.head.erased_sequence
        expected = erased_through + 1
        previous: str | None = head.erased_digest
        if not head.version and ordered:
            yield _bad(ordered[0], Fault.HEAD_MISSING)
        if not is_sealed(head, self.keys):
            # Nothing that it says can be used to judge the entries.
            erased_through, previous = 0, None
            expected = ordered[0].sequence if ordered else 1
        for entry in ordered:
            if entry.sequence <= erased_through and self._is_signed(entry):
                # An erasure that was interrupted has left it; it is removed when that is repeated.
                continue
            yield from self._faults_of(entry, expected, previous)
            expected, previous = entry.sequence + 1, entry.digest
        yield from self._end_faults(expected, previous)

    def _is_signed(self, entry: AuditEntry) -> bool:
        return self.keys.is_signed(_facts(entry), entry.digest)

    def _faults_of(self, entry: AuditEntry, expected: int, previous: str | None) -> Iterator[BadEntry]:
        if entry.sequence < expected:
            yield _bad(entry, Fault.DOUBLED)
        # Before its own digest: what is missing comes earlier in the chain.
        if entry.sequence > expected and not self._is_over(entry.latest_before):
            yield BadEntry(expected, Fault.MISSING)
        if not self._is_signed(entry):
            yield _bad(entry, Fault.EDITED)
        if entry.sequence == expected and previous is not None and entry.previous != previous:
            yield _bad(entry, Fault.UNCHAINED)
        point = self.checkpoint
        if point is not None and point.sequence == entry.sequence and point.digest != entry.digest:
            yield _bad(entry, Fault.ROLLED_BACK)

    def _end_faults(self, expected: int, previous: str | None) -> Iterator[BadEntry]:
        """Whether the chain ends where its head says."""
        head = self.head
        if not is_sealed(head, self.keys) or head.broken_at:
            yield BadEntry(head.broken_at or expected, Fault.HEAD_EDITED)
        if expected <= head.sequence and not self._is_over(head.latest_at):
            yield BadEntry(expected, Fault.MISSING)
        if expected > head.sequence + 1:
            yield BadEntry(head.sequence + 1, Fault.HEAD_BEHIND)
        if expected == head.sequence + 1 and previous != head.digest:
            yield BadEntry(head.sequence, Fault.UNCHAINED)
        if self.checkpoint is not None and self.checkpoint.sequence > head.sequence:
            yield BadEntry(head.sequence + 1, Fault.ROLLED_BACK)

    def _is_over(self, latest: datetime | None) -> bool:
        return latest is not None and latest <= self.expired_at


def _bad(entry: AuditEntry, fault: Fault) -> BadEntry:
    return BadEntry(entry.sequence, fault, entry.event.position)
