"""Looking again at what a source says, taking in what it listed a while ago, and erasing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from commitcollect_adapters.memory import MemoryLedger
from commitcollect_adapters.system import ManualClock
from commitcollect_adapters.testing.dumps import dump_of
from commitcollect_adapters.testing.strategies import SEASON_END_AT, changing_histories, snapshots
from commitcollect_core.errors import AccountDeleting, InvalidInput, StravaUnavailable, VersionConflict
from commitcollect_core.policy import DEFAULT_POLICY, Policy, TrainingPolicy
from commitcollect_core.training.committing import NOTHING_COMMITTED
from commitcollect_core.training.ingestion import Ingestion
from commitcollect_core.training.ledger import LedgerCommit, LedgerView
from commitcollect_core.training.workouts import ActivityGone, ActivitySnapshot, Answer, Found, Workout
from commitcollect_core.values import UserId, WorkoutKey
from laws import check_kept, check_state
from rivals import ATHLETE, RacedLedger, app_on, fence, ride, unasked, wish

KEY = ride("1").key
NOW = SEASON_END_AT
HOUR = timedelta(hours=1)


def later(ingestion: Ingestion, after: timedelta = HOUR) -> Ingestion:
    """The same, some time after the season's end."""
    return evolve(ingestion, context=evolve(ingestion.context, clock=ManualClock(NOW + after)))


def answered(snapshots: Iterable[ActivitySnapshot], asked_at: datetime) -> list[Answer]:
    """What a source listed at a time."""
    return [Answer(found=each, asked_at=asked_at) for each in snapshots]


def stored_in(ledger: MemoryLedger, key: WorkoutKey = KEY) -> Workout:
    """A workout as it is stored now."""
    return dump_of(ledger, ATHLETE).by_key[key]


class Listening(RacedLedger):
    """A ledger that notes when it is read and written."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def read(self, user_id: UserId, keys: Sequence[WorkoutKey]) -> LedgerView:
        """See `Ledger`."""
        self.heard.append("read")
        return super().read(user_id, keys)

    def commit(self, commit: LedgerCommit) -> None:
        """See `Ledger`."""
        self.heard.append("commit")
        super().commit(commit)


# One activity


def test_the_source_is_asked_after_the_ledger_was_read() -> None:
    """The other way round, an answer could be older than what the read shows, and go over it."""
    ledger = Listening()

    def ask() -> Found:
        ledger.heard.append("ask")
        return ride("1")

    result = app_on(ledger).ingestion.refresh(ATHLETE, KEY, ask)
    assert ledger.heard == ["read", "ask", "commit"]
    assert result.workouts_changed == 1
    assert stored_in(ledger).snapshot == ride("1")


def test_an_answer_that_says_nothing_writes_nothing() -> None:
    """Another athlete's activity, or what is known already: no write, and nothing is taken for gone."""
    ledger = RacedLedger()
    refresh = app_on(ledger).ingestion.refresh
    assert refresh(ATHLETE, KEY, lambda: None).workouts_changed == 0
    assert ledger.commits_tried == 0
    refresh(ATHLETE, KEY, lambda: ride("1"))
    assert refresh(ATHLETE, KEY, lambda: None).workouts_changed == 0
    assert refresh(ATHLETE, KEY, lambda: ride("1")).workouts_changed == 0
    assert ledger.commits_tried == 1
    assert refresh(ATHLETE, KEY, lambda: ActivityGone(key=KEY)).workouts_changed == 1
    assert stored_in(ledger).is_deleted


