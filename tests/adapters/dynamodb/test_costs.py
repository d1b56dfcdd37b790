"""What reads and writes cost, by the engine's own figures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from adapters.dynamodb.engine import metered
from commitcollect_adapters.dynamodb.client import Client
from commitcollect_adapters.dynamodb.ledger import DynamoLedger
from commitcollect_adapters.statues import shipped_catalog
from commitcollect_adapters.system import ManualClock, NoBackoff, SystemIds
from commitcollect_adapters.testing import samples
from commitcollect_core import (
    ActivityId,
    ActivitySnapshot,
    CommitCollect,
    ModelId,
    NewMilestone,
    Ports,
    Source,
    TargetType,
    UserId,
    WorkoutQuery,
    assemble,
)

START = datetime(2024, 1, 1, tzinfo=UTC)
MARKER_UNITS = 1
"""The put that marks an event as completed, which comes with webhooks."""

READ_UNITS_MAX = 6
WRITE_UNITS_MAX = 8 - MARKER_UNITS
IMPORT_WRITE_UNITS_MAX = 3.3


def ride(number: int) -> ActivitySnapshot:
    """One of many rides, none of which earns a part."""
    return ActivitySnapshot(
        source=Source.STRAVA,
        activity_id=ActivityId(str(10**10 + number)),
        sport_type="Ride",
        started_at=START + timedelta(hours=number),
        distance_meters=20_000,
        elevation_meters=200,
        moving_seconds=3_000,
        elapsed_seconds=3_300,
        name="Morning Ride",
    )


def athlete(client: Client) -> tuple[CommitCollect, UserId]:
    """The application, and an athlete with one milestone."""
    ports = Ports(
        clock=ManualClock(datetime(2026, 1, 1, tzinfo=UTC)),
        ids=SystemIds(),
        backoff=NoBackoff(),
        ledger=DynamoLedger(client),
        catalog=shipped_catalog(),
    )
    app, user_id = assemble(ports), samples.new_athlete()
    wish = NewMilestone(
        model_id=ModelId("DRAGON_2026"),
        target_type=TargetType.DISTANCE_METERS,
        total_target=10**9,
        period_start_at=START,
    )
    app.tracking.create(user_id, wish)
    return app, user_id


@pytest.mark.slow
def test_an_event_costs_the_same_at_every_length_of_history(client: Client) -> None:
    """A new activity costs at most 6 read and 7 write units with 0, 100 and 1,000 workouts stored."""
    app, user_id = athlete(client)
    stored, costs = 0, []
    for length in (0, 100, 1_000):
        for _ in app.ingestion.ingest_all(user_id, [ride(number) for number in range(stored, length)]):
            pass
        with metered(client) as units:
            app.ingestion.ingest(user_id, [ride(length)])
        stored = length + 1
        costs.append((units["read"], units["write"]))
    assert len(set(costs)) == 1, costs
    reads, writes = costs[0]
    assert 0 < reads <= READ_UNITS_MAX
    assert 0 < writes <= WRITE_UNITS_MAX


@pytest.mark.slow
def test_an_import_costs_little_more_than_its_rows(client: Client) -> None:
    """Importing many activities costs at most 3.3 write units each, head and milestone included."""
    app, user_id = athlete(client)
    with metered(client) as units:
        for _ in app.ingestion.ingest_all(user_id, [ride(number) for number in range(1_000)]):
            pass
    assert 2 <= units["write"] / 1_000 <= IMPORT_WRITE_UNITS_MAX


@pytest.mark.slow
def test_the_newest_and_a_period_are_read_without_the_rest(client: Client) -> None:
    """The ten newest workouts, and those of ten days, cost the same with 200 and with 2,000 stored."""
    app, user_id = athlete(client)
    ledger = app.ports.ledger
    costs, stored = [], 0
    for length in (400, 2_000):
        for _ in app.ingestion.ingest_all(user_id, [ride(number) for number in range(stored, length)]):
            pass
        stored = length
        with metered(client) as units:
            ledger.read_workouts(user_id, WorkoutQuery(newest_first=True, limit=10))
            ten_days = WorkoutQuery(start_at=START, end_at=START + timedelta(days=10), limit=500)
            assert len(ledger.read_workouts(user_id, ten_days).workouts) == 240
        costs.append(units["read"])
    assert costs[0] == costs[1] > 0
