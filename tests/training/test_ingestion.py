"""Taking activities in, alone and against others who write to the same ledger."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from athletes import changes_of
from commitcollect_adapters.memory import MemoryLedger
from commitcollect_adapters.testing.dumps import dump_of
from commitcollect_adapters.testing.strategies import (
    SEASON_END_AT,
    SEASON_START_AT,
    STATUES,
    any_wishes,
    histories,
)
from commitcollect_core.app import CommitCollect
from commitcollect_core.errors import (
    AccountDeleting,
    CorruptItem,
    InvalidInput,
    LimitExceeded,
    StorageUnavailable,
    VersionConflict,
)
from commitcollect_core.policy import Policy, TrainingPolicy
from commitcollect_core.training.awards import StatueModel
from commitcollect_core.training.committing import NOTHING_COMMITTED
from commitcollect_core.training.ledger import UntrackedMilestone
from commitcollect_core.training.milestones import Progress
from commitcollect_core.training.ports import Ledger
from commitcollect_core.training.sports import SportSelection
from commitcollect_core.training.tracking import NewMilestone
from commitcollect_core.training.workouts import ActivityGone, ActivitySnapshot, Answer, Found, Workout
from commitcollect_core.values import MilestoneId
from laws import check_state
from rivals import ATHLETE, RacedLedger, app_on, fence, ride, unasked, wish


def test_the_result_says_what_changed() -> None:
    """Workouts written are counted, whatever changed about them, and awards are listed in order."""
    app = app_on(MemoryLedger())
    milestone_id = app.tracking.create(ATHLETE, wish()).milestone.milestone_id
    result = app.ingestion.ingest(ATHLETE, [ride("1", 2500), ride("2", 500)])
    assert result.workouts_changed == 2
    assert [(each.milestone_id, each.part_index) for each in result.awards] == [
        (milestone_id, 1),
        (milestone_id, 2),
        (milestone_id, 3),
    ]
    assert app.ingestion.ingest(ATHLETE, [ride("1", 2500)]) == NOTHING_COMMITTED
    assert app.ingestion.ingest(ATHLETE, [ActivityGone(key=ride("1").key)]).workouts_changed == 1


def test_taking_in_nothing_writes_nothing() -> None:
    """No activities, or an unknown one being gone, leave the ledger unwritten."""
    ledger = RacedLedger()
    app = app_on(ledger)
    app.ingestion.ingest(ATHLETE, [])
    app.ingestion.ingest(ATHLETE, [ActivityGone(key=ride("1").key)])
    assert ledger.commits_tried == 0


def test_one_unbelievable_snapshot_refuses_all() -> None:
    """What is given is checked before anything is written, wherever it stands."""
    ledger = RacedLedger()
    with pytest.raises(InvalidInput, match="distance_meters -1"):
        app_on(ledger).ingestion.ingest(ATHLETE, [ride("1"), ride("2", -1)])
    assert ledger.commits_tried == 0


@pytest.mark.parametrize("found", [None, 7, "ride", b"ride", ride("1"), [None], ["ride"], [{"id": 1}], [[]]])
def test_what_is_no_list_of_activities_is_refused(found: Any) -> None:
    """One activity without a list, or anything else, is refused by name, and nothing is written."""
    ledger = RacedLedger()
    ingestion = app_on(ledger).ingestion
    with pytest.raises(InvalidInput) as refused:
        ingestion.ingest(ATHLETE, found)
    assert refused.value.field == "found"
    with pytest.raises(InvalidInput, match="found"):
        list(ingestion.ingest_all(ATHLETE, found))
    assert ledger.commits_tried == 0


def test_activities_that_can_be_walked_once_are_all_taken_in() -> None:
    """A generator counts as its list does."""
    app = app_on(MemoryLedger())
    walked_once: Any = (ride(each) for each in "123")
    assert app.ingestion.ingest(ATHLETE, walked_once).workouts_changed == 3


class TickingClock:
    """A clock that is a minute later each time it is read."""

    def __init__(self) -> None:
        self.reads = 0

    def now(self) -> datetime:
        """See `Clock`."""
        self.reads += 1
        return SEASON_END_AT + timedelta(minutes=self.reads)


def test_the_clock_is_read_once() -> None:
    """Everything one call decides happened at one time, even when it lost a race in between."""
    ledger, clock = RacedLedger(), TickingClock()
    app = app_on(ledger)
    app.tracking.create(ATHLETE, wish())
    ledger.intruders = [lambda: app.ingestion.ingest(ATHLETE, [ride("rival", 1)])]
    ingestion = evolve(app.ingestion, context=evolve(app.context, clock=clock))
    (award,) = ingestion.ingest(ATHLETE, [ride("1", 1500)]).awards
    assert clock.reads == 1
    assert award.awarded_at == SEASON_END_AT + timedelta(minutes=1)


# Races


@pytest.mark.parametrize("losses", [1, 2, 4])
def test_a_lost_race_is_run_again(losses: int) -> None:
    """The writer that loses reads again and decides again: both workouts count, parts are 1 to n."""
    ledger = RacedLedger()
    app = app_on(ledger, policy=Policy(training=TrainingPolicy(commit_attempts_max=5)))
    milestone_id = app.tracking.create(ATHLETE, wish()).milestone.milestone_id
    ledger.commits_tried = 0
    ledger.intruders = [
        lambda n=n: app.ingestion.ingest(ATHLETE, [ride(f"rival-{n}")])  # type: ignore[misc]  # mypy infers no type for a lambda with a default
        for n in range(losses)
    ]
    result = app.ingestion.ingest(ATHLETE, [ride("1")])
    assert result.workouts_changed == 1
    dump = dump_of(ledger, ATHLETE)
    check_state(dump)
    assert dump.head.workout_count == losses + 1
    assert len(dump.awards[milestone_id]) == losses + 1
    assert [each.part_index for each in result.awards] == [losses + 1]


def test_a_race_lost_every_time_is_given_up() -> None:
    """Attempts are bounded by the policy; in the end the error says how many there were."""
    ledger = RacedLedger()
    app = app_on(ledger, policy=Policy(training=TrainingPolicy(commit_attempts_max=3)))
    ledger.intruders = [
        lambda n=n: app.ingestion.ingest(ATHLETE, [ride(f"rival-{n}")])  # type: ignore[misc]  # mypy infers no type for a lambda with a default
        for n in range(9)
    ]
    with pytest.raises(VersionConflict, match="under each of 3 attempts") as lost:
        app.ingestion.ingest(ATHLETE, [ride("1")])
    assert lost.value.code == "version_conflict"
    assert len(ledger.intruders) == 9 - 3
    dump = dump_of(ledger, ATHLETE)
    assert ride("1").key not in dump.by_key
    assert dump.head.workout_count == 3


@pytest.mark.parametrize("commits_before", [0, 1, 2])
def test_a_race_lost_in_the_middle_of_a_split_loses_no_part(commits_before: int) -> None:
    """A writer that gets in between writes what is owed; together both award every part once."""
    ledger = RacedLedger()
    app = app_on(ledger)
    for n in range(20):
        app.tracking.create(ATHLETE, wish(1000 - n))
    rivals_awards: list[MilestoneId] = []

    def rival() -> None:
        rivals_awards.extend(
            each.milestone_id for each in app.ingestion.ingest(ATHLETE, [ride("rival", 1)]).awards
        )

    ledger.intruders = [*[None] * commits_before, rival]
    result = app.ingestion.ingest(ATHLETE, [ride("1")])
    dump = dump_of(ledger, ATHLETE)
    check_state(dump)
    assert result.workouts_changed == 1
    assert sum(map(len, dump.awards.values())) == len(result.awards) + len(rivals_awards) == 240
    crossed_by = {each.workout for awards in dump.awards.values() for each in awards}
    assert crossed_by == {ride("1").key}


def test_a_fence_that_goes_up_during_a_race_is_final() -> None:
    """Law 7: a writer that loses to a deletion is told so and does not try again."""
    ledger = RacedLedger()
    app = app_on(ledger)
    ledger.intruders = [lambda: fence(ledger)]
    with pytest.raises(AccountDeleting) as refused:
        app.ingestion.ingest(ATHLETE, [ride("1")])
    assert refused.value.code == "account_deleting"
    assert not dump_of(ledger, ATHLETE).by_key


def test_a_failing_store_is_not_hidden() -> None:
    """A storage error arrives as it is and is not tried again; the same call works once the store does."""
    ledger = RacedLedger()
    app = app_on(ledger)

    def fail() -> None:
        raise StorageUnavailable("the disk is full")

    ledger.intruders = [fail]
    with pytest.raises(StorageUnavailable, match="disk is full"):
        app.ingestion.ingest(ATHLETE, [ride("1")])
    assert not dump_of(ledger, ATHLETE).by_key
    assert app.ingestion.ingest(ATHLETE, [ride("1")]).workouts_changed == 1


# The catalogue


def test_a_statue_off_the_market_is_still_completed() -> None:
    """A model that is not offered any more still gives its parts to those who have begun it."""
    ledger = MemoryLedger()
    app_on(ledger).tracking.create(ATHLETE, wish())
    retired = [evolve(model, is_active=False) for model in STATUES]
    result = app_on(ledger, models=retired).ingestion.ingest(ATHLETE, [ride("1", 12_000)])
    assert len(result.awards) == 12


@pytest.mark.parametrize(
    "models", [[], [evolve(STATUES[1], parts=STATUES[0].parts)]], ids=["lost", "other parts"]
)
def test_a_catalogue_that_broke_its_promise_is_an_error(models: list[StatueModel]) -> None:
    """A lost model, or one with other parts than promised, is refused before anything is written."""
    ledger = MemoryLedger()
    app_on(ledger).tracking.create(ATHLETE, wish())
    before = dump_of(ledger, ATHLETE)
    with pytest.raises(CorruptItem, match="needs statue model 'HERON' with 12 parts"):
        app_on(ledger, models=models).ingestion.ingest(ATHLETE, [ride("1")])
    assert dump_of(ledger, ATHLETE) == before


# Long histories

PAIRS = Policy(training=TrainingPolicy(commit_items_max=52, milestones_tracked_max=49))


@given(history=histories(max_size=7), some_wishes=st.lists(any_wishes(), max_size=2))
def test_a_long_history_ends_as_one_ingest_would(
    history: list[ActivitySnapshot], some_wishes: list[NewMilestone]
) -> None:
    """Batches change nothing about what is stored and awarded."""
    dumps = []
    for is_batched in (False, True):
        ledger = MemoryLedger()
        app = app_on(ledger, policy=PAIRS)
        for each in some_wishes:
            app.tracking.create(ATHLETE, each)
        if is_batched:
            results = list(app.ingestion.ingest_all(ATHLETE, iter(history)))
            assert len(results) == -(-len(history) // 2)
        else:
            results = [app.ingestion.ingest(ATHLETE, history)]
        assert sum(each.workouts_changed for each in results) == len(history)
        dump = dump_of(ledger, ATHLETE)
        awarded = sum(len(each.awards) for each in results)
        assert awarded == sum(map(len, dump.awards.values()))
        dumps.append((dump.by_start, dump.awards))
    assert dumps[0] == dumps[1]


@given(
    stored=histories(min_size=2, max_size=8),
    some_wishes=st.lists(any_wishes(), min_size=1, max_size=2),
    is_iterator=st.booleans(),
    data=st.data(),
)
def test_a_long_history_is_one_change_however_it_is_cut(
    stored: list[ActivitySnapshot], some_wishes: list[NewMilestone], is_iterator: bool, data: st.DataObject
) -> None:
    """Law 1: batches of two do not let progress pass a sum that never existed, whatever their order."""
    ledger = MemoryLedger()
    app = app_on(ledger, policy=PAIRS)
    ids = [app.tracking.create(ATHLETE, each).milestone.milestone_id for each in some_wishes]
    app.ingestion.ingest(ATHLETE, stored)
    before = [app.tracking.view(ATHLETE, each).milestone.progress for each in ids]
    found = data.draw(st.permutations(changes_of(stored, data)))
    for _ in app.ingestion.ingest_all(ATHLETE, iter(found) if is_iterator else found):
        check_state(dump_of(ledger, ATHLETE))
    for milestone_id, earlier in zip(ids, before, strict=True):
        progress = app.tracking.view(ATHLETE, milestone_id).milestone.progress
        assert progress.progress_value == max(earlier.progress_value, progress.current_value)


def test_a_long_history_is_read_as_it_is_written() -> None:
    """No batch is taken before the one before it is written, so a history of any length fits in memory."""
    ledger = MemoryLedger()
    app = app_on(ledger, policy=PAIRS)
    taken = 0

    def history() -> Iterator[ActivitySnapshot]:
        nonlocal taken
        for n in range(5):
            taken += 1
            yield ride(f"{n}")

    batches = app.ingestion.ingest_all(ATHLETE, history())
    assert next(batches).workouts_changed == taken == ledger.read_head(ATHLETE).workout_count == 2
    assert [each.workouts_changed for each in batches] == [2, 1]


def test_a_workout_that_is_written_twice_is_counted_once() -> None:
    """Two workouts change places between two goals: both are taken out and put back."""
    app = app_on(MemoryLedger())
    for sport in ("RIDE", "RUN"):
        app.tracking.create(ATHLETE, evolve(wish(), sports=SportSelection.parse([sport])))
    a_ride, a_run = ride("1"), evolve(ride("2"), sport_type="Run")
    app.ingestion.ingest(ATHLETE, [a_ride, a_run])
    swapped = [evolve(a_ride, sport_type="Run"), evolve(a_run, sport_type="Ride")]
    committed = app.ingestion.ingest(ATHLETE, swapped)
    assert sum(len(each.workouts) for each in committed.commits) == 4
    assert committed.workouts_changed == 2


# Milestones that gave up their place

ONE_PLACE = Policy(
    training=TrainingPolicy(milestones_tracked_max=1, milestone_settle_seconds=0, commit_items_max=52)
)


def past_months(app: CommitCollect, months: int) -> list[MilestoneId]:
    """Milestones of past months, each of which takes the only place from the one before."""
    starts = [SEASON_START_AT + timedelta(days=30 * n) for n in range(months)]
    spans = [evolve(wish(), period_start_at=each, period_end_at=each + timedelta(days=30)) for each in starts]
    return [app.tracking.create(ATHLETE, each).milestone.milestone_id for each in spans]


def later_app(ledger: Ledger, policy: Policy = ONE_PLACE) -> CommitCollect:
    """The use cases after the season: every milestone settles a minute after it was written."""
    app = app_on(ledger, policy=policy)
    later = evolve(app.context, clock=TickingClock())
    return evolve(
        app,
        ingestion=evolve(app.ingestion, context=later),
        tracking=evolve(app.tracking, context=later),
        context=later,
    )


@given(history=histories(max_size=8), is_batched=st.booleans())
def test_a_milestone_without_a_place_counts_late_imports(
    history: list[ActivitySnapshot], is_batched: bool
) -> None:
    """Law 4 holds without a command: what an import brings into the period of an old milestone is counted."""
    ledger = MemoryLedger()
    app = later_app(ledger)
    ids = past_months(app, 3)
    assert len(ledger.read_head(ATHLETE).tracked_milestone_ids) == 1
    if is_batched:
        list(app.ingestion.ingest_all(ATHLETE, history))
    else:
        app.ingestion.ingest(ATHLETE, history)
    for milestone_id in ids:
        found = app.tracking.view(ATHLETE, milestone_id)
        explained = sum(each.amount for each in app.tracking.explain(ATHLETE, milestone_id))
        assert found.milestone.progress.current_value == explained
        assert len(found.awards) == found.milestone.goal.parts_earned(explained)
    assert ledger.read_head(ATHLETE).stale_milestone_ids == ()


@pytest.mark.parametrize("change", ["edit", "erase"])
def test_a_milestone_without_a_place_counts_what_leaves_its_period(change: str) -> None:
    """A ride moved to another day, or erased, counts no longer there: the live sum follows it."""
    ledger = MemoryLedger()
    app = later_app(ledger)
    first, *_ = past_months(app, 2)
    in_it = evolve(ride("1", 6_000), started_at=SEASON_START_AT + timedelta(days=3))
    app.ingestion.ingest(ATHLETE, [in_it])
    assert app.tracking.view(ATHLETE, first).milestone.progress == Progress(6_000, 6_000)
    if change == "edit":
        app.ingestion.ingest(ATHLETE, [evolve(in_it, started_at=SEASON_START_AT + timedelta(days=90))])
    else:
        app.ingestion.erase(ATHLETE, [in_it.key])
    assert app.tracking.view(ATHLETE, first).milestone.progress == Progress(0, 6_000)
    assert ledger.read_head(ATHLETE).stale_milestone_ids == ()


def test_a_milestone_without_a_place_is_forgotten_with_its_removal() -> None:
    """The head names no milestone that is not there."""
    ledger = MemoryLedger()
    app = later_app(ledger)
    past_months(app, 3)
    assert ledger.read_head(ATHLETE).untracked
    app.tracking.remove_all(ATHLETE)
    head = ledger.read_head(ATHLETE)
    assert (head.untracked, head.tracked_milestone_ids) == ((), ())


@pytest.mark.parametrize(("seconds", "is_covered"), [(-1, False), (0, True), (86_399, True), (86_400, False)])
def test_a_milestone_without_a_place_covers_its_period(seconds: int, *, is_covered: bool) -> None:
    """With its first second and without its end, as a goal counts it."""
    period = UntrackedMilestone(
        milestone_id=MilestoneId("ms"),
        period_start_at=SEASON_START_AT,
        period_end_at=SEASON_START_AT + timedelta(days=1),
    )
    snapshot = evolve(ride("1"), started_at=SEASON_START_AT + timedelta(seconds=seconds))
    workout = Workout(snapshot=snapshot, version=1, fetched_at=SEASON_END_AT)
    assert period.covers(workout) is is_covered
    assert not period.covers(None)


def test_a_recount_in_the_middle_of_an_import_sees_no_false_sum() -> None:
    """Law 1: an event of another process between two batches does not count a ride under two ids."""
    ledger = MemoryLedger()
    app = later_app(ledger)
    first, *_ = past_months(app, 2)
    day = SEASON_START_AT + timedelta(days=3)
    app.ingestion.ingest(ATHLETE, [evolve(ride("old", 6_000), started_at=day)])
    others = [ride(f"{n}", 1, day=40) for n in range(app.ingestion.batch_items)]
    new = evolve(ride("new", 6_000), started_at=day)
    found: list[Found] = [new, *others, ActivityGone(key=ride("old").key)]
    batches = app.ingestion.ingest_all(ATHLETE, found)
    next(batches)
    app.ingestion.ingest(ATHLETE, [ride("event", 1, day=40)])
    list(batches)
    assert app.tracking.view(ATHLETE, first).milestone.progress == Progress(6_000, 6_000)


def test_a_recount_that_a_crash_prevented_is_made_up_for() -> None:
    """The head names the milestone until it is recounted, so the next call finishes it."""
    ledger = MemoryLedger()
    app = later_app(ledger)
    first, *_ = past_months(app, 2)
    late = evolve(ride("late", 400_000), started_at=SEASON_START_AT + timedelta(days=3))
    committed, stale = app.ingestion._take_in(ATHLETE, [late], SEASON_END_AT)  # noqa: SLF001 - as far as a crash lets it
    assert committed.workouts_changed == 1
    assert stale == ledger.read_head(ATHLETE).stale_milestone_ids == (first,)
    assert app.tracking.view(ATHLETE, first).milestone.progress.current_value == 0
    again = app.ingestion.ingest(ATHLETE, [late])
    assert again.workouts_changed == 0
    assert app.tracking.view(ATHLETE, first).milestone.progress.current_value == 400_000
    assert ledger.read_head(ATHLETE).stale_milestone_ids == ()


def test_a_milestone_that_becomes_whole_needs_no_recount_any_more() -> None:
    """The head forgets it: nothing can be added to a whole statue."""
    ledger = MemoryLedger()
    app = later_app(ledger)
    first, *_ = past_months(app, 2)
    target = app.tracking.view(ATHLETE, first).milestone.goal.total_target
    late = evolve(ride("late", target), started_at=SEASON_START_AT + timedelta(days=3))
    result = app.ingestion.ingest(ATHLETE, [late])
    assert [each.milestone_id for each in result.milestones_completed] == [first]
    assert ledger.read_head(ATHLETE).untracked == ()


def test_unfinished_milestones_of_past_periods_are_bounded() -> None:
    """Law 9: one more than the policy remembers is refused, and names the way out."""
    training = evolve(ONE_PLACE.training, milestones_untracked_max=2)
    app = later_app(MemoryLedger(), Policy(training=training))
    past_months(app, 3)
    with pytest.raises(LimitExceeded, match=r"2 unfinished .* can raise milestones_untracked_max"):
        past_months(app, 1)


def test_a_milestone_removed_before_its_recount_is_passed_over() -> None:
    """Its removal has taken it out of the head, so there is nothing to do."""
    app = app_on(MemoryLedger())
    assert app.ingestion._recount(ATHLETE, [MilestoneId("ms-gone")]) == NOTHING_COMMITTED  # noqa: SLF001 - a race made by hand


def test_what_a_list_says_is_gone_becomes_a_tombstone() -> None:
    """An answer may say that an activity is not there; it is taken in like the others."""
    ledger = MemoryLedger()
    app = app_on(ledger)
    app.ingestion.ingest(ATHLETE, [ride("1")])
    later = Answer(found=ActivityGone(key=ride("1").key), asked_at=SEASON_END_AT + timedelta(days=1))
    result = app.ingestion.ingest_listed(ATHLETE, [later], ask=unasked)
    assert [after.is_deleted for _, after in result.changes] == [True]
