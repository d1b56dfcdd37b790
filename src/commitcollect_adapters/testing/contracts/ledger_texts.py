"""What stores confuse: ids that look alike, keys that are named twice, moments where clocks are set back."""
# ruff: noqa: S101 - a suite asserts literal expectations, though it does not live under tests/

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from attrs import evolve

from commitcollect_adapters.testing import samples
from commitcollect_adapters.testing.contracts.checks import assert_same, in_every_zone, in_zone
from commitcollect_adapters.testing.contracts.ledger_openings import LedgerOpenings
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.training.ledger import UntrackedMilestone
from commitcollect_core.training.milestones import Milestone
from commitcollect_core.training.ports import Ledger, WorkoutQuery
from commitcollect_core.training.workouts import Workout
from commitcollect_core.values import MilestoneId, Source, UserId

_ALIKE = (
    "1", "01", "1.0", "1e0", "10", "1-", "1_", "1x", "9007199254740992", "9007199254740993", "A", "a", "a-b",
    "a.b", "a_b", "axb", "e", "null", "true", "x" * 63, "x" * 64,
)  # fmt: skip
"""Ids that are one where a store takes them for numbers or patterns, ignores case, or cuts them."""

_FIRST_AND_LAST = (
    DEFAULT_POLICY.training.workout_started_at_min,
    DEFAULT_POLICY.training.workout_started_at_max - timedelta(hours=3),
)
"""A moment beyond 2038 among them, when seconds since 1970 outgrow 32 bits."""

_CLOCKS_GO_BACK = (datetime(2026, 10, 25, tzinfo=UTC), datetime(2026, 11, 1, 5, tzinfo=UTC))
"""An hour before clocks are set back, in Europe and in America: their wall time comes twice."""


_WALKED_MAX = 3 * len(_ALIKE)


class LedgerTexts(LedgerOpenings):
    """Ids are texts, compared by code point; moments are moments, whatever the clock on a wall shows."""

    def test_ids_that_look_alike_are_apart_and_in_order(self) -> None:
        """Of workouts, which start in one second, and of milestones with an award each."""
        with self.open_ledger() as ledger:
            user_id = samples.new_athlete()
            workouts = [samples.workout(each, source=source) for each in _ALIKE for source in Source]
            for version, source in enumerate(Source, start=1):
                some = [each for each in workouts if each.key.source is source]
                ledger.commit(samples.commit_of(user_id, version, workouts=some[::-1]))
            ids = [f"m{each}"[:64] for each in _ALIKE[:-1]]
            milestones = [samples.milestone(each) for each in ids]
            awards = [samples.award(each, 1, activity_id=_ALIKE[place]) for place, each in enumerate(ids)]
            ledger.commit(
                samples.commit_of(user_id, len(Source) + 1, milestones=milestones[::-1], awards=awards)
            )
            page = ledger.read_workouts(user_id, WorkoutQuery(limit=len(workouts)))
            in_order = sorted(workouts, key=lambda each: (each.key.source.value, each.key))
            assert (list(page.workouts), page.next) == (in_order, None)
            assert _walk(ledger, user_id, WorkoutQuery(limit=7)) == in_order
            assert _walk(ledger, user_id, WorkoutQuery(limit=7, newest_first=True)) == in_order[::-1]
            assert ledger.read(user_id, [each.key for each in workouts]).workouts == {
                each.key: each for each in workouts
            }
            found = ledger.read_milestones(user_id, after=None, limit=len(ids)).milestones
            assert [each.milestone_id for each in found] == sorted(ids)
            assert [list(ledger.read_awards(user_id, MilestoneId(each))) for each in ids] == [
                [each] for each in awards
            ]

    def test_a_key_that_is_named_twice_is_read_once(self) -> None:
        """Repeats and keys that are not there change nothing of the view."""
        with self.open_ledger() as ledger:
            user_id = samples.new_athlete()
            ledger.commit(samples.first_commit(user_id))
            here, absent = samples.workout("kept"), samples.workout("absent")
            keys = [here.key, absent.key, here.key, absent.key]
            assert_same(ledger.read(user_id, keys), ledger.read(user_id, [here.key]))
            assert_same(dict(ledger.read(user_id, keys).workouts), {here.key: here})

    @in_every_zone
    def test_the_hour_that_comes_twice_is_two_hours(self, zone: str) -> None:
        """Every moment is read back and in its place, also where the clock of the machine is set back."""
        with in_zone(zone), self.open_ledger() as ledger:
            user_id = samples.new_athlete()
            firsts = sorted((*_FIRST_AND_LAST, *_CLOCKS_GO_BACK))
            quarters = [at + timedelta(minutes=15 * n) for at in firsts for n in range(10)]
            workouts = [_starting(f"{n:02}", at) for n, at in enumerate(quarters)]
            ledger.commit(samples.commit_of(user_id, 1, workouts=workouts[::-1]))
            for each in workouts:
                assert_same(ledger.read(user_id, [each.key]).workouts[each.key], each)
            page = ledger.read_workouts(user_id, WorkoutQuery(limit=len(workouts)))
            assert_same(list(page.workouts), workouts)
            for one, other in pairwise(workouts):
                between = WorkoutQuery(
                    start_at=one.snapshot.started_at, end_at=other.snapshot.started_at, limit=2
                )
                assert_same(list(ledger.read_workouts(user_id, between).workouts), [one])

    @in_every_zone
    def test_every_moment_of_a_milestone_and_a_head_is_kept(self, zone: str) -> None:
        """Not an hour off: neither in summer nor in the hour that comes twice."""
        with in_zone(zone), self.open_ledger() as ledger:
            user_id = samples.new_athlete()
            moments = [at + timedelta(minutes=30 * n) for at in _CLOCKS_GO_BACK for n in range(4)]
            milestones = [_from(f"ms-{n}", at) for n, at in enumerate(moments)]
            awards = [evolve(samples.award(f"ms-{n}", 1), awarded_at=at) for n, at in enumerate(moments)]
            commit = samples.commit_of(user_id, 1, milestones=milestones, awards=awards)
            untracked = tuple(
                UntrackedMilestone(
                    milestone_id=each.milestone_id,
                    period_start_at=each.goal.period_start_at,
                    period_end_at=each.updated_at,
                )
                for each in milestones
            )
            commit = evolve(commit, head=evolve(commit.head, untracked=untracked))
            ledger.commit(commit)
            assert_same(ledger.read_head(user_id), commit.head)
            for milestone, award in zip(milestones, awards, strict=True):
                assert_same(ledger.read_milestone(user_id, milestone.milestone_id), milestone)
                assert_same(list(ledger.read_awards(user_id, milestone.milestone_id)), [award])


def _walk(ledger: Ledger, user_id: UserId, query: WorkoutQuery) -> list[Workout]:
    page = ledger.read_workouts(user_id, query)
    found = [*page.workouts]
    while page.next is not None and len(found) <= _WALKED_MAX:
        page = ledger.read_workouts(user_id, evolve(query, after=page.next))
        found += page.workouts
    return found


def _starting(activity_id: str, moment: datetime) -> Workout:
    workout = samples.workout(activity_id)
    return evolve(workout, snapshot=evolve(workout.snapshot, started_at=moment), fetched_at=moment)


def _from(milestone_id: str, moment: datetime) -> Milestone:
    milestone, later = samples.milestone(milestone_id), moment + timedelta(minutes=1)
    goal = evolve(milestone.goal, period_start_at=moment, period_end_at=later)
    return evolve(milestone, goal=goal, created_at=moment, updated_at=later, progress_updated_at=later)
