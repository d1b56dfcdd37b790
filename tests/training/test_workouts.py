"""Snapshots, what is believed of them, and how a workout changes."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from attrs import evolve, fields
from hypothesis import given
from hypothesis import strategies as st

from athletes import Athlete
from commitcollect_adapters.testing.strategies import (
    SEASON_END_AT,
    SEASON_START_AT,
    changing_histories,
    goals,
    histories,
    snapshots,
)
from commitcollect_core.errors import InvalidInput
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.training.goals import Goal
from commitcollect_core.training.workouts import (
    ERASED_SPORT_TYPE,
    ActivityErased,
    ActivityGone,
    ActivitySnapshot,
    Answer,
    Change,
    Found,
    Workout,
    updated,
)
from commitcollect_core.values import ActivityId, AthleteId, Source, WorkoutKey
from laws import check_kept, check_state

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
    ("distance_meters", 0, -1, "distance_meters -1 is outside 0 to"),
    ("elevation_meters", 200_000, 200_001, "elevation_meters 200001 is outside 0 to 200,000"),
    ("moving_seconds", 5_184_000, 5_184_001, "moving_seconds 5184001 is outside 0 to 5,184,000"),
    ("elapsed_seconds", 5_184_000, 5_184_001, "elapsed_seconds 5184001 is outside 0 to 5,184,000"),
    ("sport_type", "R" * 64, "R" * 65, "sport_type of 65 characters is outside 1 to 64"),
    ("sport_type", "R", "", "sport_type of 0 characters is outside 1 to 64"),
    ("name", "n" * 200, "n" * 201, "name of 201 characters is outside 0 to 200"),
    ("name", "Lauf \U0001f3c3", "\ud83c", "half a character"),
    ("name", "Lauf", "La\0uf", "with a NUL character, which no store can keep"),
    ("sport_type", "Läufe", "\udfc3", "half a character"),
    ("sport_type", "Settling", "Settled", "sport_type 'Settled' is a name of this program"),
    ("sport_type", "erased", "Erased", "sport_type 'Erased' is a name of this program"),
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
        DEFAULT_POLICY.training.workout_started_at_min,
        DEFAULT_POLICY.training.workout_started_at_min - timedelta(seconds=1),
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


@pytest.mark.parametrize(("name", "good", "bad", "message"), LIMITS)
def test_what_is_not_believable_is_set_aside_by_itself(name: str, good: Any, bad: Any, message: str) -> None:
    """Every other field stays; the start alone cannot be done without."""
    assert evolve(RIDE, **{name: good}).believable(DEFAULT_POLICY, now=NOW) == (
        evolve(RIDE, **{name: good}),
        (),
    )
    raw = evolve(RIDE, **{name: bad})
    if name == "started_at":
        with pytest.raises(InvalidInput, match=message):
            raw.believable(DEFAULT_POLICY, now=NOW)
        return
    believed, (aside,) = raw.believable(DEFAULT_POLICY, now=NOW)
    assert aside.field == name
    assert re.search(message, str(aside))
    believed.check(DEFAULT_POLICY, now=NOW)
    assert evolve(believed, **{name: bad}) == raw


@pytest.mark.parametrize(
    ("name", "bad", "message"),
    [
        ("source", "strava", "source 'strava' is not one of STRAVA, MANUAL, FILE"),
        ("sport_type", None, "sport_type None is not a text"),
        ("name", b"Lauf", "name b'Lauf' is not a text"),
        ("distance_meters", 10.5, "distance_meters 10.5 is not a whole number"),
        ("moving_seconds", True, "moving_seconds True is not a whole number"),
        ("utc_offset_seconds", "3600", "utc_offset_seconds '3600' is not a whole number"),
        ("is_flagged", 1, "is_flagged 1 is neither True nor False"),
        ("shown_to", 7, "shown_to 7 is not an id"),
        ("started_at", "2026-01-01", "started_at '2026-01-01' is not a datetime"),
    ],
)
def test_a_snapshot_of_other_types_is_not_made(name: str, bad: Any, message: str) -> None:
    """No later step has to expect another type, and the refusal names the attribute."""
    with pytest.raises(InvalidInput, match=message) as refused:
        evolve(RIDE, **{name: bad})
    assert refused.value.field == name
    assert evolve(RIDE, shown_to=AthleteId("7"), source="FILE").source is Source.FILE


@given(
    raw=st.builds(
        ActivitySnapshot,
        source=st.sampled_from(Source),
        activity_id=st.just(ActivityId("1")),
        sport_type=st.text(max_size=80),
        started_at=st.just(SEASON_START_AT),
        distance_meters=st.integers(-5, 2 * 10**7),
        elevation_meters=st.integers(-5, 10**6),
        moving_seconds=st.integers(-5, 10**8),
        elapsed_seconds=st.integers(-5, 10**8),
        name=st.text(max_size=210),
        utc_offset_seconds=st.none() | st.integers(-(10**5), 10**5),
        is_flagged=st.booleans(),
    )
)
def test_what_is_left_is_believable_and_nothing_else_was_touched(raw: ActivitySnapshot) -> None:
    """The split is idempotent: what it keeps passes the check, and only what it names has changed."""
    believed, set_aside = raw.believable(DEFAULT_POLICY, now=NOW)
    believed.check(DEFAULT_POLICY, now=NOW)
    assert believed.believable(DEFAULT_POLICY, now=NOW) == (believed, ())
    changed = {
        each.name
        for each in fields(ActivitySnapshot)
        if getattr(raw, each.name) != getattr(believed, each.name)
    }
    assert changed == {each.field for each in set_aside}


def test_a_clock_gone_wild_does_not_open_the_far_future() -> None:
    """The latest start is bounded by the policy too, and not by the clock alone."""
    latest = DEFAULT_POLICY.training.workout_started_at_max
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


# Erasure

NEVER = DEFAULT_POLICY.training.workout_started_at_min
ERASED = ActivityErased(key=RIDE.key, placeholder_start_at=NEVER)
BARE = ActivitySnapshot(
    source=RIDE.source, activity_id=RIDE.activity_id, sport_type=ERASED_SPORT_TYPE, started_at=NEVER
)


def _bare(version: int) -> Workout:
    return Workout(snapshot=BARE, version=version, fetched_at=LATER, deleted_at=LATER)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, None),
        (_stored(), _bare(2)),
        (TOMBSTONE, _bare(3)),
        (_bare(4), None),
        (evolve(_bare(4), deleted_at=None), _bare(5)),
    ],
    ids=["never seen", "live", "deleted", "erased before", "the source shows the same"],
)
def test_an_erased_workout_is_a_bare_tombstone(before: Workout | None, after: Workout | None) -> None:
    """Nothing is left but its identity; what was never seen, or is bare already, is not written."""
    assert updated(before, ERASED, now=LATER) == after


def _erasures(keys: list[WorkoutKey]) -> list[Change]:
    return [ActivityErased(key=key, placeholder_start_at=NEVER) for key in keys]


some_goals = st.lists(goals(), min_size=1, max_size=3)


@given(goals=some_goals, found=changing_histories(), data=st.data())
def test_nothing_of_an_erased_workout_survives_but_progress_and_parts(
    goals: list[Goal], found: list[Found], data: st.DataObject
) -> None:
    """Laws 1 and 4: whatever it was, no field of it is kept, while marks and awards stay as they are."""
    athlete = Athlete(*goals)
    athlete.take_in(*found)
    before = athlete.dump
    keys = data.draw(st.lists(st.sampled_from(sorted(before.by_key)), unique=True)) if before.by_key else []
    athlete.take_in(*_erasures(keys))
    after = athlete.dump
    check_state(after)
    check_kept(before, after)
    for key in keys:
        assert after.by_key[key].snapshot == ActivityErased(key=key, placeholder_start_at=NEVER).remains
        assert after.by_key[key].deleted_at == after.by_key[key].fetched_at
    assert {key: each for key, each in after.by_key.items() if key not in keys} == {
        key: each for key, each in before.by_key.items() if key not in keys
    }
    assert after.awards == before.awards
    for milestone_id, milestone in after.milestones.items():
        assert milestone.progress.progress_value == before.milestones[milestone_id].progress.progress_value
    assert athlete.take_in(*_erasures(keys)) == ()


@given(goals=some_goals, history=histories(min_size=1))
def test_what_was_erased_is_whole_again_once_its_source_shows_it(
    goals: list[Goal], history: list[ActivitySnapshot]
) -> None:
    """Law 5: connecting again brings the sum back, and awards nothing that was awarded before."""
    athlete = Athlete(*goals)
    athlete.take_in(*history)
    before, digest = athlete.dump, athlete.digest()
    athlete.take_in(*_erasures([each.key for each in history]))
    assert athlete.dump.head.workout_count == 0
    assert all(each.progress.current_value == 0 for each in athlete.dump.milestones.values())
    athlete.take_in(*reversed(history))
    check_state(athlete.dump)
    assert athlete.digest() == digest
    assert athlete.dump.awards == before.awards


# Doubt

SKEW = DEFAULT_POLICY.training.clock_skew_seconds_max
_skews = st.tuples(st.integers(-SKEW // 2, SKEW // 2), st.integers(-SKEW // 2, SKEW // 2))
_writes = st.sampled_from([(None, EDITED), (_stored(), GONE), (_stored(), ERASED), (TOMBSTONE, EDITED)])
_answers = st.sampled_from([RIDE, EDITED, GONE])


def _seconds_later(seconds: int) -> datetime:
    return LATER + timedelta(seconds=seconds)


@given(
    write=_writes,
    answer=_answers,
    skews=_skews,
    written_after=st.integers(-4 * SKEW, SKEW) | st.integers(-2, 2),
)
def test_an_answer_never_goes_over_what_was_written_after_it_was_asked_for(
    write: tuple[Workout | None, Change], answer: Found, skews: tuple[int, int], written_after: int
) -> None:
    """Law 5: with clocks at most `clock_skew_seconds_max` apart, an answer without doubt is the newer word.

    The asker's and the writer's clocks are both wrong, each in its way; what is meant is the true order.
    """
    askers, writers = skews
    before, change = write
    stored = updated(before, change, now=_seconds_later(written_after + writers))
    assert stored is not None
    doubt = Answer(found=answer, asked_at=_seconds_later(askers)).is_in_doubt(stored, DEFAULT_POLICY)
    changes_something = updated(stored, answer, now=NOW) is not None
    if changes_something and written_after >= 0:
        assert doubt
    if not changes_something or written_after < -2 * SKEW:
        assert not doubt


@pytest.mark.parametrize(("seconds", "is_doubted"), [(SKEW + 1, False), (SKEW, True), (0, True), (-9, True)])
@pytest.mark.parametrize(
    "stored",
    [
        _stored(),
        TOMBSTONE,
        evolve(TOMBSTONE, fetched_at=NOW - timedelta(days=9)),
        evolve(TOMBSTONE, deleted_at=NOW - timedelta(days=9)),
        _bare(2),
    ],
    ids=["live", "deleted", "deleted later", "deleted by a clock behind", "erased"],
)
def test_doubt_ends_once_a_write_is_older_than_clocks_may_be_apart(
    stored: Workout, seconds: int, *, is_doubted: bool
) -> None:
    """Otherwise lists would be asked about for ever; the later of fetching and deleting counts."""
    written_at = max(filter(None, (stored.fetched_at, stored.deleted_at)))
    asked_at = written_at + timedelta(seconds=seconds)
    assert Answer(found=EDITED, asked_at=asked_at).is_in_doubt(stored, DEFAULT_POLICY) is is_doubted


@pytest.mark.parametrize(
    ("stored", "answer"), [(None, RIDE), (None, GONE), (_stored(), RIDE), (TOMBSTONE, GONE)]
)
def test_an_answer_that_changes_nothing_stored_is_not_in_doubt(stored: Workout | None, answer: Found) -> None:
    """A long history listed for the first time, or once more, costs no call beside the list."""
    assert not Answer(found=answer, asked_at=NOW).is_in_doubt(stored, DEFAULT_POLICY)


@pytest.mark.parametrize(
    ("asked_by", "sees_private", "shown_to", "is_proof"),
    [
        (None, False, "42", True),
        ("42", False, "42", True),
        ("42", True, None, True),
        ("42", False, None, False),
        ("43", True, "42", False),
        ("43", False, "42", False),
    ],
)
def test_what_a_connection_cannot_see_is_not_gone(
    asked_by: str | None, shown_to: str | None, *, sees_private: bool, is_proof: bool
) -> None:
    """One athlete's connection proves nothing about workouts that were shown to another."""
    asked = None if asked_by is None else AthleteId(asked_by)
    gone = ActivityGone(key=RIDE.key, asked_by=asked, sees_private=sees_private)
    shown = None if shown_to is None else AthleteId(shown_to)
    stored = Workout(snapshot=RIDE, version=1, fetched_at=NOW, shown_to=shown)
    assert (updated(stored, gone, now=LATER) is not None) == is_proof


def test_a_file_does_not_make_forget_who_showed_a_workout() -> None:
    """An import names no athlete; the one whose connection showed the workout before stays."""
    stored = Workout(snapshot=RIDE, version=1, fetched_at=NOW, shown_to=AthleteId("42"))
    after = updated(stored, evolve(RIDE, name="Renamed"), now=LATER)
    assert after is not None
    assert after.shown_to == "42"


def test_the_same_snapshot_revives_a_tombstone() -> None:
    """Sources delete and restore under the same id, with nothing else changed."""
    stored = Workout(snapshot=RIDE, version=2, fetched_at=NOW, deleted_at=NOW)
    after = updated(stored, RIDE, now=LATER)
    assert after == Workout(snapshot=RIDE, version=3, fetched_at=LATER)
