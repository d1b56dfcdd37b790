"""Every promise of `ports.Ledger`."""
# ruff: noqa: S101, PLR2004 - a suite asserts literal expectations, though it does not live under tests/

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from commitcollect_adapters.testing import samples
from commitcollect_adapters.testing.contracts.checks import THREADS, assert_same, property_test, race
from commitcollect_adapters.testing.contracts.ledger_bounds import LedgerBounds
from commitcollect_adapters.testing.contracts.ledger_crashes import LedgerCrashes
from commitcollect_adapters.testing.contracts.ledger_handles import LedgerHandles
from commitcollect_adapters.testing.contracts.ledger_texts import LedgerTexts
from commitcollect_adapters.testing.contracts.listings import by_hand, listings
from commitcollect_adapters.testing.contracts.public_values import PublicValues
from commitcollect_adapters.testing.dumps import dump_of
from commitcollect_adapters.testing.strategies import (
    stored_awards,
    stored_heads,
    stored_milestones,
    stored_workouts,
    workout_keys,
)
from commitcollect_core.errors import AccountDeleting, Conflict, VersionConflict
from commitcollect_core.policy import Policy, TrainingPolicy
from commitcollect_core.training.awards import Award
from commitcollect_core.training.ledger import (
    LedgerCommit,
    LedgerHead,
    LedgerState,
    LedgerView,
    UntrackedMilestone,
)
from commitcollect_core.training.milestones import Milestone
from commitcollect_core.training.ports import Ledger, WorkoutQuery
from commitcollect_core.training.workouts import Workout
from commitcollect_core.values import ActivityId, MilestoneId, Source, UserId, WorkoutKey


def _two_versions_of_a_workout(key: WorkoutKey) -> SearchStrategy[tuple[Workout, Workout]]:
    return st.tuples(stored_workouts(key=key, version=1), stored_workouts(key=key, version=2))


