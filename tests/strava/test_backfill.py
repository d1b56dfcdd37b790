"""Taking over a whole history: in order of start, in few calls, from wherever it stopped."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from commitcollect_adapters.simulation.faults import Side
from commitcollect_adapters.strava.fake import CallKind, DeliveryPlan, Fault, Limits
from commitcollect_core.errors import (
    Conflict,
    CorruptItem,
    LimitExceeded,
    NeedsReconnect,
    NotFound,
    ScopeMissing,
    StravaRateLimited,
    StravaUnavailable,
)
from commitcollect_core.jobs.jobs import Job
from commitcollect_core.policy import DEFAULT_POLICY, Policy, customised
from commitcollect_core.strava.backfilling import GivenUp
from commitcollect_core.strava.backfills import Backfill, BackfillCommit, BackfillPhase
from commitcollect_core.strava.ports import ActivityList
from commitcollect_core.values import ActivityId, AthleteId
from strava.world import ATHLETE, ME, SMALL_PAGES, START, WISH, World, payload


def connected(count: int, world: World | None = None) -> World:
    """An athlete with a history that is not taken over yet."""
    world = world or World(policy=SMALL_PAGES)
    world.app.tracking.create(ME, WISH)
    world.fake.add_activities(ATHLETE, map(payload, range(count)))
    world.connect()
    return world


def run(world: World) -> None:
    """Step until it is done."""
    while world.strava.backfilling.step(ME).backfill.phase is not BackfillPhase.DONE:
        pass


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 25, 40])
def test_a_history_of_any_length_is_taken_over(count: int) -> None:
    """Whole pages, broken ones and none: all is there, counted once, with no call for a single activity."""
    world = connected(count)
    run(world)
    world.check_converged()
    world.check_parts()
    state = world.stores.backfills.read(ME)
    assert state is not None
    assert (state.activities_listed, state.workouts_changed) == (count, count)
    assert world.fake.calls(CallKind.ACTIVITY) == 0
    assert world.stores.backfills.read_page(ME, 1) is None


def test_parts_are_earned_in_order_of_start() -> None:
    """The newest are listed first, but the ride of January earns January's part."""
    world = connected(40)
    run(world)
    (awards,) = world.dump().awards.values()
    assert [each.earned_at for each in awards] == sorted(each.earned_at for each in awards)
    oldest_first = sorted(world.held().values(), key=lambda each: each.started_at)
    first, total = awards[0], 0
    for ride in oldest_first:
        total += ride.distance_meters
        if total >= first.progress_value_at_award:
            assert first.workout.activity_id == ride.activity_id
            break


def test_pages_are_committed_from_the_oldest_on() -> None:
    """Each step behind the listing stores rides that all started after those of the steps before."""
    world = connected(25)
    latest = START - timedelta(days=1_000)
    phase = BackfillPhase.LISTING
    while phase is not BackfillPhase.DONE:
        step = world.strava.backfilling.step(ME)
        phase = step.backfill.phase
        starts = [each.snapshot.started_at for commit in step.committed.commits for each in commit.workouts]
        assert starts == sorted(starts)
        assert all(each > latest for each in starts)
        latest = max([latest, *starts])
    assert latest == START


def test_only_what_was_asked_for_is_taken_over() -> None:
    """With a first day, nothing before it is listed."""
    world = connected(30)
    connection = world.strava.access.connection(ME)
    world.strava.backfilling.begin_anew(connection, after=START - timedelta(days=12))
    run(world)
    assert set(world.stored()) == {str(1_000 + number) for number in range(13)}


def test_many_rides_in_one_second_are_all_taken_over() -> None:
    """Pages overlap by a second, so activities that start together are not lost between two pages."""
    world = World(policy=SMALL_PAGES)
    same = payload(5)["start_date"]
    world.fake.add_activities(ATHLETE, [payload(n, start_date=same) for n in range(9)])
    world.fake.add_activities(ATHLETE, [payload(n) for n in range(20, 40)])
    world.connect()
    run(world)
    world.check_converged()


