"""Milestones people live with: names, archives, deletions, and ledgers with an item that cannot be read."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from attrs import evolve

from commitcollect_adapters.memory import MemoryLedger
from commitcollect_adapters.testing.dumps import dump_of
from commitcollect_core.app import CommitCollect
from commitcollect_core.errors import AccountDeleting, Conflict, CorruptItem, InvalidInput, NotFound
from commitcollect_core.training.awards import Award
from commitcollect_core.training.decisions import decide_discard
from commitcollect_core.training.ledger import LedgerCommit, StoredItem
from commitcollect_core.training.milestones import Milestone
from commitcollect_core.values import ActivityId, MilestoneId, Source, UserId, WorkoutKey
from laws import check_state
from rivals import ATHLETE, RacedLedger, app_on, fence, ride, wish


class Damaged(RacedLedger):
    """A ledger in which some items cannot be read until they are discarded."""

    def __init__(self) -> None:
        super().__init__()
        self.damaged: set[StoredItem] = set()
        self.has_lost_awards = False

    def unreadable(self, user_id: UserId) -> Sequence[StoredItem]:  # noqa: ARG002 - one athlete
        """See `Ledger`."""
        return sorted(self.damaged, key=str)

    def read_milestone(self, user_id: UserId, milestone_id: MilestoneId) -> Milestone | None:
        """See `Ledger`."""
        if milestone_id in self.damaged:
            raise CorruptItem(f"cannot read {milestone_id}")
        return super().read_milestone(user_id, milestone_id)

    def read_awards(self, user_id: UserId, milestone_id: MilestoneId) -> Sequence[Award]:
        """See `Ledger`."""
        if self.has_lost_awards:
            raise CorruptItem(f"cannot read the awards of {milestone_id}")
        return super().read_awards(user_id, milestone_id)

    def commit(self, commit: LedgerCommit) -> None:
        """See `Ledger`."""
        super().commit(commit)
        self.damaged.difference_update(commit.discarded)


def with_two(ledger: MemoryLedger) -> tuple[CommitCollect, MilestoneId, MilestoneId]:
    """An athlete with two milestones and two rides."""
    app = app_on(ledger)
    app.ingestion.ingest(ATHLETE, [ride("1"), ride("2")])
    first, second = (app.tracking.create(ATHLETE, wish()).milestone.milestone_id for _ in range(2))
    return app, first, second


def test_a_milestone_has_the_name_it_was_given() -> None:
    """With no spaces around it; a later one takes its place, and progress stays as it is."""
    app, first, _ = with_two(MemoryLedger())
    named = app.tracking.create(ATHLETE, evolve(wish(), name="  Spring ", unit="mi")).milestone
    assert (named.name, named.unit) == ("Spring", "mi")
    before = app.tracking.view(ATHLETE, first)
    renamed = app.tracking.edit(ATHLETE, first, name="Autumn")
    assert renamed == evolve(
        before.milestone, name="Autumn", version=before.milestone.version + 1, updated_at=renamed.updated_at
    )
    assert app.tracking.edit(ATHLETE, first, name="Autumn") == renamed
    check_state(dump_of(app.ports.ledger, ATHLETE))
    for bad in ("a\nb", "a" * 81, "nul\0"):
        with pytest.raises(InvalidInput) as refused:
            app.tracking.edit(ATHLETE, first, name=bad)
        assert refused.value.field == "name"


def test_what_is_put_away_counts_on() -> None:
    """Archiving changes what lists show, and no law."""
    app, first, _ = with_two(MemoryLedger())
    put_away = app.tracking.edit(ATHLETE, first, is_archived=True, name="Spring")
    assert put_away.archived_at == app.context.now()
    assert app.tracking.edit(ATHLETE, first, is_archived=True) == put_away
    app.ingestion.ingest(ATHLETE, [ride("3")])
    after = app.tracking.view(ATHLETE, first).milestone
    assert (after.name, after.archived_at) == ("Spring", put_away.archived_at)
    assert after.progress.current_value > put_away.progress.current_value
    assert app.tracking.edit(ATHLETE, first, is_archived=False).archived_at is None


def test_an_edit_that_loses_a_race_is_decided_again() -> None:
    """The workout that came in between counts, and the name is there."""
    ledger = RacedLedger()
    app, first, _ = with_two(ledger)
    ledger.intruders = [lambda: app.ingestion.ingest(ATHLETE, [ride("3")])]
    edited = app.tracking.edit(ATHLETE, first, name="Autumn")
    assert app.tracking.view(ATHLETE, first).milestone == edited
    check_state(dump_of(ledger, ATHLETE))


def test_a_milestone_is_deleted_with_its_awards_and_nothing_else() -> None:
    """Workouts and other milestones stay; a second time there is none."""
    app, first, second = with_two(MemoryLedger())
    app.tracking.remove(ATHLETE, first, takes_awards=True)
    assert [each.milestone_id for each in app.tracking.milestones(ATHLETE)] == [second]
    assert len(list(app.tracking.workouts(ATHLETE))) == 2
    with pytest.raises(NotFound):
        app.tracking.remove(ATHLETE, first)


def test_earned_parts_go_only_where_they_may() -> None:
    """Told to keep them, a removal sees a part that was earned while it went on, and removes nothing."""
    ledger = Damaged()
    app = app_on(ledger)
    bare, other = (app.tracking.create(ATHLETE, wish()).milestone.milestone_id for _ in range(2))
    ledger.intruders = [lambda: app.ingestion.ingest(ATHLETE, [ride("1", 12_000)])]
    with pytest.raises(Conflict) as refused:
        app.tracking.remove(ATHLETE, bare)
    assert refused.value.code == "milestone_has_parts"
    assert app.tracking.view(ATHLETE, bare).awards
    ledger.damaged = {other}
    with pytest.raises(Conflict, match="12 earned parts"):
        app.tracking.remove(ATHLETE, other)
    ledger.has_lost_awards = True
    with pytest.raises(Conflict, match="parts that cannot be read"):
        app.tracking.remove(ATHLETE, other)
    ledger.has_lost_awards, ledger.damaged = False, set()
    for is_damaged in (False, True):
        empty = app.tracking.create(ATHLETE, wish(10**6, days=1)).milestone.milestone_id
        ledger.damaged = {empty} if is_damaged else set()
        app.tracking.remove(ATHLETE, empty)
    assert {each.milestone_id for each in app.tracking.milestones(ATHLETE)} == {bare, other}


def test_a_milestone_that_cannot_be_read_can_be_deleted() -> None:
    """It gives up its tracked place, so that workouts come in again; another damaged one is no obstacle."""
    ledger = Damaged()
    app, first, second = with_two(ledger)
    ledger.damaged = {first, second}
    app.tracking.remove(ATHLETE, first, takes_awards=True)
    ledger.damaged.clear()
    assert [each.milestone_id for each in app.tracking.milestones(ATHLETE)] == [second]
    assert app.ports.ledger.read_head(ATHLETE).tracked_milestone_ids == (second,)


def test_a_ledger_is_repaired_of_what_cannot_be_read() -> None:
    """Milestone and workout go, lost races are run again, and the sums of the rest are right."""
    ledger = Damaged()
    app, first, second = with_two(ledger)
    lost = WorkoutKey(Source.STRAVA, ActivityId("1"))
    ledger.damaged = {first, lost}
    ledger.intruders = [lambda: app.ingestion.ingest(ATHLETE, [ride("3")])]
    assert set(app.tracking.discard_unreadable(ATHLETE)) == {first, lost}
    assert app.tracking.discard_unreadable(ATHLETE) == ()
    keys = [each.key.activity_id for each in app.tracking.workouts(ATHLETE)]
    assert (keys, app.ports.ledger.read_head(ATHLETE).workout_count) == (["2", "3"], 2)
    left = app.tracking.view(ATHLETE, second).milestone
    assert left.progress.current_value == app.tracking.tally(ATHLETE, left.goal).current_value


def test_a_repair_that_was_cut_off_is_finished_by_the_next() -> None:
    """The workout went, the sums did not follow: they are right after another call, which finds nothing."""
    ledger = Damaged()
    app, first, second = with_two(ledger)
    lost = WorkoutKey(Source.STRAVA, ActivityId("1"))
    ledger.commit(decide_discard(ATHLETE, ledger.read_head(ATHLETE), lost))
    ledger.has_lost_awards = True
    assert app.tracking.discard_unreadable(ATHLETE) == ()
    ledger.has_lost_awards = False
    for each in (first, second):
        left = app.tracking.view(ATHLETE, each).milestone
        assert left.progress.current_value == app.tracking.tally(ATHLETE, left.goal).current_value


def test_a_fenced_ledger_is_not_edited() -> None:
    """What is being deleted takes no name and gives up no item."""
    ledger = Damaged()
    app, first, _ = with_two(ledger)
    fence(ledger)
    with pytest.raises(AccountDeleting):
        app.tracking.edit(ATHLETE, first, name="Autumn")
    ledger.damaged = {first}
    with pytest.raises(AccountDeleting):
        app.tracking.discard_unreadable(ATHLETE)