@pytest.mark.parametrize(
    ("rivals_ride", "asked"), [(ride("other"), 1), (ride("1", 7), 2)], ids=["another workout", "this one"]
)
def test_the_source_is_asked_again_only_if_this_workout_moved(
    rivals_ride: ActivitySnapshot, asked: int
) -> None:
    """Losing a race for the ledger costs no call; losing it for the workout may leave an old answer."""
    ledger = RacedLedger()
    app = app_on(ledger)
    app.tracking.create(ATHLETE, wish())
    ledger.intruders = [lambda: app.ingestion.ingest(ATHLETE, [rivals_ride])]
    asks = 0

    def ask() -> Found:
        nonlocal asks
        asks += 1
        return ride("1", 2_000)

    app.ingestion.refresh(ATHLETE, KEY, ask)
    assert asks == asked
    assert stored_in(ledger).snapshot == ride("1", 2_000)
    check_state(dump_of(ledger, ATHLETE))


@pytest.mark.parametrize(("rivals", "is_given_up"), [(2, False), (3, True)])
def test_asking_again_is_bounded(rivals: int, *, is_given_up: bool) -> None:
    """Law 9: a workout that others rewrite under each answer is given up after `fetch_attempts_max` calls."""
    ledger = RacedLedger()
    app = app_on(ledger, policy=Policy(training=TrainingPolicy(fetch_attempts_max=3)))
    ledger.intruders = [
        lambda n=n: app.ingestion.ingest(ATHLETE, [ride("1", n)])  # type: ignore[misc]  # mypy infers no type for a lambda with a default
        for n in range(rivals)
    ]
    asks: list[Found] = []

    def ask() -> Found:
        asks.append(ride("1", 2_000))
        return asks[-1]

    if is_given_up:
        with pytest.raises(VersionConflict, match="changed under each attempt to fetch it"):
            app.ingestion.refresh(ATHLETE, KEY, ask)
    else:
        app.ingestion.refresh(ATHLETE, KEY, ask)
    assert len(asks) == 3
    assert stored_in(ledger).snapshot.distance_meters == (2 if is_given_up else 2_000)


def test_what_cannot_be_taken_in_is_not() -> None:
    """A start that cannot be, a failing source, a user who is none, an account that is deleted."""
    ledger = RacedLedger()
    refresh = app_on(ledger).ingestion.refresh

    def fail() -> Found:
        raise StravaUnavailable("down")

    with pytest.raises(InvalidInput, match="started_at 1970"):
        refresh(ATHLETE, KEY, lambda: evolve(ride("1"), started_at=datetime(1970, 1, 1, tzinfo=UTC)))
    with pytest.raises(StravaUnavailable, match="down"):
        refresh(ATHLETE, KEY, fail)
    with pytest.raises(InvalidInput, match="is not an id"):
        refresh(UserId("../x"), KEY, lambda: ride("1"))
    fence(ledger)
    with pytest.raises(AccountDeleting):
        refresh(ATHLETE, KEY, lambda: ride("1"))
    assert not dump_of(ledger, ATHLETE).by_key


class ChangingSource:
    """A source whose word on one activity changes while it is asked; each change is looked at by a worker.

    Attributes:
        words: what it says, in order, the first of which is stored. No word comes twice: a look that finds
            what is stored writes nothing, so an older look under way would not notice it.
        moments: what happens around each coming answer: a change before it, after it, or neither.
    """

    def __init__(self, words: list[Found], moments: list[str]) -> None:
        self.ledger = RacedLedger()
        self.words = words
        self.moments = moments
        self._ingestion = app_on(
            self.ledger, policy=Policy(training=TrainingPolicy(fetch_attempts_max=1_000))
        ).ingestion
        self._ingestion.ingest(ATHLETE, words[:1])

    def look(self) -> None:
        """A worker refreshes the workout."""
        self._ingestion.refresh(ATHLETE, KEY, self._ask)

    def change(self) -> None:
        """The word changes, and a worker hears of it and looks."""
        if len(self.words) > 1:
            self.words.pop(0)
            self.look()

    def disturb(self) -> None:
        """A worker writes another workout."""
        self._ingestion.ingest(ATHLETE, [ride("other", len(self.words))])

    def _ask(self) -> Found:
        moment = self.moments.pop(0) if self.moments else ""
        if moment == "change before":
            self.change()
        answer = self.words[0]
        if moment == "change after":
            self.change()
        return answer


