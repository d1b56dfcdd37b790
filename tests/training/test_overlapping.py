"""Which workouts are stored at the time of another one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from commitcollect_adapters import in_memory
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.training.history import overlapping
from commitcollect_core.training.workouts import ActivityGone, ActivitySnapshot
from commitcollect_core.values import ActivityId, Source, UserId

NOON = datetime(2024, 1, 5, 12, tzinfo=UTC)
ANN = UserId("ann")


def run(number: int, minutes: int, lasts: int) -> ActivitySnapshot:
    """A run so many minutes after noon."""
    started_at = NOON + timedelta(minutes=minutes)
    activity_id = ActivityId(f"r-{number}")
    return ActivitySnapshot(
        source=Source.FILE, activity_id=activity_id, sport_type="Run", started_at=started_at,
        moving_seconds=60 * lasts,
    )  # fmt: skip


MINUTES = st.tuples(st.integers(-90, 90), st.integers(0, 60))


@given(st.lists(st.tuples(MINUTES, st.booleans()), max_size=6), MINUTES)
def test_overlaps_are_those_that_share_a_second(
    stored: list[tuple[tuple[int, int], bool]], new: tuple[int, int]
) -> None:
    """Live workouts whose spans intersect, or start together; no deleted one, and none twice."""
    with in_memory() as app:
        expected = set()
        wanted = run(99, *new)
        for number, ((minutes, lasts), is_deleted) in enumerate(stored):
            one = run(number, minutes, lasts)
            app.ingestion.ingest(ANN, [one])
            if is_deleted:
                app.ingestion.ingest(ANN, [ActivityGone(key=one.key)])
            shares = one.started_at < wanted.ended_at and wanted.started_at < one.ended_at
            if (shares or one.started_at == wanted.started_at) and not is_deleted:
                expected.add(one.key)
        found = [each.key for each in overlapping(app.ports.ledger, ANN, wanted, DEFAULT_POLICY)]
        assert len(found) == len(set(found))
        assert set(found) == expected
