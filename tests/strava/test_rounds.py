"""Reconciling every connected athlete."""

from __future__ import annotations

import pytest

from commitcollect_adapters.strava.fake import CallKind, DeliveryPlan, Fault
from commitcollect_core.errors import (
    CommitCollectError,
    NeedsReconnect,
    NotFound,
    StorageUnavailable,
    StravaAppInactive,
    StravaAppRejected,
    StravaRateLimited,
    StravaUnavailable,
    VersionConflict,
)
from commitcollect_core.policy import DEFAULT_POLICY, customised
from commitcollect_core.strava.jobs import group_of, round_job
from commitcollect_core.strava.reconciling import ReconcileReport, Reconciling, Repair
from commitcollect_core.strava.retaining import Retaining
from commitcollect_core.strava.rounds import ROUND_ENDS, ROUND_GOES_ON, UNAVAILABLE_IN_A_ROW_MAX, Visit
from commitcollect_core.training.committing import Committed
from commitcollect_core.training.goals import Aim
from commitcollect_core.training.recurrence import Every
from commitcollect_core.training.recurring_goals import NewRecurringGoal, OpenedPeriods, RecurringGoals
from commitcollect_core.values import ActivityId, AthleteId, MilestoneId, ModelId, TargetType, UserId
from strava.world import World, payload

ATHLETES = [AthleteId(str(number)) for number in range(40, 47)]
PAGES_OF_TWO = customised(DEFAULT_POLICY, {"page_items_max": 2})
EVERY_MONTH = NewRecurringGoal(
    model_id=ModelId("DRAGON_2026"),
    aims=(Aim(target_type=TargetType.DISTANCE_METERS, total_target=12_000),),
    every=Every.MONTH,
)


def user_of(athlete_id: AthleteId) -> UserId:
    """Whose athlete it is."""
    return UserId(f"user-{athlete_id}")


@pytest.fixture
def world() -> World:
    """Seven athletes with three rides each, taken over an hour ago; no event arrives any more."""
    made = World(plan=DeliveryPlan(dropped=1.0), policy=PAGES_OF_TWO)
    for athlete_id in ATHLETES:
        rides = (payload(number, id=int(athlete_id) * 100 + number) for number in range(3))
        made.fake.add_activities(athlete_id, rides)
        made.connect(user_of(athlete_id), athlete_id)
    made.work()
    made.pass_time(hours=1)
    return made


def repairs_of(visit: Visit) -> list[Repair]:
    """What was repaired for one athlete."""
    assert isinstance(visit.outcome, ReconcileReport), visit.outcome
    return [repair for repair, _ in visit.outcome.repairs]


def walk(world: World, done: list[Visit]) -> None:
    """Walk a round; `done` keeps what came before an error."""
    done.extend(world.strava.rounds.run())


def test_a_round_comes_to_every_athlete_once(world: World) -> None:
    """Each is repaired for the account it belongs to; a second round finds nothing."""
    for athlete_id in ATHLETES:
        world.fake.upload(athlete_id, payload(5, id=int(athlete_id) * 100 + 50))
    visits = list(world.strava.rounds.run())
    assert [each.athlete.athlete_id for each in visits] == ATHLETES
    assert [each.athlete.user_id for each in visits] == list(map(user_of, ATHLETES))
    assert all(repairs_of(each) == [Repair.MISSING] for each in visits)
    for athlete_id in ATHLETES:
        world.check_converged(user_of(athlete_id), athlete_id)
    assert all(repairs_of(each) == [] for each in world.strava.rounds.run())


def test_only_the_days_asked_for_are_looked_at(world: World) -> None:
    """As for a single athlete."""
    world.fake.upload(ATHLETES[3], payload(60, id=9_999))
    assert not any(map(repairs_of, world.strava.rounds.run()))
    assert [bool(repairs_of(each)) for each in world.strava.rounds.run(days=90)].count(True) == 1


def test_an_athlete_who_fails_stops_no_other(world: World) -> None:
    """One who took the permission back, and one with an odd answer, are named with the reason."""
    world.pass_time(hours=7)
    world.fake.deauthorize(ATHLETES[1])
    world.fake.inject(Fault.SERVER_ERROR, CallKind.ACTIVITIES, after=2)
    outcomes = [each.outcome for each in world.strava.rounds.run()]
    assert isinstance(outcomes[1], NeedsReconnect)
    assert isinstance(outcomes[3], StravaUnavailable)
    assert [isinstance(each, CommitCollectError) for each in outcomes].count(True) == 2
    calls = world.fake.calls()
    again = [each.outcome for each in world.strava.rounds.run()]
    assert isinstance(again[1], NeedsReconnect)
    assert world.fake.calls() - calls == 6, "an athlete who has to connect again costs no call"


