"""Recurring goals: which periods get a milestone, when, and what stops them."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from commitcollect_adapters.memory import MemoryLedger
from commitcollect_adapters.statues import FixedCatalog
from commitcollect_adapters.system import ManualClock, NoBackoff, SequentialIds
from commitcollect_adapters.testing.dumps import dump_of
from commitcollect_adapters.testing.strategies import (
    SEASON_END_AT,
    SEASON_START_AT,
    STATUES,
    aims,
    changing_histories,
    histories,
    local_times,
)
from commitcollect_core.app import CommitCollect, assemble
from commitcollect_core.errors import AccountDeleting, InvalidInput, LimitExceeded, NotFound
from commitcollect_core.policy import DEFAULT_POLICY, Policy, TrainingPolicy
from commitcollect_core.training.folds import LongestRun, counts_buckets
from commitcollect_core.training.goals import Aim
from commitcollect_core.training.local_time import Bucket, LocalTime
from commitcollect_core.training.ports import Ports
from commitcollect_core.training.recurrence import Every, RecurringGoal, periods_begun
from commitcollect_core.training.recurring_goals import NewRecurringGoal
from commitcollect_core.training.sports import SportSelection
from commitcollect_core.training.workouts import ActivitySnapshot, Answer, Found
from commitcollect_core.values import ActivityId, MilestoneId, ModelId, TargetType, UserId
from laws import check_kept, check_state
from rivals import ATHLETE, RacedLedger, fence, ride, unasked, wish

KILOMETRES = Aim(target_type=TargetType.DISTANCE_METERS, total_target=12_000)


_DAYS_MIN = {Every.YEAR: 365, Every.MONTH: 28, Every.WEEK: 7}
FORTY_DAYS = Aim(target_type=TargetType.ACTIVITY_COUNT, fold=LongestRun(bucket=Bucket.DAY), total_target=40)


def app_at(
    ledger: MemoryLedger, *, policy: Policy = DEFAULT_POLICY, now: datetime = SEASON_START_AT
) -> tuple[CommitCollect, ManualClock]:
    """The application, and the clock it goes by."""
    clock = ManualClock(now)
    ports = Ports(
        clock=clock,
        ids=SequentialIds(),
        backoff=NoBackoff(),
        ledger=ledger,
        catalog=FixedCatalog(STATUES),
    )
    return assemble(ports, policy), clock


def monthly(*wanted: Aim, **changes: object) -> NewRecurringGoal:
    """Every month twelve kilometres, unless it says otherwise."""
    wish = NewRecurringGoal(model_id=ModelId("HERON"), aims=wanted or (KILOMETRES,), every=Every.MONTH)
    return evolve(wish, **changes)  # type: ignore[arg-type]  # given by name, checked at run time


def labels(app: CommitCollect) -> list[str]:
    """The periods that have a milestone, of all goals."""
    return sorted(each.milestone_id.split("-", 2)[2] for each in app.tracking.milestones(ATHLETE))


# Periods


@given(every=st.sampled_from(Every), place=local_times(), seconds=st.integers(0, 3_000 * 86_400))
def test_periods_follow_one_another_without_a_gap(
    every: Every, place: LocalTime | None, seconds: int
) -> None:
    """Every instant lies in exactly the period that has its number, clock changes included."""
    goal = RecurringGoal(
        recurring_id=MilestoneId("r"),
        every=every,
        model_id=ModelId("HERON"),
        aims=(KILOMETRES,),
        local_time=place,
        first_period=0,
    )
    instant = SEASON_START_AT - timedelta(days=700) + timedelta(seconds=seconds)
    number = goal.period_of(instant)
    start, end = goal.span(number)
    assert start <= instant < end
    assert (goal.period_of(start), goal.period_of(end - timedelta(seconds=1))) == (number, number)
    assert goal.span(number + 1)[0] == end


def test_a_period_is_due_until_it_has_its_milestone() -> None:
    """Not before the first, not twice, and not before those that are remembered."""
    goal = RecurringGoal(
        recurring_id=MilestoneId("r"),
        every=Every.YEAR,
        model_id=ModelId("HERON"),
        aims=(KILOMETRES,),
        first_period=2020,
        opened=(2022, 2024),
    )
    due = [number for number in range(2018, 2027) if goal.is_due(number, periods_kept_max=3)]
    assert due == [2020, 2021, 2023, 2025, 2026]
    assert [number for number in due if goal.is_due(number, periods_kept_max=2)] == [2023, 2025, 2026]
    assert goal.with_opened(2023, periods_kept_max=2).opened == (2023, 2024)


def test_only_activities_that_count_begin_periods_that_are_due() -> None:
    """The earliest period first, each of them once."""
    goal = RecurringGoal(
        recurring_id=MilestoneId("r"),
        every=Every.MONTH,
        model_id=ModelId("HERON"),
        aims=(KILOMETRES,),
        first_period=Every.MONTH.number(SEASON_START_AT.toordinal()),
    )
    opened = goal.with_opened(goal.first_period + 1, periods_kept_max=24)
    history = [
        ride("late", day=70),
        ride("late-too", day=71),
        ride("first", day=1),
        ride("opened", day=40),
        evolve(ride("flagged", day=100), is_flagged=True),
        ride("empty", 0, day=130),
    ]
    begun = periods_begun([opened], history, periods_kept_max=24)
    assert begun == [(opened, goal.first_period), (opened, goal.first_period + 2)]


@pytest.mark.parametrize(
    ("every", "day", "label"),
    [
        (Every.YEAR, date(2026, 12, 31), "2026"),
        (Every.MONTH, date(2026, 2, 28), "2026-02"),
        (Every.WEEK, date(2024, 12, 31), "2025-W01"),
        (Every.WEEK, date(2026, 12, 31), "2026-W53"),
        (Every.WEEK, date(2027, 1, 3), "2026-W53"),
        (Every.WEEK, date(2027, 1, 4), "2027-W01"),
    ],
)
def test_periods_are_named_as_calendars_do(every: Every, day: date, label: str) -> None:
    """Years, months, and weeks by ISO 8601, where the first days of January may be of the last year."""
    assert every.label(every.number(day.toordinal())) == label


# Opening by activities


@given(
    wanted=st.lists(aims(), min_size=1, max_size=2),
    every=st.sampled_from((Every.MONTH, Every.YEAR)),
    place=local_times(),
    history=histories(max_size=10),
    data=st.data(),
)
def test_each_period_with_a_counting_activity_has_its_milestone(
    wanted: list[Aim],
    every: Every,
    place: LocalTime | None,
    history: list[ActivitySnapshot],
    data: st.DataObject,
) -> None:
    """In any order, in batches or one by one: each milestone is worth what one made beforehand would be."""
    app, clock = app_at(ledger := MemoryLedger())
    # A month may hold a single week or month to count.
    lowest = [evolve(each, total_target=1) if counts_buckets(each.fold) else each for each in wanted]
    begun = app.recurring_goals.begin(ATHLETE, monthly(*lowest, every=every, local_time=place)).goal
    clock.advance_to(SEASON_END_AT)
    by_hand, _ = app_at(MemoryLedger(), now=SEASON_END_AT)
    size = data.draw(st.integers(1, 10))
    for start in range(0, len(history), size):
        app.ingestion.ingest(ATHLETE, history[start : start + size])
    by_hand.ingestion.ingest(ATHLETE, history)

    check_state(dump := dump_of(ledger, ATHLETE))
    goal = app.recurring_goals.find(ATHLETE, begun.recurring_id)
    counting = {
        goal.period_of(each.started_at)
        for each in history
        if not each.is_flagged and any(aim.counts(each) for aim in lowest)
    }
    present = begun.first_period
    assert set(goal.opened) == {present} | {each for each in counting if each >= present}
    assert set(dump.milestones) == {goal.milestone_id(each) for each in goal.opened}
    for milestone_id, milestone in dump.milestones.items():
        tally = by_hand.tracking.tally(ATHLETE, milestone.goal)
        assert milestone.progress.current_value == tally.current_value, milestone_id
        assert milestone.parts_awarded == milestone.goal.parts_earned(tally.current_value)


@given(found=changing_histories(), place=local_times())
def test_edits_and_deletions_keep_the_laws(found: list[Found], place: LocalTime | None) -> None:
    """Each report leaves a legal ledger, and takes back nothing that was earned."""
    app, clock = app_at(ledger := MemoryLedger())
    app.recurring_goals.begin(ATHLETE, monthly(local_time=place))
    clock.advance_to(SEASON_END_AT)
    before = dump_of(ledger, ATHLETE)
    for each in found:
        app.ingestion.ingest(ATHLETE, [each])
        after = dump_of(ledger, ATHLETE)
        check_state(after)
        check_kept(before, after)
        before = after


def test_what_does_not_count_opens_nothing() -> None:
    """Flagged activities, other sports, empty ones, and those of before the first period."""
    app, clock = app_at(MemoryLedger())
    runs = evolve(KILOMETRES, sports=SportSelection(("RUN",)))
    begun = app.recurring_goals.begin(ATHLETE, monthly(runs))
    first = labels(app)
    clock.advance_to(SEASON_END_AT)
    run = evolve(ride("1", day=40), sport_type="Run")
    others = [
        ride("2", day=40),
        evolve(run, is_flagged=True, activity_id=ActivityId("3")),
        evolve(run, distance_meters=0, activity_id=ActivityId("4")),
        evolve(run, started_at=SEASON_START_AT - timedelta(days=40), activity_id=ActivityId("5")),
    ]
    assert app.ingestion.ingest(ATHLETE, others).workouts_changed == 4
    assert labels(app) == first
    committed = app.ingestion.ingest(ATHLETE, [run])
    assert len(labels(app)) == 2
    assert app.recurring_goals.find(ATHLETE, begun.goal.recurring_id).opened == (
        begun.goal.first_period,
        begun.goal.first_period + 1,
    )
    assert committed.workouts_changed == 1


def test_activities_fetched_and_listed_open_their_periods_too() -> None:
    """However an activity comes in, its period has a milestone, which counts it once."""
    app, clock = app_at(MemoryLedger())
    app.recurring_goals.begin(ATHLETE, monthly())
    clock.advance_to(SEASON_END_AT)
    fetched = ride("1", 1_000, day=40)
    committed = app.ingestion.refresh(ATHLETE, fetched.key, lambda: fetched)
    assert (len(labels(app)), len(committed.awards)) == (2, 1)
    listed = Answer(found=ride("2", 2_000, day=80), asked_at=clock.now())
    assert app.ingestion.ingest_listed(ATHLETE, [listed], ask=unasked).committed.workouts_changed == 1
    values = Counter(each.progress.current_value for each in app.tracking.milestones(ATHLETE))
    assert values == {0: 1, 1_000: 1, 2_000: 1}


# Beginning


def test_a_goal_begins_with_its_past_periods() -> None:
    """What is stored counts at once, from the first period given up to the present one."""
    app, clock = app_at(MemoryLedger(), now=SEASON_END_AT)
    app.ingestion.ingest(ATHLETE, [ride("1", 12_000, day=300), ride("2", 3_000, day=340)])
    start = SEASON_START_AT + timedelta(days=300)
    begun = app.recurring_goals.begin(ATHLETE, monthly(start_at=start))
    present = begun.goal.period_of(clock.now())
    assert begun.goal.opened == tuple(range(begun.goal.period_of(start), present + 1))
    assert not begun.refused
    earned = sum(each.parts_awarded for each in app.tracking.milestones(ATHLETE))
    assert len(begun.committed.awards) == earned > 0


def _weeks_ago(weeks: int) -> datetime:
    return SEASON_END_AT - timedelta(weeks=weeks)


def test_beginning_is_bounded() -> None:
    """So many goals, so many periods back; the refusal names the limit."""
    limits = TrainingPolicy(milestones_tracked_max=50)
    app, _ = app_at(MemoryLedger(), policy=Policy(training=limits), now=SEASON_END_AT)
    kept = limits.recurring_periods_kept_max
    with pytest.raises(LimitExceeded, match=f"at most {kept} periods back") as refused:
        app.recurring_goals.begin(ATHLETE, monthly(every=Every.WEEK, start_at=SEASON_START_AT))
    assert refused.value.code == "too_many_periods"
    begun = app.recurring_goals.begin(ATHLETE, monthly(every=Every.WEEK, start_at=_weeks_ago(kept - 1)))
    assert len(begun.goal.opened) == kept
    with pytest.raises(LimitExceeded, match=f"not {kept + 1}"):
        app.recurring_goals.begin(ATHLETE, monthly(every=Every.WEEK, start_at=_weeks_ago(kept)))
    for _ in range(limits.recurring_goals_max - 1):
        app.recurring_goals.begin(ATHLETE, monthly())
    with pytest.raises(LimitExceeded, match="recurring goals; end one") as refused:
        app.recurring_goals.begin(ATHLETE, monthly())
    assert refused.value.code == "too_many_recurring_goals"


@pytest.mark.parametrize(
    ("wish", "error"),
    [
        (monthly(evolve(KILOMETRES, total_target=0)), InvalidInput),
        (monthly(FORTY_DAYS), InvalidInput),
        (monthly(evolve(FORTY_DAYS, total_target=29)), InvalidInput),
        (monthly(model_id=ModelId("NONE")), NotFound),
    ],
)
def test_a_goal_that_cannot_be_kept_is_not_begun(wish: NewRecurringGoal, error: type[Exception]) -> None:
    """A target out of bounds, more days than any or than the shortest month has, an unknown statue."""
    app, _ = app_at(ledger := MemoryLedger())
    with pytest.raises(error):
        app.recurring_goals.begin(ATHLETE, wish)
    assert ledger.read_head(ATHLETE).version == 0


def test_too_many_milestones_stop_the_opening_and_no_activity(caplog: pytest.LogCaptureFixture) -> None:
    """The goal stays; an activity is taken in, and opens its period once there is room."""
    policy = Policy(training=TrainingPolicy(milestones_tracked_max=2))
    app, clock = app_at(ledger := MemoryLedger(), policy=policy, now=SEASON_END_AT)
    begun = app.recurring_goals.begin(ATHLETE, monthly(start_at=SEASON_END_AT - timedelta(days=62)))
    assert "milestones under way" in begun.refused
    assert len(begun.goal.opened) == 2
    with caplog.at_level(logging.WARNING):
        committed = app.ingestion.ingest(ATHLETE, [ride("1", day=365)])
    assert committed.workouts_changed == 1
    assert "no milestone is opened" in caplog.text
    clock.advance_to(SEASON_END_AT + timedelta(days=90))
    app.ingestion.ingest(ATHLETE, [ride("2", day=366)])
    latest = app.recurring_goals.find(ATHLETE, begun.goal.recurring_id).opened[-1]
    assert latest == begun.goal.period_of(SEASON_END_AT)
    check_state(dump_of(ledger, ATHLETE))


# Over time


def test_the_scheduled_job_opens_the_present_period_once() -> None:
    """Repeating it changes nothing."""
    app, clock = app_at(MemoryLedger())
    app.recurring_goals.begin(ATHLETE, monthly())
    clock.advance_to(SEASON_START_AT + timedelta(days=100))
    assert len(app.recurring_goals.open_present(ATHLETE).committed.commits) == 1
    assert app.recurring_goals.open_present(ATHLETE).committed.commits == ()
    assert len(labels(app)) == 2


def test_a_goal_that_cannot_be_kept_any_more_stops_no_other() -> None:
    """Its statue was withdrawn; the milestones of the athlete's other goals open, and all is told."""
    app, clock = app_at(ledger := MemoryLedger())
    heron = app.recurring_goals.begin(ATHLETE, monthly()).goal
    app.recurring_goals.begin(ATHLETE, monthly(model_id=ModelId("PEBBLE")))
    clock.advance_to(SEASON_START_AT + timedelta(days=100))
    rest = FixedCatalog(evolve(each, is_active=each.model_id == "PEBBLE") for each in STATUES)
    found = assemble(evolve(app.ports, catalog=rest), DEFAULT_POLICY).recurring_goals.open_present(ATHLETE)
    assert [each.goal.model_id for commit in found.committed.commits for each in commit.milestones] == [
        "PEBBLE"
    ]
    assert "HERON" in found.refused[heron.recurring_id]
    assert len(found.refused) == 1
    check_state(dump_of(ledger, ATHLETE))


