"""Mending what no event brought."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from commitcollect_adapters.simulation.faults import Side
from commitcollect_adapters.strava.fake import CallKind, DeliveryPlan, Fault, Limits
from commitcollect_core.errors import LimitExceeded, StravaRateLimited, StravaUnavailable
from commitcollect_core.jobs.jobs import LeasedJob
from commitcollect_core.policy import DEFAULT_POLICY, customised
from commitcollect_core.strava.connections import DEFAULT_SCOPE, READ_ALL_ACTIVITIES
from commitcollect_core.strava.jobs import activity_job
from commitcollect_core.strava.ports import ActivityAnswer, ActivityList
from commitcollect_core.strava.reconciling import Repair
from commitcollect_core.training.workouts import ActivityGone
from commitcollect_core.values import ActivityId, AthleteId, Source, WorkoutKey
from strava.world import ATHLETE, ME, WISH, World, payload

DEAF = DeliveryPlan(dropped=1.0)
"""No event ever arrives."""


@pytest.fixture
def world() -> World:
    """A connected athlete with ten activities, an hour ago; from now on no event arrives."""
    made = World(plan=DEAF, policy=customised(DEFAULT_POLICY, {"list_page_items": 4}))
    made.app.tracking.create(ME, WISH)
    made.fake.add_activities(ATHLETE, map(payload, range(10)))
    made.connect()
    made.work()
    made.pass_time(hours=1)
    return made


def test_nothing_to_mend_changes_nothing(world: World) -> None:
    """All as stored: no repair, no write, no call but the list's."""
    before = world.dump()
    report = world.strava.reconciling.run(ME)
    assert (report.listed, report.repairs, report.asked_again, report.rejected) == (10, (), (), ())
    assert world.dump() == before
    assert world.fake.calls(CallKind.ACTIVITY) == 0


def test_every_kind_of_difference_is_mended_and_named(world: World) -> None:
    """Dropped events, a silent correction, a late upload, a deletion, a restoration."""
    world.fake.delete(ActivityId("1001"))
    assert [each for each, _ in world.strava.reconciling.run(ME).repairs] == [Repair.GONE_THERE]
    world.pass_time(hours=1)
    world.fake.restore(ActivityId("1001"))
    world.fake.edit(ActivityId("1002"), distance=7_777.0)
    world.fake.upload(ATHLETE, payload(5, id=77_777))
    world.fake.edit(ActivityId("1003"), flagged=True)
    world.fake.delete(ActivityId("1004"))
    report = world.strava.reconciling.run(ME)
    found = {workout.key.activity_id: repair for repair, workout in report.repairs}
    assert found == {
        "1001": Repair.DELETED_HERE,
        "1002": Repair.OUTDATED,
        "77777": Repair.MISSING,
        "1003": Repair.OUTDATED,
        "1004": Repair.GONE_THERE,
    }
    world.check_converged()
    world.check_parts()
    assert world.strava.reconciling.run(ME).repairs == ()


def test_what_is_gone_already_costs_no_call(world: World) -> None:
    """A tombstone is not asked for night after night."""
    world.fake.delete(ActivityId("1001"))
    assert [each for each, _ in world.strava.reconciling.run(ME).repairs] == [Repair.GONE_THERE]
    calls = world.fake.calls(CallKind.ACTIVITY)
    assert world.strava.reconciling.run(ME).repairs == ()
    assert world.fake.calls(CallKind.ACTIVITY) == calls


def test_what_comes_while_strava_lists_costs_no_call(world: World) -> None:
    """What is taken in behind a page is no candidate for being gone."""

    def upload(call: str, side: Side) -> None:
        if (call, side) == ("api.activities", Side.AFTER) and "77777" not in world.held():
            new = world.fake.upload(ATHLETE, payload(0, id=77_777))
            world.app.ingestion.ingest(ME, [evolve(world.held()[new], shown_to=ATHLETE)])

    world.process(upload).strava.reconciling.run(ME)
    assert ActivityId("77777") in world.stored()
    assert world.fake.calls(CallKind.ACTIVITY) == 0


def test_only_the_window_is_looked_at(world: World) -> None:
    """What is older than the window stays as it is, until a wider one is asked for."""
    world.fake.upload(ATHLETE, payload(40))
    assert world.strava.reconciling.run(ME).repairs == ()
    (repair,) = world.strava.reconciling.run(ME, days=60).repairs
    assert repair[0] is Repair.MISSING