class LedgerContract(PublicValues, LedgerBounds, LedgerTexts, LedgerHandles, LedgerCrashes):
    """Every promise of `ports.Ledger`.

    Subclass it, call the class ``Test…`` and run pytest. `LedgerOpenings` says what to define.
    """

    @contextmanager
    def _stored(self) -> Iterator[tuple[Ledger, UserId]]:
        """A ledger on which an athlete has one thing of each kind."""
        with self.open_ledger() as ledger:
            user_id = samples.new_athlete()
            ledger.commit(samples.first_commit(user_id))
            yield ledger, user_id

    # Reading what was never written

    def test_a_new_athlete_has_a_fresh_head_and_nothing_else(self) -> None:
        """A ledger never written has version 0; reading it writes nothing."""
        with self.open_ledger() as ledger:
            user_id = samples.new_athlete()
            key = WorkoutKey(Source.FILE, ActivityId("1"))
            for _ in range(2):
                assert_same(ledger.read_head(user_id), LedgerHead())
                assert_same(ledger.read(user_id, [key]), LedgerView(user_id=user_id))
                assert ledger.read_milestone(user_id, MilestoneId("ms-1")) is None
                assert not ledger.read_awards(user_id, MilestoneId("ms-1"))
                milestones = ledger.read_milestones(user_id, after=None, limit=1)
                workouts = ledger.read_workouts(user_id, WorkoutQuery(limit=1))
                assert (list(milestones.milestones), milestones.next) == ([], None)
                assert (list(workouts.workouts), workouts.next) == ([], None)

    # Writing

    def test_a_commit_adds_and_replaces_everything_it_names(self) -> None:
        """After a commit every read shows its items in their new versions."""
        with self._stored() as (ledger, user_id):
            commit = samples.second_commit(user_id)
            ledger.commit(commit)
            dump = dump_of(ledger, user_id)
            assert dump.head == ledger.read_head(user_id) == commit.head
            assert dump.by_key == {each.key: each for each in commit.workouts}
            assert sorted(dump.by_start, key=repr) == sorted(commit.workouts, key=repr)
            assert dump.milestones == {each.milestone_id: each for each in commit.milestones}
            assert dump.awards["ms-kept"] == (samples.award("ms-kept", 1), samples.award("ms-kept", 2))  # type: ignore[index]  # plain text is an id here
            assert dump.awards["ms-new"] == (samples.award("ms-new", 1),)  # type: ignore[index]  # plain text is an id here

    @pytest.mark.parametrize("is_turned_round", [False, True])
    @pytest.mark.parametrize("what", samples.SPOILED)
    def test_a_commit_that_is_not_exactly_one_ahead_is_refused_whole(
        self, what: str, *, is_turned_round: bool
    ) -> None:
        """One item of a wrong version refuses the whole commit.

        Its place in the commit does not matter, and nothing is written.
        """
        with self._stored() as (ledger, user_id):
            spoiled = samples.SPOILED[what](samples.second_commit(user_id))
            commit = samples.turned_round(spoiled) if is_turned_round else spoiled
            before = dump_of(ledger, user_id, [commit])
            with pytest.raises(VersionConflict):
                ledger.commit(commit)
            assert dump_of(ledger, user_id, [commit]) == before

    def test_a_commit_that_was_refused_can_be_followed_by_one_that_is_right(self) -> None:
        """A refusal leaves the ledger as usable as before."""
        with self._stored() as (ledger, user_id):
            with pytest.raises(VersionConflict):
                ledger.commit(samples.first_commit(user_id))
            ledger.commit(samples.second_commit(user_id))
            assert ledger.read_head(user_id).version == 2

    def test_a_ledger_never_written_takes_only_version_1(self) -> None:
        """A commit on a head that does not exist is refused.

        Nothing is written.
        """
        with self.open_ledger() as ledger:
            user_id = samples.new_athlete()
            commit = samples.commit_of(user_id, 2, workouts=[samples.workout("1")])
            with pytest.raises(VersionConflict):
                ledger.commit(commit)
            assert dump_of(ledger, user_id, [commit]).by_key == {}
            assert ledger.read_head(user_id) == LedgerHead()

    def test_a_head_remembers_the_milestones_that_gave_up_their_place(self) -> None:
        """A stale mark survives other commits until the recount."""
        with self._stored() as (ledger, user_id):
            untracked = tuple(
                UntrackedMilestone(
                    milestone_id=MilestoneId(name),
                    period_start_at=samples.NOW - timedelta(days=365),
                    period_end_at=samples.NOW,
                    is_stale=is_stale,
                )
                for name, is_stale in (("ms-old", True), ("ms-older", False))
            )
            for version, remembered in ((2, untracked), (3, ())):
                head = LedgerHead(version=version, untracked=remembered)
                ledger.commit(LedgerCommit(user_id=user_id, head=head))
                assert_same(ledger.read_head(user_id), head)
                assert_same(ledger.read(user_id, ()).head, head)

    @pytest.mark.parametrize("state", LedgerState)
    def test_a_fenced_ledger_takes_nothing_any_more(self, state: LedgerState) -> None:
        """A fenced ledger refuses every commit, even another fence."""
        with self._stored() as (ledger, user_id):
            fence = LedgerHead(version=2, state=LedgerState.DELETING, fenced_at=samples.NOW)
            ledger.commit(LedgerCommit(user_id=user_id, head=fence))
            later = samples.with_head_version(3)(samples.second_commit(user_id))
            later = evolve(later, head=evolve(later.head, state=state))
            before = dump_of(ledger, user_id, [later])
            assert_same(before.head, fence)
            with pytest.raises(VersionConflict):
                ledger.commit(later)
            assert dump_of(ledger, user_id, [later]) == before

    def test_an_athlete_never_written_can_be_fenced(self) -> None:
        """The fence holds for an athlete without a ledger.

        A late event must not be the first write.
        """
        with self.open_ledger() as ledger:
            user_id = samples.new_athlete()
            fence = LedgerHead(version=1, state=LedgerState.DELETING, fenced_at=samples.NOW)
            ledger.commit(LedgerCommit(user_id=user_id, head=fence))
            with pytest.raises(VersionConflict):
                ledger.commit(samples.commit_of(user_id, 2, workouts=[samples.workout("1")]))
            with pytest.raises(AccountDeleting):
                samples.ingestion(ledger).ingest(user_id, samples.rides("late", 1))
            assert_same(ledger.read_head(user_id), fence)

    @property_test
    @given(first=stored_heads(version=1), second=stored_heads(version=2))
    def test_a_head_is_read_back(self, first: LedgerHead, second: LedgerHead) -> None:
        """Every field of a head is read back, new and overwritten."""
        with self.open_ledger() as ledger:
            user_id = samples.new_athlete()
            stored: dict[MilestoneId, Milestone] = {}
            for head in (evolve(first, state=LedgerState.ACTIVE), second):
                tracked = {each: samples.milestone(each) for each in head.tracked_milestone_ids}
                new = tuple(tracked[each] for each in tracked if each not in stored)
                stored |= tracked
                ledger.commit(LedgerCommit(user_id=user_id, head=head, milestones=new))
                assert_same(ledger.read_head(user_id), head)
                view = LedgerView(user_id=user_id, head=head, milestones=tuple(tracked.values()))
                assert_same(ledger.read(user_id, []), view)

    @property_test
    @given(workouts=workout_keys().flatmap(_two_versions_of_a_workout))
    def test_a_workout_is_read_back(self, workouts: tuple[Workout, Workout]) -> None:
        """Every field of a workout is read back, new and overwritten.

        By its key and in its page.
        """
        with self.open_ledger() as ledger:
            user_id = samples.new_athlete()
            for workout in workouts:
                ledger.commit(samples.commit_of(user_id, workout.version, workouts=[workout]))
                view = ledger.read(user_id, [workout.key])
                assert_same(dict(view.workouts), {workout.key: workout})
                page = ledger.read_workouts(user_id, WorkoutQuery(limit=9))
                assert_same(list(page.workouts), [workout])

    @property_test
    @given(
        first=stored_milestones(milestone_id=MilestoneId("ms-1"), version=1),
        second=stored_milestones(milestone_id=MilestoneId("ms-1"), version=2),
    )
    def test_a_milestone_is_read_back(self, first: Milestone, second: Milestone) -> None:
        """Every field of a milestone is read back.

        Alone, in its page and as tracked.

        Its goal never changes, nor does when it was opened: a store need not write them again.
        """
        with self.open_ledger() as ledger:
            user_id = samples.new_athlete()
            for milestone in (first, evolve(second, goal=first.goal, created_at=first.created_at)):
                commit = samples.commit_of(
                    user_id, milestone.version, milestones=[milestone], tracked=[milestone.milestone_id]
                )
                ledger.commit(commit)
                assert_same(ledger.read_milestone(user_id, milestone.milestone_id), milestone)
                page = ledger.read_milestones(user_id, after=None, limit=9)
                assert_same(list(page.milestones), [milestone])
                assert_same(list(ledger.read(user_id, []).milestones), [milestone])

    @property_test
    @given(award=stored_awards(milestone_id=MilestoneId("ms-1"), part_index=1))
    def test_an_award_is_read_back(self, award: Award) -> None:
        """Every field of an award comes back as it was."""
        with self.open_ledger() as ledger:
            user_id = samples.new_athlete()
            ledger.commit(samples.commit_of(user_id, 1, awards=[award]))
            assert_same(list(ledger.read_awards(user_id, award.milestone_id)), [award])

    def test_a_removed_milestone_is_gone_with_its_awards(self) -> None:
        """Nothing of it is left, and nothing else changes.

        A new milestone may have the same id.
        """
        with self._stored() as (ledger, user_id):
            ledger.commit(samples.second_commit(user_id))
            before = dump_of(ledger, user_id)
            kept, removed = MilestoneId("ms-new"), MilestoneId("ms-kept")
            head = evolve(before.head, version=3, tracked_milestone_ids=(kept,))
            commit = LedgerCommit(user_id=user_id, head=head, removed=(before.milestones[removed],))
            ledger.commit(commit)
            after = dump_of(ledger, user_id)
            assert after.milestones == {kept: before.milestones[kept]}
            assert after.by_start == before.by_start
            assert after.awards[kept] == before.awards[kept]
            assert ledger.read_milestone(user_id, removed) is None
            assert not ledger.read_awards(user_id, removed)
            again = samples.commit_of(
                user_id, 4, milestones=[samples.milestone("ms-kept")], awards=[samples.award("ms-kept", 1)]
            )
            ledger.commit(again)
            assert list(ledger.read_awards(user_id, removed)) == [samples.award("ms-kept", 1)]

    # Athletes are strangers to each other

    def test_a_discarded_item_is_gone_whatever_its_version(self) -> None:
        """With the head, in one write: a milestone with its awards, a workout, and nothing of another's."""
        with self._stored() as (ledger, user_id):
            ledger.commit(samples.second_commit(user_id))
            other = samples.new_athlete()
            ledger.commit(samples.first_commit(other))
            before = dump_of(ledger, other)
            assert not ledger.unreadable(user_id)
            kept = MilestoneId("ms-kept")
            head = LedgerHead(version=3, tracked_milestone_ids=(MilestoneId("ms-new"),))
            discarded = LedgerCommit(user_id=user_id, head=head, discarded=(kept,))
            with pytest.raises(VersionConflict):
                ledger.commit(evolve(discarded, head=evolve(head, version=4)))
            assert ledger.read_milestone(user_id, kept) is not None
            ledger.commit(discarded)
            assert ledger.read_milestone(user_id, kept) is None
            assert not ledger.read_awards(user_id, kept)
            assert ledger.read_awards(user_id, MilestoneId("ms-new"))
            key = WorkoutKey(Source.FILE, ActivityId("kept"))
            ledger.commit(evolve(discarded, head=evolve(head, version=4), discarded=(key,)))
            assert [each.key for each in ledger.read_workouts(user_id, WorkoutQuery(limit=9)).workouts] == [
                WorkoutKey(Source.FILE, ActivityId("new"))
            ]
            assert not ledger.read(user_id, [key]).workouts
            assert dump_of(ledger, other) == before

    @pytest.mark.parametrize("suffix", ["b", "-1", "0"])
    def test_athletes_never_see_or_touch_each_other(self, suffix: str) -> None:
        """A user id that extends another has its own ledger.

        All ids in the two are the same.
        """
        with self._stored() as (ledger, user_id):
            other = UserId(user_id + suffix)
            before = dump_of(ledger, user_id)
            assert dump_of(ledger, other, [samples.first_commit(user_id)]).by_key == {}
            ledger.commit(samples.first_commit(other))
            ledger.commit(samples.second_commit(other))
            assert dump_of(ledger, user_id) == before
            theirs = dump_of(ledger, other)
            ledger.commit(samples.second_commit(user_id))
            assert dump_of(ledger, other) == theirs

    def test_milestones_never_see_each_others_awards(self) -> None:
        """A milestone id that extends another has its own awards."""
        with self.open_ledger() as ledger:
            user_id = samples.new_athlete()
            awards = [samples.award("ms-1", 1), samples.award("ms-11", 1), samples.award("ms-11", 2)]
            milestones = [samples.milestone("ms-1"), samples.milestone("ms-11")]
            ledger.commit(samples.commit_of(user_id, 1, milestones=milestones, awards=awards))
            assert list(ledger.read_awards(user_id, MilestoneId("ms-1"))) == awards[:1]
            assert list(ledger.read_awards(user_id, MilestoneId("ms-11"))) == awards[1:]

    # Reading for a decision

    def test_a_view_holds_the_workouts_asked_for_and_the_milestones_tracked(self) -> None:
        """A view holds only what was asked for and is stored.

        Milestones are the ones the head names.
        """
        with self.open_ledger() as ledger:
            user_id = samples.new_athlete()
            tombstone = evolve(samples.workout("1"), deleted_at=samples.NOW)
            milestones = [samples.milestone(f"ms-{n}") for n in range(1, 4)]
            commit = samples.commit_of(
                user_id,
                1,
                workouts=[tombstone, samples.workout("2")],
                milestones=milestones,
                tracked=["ms-3", "ms-1"],
            )
            ledger.commit(commit)
            absent = WorkoutKey(Source.STRAVA, ActivityId("1"))
            view = ledger.read(user_id, [absent, tombstone.key])
            expected = LedgerView(
                user_id=user_id,
                head=commit.head,
                workouts={tombstone.key: tombstone},
                milestones=(milestones[2], milestones[0]),
            )
            assert_same(view, expected)

    def test_what_is_decided_from_a_view_is_refused_or_right(self) -> None:
        """Under concurrent writes a decision is committed only on current versions.

        The head, a workout and a milestone change together.

        A view may mix moments, and a commit that is based on such a view is refused.
        """
        rounds = 20
        with self.open_ledger() as ledger:
            user_id, key = samples.new_athlete(), samples.workout("1").key
            ledger.commit(samples.lockstep(user_id, 1))

            def write() -> int:
                written = 0
                for _ in range(rounds):
                    with suppress(VersionConflict):
                        ledger.commit(_next_versions(ledger.read(user_id, [key]), key))
                        written += 1
                return written

            written = [each for each in race([write] * 3) if not isinstance(each, Conflict)]
            view = ledger.read(user_id, [key])
            versions = (view.head.version, view.workouts[key].version, view.milestones[0].version)
            assert versions == (1 + sum(written),) * 3
            assert sum(written) >= rounds

    # Pages

    @property_test
    @given(listing=listings())
    def test_a_page_of_workouts_is_what_the_query_says(
        self, listing: tuple[list[Workout], WorkoutQuery]
    ) -> None:
        """A page equals the one worked out by hand.

        With bounds, direction, ties in start, a position that may not exist, and tombstones.
        """
        workouts, query = listing
        with self.open_ledger() as ledger:
            user_id = samples.new_athlete()
            ledger.commit(samples.commit_of(user_id, 1, workouts=workouts))
            page = ledger.read_workouts(user_id, query)
            expected = by_hand(workouts, query)
            assert list(page.workouts) == expected[: query.limit]
            assert (page.next is None) == (len(expected) <= query.limit)

    @property_test
    @given(listing=listings(), limit=st.integers(1, 3))
    def test_pages_of_workouts_follow_each_other_without_gap_or_repetition(
        self, listing: tuple[list[Workout], WorkoutQuery], limit: int
    ) -> None:
        """Paging returns everything once, in either direction.

        Even in pages of single workouts.
        """
        workouts, query = listing
        with self.open_ledger() as ledger:
            user_id = samples.new_athlete()
            ledger.commit(samples.commit_of(user_id, 1, workouts=workouts))
            walked: list[Workout] = []
            step: WorkoutQuery | None = evolve(query, limit=limit)
            while step is not None and len(walked) <= len(workouts):
                page = ledger.read_workouts(user_id, step)
                walked += page.workouts
                step = None if page.next is None else evolve(step, after=page.next)
            assert walked == by_hand(workouts, query)

    @pytest.mark.parametrize("newest_first", [False, True])
    def test_a_walk_goes_on_when_the_workout_it_stands_on_moves_away(self, *, newest_first: bool) -> None:
        """An edit of the workout at a position changes no later page."""
        with self.open_ledger() as ledger:
            user_id = samples.new_athlete()
            workouts = [samples.workout(str(n), start=n) for n in range(1, 6)]
            ledger.commit(samples.commit_of(user_id, 1, workouts=workouts))
            query = WorkoutQuery(limit=3, newest_first=newest_first)
            page = ledger.read_workouts(user_id, query)
            passed = page.workouts[0].snapshot.started_at
            moved = evolve(
                samples.workout("3", version=2), snapshot=evolve(workouts[2].snapshot, started_at=passed)
            )
            ledger.commit(samples.commit_of(user_id, 2, workouts=[moved]))
            rest = ledger.read_workouts(user_id, evolve(query, after=page.next))
            walk = workouts[::-1] if newest_first else workouts
            assert list(rest.workouts) == walk[3:]

    def test_a_workout_whose_start_is_edited_is_listed_once_at_its_new_place(self) -> None:
        """An edited start moves a workout; its old place is empty."""
        with self.open_ledger() as ledger:
            user_id = samples.new_athlete()
            ledger.commit(
                samples.commit_of(
                    user_id, 1, workouts=[samples.workout("1", start=1), samples.workout("2", start=2)]
                )
            )
            moved = samples.workout("1", version=2, start=3)
            ledger.commit(samples.commit_of(user_id, 2, workouts=[moved]))
            page = ledger.read_workouts(user_id, WorkoutQuery(limit=9))
            assert list(page.workouts) == [samples.workout("2", start=2), moved]
            early = ledger.read_workouts(user_id, WorkoutQuery(limit=9, end_at=samples.at(2)))
            assert not early.workouts

    @property_test
    @given(
        ids=st.lists(st.sampled_from(["a", "ab", "B", "ms-1", "ms-10", "ms-2", "z"]), unique=True),
        after=st.none() | st.sampled_from(["a", "aa", "ms-1", "ms-3", "zz"]).map(MilestoneId),
        limit=st.integers(1, 8),
    )
    def test_pages_of_milestones_are_in_order_of_id(
        self, ids: list[str], after: MilestoneId | None, limit: int
    ) -> None:
        """Milestones come in order of id, tracked or not.

        Behind a position, whether or not it exists.
        """
        with self.open_ledger() as ledger:
            user_id = samples.new_athlete()
            ledger.commit(
                samples.commit_of(
                    user_id, 1, milestones=[samples.milestone(each) for each in ids], tracked=ids[:1]
                )
            )
            page = ledger.read_milestones(user_id, after=after, limit=limit)
            expected = sorted(each for each in ids if after is None or each > after)
            assert [each.milestone_id for each in page.milestones] == expected[:limit]
            assert page.next == (expected[limit - 1] if len(expected) > limit else None)

    def test_awards_come_in_order_of_part(self) -> None:
        """Part 10 follows part 9, whatever the order of writing."""
        with self.open_ledger() as ledger:
            user_id = samples.new_athlete()
            awards = [samples.award("ms-1", index) for index in range(1, 13)]
            ledger.commit(
                samples.commit_of(user_id, 1, milestones=[samples.milestone("ms-1")], awards=awards[5::-1])
            )
            ledger.commit(samples.commit_of(user_id, 2, awards=awards[:5:-1]))
            assert list(ledger.read_awards(user_id, MilestoneId("ms-1"))) == awards

    # Races

    def test_of_one_commit_raced_exactly_one_wins(self) -> None:
        """Of many writers at the same version, exactly one commits."""
        with self._stored() as (ledger, user_id):
            commits = [
                evolve(samples.second_commit(user_id), workouts=(samples.workout(f"racer-{n}"),))
                for n in range(THREADS)
            ]
            results = race([lambda commit=each: ledger.commit(commit) for each in commits])  # type: ignore[misc]  # mypy infers no type for a lambda with a default
            (winner,) = [n for n, result in enumerate(results) if not isinstance(result, VersionConflict)]
            dump = dump_of(ledger, user_id, commits)
            assert dump.head.version == 2
            assert dump.by_key == {
                each.key: each for each in (samples.workout("kept"), samples.workout(f"racer-{winner}"))
            }

    def test_the_first_write_can_be_raced_too(self) -> None:
        """Of many first commits, exactly one wins."""
        with self.open_ledger() as ledger:
            user_id = samples.new_athlete()
            results = race([lambda: ledger.commit(samples.first_commit(user_id))] * THREADS)
            assert sum(isinstance(each, VersionConflict) for each in results) == THREADS - 1
            assert dump_of(ledger, user_id).head.version == 1

    def test_workouts_ingested_at_once_all_land(self) -> None:
        """Writers that retry after a conflict lose nothing.

        All workouts are there, with the right count and parts 1 to n.
        """
        each_total = 4
        with self.open_ledger() as ledger:
            user_id = samples.new_athlete()
            samples.open_milestone(ledger, user_id)

            def ingest(prefix: str) -> None:
                for ride in samples.rides(prefix, each_total):
                    samples.ingestion(ledger).ingest(user_id, [ride])

            results = race([lambda name=f"t{n}": ingest(name) for n in range(THREADS)])  # type: ignore[misc]  # mypy infers no type for a lambda with a default
            assert results == [None] * THREADS
            dump = dump_of(ledger, user_id)
            live = [each for each in dump.by_start if not each.is_deleted]
            assert len(live) == dump.head.workout_count == THREADS * each_total
            (milestone,) = dump.milestones.values()
            assert milestone.progress.current_value == sum(each.snapshot.distance_meters for each in live)
            awards = dump.awards[milestone.milestone_id]
            assert [each.part_index for each in awards] == list(range(1, milestone.parts_earned + 1))

    def test_different_athletes_never_conflict(self) -> None:
        """Each athlete's writer succeeds at the first attempt, whatever the others do."""
        once = Policy(training=TrainingPolicy(commit_attempts_max=1))
        with self.open_ledger() as ledger:

            def ingest() -> int:
                user_id = samples.new_athlete()
                for ride in samples.rides("r", 5):
                    samples.ingestion(ledger, once).ingest(user_id, [ride])
                return ledger.read_head(user_id).workout_count

            assert race([ingest] * THREADS) == [5] * THREADS


def _next_versions(view: LedgerView, key: WorkoutKey) -> LedgerCommit:
    """A commit that replaces all that a view holds."""
    workout, (milestone,) = view.workouts[key], view.milestones
    return LedgerCommit(
        user_id=view.user_id,
        head=evolve(view.head, version=view.head.version + 1),
        workouts=(evolve(workout, version=workout.version + 1),),
        milestones=(evolve(milestone, version=milestone.version + 1),),
    )
