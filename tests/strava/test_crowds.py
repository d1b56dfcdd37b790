"""The one look that stands for all events of an athlete that are too many."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from commitcollect_adapters.strava.fake import CallKind
from commitcollect_adapters.system import NoBackoff
from commitcollect_core.errors import StravaRateLimited
from commitcollect_core.flows import flow
from commitcollect_core.jobs.jobs import ComingJob, JobOutcome, LeasedJob
from commitcollect_core.jobs.worker import JobEnd, Worker
from commitcollect_core.policy import DEFAULT_POLICY, customised
from commitcollect_core.strava.jobs import ACTIVITY, RECONCILE, activity_job, group_of, reconcile_job
from commitcollect_core.strava.rates import Purpose, athlete_scope, window_end
from commitcollect_core.strava.refreshing import LookResult
from commitcollect_core.values import ActivityId
from strava.world import ATHLETE, ME, WISH, World, payload


@pytest.fixture
def world() -> World:
    """A connected athlete with a milestone and a history of three pages, all at rest."""
    made = World(policy=customised(DEFAULT_POLICY, {"list_page_items": 10, "group_jobs_max": 2}))
    made.app.tracking.create(ME, WISH)
    made.fake.add_activities(ATHLETE, map(payload, range(25)))
    made.connect()
    made.work()
    made.pass_time(minutes=15)
    return made


def kinds(world: World) -> list[str]:
    """The kinds of the athlete's jobs."""
    return sorted(each.job.kind for each in world.queue.waiting(group_of(ATHLETE), limit=100))


def fill(world: World) -> None:
    """Put as many jobs as the athlete may have."""
    now = world.clock.now()
    for number in range(DEFAULT_POLICY.jobs.group_jobs_max):
        job = activity_job(ATHLETE, ActivityId(str(1_000 + number % 2)), now=now)
        world.queue.put(job, visible_at=now + timedelta(hours=1))


def test_what_a_crowd_hides_is_found(world: World) -> None:
    """Uploads, edits and deletions, the oldest of the history as well, though no job tells of them singly."""
    fill(world)
    world.fake.upload(ATHLETE, payload(40, distance=40_000.0))
    world.fake.edit(ActivityId("1024"), name="Renamed", sport_type="GravelRide")
    world.fake.delete(ActivityId("1020"))
    world.deliver()
    assert kinds(world) == [ACTIVITY, ACTIVITY, RECONCILE]
    world.pass_time(seconds=3)
    report = world.worker.run_once(limit=10)
    assert [(each.job.kind, each.end) for each in report.worked] == [(RECONCILE, JobEnd.DONE)]
    assert report.results == {LookResult.CHANGED: 1}
    world.check_converged()
    world.check_parts()
    used = world.strava.access.rates.budget(athlete_scope(ATHLETE)).window_used
    assert used == 4, "three pages and what is gone are the athlete's calls"


def test_a_look_for_a_crowd_goes_on_with_the_flow_of_an_event(world: World) -> None:
    """Whatever an event becomes, the log tells what came of it; outside a request it begins a flow."""
    event = {
        "object_type": "activity",
        "object_id": 1_040,
        "aspect_type": "create",
        "event_time": 1_700_000_000,
    }
    ids = {"subscription_id": world.subscription_id, "owner_id": int(ATHLETE)}
    found = world.strava.intake.read({**event, **ids})
    assert isinstance(found, ComingJob)
    assert found.otherwise is not None
    assert found.job.correlation_id == found.otherwise.correlation_id != ""
    with flow("of-a-request"):
        found = world.strava.intake.read({**event, **ids})
    assert isinstance(found, ComingJob)
    assert found.job.correlation_id == "of-a-request"


def test_what_strava_does_not_list_yet_is_looked_for_once_more(world: World) -> None:
    """A look that stands for no event is the last: it leads to no other."""
    fill(world)
    now = int(world.clock.now().timestamp())
    announced = {"object_type": "activity", "object_id": 1_040, "aspect_type": "create", "event_time": now}
    ids = {"subscription_id": world.subscription_id, "owner_id": int(ATHLETE)}
    world.strava.intake.accept({**announced, **ids})
    world.pass_time(seconds=3)
    assert world.worker.run_once().results == {LookResult.UNCHANGED: 1}
    world.fake.add_activities(ATHLETE, [payload(40)])
    assert kinds(world) == [ACTIVITY, ACTIVITY, RECONCILE]
    world.pass_time(seconds=sum(DEFAULT_POLICY.strava.absence_retry_seconds))
    world.worker.run_once()
    world.check_converged()
    assert kinds(world) == [ACTIVITY, ACTIVITY]


