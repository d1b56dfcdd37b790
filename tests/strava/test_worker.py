"""From an event to the ledger: intake, queue, look, commit, mark; and what attackers make of it."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from commitcollect_adapters.ciphers.local import LocalCipher
from commitcollect_adapters.simulation.faults import Side
from commitcollect_adapters.strava.fake import CallKind, Fault
from commitcollect_core.errors import Forbidden, StorageUnavailable
from commitcollect_core.jobs.idempotency import IdempotencyRecord, IdempotencyStatus
from commitcollect_core.jobs.jobs import Job, JobOutcome
from commitcollect_core.jobs.worker import JobEnd
from commitcollect_core.policy import DEFAULT_POLICY, OnDisconnect, customised
from commitcollect_core.strava.access import StravaAccess
from commitcollect_core.strava.connections import ConnectionStatus
from commitcollect_core.strava.jobs import ACTIVITY, activity_job, backfill_job
from commitcollect_core.strava.refreshing import LookResult
from commitcollect_core.strava.webhook_intake import WebhookResult, WebhookSecrets
from commitcollect_core.strava.webhooks import idempotency_key, parse_event
from commitcollect_core.training.ledger import LedgerCommit, LedgerHead, LedgerState
from commitcollect_core.values import ActivityId, AthleteId, UserId
from strava.world import ATHLETE, ME, WISH, World, payload, with_head_of

STRANGER = AthleteId("666")


@pytest.fixture
def world() -> World:
    """A connected athlete with a milestone and three activities, all at rest."""
    made = World()
    made.app.tracking.create(ME, WISH)
    made.fake.add_activities(ATHLETE, map(payload, range(3)))
    made.connect()
    made.work()
    return made


def event(world: World, **changes: object) -> dict[str, Any]:
    """An event about the athlete's first activity."""
    return {
        "subscription_id": world.subscription_id,
        "object_type": "activity",
        "object_id": 1_000,
        "aspect_type": "update",
        "owner_id": int(ATHLETE),
        "event_time": int(world.clock.now().timestamp()),
        "updates": {"title": "New"},
        **changes,
    }


def outcomes(world: World) -> Counter[str]:
    """What comes of all that is due now."""
    world.pass_time(seconds=DEFAULT_POLICY.strava.webhook_delay_seconds)
    return world.worker.run_once(limit=1_000).results


def ends(world: World) -> Counter[JobEnd]:
    """How all jobs that are due now end."""
    world.pass_time(seconds=DEFAULT_POLICY.strava.webhook_delay_seconds)
    return world.worker.run_once(limit=1_000).ends


# What athletes do


def test_uploads_edits_deletions_and_restorations_arrive(world: World) -> None:
    """After the events of each change what is stored is what Strava shows."""
    new = world.fake.upload(ATHLETE, payload(9, distance=40_000.0))
    changes: list[Callable[[], None]] = [
        lambda: None,
        lambda: world.fake.edit(new, name="Renamed", sport_type="GravelRide"),
        lambda: world.fake.delete(new),
        lambda: world.fake.restore(new),
        lambda: world.fake.edit(new, private=True),
    ]
    for change in changes:
        change()
        world.deliver()
        world.work()
        world.check_converged()
        world.check_parts()
        world.pass_time(minutes=5)


def test_private_without_the_scope_is_gone_and_comes_back() -> None:
    """Made private it is a deletion for us, made public again it is there as before."""
    world = World()
    world.fake.add_activities(ATHLETE, map(payload, range(2)))
    world.connect(scope=("read", "activity:read"))
    world.work()
    for is_private, count in ((True, 1), (False, 2)):
        world.fake.edit(ActivityId("1000"), private=is_private)
        world.deliver()
        world.work()
        world.check_converged()
        assert len(world.stored()) == count


def test_a_burst_of_events_is_one_look(world: World) -> None:
    """Ten events about one activity within seconds cost one call, and all are marked."""
    before = world.fake.calls(CallKind.ACTIVITY)
    documents = [event(world, updates={"title": f"Title {number}"}) for number in range(10)]
    for document in documents:
        assert world.strava.intake.accept(document) is WebhookResult.QUEUED
    assert sum(outcomes(world).values()) == 1
    assert world.fake.calls(CallKind.ACTIVITY) == before + 1
    for document in documents:
        world.strava.intake.accept(document)
    assert outcomes(world) == {LookResult.DONE_BEFORE: 1}
    assert world.fake.calls(CallKind.ACTIVITY) == before + 1


