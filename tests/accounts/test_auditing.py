"""The audit log in use: appended to under races, read without what has expired, verified, erased."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from commitcollect_adapters.memory.accounts import MemoryAuditLog
from commitcollect_adapters.simulation.faults import Side, SimulatedCrash, hooked
from commitcollect_adapters.system import NoBackoff
from commitcollect_adapters.testing import service_samples as service
from commitcollect_adapters.testing.samples import NOW, Now
from commitcollect_core.accounts.audit import AuditType
from commitcollect_core.accounts.auditing import Auditing
from commitcollect_core.accounts.chain import Checkpoint, Fault
from commitcollect_core.errors import VersionConflict
from commitcollect_core.policy import DEFAULT_POLICY, customised
from commitcollect_core.values import UserId

ME = UserId("me")
KEPT = timedelta(seconds=DEFAULT_POLICY.accounts.audit_kept_seconds)


def test_a_writer_who_always_loses_gives_up() -> None:
    """After so many attempts as the policy allows, each with a wait behind it."""
    log, waits = MemoryAuditLog(), []

    class Waiting(NoBackoff):
        def wait(self, attempt: int) -> None:
            waits.append(attempt)

    rival = service.auditing(log)

    def intrude(call: str, side: Side) -> None:
        if (call, side) == ("append", Side.BEFORE):
            rival.append(service.audit_event(ME, f"rival-{len(waits)}"))

    auditing = service.auditing(hooked(log, intrude))
    policy = customised(DEFAULT_POLICY, {"commit_attempts_max": 3})
    auditing = evolve(auditing, context=evolve(auditing.context, backoff=Waiting(), policy=policy))
    with pytest.raises(VersionConflict, match="each of 3 attempts"):
        auditing.append(service.audit_event(ME, "1"))
    assert waits == [1, 2, 3]
    assert rival.verify(ME).bad is None


def test_an_answer_that_was_lost_is_no_second_entry() -> None:
    """The write happened; the retry finds it, also when others have written since."""
    log = MemoryAuditLog()
    event = service.audit_event(ME, "1")

    def lose(call: str, side: Side) -> None:
        if (call, side) == ("append", Side.AFTER):
            raise SimulatedCrash("lost")

    with pytest.raises(SimulatedCrash):
        service.auditing(hooked(log, lose)).append(event)
    auditing = service.auditing(log)
    auditing.append(service.audit_event(ME, "2"))
    assert auditing.append(event).sequence == 1
    assert auditing.verify(ME).entries == 2


def test_readers_see_all_pages_and_nothing_that_has_expired() -> None:
    """By user, by flow, by type and month; a store may keep expired entries for days."""
    auditing = service.auditing(MemoryAuditLog())
    policy = customised(DEFAULT_POLICY, {"page_items_max": 2})
    auditing = evolve(auditing, context=evolve(auditing.context, policy=policy))
    for hours in (0, 1, 2, 3, 4):
        occurred_at = NOW + timedelta(hours=hours)
        auditing.append(service.audit_event(ME, f"{hours}", occurred_at=occurred_at, correlation_id="flow"))
    later = evolve(auditing, context=evolve(auditing.context, clock=Now(NOW + KEPT + timedelta(hours=1))))
    month = f"{NOW:%Y%m}"
    for found in (
        later.of_user(ME),
        later.of_flow("flow"),
        later.of_type(AuditType.AUTH_LOGIN, month=month),
    ):
        assert [each.event.request_id for each in found] == ["2", "3", "4"]
    assert later.verify(ME).entries == 5
    assert later.verify(ME).bad is None


def test_a_look_during_a_write_is_taken_again() -> None:
    """What is being appended right now is not taken for removed or forged."""
    log, left = MemoryAuditLog(), [1, 2, 3]
    writer = service.auditing(log)
    writer.append(service.audit_event(ME, "0"))

    def write(call: str, side: Side) -> None:
        if (call, side) == ("of_user", Side.AFTER) and left:
            writer.append(service.audit_event(ME, f"{left.pop()}"))

    found = service.auditing(hooked(log, write)).verify(ME)
    assert (found.bad, found.entries, left) == (None, 4, [])


def test_a_checkpoint_is_compared_with() -> None:
    """The head that a look returns can be kept elsewhere."""
    auditing = service.auditing(MemoryAuditLog())
    auditing.append(service.audit_event(ME, "1"))
    head = auditing.verify(ME).head
    assert auditing.verify(ME, checkpoint=Checkpoint(head.sequence, head.digest)).bad is None
    found = auditing.verify(ME, checkpoint=Checkpoint(9, "x")).bad
    assert found is not None
    assert found.fault is Fault.ROLLED_BACK


def test_an_erasure_that_crashes_anywhere_can_be_repeated() -> None:
    """At no moment does the chain look as if entries had been removed."""
    calls: list[str] = []
    _erase(service.auditing(hooked(_filled(), lambda call, _side: calls.append(call))))
    for place in range(len(calls)):
        log, left = _filled(), [0] * (place + 1)

        def crash(_call: str, _side: Side, left: list[int] = left) -> None:
            left.pop()
            if not left:
                raise SimulatedCrash("here")

        with pytest.raises(SimulatedCrash):
            _erase(service.auditing(hooked(log, crash)))
        auditing = service.auditing(log)
        assert auditing.verify(ME).bad is None
        _erase(auditing)
        assert not list(auditing.of_user(ME))
        assert auditing.verify(ME).bad is None


def _filled() -> MemoryAuditLog:
    log = MemoryAuditLog()
    for number in range(3):
        service.auditing(log).append(service.audit_event(ME, f"{number}"))
    return log


def _erase(auditing: Auditing) -> None:
    assert auditing.erase(ME).erased_sequence == 3
