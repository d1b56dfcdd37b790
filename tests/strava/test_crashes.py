"""Dying at either side of every call of the longest ways through the service, each in turn."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from commitcollect_adapters.simulation.faults import Side
from commitcollect_adapters.strava.fake import CallKind
from commitcollect_core.service import Service
from commitcollect_core.strava.backfills import BackfillPhase
from commitcollect_core.values import ActivityId
from strava.world import ATHLETE, ME, SMALL_PAGES, WISH, KillAt, Killed, World, payload

KILLS_MAX = 5_000


def busy_world() -> World:
    """An athlete with a history that is not taken over yet, in pages of ten."""
    world = World(policy=SMALL_PAGES)
    world.app.tracking.create(ME, WISH)
    world.fake.add_activities(ATHLETE, map(payload, range(25)))
    world.connect()
    return world


def with_events() -> World:
    """The same once it is taken over, and with something of every kind happening then."""
    world = busy_world()
    world.work()
    world.pass_time(hours=1)
    world.fake.upload(ATHLETE, payload(40, distance=90_000.0))
    world.fake.edit(ActivityId("1003"), name="Renamed", distance=1.0)
    world.fake.delete(ActivityId("1004"))
    return world


def backfill(service: Service) -> None:
    """Take the history over."""
    while service.strava.backfilling.step(ME).backfill.phase is not BackfillPhase.DONE:
        pass


def live(world: World, service: Service) -> None:
    """Take all events in and work until nothing waits."""
    world.deliver(service)
    world.work(service)


def check_every_kill(
    make: Callable[[], World], act: Callable[[World, Service], None], check: Callable[[World], None]
) -> int:
    """Kill at each place in turn, finish in a new process, check; returns how many places there were."""
    for number in range(KILLS_MAX):
        world = make()
        door = KillAt(number)
        try:
            act(world, world.process(door))
        except Killed:
            act(world, world.service)
        world.work()
        check(world)
        world.check_converged()
        world.check_parts()
        if door.killed_at is None:
            return number
    pytest.fail(f"still running after {KILLS_MAX} calls")


@pytest.mark.slow
def test_a_backfill_survives_a_crash_anywhere() -> None:
    """Whatever was listed is not listed again, but for the one page that was just coming."""

    def check(world: World) -> None:
        assert world.fake.calls(CallKind.ACTIVITIES) <= 4
        assert world.fake.calls(CallKind.ACTIVITY) == 0

    kills = check_every_kill(busy_world, lambda _world, strava: backfill(strava), check)
    assert kills > 50


@pytest.mark.slow
def test_events_survive_a_crash_anywhere() -> None:
    """A worker dies at any call: the event is done once its lease has ended, and marked after its effect."""

    def check(world: World) -> None:
        assert world.queue.parked(limit=1) == []

    kills = check_every_kill(with_events, live, check)
    assert kills > 50


@pytest.mark.slow
def test_reconciling_survives_a_crash_anywhere() -> None:
    """What was mended stays mended, and the next run does the rest."""

    def reconcile(_world: World, service: Service) -> None:
        service.strava.reconciling.run(ME, days=60)

    assert check_every_kill(with_events, reconcile, lambda _world: None) > 20


@pytest.mark.slow
def test_a_connected_athlete_gets_their_history_wherever_connecting_crashed() -> None:
    """Die at either side of every call of coming back from Strava: no athlete lacks a history."""

    def connecting(number: int) -> tuple[World, KillAt]:
        world = World(policy=SMALL_PAGES)
        world.app.tracking.create(ME, WISH)
        world.fake.add_activities(ATHLETE, map(payload, range(25)))
        door = KillAt(number)
        world.service = world.process(door)
        return world, door

    for number in range(KILLS_MAX):
        world, door = connecting(number)
        try:
            world.connect()
        except Killed:
            world.service = world.process()
            if world.stores.connections.read(ME) is None:
                world.connect()
        world.service = world.process()
        world.work()
        world.check_converged()
        if door.killed_at is None:
            assert number > 20
            return
    pytest.fail("connecting never ends")


def test_the_door_is_called_at_both_sides() -> None:
    """What these tests rest on: every port call can be died at, before and after."""
    sides: list[tuple[str, Side]] = []
    world = busy_world()
    world.process(lambda call, side: sides.append((call, side))).strava.backfilling.step(ME)
    assert ("api.activities", Side.BEFORE) in sides
    assert ("backfills.commit", Side.AFTER) in sides
