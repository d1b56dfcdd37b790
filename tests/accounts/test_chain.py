"""The audit chain: what was changed shows, and what may be missing does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from random import Random
from typing import Any

import pytest
from attrs import evolve, fields
from hypothesis import given
from hypothesis import strategies as st

from commitcollect_adapters.testing import service_samples as service
from commitcollect_adapters.testing.samples import NOW
from commitcollect_adapters.testing.service_strategies import audit_events
from commitcollect_core.accounts.audit import AuditEvent, AuditResult, AuditType
from commitcollect_core.accounts.chain import (
    AuditEntry,
    AuditKeys,
    BadEntry,
    ChainHead,
    Checkpoint,
    Fault,
    Verification,
    chained,
    erased,
    is_sealed,
    verify,
)
from commitcollect_core.errors import InvalidInput
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.values import UserId
from thoroughness import LEVEL

ME = UserId("me")
KEYS = service.AUDIT_KEYS
OTHER_KEYS = AuditKeys((b"another key of the tests",))
KEPT = timedelta(seconds=DEFAULT_POLICY.accounts.audit_kept_seconds)
DAY = timedelta(days=1)
ENTRIES = 10_000

Chain = tuple[ChainHead, list[AuditEntry]]


def event(number: int, **changes: Any) -> AuditEvent:
    """The event of a number, an hour after the one before."""
    made = service.audit_event(
        ME, f"{number:06}", occurred_at=NOW + timedelta(hours=number), correlation_id="flow"
    )
    return evolve(made, **changes)


def chain(count: int, keys: AuditKeys = KEYS) -> Chain:
    """A chain of so many entries."""
    head, entries = ChainHead(user_id=ME), []
    for number in range(count):
        entry, head = chained(head, event(number), keys)
        entries.append(entry)
    return head, entries


def looked_at(
    head: ChainHead,
    entries: list[AuditEntry],
    *,
    after: timedelta = DAY,
    checkpoint: Checkpoint | None = None,
) -> Verification:
    """What a look says, so long after the first entry."""
    return verify(head, entries, KEYS, now=NOW + after, policy=DEFAULT_POLICY, checkpoint=checkpoint)


def bad(head: ChainHead, entries: list[AuditEntry], **options: Any) -> tuple[int, Fault] | None:
    """The first bad entry and its fault."""
    found = looked_at(head, entries, **options).bad
    return None if found is None else (found.sequence, found.fault)


@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_a_chain_as_it_was_written_is_good(count: int) -> None:
    """In whatever order a store gives its entries."""
    head, entries = chain(count)
    assert looked_at(head, entries[::-1]) == Verification(entries=count, head=head)


@given(events=st.lists(audit_events(user_id=ME, correlation_id="flow"), max_size=5))
def test_any_events_make_a_good_chain(events: list[AuditEvent]) -> None:
    """Whatever they say, and in whatever order of time they come."""
    head, entries = ChainHead(user_id=ME), []
    for each in events:
        entry, head = chained(head, each, KEYS)
        entries.append(entry)
    assert bad(head, entries) is None
    assert (head.version, head.sequence) == (len(events), len(events))


# Every kind of change

OTHER_VALUES: dict[str, Any] = {
    "user_id": UserId("other"),
    "event_type": AuditType.DATA_EXPORT,
    "event_version": 2,
    "occurred_at": NOW + timedelta(hours=3, seconds=1),
    "result": AuditResult.FAILED,
    "data": {"a": "b"},
    "metrics": {"a": 1},
}


@pytest.mark.parametrize("name", [each.name for each in fields(AuditEvent)])
def test_no_field_of_an_event_can_be_edited(name: str) -> None:
    """Each is part of the digest."""
    head, entries = chain(7)
    entries[3] = evolve(entries[3], event=evolve(entries[3].event, **{name: OTHER_VALUES.get(name, "other")}))
    assert bad(head, entries) == (4, Fault.EDITED)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"latest_before": NOW}, Fault.EDITED),
        ({"latest_before": None}, Fault.EDITED),
        ({"previous": "x"}, Fault.EDITED),
        ({"digest": "x"}, Fault.EDITED),
        ({"digest": ""}, Fault.EDITED),
        ({"digest": "é"}, Fault.EDITED),
        ({"sequence": 9}, Fault.MISSING),
        ({"sequence": 3}, Fault.DOUBLED),
    ],
)
def test_no_place_in_the_chain_can_be_edited(change: dict[str, Any], fault: Fault) -> None:
    """The number and the digests belong to what is signed."""
    head, entries = chain(7)
    entries[3] = evolve(entries[3], **change)
    assert bad(head, entries) == (3 if fault is Fault.DOUBLED else 4, fault)


def test_a_forged_entry_without_the_key_is_found() -> None:
    """A chain that another writer continues, or makes anew, is not ours."""
    head, entries = chain(3)
    forged, forged_head = chained(head, event(9), OTHER_KEYS)
    assert bad(head, [*entries, forged]) == (4, Fault.EDITED)
    assert bad(forged_head, [*entries, forged]) == (4, Fault.EDITED)
    assert bad(*chain(3, OTHER_KEYS)) == (1, Fault.EDITED)


def test_a_fork_is_found() -> None:
    """Two entries behind the same one are both signed, and only one of them is the chain's."""
    head, entries = chain(3)
    first, after = chained(head, event(3), KEYS)
    second, other_after = chained(head, event(9), KEYS)
    assert bad(after, [*entries, first, second]) == (4, Fault.DOUBLED)
    assert bad(after, [*entries, second]) == (4, Fault.UNCHAINED)
    third, last = chained(other_after, event(10), KEYS)
    assert bad(last, [*entries, first, third]) == (5, Fault.UNCHAINED)