_words = st.permutations([*[ride("1", n) for n in range(1, 7)], ActivityGone(key=KEY)])


@given(
    words=_words.filter(lambda each: isinstance(each[0], ActivitySnapshot)),
    moments=st.lists(st.sampled_from(["", "change before", "change after"]), max_size=8),
    races=st.lists(st.sampled_from(["", "change", "disturb"]), max_size=8),
)
def test_the_last_word_of_a_source_stays(words: list[Found], moments: list[str], races: list[str]) -> None:
    """Law 5: whenever the source changes, between any two steps of any worker, its last word is stored.

    Each change is followed by a look of a worker, as an event brings it about.
    """
    source = ChangingSource(words, moments)
    happenings: dict[str, Callable[[], None] | None] = {
        "": None,
        "change": source.change,
        "disturb": source.disturb,
    }
    source.ledger.intruders = [happenings[each] for each in races]
    source.change()
    source.look()
    stored = stored_in(source.ledger)
    last = source.words[0]
    assert stored.is_deleted == isinstance(last, ActivityGone)
    if isinstance(last, ActivitySnapshot):
        assert stored.snapshot == last
    check_state(dump_of(source.ledger, ATHLETE))


# What was listed a while ago


def test_a_list_says_what_it_changed_and_what_was_there() -> None:
    """New, altered and revived workouts are changes, each with what stood there; the rest is not."""
    ledger = MemoryLedger()
    ingestion = app_on(ledger).ingestion
    ingestion.ingest(ATHLETE, [ride("same"), ride("old", 1), ride("lost")])
    ingestion.ingest(ATHLETE, [ActivityGone(key=ride("lost").key)])
    before = dump_of(ledger, ATHLETE).by_key
    listed = [ride("same"), ride("old", 2), ride("lost"), ride("new")]
    result = later(ingestion).ingest_listed(ATHLETE, answered(listed, NOW + HOUR), ask=unasked)
    after = dump_of(ledger, ATHLETE).by_key
    assert result.changes == tuple((before.get(each.key), after[each.key]) for each in listed[1:])
    assert [each.snapshot for _, each in result.changes] == listed[1:]
    assert (result.in_doubt, result.rejected) == ((), ())


def test_one_unbelievable_value_costs_only_itself() -> None:
    """Looked at or listed, the activity counts without it, and the value is named."""
    ledger = MemoryLedger()
    app = app_on(ledger)
    result = app.ingestion.refresh(ATHLETE, KEY, lambda: evolve(ride("1"), elapsed_seconds=19_525_640))
    assert [str(each) for each in result.set_aside] == ["elapsed_seconds 19525640 is outside 0 to 5,184,000"]
    assert stored_in(ledger).snapshot == evolve(ride("1"), elapsed_seconds=0)
    listed = ride("2", -1)
    report = app.ingestion.ingest_listed(ATHLETE, answered([listed], NOW), ask=unasked)
    assert [(key, each.field) for key, each in report.set_aside] == [(listed.key, "distance_meters")]
    assert [after.snapshot.distance_meters for _, after in report.changes] == [0]


def test_one_unbelievable_start_does_not_stop_a_list() -> None:
    """It is named with the reason, and the others are taken in."""
    ledger = MemoryLedger()
    long_ago = evolve(ride("2"), started_at=datetime(1970, 1, 1, tzinfo=UTC))
    listed = [ride("1"), long_ago, ride("3")]
    result = app_on(ledger).ingestion.ingest_listed(ATHLETE, answered(listed, NOW), ask=unasked)
    assert [each.key.activity_id for _, each in result.changes] == ["1", "3"]
    ((key, reason),) = result.rejected
    assert key == long_ago.key
    assert "started_at 1970-01-01" in reason


