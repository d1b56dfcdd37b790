"""What a ledger holds at its limits, beside close neighbours, and under writers that share only the head."""
# ruff: noqa: S101 - a suite asserts literal expectations, though it does not live under tests/

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import count, takewhile
from threading import Event

import pytest
from attrs import evolve

from commitcollect_adapters.testing import largest, samples
from commitcollect_adapters.testing.contracts.checks import THREADS, assert_read_back, race
from commitcollect_adapters.testing.contracts.ledger_openings import LedgerOpenings
from commitcollect_adapters.testing.dumps import LedgerDump, dump_of
from commitcollect_core.errors import AccountDeleting
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.training.awards import Award
from commitcollect_core.training.decisions import decide_removal
from commitcollect_core.training.ledger import LedgerCommit, LedgerHead, LedgerState, fenced
from commitcollect_core.training.milestones import Milestone
from commitcollect_core.training.ports import WorkoutQuery
from commitcollect_core.training.workouts import Workout
from commitcollect_core.values import MilestoneId, UserId

_LIMITS = DEFAULT_POLICY.training
_NEIGHBOURS = ("{0}", "{0}-1", "{0}x", "{0}_b", "{0}xb", "{0}.b")
"""Ids that prefixes and patterns mix up."""


class LedgerBounds(LedgerOpenings):
    """Sizes up to the policy's limits, neighbours, and races."""

    def test_writers_that_share_only_the_head_are_all_counted(self) -> None:
        """Without a milestone nothing but the head's version keeps two counts apart."""
        each_total = 4
        with self.open_ledger() as ledger:
            user_id = samples.new_athlete()

            def ingest(prefix: str) -> None:
                for ride in samples.rides(prefix, each_total):
                    samples.ingestion(ledger).ingest(user_id, [ride])

            results = race([lambda name=f"t{n}": ingest(name) for n in range(THREADS)])  # type: ignore[misc]  # mypy infers no type for a lambda with a default
            assert results == [None] * THREADS
            dump = dump_of(ledger, user_id)
            total = THREADS * each_total
            assert (len(dump.by_start), dump.head.workout_count, dump.head.version) == (total, total, total)

    def test_a_commit_and_a_page_are_as_large_as_the_policy_allows(self) -> None:
        """The very first commit included; one view and one page hold all that it wrote."""
        with self.open_ledger() as ledger:
            user_id = samples.new_athlete()
            written: list[Workout] = []
            for version in (1, 2):
                # Beside the first commit a store may check one item more.
                most = _LIMITS.commit_items_max - 1 - (version == 1)
                some = [samples.workout(f"{version}-{n}", start=n) for n in range(most)]
                ledger.commit(samples.commit_of(user_id, version, workouts=some))
                written += some
            view = ledger.read(user_id, [each.key for each in written])
            assert view.workouts == {each.key: each for each in written}
            page = ledger.read_workouts(user_id, WorkoutQuery(limit=_LIMITS.page_items_max))
            assert (len(page.workouts), page.next) == (len(written), None)

    def test_a_page_of_milestones_and_the_awards_of_one_are_as_large_as_the_policy_allows(self) -> None:
        """A page of as many as a store returns at once, and awards of as many parts as a statue has."""
        with self.open_ledger() as ledger:
            user_id = samples.new_athlete()
            ids = [f"ms-{number:03}" for number in range(_LIMITS.page_items_max + 1)]
            awards = [
                evolve(samples.award(ids[0], 1), part_index=number + 1)
                for number in range(_LIMITS.statue_parts_max)
            ]
            items = [*map(samples.milestone, ids), *awards]
            most = _LIMITS.commit_items_max - 2
            for version, start in enumerate(range(0, len(items), most), start=1):
                some = items[start : start + most]
                commit = samples.commit_of(
                    user_id,
                    version,
                    milestones=[each for each in some if isinstance(each, Milestone)],
                    awards=[each for each in some if isinstance(each, Award)],
                )
                ledger.commit(commit)
            page = ledger.read_milestones(user_id, after=None, limit=_LIMITS.page_items_max)
            assert [each.milestone_id for each in page.milestones] == ids[:-1]
            assert page.next == ids[-2]
            rest = ledger.read_milestones(user_id, after=page.next, limit=_LIMITS.page_items_max)
            assert ([each.milestone_id for each in rest.milestones], rest.next) == (ids[-1:], None)
            assert list(ledger.read_awards(user_id, MilestoneId(ids[0]))) == awards

    @pytest.mark.parametrize("is_written", [False, True])
    def test_the_fence_goes_up_once_and_takes_nothing_along(self, *, is_written: bool) -> None:
        """On a ledger with and without a head, by many at once and repeated later, it ends in one place."""
        with self.open_ledger() as ledger:
            user_id = samples.new_athlete()
            if is_written:
                ledger.commit(samples.first_commit(user_id))
            before = dump_of(ledger, user_id)
            heads = race([partial(ledger.fence, user_id, now=samples.NOW)] * THREADS)
            expected = fenced(before.head, now=samples.NOW)
            assert heads == [expected] * THREADS
            assert ledger.fence(user_id, now=samples.at(9)) == expected
            assert dump_of(ledger, user_id) == evolve(before, head=expected)

    def test_behind_the_fence_nothing_lands(self) -> None:
        """Also of writers that were on their way: what is stored stays as it is from when `fence` returns."""
        with self.open_ledger() as ledger:
            user_id = samples.new_athlete()
            found: list[LedgerDump] = []
            is_over = Event()

            def ingest(prefix: str) -> None:
                with suppress(AccountDeleting):
                    for number in takewhile(lambda _: not is_over.is_set(), count()):
                        ride = samples.workout(f"{prefix}-{number}", start=number).snapshot
                        samples.ingestion(ledger).ingest(user_id, [ride])

            def fence() -> None:
                try:
                    while ledger.read_head(user_id).version < THREADS:
                        pass
                    # Writers that lost the last race decide anew meanwhile, so some are about to commit.
                    for _ in range(THREADS):
                        dump_of(ledger, user_id)
                    head = ledger.fence(user_id, now=samples.NOW)
                    found.append(evolve(dump_of(ledger, user_id), head=head))
                finally:
                    is_over.set()

            tasks: list[Callable[[], None]] = [partial(ingest, f"t{n}") for n in range(THREADS - 1)]
            race([fence, *tasks])
            (behind,) = found
            assert dump_of(ledger, user_id) == behind
            assert behind.head.state is LedgerState.DELETING
            assert behind.head.workout_count == len(behind.by_start)

    def test_texts_are_as_long_as_the_policy_allows(self) -> None:
        """In characters, of which the longest take four bytes; line ends and letters in parts stay."""
        with self.open_ledger() as ledger:
            user_id = samples.new_athlete()
            names = ("\U0001f6b4" * _LIMITS.activity_name_chars_max, "e\u0301 or \u00e9", " \r\n\t'\"%_\\")
            longest = "\u017e" * _LIMITS.sport_type_chars_max
            stored = [
                evolve(
                    samples.workout(f"{n}"),
                    snapshot=evolve(samples.workout(f"{n}").snapshot, name=name, sport_type=longest),
                )
                for n, name in enumerate(names)
            ]
            ledger.commit(samples.commit_of(user_id, 1, workouts=stored))
            found = ledger.read(user_id, [each.key for each in stored]).workouts
            for each in stored:
                assert_read_back(found[each.key], each)

    def test_every_field_is_as_large_as_the_policy_allows(self) -> None:
        """Of a head and of items of every kind: nothing is cut, left out or put together."""
        with self.open_ledger() as ledger:
            start = samples.new_athlete()
            user_id, other_id = largest.user(start, 1), largest.user(start, 2)
            head = largest.head(version=1)
            milestones = [largest.milestone(each, n) for n, each in enumerate(head.tracked_milestone_ids)]
            for each in milestones:
                each.goal.check(DEFAULT_POLICY)
            workouts = [largest.workout(number) for number in range(3)]
            awards = largest.awards(head.tracked_milestone_ids[-1])
            first = LedgerCommit(
                user_id=user_id, head=head, milestones=tuple(milestones), workouts=tuple(workouts)
            )
            ledger.commit(first)
            assert_read_back(ledger.read_head(user_id), head)
            head = evolve(head, version=2)
            ledger.commit(LedgerCommit(user_id=user_id, head=head, awards=tuple(awards)))
            assert_read_back(ledger.read_head(user_id), head)
            view = ledger.read(user_id, [each.key for each in workouts])
            assert_read_back(view.head, head)
            assert set(view.workouts) == {each.key for each in workouts}
            for workout in workouts:
                assert_read_back(view.workouts[workout.key], workout)
            for found, milestone in zip(view.milestones, milestones, strict=True):
                assert_read_back(found, milestone)
                assert_read_back(ledger.read_milestone(user_id, milestone.milestone_id), milestone)
            kept = ledger.read_awards(user_id, awards[0].milestone_id)
            for part, award in zip(kept, awards, strict=True):
                assert_read_back(part, award)
            assert ledger.read_head(other_id) == LedgerHead()

    @pytest.mark.parametrize("gone", range(len(_NEIGHBOURS)))
    def test_a_removal_leaves_neighbours_alone(self, gone: int) -> None:
        """Athletes with ids like its own, with milestones of the same id and of ids that begin with it."""
        with self.open_ledger() as ledger:
            base = samples.new_athlete()
            athletes = [*(UserId(each.format(base)) for each in _NEIGHBOURS), UserId(base.upper())]
            for each in athletes:
                ledger.commit(samples.first_commit(each))
                close = [
                    samples.milestone("ms-kept-2"),
                    samples.milestone("MS-KEPT"),
                    samples.milestone("ms-k"),
                ]
                awards = [samples.award(milestone.milestone_id, 1) for milestone in close]
                ledger.commit(
                    samples.commit_of(each, 2, milestones=close, awards=awards, tracked=["ms-kept", "ms-k"])
                )
            before = {each: dump_of(ledger, each) for each in athletes}
            chosen = athletes[gone]
            stored = ledger.read_milestone(chosen, MilestoneId("ms-kept"))
            assert stored is not None
            ledger.commit(decide_removal(ledger.read(chosen, ()), stored))
            for each in athletes:
                after = dump_of(ledger, each)
                if each != chosen:
                    assert after == before[each]
                    continue
                rest = {key: found for key, found in before[each].milestones.items() if key != "ms-kept"}
                assert after.milestones == rest
                assert all(after.awards[key] for key in rest)
                assert after.by_start == before[each].by_start

    def test_a_view_of_no_workouts_holds_the_rest(self) -> None:
        """What is asked for by no key is not read, and head and milestones are there."""
        with self.open_ledger() as ledger:
            user_id = samples.new_athlete()
            ledger.commit(samples.first_commit(user_id))
            view = ledger.read(user_id, [])
            assert not view.workouts
            assert view.head == LedgerHead(version=1, tracked_milestone_ids=(MilestoneId("ms-kept"),))
            assert len(view.milestones) == 1
