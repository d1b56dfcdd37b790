"""Walking through what is stored: deleted workouts are passed over, at a bounded cost."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, cast

from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from commitcollect_adapters import in_memory
from commitcollect_core.policy import DEFAULT_POLICY, customised
from commitcollect_core.training.history import live_workouts
from commitcollect_core.training.ports import Ledger, WorkoutPage, WorkoutQuery
from commitcollect_core.training.workouts import ActivityGone, ActivitySnapshot
from commitcollect_core.values import ActivityId, Source, UserId

NOON = datetime(2024, 1, 5, 12, tzinfo=UTC)
ANN = UserId("ann")


@frozen
class Counting:
    """A ledger whose workouts are counted as they are read."""

    ledger: Ledger
    counts: Counter[str]

    def read_workouts(self, user_id: UserId, query: WorkoutQuery) -> WorkoutPage:
        """As the ledger does."""
        page = self.ledger.read_workouts(user_id, query)
        self.counts["pages"] += 1
        self.counts["workouts"] += len(page.workouts)
        return page

    def __getattr__(self, name: str) -> Any:
        """Everything else is the ledger's."""
        return getattr(self.ledger, name)


def run(number: int) -> ActivitySnapshot:
    """A run so many hours after noon."""
    activity_id, started_at = ActivityId(f"r-{number}"), NOON + timedelta(hours=number)
    return ActivitySnapshot(
        source=Source.FILE, activity_id=activity_id, sport_type="Run", started_at=started_at
    )


@given(
    are_deleted=st.lists(st.booleans(), max_size=12),
    limit=st.integers(1, 4),
    page=st.integers(1, 4),
    inspected_max=st.integers(1, 9),
    newest_first=st.booleans(),
)
def test_live_workouts_are_found_behind_deleted_ones(
    *, are_deleted: list[bool], limit: int, page: int, inspected_max: int, newest_first: bool
) -> None:
    """In order and none twice: all within the bound, which no more than a page is read beyond."""
    policy = customised(DEFAULT_POLICY, {"page_items_max": page, "workouts_inspected_max": inspected_max})
    with in_memory() as app:
        app.ingestion.ingest(ANN, [run(number) for number in range(len(are_deleted))])
        gone = [
            ActivityGone(key=run(number).key) for number, is_deleted in enumerate(are_deleted) if is_deleted
        ]
        app.ingestion.ingest(ANN, gone)
        ledger = Counting(app.ports.ledger, Counter())
        query = WorkoutQuery(newest_first=newest_first, limit=limit)
        found = [each.key for each in live_workouts(cast("Ledger", ledger), ANN, query, policy)]
    order = [*enumerate(are_deleted)][:: -1 if newest_first else 1][: limit + inspected_max]
    assert found == [run(number).key for number, is_deleted in order if not is_deleted]
    assert ledger.counts["workouts"] <= limit + inspected_max + page


def test_where_nothing_is_deleted_one_page_is_read() -> None:
    """Of the size that was asked for."""
    with in_memory() as app:
        app.ingestion.ingest(ANN, [run(number) for number in range(30)])
        ledger = Counting(app.ports.ledger, Counter())
        query = WorkoutQuery(newest_first=True, limit=10)
        assert len([*islice(live_workouts(cast("Ledger", ledger), ANN, query, DEFAULT_POLICY), 10)]) == 10
    assert ledger.counts == {"pages": 1, "workouts": 10}