@given(every=st.sampled_from(Every), first_day=st.dates(date(1980, 1, 1), date(2100, 1, 1)))
def test_the_shortest_period_is_as_short_as_any(every: Every, first_day: date) -> None:
    """Whatever period a goal begins with."""
    shortest = every.shortest(first := every.number(first_day.toordinal()))
    assert shortest >= first
    assert every.first_day(shortest + 1) - every.first_day(shortest) == _DAYS_MIN[every]


def test_what_is_remembered_is_bounded() -> None:
    """Only the latest periods are; an activity of before them opens nothing, and never opens one twice."""
    policy = Policy(training=TrainingPolicy(recurring_periods_kept_max=2))
    app, clock = app_at(MemoryLedger(), policy=policy)
    begun = app.recurring_goals.begin(ATHLETE, monthly()).goal
    clock.advance_to(SEASON_END_AT)
    for number, day in enumerate((40, 80, 120)):
        app.ingestion.ingest(ATHLETE, [ride(f"{number}", day=day)])
    assert len(labels(app)) == 4
    app.ingestion.ingest(ATHLETE, [ride("again", day=41), ride("first", day=1)])
    assert len(labels(app)) == 4
    assert len(app.recurring_goals.find(ATHLETE, begun.recurring_id).opened) == 2


