"""What rarely meets a deletion: dead tokens, old ways of Strava, two processes, broken receipts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest
from attrs import evolve

from accounts.leaving import furnish
from accounts.test_deletion_laws import delete, make_world
from commitcollect_adapters.memory.jobs import MemoryQueue
from commitcollect_adapters.memory.stores import memory_stores
from commitcollect_adapters.observing.trail import AuditTrail
from commitcollect_adapters.simulation.faults import Side
from commitcollect_adapters.strava import Revocation
from commitcollect_adapters.testing import service_samples as service
from commitcollect_core.accounts.audit import AuditType
from commitcollect_core.accounts.deleting import DeletionResult
from commitcollect_core.accounts.deletion import DeletionStep
from commitcollect_core.accounts.importing import ExportedAccount
from commitcollect_core.accounts.outcomes import happenings_of
from commitcollect_core.accounts.receipts import opened
from commitcollect_core.accounts.signing_in import SignedOut
from commitcollect_core.errors import Conflict, InvalidInput, NotFound, StorageUnavailable, StravaUnavailable
from commitcollect_core.jobs.jobs import QueuedJob
from commitcollect_core.policy import DEFAULT_POLICY, customised
from commitcollect_core.strava.connections import ConnectionCommit
from commitcollect_core.values import AthleteId, UserId
from strava.world import ATHLETE, ME, WISH, World, payload


def old_world() -> World:
    """A world in which only an access token that lives gives the permission back."""
    world = World(revoke_with=Revocation.DEAUTHORIZE)
    world.fake.add_activities(ATHLETE, map(payload, range(2)))
    world.connect()
    world.work()
    return world


@pytest.mark.parametrize("hours", [0, 7])
def test_the_old_way_to_revoke_needs_a_token_that_lives(hours: int) -> None:
    """One that has ended is renewed first; the permission is gone either way."""
    world = old_world()
    world.pass_time(hours=hours)
    assert delete(world.service).receipt
    assert not world.fake.has_permission(ATHLETE)


def test_a_permission_that_is_gone_is_no_outage() -> None:
    """The athlete was at Strava before."""
    world = old_world()
    world.fake.deauthorize(ATHLETE)
    assert delete(world.service).receipt


def test_a_token_that_cannot_be_opened_is_not_given_back() -> None:
    """It is of no use to others either, and keeps nothing from being erased."""
    world = make_world()
    before = world.stores.connections.read(ME)
    assert before is not None
    broken = evolve(before, access_token="x", refresh_token="x", version=before.version + 1)  # noqa: S106 - none
    world.stores.connections.commit(ConnectionCommit(user_id=ME, before=before, after=broken))
    assert delete(world.service).receipt


class _BlindQueue(MemoryQueue):
    """A queue that takes jobs and cannot be looked at."""

    def waiting(self, group: str | None, *, limit: int) -> Sequence[QueuedJob]:
        """Out of reach."""
        raise StorageUnavailable(f"cannot list {limit} jobs of {group}")


def test_a_deletion_is_asked_for_without_a_look_at_the_queue() -> None:
    """Looking costs many calls on SQS; the steps of the deletion look, and are repeated."""
    world = World(queue=_BlindQueue())
    furnish(world)
    deleting = world.service.accounts.deleting
    request = deleting.request(ME)
    with pytest.raises(StorageUnavailable):
        deleting.resume(request.request_id)
    assert deleting.request(ME).steps_left == tuple(DeletionStep)


def test_a_deletion_that_is_done_stays_as_it_is() -> None:
    """Asked for again, resumed, or by its job that comes late."""
    world = make_world()
    done = delete(world.service)
    assert delete(world.service) == done
    assert world.service.accounts.deleting.resume(done.request_id) == done
    world.pass_time(seconds=DEFAULT_POLICY.accounts.deletion_retry_seconds)
    results: dict[str, int] = {}
    while (report := world.worker.run_once(limit=9)).jobs:
        results |= report.results
    assert DeletionResult.DONE_BEFORE in results
    with pytest.raises(NotFound):
        world.service.accounts.deleting.resume("0" * 64)


def test_of_two_processes_that_delete_one_ends_it() -> None:
    """Before each write of the one the other does all of it; both see the same deletion in the end."""
    for number in range(40):
        world, left = make_world(), [number]

        def other(call: str, side: Side, world: World = world, left: list[int] = left) -> None:
            if call == "deletions.write" and side is Side.BEFORE and left:
                left[0] -= 1
                if left[0] < 0:
                    left.clear()
                    delete(world.service)

        found = delete(world.process(other))
        assert found == delete(world.service)
        assert found.receipt
        if left:
            return
    pytest.fail("a deletion never ends")


def test_an_outage_of_a_process_that_lost_its_deletion_is_not_written_down() -> None:
    """Another process has taken it over meanwhile, and what it has done stays."""
    world, left = make_world(), [1]

    def down(call: str, side: Side) -> None:
        if call == "api.revoke" and side is Side.BEFORE and left:
            left.clear()
            delete(world.service)
            raise StravaUnavailable("down")

    found = delete(world.process(down))
    assert (found.failure, bool(found.receipt)) == ("", True)


def test_a_deletion_by_a_worker_is_audited_under_its_pseudonym() -> None:
    """As one at the console is."""
    world = make_world()
    request = world.service.accounts.deleting.request(ME)
    world.pass_time(seconds=DEFAULT_POLICY.accounts.deletion_retry_seconds)
    kinds = []
    while (report := world.worker.run_once(limit=9)).jobs:
        for worked in report.worked:
            kinds += [(each.event_type, each.user_id) for each in happenings_of(worked)]
    assert (AuditType.ACCOUNT_DELETE, request.pseudonym) in kinds


@pytest.mark.parametrize(
    "receipt",
    [
        {},
        {"content": 1, "algorithm": "Ed25519", "keyId": "k", "signature": ""},
        {"content": {}, "algorithm": "none", "keyId": "k", "signature": ""},
        {"content": {}, "algorithm": "Ed25519", "keyId": "k", "signature": 1},
        {"content": {}, "algorithm": "Ed25519", "keyId": "k", "signature": "no base64"},
        {"content": {}, "algorithm": "Ed25519", "keyId": "k", "signature": "AAAA", "more": 1},
    ],
)
def test_what_is_no_receipt_is_told(receipt: dict[str, object]) -> None:
    """Also where everything would pass the check of the signature but its form."""
    with pytest.raises(InvalidInput) as refused:
        opened(receipt, lambda _text, signature: bool(signature))
    assert refused.value.code == "receipt_invalid"


def test_another_history_of_the_same_workouts_is_not_mixed_in() -> None:
    """Nor another milestone of the same id: an import never overwrites."""
    there, here = World(), World()
    furnish(there, activities=3)
    dump = there.dump()
    account = ExportedAccount(
        head=dump.head,
        profile=None,
        workouts=dump.by_start,
        milestones=tuple(dump.milestones.values()),
        awards=dump.awards,
    )
    importing = here.service.accounts.importing
    importing.take_over(ME, account)
    first = dump.by_start[0]
    other = evolve(first, fetched_at=first.fetched_at + timedelta(seconds=1))
    milestones = tuple(evolve(each, parts_awarded=1) for each in account.milestones)
    for changed in (evolve(account, workouts=[other]), evolve(account, milestones=milestones)):
        with pytest.raises(Conflict) as refused:
            importing.take_over(ME, changed)
        assert refused.value.code == "account_not_empty"
    here.app.tracking.create(ME, WISH)
    with pytest.raises(Conflict):
        importing.take_over(ME, account)


def test_an_entry_that_comes_behind_a_deletion_is_dropped() -> None:
    """It waited in a process; written, it would tell of the person again, and it does not wait for ever."""
    world = make_world()
    trail = AuditTrail(evolve(service.auditing(world.stores.audit), context=world.app.context))
    trail.record(trail.caller("worker"), SignedOut(address=None, session=service.session(ME)))
    delete(world.service)
    assert trail.flush() == 0
    assert trail.counts["dropped"] == 1
    assert not world.service.accounts.deleting.preview(ME).total


def _texts(value: object, seen: set[int]) -> Iterator[str]:
    """Every text that an object holds, however deep."""
    if id(value) in seen or isinstance(value, (int, float, type)):
        return
    seen.add(id(value))
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in [*value, *value.values()]:
            yield from _texts(each, seen)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for each in value:
            yield from _texts(each, seen)
    else:
        slots = {name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())}
        for name in {*getattr(value, "__dict__", ()), *slots} - {"__weakref__"}:
            yield from _texts(getattr(value, name, None), seen)


def test_memory_holds_no_text_about_a_person_who_left() -> None:
    """A scan of all that the stores refer to, as of the bytes of a file."""
    world, person, athlete = World(), UserId("canary-user-77x"), AthleteId("918273645")
    furnish(world, person, athlete)

    def found() -> list[str]:
        return [each for each in _texts(world.stores, set()) if person in each or athlete in each]

    assert found()
    world.service.accounts.deleting.delete(person)
    world.work()
    assert found() == []


def test_deletions_are_walked_page_by_page() -> None:
    """Each of them once, though a page holds two."""
    world = World(policy=customised(DEFAULT_POLICY, {"page_items_max": 2}))
    people = [UserId(f"person-{number}") for number in range(5)]
    for each in people:
        world.app.tracking.create(each, WISH)
        world.service.accounts.deleting.delete(each)
    walked = [each.request_id for each in world.service.accounts.deleting.walk()]
    assert sorted(walked) == sorted(world.stores.deletions.id_of(each) for each in people)


def test_of_those_deleted_only_who_is_there_again_is_deleted_again() -> None:
    """As after a backup was restored; who was never deleted stays."""
    before, people = World(), [UserId(f"person-{number}") for number in range(3)]
    for each in people[:2]:
        before.app.tracking.create(each, WISH)
        before.service.accounts.deleting.delete(each)
    restored = World(stores=evolve(memory_stores(), deletions=before.stores.deletions))
    for each in people[1:]:
        restored.app.tracking.create(each, WISH)
    deleting = restored.service.accounts.deleting
    assert [each.request_id for each in deleting.reapply()] == [restored.stores.deletions.id_of(people[1])]
    assert [bool(deleting.preview(each).total) for each in people] == [False, False, True]
    assert not list(deleting.reapply())


def test_a_connected_account_waits_for_an_app_to_give_its_permission_back_with() -> None:
    """The rest is erased, and the reason stands in the deletion."""
    world = make_world()
    api, world.api = world.api, None  # type: ignore[assignment]  # as in a host without an app
    waiting = delete(world.process())
    assert (waiting.steps_left, waiting.failure) == ((DeletionStep.REVOKE,), "strava_app_missing")
    world.api = api
    assert delete(world.process()).receipt
    assert not world.fake.has_permission(ATHLETE)