@pytest.mark.parametrize("place", [0, 3, 6])
def test_a_removed_entry_is_found(place: int) -> None:
    """At the beginning, in the middle, at the end."""
    head, entries = chain(7)
    del entries[place]
    assert bad(head, entries) == (place + 1, Fault.MISSING)
    assert bad(head, entries[: place or 1][:place]) == (place + 1 if place else 1, Fault.MISSING)


def test_an_entry_that_stands_there_twice_is_found() -> None:
    """A copy under another place, too."""
    head, entries = chain(7)
    assert bad(head, [*entries, entries[2]]) == (3, Fault.DOUBLED)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"sequence": 6}, (8, Fault.HEAD_EDITED)),
        ({"seal": "x"}, (8, Fault.HEAD_EDITED)),
        ({"latest_at": NOW}, (8, Fault.HEAD_EDITED)),
        ({"erased_sequence": 7}, (8, Fault.HEAD_EDITED)),
        ({"user_id": UserId("other")}, (8, Fault.HEAD_EDITED)),
    ],
)
def test_an_edited_head_is_found(change: dict[str, Any], expected: tuple[int, Fault]) -> None:
    """Nothing in it can be lowered to hide a cut tail."""
    head, entries = chain(7)
    assert bad(evolve(head, **change), entries) == expected


def test_a_head_of_an_earlier_time_is_found() -> None:
    """Alone it does not fit the entries; an absent one fits none."""
    earlier, _ = chain(5)
    head, entries = chain(7)
    assert bad(earlier, entries) == (6, Fault.HEAD_BEHIND)
    assert bad(ChainHead(user_id=ME), entries) == (1, Fault.HEAD_MISSING)
    assert bad(head, []) == (1, Fault.MISSING)


def test_a_chain_that_went_on_from_a_forged_head_stays_marked() -> None:
    """Writing never blocks, and the next entry does not make the forgery good."""
    head, entries = chain(7)
    forged = evolve(head, sequence=5, digest=entries[4].digest)
    assert not is_sealed(forged, KEYS)
    entry, after = chained(forged, event(9), KEYS)
    kept = [*entries[:5], entry]
    assert is_sealed(after, KEYS)
    assert bad(after, kept) == (6, Fault.HEAD_EDITED)
    later, last = chained(after, event(10), KEYS)
    assert bad(last, [*kept, later]) == (6, Fault.HEAD_EDITED)
    assert bad(erased(last, KEYS), []) == (6, Fault.HEAD_EDITED)
    assert bad(erased(forged, KEYS), []) == (5, Fault.HEAD_EDITED)


def test_everything_put_back_together_is_found_by_a_checkpoint() -> None:
    """Head and tail restored to an earlier state fit each other, but not what was noted since."""
    head, _ = chain(7)
    noted = Checkpoint(head.sequence, head.digest)
    earlier, entries = chain(5)
    assert looked_at(earlier, entries).bad is None
    assert looked_at(earlier, entries, checkpoint=noted).bad == BadEntry(6, Fault.ROLLED_BACK)
    regrown, after = chained(earlier, event(8), KEYS)
    again, last = chained(after, event(9), KEYS)
    found = looked_at(last, [*entries, regrown, again], checkpoint=noted).bad
    assert found == BadEntry(7, Fault.ROLLED_BACK, again.event.position)
    good_head, good = chain(9)
    assert looked_at(good_head, good, checkpoint=noted).bad is None


# What may be missing


def test_an_expired_prefix_may_be_gone() -> None:
    """In any order, as stores remove expired entries when they like; what is younger may not."""
    head, entries = chain(48)
    after = KEPT + timedelta(hours=10)  # the first eleven have expired
    for left in (entries[11:], entries[3:], [*entries[:4], *entries[8:]], entries):
        assert bad(head, left, after=after) is None
    assert bad(head, entries[12:], after=after) == (1, Fault.MISSING)
    assert bad(head, [*entries[11:20], *entries[21:]], after=after) == (21, Fault.MISSING)
    assert bad(head, entries[11:-1], after=after) == (48, Fault.MISSING)
    edited = [evolve(entries[11], previous="x"), *entries[12:]]
    assert bad(head, edited, after=after) == (12, Fault.EDITED)
    assert bad(head, [], after=after) == (1, Fault.MISSING)
    assert bad(head, [], after=KEPT + timedelta(hours=47)) is None