def test_an_ended_goal_opens_no_more_and_takes_nothing_back() -> None:
    """Its milestones go on."""
    app, clock = app_at(MemoryLedger())
    begun = app.recurring_goals.begin(ATHLETE, monthly()).goal
    other = app.recurring_goals.begin(ATHLETE, monthly()).goal
    assert app.recurring_goals.end(ATHLETE, begun.recurring_id).recurring_id == begun.recurring_id
    clock.advance_to(SEASON_END_AT)
    app.ingestion.ingest(ATHLETE, [ride("1", day=1), ride("2", day=40)])
    assert [each.recurring_id for each in app.recurring_goals.list(ATHLETE)] == [other.recurring_id]
    view = app.tracking.view(ATHLETE, begun.milestone_id(begun.first_period))
    assert view.milestone.progress.current_value == 1_000
    assert len(labels(app)) == 3
    for ask in (app.recurring_goals.end, app.recurring_goals.find):
        with pytest.raises(NotFound, match="no recurring goal"):
            ask(ATHLETE, begun.recurring_id)


def test_a_milestone_with_the_id_of_a_period_is_left_as_it_is() -> None:
    """A caller may have made it; the period counts as opened."""
    app, clock = app_at(MemoryLedger())
    begun = app.recurring_goals.begin(ATHLETE, monthly()).goal
    taken = begun.milestone_id(begun.first_period + 1)
    made = app.tracking.create(ATHLETE, wish(), milestone_id=taken)
    clock.advance_to(SEASON_END_AT)
    app.ingestion.ingest(ATHLETE, [ride("1", day=40)])
    assert app.tracking.view(ATHLETE, taken).milestone.goal == made.milestone.goal
    assert begun.first_period + 1 in app.recurring_goals.find(ATHLETE, begun.recurring_id).opened


