"""Opening milestones, looking at them, repairing and explaining them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given

import oracle
from commitcollect_adapters.memory import MemoryLedger
from commitcollect_adapters.testing.dumps import dump_of
from commitcollect_adapters.testing.strategies import SEASON_START_AT, STATUES, any_wishes, changing_histories
from commitcollect_core.app import CommitCollect
from commitcollect_core.errors import (
    AccountDeleting,
    Conflict,
    InvalidInput,
    LimitExceeded,
    NotFound,
    VersionConflict,
)
from commitcollect_core.policy import DEFAULT_POLICY, Policy, TrainingPolicy
from commitcollect_core.training.directions import lowering
from commitcollect_core.training.history import walk_milestones
from commitcollect_core.training.ledger import LedgerCommit, LedgerHead, LedgerView, UntrackedMilestone
from commitcollect_core.training.milestones import MilestoneStatus, Progress
from commitcollect_core.training.periods import Totals
from commitcollect_core.training.recurrence import Every
from commitcollect_core.training.sports import SportSelection
from commitcollect_core.training.tracking import MILESTONE_EXISTS, NewMilestone
from commitcollect_core.training.workouts import ActivityGone, ActivitySettled, Found, Workout, updated
from commitcollect_core.values import MilestoneId, ModelId, UserId
from laws import aim_of, check_state, efforts_of
from rivals import ATHLETE, RacedLedger, app_on, fence, ride, wish

NOBODY = MilestoneId("ms-9999")

# Opening


@pytest.mark.parametrize("given", [None, "HERON", {"model_id": "HERON"}, ride("1")])
def test_what_is_no_request_is_refused(given: Any) -> None:
    """Something else than a request is refused by name where a milestone is opened or previewed."""
    app = app_on(MemoryLedger())
    for ask in (app.tracking.create, app.tracking.preview):
        with pytest.raises(InvalidInput) as refused:
            ask(ATHLETE, given)
        assert refused.value.field == "wish"


@pytest.mark.parametrize("aims", [(), None, "distance", [None]])
def test_a_request_needs_something_to_reach(aims: Any) -> None:
    """No aim, or what is none, is refused by name."""
    with pytest.raises(InvalidInput) as refused:
        NewMilestone.of(aims, model_id=ModelId("HERON"), period_start_at=SEASON_START_AT)
    assert refused.value.field == "aims"


@given(some_wish=any_wishes(), found=changing_histories())
def test_opening_counts_the_history_and_stores_what_it_returns(
    some_wish: NewMilestone, found: list[Found]
) -> None:
    """What is returned is what is stored: the wish, and the parts that the history is worth."""
    ledger = MemoryLedger()
    app = app_on(ledger, policy=Policy(training=TrainingPolicy(page_items_max=2)))
    app.ingestion.ingest(ATHLETE, found)
    opened = app.tracking.create(ATHLETE, some_wish)
    goal = opened.milestone.goal
    total = oracle.total(aim_of(goal), efforts_of(dump_of(ledger, ATHLETE)))
    progress = opened.milestone.progress
    assert (progress.current_value, progress.progress_value) == (total, total)
    assert len(opened.awards) == oracle.parts(aim_of(goal), total)
    model = next(each for each in STATUES if each.model_id == some_wish.model_id)
    assert goal == some_wish.goal(model, DEFAULT_POLICY)
    assert app.tracking.view(ATHLETE, opened.milestone.milestone_id) == opened
    check_state(dump_of(ledger, ATHLETE))


def test_an_id_is_taken_once() -> None:
    """A caller may choose a milestone's id, but not one that is there; what is there stays as it is."""
    app = app_on(MemoryLedger())
    first = app.tracking.create(ATHLETE, wish(), milestone_id=MilestoneId("mine"))
    assert first.milestone.milestone_id == "mine"
    with pytest.raises(Conflict, match="a milestone 'mine' already") as refused:
        app.tracking.create(ATHLETE, wish(), milestone_id=MilestoneId("mine"))
    assert refused.value.code == MILESTONE_EXISTS
    assert list(app.tracking.milestones(ATHLETE)) == [first.milestone]


