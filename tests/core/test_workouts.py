"""Snapshots, what is believed of them, and how a workout changes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given

from commitcollect_adapters.testing.strategies import SEASON_END_AT, SEASON_START_AT, snapshots
from commitcollect_core.errors import InvalidInput
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.values import ActivityId, Source
from commitcollect_core.workouts import ActivityGone, ActivitySnapshot, Workout, updated

NOW = SEASON_END_AT
LATER = NOW + timedelta(hours=1)
RIDE = ActivitySnapshot(
    source=Source.STRAVA, activity_id=ActivityId("1"), sport_type="Ride", started_at=SEASON_START_AT
)


@given(snapshot=snapshots())
def test_what_the_strategies_make_is_believable(snapshot: ActivitySnapshot) -> None:
    """Every generated snapshot passes the check, so tests of use cases are about something else."""
    snapshot.check(DEFAULT_POLICY, now=NOW)
    assert snapshot.ended_at >= snapshot.started_at


LIMITS: list[tuple[str, Any, Any, str]] = [
    ("distance_meters", 10_000_000, 10_000_001, "distance_meters 10000001 is outside 0 to 10,000,000"),
    ("distance_meters", 10, 10.5, "distance_meters 10.5 is not a whole number"),
    ("moving_seconds", 1, True, "moving_seconds True is not a whole number"),
    ("distance_meters", 0, -1, "distance_meters -1 is outside 0 to"),
    ("elevation_meters", 200_000, 200_001, "elevation_meters 200001 is outside 0 to 200,000"),
    ("moving_seconds", 5_184_000, 5_184_001, "moving_seconds 5184001 is outside 0 to 5,184,000"),
    ("elapsed_seconds", 5_184_000, 5_184_001, "elapsed_seconds 5184001 is outside 0 to 5,184,000"),
    ("sport_type", "R" * 64, "R" * 65, "sport_type has 65 characters; give 1 to 64"),
    ("sport_type", "R", "", "sport_type has 0 characters; give 1 to 64"),
    ("name", "n" * 200, "n" * 201, "name has 201 characters; give 0 to 200"),
    ("name", "Lauf \U0001f3c3", "\ud83c", "half a character"),
    ("sport_type", "Läufe", "\udfc3", "half a character"),
    ("utc_offset_seconds", -64_800, -64_801, "utc_offset_seconds -64801 is outside -64,800 to 64,800"),
    ("utc_offset_seconds", 64_800, 2**63, "is outside -64,800 to 64,800"),
    (
        "started_at",
        NOW + timedelta(days=1),
        NOW + timedelta(days=1, seconds=1),
        "to 2027-01-02; check the date",
    ),
    (
        "started_at",
        DEFAULT_POLICY.workout_started_at_min,
        DEFAULT_POLICY.workout_started_at_min - timedelta(seconds=1),
        r"started_at 1980-01-05T23:59:59\+00:00 is outside 1980-01-06 to",
    ),
]


@pytest.mark.parametrize(("name", "good", "bad", "message"), LIMITS)
def test_a_snapshot_keeps_to_every_limit(name: str, good: Any, bad: Any, message: str) -> None:
    """The limit itself is accepted, one beyond is refused with the value, the limit and the field."""
    evolve(RIDE, **{name: good}).check(DEFAULT_POLICY, now=NOW)
    with pytest.raises(InvalidInput, match=message) as refused:
        evolve(RIDE, **{name: bad}).check(DEFAULT_POLICY, now=NOW)
    assert refused.value.field == name


def test_a_clock_gone_wild_does_not_open_the_far_future() -> None:
    """The latest start is bounded by the policy too, and not by the clock alone."""
    latest = DEFAULT_POLICY.workout_started_at_max
    evolve(RIDE, started_at=latest).check(DEFAULT_POLICY, now=latest + timedelta(days=900))
    with pytest.raises(InvalidInput, match="to 2099-12-31"):
        evolve(RIDE, started_at=latest + timedelta(seconds=1)).check(
            DEFAULT_POLICY, now=latest + timedelta(days=900)
        )


@pytest.mark.parametrize(("elapsed", "moving", "seconds"), [(90, 60, 90), (0, 60, 60), (0, 0, 0)])
def test_a_workout_ends_after_its_elapsed_or_else_its_moving_time(
    elapsed: int, moving: int, seconds: int
) -> None:
    """Sources that know only one of the two times are served as well."""
    ride = evolve(RIDE, elapsed_seconds=elapsed, moving_seconds=moving)
    assert ride.ended_at == SEASON_START_AT + timedelta(seconds=seconds)


def _stored(*, version: int = 1, deleted_at: datetime | None = None) -> Workout:
    return Workout(snapshot=RIDE, version=version, fetched_at=NOW, deleted_at=deleted_at)


GONE = ActivityGone(key=RIDE.key)
EDITED = evolve(RIDE, name="Evening ride")
TOMBSTONE = _stored(version=2, deleted_at=NOW)


@pytest.mark.parametrize(
    ("before", "found", "after"),
    [
        (None, RIDE, Workout(snapshot=RIDE, version=1, fetched_at=LATER)),
        (None, GONE, None),
        (_stored(), RIDE, None),
        (_stored(), EDITED, Workout(snapshot=EDITED, version=2, fetched_at=LATER)),
        (_stored(), GONE, Workout(snapshot=RIDE, version=2, fetched_at=NOW, deleted_at=LATER)),
        (TOMBSTONE, GONE, None),
        (TOMBSTONE, RIDE, Workout(snapshot=RIDE, version=3, fetched_at=LATER)),
    ],
    ids=["new", "never seen", "unchanged", "edited", "deleted", "deleted before", "restored"],
)
def test_a_workout_follows_its_source(
    before: Workout | None, found: ActivitySnapshot | ActivityGone, after: Workout | None
) -> None:
    """New, edited, deleted and restored workouts get the next version; what changes nothing is nothing."""
    assert updated(before, found, now=LATER) == after


def test_a_tombstone_says_that_it_is_one() -> None:
    """Being deleted is having a time of deletion."""
    assert TOMBSTONE.is_deleted
    assert not _stored().is_deleted