def test_an_event_delivered_again_is_not_looked_into_again(world: World) -> None:
    """What was dealt with is known by its mark, until the mark expires."""
    world.strava.intake.accept(event(world))
    assert outcomes(world) == {LookResult.UNCHANGED: 1}
    world.strava.intake.accept(event(world, event_time=int(world.clock.now().timestamp()) - 3))
    assert outcomes(world) == {LookResult.DONE_BEFORE: 1}


def test_the_mark_comes_after_the_effect(world: World) -> None:
    """While the ledger is being written no event is marked yet (law 6)."""
    world.fake.edit(ActivityId("1000"), name="New")
    world.strava.intake.accept(event(world))
    calls: list[str] = []
    process = world.process(lambda call, side: calls.append(call) if side is Side.BEFORE else None)
    world.pass_time(seconds=DEFAULT_POLICY.strava.webhook_delay_seconds)
    process.worker.run_once()
    order = ["ledger.read", "api.activity", "ledger.commit", "idempotency.mark", "queue.complete"]
    assert [call for call in calls if call in order] == order


def test_taking_an_event_in_is_one_write_and_no_call(world: World) -> None:
    """Intake puts one job into the queue and makes no call."""
    calls: list[str] = []
    process = world.process(lambda call, side: calls.append(call) if side is Side.BEFORE else None)
    process.strava.intake.accept(event(world))
    assert calls == ["queue.put"]


def test_an_activity_is_looked_at_a_moment_after_its_event(world: World) -> None:
    """Strava may not have finished it at once, and more events may come: nothing is done before the delay."""
    world.strava.intake.accept(event(world))
    world.pass_time(seconds=DEFAULT_POLICY.strava.webhook_delay_seconds - 1)
    assert world.worker.run_once().jobs == 0
    world.pass_time(seconds=1)
    assert world.worker.run_once().jobs == 1


# Handshake


def test_the_handshake_gives_the_challenge_back(world: World) -> None:
    """Strava's answer to our own request is told by the verify token."""
    query = {"hub.mode": "subscribe", "hub.verify_token": "verify", "hub.challenge": "42"}
    assert world.strava.intake.confirm(query) == "42"
    for change in ({"hub.verify_token": "other"}, {"hub.mode": "other"}, {"hub.challenge": ""}):
        with pytest.raises(Forbidden):
            world.strava.intake.confirm({**query, **change})
    unset = evolve(world.strava.intake, secrets=WebhookSecrets())
    with pytest.raises(Forbidden):
        unset.confirm({**query, "hub.verify_token": ""})


# Attacks


@pytest.mark.parametrize("subscription_id", [0, -1, 10**30, "1", None, 1.0, True])
def test_an_event_of_no_subscription_stores_nothing(world: World, subscription_id: object) -> None:
    """A subscription id that cannot be read is another one, also while none is known."""
    unset = evolve(world.strava.intake, secrets=WebhookSecrets())
    for intake in (world.strava.intake, unset):
        odd = event(world, subscription_id=subscription_id)
        assert intake.accept(odd) is WebhookResult.OTHER_SUBSCRIPTION
    assert world.queue.counts(now=world.clock.now()).waiting == 0


def test_an_event_of_another_subscription_stores_nothing(world: World) -> None:
    """Nor does any event before a subscription is known."""
    other = event(world, subscription_id=world.subscription_id + 1)
    assert world.strava.intake.accept(other) is WebhookResult.OTHER_SUBSCRIPTION
    unset = evolve(world.strava.intake, secrets=WebhookSecrets())
    assert unset.accept(event(world)) is WebhookResult.OTHER_SUBSCRIPTION
    assert world.queue.counts(now=world.clock.now()).waiting == 0


def test_what_does_not_concern_us_stores_nothing(world: World) -> None:
    """An athlete's new name is nothing to look into."""
    document = event(world, object_type="athlete", object_id=int(ATHLETE), updates={"firstname": "A"})
    assert world.strava.intake.accept(document) is WebhookResult.NOTHING_TO_DO
    assert world.queue.counts(now=world.clock.now()).waiting == 0


def test_a_forged_deletion_deletes_nothing(world: World) -> None:
    """Strava still shows the activity: it stays."""
    world.strava.intake.accept(event(world, aspect_type="delete"))
    assert outcomes(world) == {LookResult.UNCHANGED: 1}
    world.check_converged()