@pytest.mark.parametrize("user_id", ["", "../../x", "a#b", "a\0b", "\udcff"])
def test_nothing_is_written_for_what_is_no_athlete(user_id: str) -> None:
    """A user id that could reach into another key is refused by every use case that writes."""
    app = app_on(MemoryLedger())
    with pytest.raises(InvalidInput, match="is not an id"):
        app.tracking.create(UserId(user_id), wish())
    with pytest.raises(InvalidInput, match="is not an id"):
        app.ingestion.ingest(UserId(user_id), [ride("1")])
    with pytest.raises(NotFound):
        app.tracking.view(UserId(user_id), MilestoneId("ms-1"))


def test_opening_loses_no_workout_that_arrives_meanwhile() -> None:
    """A workout that lands between counting and writing makes the opening count again."""
    ledger = RacedLedger()
    app = app_on(ledger)
    ledger.intruders = [lambda: app.ingestion.ingest(ATHLETE, [ride("rival", 5000)])]
    opened = app.tracking.create(ATHLETE, wish())
    assert opened.milestone.progress.current_value == 5000
    assert len(opened.awards) == 5
    assert len(dump_of(ledger, ATHLETE).milestones) == 1


@pytest.mark.parametrize(
    ("bad_wish", "message"),
    [(wish(0), "totalTarget 0"), (wish(days=0), "not after its start")],
)
def test_a_wish_that_cannot_be_kept_is_refused(bad_wish: NewMilestone, message: str) -> None:
    """Nothing is written for it."""
    ledger = RacedLedger()
    with pytest.raises(InvalidInput, match=message):
        app_on(ledger).tracking.create(ATHLETE, bad_wish)
    assert ledger.commits_tried == 0


def test_an_unknown_statue_is_not_found_and_the_others_are_named() -> None:
    """The message lists what is on offer, and only that."""
    models = [STATUES[0], evolve(STATUES[1], is_active=False), STATUES[2]]
    app = app_on(MemoryLedger(), models=models)
    with pytest.raises(NotFound, match="no statue model 'UNICORN'; there are: PEBBLE, WHALE") as unknown:
        app.tracking.create(ATHLETE, wish(model_id="UNICORN"))
    assert unknown.value.code == "model_not_found"
    with pytest.raises(InvalidInput, match="'HERON' is not offered any more") as retired:
        app.tracking.create(ATHLETE, wish(model_id="HERON"))
    assert retired.value.code == "model_not_active"


def test_too_many_milestones_are_refused() -> None:
    """The limit of the policy reaches the athlete as an error with its code."""
    app = app_on(MemoryLedger(), policy=Policy(training=TrainingPolicy(milestones_tracked_max=1)))
    app.tracking.create(ATHLETE, wish())
    with pytest.raises(LimitExceeded) as refused:
        app.tracking.create(ATHLETE, wish())
    assert refused.value.code == "too_many_milestones"


def test_a_fenced_account_opens_and_repairs_nothing() -> None:
    """Law 7 holds for every use case that writes; what is there can still be looked at."""
    ledger = MemoryLedger()
    app = app_on(ledger)
    opened = app.tracking.create(ATHLETE, wish())
    fence(ledger)
    with pytest.raises(AccountDeleting):
        app.tracking.create(ATHLETE, wish())
    with pytest.raises(AccountDeleting):
        app.tracking.recompute(ATHLETE, opened.milestone.milestone_id)
    assert app.tracking.view(ATHLETE, opened.milestone.milestone_id) == opened


# Looking


@pytest.mark.parametrize(
    "look",
    [
        lambda app, user_id, milestone_id: app.tracking.view(user_id, milestone_id),
        lambda app, user_id, milestone_id: app.tracking.recompute(user_id, milestone_id),
        lambda app, user_id, milestone_id: list(app.tracking.explain(user_id, milestone_id)),
    ],
    ids=["view", "recompute", "explain"],
)
def test_what_is_not_there_or_another_athletes_is_not_found(
    look: Callable[[CommitCollect, UserId, MilestoneId], object],
) -> None:
    """A milestone of another athlete is as unknown as one that never was."""
    app = app_on(MemoryLedger())
    opened = app.tracking.create(ATHLETE, wish())
    for user_id, milestone_id in [(ATHLETE, NOBODY), (UserId("other"), opened.milestone.milestone_id)]:
        with pytest.raises(NotFound, match=f"no milestone '{milestone_id}'") as unknown:
            look(app, user_id, milestone_id)
        assert unknown.value.code == "milestone_not_found"