def test_a_workout_that_moved_out_of_the_window_is_found(world: World) -> None:
    """Its start was corrected to long ago: it is not listed, but it is not gone either."""
    world.fake.edit(ActivityId("1001"), start_date="2025-01-01T10:00:00Z")
    (repair,) = world.strava.reconciling.run(ME).repairs
    assert repair[0] is Repair.OUTDATED
    world.check_converged()


def test_an_unlisted_workout_that_is_there_stays(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list that leaves something out deletes nothing: Strava is asked about it alone."""
    listed = world.fake.activities

    def short(token: str, **asked: Any) -> ActivityList:
        answer = listed(token, **asked)
        return evolve(answer, activities=answer.activities[1:])

    monkeypatch.setattr(world.fake, "activities", short)
    before = world.dump()
    assert world.strava.reconciling.run(ME).repairs == ()
    assert world.dump() == before
    assert world.fake.calls(CallKind.ACTIVITY) > 0


def test_something_just_changed_is_asked_again(world: World) -> None:
    """What was written a moment ago is not overruled by a list; the worker looks at it once more."""
    world.fake.edit(ActivityId("1002"), distance=6_000.0)
    now = world.clock.now()
    job = activity_job(ATHLETE, ActivityId("1002"), now=now)
    world.strava.refreshing.activity(LeasedJob(job=job, token="", until=now))
    world.fake.edit(ActivityId("1002"), distance=6_500.0)
    report = world.strava.reconciling.run(ME)
    assert [key.activity_id for key in report.asked_again] == ["1002"]
    assert world.stored()[ActivityId("1002")].distance_meters == 6_000
    world.work()
    world.check_converged()


def test_what_cannot_be_believed_is_named(world: World) -> None:
    """A bad activity is told of, the others are mended."""
    world.fake.upload(ATHLETE, payload(1, id=501, start_date="2100-01-01T00:00:00Z"))
    world.fake.upload(ATHLETE, payload(2, id=502, distance=1e9))
    world.fake.upload(ATHLETE, payload(3, id=503))
    report = world.strava.reconciling.run(ME)
    assert sorted(workout.key.activity_id for _, workout in report.repairs) == ["502", "503"]
    assert [reason.partition(":")[0] for reason in report.set_aside] == ["activity 502"]
    assert [reason.partition(":")[0] for reason in report.rejected] == ["activity 501"]


def test_what_stands_on_two_pages_is_told_of_once(world: World) -> None:
    """Pages overlap by a second; an activity that cannot be believed is still one."""
    for number in range(10):
        world.fake.upload(ATHLETE, payload(number, id=600 + number, distance=1e9))
    report = world.strava.reconciling.run(ME)
    assert len(report.set_aside) == len(set(report.set_aside)) == 10
    assert report.listed == 20


def test_too_wide_a_window_is_refused(world: World) -> None:
    """The number of pages is bounded by the policy."""
    few = evolve(world.policy, strava=evolve(world.policy.strava, reconcile_pages_max=2))
    with pytest.raises(LimitExceeded, match="more than 2 pages"):
        evolve(world.strava.reconciling, context=evolve(world.app.context, policy=few)).run(ME)


def test_a_failure_in_the_middle_is_gone_on_from(world: World) -> None:
    """What was mended before the failure stays mended; the next run does the rest."""
    for number in (1001, 1002, 1003):
        world.fake.delete(ActivityId(str(number)))
    world.fake.inject(Fault.SERVER_ERROR, CallKind.ACTIVITY, after=1)
    with pytest.raises(StravaUnavailable):
        world.strava.reconciling.run(ME)
    assert len(world.strava.reconciling.run(ME).repairs) == 2
    world.check_converged()


def test_one_unreadable_activity_does_not_stop_the_others(world: World) -> None:
    """One stored activity makes no sense any more at Strava: it is named, and the next one is mended."""
    world.fake.edit(ActivityId("1001"), start_date="1970-01-01T10:00:00Z")
    world.fake.edit(ActivityId("1003"), start_date="soon")
    world.fake.delete(ActivityId("1002"))
    report = world.strava.reconciling.run(ME)
    assert [workout.key.activity_id for _, workout in report.repairs] == ["1002"]
    assert {reason.partition(":")[0] for reason in report.rejected} == {"activity 1001", "activity 1003"}


def test_another_athletes_activity_is_passed_over(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Strava lists one, or answers with one: nothing of it is stored, and nothing is taken for gone."""
    for number in (1, 2):
        world.fake.edit(ActivityId(f"{1_000 + number}"), distance=90_000.0)
    before = world.stored()
    real_list, real_one = world.fake.activities, world.fake.activity

    def listed(*arguments: object, **bounds: object) -> ActivityList:
        page = real_list(*arguments, **bounds)  # type: ignore[arg-type]  # passed on as they come
        strangers = tuple(evolve(each, athlete_id=AthleteId("666")) for each in page.activities)
        return evolve(page, activities=strangers)

    def one(token: str, activity_id: ActivityId) -> ActivityAnswer:
        answer = real_one(token, activity_id)
        assert answer.activity is not None
        return evolve(answer, activity=evolve(answer.activity, athlete_id=AthleteId("666")))

    monkeypatch.setattr(world.fake, "activities", listed)
    monkeypatch.setattr(world.fake, "activity", one)
    assert world.strava.reconciling.run(ME).repairs == ()
    assert world.stored() == before


# What a connection cannot see

PRIVATE, PUBLIC = ActivityId("1001"), ActivityId("1002")


def imported(*, scope: tuple[str, ...]) -> World:
    """An athlete whose export, with a private activity, was imported before Strava was connected."""
    world = World(plan=DEAF)
    world.fake.add_activities(ATHLETE, map(payload, range(10)))
    rows = world.fake.visible_activities(ATHLETE, (READ_ALL_ACTIVITIES,))
    world.fake.edit(PRIVATE, private=True)
    world.app.ingestion.ingest(ME, rows)
    world.connect(scope=scope)
    world.work()
    world.pass_time(hours=1)
    return world


def test_a_private_activity_of_an_export_is_not_gone() -> None:
    """A connection without access to private ones never saw it, so its 404 would prove nothing."""
    world = imported(scope=DEFAULT_SCOPE)
    calls = world.fake.calls(CallKind.ACTIVITY)
    for _ in range(2):
        assert world.strava.reconciling.run(ME).repairs == ()
        assert world.fake.calls(CallKind.ACTIVITY) == calls
    assert PRIVATE in world.stored()
    assert len(world.stored()) == 10


def test_an_event_about_an_unseen_activity_deletes_nothing() -> None:
    """A forged delete, or a true one that this connection cannot confirm."""
    world = imported(scope=DEFAULT_SCOPE)
    event = {
        "object_type": "activity",
        "object_id": int(PRIVATE),
        "aspect_type": "delete",
        "owner_id": int(ATHLETE),
        "subscription_id": world.subscription_id,
    }
    world.strava.intake.accept(event)
    world.work()
    assert PRIVATE in world.stored()


def test_what_a_connection_showed_once_can_be_gone() -> None:
    """Deleted at Strava after the backfill showed it: also without access to private activities."""
    world = imported(scope=DEFAULT_SCOPE)
    world.fake.delete(PUBLIC)
    [(repair, workout)] = world.strava.reconciling.run(ME).repairs
    assert (repair, workout.key.activity_id) == (Repair.GONE_THERE, PUBLIC)
    assert PRIVATE in world.stored()


def test_a_connection_that_sees_everything_is_believed() -> None:
    """Of an export's activity as well, whether or not it was shown."""
    world = imported(scope=("read", READ_ALL_ACTIVITIES))
    world.fake.delete(PRIVATE)
    [(repair, workout)] = world.strava.reconciling.run(ME).repairs
    assert (repair, workout.key.activity_id) == (Repair.GONE_THERE, PRIVATE)


@pytest.mark.parametrize("scope", [DEFAULT_SCOPE, ("read", READ_ALL_ACTIVITIES)])
def test_another_athlete_proves_nothing(scope: tuple[str, ...]) -> None:
    """After a change of the athlete, the new connection sees nothing of the old one's, whatever its scope."""
    world = imported(scope=("read", READ_ALL_ACTIVITIES))
    world.strava.linking.disconnect(ME)
    world.connect(ME, AthleteId("43"), scope=scope)
    world.work()
    world.pass_time(hours=1)
    assert world.strava.reconciling.run(ME).repairs == ()
    assert len(world.stored()) == 10


def test_an_import_after_the_backfill_forgets_nothing() -> None:
    """The export says nothing of who was shown a workout, so what is known of it stays."""
    world = imported(scope=DEFAULT_SCOPE)
    before = world.dump()
    world.app.ingestion.ingest(ME, tuple(world.stored().values()))
    assert world.dump() == before
    shown = {each.key.activity_id: each.shown_to for each in before.by_start}
    assert shown.pop(PRIVATE) is None
    assert set(shown.values()) == {ATHLETE}


def test_other_peoples_workouts_are_no_business_of_it(world: World) -> None:
    """Workouts from elsewhere are neither listed nor missed."""
    ride = next(iter(world.stored().values()))
    by_hand = evolve(ride, source=Source.MANUAL, started_at=world.clock.now() - timedelta(days=1))
    world.app.ingestion.ingest(ME, [by_hand])
    assert world.strava.reconciling.run(ME).repairs == ()
    assert world.fake.calls(CallKind.ACTIVITY) == 0


def test_live_events_keep_their_share_of_the_calls() -> None:
    """However many workouts it has to ask about one by one, a reconciliation leaves calls to events."""
    world = World(plan=DEAF, limits=Limits(read_window=10, read_day=1_000))
    world.fake.add_activities(ATHLETE, map(payload, range(10)))
    world.connect()
    world.work()
    world.pass_time(hours=1)
    for number in range(1_000, 1_010):
        world.fake.delete(ActivityId(str(number)))
    with pytest.raises(StravaRateLimited):
        world.strava.reconciling.run(ME)
    assert world.fake.calls(CallKind.ACTIVITY) == 6
    assert isinstance(world.strava.access.activity(ME, ActivityId("1000")), ActivityGone)


def test_a_ride_repaired_under_another_id_counts_once(world: World) -> None:
    """Law 1: deleted and uploaded again between two passes, it is one ride, found at one moment."""
    world.work()
    (milestone,) = world.app.tracking.milestones(ME)
    before = milestone.progress
    gone = payload(3)
    world.fake.delete(ActivityId(str(gone["id"])))
    world.fake.add_activities(ATHLETE, [{**gone, "id": 777}])
    world.pass_time(hours=1)
    report = world.service.strava.reconciling.run(ME)
    assert {kind for kind, _ in report.repairs} == {Repair.GONE_THERE, Repair.MISSING}
    (milestone,) = world.app.tracking.milestones(ME)
    assert milestone.progress == before


@pytest.mark.parametrize("is_gone", [False, True], ids=["shorter", "gone"])
def test_a_lowering_in_doubt_is_settled_before_anything_raises_the_sum(*, is_gone: bool) -> None:
    """A ride that was just taken in is shortened or deleted, and another appears: they never add up.

    The first is in doubt, as it was written minutes ago; it is asked for once more and not left for later.
    """
    world = World(plan=DEAF)
    world.app.tracking.create(ME, WISH)
    world.fake.add_activities(ATHLETE, [payload(1, distance=60_000.0)])
    world.connect()
    world.work()
    world.fake.edit(ActivityId("1001"), distance=10_000.0)
    world.fake.upload(ATHLETE, payload(2, distance=60_000.0))
    if is_gone:
        world.api = _Lists(world.fake, world.fake.delete)
        world.service = world.process()
    report = world.strava.reconciling.run(ME)
    (milestone,) = world.dump().milestones.values()
    expected = 60_000 if is_gone else 70_000
    assert milestone.progress.current_value == expected
    assert milestone.progress.progress_value == expected
    assert report.asked_again == ()
    assert len(report.repairs) == 2
    world.check_converged()


class _Lists:
    """A Strava where an activity is deleted right after it was listed. Implements `StravaApi`."""

    def __init__(self, fake: Any, delete: Any) -> None:
        self._fake = fake
        self._delete = delete

    def __getattr__(self, name: str) -> Any:
        """Everything else as it is."""
        return getattr(self._fake, name)

    def activities(self, *arguments: Any, **named: Any) -> ActivityList:
        """See `StravaApi`."""
        listed: ActivityList = self._fake.activities(*arguments, **named)
        self._delete(ActivityId("1001"))
        return listed


@pytest.mark.parametrize("fault", [Fault.WRONG_ATHLETE, Fault.NOT_FOUND, None])
def test_an_answer_about_nothing_settles_nothing(fault: Fault | None) -> None:
    """Another athlete's activity, and one that cannot be read, change nothing; a 404 is a deletion."""
    world = World(plan=DEAF)
    world.app.tracking.create(ME, WISH)
    world.fake.add_activities(ATHLETE, [payload(1, distance=60_000.0)])
    world.connect()
    world.work()
    world.fake.edit(ActivityId("1001"), distance=10_000.0)
    world.fake.upload(ATHLETE, payload(2, distance=60_000.0))
    if fault is None:
        world.api = _Lists(world.fake, lambda activity_id: world.fake.edit(activity_id, start_date="no date"))
        world.service = world.process()
    else:
        world.fake.inject(fault, CallKind.ACTIVITY)
    world.strava.reconciling.run(ME)
    assert world.fake.calls(CallKind.ACTIVITY) == 1
    key = WorkoutKey(Source.STRAVA, ActivityId("1001"))
    stored = world.stores.ledger.read(ME, [key]).workouts[key]
    assert stored.is_deleted == (fault is Fault.NOT_FOUND)
    assert stored.snapshot.distance_meters == 60_000
