"""Law 7 wherever two things can meet: crashes, and whatever else is under way during a deletion."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from accounts.town import Town
from commitcollect_adapters.simulation.faults import Side
from commitcollect_adapters.strava.fake import CallKind
from commitcollect_adapters.testing import service_samples as service
from commitcollect_core.accounts import registry
from commitcollect_core.accounts.deletion import DeletionRequest, DeletionStep, PendingDeletions, Person
from commitcollect_core.accounts.profiles import UserProfile
from commitcollect_core.errors import CommitCollectError, IdentityProviderUnavailable, StravaUnavailable
from commitcollect_core.jobs.jobs import JobEvent, QueueCounts
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.service import Service
from commitcollect_core.strava.jobs import activity_job, authorization_job, backfill_job, reconcile_job
from commitcollect_core.values import ActivityId, UserId
from strava.world import ATHLETE, BROWSER, ME, REDIRECT, WISH, KillAt, Killed, World, payload
from thoroughness import LEVEL

CALLS_MAX = 2_000
LIMITS = DEFAULT_POLICY.accounts


def make_world() -> World:
    """A person with a connection, a milestone, workouts, a profile, sessions and jobs that wait."""
    world = World()
    now = world.clock.now()
    world.fake.add_activities(ATHLETE, map(payload, range(2)))
    world.app.tracking.create(ME, WISH)
    world.connect()
    world.work()
    world.stores.profiles.write(
        UserProfile(user_id=ME, email="me@example.org", provider_username="me", created_at=now)
    )
    world.stores.sessions.write(service.session(ME))
    service.write_audit(world.stores.audit, service.audit_event(ME, "first", occurred_at=now))
    world.fake.upload(ATHLETE, payload(9))
    world.deliver()
    return world


def delete(service: Service) -> DeletionRequest:
    """Delete the account."""
    return service.accounts.deleting.delete(ME)


def check_gone(world: World) -> None:
    """Nothing is left, also once every job is done, and the deletion knows it."""
    world.work()
    assert not world.service.accounts.deleting.preview(ME).total
    request = world.stores.deletions.read(world.stores.deletions.id_of(ME))
    assert request is not None
    assert request.steps_left == ()
    assert json.loads(request.receipt)["content"]["verifications"]
    assert not world.fake.has_permission(ATHLETE)


def count_calls(act: Callable[[Service], object]) -> int:
    """How many sides of calls an act has."""
    world, door = make_world(), KillAt(CALLS_MAX)
    act(world.process(door))
    return CALLS_MAX - door._left  # noqa: SLF001 - what it has counted down


def test_a_deletion_survives_a_crash_anywhere() -> None:
    """The same person asks again, and it ends in the same place; or a worker goes on by itself."""
    for number in range(0, count_calls(delete), LEVEL.kill_stride):
        world = make_world()
        with pytest.raises(Killed):
            delete(world.process(KillAt(number)))
        if number % 2:
            delete(world.service)
        elif world.stores.deletions.read(world.stores.deletions.id_of(ME)) is None:
            continue  # nothing was begun
        check_gone(world)
        assert world.fake.calls(CallKind.REVOKE) > 0


def looking(world: World, service: Service) -> None:
    """Take a new activity in."""
    world.pass_time(seconds=DEFAULT_POLICY.strava.webhook_delay_seconds)
    service.worker.run_once(limit=9)


def renewing(world: World, service: Service) -> None:
    """Renew the tokens, then use them."""
    world.pass_time(hours=7)
    service.worker.run_once(limit=9)


def recomputing(_world: World, service: Service) -> None:
    """Add a milestone up again."""
    for milestone in service.app.ports.ledger.read_milestones(ME, after=None, limit=9).milestones:
        service.app.tracking.recompute(ME, milestone.milestone_id)


def linking(world: World, service: Service) -> None:
    """Connect once more, as a browser would."""
    scope = ("read", "activity:read_all")
    address = service.strava.linking.begin(ME, BROWSER, redirect_uri=REDIRECT, scope=scope)
    state = address.partition("state=")[2].partition("&")[0]
    code = world.fake.code_for(ATHLETE, scope)
    service.strava.linking.finish(state=state, binding=BROWSER, code=code, granted_scope=scope)


def creating(_world: World, service: Service) -> None:
    """Set another goal."""
    service.app.tracking.create(ME, WISH)


def disconnecting(_world: World, service: Service) -> None:
    """Disconnect from Strava."""
    service.strava.linking.disconnect(ME)


def exporting(_world: World, service: Service) -> None:
    """Read all there is."""
    for item in ("workout", "stravaConnection"):
        list(service.accounts.exporting.rows(ME, item))  # type: ignore[arg-type]  # by its value


ACTS = (looking, renewing, recomputing, linking, creating, disconnecting, exporting)
Act = Callable[[World, Service], None]


class Meanwhile:
    """A hook that lets something else happen before one call, once."""

    def __init__(self, number: int, happens: Callable[[], object]) -> None:
        self._left, self._happens, self.happened = number, happens, False

    def __call__(self, _call: str, side: Side) -> None:
        """Return, once the other has happened."""
        if side is Side.AFTER or self.happened:
            return
        self._left -= 1
        if self._left < 0:
            self.happened = True
            self._happens()


def quietly(act: Callable[[], object]) -> None:
    """Do something that may be refused."""
    try:
        act()
    except CommitCollectError:
        return


def meetings(run: Callable[[World, int], Meanwhile]) -> None:
    """Let two things meet before each call of one of them."""
    for number in range(CALLS_MAX):
        world = make_world()
        hook = run(world, number)
        if not hook.happened:
            return
        check_gone(world)
    pytest.fail("the act never ends")


@pytest.mark.parametrize("act", ACTS)
def test_a_deletion_in_the_middle_of_anything_leaves_nothing(act: Act) -> None:
    """Before each call of the other the whole deletion happens; what it does then brings nothing back."""

    def run(world: World, number: int) -> Meanwhile:
        hook = Meanwhile(number, lambda: delete(world.service))
        quietly(lambda: act(world, world.process(hook)))
        if not hook.happened:
            delete(world.service)
        return hook

    meetings(run)


@pytest.mark.parametrize("act", ACTS)
def test_anything_in_the_middle_of_a_deletion_leaves_nothing(act: Act) -> None:
    """Before each call of the deletion the whole of the other happens."""

    def run(world: World, number: int) -> Meanwhile:
        hook = Meanwhile(number * LEVEL.kill_stride, lambda: quietly(lambda: act(world, world.service)))
        delete(world.process(hook))
        return hook

    meetings(run)


@pytest.mark.parametrize("is_known", [True, False])
def test_a_deletion_in_the_middle_of_a_sign_in_leaves_nothing(*, is_known: bool) -> None:
    """The first sign-in and a later one; the browser ends without a session, or one that is ended."""
    for number in range(CALLS_MAX):
        town, world = Town(), World()
        world.stores, world.clock = town.stores, town.clock
        world.service = world.process()
        person = town.sign_in().profile.user_id
        if not is_known:
            # As if a sign-in of before had left a ledger and no more.
            world.service.accounts.deleting.erasing.personal.erase(*_profile_of(person))
        world.app.tracking.create(person, WISH)
        deleting = world.service.accounts.deleting
        hook = Meanwhile(number, lambda deleting=deleting, person=person: deleting.delete(person))  # type: ignore[misc]  # mypy infers no type for a lambda with a default
        process = town.process(hook)
        quietly(lambda process=process, town=town: town.sign_in(signing_in=process))  # type: ignore[misc]  # the same
        if not hook.happened:
            return
        assert not deleting.preview(person).total
    pytest.fail("a sign-in never ends")


def _profile_of(person: UserId):  # type: ignore[no-untyped-def]  # two arguments
    from commitcollect_core.accounts.deletion import Person  # noqa: PLC0415 - of this helper alone
    from commitcollect_core.accounts.registry import ItemType  # noqa: PLC0415 - the same

    return ItemType.PROFILE, Person(user_id=person)


# Others that are down


class DownDirectory:
    """An identity provider's administration that is down at first."""

    def __init__(self) -> None:
        self.is_down, self.done = True, []  # type: ignore[var-annotated]  # of texts

    def _call(self, what: str) -> None:
        if self.is_down:
            raise IdentityProviderUnavailable("down")
        self.done.append(what)

    def sign_out(self, username: str) -> None:
        """See `UserDirectory`."""
        self._call(f"sign out {username}")

    def disable(self, username: str) -> None:
        """See `UserDirectory`."""
        self._call(f"disable {username}")

    def delete(self, username: str) -> None:
        """See `UserDirectory`."""
        self._call(f"delete {username}")


