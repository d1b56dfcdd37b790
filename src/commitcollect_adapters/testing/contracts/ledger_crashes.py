"""What a crash leaves behind, and what becomes of a driver's errors."""
# ruff: noqa: S101 - a suite asserts, though it does not live under tests/

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pytest
from attrs import evolve

from commitcollect_adapters.testing import samples
from commitcollect_adapters.testing.contracts.checks import MOMENTS_MAX, is_done
from commitcollect_adapters.testing.contracts.ledger_openings import LedgerOpenings, new_store_name
from commitcollect_adapters.testing.dumps import LedgerDump, dump_of
from commitcollect_core.errors import StorageError
from commitcollect_core.training.ledger import LedgerCommit, LedgerState
from commitcollect_core.training.ports import Ledger, WorkoutQuery
from commitcollect_core.values import MilestoneId, UserId

_KEPT = MilestoneId("ms-kept")


def _removal(user_id: UserId) -> LedgerCommit:
    return evolve(samples.commit_of(user_id, 2), removed=(samples.milestone(_KEPT),))


def _discarding(user_id: UserId) -> LedgerCommit:
    return evolve(samples.commit_of(user_id, 2), discarded=(samples.workout("kept").key, _KEPT))


_COMMITS: dict[str, Callable[[UserId], LedgerCommit]] = {
    "that is the first": samples.first_commit,
    "that adds and replaces": samples.second_commit,
    "that removes": _removal,
    "that discards": _discarding,
}

_READS: dict[str, Callable[[Ledger, UserId], object]] = {
    "read_head": lambda ledger, user_id: ledger.read_head(user_id),
    "read": lambda ledger, user_id: ledger.read(user_id, [samples.workout("kept").key]),
    "read_milestone": lambda ledger, user_id: ledger.read_milestone(user_id, _KEPT),
    "read_milestones": lambda ledger, user_id: ledger.read_milestones(user_id, after=None, limit=9),
    "read_awards": lambda ledger, user_id: list(ledger.read_awards(user_id, _KEPT)),
    "read_workouts": lambda ledger, user_id: ledger.read_workouts(user_id, WorkoutQuery(limit=9)),
    "unreadable": lambda ledger, user_id: list(ledger.unreadable(user_id)),
}


class LedgerCrashes(LedgerOpenings):
    """A commit is written as a whole or not at all, wherever its driver stops.

    `StorageError` means that it is unknown whether anything was written.
    """

    def _broken(self, name: str) -> Iterator[Ledger]:
        """The store of this name, broken one moment later each time."""
        for at in range(1, MOMENTS_MAX + 1):
            with self.open_broken_store(name, at=at) as ledger:
                yield ledger
        pytest.fail(f"the store still fails after {MOMENTS_MAX} moments, or the hook counts no calls")

    @pytest.mark.parametrize("what", _COMMITS)
    def test_a_commit_that_breaks_off_is_whole_or_not_there(self, what: str) -> None:
        """At every moment of a commit: an error of the store, and all of it is there or nothing."""
        name = new_store_name()
        with self.opener(name)() as ledger:
            before, after = _before_and_after(ledger, what)
            for moment, broken in enumerate(self._broken(name), start=1):
                commit = _COMMITS[what](samples.new_athlete())
                _prepare(ledger, commit)
                was_done = is_done(partial(broken.commit, commit))
                if dump_of(ledger, commit.user_id, [commit]) == before:
                    assert not was_done, "the commit returned, and nothing is there"
                    # What is not there can be written by the next attempt, while the broken handle is open.
                    ledger.commit(commit)
                assert dump_of(ledger, commit.user_id, [commit]) == after
                if was_done:
                    assert moment > 1, "the driver failed, and the commit returned all the same"
                    return

    def test_a_fence_that_breaks_off_is_up_or_not(self) -> None:
        """It never takes anything along, and once it is reported it is up."""
        name = new_store_name()
        with self.opener(name)() as ledger:
            for broken in self._broken(name):
                user_id = samples.new_athlete()
                ledger.commit(samples.first_commit(user_id))
                before = dump_of(ledger, user_id)
                was_done = is_done(partial(broken.fence, user_id, now=samples.NOW))
                after = dump_of(ledger, user_id)
                assert evolve(after, head=before.head) == before
                if was_done:
                    assert after.head.state is LedgerState.DELETING
                    return

    @pytest.mark.parametrize("what", _READS)
    def test_a_read_that_breaks_off_is_no_answer(self, what: str) -> None:
        """The driver's error arrives as a `StorageError`; nothing that is stored looks as if it were not."""
        name, user_id = new_store_name(), samples.new_athlete()
        opened = self.opener(name)
        with opened() as ledger:
            ledger.commit(samples.first_commit(user_id))
            expected = _READS[what](ledger, user_id)
        for moment, broken in enumerate(self._broken(name), start=1):
            try:
                found = _READS[what](broken, user_id)
            except StorageError:
                continue
            assert found == expected
            assert moment > 1, "the driver failed, and the read answered all the same"
            return


def _prepare(ledger: Ledger, commit: LedgerCommit) -> None:
    """Write what a commit stands on."""
    if commit.head.version > 1:
        ledger.commit(samples.first_commit(commit.user_id))


def _before_and_after(ledger: Ledger, what: str) -> tuple[LedgerDump, LedgerDump]:
    """What a ledger holds before and after a commit that nothing disturbs."""
    commit = _COMMITS[what](samples.new_athlete())
    _prepare(ledger, commit)
    before = dump_of(ledger, commit.user_id, [commit])
    ledger.commit(commit)
    return before, dump_of(ledger, commit.user_id, [commit])