def test_milestones_are_listed_in_pages() -> None:
    """Page follows page in order of id, and walking them all meets each once."""
    app = app_on(MemoryLedger(), policy=Policy(training=TrainingPolicy(page_items_max=2)))
    ids = [app.tracking.create(ATHLETE, wish()).milestone.milestone_id for _ in range(5)]
    first = app.tracking.list(ATHLETE, limit=2)
    assert [each.milestone_id for each in first.milestones] == ids[:2]
    second = app.tracking.list(ATHLETE, after=first.next, limit=2)
    assert [each.milestone_id for each in second.milestones] == ids[2:4]
    assert [each.milestone_id for each in app.tracking.milestones(ATHLETE)] == ids


@pytest.mark.parametrize("limit", [-1, 0, 501])
def test_a_page_is_bounded(limit: int) -> None:
    """A page of none, or of more than the policy allows, is refused with the limit."""
    tracking = app_on(MemoryLedger()).tracking
    with pytest.raises(InvalidInput, match=f"limit {limit} is outside 1 to 500") as refused:
        tracking.list(ATHLETE, limit=limit)
    assert refused.value.field == "limit"
    assert not tracking.list(ATHLETE, limit=500).milestones
    assert not tracking.list(ATHLETE, limit=1).milestones


def test_workouts_are_walked_in_order_of_start_across_pages() -> None:
    """All workouts come, tombstones too, however small the pages."""
    app = app_on(MemoryLedger(), policy=Policy(training=TrainingPolicy(page_items_max=2)))
    app.ingestion.ingest(ATHLETE, [ride(f"{day}", day=day) for day in (3, 1, 4, 0, 2)])
    assert [each.key.activity_id for each in app.tracking.workouts(ATHLETE)] == list("01234")


def test_a_period_is_added_up_across_pages_and_stands_beside_the_one_before() -> None:
    """Only workouts of its days and sports count."""
    app = app_on(MemoryLedger(), policy=Policy(training=TrainingPolicy(page_items_max=2)))
    app.ingestion.ingest(
        ATHLETE, [ride(f"on-{day}", 1_000 + day, day=day) for day in (-1, 0, 1, 2, 30, 31, 32)]
    )
    assert app.tracking.year(ATHLETE, SEASON_START_AT.year).total.workouts == 6
    month = Every.MONTH.number(SEASON_START_AT.toordinal())
    summary = app.tracking.summary(ATHLETE, Every.MONTH, month + 1, today=0)
    assert (summary.period.total.workouts, summary.period.total.distance_meters) == (2, 2_063)
    assert (summary.before.total.workouts, summary.before.total.distance_meters) == (4, 4_033)
    runs = SportSelection(names=("RUN",))
    assert app.tracking.summary(ATHLETE, Every.MONTH, month, today=0, sports=runs).period.total == Totals()


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"every": "DECADE"}, "every"), ({"every": 3}, "every"), ({"number": "2026"}, "year"),
        ({"today": SEASON_START_AT.date()}, "today"), ({"place": "Europe/Berlin"}, "place"),
    ],
)  # fmt: skip
def test_a_period_of_another_type_is_named(given: dict[str, Any], field: str) -> None:
    """And a kind of period may be given by its name."""
    summary = partial(app_on(MemoryLedger()).tracking.summary, ATHLETE)
    right: dict[str, Any] = {"every": "YEAR", "number": 2026, "today": SEASON_START_AT.toordinal()}
    assert summary(**right).every is Every.YEAR
    with pytest.raises(InvalidInput) as refused:
        summary(**{**right, **given})
    assert refused.value.field == field


def test_every_workout_is_explained() -> None:
    """Amounts and reasons stand with their workouts, in order of start; those outside the period too."""
    app = app_on(MemoryLedger(), policy=Policy(training=TrainingPolicy(page_items_max=1)))
    app.ingestion.ingest(ATHLETE, [ride("late", day=9), ride("none", 0, day=1), ride("counts", 700)])
    opened = app.tracking.create(ATHLETE, wish(days=5))
    explained = app.tracking.explain(ATHLETE, opened.milestone.milestone_id)
    assert [(each.workout.key.activity_id, each.amount, each.exclusion) for each in explained] == [
        ("counts", 700, None),
        ("none", 0, "nothing_to_count"),
        ("late", 0, "after_end"),
    ]


# Repairing


