"""People who leave: a service with something of every kind stored about them."""

from __future__ import annotations

from datetime import timedelta

from attrs import evolve

from commitcollect_adapters.testing import service_samples as service
from commitcollect_core.accounts.profiles import UserProfile
from commitcollect_core.accounts.sessions import issue
from commitcollect_core.handshakes import HandshakePurpose, begin_handshake
from commitcollect_core.strava.backfills import BackfillCommit
from commitcollect_core.strava.jobs import activity_job
from commitcollect_core.values import ActivityId, AthleteId, UserId
from strava.world import ATHLETE, ME, WISH, World, payload

EMAIL = "leaver@example.org"
OTHER, OTHER_ATHLETE = UserId("stays"), AthleteId("77")


def furnish(
    world: World, user_id: UserId = ME, athlete_id: AthleteId = ATHLETE, *, activities: int = 30
) -> None:
    """Give a person at least three items of every type of which there can be several."""
    stores = world.stores
    world.fake.add_activities(
        athlete_id, (payload(each, id=_id(athlete_id, each)) for each in range(activities))
    )
    for _ in range(3):
        world.app.tracking.create(user_id, WISH)
    world.connect(user_id, athlete_id)
    world.work()
    world.fake.upload(athlete_id, payload(activities, id=_id(athlete_id, activities)))
    world.deliver()
    world.work()
    now = world.clock.now()
    stores.profiles.write(
        UserProfile(user_id=user_id, email=EMAIL, provider_username=f"name of {user_id}", created_at=now)
    )
    for place in range(5):
        secret = f"secret {place} of {user_id}"
        stores.sessions.write(issue(_hash(secret), user_id, now=now, policy=world.policy))
    for _ in range(3):
        state = world.ids.handshake_state()
        stores.handshakes.begin(
            begin_handshake(
                state, HandshakePurpose.STRAVA, "browser", user_id=user_id, now=now, policy=world.policy
            )
        )
    for number in range(3):
        service.write_audit(stores.audit, service.audit_event(user_id, f"request-{number}", occurred_at=now))
    _stage(world, user_id, athlete_id)
    _fill_queue(world, athlete_id)


def _fill_queue(world: World, athlete_id: AthleteId) -> None:
    """Jobs that failed too often, and jobs that wait."""
    now = world.clock.now()
    for number in range(3):
        world.queue.put(activity_job(athlete_id, ActivityId(f"{8_000 + number}"), now=now), visible_at=now)
    for leased in world.queue.lease(now=now, seconds=60, limit=3):
        world.queue.park(leased, reason="failed too often", now=now)
    for number in range(3):
        job = activity_job(athlete_id, ActivityId(f"{9_000 + number}"), now=now)
        world.queue.put(job, visible_at=now + timedelta(hours=1))


def _stage(world: World, user_id: UserId, athlete_id: AthleteId) -> None:
    """Pages of a backfill that is under way."""
    backfill = world.stores.backfills.read(user_id)
    assert backfill is not None
    for number in range(1, 4):
        backfill = evolve(backfill, version=backfill.version + 1)
        page = evolve(service.staged_page(number), generation=backfill.generation, athlete_id=athlete_id)
        world.stores.backfills.commit(BackfillCommit(backfill=backfill, page=page))


def _hash(secret: str) -> str:
    from hashlib import sha256  # noqa: PLC0415 - a helper of one line

    return sha256(secret.encode()).hexdigest()


def _id(athlete_id: AthleteId, number: int) -> int:
    return int(athlete_id) * 100_000 + number