def test_a_new_crowd_does_not_wait_for_the_last_look(world: World) -> None:
    """An event brings the look forward that would come in half an hour."""
    for number in (40, 41):
        fill(world)
        world.fake.upload(ATHLETE, payload(number))
        world.deliver()
        world.pass_time(seconds=3)
        world.worker.run_once()
        world.check_converged()


def test_a_history_too_long_for_a_window_is_looked_at_from_its_newest_end() -> None:
    """Half the calls of a window may list; what is older is left alone, and not taken for gone."""
    policy = customised(DEFAULT_POLICY, {"list_page_items": 10, "athlete_calls_per_window": 5})
    world = World(policy=policy)
    world.fake.add_activities(ATHLETE, map(payload, range(60)))
    world.connect()
    world.work()
    world.pass_time(minutes=15)
    for number in (3, 50):
        world.fake.delete(ActivityId(str(1_000 + number)))
    now = world.clock.now()
    world.queue.put(reconcile_job(ATHLETE, now=now), visible_at=now)
    calls = world.fake.calls(CallKind.ACTIVITIES), world.fake.calls(CallKind.ACTIVITY)
    assert world.worker.run_once().results == {LookResult.CHANGED: 1}
    assert world.fake.calls(CallKind.ACTIVITIES) == calls[0] + 2
    assert world.fake.calls(CallKind.ACTIVITY) == calls[1] + 1
    assert {ActivityId("1003"), ActivityId("1050")} & world.stored().keys() == {ActivityId("1050")}


def test_without_calls_the_look_waits(world: World) -> None:
    """It is put off to the next window before anything is listed, and not spread behind other jobs."""
    for _ in range(DEFAULT_POLICY.strava.athlete_calls_per_window):
        world.strava.access.rates.reserve(athlete_scope(ATHLETE), Purpose.LIVE)
    now = world.clock.now()
    world.queue.put(reconcile_job(ATHLETE, now=now), visible_at=now)
    calls = world.fake.calls()
    assert world.worker.run_once().ends == {JobEnd.DEFERRED: 1}
    assert world.fake.calls() == calls
    [waiting] = world.queue.waiting(group_of(ATHLETE), limit=2)
    assert waiting.due_at == window_end(now)


def test_an_athlete_who_is_not_connected_is_not_looked_at(world: World) -> None:
    """The job is done, as there is nothing to compare with."""
    world.strava.linking.disconnect(ME)
    now = world.clock.now()
    world.queue.put(reconcile_job(ATHLETE, now=now), visible_at=now)
    assert world.worker.run_once().results == {LookResult.NOT_CONNECTED: 1}


class Spreading(NoBackoff):
    """Spreads as far as it is asked to, and notes how far that is."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def jitter_seconds(self, longest: int) -> int:
        """See `Backoff`."""
        self.asked.append(longest)
        return longest


@pytest.mark.parametrize(("wait", "longest"), [(900, 60), (20, 20), (0, 1)])
def test_jobs_that_are_put_off_together_are_spread(world: World, wait: int, longest: int) -> None:
    """Over a minute at most, and over no more than they wait; those that stand for others go first."""
    backoff = Spreading()
    now = world.clock.now()

    def refuse(_leased: LeasedJob) -> JobOutcome:
        raise StravaRateLimited("later", retry_at=now + timedelta(seconds=wait))

    context = evolve(world.service.worker.context, backoff=backoff)
    worker = Worker(queue=world.queue, handlers={ACTIVITY: refuse, RECONCILE: refuse}, context=context)
    fill(world)
    world.queue.put(reconcile_job(ATHLETE, now=now), visible_at=now)
    world.queue.put(activity_job(ATHLETE, ActivityId("9"), now=now), visible_at=now)
    assert worker.run_once(limit=9).ends == {JobEnd.DEFERRED: 2}
    due = {each.job.key: each.due_at for each in world.queue.waiting(group_of(ATHLETE), limit=9)}
    assert due["strava/reconcile/42"] == now + timedelta(seconds=wait)
    assert due["strava/activity/42/9"] == now + timedelta(seconds=wait + longest)
    assert backoff.asked == [longest]