def _with_an_uncounted_workout(distance_meters: int) -> tuple[RacedLedger, CommitCollect, MilestoneId]:
    ledger = RacedLedger()
    app = app_on(ledger)
    app.ingestion.ingest(ATHLETE, [ride("before", distance_meters)])
    uncounted = dump_of(ledger, ATHLETE).by_start
    ledger = RacedLedger()
    app = app_on(ledger)
    milestone_id = app.tracking.create(ATHLETE, wish()).milestone.milestone_id
    head = ledger.read_head(ATHLETE)
    head = evolve(head, version=head.version + 1, workout_count=1)
    ledger.commit(LedgerCommit(user_id=ATHLETE, head=head, workouts=uncounted))
    return ledger, app, milestone_id


def test_recomputing_says_what_it_repaired() -> None:
    """The deltas are what the repair changed, the tally is what it counted."""
    ledger, app, milestone_id = _with_an_uncounted_workout(2500)
    repaired = app.tracking.recompute(ATHLETE, milestone_id)
    assert (repaired.current_delta, repaired.progress_delta, repaired.parts_delta) == (2500, 2500, 2)
    assert (repaired.tally.current_value, repaired.tally.counted) == (2500, 1)
    assert repaired.view == app.tracking.view(ATHLETE, milestone_id)
    assert len(repaired.view.awards) == 2
    check_state(dump_of(ledger, ATHLETE))


def test_recomputing_what_is_right_writes_nothing() -> None:
    """The second repair finds nothing to do."""
    ledger, app, milestone_id = _with_an_uncounted_workout(12_000)
    whole = app.tracking.recompute(ATHLETE, milestone_id).view
    assert whole.milestone.status is MilestoneStatus.COMPLETED
    ledger.commits_tried = 0
    again = app.tracking.recompute(ATHLETE, milestone_id)
    assert (again.current_delta, again.progress_delta, again.parts_delta) == (0, 0, 0)
    assert again.view == whole
    assert ledger.commits_tried == 0


def test_recomputing_counts_again_after_losing_a_race() -> None:
    """A workout that arrives during the repair is counted once, by the rival or by the repair."""
    ledger, app, milestone_id = _with_an_uncounted_workout(2500)
    ledger.intruders = [lambda: app.ingestion.ingest(ATHLETE, [ride("rival", 1000)])]
    repaired = app.tracking.recompute(ATHLETE, milestone_id)
    assert repaired.view.milestone.progress == Progress(3500, 3500)
    assert repaired.tally.counted == 2
    assert len(repaired.view.awards) == 3
    # The rival's thousand metres and its part were in the milestone before the repair that won.
    assert (repaired.current_delta, repaired.parts_delta) == (2500, 2)


def _take_in_a_ride(app: CommitCollect) -> object:
    return app.ingestion.ingest(ATHLETE, [ride("rival")])


def _remove_all(app: CommitCollect) -> object:
    return app.tracking.remove_all(ATHLETE)


@pytest.mark.parametrize(("intrude", "removed"), [(_take_in_a_ride, 1), (_remove_all, 0)])
def test_removing_goes_on_after_losing_a_race(
    intrude: Callable[[CommitCollect], object], removed: int
) -> None:
    """Whether a rival writes in between or removes the milestone itself: none is left, and ours are told."""
    ledger = RacedLedger()
    app = app_on(ledger)
    app.tracking.create(ATHLETE, wish())
    ledger.intruders = [lambda: intrude(app)]
    assert app.tracking.remove_all(ATHLETE).milestones_removed == removed
    assert not list(app.tracking.milestones(ATHLETE))


def test_a_repair_that_always_loses_is_given_up() -> None:
    """Attempts are bounded for every use case that writes."""
    ledger, _, milestone_id = _with_an_uncounted_workout(2500)
    app = app_on(ledger, policy=Policy(training=TrainingPolicy(commit_attempts_max=2)))
    ledger.intruders = [
        lambda n=n: app.ingestion.ingest(ATHLETE, [ride(f"rival-{n}")])  # type: ignore[misc]  # mypy infers no type for a lambda with a default
        for n in range(5)
    ]
    with pytest.raises(VersionConflict, match="each of 2 attempts"):
        app.tracking.recompute(ATHLETE, milestone_id)


# Bounds

THREE_WORKOUTS = Policy(training=TrainingPolicy(workouts_inspected_max=3, page_items_max=2))