@given(
    long_before=changing_histories(max_size=8),
    just_now=changing_histories(max_size=4),
    listed=st.lists(snapshots(keys=st.sampled_from([ride(f"{n}").key for n in range(1, 6)])), max_size=8),
    edits=st.data(),
)
def test_a_list_goes_over_what_is_old_and_over_nothing_new(
    long_before: list[Found], just_now: list[Found], listed: list[ActivitySnapshot], edits: st.DataObject
) -> None:
    """Law 5: what a worker wrote at about the time of listing stays; all else is as listed."""
    ledger = MemoryLedger()
    app = app_on(ledger)
    app.tracking.create(ATHLETE, wish())
    app.ingestion.ingest(ATHLETE, long_before)
    later(app.ingestion).ingest(ATHLETE, just_now)
    before = dump_of(ledger, ATHLETE)
    written_now = {each.key for each in just_now}
    listed = list({each.key: each for each in [*listed, *_shown_again(before.by_start, edits)]}.values())
    asked = set()

    def ask(key: WorkoutKey) -> Found:
        """The source says again what a worker heard of it just now."""
        asked.add(key)
        workout = before.by_key[key]
        return ActivityGone(key=key) if workout.is_deleted else workout.snapshot

    result = later(app.ingestion).ingest_listed(ATHLETE, answered(listed, NOW + HOUR), ask=ask)
    after = dump_of(ledger, ATHLETE)
    check_state(after)
    check_kept(before, after)
    for each in listed:
        was, now_is = before.by_key.get(each.key), after.by_key[each.key]
        if each.key in {*result.in_doubt, *asked}:
            assert now_is == was
            assert each.key in written_now
        else:
            assert (now_is.snapshot, now_is.is_deleted) == (each, False)
    assert {after.key: was for was, after in result.changes} == {
        each.key: before.by_key.get(each.key)
        for each in listed
        if after.by_key[each.key] != before.by_key.get(each.key)
    }


def _shown_again(workouts: Sequence[Workout], data: st.DataObject) -> list[ActivitySnapshot]:
    """Some of the stored workouts as their source may list them: as they were, or renamed."""
    return [
        evolve(each.snapshot, name=data.draw(st.sampled_from([each.snapshot.name, "renamed"])))
        for each in workouts
        if data.draw(st.booleans())
    ]


def test_what_a_rival_wrote_meanwhile_is_in_doubt() -> None:
    """A list that lost a race is decided again: the rival's word stays, the others are taken in."""
    ledger = RacedLedger()
    ingestion = app_on(ledger).ingestion
    ingestion.ingest(ATHLETE, [ride("1", 1), ride("2", 1)])
    ledger.intruders = [lambda: later(ingestion).ingest(ATHLETE, [ride("1", 2)])]
    result = later(ingestion).ingest_listed(
        ATHLETE, answered([ride("1", 3), ride("2", 3)], NOW + HOUR), ask=unasked
    )
    assert result.in_doubt == (KEY,)
    assert [each.snapshot for _, each in result.changes] == [ride("2", 3)]
    assert stored_in(ledger).snapshot == ride("1", 2)


@pytest.mark.parametrize("commits_before", [0, 1])
def test_a_long_list_tells_of_each_workout_once(commits_before: int) -> None:
    """What an attempt wrote before it lost is a change, from what stood there before that attempt."""
    ledger = RacedLedger()
    ingestion = app_on(ledger, policy=Policy(training=TrainingPolicy(commit_items_max=52))).ingestion
    ingestion.ingest(ATHLETE, [ride("0", 1)])
    before = stored_in(ledger, ride("0").key)
    ledger.intruders = [
        *[None] * commits_before,
        lambda: later(ingestion).ingest(ATHLETE, [ride("other")]),
    ]
    listed = [ride(f"{n}", 2) for n in range(60)]
    result = later(ingestion).ingest_listed(ATHLETE, answered(listed, NOW + HOUR), ask=unasked)
    assert [each.snapshot for _, each in result.changes] == listed
    assert [was for was, _ in result.changes] == [before, *[None] * 59]
    assert result.in_doubt == ()