def test_starting_twice_goes_on_and_nothing_wider_is_given_up() -> None:
    """A backfill under way is found again, and one with another bound is refused until it ends."""
    world = connected(25)
    backfilling = world.strava.backfilling
    first = backfilling.step(ME).backfill
    assert backfilling.start(ME) == first
    with pytest.raises(Conflict) as refused:
        backfilling.start(ME, after=START - timedelta(days=3))
    assert refused.value.code == "backfill_running"
    run(world)
    anew = backfilling.start(ME, after=START - timedelta(days=3))
    assert (anew.phase, anew.pages_listed, anew.version) == (BackfillPhase.LISTING, 0, 1)
    with pytest.raises(Conflict, match="2026-02-26"):
        backfilling.start(ME)
    run(world)
    world.check_converged()
    assert backfilling.step(ME).backfill.phase is BackfillPhase.DONE


def test_beginning_anew_leaves_nothing_of_the_one_before() -> None:
    """Connecting again begins from nothing: what was staged may have been listed with less permission."""
    world = connected(25)
    world.strava.backfilling.step(ME)
    assert world.stores.backfills.read_page(ME, 1) is not None
    world.connect()
    assert world.stores.backfills.read_page(ME, 1) is None
    world.work()
    world.check_converged()


def test_failures_of_steps_do_not_add_up() -> None:
    """Every other call fails and every step gets there in the end: the job is never set aside."""
    world = connected(
        25, World(policy=customised(SMALL_PAGES, {"job_attempts_max": 3, "list_page_items": 2}))
    )
    for after in range(0, 60, 2):
        world.fake.inject(Fault.SERVER_ERROR, CallKind.ACTIVITIES, after=after)
    world.work()
    world.check_converged()
    assert world.queue.parked(limit=1) == []


def test_a_backfill_that_never_began_is_not_found() -> None:
    """There is nothing to go on with."""
    world = World()
    with pytest.raises(NotFound):
        world.strava.backfilling.step(ME)


def test_too_long_a_history_is_refused_with_the_way_out() -> None:
    """The number of pages is bounded by the policy."""
    world = connected(25, World(policy=customised(SMALL_PAGES, {"backfill_pages_max": 2})))
    with pytest.raises(LimitExceeded, match="more than 2 pages"):
        run(world)


def test_a_lost_page_is_said_and_not_passed_over() -> None:
    """A page that was staged and is not there is damage, and nothing is taken for done."""
    world = connected(5)
    state = world.strava.backfilling.step(ME).backfill
    assert state.phase is BackfillPhase.COMMITTING
    broken = evolve(state, pages_staged=2, version=state.version + 1)
    world.stores.backfills.commit(BackfillCommit(backfill=broken))
    with pytest.raises(CorruptItem):
        world.strava.backfilling.step(ME)


def test_one_bad_activity_costs_only_itself() -> None:
    """What cannot be read, and what cannot be believed, is counted and left out; the rest is taken over."""
    world = World(policy=SMALL_PAGES)
    world.fake.add_activities(ATHLETE, [payload(n) for n in range(12)])
    world.fake.add_activities(
        ATHLETE,
        [
            payload(20, start_date="1970-01-01T00:00:00Z"),
            payload(21, distance=1e9, elapsed_time=19_525_640),
            payload(22, start_date="soon"),
        ],
    )
    world.connect()
    run(world)
    state = world.stores.backfills.read(ME)
    assert state is not None
    assert state.activities_rejected >= 2
    assert len(world.stored()) == 13
    assert sum(each.distance_meters == each.elapsed_seconds == 0 for each in world.stored().values()) == 1


@pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.HTML, Fault.LOST_ANSWER])
def test_a_failing_call_is_simply_made_again(fault: Fault) -> None:
    """Nothing listed before is listed again."""
    world = connected(25)
    world.strava.backfilling.step(ME)
    world.fake.inject(fault, CallKind.ACTIVITIES)
    with pytest.raises(StravaUnavailable):
        run(world)
    run(world)
    world.check_converged()
    assert world.fake.calls(CallKind.ACTIVITIES) == 4


def test_a_limit_in_the_middle_pauses_until_the_window_ends() -> None:
    """A share is left to live events; no worker calls before the window ends; nothing is lost."""
    world = connected(100, World(policy=SMALL_PAGES, limits=Limits(read_window=10, read_day=1_000)))
    with pytest.raises(StravaRateLimited) as limited:
        run(world)
    assert world.fake.calls(CallKind.ACTIVITIES) == 7
    assert limited.value.retry_at == START + timedelta(minutes=15)
    with pytest.raises(StravaRateLimited):
        run(world)
    assert world.fake.calls(CallKind.ACTIVITIES) == 7
    world.work()
    world.check_converged()
    assert world.clock.now() >= START + timedelta(minutes=15)