@pytest.mark.parametrize("workouts_total", [3, 4])
def test_counting_in_a_request_is_bounded(workouts_total: int) -> None:
    """Law 9: up to the limit a request counts, beyond it says so; a worker counts any number."""
    ledger = MemoryLedger()
    app = app_on(ledger, policy=THREE_WORKOUTS)
    app.ingestion.ingest(ATHLETE, [ride(f"{n}", day=n) for n in range(workouts_total)])
    opened = app.tracking.create(ATHLETE, wish(), is_bounded=False)
    milestone_id = opened.milestone.milestone_id
    assert opened.milestone.progress.current_value == workouts_total * 1000
    assert app.tracking.recompute(ATHLETE, milestone_id, is_bounded=False).tally.counted == workouts_total
    before = dump_of(ledger, ATHLETE)
    if workouts_total == 3:
        assert app.tracking.recompute(ATHLETE, milestone_id).tally.counted == 3
        assert app.tracking.create(ATHLETE, wish()).milestone.progress.current_value == 3000
    else:
        with pytest.raises(LimitExceeded, match="more than 3 workouts") as refused:
            app.tracking.create(ATHLETE, wish())
        assert refused.value.code == "too_many_workouts_for_mvp_recompute"
        with pytest.raises(LimitExceeded) as refused:
            app.tracking.recompute(ATHLETE, milestone_id)
        assert refused.value.code == "too_many_workouts_for_mvp_recompute"
        assert dump_of(ledger, ATHLETE) == before


def test_only_workouts_of_the_period_are_inspected() -> None:
    """A long history outside the period does not stop a milestone from being counted."""
    app = app_on(MemoryLedger(), policy=THREE_WORKOUTS)
    app.ingestion.ingest(ATHLETE, [ride(f"{n}", day=n) for n in range(9)])
    opened = app.tracking.create(ATHLETE, wish(days=3))
    assert opened.milestone.progress.current_value == 3000


def test_milestones_are_walked_page_by_page() -> None:
    """Each of them once, whatever the size of the pages."""
    app = app_on(ledger := MemoryLedger())
    made = [app.tracking.create(ATHLETE, wish()).milestone for _ in range(3)]
    for limit in (1, 2, 3, 4):
        assert list(walk_milestones(ledger, ATHLETE, limit=limit)) == made


def test_what_is_settled_lowers_nothing() -> None:
    """It stays in every sum, also in those of milestones that gave up their place."""
    stored = Workout(snapshot=ride("1"), version=1, fetched_at=SEASON_START_AT)
    untracked = UntrackedMilestone(
        milestone_id=NOBODY,
        period_start_at=SEASON_START_AT,
        period_end_at=SEASON_START_AT + timedelta(days=9),
    )
    view = LedgerView(
        user_id=ATHLETE, head=LedgerHead(version=1, untracked=(untracked,)), workouts={stored.key: stored}
    )
    settled, gone = ActivitySettled(key=stored.key), ActivityGone(key=stored.key)
    assert lowering(view, [settled], now=SEASON_START_AT) == []
    assert lowering(view, [gone], now=SEASON_START_AT) == [gone]


@pytest.mark.parametrize(("change", "expected"), [(ActivityGone, 1000), (ActivitySettled, 9000)])
def test_a_sum_that_is_too_high_is_mended_unless_workouts_were_let_go(
    change: type[ActivityGone | ActivitySettled], expected: int
) -> None:
    """These stand in the running sum alone, so that a recount must not take them out of it."""
    app = app_on(ledger := MemoryLedger())
    app.ingestion.ingest(ATHLETE, [ride("1"), ride("2")])
    milestone = app.tracking.create(ATHLETE, wish()).milestone
    view = ledger.read(ATHLETE, [ride("2").key])
    after = updated(view.workouts[ride("2").key], change(key=ride("2").key), now=SEASON_START_AT)
    assert after is not None
    drifted = evolve(milestone, version=2, progress=evolve(milestone.progress, current_value=9000))
    head = evolve(view.head, version=view.head.version + 1)
    ledger.commit(LedgerCommit(user_id=ATHLETE, head=head, workouts=(after,), milestones=(drifted,)))
    recounted = app.tracking.recompute(ATHLETE, milestone.milestone_id).view.milestone
    assert recounted.progress.current_value == expected