@pytest.mark.parametrize(
    ("fault", "kind", "error"),
    [
        (Fault.RATE_LIMITED, CallKind.ACTIVITIES, StravaRateLimited),
        (Fault.APP_INACTIVE, CallKind.ACTIVITIES, StravaAppInactive),
        (Fault.APP_REJECTED, CallKind.REFRESH, StravaAppRejected),
    ],
)
def test_what_every_athlete_would_meet_ends_the_round(
    world: World, fault: Fault, kind: CallKind, error: type[CommitCollectError]
) -> None:
    """The others are not asked for; a later round goes on behind the last who was done."""
    world.pass_time(hours=7)
    world.fake.inject(fault, kind, after=3)
    done: list[Visit] = []
    with pytest.raises(error):
        walk(world, done)
    assert [each.athlete.athlete_id for each in done] == ATHLETES[:3]
    world.pass_time(hours=7)
    rest = world.strava.rounds.run(after=done[-1].athlete.athlete_id)
    assert [each.athlete.athlete_id for each in rest] == ATHLETES[3:]


def test_a_strava_that_is_down_ends_the_round(world: World) -> None:
    """Not at the first athlete, whose answer may be odd, but after a few in a row."""
    world.fake.inject(Fault.SERVER_ERROR, CallKind.ACTIVITIES, count=None, after=2)
    done: list[Visit] = []
    with pytest.raises(StravaUnavailable):
        walk(world, done)
    assert len(done) == 2 + UNAVAILABLE_IN_A_ROW_MAX - 1


def test_athletes_who_come_and_go_are_no_error(world: World) -> None:
    """One who disconnects while the round is under way is passed over with a reason, or not met at all."""
    round_ = world.strava.rounds.run()
    assert next(round_).athlete.athlete_id == ATHLETES[0]
    world.strava.linking.disconnect(user_of(ATHLETES[1]))
    world.strava.linking.disconnect(user_of(ATHLETES[4]))
    visits = list(round_)
    assert [each.athlete.athlete_id for each in visits if isinstance(each.outcome, ReconcileReport)] == [
        ATHLETES[2], ATHLETES[3], ATHLETES[5], ATHLETES[6],
    ]  # fmt: skip
    assert all(
        each.athlete.athlete_id == ATHLETES[1]
        for each in visits
        if isinstance(each.outcome, CommitCollectError)
    )


def test_a_round_over_no_athlete_is_over_at_once() -> None:
    """A store without connections."""
    assert list(World().strava.rounds.run()) == []
    assert ActivityId("1") not in World().stored()


def begin(world: World) -> None:
    """Begin a round that workers go through, seven athletes of whom each has an upload that is missing."""
    for athlete_id in ATHLETES:
        world.fake.upload(athlete_id, payload(5, id=int(athlete_id) * 100 + 50))
    world.strava.rounds.begin()


def check_all(world: World) -> None:
    """Every athlete's workouts are what Strava has."""
    for athlete_id in ATHLETES:
        world.check_converged(user_of(athlete_id), athlete_id)


def test_a_worker_goes_through_a_round(world: World) -> None:
    """One job does it where the time suffices, and tells what it wrote."""
    begin(world)
    report = world.worker.run_once()
    assert report.results == {ROUND_ENDS: 1}
    assert report.committed.workouts_changed == len(ATHLETES)
    check_all(world)
    assert not world.worker.run_once().jobs


def test_a_round_is_worked_on_in_parts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the lease is over the job is put again for the rest; no athlete is compared twice."""
    begin(world)
    compared: list[UserId] = []
    run = type(world.strava.reconciling).run

    def slowly(self: Reconciling, user_id: UserId, *, days: int | None = None) -> ReconcileReport:
        compared.append(user_id)
        world.pass_time(seconds=world.policy.jobs.job_lease_seconds / 5)
        return run(self, user_id, days=days)

    monkeypatch.setattr(type(world.strava.reconciling), "run", slowly)
    ends = [world.worker.run_once().results for _ in range(3)]
    assert ends == [{ROUND_GOES_ON: 1}, {ROUND_GOES_ON: 1}, {ROUND_ENDS: 1}]
    assert compared == list(map(user_of, ATHLETES))
    check_all(world)


@pytest.mark.parametrize(
    ("fault", "count"), [(Fault.RATE_LIMITED, 1), (Fault.SERVER_ERROR, 4 * UNAVAILABLE_IN_A_ROW_MAX)]
)
def test_an_outage_only_delays_a_round(world: World, fault: Fault, count: int) -> None:
    """Athletes whom it kept from being compared come later; those before them do not come again."""
    begin(world)
    world.fake.inject(fault, CallKind.ACTIVITIES, count=count, after=3)
    before = world.fake.calls()
    world.work()
    check_all(world)
    assert world.fake.calls() - before <= 2 * len(ATHLETES) + count


def test_deleting_an_account_leaves_the_round_of_the_others(world: World) -> None:
    """The job of a round is in no athlete's group, whomever it goes on behind."""
    now = world.clock.now()
    world.queue.put(round_job(after=ATHLETES[0], now=now), visible_at=now)
    assert world.queue.drop_waiting(group_of(ATHLETES[0])) == 0


