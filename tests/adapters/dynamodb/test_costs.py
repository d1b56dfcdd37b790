"""What reads and writes cost, by the engine's own figures."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from attrs import evolve

from adapters.dynamodb import sizes
from adapters.dynamodb.engine import metered
from commitcollect_adapters.dynamodb import capacity
from commitcollect_adapters.dynamodb.client import Client
from commitcollect_adapters.dynamodb.jobs import DynamoIdempotencyStore
from commitcollect_adapters.dynamodb.ledger import DynamoLedger
from commitcollect_adapters.dynamodb.stores import dynamo_stores
from commitcollect_adapters.statues import shipped_catalog
from commitcollect_adapters.system import ManualClock, NoBackoff, SystemIds
from commitcollect_adapters.testing import samples
from commitcollect_adapters.testing.service_samples import new_strava_athlete
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
from commitcollect_core.jobs.idempotency import completed_event
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.training.folds import LongestRun
from commitcollect_core.training.goals import Aim
from commitcollect_core.training.local_time import Bucket
from strava.world import WISH, World, payload
from thoroughness import LEVEL

START = datetime(2024, 1, 1, tzinfo=UTC)
YEAR = NewMilestone(
    model_id=ModelId("DRAGON_2026"),
    target_type=TargetType.DISTANCE_METERS,
    total_target=10**9,
    period_start_at=START,
    period_end_at=START.replace(year=2025),
)
"""A wish that no ride here grants a part of."""

READ_UNITS_MAX = 6
WRITE_UNITS_MAX = 8
"""What an event may cost, its marker included."""

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


def athlete(
    client: Client, *, milestones: int = 1, wish: NewMilestone = YEAR
) -> tuple[CommitCollect, UserId]:
    """The application, and an athlete with milestones under way."""
    ports = Ports(
        clock=ManualClock(datetime(2026, 1, 1, tzinfo=UTC)),
        ids=SystemIds(),
        backoff=NoBackoff(),
        ledger=DynamoLedger(client),
        catalog=shipped_catalog(),
    )
    app, user_id = assemble(ports), samples.new_athlete()
    for _ in range(milestones):
        app.tracking.create(user_id, wish)
    return app, user_id


def import_rides(app: CommitCollect, user_id: UserId, numbers: Iterable[int]) -> None:
    """Bring in many rides."""
    for _ in app.ingestion.ingest_all(user_id, map(ride, numbers)):
        pass


@pytest.mark.slow
def test_an_event_costs_the_same_at_every_length_of_history(client: Client) -> None:
    """A new activity and its marker cost what is reckoned for them, with 0 to 3,000 workouts stored."""
    app, user_id = athlete(client)
    marks = DynamoIdempotencyStore(client)
    stored, costs = 0, []
    for length in (0, 100, 1_000, 3_000):
        import_rides(app, user_id, range(stored, length))
        marker = completed_event(str(uuid4()), now=START, policy=app.policy)
        with metered(client) as units:
            assert marks.read(marker.request_id) is None
            app.ingestion.ingest(user_id, [ride(length)])
            marks.mark(marker)
        stored = length + 1
        costs.append((units["read"], units["write"]))
    reckoned = capacity.event_units(milestones=1)
    assert set(costs) == {(reckoned.read, reckoned.write)}
    assert 0 < reckoned.read <= READ_UNITS_MAX
    assert 0 < reckoned.write <= WRITE_UNITS_MAX


@pytest.mark.parametrize("milestones", [0, 1, 3])
def test_what_is_reckoned_for_a_commit_is_what_it_costs(client: Client, milestones: int) -> None:
    """The calculator's units are the engine's, whatever moves; a part that is minted costs its own on top."""
    near = evolve(YEAR, total_target=100_000 * capacity.STATUE_PARTS)
    app, user_id = athlete(client, milestones=milestones, wish=near)
    # The very first write of an athlete looks at the deletions, too.
    cost(client, app, user_id, ride(0))
    assert cost(client, app, user_id, ride(1)) == capacity.commit_units(workouts=1, milestones=milestones)
    far = evolve(ride(2), distance_meters=100_000)
    minting = capacity.commit_units(workouts=1, milestones=milestones, awards=milestones)
    assert cost(client, app, user_id, far) == minting


def cost(client: Client, app: CommitCollect, user_id: UserId, snapshot: ActivitySnapshot) -> capacity.Units:
    """What taking in one activity costs."""
    with metered(client) as units:
        app.ingestion.ingest(user_id, [snapshot])
    return capacity.Units(write=units["write"], read=units["read"])


@pytest.mark.slow
def test_an_import_costs_little_more_than_its_rows(client: Client) -> None:
    """Importing many activities costs what is reckoned: at most 3.3 write units each, all included."""
    app, user_id = athlete(client)
    with metered(client) as units:
        batches = list(app.ingestion.ingest_all(user_id, map(ride, range(1_000))))
    assert batches[0].workouts_changed == capacity.IMPORT_BATCH_WORKOUTS
    reckoned = capacity.import_units(workouts=1_000, milestones=1)
    assert (units["write"], units["read"]) == (reckoned.write, reckoned.read)
    assert 2 <= reckoned.write / 1_000 <= IMPORT_WRITE_UNITS_MAX


@pytest.mark.slow
def test_reads_cost_the_same_in_a_long_history(client: Client) -> None:
    """The ten newest, a Strava status and a year added up cost the same with 1,000 and many more stored."""
    app, user_id = athlete(client, milestones=0)
    import_rides(app, user_id, range(1_000))
    with_few = reading_costs(client, app, user_id)
    import_rides(app, user_id, range(1_000 - LEVEL.long_history, 0))
    assert app.ports.ledger.read_head(user_id).workout_count == LEVEL.long_history
    assert reading_costs(client, app, user_id) == with_few
    assert all(each > 0 for each in with_few), with_few


def reading_costs(client: Client, app: CommitCollect, user_id: UserId) -> list[float]:
    """Read units of the ten newest workouts, of a status, of a year added up and of ten days."""
    ledger, goal = app.ports.ledger, YEAR.goal(shipped_catalog().models()[0], DEFAULT_POLICY)

    standing = World(stores=dynamo_stores(client)).strava.standing

    def status() -> None:
        assert standing.of(user_id).workout_count

    def ten_days() -> None:
        query = WorkoutQuery(start_at=START, end_at=START + timedelta(days=10), limit=500)
        assert len(ledger.read_workouts(user_id, query).workouts) == 240

    def year() -> None:
        assert app.tracking.tally(user_id, goal).counted == 1_000

    def newest() -> None:
        ledger.read_workouts(user_id, WorkoutQuery(newest_first=True, limit=10))

    costs: list[float] = []
    for read in (newest, status, year, ten_days):
        with metered(client) as units:
            read()
        costs.append(units["read"])
    return costs


@pytest.mark.parametrize(("surplus_bytes", "units"), [(0, 1), (1, 2)])
def test_the_engine_weighs_items_as_the_calculator_does(
    client: Client, surplus_bytes: int, units: int
) -> None:
    """An item that is reckoned to be 1 KB costs one write unit, and one byte more a second one."""
    sample = {**sizes.sample_milestone(), "filling": {"S": ""}}
    filling = 1_024 - sizes.item_bytes(sample) + surplus_bytes
    with metered(client) as metering:
        client.call(
            "put_item", TableName=client.address.name, Item={**sample, "filling": {"S": "x" * filling}}
        )
    assert metering["write"] == units


def test_what_a_worker_takes_for_an_event_in_all(client: Client) -> None:
    """Ledger and marker, and beside them owner, connection and the budgets of calls; taking it in is free.

    Four of the reads are the app's budget, which each of the four rounds reads before it leases.
    """
    user_id, athlete_id = samples.new_athlete(), new_strava_athlete()
    world = World(stores=dynamo_stores(client))
    world.app.tracking.create(user_id, WISH)
    world.connect(user_id, athlete_id)
    world.work()
    world.fake.upload(athlete_id, payload(1))
    with metered(client) as taking_in:
        world.deliver()
    with metered(client) as looking:
        world.work()
    assert world.stored(user_id) == world.held(athlete_id) != {}
    assert dict(taking_in) == {}
    assert (looking["read"], looking["write"]) == (13, 10)


ACTIVE_DAYS = LongestRun(bucket=Bucket.DAY)
LONG_DAYS = LongestRun(bucket=Bucket.DAY, minimum=5_000)
FOUR_BY_DAYS = (Aim(target_type=TargetType.DISTANCE_METERS, fold=LONG_DAYS, total_target=366),) * 4


@pytest.mark.parametrize(
    ("changes", "read", "write"),
    [
        ({}, 3, 7),
        ({"fold": ACTIVE_DAYS, "total_target": 366, "target_type": TargetType.ACTIVITY_COUNT}, 3, 9),
        ({"fold": LONG_DAYS, "total_target": 366}, 3, 11),
        ({"all_of": FOUR_BY_DAYS, "target_type": TargetType.ALL_OF}, 5, 25),
    ],
    ids=["plain", "366 active days", "366 days of a distance", "four times 366 days of a distance"],
)
def test_what_a_goal_by_days_costs(
    client: Client, changes: dict[str, Any], read: float, write: float
) -> None:
    """An event of a year whose days are all filled; the figures are those of ADR 26."""
    app, user_id = athlete(client, wish=evolve(YEAR, **changes))
    import_rides(app, user_id, range(0, 366 * 24, 24))
    spent = cost(client, app, user_id, ride(1))
    assert (spent.read, spent.write) == (read, write)
