"""What several handles on one store see and do, in one process and in several."""
# ruff: noqa: S101 - a suite asserts, though it does not live under tests/

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from types import FunctionType

import pytest
from attrs import evolve

from commitcollect_adapters.testing import samples
from commitcollect_adapters.testing.contracts.checks import race
from commitcollect_adapters.testing.contracts.ledger_openings import LedgerOpenings, new_store_name
from commitcollect_adapters.testing.dumps import dump_of
from commitcollect_adapters.testing.processes import Opening, ingest_apart
from commitcollect_core.errors import VersionConflict
from commitcollect_core.training.ledger import LedgerState
from commitcollect_core.training.ports import Ledger
from commitcollect_core.values import UserId

_HANDLES = 4
_PROCESSES = 2
_RIDES = 8
_RIDES_APART = 25


class LedgerHandles(LedgerOpenings):
    """Every read is strongly consistent, and a commit is durable when it returns."""

    def test_another_handle_sees_what_was_written_at_once(self) -> None:
        """No handle answers from what it read before; a commit that stands on it is refused."""
        opened = self.opener(new_store_name())
        with opened() as one, opened() as other:
            user_id = samples.new_athlete()
            one.commit(samples.first_commit(user_id))
            dump_of(other, user_id)
            commit = samples.second_commit(user_id)
            one.commit(commit)
            assert dump_of(other, user_id, [commit]) == dump_of(one, user_id, [commit])
            assert other.read_head(user_id).version == commit.head.version
            assert [other.read_milestone(user_id, each.milestone_id) for each in commit.milestones] == [
                *commit.milestones
            ]
            with pytest.raises(VersionConflict):
                other.commit(commit)
            assert other.fence(user_id, now=samples.NOW) == one.read_head(user_id)
            with pytest.raises(VersionConflict):
                one.commit(samples.commit_of(user_id, 4))

    def test_what_was_written_is_there_when_the_store_is_opened_again(self) -> None:
        """After the handle that wrote it is closed: commits, removals, and the fence."""
        opened = self.opener(new_store_name())
        athletes = [samples.new_athlete() for _ in range(3)]
        with opened() as ledger:
            for user_id in athletes:
                ledger.commit(samples.first_commit(user_id))
            ledger.commit(samples.second_commit(athletes[0]))
            gone = samples.milestone("ms-kept")
            ledger.commit(evolve(samples.commit_of(athletes[1], 2), removed=(gone,)))
            fence = ledger.fence(athletes[2], now=samples.NOW)
            before = [dump_of(ledger, user_id) for user_id in athletes]
        with opened() as ledger:
            assert [dump_of(ledger, user_id) for user_id in athletes] == before
            assert ledger.read_head(athletes[2]) == fence
            assert fence.state is LedgerState.DELETING
            assert before[0].head.version == before[1].head.version == 2  # noqa: PLR2004 - it was written so

    def test_handles_that_share_only_the_head_are_all_counted(self) -> None:
        """Each thread has a handle of its own, so no lock within one of them keeps two counts apart."""
        opened, user_id = self.opener(new_store_name()), samples.new_athlete()

        def ingest(prefix: str) -> None:
            with opened() as ledger:
                for ride in samples.rides(prefix, _RIDES):
                    samples.ingestion(ledger).ingest(user_id, [ride])

        results = race([partial(ingest, f"t{n}") for n in range(_HANDLES)])
        assert results == [None] * _HANDLES
        with opened() as ledger:
            _check_count(ledger, user_id, _HANDLES * _RIDES)

    def test_processes_that_share_only_the_head_are_all_counted(self) -> None:
        """No lock of a process keeps the counts of two processes apart."""
        opened, user_id = self.opener(new_store_name()), samples.new_athlete()
        function = opened.func if isinstance(opened, partial) else opened
        if not isinstance(function, FunctionType) or "<" in function.__qualname__:
            pytest.skip("no other process can open this store: `opener` gives no function of a module")
        with opened() as ledger:
            samples.ingestion(ledger).ingest(user_id, samples.rides("first", 1))
        opening = Opening.of(opened)
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(_PROCESSES, mp_context=context) as pool:
            prefixes = [f"p{n}" for n in range(_PROCESSES)]
            task = partial(ingest_apart, opening, user_id, rides=_RIDES_APART, rivals=_PROCESSES)
            assert list(pool.map(task, prefixes)) == [None] * _PROCESSES
        with opened() as ledger:
            _check_count(ledger, user_id, 1 + _PROCESSES * _RIDES_APART)


def _check_count(ledger: Ledger, user_id: UserId, total: int) -> None:
    dump = dump_of(ledger, user_id)
    assert (len(dump.by_start), dump.head.workout_count, dump.head.version) == (total, total, total)