def test_a_fenced_ledger_takes_no_goal() -> None:
    """Nor does what is no athlete."""
    app, _ = app_at(ledger := MemoryLedger())
    fence(ledger)
    with pytest.raises(AccountDeleting):
        app.recurring_goals.begin(ATHLETE, monthly())
    with pytest.raises(InvalidInput, match="is not an id"):
        app.recurring_goals.list(UserId("a#b"))


def test_lost_races_open_a_period_once() -> None:
    """Another writer between reading and writing costs a new decision and no second milestone."""
    app, clock = app_at(ledger := RacedLedger())
    rival, _ = app_at(ledger, now=SEASON_END_AT)

    def write(activity_id: str) -> None:
        rival.ingestion.ingest(ATHLETE, [ride(activity_id, day=40)])

    ledger.intruders = [lambda: write("a")]
    begun = app.recurring_goals.begin(ATHLETE, monthly()).goal
    clock.advance_to(SEASON_END_AT)
    ledger.intruders = [lambda: write("b"), lambda: write("c")]
    app.ingestion.ingest(ATHLETE, [ride("1", day=41)])
    ledger.intruders = [lambda: write("d")]
    app.recurring_goals.open_present(ATHLETE)
    ledger.intruders = [lambda: write("e")]
    app.recurring_goals.end(ATHLETE, begun.recurring_id)
    check_state(dump := dump_of(ledger, ATHLETE))
    assert len(dump.milestones) == 3
    assert dump.milestones[begun.milestone_id(begun.first_period + 1)].progress.current_value == 6_000


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"aims": ()}, "aims"), ({"aims": KILOMETRES}, "aims"), ({"aims": ["distance"]}, "aims"),
        ({"every": "DAY"}, "every"), ({"every": 7}, "every"), ({"local_time": "Europe/Berlin"}, "localTime"),
        ({"start_at": "2026-01-01"}, "startAtUtc"),
        ({"start_at": SEASON_START_AT.replace(tzinfo=None)}, "startAtUtc"),
        ({"start_at": SEASON_START_AT.replace(year=1800)}, "startAtUtc"), ({"model_id": 7}, "model_id"),
    ],
)  # fmt: skip
def test_a_request_of_other_types_is_refused_where_it_is_made(changed: dict[str, Any], field: str) -> None:
    """The refusal names the input; nothing that a store could not read back reaches a ledger."""
    with pytest.raises(InvalidInput) as refused:
        NewRecurringGoal(**{"model_id": "HERON", "aims": [KILOMETRES], "every": "MONTH", **changed})
    assert refused.value.field == field


@pytest.mark.parametrize("wish", [None, {"every": "MONTH"}, KILOMETRES])
def test_what_is_no_request_begins_nothing(wish: Any) -> None:
    """Something else than a request is refused by name, and the ledger stays unwritten."""
    ledger = MemoryLedger()
    with pytest.raises(InvalidInput) as refused:
        app_at(ledger)[0].recurring_goals.begin(ATHLETE, wish)
    assert (refused.value.field, ledger.read_head(ATHLETE).version) == ("wish", 0)