@pytest.mark.parametrize(
    ("failure", "results"),
    [
        (VersionConflict("it changed"), [{ROUND_ENDS: 1}]),
        (StorageUnavailable("it is busy"), [{ROUND_GOES_ON: 1}] * len(ATHLETES)),
    ],
    ids=["of one athlete", "of all"],
)
def test_where_nothing_can_be_let_go_what_was_repaired_is_told(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    failure: CommitCollectError,
    results: list[dict[str, int]],
) -> None:
    """Awards are written and must be audited: each report comes, with the failure beside it."""
    begin(world)

    def fail(_retaining: Retaining, _user_id: UserId) -> Committed:
        raise failure

    monkeypatch.setattr(Retaining, "run", fail)
    reports = [world.worker.run_once() for _ in results]
    assert [each.results for each in reports] == results
    assert sum(each.committed.workouts_changed for each in reports) == len(ATHLETES)
    check_all(world)


def test_what_a_round_lets_go_is_among_its_commits(world: World) -> None:
    """A visit tells all that was written for its athlete."""
    policy = customised(world.policy, {"strava_workout_retention_days": 7})
    world.policy = policy
    world.service = world.process()
    world.pass_time(days=8)
    visits = list(world.strava.rounds.run(days=1))
    reports = [each.outcome for each in visits]
    assert all(each.retention_failure is None for each in visits)
    assert [each.committed.workouts_changed for each in reports if isinstance(each, ReconcileReport)] == [
        3
    ] * len(ATHLETES)


@pytest.fixture
def monthly(world: World) -> World:
    """Two athletes have a goal for every month, and a month has passed."""
    for athlete_id in ATHLETES[:2]:
        world.app.recurring_goals.begin(user_of(athlete_id), EVERY_MONTH)
    world.pass_time(days=31)
    return world


def opened(world: World) -> list[int]:
    """How many milestones a round opens for each athlete."""
    visits = list(world.strava.rounds.run())
    assert [each.athlete.athlete_id for each in visits] == ATHLETES
    return [sum(len(commit.milestones) for commit in each.opened.commits) for each in visits]


def test_a_round_opens_the_milestones_of_new_periods(monthly: World) -> None:
    """Of each athlete once, also of one who has to connect again."""
    monthly.fake.deauthorize(ATHLETES[0])
    assert opened(monthly) == [1, 1, 0, 0, 0, 0, 0]
    assert opened(monthly) == [0] * len(ATHLETES)
    for athlete_id in ATHLETES[:2]:
        assert len(monthly.app.tracking.list(user_of(athlete_id), limit=2).milestones) == 2


@pytest.mark.parametrize("failure", [VersionConflict("the ledger is busy"), NotFound("there is no statue")])
def test_a_milestone_that_cannot_be_opened_keeps_back_nothing_else(
    monthly: World,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    failure: CommitCollectError,
) -> None:
    """Of several goals the others are opened, and the athlete is compared; the next round tries again."""
    other = monthly.app.recurring_goals.begin(user_of(ATHLETES[0]), EVERY_MONTH)
    monthly.pass_time(days=31)
    whole = RecurringGoals.open_period

    def fail(self: RecurringGoals, user_id: UserId, recurring_id: MilestoneId, number: int) -> Committed:
        if recurring_id != other.goal.recurring_id:
            raise failure
        return whole(self, user_id, recurring_id, number)

    with monkeypatch.context() as broken:
        broken.setattr(RecurringGoals, "open_period", fail)
        assert opened(monthly) == [1, 0, 0, 0, 0, 0, 0]
    assert f"no milestone is opened: {failure.message}" in caplog.text
    assert opened(monthly) == [1, 1, 0, 0, 0, 0, 0]


def test_a_store_that_is_down_ends_the_round_where_it_opens(
    monthly: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No athlete is asked for at Strava, and the job waits."""

    def fail(_goals: RecurringGoals, _user_id: UserId) -> OpenedPeriods:
        raise StorageUnavailable("the store is busy")

    monkeypatch.setattr(RecurringGoals, "open_present", fail)
    calls, visits = monthly.fake.calls(), list[Visit]()
    with pytest.raises(StorageUnavailable):
        walk(monthly, visits)
    assert (visits, monthly.fake.calls()) == ([], calls)


def test_what_was_opened_before_a_round_stops_is_told(monthly: World) -> None:
    """It is written, so it must be audited; the round goes on at the same athlete."""
    monthly.fake.inject(Fault.RATE_LIMITED, CallKind.ACTIVITIES)
    begin(monthly)
    stopped = monthly.worker.run_once()
    assert stopped.results == {ROUND_GOES_ON: 1}
    assert [len(each.milestones) for each in stopped.committed.commits] == [1]
    monthly.pass_time(hours=1)
    again = monthly.worker.run_once()
    assert again.results == {ROUND_ENDS: 1}
    assert [len(each.milestones) for each in again.committed.commits] == [1]


def test_an_account_that_is_being_deleted_opens_nothing(
    monthly: World, caplog: pytest.LogCaptureFixture
) -> None:
    """The round goes on to the others."""
    monthly.stores.ledger.fence(user_of(ATHLETES[0]), now=monthly.clock.now())
    assert opened(monthly)[:2] == [0, 1]
    assert "no milestone is opened: " in caplog.text