def test_something_newer_that_came_meanwhile_is_not_written_over() -> None:
    """A page waits; an event brings a newer state; the page's older one is not believed, Strava is asked."""
    world = connected(5)
    state = world.strava.backfilling.step(ME).backfill
    assert state.phase is BackfillPhase.COMMITTING
    world.fake.edit(ActivityId("1002"), name="Newer")
    world.deliver()
    world.pass_time(seconds=10)
    world.worker.run_once(limit=10)
    run(world)
    assert world.stored()[ActivityId("1002")].name == "Newer"
    world.work()
    world.check_converged()


def test_a_page_is_as_old_as_the_question_to_strava() -> None:
    """However long the answer takes: what another process writes meanwhile is newer."""
    world = connected(5)
    asked_at = world.clock.now()

    def stall(call: str, side: Side) -> None:
        if (call, side) == ("api.activities", Side.AFTER):
            world.pass_time(minutes=20)

    world.process(stall).strava.backfilling.step(ME)
    page = world.stores.backfills.read_page(ME, 1)
    assert page is not None
    assert page.listed_at == asked_at


def test_what_a_page_is_too_old_for_is_asked_for() -> None:
    """Another process wrote at about that time; no event follows, and Strava is asked all the same."""
    world = connected(5, World(policy=SMALL_PAGES, plan=DeliveryPlan(dropped=1.0)))
    assert world.strava.backfilling.step(ME).backfill.phase is BackfillPhase.COMMITTING
    key = ActivityId("1002")
    world.app.ingestion.ingest(ME, [evolve(world.held()[key], name="Newer")])
    world.fake.edit(key, name="Newest")
    run(world)
    assert world.stored()[key].name == "Newer"
    world.work()
    world.check_converged()


@pytest.mark.parametrize(("scope", "is_end"), [("activity:read", False), ("activity:read_all", True)])
def test_a_short_page_is_the_end_only_where_nothing_is_hidden(
    monkeypatch: pytest.MonkeyPatch, scope: str, *, is_end: bool
) -> None:
    """What a connection does not see may have made it short."""
    world = World()
    world.connect(scope=("read", scope))
    real = world.fake.activities

    def short(*arguments: object, **bounds: object) -> ActivityList:
        page = real(*arguments, **bounds)  # type: ignore[arg-type]  # passed on as they come
        return evolve(page, missing=3, is_last=False)

    monkeypatch.setattr(world.fake, "activities", short)
    assert world.strava.access.activities(ME, after=None, before=None).is_last is is_end


def test_private_activities_do_not_end_a_history() -> None:
    """Where the connection does not see them, a page that they made short is not the last."""
    world = World(policy=SMALL_PAGES)
    world.fake.add_activities(ATHLETE, [payload(n, private=n < 7) for n in range(25)])
    world.connect(scope=("read", "activity:read"))
    run(world)
    assert set(world.stored()) == {str(1_000 + n) for n in range(7, 25)}


def test_a_page_does_not_bring_back_what_was_deleted_since() -> None:
    """An activity is deleted behind its listing and before anything of it was stored: it does not stay."""
    world = connected(5)
    state = world.strava.backfilling.step(ME).backfill
    assert state.phase is BackfillPhase.COMMITTING
    world.fake.delete(ActivityId("1002"))
    world.deliver()
    world.pass_time(seconds=5)
    world.worker.run_once(limit=1)
    world.work()
    world.check_converged()
    assert ActivityId("1002") not in world.stored()


def test_a_page_does_not_bring_back_what_was_undone_since() -> None:
    """A change is listed, undone, and looked at while the old state is stored: it does not stay."""
    world = connected(5)
    world.work()
    world.pass_time(hours=1)
    world.fake.edit(ActivityId("1002"), name="Listed")
    world.strava.backfilling.start(ME)
    assert world.strava.backfilling.step(ME).backfill.phase is BackfillPhase.COMMITTING
    world.fake.edit(ActivityId("1002"), name="Ride 2")
    world.deliver()
    world.pass_time(seconds=5)
    world.worker.run_once(limit=10)
    run(world)
    world.work()
    world.check_converged()