@pytest.mark.parametrize(
    "document",
    [
        {"object_type": "athlete", "aspect_type": "update", "updates": {"authorized": "false"}},
        {"object_type": "athlete", "aspect_type": "delete"},
    ],
)
def test_a_forged_deauthorisation_disconnects_no_athlete(world: World, document: dict[str, object]) -> None:
    """Strava still renews the tokens: the connection stays, and works."""
    world.strava.intake.accept(event(world, object_id=int(ATHLETE), **document))
    assert outcomes(world) == {LookResult.UNCHANGED: 1}
    stored = world.stores.connections.read(ME)
    assert stored is not None
    assert stored.status is ConnectionStatus.ACTIVE
    world.pass_time(hours=7)
    world.fake.upload(ATHLETE, payload(9))
    world.deliver()
    world.work()
    world.check_converged()


def deauthorisation(world: World) -> dict[str, Any]:
    """The event that the athlete took the permission back, forged or not."""
    return event(world, object_type="athlete", object_id=int(ATHLETE), updates={"authorized": "false"})


def test_a_forged_deauthorisation_is_not_believed_for_want_of_a_key(world: World) -> None:
    """Tokens that cannot be opened here say nothing about Strava: no athlete is disconnected or erased."""
    erasing = customised(DEFAULT_POLICY, {"workouts_on_disconnect": OnDisconnect.ERASE})
    world.policy = erasing
    world.cipher = LocalCipher([b"another key, of thirty-two bytes"])
    world.strava.intake.accept(deauthorisation(world))
    world.pass_time(seconds=DEFAULT_POLICY.strava.webhook_delay_seconds)
    assert world.process().worker.run_once().ends == {JobEnd.DONE: 1}
    assert world.stores.connections.read(ME) is not None
    assert len(world.stored()) == 3


