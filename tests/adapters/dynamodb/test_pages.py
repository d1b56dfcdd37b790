"""The contracts where every query comes in short pages, and in empty ones that are not the last."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

import pytest

from adapters.dynamodb.engine import grudging_pages
from commitcollect_adapters.dynamodb.client import Client
from commitcollect_adapters.dynamodb.ledger import DynamoLedger
from commitcollect_adapters.dynamodb.stores import dynamo_stores
from commitcollect_adapters.testing import contracts, samples
from commitcollect_adapters.testing.dumps import dump_of
from commitcollect_core.stores import Stores
from commitcollect_core.training.milestones import Milestone
from commitcollect_core.training.ports import Ledger, WorkoutPosition, WorkoutQuery
from commitcollect_core.training.workouts import Workout
from commitcollect_core.values import MilestoneId, UserId
from thoroughness import LEVEL

_Item = TypeVar("_Item")
_Position = TypeVar("_Position")


class WithGrudgingPages(contracts.StoresContract):
    """Stores that get their items one by one."""

    @pytest.fixture(autouse=True)
    def _engine(self, client: Client, few_examples: Callable[[int], None]) -> Iterator[None]:
        few_examples(LEVEL.examples_on_dynoxide)
        self._stores = dynamo_stores(client)
        with grudging_pages(client):
            yield

    def open_stores(self) -> AbstractContextManager[Stores]:
        """See `StoresContract`."""
        return nullcontext(self._stores)


@pytest.mark.slow
class TestStatuesWithGrudgingPages(WithGrudgingPages, contracts.StatueCatalogContract): ...


@pytest.mark.slow
class TestBackfillsWithGrudgingPages(WithGrudgingPages, contracts.BackfillStoreContract): ...


@pytest.mark.slow
class TestSessionsWithGrudgingPages(WithGrudgingPages, contracts.SessionStoreContract): ...


@pytest.mark.slow
class TestAuditWithGrudgingPages(WithGrudgingPages, contracts.AuditLogContract): ...


@pytest.mark.parametrize("limit", [1, 2, 50])
def test_a_ledger_reads_the_same_however_pages_come(client: Client, limit: int) -> None:
    """Milestones, awards and workouts, page after page, are all there once and in order."""
    ledger, user_id = DynamoLedger(client), samples.new_athlete()
    for commit in (samples.first_commit(user_id), samples.second_commit(user_id)):
        ledger.commit(commit)
    others = [samples.workout(f"other-{number}", start=number) for number in range(5)]
    ledger.commit(samples.commit_of(user_id, 3, workouts=others))
    expected = dump_of(ledger, user_id)
    assert expected.milestones
    assert len(expected.by_start) > len(others)
    with grudging_pages(client):
        assert dump_of(ledger, user_id) == expected
        assert walk(lambda after: newest(ledger, user_id, after, limit)) == [*expected.by_start[::-1]]
        assert walk(lambda after: milestones(ledger, user_id, after, limit)) == [
            *expected.milestones.values()
        ]


def newest(
    ledger: Ledger, user_id: UserId, after: WorkoutPosition | None, limit: int
) -> tuple[Sequence[Workout], WorkoutPosition | None]:
    """A page of workouts, the newest first."""
    page = ledger.read_workouts(user_id, WorkoutQuery(newest_first=True, after=after, limit=limit))
    return page.workouts, page.next


def milestones(
    ledger: Ledger, user_id: UserId, after: MilestoneId | None, limit: int
) -> tuple[Sequence[Milestone], MilestoneId | None]:
    """A page of milestones."""
    page = ledger.read_milestones(user_id, after=after, limit=limit)
    return page.milestones, page.next


def walk(
    read_page: Callable[[_Position | None], tuple[Sequence[_Item], _Position | None]],
) -> list[_Item]:
    """All pages."""
    found, after = read_page(None)
    everything = [*found]
    while after is not None:
        found, after = read_page(after)
        everything += found
    return everything