def test_a_late_entry_keeps_its_place_though_it_tells_of_earlier() -> None:
    """Entries that waited in a buffer are older than those before them in the chain."""
    head, entries = chain(3)
    _, head = chained(head, event(-500), KEYS)
    last, head = chained(head, event(4), KEYS)
    after = KEPT - timedelta(hours=100)
    assert bad(head, [*entries, last], after=after) == (4, Fault.MISSING)
    assert bad(head, [last], after=KEPT + timedelta(hours=2)) is None


def test_an_erased_chain_goes_on() -> None:
    """What was erased may be gone or still be there; what came after it may not be changed."""
    head, entries = chain(5)
    head = erased(head, KEYS)
    assert bad(head, []) is None
    assert bad(head, entries[2:]) is None  # interrupted
    first, head = chained(head, event(6), KEYS)
    second, head = chained(head, event(7), KEYS)
    assert bad(head, [first, second]) is None
    assert bad(head, [second]) == (6, Fault.MISSING)
    assert bad(head, [first]) == (7, Fault.MISSING)
    assert bad(head, [evolve(first, previous="x"), second]) == (6, Fault.EDITED)
    assert bad(head, [evolve(entries[1], previous="x"), first, second]) == (2, Fault.DOUBLED)


# Keys


def test_older_keys_verify_what_they_have_signed() -> None:
    """A new key goes in front; nothing has to be signed anew."""
    old, both = OTHER_KEYS, AuditKeys((KEYS.keys[0], OTHER_KEYS.keys[0]))
    head, entries = chain(3, old)
    entry, head = chained(head, event(3), both)
    found = verify(head, [*entries, entry], both, now=NOW, policy=DEFAULT_POLICY)
    assert found.bad is None
    assert not head.broken_at


@pytest.mark.parametrize("keys", [(), (b"short",), (KEYS.keys[0], b"")])
def test_a_key_that_is_none_is_refused(keys: tuple[bytes, ...]) -> None:
    """And no key is ever shown."""
    with pytest.raises(InvalidInput, match="at least 16 bytes"):
        AuditKeys(keys)
    assert "audit key of" not in repr(KEYS)


# A long history


@cache
def long_chain() -> Chain:
    """Ten thousand entries."""
    return chain(ENTRIES)


def _edit(entries: list[AuditEntry], place: int, random: Random) -> int:
    name = random.choice([each.name for each in fields(AuditEvent)])
    other = evolve(entries[place].event, **{name: OTHER_VALUES.get(name, "other")})
    entries[place] = evolve(entries[place], event=other)
    return place


def _remove(entries: list[AuditEntry], place: int, random: Random) -> int:
    del entries[place : place + random.randint(1, 3)]
    return place


def _swap(entries: list[AuditEntry], place: int, random: Random) -> int:
    """Two events change their places; the chain around them stays."""
    other = (place + random.randint(1, ENTRIES - 1)) % ENTRIES
    first, second = entries[place], entries[other]
    entries[place], entries[other] = evolve(first, event=second.event), evolve(second, event=first.event)
    return min(place, other)


def _renumber(entries: list[AuditEntry], place: int, random: Random) -> int:
    """Two entries change their numbers."""
    other = (place + random.randint(1, ENTRIES - 1)) % ENTRIES
    first, second = entries[place], entries[other]
    entries[place] = evolve(first, sequence=second.sequence)
    entries[other] = evolve(second, sequence=first.sequence)
    return min(place, other)


def _cut(entries: list[AuditEntry], place: int, _random: Random) -> int:
    del entries[place:]
    return place


def _behead(entries: list[AuditEntry], place: int, _random: Random) -> int:
    del entries[: place + 1]
    return 0


def _insert(entries: list[AuditEntry], place: int, _random: Random) -> int:
    forged, _ = chained(ChainHead(user_id=ME, sequence=place), event(-1), OTHER_KEYS)
    entries[place] = forged
    return place


_EDITS: tuple[Callable[[list[AuditEntry], int, Random], int], ...] = (
    _edit, _remove, _swap, _renumber, _cut, _behead, _insert,
)  # fmt: skip


@pytest.mark.slow
def test_every_edit_of_a_long_history_is_found_with_the_first_bad_entry() -> None:
    """Hundreds of random changes of ten thousand entries; each look names the first one they touch."""
    head, entries = long_chain()
    random = Random(12)
    for number in range(LEVEL.audit_edits):
        edited = list(entries)
        edit = _EDITS[number % len(_EDITS)]
        place = edit(edited, random.randrange(ENTRIES), random)
        found = looked_at(head, edited).bad
        assert found is not None, (number, edit)
        assert found.sequence == place + 1, (number, edit, found)
    assert looked_at(head, entries).bad is None
