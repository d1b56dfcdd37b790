"""One athlete's events use up that athlete's calls by the calls they cause, and by nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from commitcollect_adapters.simulation.faults import Side
from commitcollect_adapters.strava.fake import CallKind, Fault
from commitcollect_core.errors import StravaRateLimited
from commitcollect_core.jobs.worker import JobEnd
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.strava.connections import ConnectionCommit, StravaConnection, leased
from commitcollect_core.strava.jobs import (
    ACTIVITY,
    AUTHORIZATION,
    activity_job,
    authorization_job,
    backfill_job,
    reconcile_job,
)
from commitcollect_core.strava.rates import APP_SCOPE, Purpose, athlete_scope
from commitcollect_core.values import ActivityId
from strava.world import ATHLETE, ME, World, payload

SCOPE = athlete_scope(ATHLETE)


@pytest.fixture
def world() -> World:
    """A connected athlete whose access token has ended, in a window of its own."""
    made = World()
    made.fake.add_activities(ATHLETE, map(payload, range(10)))
    made.connect()
    made.work()
    made.pass_time(hours=6)
    return made


def used(world: World) -> int:
    """Calls of the athlete's that are entered in this window."""
    return world.strava.access.rates.budget(SCOPE).window_used


def put(world: World, number: int = 1_000) -> None:
    """Have an activity looked at now."""
    now = world.clock.now()
    world.queue.put(activity_job(ATHLETE, ActivityId(str(number)), now=now), visible_at=now)


def connection(world: World) -> StravaConnection:
    """The connection as it is stored."""
    stored = world.stores.connections.read(ME)
    assert stored is not None
    return stored


def hold(world: World) -> None:
    """Have another worker take the lease to renew the tokens, and die."""
    before = connection(world)
    held = leased(before, "rival", now=world.clock.now(), policy=DEFAULT_POLICY)
    world.stores.connections.commit(ConnectionCommit(user_id=ME, before=before, after=held))


def test_waiting_for_tokens_that_another_worker_renews_costs_no_call(world: World) -> None:
    """Ten jobs that come back every two seconds for a minute make no call, and none is entered."""
    hold(world)
    now = world.clock.now()
    for number in range(10):
        put(world, 1_000 + number)
    world.queue.put(authorization_job(ATHLETE, events=(), now=now), visible_at=now)
    deferred = 0
    while world.clock.now() < now + timedelta(seconds=DEFAULT_POLICY.strava.refresh_lease_seconds - 3):
        ends = world.worker.run_once(limit=50).ends
        assert ends.keys() <= {JobEnd.DEFERRED}
        deferred += ends.total()
        world.pass_time(seconds=1)
    assert deferred > 10 * DEFAULT_POLICY.strava.athlete_calls_per_window
    assert used(world) == 0
    world.work()
    renewed, looked = world.fake.calls(CallKind.REFRESH), world.fake.calls(CallKind.ACTIVITY)
    assert (renewed, looked) == (1, 10)
    assert used(world) == renewed + looked


def test_losing_the_race_for_the_lease_costs_no_call(world: World) -> None:
    """Another worker takes it between the look at the connection and the write."""
    put(world)

    def rival(call: str, side: Side) -> None:
        if (call, side) == ("connections.commit", Side.BEFORE):
            hold(world)

    assert world.process(rival).worker.run_once().ends == {JobEnd.DEFERRED: 1}
    assert used(world) == 0


def test_an_app_that_may_not_call_costs_the_athlete_nothing(world: World) -> None:
    """What was entered for the athlete is given back when the app's budget refuses."""
    world.strava.access.activities(ME, after=None, before=None)
    world.strava.access.rates.closed(None)
    put(world)
    [leased] = world.queue.lease(now=world.clock.now(), seconds=60, limit=1)
    with pytest.raises(StravaRateLimited, match="Strava's limit"):
        world.strava.refreshing.activity(leased)
    assert used(world) == 0


@pytest.mark.parametrize("calls", [7, 10])
def test_jobs_that_may_make_no_call_are_not_taken(world: World, calls: int) -> None:
    """The app's budget is looked at before: of thousands of jobs none is leased only to be put off."""
    budget = world.strava.access.rates.budget(APP_SCOPE)
    budget = evolve(budget, window_limit=10, window_used=calls, version=budget.version + 1)
    world.stores.rates.write(APP_SCOPE, budget)
    now = world.clock.now()
    world.queue.put(backfill_job(ATHLETE, now=now), visible_at=now)
    world.queue.put(reconcile_job(ATHLETE, now=now), visible_at=now)
    put(world)
    world.queue.put(authorization_job(ATHLETE, events=(), now=now), visible_at=now)
    worked = world.worker.run_once(limit=50).worked
    live = {ACTIVITY} if calls < budget.window_limit else set()
    assert {each.job.kind for each in worked} == {AUTHORIZATION, *live}
    assert world.queue.counts(now=now).leased == 0
    world.pass_time(minutes=15)
    world.work()
    assert world.queue.counts(now=world.clock.now()).waiting == 0


@pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.NOT_FOUND])
def test_a_call_that_failed_was_one(world: World, fault: Fault) -> None:
    """Strava was asked, whatever came of it."""
    world.strava.access.activities(ME, after=None, before=None)
    world.fake.inject(fault, CallKind.ACTIVITY)
    put(world)
    assert world.worker.run_once().ends == {JobEnd.TO_BE_TRIED_AGAIN: 1}
    assert used(world) == 1


def test_calls_that_no_event_causes_are_the_apps_alone(world: World) -> None:
    """Backfills and reconciliations use up the app's calls, and none of the athlete's."""
    world.strava.reconciling.run(ME)
    assert used(world) == 0
    assert world.strava.access.rates.budget(APP_SCOPE).window_used == 1


def test_events_cause_no_more_renewals_than_calls(world: World) -> None:
    """While renewing fails, forged events cost Strava as many calls as one athlete's may, and no more."""
    world.fake.inject(Fault.SERVER_ERROR, CallKind.REFRESH, count=None)
    before = world.fake.calls(CallKind.REFRESH)
    for number in range(DEFAULT_POLICY.strava.athlete_calls_per_window + 10):
        put(world, number + 1)
        world.worker.run_once()
    assert world.fake.calls(CallKind.REFRESH) == before + DEFAULT_POLICY.strava.athlete_calls_per_window


def test_a_call_is_given_back_in_the_window_it_is_now(world: World) -> None:
    """Nothing falls below 0 where a window has begun meanwhile."""
    rates = world.strava.access.rates
    rates.reserve(SCOPE, Purpose.LIVE)
    rates.give_back(SCOPE)
    assert (used(world), rates.budget(SCOPE).day_used) == (0, 0)
    rates.reserve(SCOPE, Purpose.LIVE)
    world.pass_time(minutes=15)
    rates.give_back(SCOPE)
    after = rates.budget(SCOPE)
    assert (after.window_used, after.day_used) == (0, 0)
    assert evolve(after, version=0).paused_until is None