def test_another_athletes_activities_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list that answers with another athlete's activities brings nothing in."""
    world = connected(3)
    listed = world.fake.activities

    def anothers(token: str, **asked: Any) -> ActivityList:
        answer = listed(token, **asked)
        theirs = tuple(evolve(each, athlete_id=AthleteId("43")) for each in answer.activities)
        return evolve(answer, activities=theirs)

    monkeypatch.setattr(world.fake, "activities", anothers)
    run(world)
    assert world.stored() == {}


@pytest.mark.parametrize("policy", [SMALL_PAGES, DEFAULT_POLICY], ids=["small pages", "pages of 200"])
@pytest.mark.parametrize("times", [1.1, 2, 3.5])
def test_more_activities_of_one_second_than_a_page_holds_are_all_taken_over(
    policy: Policy, times: float
) -> None:
    """A cursor in seconds cannot pass them, page numbers can: none is lost, and what is around stays."""
    world = World(policy=policy)
    same = int(policy.strava.list_page_items * times)
    at_once = [payload(3, id=10_000 + each, distance=1_000.0 + each) for each in range(same)]
    world.fake.add_activities(ATHLETE, [*map(payload, range(8)), *at_once])
    world.app.tracking.create(ME, WISH)
    world.connect()
    run(world)
    state = world.stores.backfills.read(ME)
    assert state is not None
    assert (state.activities_listed, state.workouts_changed) == (same + 8, same + 8)
    world.check_converged()
    world.check_parts()


# Left to the workers


def test_a_backfill_that_is_handed_over_is_done_by_the_workers() -> None:
    """The caller sees how far it has come, and its end; handing it over twice makes no second job."""
    world = connected(25)
    backfilling = world.strava.backfilling
    for _ in range(2):
        assert backfilling.hand_over(ME).phase is BackfillPhase.LISTING
    assert world.queue.counts(now=world.clock.now()).waiting == 1
    seen = []
    while (state := backfilling.look(ME, is_still=True)) is not None:
        assert isinstance(state, Backfill)
        seen.append((state.phase, state.activities_listed))
        if state.phase is BackfillPhase.DONE:
            break
        world.pass_time(seconds=30)
        world.worker.run_once()
    assert [listed for _, listed in seen][-1] == 25
    assert seen == sorted(seen, key=lambda each: (list(BackfillPhase).index(each[0]), each[1]))
    world.check_converged()


def test_a_backfill_that_was_set_aside_is_seen_and_tried_again() -> None:
    """Its job is named once nothing moves; handing it over again has it tried once more."""
    world = connected(5)
    backfilling = world.strava.backfilling
    backfilling.hand_over(ME)
    now = world.clock.now()
    # Another job of the same athlete, which this version does not know, is set aside before it.
    newer = Job(kind="strava/newer", subject={"athlete": ATHLETE}, enqueued_at=now)
    world.queue.put(newer, visible_at=now)
    world.fake.inject(Fault.SERVER_ERROR, CallKind.ACTIVITIES, count=None)
    world.work()
    assert world.queue.parked(limit=5, group=newer.group)[0].job.kind == "strava/newer"
    assert isinstance(backfilling.look(ME), Backfill), "a queue is asked only when nothing moves"
    given_up = backfilling.look(ME, is_still=True)
    assert isinstance(given_up, GivenUp)
    assert "strava_unavailable" in given_up.job.reason
    world.fake.clear_faults()
    backfilling.hand_over(ME)
    assert isinstance(backfilling.look(ME, is_still=True), Backfill)
    world.work()
    done = backfilling.look(ME)
    assert isinstance(done, Backfill)
    assert done.phase is BackfillPhase.DONE


def test_looking_tells_what_the_athlete_has_to_do() -> None:
    """A connection that broke, one without the scope, and none at all each have their own error."""
    world = connected(5)
    backfilling = world.strava.backfilling
    backfilling.hand_over(ME)
    world.pass_time(hours=7)
    world.fake.deauthorize(ATHLETE)
    world.work()
    with pytest.raises(NeedsReconnect):
        backfilling.look(ME)
    world.connect(scope=("read",))
    with pytest.raises(ScopeMissing):
        backfilling.look(ME)
    world.strava.linking.disconnect(ME)
    with pytest.raises(NotFound):
        backfilling.look(ME)
    with pytest.raises(NotFound):
        backfilling.hand_over(ME)