def test_a_new_connection_is_not_ended_for_what_was_before(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The verdict was about the old permission; the connection made since then stays."""

    def connects_again(_self: StravaAccess, _user_id: UserId, _generation: str) -> bool:
        world.connect()
        return False

    monkeypatch.setattr(type(world.strava.access), "is_authorized", connects_again)
    world.strava.intake.accept(deauthorisation(world))
    assert outcomes(world)[LookResult.DISCONNECTED] == 1
    connection = world.stores.connections.read(ME)
    assert connection is not None
    assert connection.status is ConnectionStatus.ACTIVE
    assert world.stores.connections.owner(ATHLETE) is not None


def test_an_event_forged_for_later_does_not_stand_for_the_true_one(world: World) -> None:
    """A look before the second an event names marks nothing: the true event is looked into all the same."""
    later = world.clock.now() + timedelta(minutes=5)
    forged = event(
        world, aspect_type="delete", event_time=int(later.timestamp()), updates=None, object_id=1_001
    )
    world.strava.intake.accept(forged)
    assert outcomes(world) == {LookResult.UNCHANGED: 1}
    world.clock.advance_to(later)
    world.fake.delete(ActivityId("1001"))
    world.strava.intake.accept(forged)
    assert outcomes(world) == {LookResult.CHANGED: 1}
    world.check_converged()


def test_a_real_deauthorisation_disconnects(world: World) -> None:
    """Strava renews nothing any more: the connection is forgotten, what was earned stays."""
    before = world.dump()
    world.fake.deauthorize(ATHLETE)
    world.deliver()
    assert outcomes(world) == {LookResult.DISCONNECTED: 1}
    assert world.stores.connections.read(ME) is None
    assert world.stores.connections.owner(ATHLETE) is None
    assert world.dump() == with_head_of(world, before)


def test_an_event_that_names_another_athletes_activity_changes_nothing(world: World) -> None:
    """The activity that Strava shows is another athlete's: dropped."""
    before = world.dump()
    world.fake.inject(Fault.WRONG_ATHLETE, CallKind.ACTIVITY)
    world.strava.intake.accept(event(world, aspect_type="create"))
    assert outcomes(world) == {LookResult.UNCHANGED: 1}
    theirs = world.fake.upload(STRANGER, payload(77))
    world.strava.intake.accept(event(world, object_id=int(theirs), aspect_type="delete"))
    assert outcomes(world) == {LookResult.UNCHANGED: 1}
    assert world.dump() == before


def test_a_forged_event_earns_no_metres_of_another_athlete(world: World) -> None:
    """Of an activity not stored yet Strava shows that it is another athlete's: it does not count here."""
    new = world.fake.upload(ATHLETE, payload(9, distance=90_000.0))
    before = world.dump()
    world.fake.inject(Fault.WRONG_ATHLETE, CallKind.ACTIVITY)
    world.strava.intake.accept(event(world, object_id=int(new), aspect_type="create"))
    assert outcomes(world) == {LookResult.UNCHANGED: 1}
    assert world.dump() == before


def test_one_event_that_was_dealt_with_does_not_stand_for_another(world: World) -> None:
    """Law 6: a job is skipped only if every event behind it is marked."""
    old = event(world)
    world.strava.intake.accept(old)
    assert outcomes(world) == {LookResult.UNCHANGED: 1}
    world.fake.edit(ActivityId("1000"), name="New")
    world.strava.intake.accept(old)
    world.strava.intake.accept(event(world, updates={"title": "Newer"}))
    assert outcomes(world) == {LookResult.CHANGED: 1}
    world.check_converged()


def test_an_event_that_is_only_claimed_is_looked_into(world: World) -> None:
    """Law 6: what was begun and never completed is no mark."""
    told = event(world)
    claim = IdempotencyRecord(
        request_id=idempotency_key(parse_event(told, now=world.clock.now(), policy=world.policy)),
        status=IdempotencyStatus.IN_PROGRESS,
        owner_token="a worker that died",  # noqa: S106 - names a worker
        expires_at=world.clock.now() + timedelta(days=1),
    )
    world.stores.idempotency.begin(claim, replaces=None)
    world.fake.edit(ActivityId("1000"), name="New")
    world.strava.intake.accept(told)
    assert outcomes(world) == {LookResult.CHANGED: 1}


def test_an_event_of_a_second_after_the_question_is_looked_into_again(world: World) -> None:
    """A look is as old as its question to Strava, however long the answer takes."""
    told = event(world, event_time=int(world.clock.now().timestamp()) + 60)
    world.strava.intake.accept(told)

    def stall(call: str, side: Side) -> None:
        if (call, side) == ("api.activity", Side.AFTER):
            world.pass_time(seconds=100)

    world.pass_time(seconds=DEFAULT_POLICY.strava.webhook_delay_seconds)
    assert world.process(stall).worker.run_once().results == {LookResult.UNCHANGED: 1}
    world.fake.edit(ActivityId("1000"), name="New")
    world.strava.intake.accept(told)
    assert outcomes(world) == {LookResult.CHANGED: 1}
    world.check_converged()


def test_a_look_in_the_very_second_of_an_event_marks_nothing(world: World) -> None:
    """Law 6: the look may have come before the event within that second."""
    at = world.clock.now() + timedelta(seconds=DEFAULT_POLICY.strava.webhook_delay_seconds)
    told = event(world, event_time=int(at.timestamp()))
    world.strava.intake.accept(told)
    assert outcomes(world) == {LookResult.UNCHANGED: 1}
    assert world.clock.now() == at
    world.fake.edit(ActivityId("1000"), name="New")
    world.strava.intake.accept(told)
    assert outcomes(world) == {LookResult.CHANGED: 1}
    world.check_converged()


def test_events_about_unknown_athletes_cost_no_call(world: World) -> None:
    """No account is connected to that athlete: nothing is fetched, nothing kept."""
    calls = world.fake.calls()
    for number in range(50):
        world.strava.intake.accept(event(world, owner_id=int(STRANGER), object_id=5_000 + number))
    most = DEFAULT_POLICY.jobs.group_jobs_max
    assert outcomes(world) == {LookResult.NOT_CONNECTED: most + 1}
    world.strava.intake.accept({**deauthorisation(world), "owner_id": int(STRANGER)})
    assert outcomes(world) == {LookResult.NOT_CONNECTED: 1}
    assert world.fake.calls() == calls


def test_a_flood_of_forged_events_costs_thirty_calls_a_window(world: World) -> None:
    """Forged events about one athlete wait for the next window; other athletes' real ones do not."""
    friend, their_athlete = UserId("friend"), AthleteId("43")
    world.connect(friend, their_athlete)
    world.work()
    world.pass_time(minutes=15)
    calls = world.fake.calls(CallKind.ACTIVITY)
    for number in range(200):
        world.strava.intake.accept(event(world, object_id=9_000 + number))
    world.fake.upload(their_athlete, payload(500))
    world.deliver()
    most = DEFAULT_POLICY.jobs.group_jobs_max
    # One job of theirs, and one that stands for 180 events.
    assert ends(world) == {JobEnd.DONE: 2, JobEnd.TO_BE_TRIED_AGAIN: most}
    assert world.fake.calls(CallKind.ACTIVITY) == calls + most + 1
    world.check_converged(friend, their_athlete)
    world.pass_time(seconds=15)
    assert ends(world) == {JobEnd.TO_BE_TRIED_AGAIN: 9, JobEnd.DEFERRED: most - 9}
    assert world.fake.calls(CallKind.ACTIVITY) == calls + 30
    world.work()
    world.check_converged()


# Things that go wrong


@pytest.mark.parametrize(
    "fault", [Fault.SERVER_ERROR, Fault.ODD_STATUS, Fault.HTML, Fault.EMPTY, Fault.HANG, Fault.REDIRECT]
)
def test_strava_failing_in_passing_delays_an_event(world: World, fault: Fault) -> None:
    """Tried again after a while, and then it lands."""
    world.fake.upload(ATHLETE, payload(9))
    world.fake.inject(fault, CallKind.ACTIVITY, count=2)
    world.deliver()
    assert ends(world) == {JobEnd.TO_BE_TRIED_AGAIN: 1}
    world.work()
    world.check_converged()


def test_a_poisoned_activity_is_parked_and_blocks_no_other(world: World) -> None:
    """What cannot be true is set aside with the reason; others go through, and it can be tried again."""
    bad = world.fake.upload(ATHLETE, payload(9, start_date="soon"))
    good = world.fake.upload(ATHLETE, payload(10))
    world.deliver()
    world.work()
    assert good in world.stored()
    assert bad not in world.stored()
    (parked,) = world.queue.parked(limit=10)
    assert (parked.job.named("activityId"), parked.attempts) == (bad, DEFAULT_POLICY.jobs.job_attempts_max)
    assert "start_date" in parked.reason
    world.fake.edit(bad, start_date=payload(9)["start_date"])
    assert world.queue.unpark(parked.job.key, now=world.clock.now())
    world.work()
    world.check_converged()


def test_a_full_window_pauses_all_and_loses_nothing(world: World) -> None:
    """A 429 puts every job off to the window's end; none of them counts as failed."""
    for number in range(10, 20):
        world.fake.upload(ATHLETE, payload(number))
    world.fake.inject(Fault.RATE_LIMITED, CallKind.ACTIVITY)
    world.deliver()
    assert ends(world) == {JobEnd.DEFERRED: 10}
    assert ends(world) == {}
    world.work()
    world.check_converged()
    assert world.queue.parked(limit=1) == []


def test_an_app_switched_off_puts_everything_off(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """The operator is told, jobs wait, no athlete is touched, and later all is done."""
    world.fake.upload(ATHLETE, payload(9))
    world.fake.switch_app(is_on=False)
    world.deliver()
    with caplog.at_level(logging.ERROR):
        assert ends(world) == {JobEnd.DEFERRED: 1}
    assert "switched off the app" in caplog.text
    assert ends(world) == {}
    world.fake.switch_app(is_on=True)
    world.work()
    world.check_converged()


def test_an_app_switched_off_while_tokens_are_renewed_puts_everything_off(world: World) -> None:
    """Renewing tells it as a read does: no call is made for a while, and the tokens stay good."""
    world.pass_time(hours=7)
    world.fake.upload(ATHLETE, payload(9))
    world.fake.switch_app(is_on=False)
    world.deliver()
    assert ends(world) == {JobEnd.DEFERRED: 1}
    calls = world.fake.calls()
    world.pass_time(seconds=DEFAULT_POLICY.strava.app_inactive_pause_seconds - 10)
    assert ends(world) == {}
    assert world.fake.calls() == calls
    world.fake.switch_app(is_on=True)
    world.work()
    world.check_converged()


def test_a_refused_app_puts_everything_off(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Wrong credentials of the app fail every refresh: no job is parked for it, however long it lasts."""
    world.fake.upload(ATHLETE, payload(9))
    world.fake.inject(Fault.APP_REJECTED, CallKind.REFRESH, count=None)
    world.deliver()
    world.pass_time(hours=7)
    for _ in range(2 * DEFAULT_POLICY.jobs.job_attempts_max):
        assert ends(world) == {JobEnd.DEFERRED: 1}
        world.pass_time(seconds=DEFAULT_POLICY.strava.app_inactive_pause_seconds)
    assert "strava_client_secret" in caplog.text
    world.fake.clear_faults()
    world.work()
    world.check_converged()


def test_the_report_tells_what_each_job_came_to(world: World) -> None:
    """With what was committed for it, for a host to build audit entries and notices on."""
    new = world.fake.upload(ATHLETE, payload(9, distance=100_000.0))
    world.deliver()
    before = world.dump()
    world.pass_time(seconds=DEFAULT_POLICY.strava.webhook_delay_seconds)
    report = world.worker.run_once(limit=1_000)
    [worked] = report.worked
    assert (worked.job.named("activityId"), worked.end) == (new, JobEnd.DONE)
    assert worked.outcome == JobOutcome(result=LookResult.CHANGED, committed=report.committed)
    assert report.committed.workouts_changed == 1
    [completed] = report.committed.milestones_completed
    assert completed == world.dump().milestones[completed.milestone_id]
    minted = [award for awards in world.dump().awards.values() for award in awards]
    assert list(report.committed.awards) == minted[sum(map(len, before.awards.values())) :]


# What Strava does not show at once

WAITS = (15, 120, 1_800)


def absent(world: World, *, count: int) -> None:
    """Have Strava say that an activity is not there, so many times."""
    world.fake.inject(Fault.NOT_FOUND, CallKind.ACTIVITY, count=count)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_an_activity_that_is_not_there_yet_is_asked_for_again(world: World, count: int) -> None:
    """After a create event, as long after it as the policy says, until it is there."""
    world.fake.upload(ATHLETE, payload(9))
    world.deliver()
    absent(world, count=count)
    assert ends(world) == {JobEnd.TO_BE_TRIED_AGAIN: 1}
    for number, seconds in enumerate(WAITS[:count], start=1):
        world.pass_time(seconds=seconds - DEFAULT_POLICY.strava.webhook_delay_seconds - 1)
        assert ends(world) == {}
        assert ends(world) == ({JobEnd.DONE: 1} if number == count else {JobEnd.TO_BE_TRIED_AGAIN: 1})
    world.check_converged()
    assert ActivityId("1009") in world.stored()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_one_404_after_an_update_makes_no_tombstone(world: World, count: int) -> None:
    """A stored workout stays as it is until Strava has said four times that it is gone."""
    world.fake.edit(ActivityId("1001"), name="New")
    world.deliver()
    absent(world, count=count)
    before = world.stored()
    for number in range(count):
        assert ends(world) == {JobEnd.TO_BE_TRIED_AGAIN: 1}
        assert world.stored() == before
        world.pass_time(seconds=WAITS[number])
    world.work()
    world.check_converged()
    assert world.stored()[ActivityId("1001")].name == "New"


def test_tries_that_asked_nothing_do_not_make_the_first_404_true(world: World) -> None:
    """Strava is down as the event comes: three tries fail, and the 404 of the fourth is asked again."""
    world.fake.edit(ActivityId("1001"), name="New")
    world.deliver()
    world.fake.inject(Fault.SERVER_ERROR, CallKind.ACTIVITY, count=len(WAITS))
    for _ in WAITS:
        assert ends(world) == {JobEnd.TO_BE_TRIED_AGAIN: 1}
        world.pass_time(seconds=60)
    before = world.stored()
    absent(world, count=1)
    assert ends(world) == {JobEnd.TO_BE_TRIED_AGAIN: 1}
    assert world.stored() == before
    world.work()
    world.check_converged()
    assert world.stored()[ActivityId("1001")].name == "New"


@pytest.mark.parametrize("tries", [1, 2, 3])
def test_a_new_event_for_an_activity_that_was_not_there_is_looked_into_at_once(
    world: World, tries: int
) -> None:
    """After a 404 the next look is in up to half an hour; an event that comes meanwhile does not wait."""
    world.fake.inject(Fault.NOT_FOUND, CallKind.ACTIVITY, count=tries)
    new = world.fake.upload(ATHLETE, payload(9))
    world.deliver()
    for wait in (0, 15, 120)[:tries]:
        world.pass_time(seconds=wait)
        assert ends(world) == {JobEnd.TO_BE_TRIED_AGAIN: 1}
    world.fake.edit(new, name="Renamed")
    world.deliver()
    assert ends(world) == {JobEnd.DONE: 1}
    world.check_converged()
    assert world.queue.counts(now=world.clock.now()).waiting == 0


def test_what_is_gone_for_good_is_believed_in_the_end(world: World) -> None:
    """An update whose activity was deleted, and the delete event lost: a tombstone after 32 minutes."""
    world.fake.edit(ActivityId("1001"), name="New")
    world.deliver()
    world.fake.delete(ActivityId("1001"))
    calls = world.fake.calls(CallKind.ACTIVITY)
    started_at = world.clock.now()
    world.work()
    assert ActivityId("1001") not in world.stored()
    assert world.fake.calls(CallKind.ACTIVITY) == calls + 4
    assert world.clock.now() - started_at >= timedelta(seconds=sum(WAITS))
    assert not world.queue.parked(limit=1)


@pytest.mark.parametrize("order", ["update first", "delete first"])
def test_after_a_delete_a_404_is_believed_at_once(world: World, order: str) -> None:
    """Also where an update came just before or after it, as events have no order."""
    events = [event(world, object_id=1_001, aspect_type=each) for each in ("update", "delete")]
    world.fake.delete(ActivityId("1001"))
    for each in events if order == "update first" else reversed(events):
        world.strava.intake.accept(each)
    assert ends(world) == {JobEnd.DONE: 1}
    assert ActivityId("1001") not in world.stored()


def test_a_delete_that_comes_while_it_waits_ends_the_waiting(world: World) -> None:
    """The job that waits knows of the newest events."""
    world.fake.edit(ActivityId("1001"), name="New")
    world.deliver()
    absent(world, count=1)
    assert ends(world) == {JobEnd.TO_BE_TRIED_AGAIN: 1}
    world.fake.delete(ActivityId("1001"))
    world.deliver()
    world.pass_time(seconds=WAITS[0])
    assert ends(world) == {JobEnd.DONE: 1}
    assert ActivityId("1001") not in world.stored()


def test_with_few_tries_an_absence_is_believed_and_not_parked() -> None:
    """A policy with two tries asks again once."""
    world = World(policy=customised(DEFAULT_POLICY, {"job_attempts_max": 2}))
    world.connect()
    world.work()
    world.strava.intake.accept(event(world, aspect_type="create"))
    calls = world.fake.calls(CallKind.ACTIVITY)
    world.work()
    assert world.fake.calls(CallKind.ACTIVITY) == calls + 2
    assert not world.queue.parked(limit=1)


def test_events_of_a_broken_connection_are_dropped_until_it_is_mended(world: World) -> None:
    """Nothing can be fetched; connecting again brings in what was missed."""
    world.fake.upload(ATHLETE, payload(9))
    world.deliver()
    world.fake.deauthorize(ATHLETE)
    world.pass_time(hours=7)
    assert JobEnd.DONE in ends(world)
    assert len(world.stored()) == 3
    world.connect()
    world.work()
    world.check_converged()


def test_an_unforeseen_fault_stops_no_worker(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug in one job is logged, tried again and parked; it never ends the worker."""

    def bug(*_arguments: object) -> None:
        raise ZeroDivisionError("secret-token")

    monkeypatch.setattr(world.fake, "activity", bug)
    world.strava.intake.accept(event(world))
    world.work()
    (parked,) = world.queue.parked(limit=1)
    assert parked.reason == "unforeseen: ZeroDivisionError"


def test_a_job_that_kills_its_workers_is_parked(world: World) -> None:
    """Every worker that takes it dies: after so many leases it is set aside."""
    world.strava.intake.accept(event(world))
    world.pass_time(seconds=DEFAULT_POLICY.strava.webhook_delay_seconds)
    for _ in range(DEFAULT_POLICY.jobs.job_attempts_max):
        assert world.queue.lease(now=world.clock.now(), seconds=10, limit=1)
        world.pass_time(seconds=10)
    assert ends(world) == {JobEnd.PARKED: 1}


def test_a_lease_that_was_lost_is_noticed(world: World) -> None:
    """The worker that took over finishes; the late one changes nothing, however its job ended."""
    for fault, expected in ((None, JobEnd.LEASE_LOST), (Fault.SERVER_ERROR, JobEnd.LEASE_LOST)):
        world.strava.intake.accept(event(world, event_time=int(world.clock.now().timestamp())))
        if fault is not None:
            world.fake.inject(fault, CallKind.ACTIVITY)

        def stall(call: str, side: Side) -> None:
            if (call, side) == ("api.activity", Side.BEFORE):
                world.pass_time(seconds=DEFAULT_POLICY.jobs.job_lease_seconds)
                world.queue.lease(now=world.clock.now(), seconds=1, limit=1)

        world.pass_time(seconds=DEFAULT_POLICY.strava.webhook_delay_seconds)
        assert world.process(stall).worker.run_once().ends == {expected: 1}
        world.work()


def test_a_full_store_leaves_the_job_to_a_later_try(world: World) -> None:
    """A store that fails in passing costs a try, not an event."""
    world.fake.upload(ATHLETE, payload(9))
    world.deliver()
    failures = iter([True])

    def fail(call: str, side: Side) -> None:
        if (call, side) == ("ledger.commit", Side.BEFORE) and next(failures, False):
            raise StorageUnavailable("full")

    world.pass_time(seconds=DEFAULT_POLICY.strava.webhook_delay_seconds)
    assert world.process(fail).worker.run_once().ends == {JobEnd.TO_BE_TRIED_AGAIN: 1}
    world.work()
    world.check_converged()


def test_a_fenced_account_takes_nothing_from_late_events(world: World) -> None:
    """Deletion has begun: events are dropped, and nothing comes back (law 7)."""
    world.fake.upload(ATHLETE, payload(9))
    world.deliver()
    head = world.stores.ledger.read_head(ME)
    fence = LedgerHead(version=head.version + 1, state=LedgerState.DELETING, fenced_at=world.clock.now())
    world.stores.ledger.commit(LedgerCommit(user_id=ME, head=fence))
    before = world.dump()
    world.work()
    assert world.dump() == before
    assert world.queue.parked(limit=1) == []


def test_a_backfill_of_an_athlete_who_is_not_connected_is_dropped(world: World) -> None:
    """After one more try, as the connection may just be written; where there is none, one is begun."""
    now = world.clock.now()
    world.queue.put(backfill_job(STRANGER, now=now), visible_at=now)
    assert ends(world) == {JobEnd.TO_BE_TRIED_AGAIN: 1}
    world.pass_time(seconds=DEFAULT_POLICY.jobs.job_retry_seconds_first)
    assert ends(world) == {JobEnd.DONE: 1}
    world.stores.backfills.erase(ME)
    world.queue.put(backfill_job(ATHLETE, now=now), visible_at=now)
    assert ends(world) == {JobEnd.GOES_ON: 1}
    world.work()
    world.check_converged()


def test_a_job_without_its_activity_is_set_aside(world: World) -> None:
    """Nothing is looked at, and the reason names what is missing."""
    now = world.clock.now()
    world.queue.put(Job(kind=ACTIVITY, subject={"athleteId": ATHLETE}, enqueued_at=now), visible_at=now)
    world.work()
    (parked,) = world.queue.parked(limit=1)
    assert parked.reason == "invalid_input: the job 'strava/activity/42' names no activityId"


def test_a_job_of_an_unknown_kind_is_set_aside_at_once(world: World) -> None:
    """A newer program may have put it: it is kept for one that knows the kind, and blocks no other."""
    now = world.clock.now()
    order = Job(kind="shop/order", subject={"orderId": "1"}, enqueued_at=now)
    world.queue.put(order, visible_at=now)
    world.strava.intake.accept(event(world))
    assert ends(world) == {JobEnd.PARKED: 1, JobEnd.DONE: 1}
    (parked,) = world.queue.parked(limit=1)
    assert parked.reason == "this program knows no job of kind 'shop/order'; upgrade, then retry"
    handlers = {
        **world.worker.handlers,
        "shop/order": lambda leased: JobOutcome(result=leased.job.named("orderId")),
    }
    assert world.queue.unpark(order.key, now=now)
    report = evolve(world.worker, handlers=handlers).run_once()
    assert (report.ends, report.results) == ({JobEnd.DONE: 1}, {"1": 1})


def test_a_job_for_no_events_sake_looks_every_time(world: World) -> None:
    """A look that was asked for again is not skipped for marks."""
    now = world.clock.now()
    for _ in range(2):
        world.queue.put(activity_job(ATHLETE, ActivityId("1000"), now=now), visible_at=now)
        assert outcomes(world) == {LookResult.UNCHANGED: 1}


def test_a_mark_outlasts_every_delivery(world: World) -> None:
    """An event is remembered for longer than it may be delayed, eight days."""
    document = event(world)
    world.strava.intake.accept(document)
    world.work()
    sent = parse_event(document, now=world.clock.now(), policy=world.policy)
    mark = world.stores.idempotency.read(idempotency_key(sent))
    assert mark is not None
    assert mark.status is IdempotencyStatus.COMPLETED
    assert mark.expires_at > world.clock.now() + timedelta(days=8)