def with_outages() -> tuple[World, DownDirectory]:
    """A world in which neither Strava nor the identity provider answers."""
    world, directory = make_world(), DownDirectory()
    world.directory = directory

    def down(call: str, side: Side) -> None:
        if side is Side.BEFORE and call.startswith("api.") and directory.is_down:
            raise StravaUnavailable("down")

    world.service = world.process(down)
    return world, directory


def test_an_outage_elsewhere_keeps_nothing_from_being_erased() -> None:
    """The rest goes on; once they answer a worker tells them, and only then is there a receipt."""
    world, directory = with_outages()
    request = delete(world.service)
    assert request.is_erased
    assert not request.receipt
    assert set(request.steps_left) == {DeletionStep.REVOKE, DeletionStep.ERASE_IDENTITY}
    assert not world.service.accounts.deleting.preview(ME).total
    directory.is_down = False
    check_gone(world)
    assert directory.done == ["sign out me", "delete me"]
    assert world.fake.calls(CallKind.REVOKE) > 0


def test_after_its_deadline_a_deletion_ends_without_the_others() -> None:
    """The receipt says what was given up."""
    world, _ = with_outages()
    delete(world.service)
    for _ in range(20):
        world.pass_time(seconds=LIMITS.deletion_outage_seconds // 10)
        while world.worker.run_once(limit=9).jobs:
            pass
    request = world.stores.deletions.read(world.stores.deletions.id_of(ME))
    assert request is not None
    assert set(request.steps_given_up) == {DeletionStep.REVOKE, DeletionStep.ERASE_IDENTITY}
    outcomes = {each["step"]: each["outcome"] for each in json.loads(request.receipt)["content"]["steps"]}
    assert (outcomes["REVOKE"], outcomes["VERIFY"]) == ("given up", "done")


def test_a_job_that_no_look_found_stores_nothing_behind_the_deletion() -> None:
    """SQS delays a job, or a worker held it, during every look: it ends undone, and nothing is parked."""
    world = make_world()
    assert delete(world.service).receipt
    now = world.clock.now()
    event = JobEvent("late", now - timedelta(seconds=9))
    late = (
        activity_job(ATHLETE, ActivityId("9"), events=(event,), now=now),
        authorization_job(ATHLETE, events=(event,), now=now),
        backfill_job(ATHLETE, now=now),
        reconcile_job(ATHLETE, events=(event,), now=now),
    )
    for job in late:
        world.queue.put(job, visible_at=now)
    check_gone(world)
    person = Person(user_id=ME, athlete_ids=(ATHLETE,))
    walks = {each: list(world.stores.personal.walk(each, person)) for each in registry.STORED}
    assert {item: rows for item, rows in walks.items() if rows} == {}
    assert world.queue.counts(now=world.clock.now()) == QueueCounts(waiting=0, leased=0, parked=0)


def test_a_deletion_whose_job_was_lost_is_found_by_the_sweep() -> None:
    """And the sealed id is forgotten once no backup can be restored."""
    world, directory = with_outages()
    delete(world.service)
    directory.is_down = False
    (waiting,) = world.queue.waiting(f"accounts/{world.stores.deletions.id_of(ME)}", limit=9)
    assert world.queue.drop_waiting(waiting.job.group) == 1
    deleting = world.service.accounts.deleting
    assert deleting.pending() == deleting.sweep() == PendingDeletions(total=1)
    check_gone(world)
    assert deleting.pending() == deleting.sweep() == PendingDeletions()
    (done,) = deleting.walk()
    assert done.identifiers
    world.pass_time(seconds=LIMITS.deletion_restorable_seconds)
    assert deleting.sweep() == PendingDeletions()
    (forgotten,) = deleting.walk()
    assert (forgotten.identifiers, forgotten.receipt) == ("", done.receipt)
    assert not list(deleting.reapply())
