"""Workouts from Strava are kept as long as the policy says; what they were worth stays."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from commitcollect_core.policy import DEFAULT_POLICY, customised
from commitcollect_core.training.committing import NOTHING_COMMITTED
from commitcollect_core.training.milestones import Milestone
from commitcollect_core.training.tracking import NewMilestone
from commitcollect_core.training.workouts import (
    SETTLED_SPORT_TYPE,
    ActivitySettled,
    ActivitySnapshot,
    updated,
)
from commitcollect_core.values import ActivityId, Source, TargetType, WorkoutKey
from strava.world import ATHLETE, ME, START, WISH, World, payload

POLICY = customised(DEFAULT_POLICY, {"strava_workout_retention_days": 7})
RIDES = 6


def world_with_rides(*wishes: NewMilestone) -> World:
    """Six rides of five kilometres that Strava showed, counted by milestones."""
    world = World(policy=POLICY)
    for wish in wishes or (WISH,):
        world.app.tracking.create(ME, wish)
    world.fake.add_activities(ATHLETE, map(payload, range(RIDES)))
    world.connect()
    world.work()
    return world


def milestones(world: World) -> list[Milestone]:
    """As they are stored."""
    return list(world.dump().milestones.values())


def standing(world: World) -> list[tuple[int, int, int]]:
    """What each milestone is worth."""
    return [
        (each.progress.current_value, each.progress.progress_value, each.parts_awarded)
        for each in milestones(world)
    ]


def test_what_is_kept_too_long_goes_and_everything_it_earned_stays() -> None:
    """No name, distance or time is left; sums, progress and parts are what they were. May be repeated."""
    world = world_with_rides(WISH, evolve(WISH, target_type=TargetType.ACTIVITY_COUNT, total_target=24))
    before, awards = standing(world), world.dump().awards
    retaining = world.strava.retaining
    world.pass_time(days=6)
    assert retaining.run(ME) == NOTHING_COMMITTED
    world.pass_time(days=1)
    assert retaining.run(ME).workouts_changed == RIDES
    after = world.dump()
    assert after.head.workout_count == 0
    assert {each.snapshot.sport_type for each in after.by_start} == {SETTLED_SPORT_TYPE}
    assert {(each.snapshot.distance_meters, each.snapshot.name) for each in after.by_start} == {(0, "")}
    assert {each.shown_to for each in after.by_start} == {None}
    assert (standing(world), after.awards) == (before, awards)
    assert retaining.run(ME) == NOTHING_COMMITTED
    assert world.dump() == after


def test_later_workouts_count_on_top_of_what_was_settled() -> None:
    """Progress goes on where it was: settling is no loss."""
    world = world_with_rides()
    world.pass_time(days=8)
    world.strava.retaining.run(ME)
    world.fake.upload(ATHLETE, payload(-8))
    world.deliver()
    world.work()
    assert standing(world) == [(35_000, 35_000, 35_000 * 12 // 100_000)]


def test_what_was_settled_never_counts_twice() -> None:
    """An edit at Strava, a reconciliation and a new backfill show it again; nothing moves."""
    world = world_with_rides()
    world.pass_time(days=8)
    world.strava.retaining.run(ME)
    before = standing(world)
    world.fake.edit(ActivityId("1003"), name="Renamed")
    world.deliver()
    world.work()
    world.strava.reconciling.run(ME, days=60)
    world.strava.linking.disconnect(ME)
    world.connect()
    world.work()
    assert standing(world) == before
    assert not world.stored()


@pytest.mark.parametrize("target", [TargetType.DISTANCE_METERS, TargetType.ACTIVITY_COUNT])
def test_a_recount_leaves_what_was_settled_in_the_sum(target: TargetType) -> None:
    """Recomputing reads what is stored, and knows that more was counted; new parts are earned as before."""
    world = world_with_rides(
        evolve(WISH, target_type=target, total_target=60_000 if target == "DISTANCE_METERS" else 12)
    )
    world.pass_time(days=8)
    world.strava.retaining.run(ME)
    before = standing(world)
    for each in milestones(world):
        world.app.tracking.recompute(ME, each.milestone_id)
    assert standing(world) == before
    world.fake.upload(ATHLETE, payload(-8, distance=30_000.0))
    world.deliver()
    world.work()
    for each in milestones(world):
        world.app.tracking.recompute(ME, each.milestone_id)
    ((current, progress, parts),) = standing(world)
    assert (current, progress) == ((60_000, 60_000) if target == "DISTANCE_METERS" else (7, 7))
    assert parts == (12 if target == "DISTANCE_METERS" else 7)


def test_what_strava_did_not_show_is_not_strava_s_to_limit() -> None:
    """A ride of the athlete's own export stays; one that Strava has deleted is erased and may come back."""
    world = world_with_rides()
    own = ActivitySnapshot(
        source=Source.STRAVA,
        activity_id=ActivityId("7"),
        sport_type="Ride",
        started_at=START,
        distance_meters=1_000,
    )
    world.app.ingestion.ingest(ME, [own])
    world.fake.delete(ActivityId("1002"))
    world.deliver()
    world.work()
    world.pass_time(days=8)
    world.strava.retaining.run(ME)
    left = {each.key.activity_id: each for each in world.dump().by_start}
    assert left[ActivityId("7")].snapshot == own
    assert not left[ActivityId("1002")].is_settled
    assert left[ActivityId("1002")].snapshot.distance_meters == 0
    before = standing(world)
    world.fake.restore(ActivityId("1002"))
    world.deliver()
    world.work()
    assert standing(world)[0][0] == before[0][0] + 5_000


def test_a_round_lets_go_for_every_athlete() -> None:
    """And without the policy nothing goes."""
    world = world_with_rides()
    world.pass_time(days=8)
    list(world.strava.rounds.run())
    assert not world.stored()
    kept = World()
    kept.fake.add_activities(ATHLETE, map(payload, range(2)))
    kept.connect()
    kept.work()
    kept.pass_time(days=1_000)
    assert kept.strava.retaining.run(ME) == NOTHING_COMMITTED
    assert len(kept.stored()) == 2


def test_settling_what_is_not_there_or_is_deleted_changes_nothing() -> None:
    """And the start is kept to the quarter of an hour."""
    key = WorkoutKey(Source.STRAVA, ActivityId("1"))
    order = ActivitySettled(key=key)
    assert updated(None, order, now=START) is None
    ride = ActivitySnapshot(
        source=Source.STRAVA,
        activity_id=key.activity_id,
        sport_type="Ride",
        started_at=START + timedelta(minutes=22),
    )
    stored = updated(None, ride, now=START)
    assert stored is not None
    assert updated(evolve(stored, deleted_at=START), order, now=START) is None
    settled = updated(stored, order, now=START)
    assert settled is not None
    assert settled.snapshot.started_at == START + timedelta(minutes=15)
    assert updated(settled, order, now=START) is None
    assert updated(settled, ride, now=START) is None