def test_a_workout_rewritten_between_two_writes_of_a_list_is_a_change_and_in_doubt() -> None:
    """It was written, and has to be asked for all the same: neither is kept back."""
    ledger = RacedLedger()
    ingestion = app_on(ledger, policy=Policy(training=TrainingPolicy(commit_items_max=52))).ingestion
    ledger.intruders = [None, lambda: later(ingestion).ingest(ATHLETE, [ride("1", 7)])]
    listed = [ride(f"{n}", 2) for n in range(60)]
    result = later(ingestion).ingest_listed(ATHLETE, answered(listed, NOW + HOUR), ask=unasked)
    assert [each.snapshot for _, each in result.changes] == listed
    assert result.in_doubt == (KEY,)
    assert stored_in(ledger).snapshot == ride("1", 7)


# Erasing


PAIRS = Policy(training=TrainingPolicy(commit_items_max=52, milestones_tracked_max=49))
"""Two workouts fit a batch."""


@pytest.mark.parametrize("commits_before", [0, 1, 2])
def test_erasing_leaves_progress_and_parts_and_may_be_repeated(commits_before: int) -> None:
    """A history of any length, in batches, with others writing in between; erased once, each counts once."""
    ledger = RacedLedger()
    app = app_on(ledger, policy=PAIRS)
    milestone_id = app.tracking.create(ATHLETE, wish()).milestone.milestone_id
    rides = [ride(f"{n}", day=n) for n in range(5)]
    app.ingestion.ingest(ATHLETE, rides)
    before = dump_of(ledger, ATHLETE)
    ledger.intruders = [
        *[None] * commits_before,
        lambda: app.ingestion.ingest(ATHLETE, [ride("rival")]),
    ]
    keys = [ride("unknown").key, *[each.key for each in rides]]
    assert app.ingestion.erase(ATHLETE, iter(keys)).workouts_changed == 5
    after = dump_of(ledger, ATHLETE)
    check_state(after)
    check_kept(before, after)
    assert {after.by_key[each.key].snapshot.started_at for each in rides} == {
        DEFAULT_POLICY.training.workout_started_at_min
    }
    assert after.milestones[milestone_id].progress.progress_value >= 5_000
    assert after.milestones[milestone_id].progress.current_value == 1_000
    assert app.ingestion.erase(ATHLETE, keys) == NOTHING_COMMITTED
    assert dump_of(ledger, ATHLETE) == after


def test_erasing_stops_at_the_fence() -> None:
    """Law 7: deleting an account takes over from there."""
    ledger = RacedLedger()
    ingestion = app_on(ledger).ingestion
    ingestion.ingest(ATHLETE, [ride("1")])
    ledger.intruders = [lambda: fence(ledger)]
    with pytest.raises(AccountDeleting):
        ingestion.erase(ATHLETE, [KEY])


def test_what_was_erased_comes_back_only_when_asked_for_anew() -> None:
    """A list from before the erasure brings nothing back; a look at the source afterwards does."""
    ledger = MemoryLedger()
    ingestion = app_on(ledger).ingestion
    ingestion.ingest(ATHLETE, [ride("1")])
    later(ingestion).erase(ATHLETE, [KEY])
    late = later(ingestion, 2 * HOUR)
    result = late.ingest_listed(
        ATHLETE, answered([ride("1")], NOW + HOUR - timedelta(minutes=1)), ask=unasked
    )
    assert (result.changes, result.in_doubt) == ((), (KEY,))
    assert stored_in(ledger).is_deleted
    assert late.refresh(ATHLETE, KEY, lambda: ride("1")).workouts_changed == 1
    assert stored_in(ledger).snapshot == ride("1")


def test_moments_are_those_of_the_clock() -> None:
    """What a look wrote says when, so that later answers can be held against it."""
    ledger = MemoryLedger()
    ingestion = later(app_on(ledger).ingestion)
    ingestion.refresh(ATHLETE, KEY, lambda: ride("1"))
    at: datetime = stored_in(ledger).fetched_at
    assert at == NOW + HOUR
